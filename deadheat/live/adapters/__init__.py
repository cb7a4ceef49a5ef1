"""The components for real, one file each, as in `models/components`."""
