"""How far the runs of a model get with a log that none of them does to its end, and what stops each of them there.

The search ends with every point that a run can come to; those with most events matched are the furthest. Runs that
have matched the same events are told of together, and what any of them allows next is set beside what the log says
next, field by field, the likeliest first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from deadheat.live.logs.likeness import Told, differing
from deadheat.live.logs.matching import Matching, Point
from deadheat.live.logs.tape import LiveEvent
from deadheat.sim.render import render

__all__ = ["Allowed", "Furthest", "furthest"]

TIME_ORDER = "time order"

BUSY = "it began before its process was done with what it did before"
ENDED = "it ended before what has to come first"

LATER_MAX = 2_000
"""So many states are looked at to see what would come next if there were more time."""

FAR = {"component": 4, "operation": 2}
"""By how much a difference makes a step less likely to be what the event was meant to be; others count as one."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a run allows next, and in which fields the log's next event is something else.

    `line` is that of a later event that says just this, but too late, if there is one; `why` says what is wrong with
    the order of times, where it is that.
    """

    step: str
    differs_in: tuple[str, ...]
    line: int | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Furthest:
    """Runs that have got as far as any: with which lines matched, to which event, and what they allow there."""

    matched: tuple[int, ...]
    event: LiveEvent
    allowed: tuple[Allowed, ...]


def furthest(matching: Matching, points: Iterable[Point]) -> tuple[Furthest, ...]:
    """Return the furthest of all points that runs come to, one entry a set of matched events."""
    most, groups = -1, dict[int, list[Point]]()
    for point in points:
        count = point.matched.bit_count()
        if count > most:
            most, groups = count, {}
        if count == most:
            groups.setdefault(point.matched, []).append(point)
    found = (_furthest(matching, matched, group) for matched, group in groups.items())
    return tuple(sorted(found, key=lambda each: (each.event.line, each.matched)))


def _furthest(matching: Matching, matched: int, points: Sequence[Point]) -> Furthest:
    left = matching.bounds.left(matched)
    event = matching.events[left[0]]  # they are sorted by when they began
    lines = sorted(each.line for number, each in enumerate(matching.events) if number not in left)
    allowed = [_allowed(matching, point, told, left) for point in points for told in _next(matching, point.state)]
    if not allowed:
        allowed = [_too_late(matching, point, told, left) for point, told in _later(matching, points)]
    nearest: dict[str, Allowed] = {}
    for each in sorted(allowed, key=lambda each: (_distance(each), each.step)):
        nearest.setdefault(each.step, each)
    return Furthest(tuple(lines), event, tuple(nearest.values()))


def _distance(allowed: Allowed) -> tuple[int, bool]:
    return sum(FAR.get(each, 1) for each in allowed.differs_in), allowed.line is None


def _next(matching: Matching, state: int) -> Iterator[Told]:
    for successor, _ in matching.tables.choices(state):
        yield from matching.told(state, successor)


def _later(matching: Matching, points: Sequence[Point]) -> Iterator[tuple[Point, Told]]:
    """Yield what the log would tell of next, if there were more time for what it does not tell of."""
    waiting, seen = list(points), {each.state for each in points}
    while waiting and len(seen) < LATER_MAX:
        point = waiting.pop()
        for successor, state in matching.tables.choices(point.state):
            told = matching.told(point.state, successor)
            yield from ((point, each) for each in told)
            if not told and state not in seen:
                seen.add(state)
                waiting.append(point._replace(state=state))


def _allowed(matching: Matching, point: Point, told: Told, left: Sequence[int]) -> Allowed:
    differs_in, *others = (differing(told, matching.events[each], matching.evaluation, point.bindings) for each in left)
    line = next((matching.events[each].line for each, fields in zip(left[1:], others, strict=True) if not fields), None)
    step = f"{told.process}: {told.operation} = {render(told.outcome)}"
    if differs_in:
        return Allowed(step, differs_in, line)
    is_busy = matching.bounds.is_busy(point.moments, told.process, left[0])
    return Allowed(step, (TIME_ORDER,), why=BUSY if is_busy else ENDED)


def _too_late(matching: Matching, point: Point, told: Told, left: Sequence[int]) -> Allowed:
    one = _allowed(matching, point, told, left)
    return replace(one, differs_in=tuple(dict.fromkeys((*one.differs_in, TIME_ORDER))), why=one.why or ENDED)
