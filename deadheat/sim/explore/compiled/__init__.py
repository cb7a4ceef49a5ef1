"""The compiled kernel's parts: packed words, dense tables, and the numba functions that walk them."""
