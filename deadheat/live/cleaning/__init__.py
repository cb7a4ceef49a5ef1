"""The orphan cleanup as a service."""
