"""The commands: one thin file a group; each parses, calls and renders. `cli.py` puts them together."""
