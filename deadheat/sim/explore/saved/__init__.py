"""Searches on disk."""
