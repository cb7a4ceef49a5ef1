"""Files that somebody asks to be written: whole or not at all, and never over what is not deadheat's.

A file that is there is written anew if it is empty or `Kind.is_ours`. The new one is made beside it and put in its
place, so that a full disk and a killed process leave the old one as it was; a link stays one. A stream (`/dev/stdout`,
`>(...)` in a shell) is written to as it is.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import NamedTuple

from deadheat.sim.errors import DeadheatError, UsageError

__all__ = ["Kind", "Stream", "begins_with", "require_writable", "write"]

BEGINNING = 1 << 16
"""So many bytes of a file are looked at."""

NOT_BESIDE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.EXDEV)
"""What it is that a folder refuses another file, where the file itself may be written to."""


_held: dict[Path, int] = {}
"""The streams that somebody will write to, by the file descriptor by which they are open."""


class Kind(NamedTuple):
    """What a file is to be: its name in messages, how one of ours begins, and what is raised for one that is not."""

    name: str
    is_ours: Callable[[bytes], bool]
    error: type[DeadheatError] = UsageError


def begins_with(*marks: bytes) -> Callable[[bytes], bool]:
    """Return whether the beginning of a file is one of these."""
    return lambda beginning: beginning.startswith(marks)


def require_writable(path: Path, kind: Kind) -> None:
    """Raise `kind.error` if no such file can be written there; so that nobody waits for it in vain."""
    with _told(path, kind.error):
        target = _target(path)  # that of a link that leads nowhere is made there
        if target.is_symlink():
            raise _error(errno.ELOOP)
        if not target.parent.is_dir():
            raise _error(errno.ENOTDIR if target.parent.exists() else errno.ENOENT)
        if _is_stream(target):
            _hold(target)
        elif target.exists():
            with target.open("r+b") as file:
                beginning = file.read(BEGINNING)
            if beginning and not kind.is_ours(beginning):
                raise kind.error(f"{path} is there already and is no {kind.name}; move it away, or give another name.")
        else:
            target.open("xb").close()
            target.unlink()


def write(path: Path, content: bytes | str, error: type[DeadheatError] = UsageError) -> None:
    """Write a file, whole or not at all; raises `error` where that cannot be done."""
    content = content.encode() if isinstance(content, str) else content
    with _told(path, error):
        target = _target(path)
        if _is_stream(target):
            _write_at(target, content)
            _let_go(target)
            return
        try:
            _replace(target, content)
        except OSError as refused:
            if refused.errno not in NOT_BESIDE or not os.access(target, os.W_OK):
                raise
            _write_at(target, content)


class Stream:
    """A file that is written to as things happen, from its beginning; raises `error` where that cannot go on.

    What was written until then stays in it.
    """

    def __init__(self, path: Path, error: type[DeadheatError] = UsageError) -> None:
        self._path, self._error = path, error
        with _told(path, error):
            self._file = _target(path).open("w", encoding="utf-8")

    def write(self, text: str) -> None:
        """Write what comes next; some of it may be on its way until the end."""
        with _told(self._path, self._error):
            self._file.write(text)

    def __enter__(self) -> Stream:
        """Return it."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Write the rest; where something else has failed already, that is told, and not this."""
        with suppress(DeadheatError) if kind is not None else nullcontext(), _told(self._path, self._error):
            self._file.close()


def _replace(target: Path, content: bytes) -> None:
    partial = None
    try:
        with tempfile.NamedTemporaryFile(dir=target.parent, suffix=".part", delete=False) as file:
            partial = Path(file.name)
            file.write(content)
        partial.chmod(_mode(target))
        partial.replace(target)
    except BaseException:
        if partial is not None:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
        raise


def _write_at(target: Path, content: bytes) -> None:
    with target.open("wb") as file:
        file.write(content)


def _hold(stream: Path) -> None:
    """Open a stream until it is written to: who reads from a pipe goes away once nobody has it open.

    A pipe that nobody reads is refused, since it could not even be opened to be written to.
    """
    _let_go(stream)
    _held[stream] = os.open(stream, os.O_WRONLY | os.O_NONBLOCK)


def _let_go(stream: Path) -> None:
    if stream in _held:
        os.close(_held.pop(stream))


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def _target(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _is_stream(target: Path) -> bool:
    """Return whether it is what passes things on, and no file that has them afterwards."""
    if not target.exists():
        return False
    mode = target.stat().st_mode
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _mode(path: Path) -> int:
    """Return the permissions that a file has, or would have if anybody made it."""
    if path.exists():
        return stat.S_IMODE(path.stat().st_mode)
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


@contextmanager
def _told(path: Path, error: type[DeadheatError]) -> Iterator[None]:
    try:
        yield
    except ValueError as failed:  # such as a NUL in its name
        raise error(f"{path} is no name of a file: {failed}.") from None
    except OSError as failed:
        reason = "nobody reads from it" if failed.errno == errno.ENXIO else failed.strerror
        raise error(f"{path} cannot be written: {reason}.") from None
