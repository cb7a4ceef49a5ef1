"""What grows in a model as it is explored: the counters of its roles and components, by the values that they took on.

A counter without a bound makes a search without an end, or one that a limit ends in the middle of nowhere. So whoever
ends a search can name what grew.
"""

from __future__ import annotations

import dataclasses
import dis
from collections.abc import Generator, Iterator
from functools import lru_cache
from itertools import pairwise
from types import CodeType
from typing import Any

from deadheat.sim.places import Place
from deadheat.sim.run.coverage import chain_of

__all__ = ["SUSPICIOUS", "Growth", "widest"]

SUSPICIOUS = 50
"""A counter that took on so many values is worth a word; those of the protocols in deadheat stay far below."""

GROWS = frozenset({"append", "appendleft", "extend", "insert", "add", "update", "setdefault"})
"""What makes a list, a set or a dictionary longer."""

DEPTH_MAX = 5
"""So deep is looked into a component's value."""


class Growth:
    """The numbers, and lengths, that each named thing was seen to take on."""

    def __init__(self) -> None:
        self._taken: dict[str, set[float]] = {}

    def note_value(self, component: str, value: Any) -> None:
        """Note what is counted in a value of a component."""
        for path, size in _sizes(value):
            self._note(f"{path} of the component {component!r}" if path else f"the component {component!r}", size)

    def note_locals(self, generator: Generator[Any, Any, Any]) -> None:
        """Note what is counted in the locals of a suspended role, and of what it delegates to."""
        for each in chain_of(generator):
            frame = each.gi_frame
            if frame is None:
                continue
            for name, value in frame.f_locals.items():
                if (size := _size(value)) is not None:
                    line = _line_of_growth(each.gi_code, name) or frame.f_lineno
                    self._note(f"the local {name!r} of {Place.in_code(each.gi_code, line)}", size)

    def widest(self) -> tuple[int, str]:
        """Return how many values the thing has taken on that took on most, and its name; 0 where nothing counts."""
        return max(((len(taken), name) for name, taken in self._taken.items()), default=(0, ""))

    def _note(self, name: str, size: float) -> None:
        self._taken.setdefault(name, set()).add(size)


def widest(growths: Iterator[Growth], at_least: int) -> str | None:
    """Return what has taken on most values, and how many, if that is enough of them."""
    count, name = max((each.widest() for each in growths), default=(0, ""))
    return f"{name} took on {count:,} values" if count >= max(at_least, 1) else None


@lru_cache(maxsize=1_024)
def _line_of_growth(code: CodeType, name: str) -> int | None:
    """Return the line at which a function gives a variable another value, or makes what it holds longer, if it does."""
    stored, grown = [], []
    for each, following in pairwise(dis.get_instructions(code)):
        if each.argval != name or each.positions is None or each.positions.lineno is None:
            continue
        if each.opname.startswith("STORE_"):
            stored.append(each.positions.lineno)
        elif following.argval in GROWS:
            grown.append(each.positions.lineno)
    return max(stored[1:] or grown, default=None)


def _size(value: Any) -> float | None:
    """Return what can grow in a value: the number that it is, or that it spells as text, or its length."""
    kind = type(value)
    if kind in (int, float):
        return float(value) if abs(value) < 1e300 else None
    if kind is str and value.isascii() and value.isdigit():  # such as a counter in Redis
        return float(value)
    return float(len(value)) if isinstance(value, str | bytes | tuple | list | dict | set | frozenset) else None


def _sizes(value: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, float]]:
    """Yield what can grow in a component's value, with the fields that lead there."""
    if (size := _size(value)) is not None:
        yield path, size
    if depth == DEPTH_MAX:
        return
    names = getattr(type(value), "_fields", None)
    if names is None and dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = tuple(each.name for each in dataclasses.fields(value))
    if names is not None:
        for name in names:
            yield from _sizes(getattr(value, name, None), f"{path}.{name}" if path else f"the field {name}", depth + 1)
    elif isinstance(value, tuple | frozenset):
        for each in value:  # all of them count as one: which of them grows is in no name
            yield from _sizes(each, f"{path}[]" if path else "what is in the value", depth + 1)
