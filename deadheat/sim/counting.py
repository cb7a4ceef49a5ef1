"""Numbers of things in words: `1 state`, `2,000 states`."""

from __future__ import annotations

__all__ = ["counted"]


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with what it counts, in the singular for one alone; `many` where that does not just add an s."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
