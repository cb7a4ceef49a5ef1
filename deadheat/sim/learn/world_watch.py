"""Whether users' code has asked the world for anything: then what it did once it may not do again.

What names such things is refused as it stands (`rules.world`). What reaches them through something that is installed
can be told by no look at the code; Python's audit events tell it when it happens. What is read to import something
does not count.
"""

from __future__ import annotations

import sys
from typing import Any

from deadheat.sim.users_code import is_called_in

__all__ = ["times_asked", "watch"]

EVENTS = frozenset({
    "open", "os.listdir", "os.scandir", "os.mkdir", "os.remove", "os.rename", "os.system", "os.exec", "os.fork",
    "os.posix_spawn", "subprocess.Popen", "socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostname",
    "sqlite3.connect", "urllib.Request", "glob.glob", "shutil.copyfile", "mmap.__new__",
})  # fmt: skip

IMPORTING = "<frozen importlib"

_asked = 0
_watches = False


def watch() -> None:
    """Watch from now on; there is no way to take such a watch back."""
    global _watches
    if not _watches:
        _watches = True
        sys.addaudithook(_note)


def times_asked() -> int:
    """Return how often the world was asked for anything by users' code, since it is watched."""
    return _asked


def _note(event: str, _: tuple[Any, ...]) -> None:
    global _asked
    if event in EVENTS:
        frame = sys._getframe(1)
        if is_called_in(frame, but_for=IMPORTING):
            _asked += 1
