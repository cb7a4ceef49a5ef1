"""What of the protocols of the package stands for real servers, told by names: another way than the package's own."""

ENVIRONMENT = ("controllers", "expiry", "broker", "watch", "replica")


def is_environment(process: str) -> bool:
    """Return whether a process of one of the package's protocols stands for what real servers do by themselves."""
    return process.partition("/")[0] in ENVIRONMENT
