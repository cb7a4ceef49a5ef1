"""A role that lives only as long as something else does: a process on a machine that can go down under it.

Each of its requests happens together with an operation that is enabled while the other lives (`alive`). And wherever
the role stands, it may learn in the place of its request that the other is gone (`gone`): then all that it held is
lost, and it begins anew, or ends for good. Until it learns that, it does nothing. So that several roles die at one
instant is one step of one component, by which `alive` blocks and `gone` is enabled for all of them.
"""

from __future__ import annotations

from enum import Enum
from functools import partial, wraps
from types import CodeType
from typing import Any, NamedTuple

from deadheat.sim.forgotten import note_used
from deadheat.sim.operations import AnyOf, Instant, Operation, Outside, RoleFunction, accompanied
from deadheat.sim.run.abandoning import abandon
from deadheat.sim.run.beginning import begun
from deadheat.sim.run.intercept import Running, surrounded

__all__ = ["DRIVES_MORTAL", "Again", "Lifeline", "mortal"]


class Again(Enum):
    """What a role returns that begins anew, whether or not its process repeats."""

    AGAIN = "again"


class Lifeline(NamedTuple):
    """What a role lives by: enabled while it lives, and enabled when it is to die.

    It begins anew, unless `gone` answers that it is to end.
    """

    alive: Operation
    gone: Operation


def mortal(role: RoleFunction, lifeline: Lifeline) -> RoleFunction:
    """Return the role, living by this; `gone` answers whether it begins anew."""

    @wraps(role)
    def between(*arguments: Any) -> Running:
        return _live(begun(role, *arguments), lifeline)

    return surrounded(between, role, partial(mortal, lifeline=lifeline))


def _live(wrapped: Running, lifeline: Lifeline) -> Running:
    answer: Any = None
    while True:
        try:
            request = wrapped.send(answer)
        except StopIteration as end:
            return end.value
        note_used(request)
        answer = chosen = None  # what was answered before must not tell two local states apart
        chosen = yield _guarded(request, lifeline)
        if chosen.which == _count(request):
            abandon(wrapped)
            return Again.AGAIN if chosen.outcome else None
        answer = chosen if isinstance(request, AnyOf) else chosen.outcome


def _guarded(request: Any, lifeline: Lifeline) -> Any:
    """Return what is asked for in the place of a request; of what is no request, itself, which is then refused."""
    operations = request.operations if isinstance(request, AnyOf) else (request,)
    if not all(isinstance(each, Instant) for each in operations):
        return request
    gone = Outside(lifeline.gone.component, lifeline.gone.name, lifeline.gone.arguments)
    return AnyOf((*(accompanied(each, lifeline.alive) for each in operations), gone))


def _count(request: Any) -> int:
    return len(request.operations) if isinstance(request, AnyOf) else 1


DRIVES_MORTAL: CodeType = _live.__code__
"""The code of the generator in between: the role that it drives is its local `wrapped`."""
