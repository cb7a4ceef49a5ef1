"""What the operations of components mean to the oracle; written once more, as a user would, in `translation`."""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.oracle.language import MODULUS

GLITCH = "glitch"


class Way(NamedTuple):
    """One way in which an operation may go."""

    outcome: Any
    value: Any
    fault: str | None = None


def ways(kind: str, name: str, value: Any, arguments: tuple[Any, ...]) -> list[Way]:
    """Return every way in which an operation may go; none if it is blocked."""
    return {"cell": _cell, "holder": _holder, "line": _line}[kind](name, value, *arguments)


def _cell(name: str, value: Any, new: Any = None) -> list[Way]:
    match name:
        case "get":
            return [Way(value, value)]
        case "set":
            return [Way(None, new)]
        case "add":
            return [Way(None, (value + new) % MODULUS if isinstance(value, int) else value)]
        case "wait_for":
            return [Way(None, value)] if value == new else []
        case "take":
            return [Way(value, new)] if value != new else []
        case "toss":
            return [Way(0, value), Way(1, new)]
        case "stale":
            return [Way(value, value), Way(new, value, GLITCH)]
        case "flaky":
            return [Way(None, new), Way("failed", value, GLITCH)]
    assert name == "hit"
    return [Way(None, new, GLITCH)]


def _holder(name: str, value: Any, who: Any = None) -> list[Way]:
    match name:
        case "take":
            return [Way(None, who)] if value is None else []
        case "try":
            return [Way(value, who if value is None else value)]
    assert name == "release"
    return [Way(None, None if value == who else value)]


def _line(name: str, value: Any, who: Any = None) -> list[Way]:
    match name:
        case "join":
            return [Way(None, value if who in value else (*value, who))]
        case "first":
            return [Way(value[0], value[1:])] if value else []
        case "least":
            return [Way(min(value), tuple(each for each in value if each != min(value)))] if value else []
    assert name == "any"
    return [Way(each, tuple(other for other in value if other != each)) for each in value]
