"""A role of which two versions run side by side: each time it begins, it may be either.

It waits for the first request of every version, as alternatives of one choice, and goes on as the version whose request
happened. So nobody assigns processes to versions beforehand, a process that begins anew may be the other one, and no
step is added. Which version it is, is decided where its first step happens: one that waits keeps none from beginning.
"""

from __future__ import annotations

from collections.abc import Generator
from functools import wraps
from types import CodeType, GeneratorType
from typing import Any, NamedTuple

from deadheat.sim.errors import UsageError
from deadheat.sim.forgotten import note_used
from deadheat.sim.operations import AnyOf, Chosen, Instant, RoleFunction
from deadheat.sim.places import place_of
from deadheat.sim.run.abandoning import abandon
from deadheat.sim.run.beginning import begun
from deadheat.sim.run.intercept import Running
from deadheat.sim.run.mortal import Again

__all__ = ["MEETS", "Version", "either", "version_met"]


class Version(NamedTuple):
    """One version of a role, what it is called with, and whether it begins anew each time it returns."""

    role: RoleFunction
    arguments: tuple[Any, ...] = ()
    repeats: bool = False


def either(*versions: Version) -> RoleFunction:
    """Return the role that is one of these versions, each time it begins; whatever it is called with is not used.

    If not all of them repeat, its process must not: what repeats begins anew all the same.
    """

    @wraps(versions[0].role)
    def between(*_: Any) -> Running:
        return _drive(versions)

    return between


def version_met(running: Generator[Any, Any, Any], alternative: int) -> int | None:
    """Return which version a role is that stands somewhere, or becomes by this alternative; None for any other role."""
    if not isinstance(running, GeneratorType) or running.gi_code is not _drive.__code__ or running.gi_frame is None:
        return None
    deciding = running.gi_yieldfrom
    if isinstance(deciding, GeneratorType) and deciding.gi_frame is not None:
        return int(deciding.gi_frame.f_locals["offers"][alternative][0])
    return int(running.gi_frame.f_locals["which"])


def _drive(versions: tuple[Version, ...]) -> Running:
    which, wrapped, answer = yield from _chosen(versions)
    while True:
        try:
            request = wrapped.send(answer)
        except StopIteration as end:
            return Again.AGAIN if versions[which].repeats else end.value
        note_used(request)
        answer = None  # what was answered before must not tell two local states apart
        answer = yield request


def _chosen(versions: tuple[Version, ...]) -> Generator[Any, Any, tuple[int, Running, Any]]:
    """Wait for the first request of each version; return which was met, the role at work, and what it is told."""
    running = tuple(begun(each.role, *each.arguments) for each in versions)
    firsts = tuple(_first(each, version) for each, version in zip(running, versions, strict=True))
    offers: list[tuple[int, int, Any]] = []
    for number, request in enumerate(firsts):
        operations = request.operations if isinstance(request, AnyOf) else (request,)
        offers.extend((number, within, each) for within, each in enumerate(operations))
    wrong = next((number for number, _, each in offers if not isinstance(each, Instant)), None)
    wrapped = running[wrong or 0]  # which stands for all of them until one is met; coverage looks at it
    if wrong is not None:
        yield firsts[wrong]  # which is refused
    chosen = yield AnyOf(tuple(each for _, _, each in offers))
    which, within, _ = offers[chosen.which]
    for number, other in enumerate(running):
        if number != which:
            abandon(other)
    answer = Chosen(within, chosen.outcome) if isinstance(firsts[which], AnyOf) else chosen.outcome
    wrapped = running[which]
    return which, wrapped, answer


def _first(running: Running, version: Version) -> Any:
    try:
        request = next(running)
    except StopIteration:
        raise UsageError(
            f"The role {place_of(version.role)} asks for nothing, so nobody can tell when another version of it is "
            "met; leave it out of what it belongs to, or let it ask for something."
        ) from None
    note_used(request)
    return request


MEETS: tuple[CodeType, ...] = (_drive.__code__, _chosen.__code__)
"""The code of the generators in between: the role that each drives is its local `wrapped`."""
