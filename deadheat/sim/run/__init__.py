"""The simulate runtime: roles as simpy processes, one chosen transition at a time."""
