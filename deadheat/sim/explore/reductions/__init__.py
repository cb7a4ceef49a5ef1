"""What leaves states out and changes no verdict, one file each."""
