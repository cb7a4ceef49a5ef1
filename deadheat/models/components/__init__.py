"""The components that the package has ready, one file each; `live/adapters` has the same for real."""
