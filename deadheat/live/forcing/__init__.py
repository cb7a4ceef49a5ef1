"""Schedules on real servers: forced step by step, or free."""
