"""How much memory a search may take, and how much the process has taken."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from deadheat.sim.explore.stop import Limit, Stop

if TYPE_CHECKING:
    import psutil

__all__ = ["NoRoomError", "bound", "no_more_memory", "out_of_memory", "readable", "taken"]

SAFE_SHARE = 0.7
"""Of what the machine, or the container, still had when the search began."""

CGROUP = Path("/sys/fs/cgroup")


class NoRoomError(Exception):
    """What a search has found has no room; `stop` says why, if it is not that no more memory may be taken."""

    def __init__(self, stop: Stop | None = None) -> None:
        super().__init__(str(stop or ""))
        self.stop = stop


def readable(size: float) -> str:
    """Return a number of bytes for people."""
    for unit in ("bytes", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"


def bound(bytes_max: int) -> int:
    """Return the bytes that the process may take: those asked for, or, for 0, a safe share of what there is."""
    return bytes_max or _safe_share()


def out_of_memory(bytes_max: int, soon: int = 0) -> Stop | None:
    """Return that the process takes more than it may, or will with so many bytes more; None if it does not."""
    return None if taken() + soon <= bound(bytes_max) else no_more_memory(bytes_max)


def no_more_memory(bytes_max: int) -> Stop:
    """Return that the process may take no more."""
    return Stop(Limit.MEMORY, f"it reached {readable(bound(bytes_max))} of memory")


@cache
def _safe_share() -> int:
    import psutil

    available = min([psutil.virtual_memory().available, *_left_in_cgroup()])
    return int(available * SAFE_SHARE) + taken()


def taken() -> int:
    """Return the bytes that the process has taken, without pages of files, which the system takes back as it needs."""
    info = _process().memory_info()
    resident: int = info.rss
    return resident - getattr(info, "shared", 0)  # which only Linux tells


@cache
def _process() -> psutil.Process:
    import psutil

    return psutil.Process()


def _left_in_cgroup() -> list[int]:
    """Return what the container's own bound leaves, where there is one (Linux, control groups version 2 and 1)."""
    for limit, used in (
        (CGROUP / "memory.max", CGROUP / "memory.current"),
        (CGROUP / "memory/memory.limit_in_bytes", CGROUP / "memory/memory.usage_in_bytes"),
    ):
        try:
            return [max(0, int(limit.read_text()) - int(used.read_text()))]
        except (OSError, ValueError):  # there is none, or it says "max"
            continue
    return []
