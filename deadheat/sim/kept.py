"""What is kept on disk between runs: where it lies, and files of it that are whole, or are not there.

`DEADHEAT_CACHE` names another folder, or is `off`; without it, it is the user's folder for such things on this system.
All that lies there can be made again: a file that is cut off, damaged or of another version counts as none, a disk that
is full or may not be written to is no failure, and two programs at once do not disturb each other.

Nobody but the user can have put anything there: a folder that others may write to is not used.
"""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from deadheat.sim import regular

__all__ = ["SUFFIX", "TEMPORARY", "VARIABLE", "folder", "is_ours", "read", "remove_oldest", "write"]

VARIABLE, OFF = "DEADHEAT_CACHE", "off"

MAGIC = b"deadheat kept 1\n"
"""What a file begins with; the digest of what follows it comes next."""

DIGEST_BYTES = 32

FILE_BYTES_MAX = 1 << 26
"""A file that is larger than all that is ever kept is none of it, and not read."""

SUFFIX = ".kept"
TEMPORARY = ".part"


def folder(name: str) -> Path | None:
    """Return a folder of that name, made if need be; None where nothing can or shall be kept."""
    wanted = os.environ.get(VARIABLE)
    if wanted == OFF:
        return None
    try:
        ours = Path(wanted) if wanted else _users()
        ours.parent.mkdir(parents=True, exist_ok=True)
        for made in (ours, ours / name):  # each by itself: parents are made as the umask says
            made.mkdir(mode=0o700, exist_ok=True)
        return ours / name if is_ours(ours) and is_ours(ours / name) else None
    except (OSError, RuntimeError, ValueError):  # no home, no such disk, no path at all
        return None


def _users() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("deadheat", appauthor=False)


def is_ours(path: Path) -> bool:
    """Return whether only the user may change what lies there."""
    if os.name != "posix":
        return True
    try:
        found = path.stat()
    except OSError:
        return False
    return found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def read(path: Path) -> bytes | None:
    """Return what was written there; None where that was not all, or is not there."""
    path = path.with_name(path.name + SUFFIX)
    try:
        with os.fdopen(regular.opened(path, os.O_RDONLY, links=True), "rb") as file:
            content = file.read() if os.fstat(file.fileno()).st_size <= FILE_BYTES_MAX else b""
    except OSError:
        return None
    begins = len(MAGIC) + DIGEST_BYTES
    body = content[begins:]
    return body if content[:begins] == MAGIC + sha256(body).digest() and is_ours(path) else None


def write(path: Path, body: bytes) -> bool:
    """Put it there, whole or not at all; return whether there was room for it."""
    partial = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=TEMPORARY, delete=False) as file:
            partial = Path(file.name)
            file.write(MAGIC + sha256(body).digest() + body)
        partial.replace(path.with_name(path.name + SUFFIX))
    except OSError:
        if partial is not None:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
        return False
    return True


def remove_oldest(where: Path, bytes_max: int) -> None:
    """Remove those files of a folder that were used least lately, until the others take so many bytes at most."""
    found = []
    with suppress(OSError):
        for each in os.scandir(where):
            if each.name.endswith((SUFFIX, TEMPORARY)):
                with suppress(OSError):
                    about = each.stat()
                    found.append((about.st_mtime_ns, about.st_size, each.path))
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= bytes_max:
            return
        total -= size
        with suppress(OSError):
            os.unlink(path)
