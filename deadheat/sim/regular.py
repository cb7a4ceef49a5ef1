"""Files that are opened only if they are files: no pipe that nobody writes to, no device that never ends, no link."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

__all__ = ["in_the_way", "opened"]

NEVER_WAITING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
NO_LINK: int = getattr(os, "O_NOFOLLOW", 0)


def opened(path: Path, flags: int, mode: int = 0o666, *, links: bool = False) -> int:
    """Open a file; the caller closes it. Raises OSError, also for what is no regular file, or a link unless `links`."""
    file = os.open(path, flags | NEVER_WAITING | (0 if links else NO_LINK), mode)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise in_the_way(path)
    return file


def in_the_way(path: Path) -> OSError:
    """Return an error that says that something else stands in the place of a file of ours."""
    return FileExistsError(errno.EEXIST, f"{path.name} is in the way, and no file of deadheat's")
