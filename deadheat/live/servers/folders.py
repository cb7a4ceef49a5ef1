"""Temporary folders of our own servers: locked for as long as deadheat lives, so that a sweep knows which are left.

A folder holds private keys and some hundred megabytes, and a killed run leaves it. What tells a leaving from a folder
in use is a lock of the operating system, which ends with the process that has it, however that ends. What tells it from
somebody else's folder is its record, which names its path and its inode: a copy of the folder, or a folder that was
moved to be kept, has others.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from deadheat.live.interruption import uninterrupted
from deadheat.sim.errors import LiveError

__all__ = ["FolderFound", "ServerFolder", "find_folders", "remove_folder", "server_folder"]

PREFIX = "deadheat-"
RECORD = "deadheat-folder.json"
REMOVAL_PATIENCE_S = 5.0


class ServerFolder:
    """A new temporary folder that is ours until it is closed; closing removes it."""

    def __init__(self, kind: str) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{kind}-")).resolve()
        # The lock comes before what it protects is written: a folder without a record is never swept.
        self._lock = os.open(self.path / RECORD, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        os.write(self._lock, json.dumps({**_identity(self.path), "host": socket.gethostname()}).encode())

    def close(self) -> None:
        """Remove the folder, and let go of the lock; raises LiveError if something of it cannot be removed."""
        with uninterrupted():
            why = _remove_tree(self.path)
            os.close(self._lock)
        if why:
            raise LiveError(f"The folder {self.path} could not be removed: {why}.")


@contextmanager
def server_folder(kind: str) -> Iterator[Path]:
    """Yield the path of a new temporary folder, and remove it at the end."""
    folder = ServerFolder(kind)
    try:
        yield folder.path
    finally:
        folder.close()


@dataclass(frozen=True, slots=True)
class FolderFound:
    """A folder as a sweep finds it: `why` says why it must stay, if so."""

    path: Path
    bytes_used: int
    silent_s: float
    why: str = ""


def find_folders() -> Iterator[FolderFound]:
    """Yield the folders in the temporary folder that are ours by their names."""
    for path in sorted(Path(tempfile.gettempdir()).resolve().glob(f"{PREFIX}*")):
        lock = _taken(path)
        if isinstance(lock, str):
            if lock:
                yield FolderFound(path, 0, 0.0, lock)
            continue
        try:
            found = FolderFound(path, _bytes_used(path), time.time() - _last_change(path))
        except FileNotFoundError:  # another sweep had it before us
            continue
        finally:
            os.close(lock)
        yield found


def remove_folder(path: Path) -> str | None:
    """Remove a folder that nobody lives in; return why something of it is left, nothing if it is removed.

    Returns None if it is not there any more, or not free: somebody else is at it.
    """
    lock = _taken(path)
    if isinstance(lock, str):
        return None
    try:
        return _remove_tree(path)
    finally:
        os.close(lock)


def _taken(path: Path) -> int | str:
    """Lock a folder that is provably ours; return the lock, or why not (nothing if it is no folder of ours at all)."""
    try:
        status = path.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
            return ""
        lock = os.open(path / RECORD, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return ""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        record = json.loads(os.pread(lock, 1 << 16, 0))
        if {name: record.get(name) for name in ("path", "inode")} == _identity(path):
            resident = _resident(path)
            if resident is None:
                return lock
            why = f"process {resident} still uses it"
        else:
            why = "its record is that of another folder"
    except BlockingIOError:
        why = "its run lives, or another sweep is at it"
    except (OSError, ValueError, AttributeError, RecursionError):
        why = "it has no record that can be read"
    os.close(lock)
    return why


def _resident(path: Path) -> int | None:
    """Return the id of a process that was started with this path.

    Where there is no `setpriv`, a killed deadheat's servers live on, and theirs is the folder.
    """
    import psutil

    for process in psutil.process_iter(["cmdline"]):
        if any(str(path) in each for each in process.info["cmdline"] or ()):
            return int(process.pid)
    return None


def _identity(path: Path) -> dict[str, object]:
    return {"path": str(path), "inode": path.lstat().st_ino}


def _remove_tree(path: Path) -> str:
    """Remove a folder; return why something of it is left. What is being killed may still write for a moment."""
    deadline = time.monotonic() + REMOVAL_PATIENCE_S
    while True:
        try:
            _record_last(path)
            return ""
        except FileNotFoundError:
            if not path.exists():
                return ""
        except OSError as error:
            if time.monotonic() > deadline:
                return f"{error.strerror or error}: {error.filename}"
        time.sleep(0.05)


def _record_last(path: Path) -> None:
    """Remove a folder, its record last: what is half removed must be found again."""
    for each in path.iterdir():
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        elif each.name != RECORD:
            each.unlink()
    (path / RECORD).unlink(missing_ok=True)
    path.rmdir()


def _bytes_used(path: Path) -> int:
    total = 0
    for folder, _, files in os.walk(path):
        for name in files:
            with suppress(OSError):
                total += os.lstat(os.path.join(folder, name)).st_blocks * 512
    return total


def _last_change(path: Path) -> float:
    """Return when (Unix time, s) something was last written in a folder."""
    latest = path.lstat().st_mtime
    for folder, _, files in os.walk(path):
        for name in files:
            with suppress(OSError):
                latest = max(latest, os.lstat(os.path.join(folder, name)).st_mtime)
    return latest
