"""Waiting for a lock on an open file, and not for ever."""

from __future__ import annotations

import time

__all__ = ["taken_within"]

LOOKS_EVERY_S = 0.02


def taken_within(file: int, seconds: float) -> bool:
    """Take the lock of an open file; return whether it is ours by then, or cannot be had on this system or disk.

    Who waits counts looks, not time.
    """
    try:
        import fcntl
    except ImportError:
        return True
    for _ in range(round(seconds / LOOKS_EVERY_S)):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(LOOKS_EVERY_S)
        except OSError:
            return True
        else:
            return True
    return False
