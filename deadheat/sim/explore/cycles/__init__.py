"""What only cycles show: settled states, fair cycles, lassos."""
