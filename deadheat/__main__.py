"""`python -m deadheat`."""

from deadheat.cli import main

main()
