"""Things and numbers of them in words: `a list`, `1 state`, `2,000 states`."""

from __future__ import annotations

from typing import Any

__all__ = ["a", "counted", "with_article"]


def a(value: Any) -> str:
    """Return what kind of thing a value is: `a list`, `an int`, `the class Shop`, `None`."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return "None" if value is None else with_article(type(value).__name__)


def with_article(name: str) -> str:
    """Return a name with `a` or `an` before it."""
    return f"an {name}" if name[:1] in "aeiouAEIO" else f"a {name}"


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with what it counts, in the singular for one alone; `many` where that does not just add an s."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
