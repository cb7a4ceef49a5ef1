"""A file that is there whole or not at all: of one user at a time, and never read as anything but what was written.

It begins with a line that says what it is, and a header; then comes the body; and at its end a checksum of all that.
The body may be larger than the memory: it is read in pieces, as they are asked for.

What it takes beside it for a while has a name that is hardly anybody else's, and is looked at before it is written to.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, TypeAlias

from deadheat.sim import regular

__all__ = ["DamagedError", "InUseError", "WholeFile"]

LENGTH_BYTES = 8
READ_AT_ONCE = 1 << 22
CHECKSUM_BYTES = sha256().digest_size

OF_DEADHEAT = b"deadheat "
"""What every `magic` begins with."""

Buffer: TypeAlias = bytes | memoryview


class DamagedError(Exception):
    """A file is not as it was written."""


class InUseError(Exception):
    """Somebody else uses the file."""


class WholeFile:
    """A file that begins with `magic`, for nobody else as long as this is open.

    Raises OSError where it could not be written, be it now or later, and InUseError.
    """

    def __init__(self, path: Path, magic: bytes) -> None:
        self.path = path
        self._magic = magic
        self._beside = path.with_name(f".{path.name}.deadheat-part")
        self._lock = path.with_name(f".{path.name}.deadheat-lock")
        self._locked = _locked(self._lock)
        _held.add(self._locked)
        try:
            self._require_ours()
            self._opened_beside().close()  # what a killed process has left there is gone with it
        except OSError:
            self._unlock()
            raise

    def _require_ours(self) -> None:
        """Raise OSError for anything beside the file but what a process that was killed had written of such a one."""
        with suppress(FileNotFoundError), os.fdopen(regular.opened(self._beside, os.O_RDONLY), "rb") as file:
            if not OF_DEADHEAT.startswith(file.read(len(OF_DEADHEAT))):
                raise regular.in_the_way(self._beside)

    def _opened_beside(self) -> IO[bytes]:
        """Open what is written before it takes the place of the file, and empty it."""
        return os.fdopen(regular.opened(self._beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb")

    def close(self) -> None:
        """Let others use the file."""
        self._beside.unlink(missing_ok=True)
        self._unlock()

    def _unlock(self) -> None:
        if self._locked in _held:  # and not in a process that was forked from the one that has it
            _held.remove(self._locked)
            self._lock.unlink(missing_ok=True)
            os.close(self._locked)

    def write(self, header: bytes, body: Iterable[Buffer]) -> None:
        """Replace the file, at one instant."""
        checksum = sha256()
        with self._opened_beside() as file:
            for piece in (self._magic, len(header).to_bytes(LENGTH_BYTES, "little"), header, *body):
                file.write(piece)
                checksum.update(piece)
            file.write(checksum.digest())
            file.flush()
            os.fsync(file.fileno())
        os.replace(self._beside, self.path)

    def is_one(self) -> bool:
        """Return whether the file begins as it should."""
        with self.path.open("rb") as file:
            return file.read(len(self._magic)) == self._magic

    def read(self) -> tuple[bytes, Body]:
        """Return the header, and the body to be read; raises DamagedError unless all is as it was written."""
        with self.path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            checksum, header = self._read_header(file, size)
            body = size - file.tell() - CHECKSUM_BYTES
            for piece in _pieces(file, body, READ_AT_ONCE):
                checksum.update(piece)
            if file.read() != checksum.digest():
                raise DamagedError
        return header, Body(self, body, checksum.digest())

    def _read_header(self, file: IO[bytes], size: int) -> tuple[Any, bytes]:
        """Return the checksum up to the body, and the header; raises DamagedError where there cannot be one."""
        begin = file.read(len(self._magic) + LENGTH_BYTES)
        length = int.from_bytes(begin[len(self._magic) :], "little")
        if len(begin) + length + CHECKSUM_BYTES > size:
            raise DamagedError
        header = file.read(length)
        return sha256(begin + header), header


class Body:
    """The body of a file that was whole: `size` bytes."""

    def __init__(self, file: WholeFile, size: int, checksum: bytes) -> None:
        self.size = size
        self._file = file
        self._checksum = checksum

    def read(self, sizes: Iterable[int], at_once: int) -> Iterator[Iterator[bytes]]:
        """Yield the body in parts of these sizes, each in pieces of so many bytes, to be read in their order.

        Raises DamagedError, after the last, if any of it was not as it was when the file was found to be whole.
        """
        with self._file.path.open("rb") as file:
            checksum, _ = self._file._read_header(file, os.fstat(file.fileno()).st_size)
            for size in sizes:
                yield _counted(_pieces(file, size, at_once), checksum)
            if checksum.digest() != self._checksum or file.read() != self._checksum:
                raise DamagedError


def _counted(pieces: Iterator[bytes], checksum: Any) -> Iterator[bytes]:
    for piece in pieces:
        checksum.update(piece)
        yield piece


def _pieces(file: IO[bytes], size: int, at_once: int) -> Iterator[bytes]:
    while size > 0:
        piece = file.read(min(size, at_once))
        if len(piece) < min(size, at_once):
            raise DamagedError
        size -= len(piece)
        yield piece


_held: set[int] = set()
"""The locks that this process has."""


def _let_go_of_others() -> None:
    """Forget, in a process that was forked, what its parent has locked: it would stay so when that is killed."""
    for each in _held:
        os.close(each)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go_of_others)


def _locked(path: Path) -> int:
    """Return a file that nobody else has locked; it stays locked until it is closed, or the process is gone."""
    try:
        import fcntl
    except ImportError:  # Windows, which refuses to replace a file that somebody reads
        return regular.opened(path, os.O_RDWR | os.O_CREAT)
    while True:
        file = regular.opened(path, os.O_RDWR | os.O_CREAT)
        try:
            if os.fstat(file).st_size:  # which no lock of ours has
                raise regular.in_the_way(path)
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(file), os.stat(path)):
                return file
        except FileNotFoundError:  # whoever had it locked has just removed it
            pass
        except BlockingIOError:
            os.close(file)
            raise InUseError from None
        except OSError:
            os.close(file)
            raise
        os.close(file)
