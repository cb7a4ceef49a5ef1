"""Words on a disk instead of in memory: a file without a name, mapped, whose room is taken before it is written to.

Writing to a mapped page for which the disk has no room ends a process. So room is taken step by step, and a full disk
is an answer, not an end. The pages of a mapped file are no memory of the process: the system writes them to the disk
and takes them back as it needs them. That is so on a disk only; a file in /dev/shm is memory.
"""

from __future__ import annotations

import mmap
import os
import tempfile
import weakref
from pathlib import Path

import numpy

from deadheat.sim.explore.compiled.layout import Words
from deadheat.sim.explore.memory import NoRoomError, readable
from deadheat.sim.explore.stop import Limit, Stop

__all__ = ["STEP_BYTES", "WordsFile", "folder_on_disk"]

STEP_BYTES = 64 << 20
"""So much room is taken in one go."""

LEFT_FREE = 256 << 20
"""So much room is left on the disk for others."""

IN_MEMORY = ("tmpfs", "ramfs", "devtmpfs")


class WordsFile:
    """A file for up to so many words; it is gone when this is, or when the process is killed.

    Raises NoRoomError where there is no folder for it.
    """

    def __init__(self, size: int, folder: Path | None = None) -> None:
        length = max(8 * size, 1)
        self.folder = folder or folder_on_disk(length)
        try:
            self._file = tempfile.TemporaryFile(prefix="deadheat-", dir=self.folder)  # noqa: SIM115
            weakref.finalize(self, self._file.close)
            os.ftruncate(self._file.fileno(), length)
            self.words: Words = numpy.frombuffer(mmap.mmap(self._file.fileno(), length), dtype=numpy.uint64, count=size)
        except OSError as error:
            raise _no_room(
                f"{self.folder} cannot have the file of up to {readable(length)} that fingerprints need: "
                f"{error.strerror} (set TMPDIR to a folder on another disk)"
            ) from None

    def take(self, first: int, last: int) -> None:
        """Take room for the words `first` to `last`; raises NoRoomError where the disk has none."""
        file = self._file.fileno()
        length = 8 * (last - first)
        disk = os.fstatvfs(file)
        try:
            if disk.f_bavail * disk.f_frsize < length + LEFT_FREE:
                raise OSError
            os.posix_fallocate(file, 8 * first, length)
        except OSError:
            raise _no_room(f"the disk of {self.folder} is full (set TMPDIR to a folder on another)") from None


def folder_on_disk(size: int) -> Path:
    """Return a folder for a file of up to that size: TMPDIR, if that is set and on a disk.

    Or else the first that has as much room, or the one with the most room, of: /var/tmp, the system's own for such
    files, and the one worked in. It is never one in memory. Raises NoRoomError if none will do.
    """
    if not hasattr(os, "posix_fallocate"):
        raise _no_room("fingerprints need a system that takes room on a disk before it is written to: Linux")
    named = [os.environ.get("TMPDIR", ""), "/var/tmp", tempfile.gettempdir(), os.getcwd()]
    folders = [Path(each) for each in dict.fromkeys(named) if each]
    usable = [each for each in folders if os.access(each, os.W_OK) and not _is_in_memory(each)]
    if not usable:
        raise _no_room(
            f"fingerprints need a file on a disk, and {' and '.join(map(str, folders))} cannot be written "
            "to, or lie in memory (set TMPDIR to a folder on a disk)"
        )
    if usable[0] == folders[0] and named[0]:
        return usable[0]
    return next((each for each in usable if _free(each) >= size + LEFT_FREE), max(usable, key=_free))


def _no_room(reason: str) -> NoRoomError:
    return NoRoomError(Stop(Limit.DISK, reason))


def _free(folder: Path) -> int:
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def _is_in_memory(folder: Path) -> bool:
    import psutil

    place = folder.resolve()
    mounts = [each for each in psutil.disk_partitions(all=True) if place.is_relative_to(each.mountpoint)]
    nearest = max(mounts, key=lambda each: len(each.mountpoint), default=None)
    return nearest is not None and nearest.fstype in IN_MEMORY
