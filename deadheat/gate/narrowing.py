"""Whether one check asks for less than another: a gate that looks at less than before passes more than before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from deadheat.gate.config import WITHOUT_END, Check
from deadheat.gate.findings import IS
from deadheat.gate.surveys import contains

__all__ = ["narrower", "nearest"]


def narrower(before: Check, now: Check) -> list[str]:
    """Return in what a check asks for less than another one of the same protocol did, each in words."""
    return list(_narrower(before, now))


def nearest(before: Check, checks: Iterable[Check]) -> list[str] | None:
    """Return in what that of several checks asks for less which does so least; None if none is of the protocol."""
    found = [narrower(before, each) for each in checks if each.protocol == before.protocol]
    return min(found, key=len) if found else None


def _narrower(before: Check, now: Check) -> Iterator[str]:
    for name in ("evaluations", "up_to"):
        was, by_now = getattr(before, name), getattr(now, name)
        if by_now < was:
            yield f"{name} was {was:,} and is {by_now:,}"
    if not contains(dict(now.faults), dict(before.faults)):
        yield f"faults were {_table(before.faults)} and are {_table(now.faults)}"
    if now.properties and not (before.properties and set(before.properties) <= set(now.properties)):
        gone = sorted(set(before.properties) - set(now.properties))
        yield f"properties leave out {', '.join(gone)}" if gone else "properties were all, and are some"
    for name, verdict in before.expect:
        if now.expected(name) != verdict:
            what = "every property" if name == WITHOUT_END else name
            yield f"expect no longer says that {what} {IS[verdict]}"
    for name in sorted(set(before.must_reach) - set(now.must_reach)):
        yield f"must_reach leaves out {name}"
    for name in sorted(set(now.allow_unreached) - set(before.allow_unreached)):
        yield f"allow_unreached has {name}"
    if now.settings != before.settings:
        yield f"settings were {_table(before.settings)} and are {_table(now.settings)}"
    if now.quiet and not before.quiet:
        yield "quiet is true"
    if before.mutants and not now.mutants:
        yield "mutants is false"


def _table(pairs: Iterable[tuple[str, int | str]]) -> str:
    return ", ".join(f"{name}={value}" for name, value in pairs) or "none"
