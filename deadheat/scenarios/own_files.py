"""Files that are written for a user: none of somebody else's is overwritten, and none is ever there by half.

What is written is written beside, and takes the place of the old file at once: a full disk, or a program that is
killed, leaves what was there. A link is written through.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

from deadheat.sim.errors import DeadheatError, UsageError

__all__ = ["BEGINNING", "require_own", "write_whole"]

BEGINNING = 1_000
"""So many bytes of a file are read to see whose it is."""


def require_own(
    path: Path,
    is_ours: Callable[[bytes], bool],
    otherwise: str,
    error: Callable[[str], DeadheatError] = UsageError,
) -> None:
    """Raise an error where nothing can be written, or what is there is neither empty nor ours; nothing is changed.

    `is_ours` is asked of the file's beginning; `otherwise` ends the sentence about a file that is not.
    """
    try:
        mode = _mode_of(path)
        if mode is None:
            _try_beside(Path(os.path.realpath(path)))
        elif stat.S_ISFIFO(mode):
            raise error(f"{path} is a pipe, and not a file; give the name of one.")
        elif stat.S_ISREG(mode):
            with path.open("rb") as file:
                beginning = file.read(BEGINNING)
            if beginning and not is_ours(beginning):
                raise error(f"{path} {otherwise}")
            path.open("ab").close()
        else:
            path.open("ab").close()  # a folder cannot be opened so, a device can
    except OSError as failed:
        raise error(f"{path} cannot be written: {failed.strerror}.") from None


def write_whole(path: Path, content: str | bytes, error: Callable[[str], DeadheatError] = UsageError) -> None:
    """Write a file, wholly or not at all; raises an error where that cannot be done."""
    data = content.encode() if isinstance(content, str) else content
    try:
        _write(path, data)
    except OSError as failed:
        raise error(f"{path} cannot be written: {failed.strerror}.") from None


def _write(path: Path, data: bytes) -> None:
    mode = _mode_of(path)
    target = Path(os.path.realpath(path))
    if mode is not None and not stat.S_ISREG(mode):
        path.write_bytes(data)
        return
    beside = _beside(target)
    try:
        with beside.open("xb") as file:
            file.write(data)
        if mode is not None:
            shutil.copymode(target, beside)
        beside.replace(target)
    except PermissionError:  # the file is ours to write, the folder is not
        beside.unlink(missing_ok=True)
        target.write_bytes(data)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _mode_of(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


def _beside(target: Path) -> Path:
    return target.with_name(f".deadheat-{secrets.token_hex(8)}")


def _try_beside(target: Path) -> None:
    beside = _beside(target)
    beside.open("xb").close()
    beside.unlink()
    if len(os.fsencode(target.name)) > os.pathconf(target.parent, "PC_NAME_MAX"):
        target.open("rb").close()  # says that the name is too long
