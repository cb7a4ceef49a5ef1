"""`python -m deadheat`, and the program `deadheat`."""

from __future__ import annotations

import os
import sys

__all__ = ["main"]

SEED = "PYTHONHASHSEED"
"""What the order of a set of text depends on; drawn anew for each run of Python, unless the environment says it."""


OBJECTS_BETWEEN_COLLECTIONS = 100_000
"""So many new objects, and Python looks for cycles among them; as often as usual costs an eighth of a small check."""

RUNS_NO_ROLES = ("--help", "--version")
"""With these, or without any argument, the command line says something of itself, in whatever order sets are."""


def main() -> None:
    """Run the command line, with the order of sets the same in every run, so that every run says the same.

    A role that depends on that order is mostly found out; what is not shall at least not waver.
    """
    runs_roles = len(sys.argv) > 1 and not any(each in sys.argv for each in RUNS_NO_ROLES)
    if runs_roles and SEED not in os.environ and os.name == "posix" and sys.executable:
        os.environ[SEED] = "0"
        try:
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
        except OSError:  # then the order is as it is
            del os.environ[SEED]
    import gc

    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, 50, 50)
    import signal  # which takes a while, and the start above has no use for it

    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until there is somebody to say that it was interrupted
    from deadheat.cli import main as run

    run()


if __name__ == "__main__":
    main()
