"""Where a compiled search keeps its states."""
