"""The world: components, protocols, and how they are put together."""
