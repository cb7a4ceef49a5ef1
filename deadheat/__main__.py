"""`python -m deadheat`, and the program `deadheat`."""

from __future__ import annotations

import os
import signal
import sys

__all__ = ["main"]

SEED = "PYTHONHASHSEED"
"""What the order of a set of text depends on; drawn anew for each run of Python, unless the environment says it."""


def main() -> None:
    """Run the command line, with the order of sets the same in every run, so that every run says the same.

    A role that depends on that order is mostly found out; what is not shall at least not waver.
    """
    if SEED not in os.environ and os.name == "posix" and sys.executable:
        os.environ[SEED] = "0"
        try:
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
        except OSError:  # then the order is as it is
            del os.environ[SEED]
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until there is somebody to say that it was interrupted
    from deadheat.cli import main as run

    run()


if __name__ == "__main__":
    main()
