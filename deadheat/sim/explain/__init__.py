"""What a trace means: confirmed, its other orders and times, and where it was lost."""
