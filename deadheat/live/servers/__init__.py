"""The real servers: those that deadheat starts and stops itself, and those that the user has."""
