"""Designs that come to no end, or to no good one: a log that grows, a role and a property that loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from deadheat import BLOCKED, Component, Components, Design, Fault, Outcomes, Step, Steps, always, one, operation
from deadheat.models.claims import Claim

LOST = Fault("answer-lost", "the answer is lost", "the model's own")


class Log(Component):
    """A log of all that was ever said."""

    initial = ()

    @operation
    def append(self, log: tuple[str, ...], what: str) -> Outcomes:
        """Say one thing more."""
        return (Step("ok", (*log, what)),)


class Register(Component):
    """A register whose answer can get lost."""

    initial = 0
    faults = (LOST,)

    @operation
    def put(self, value: int) -> Outcomes:
        """Count."""
        return (Step("ok", value + 1), Step("lost", 7, fault=LOST)) if value < 9 else BLOCKED


@dataclass(frozen=True)
class Parts(Components):
    """What there is."""

    log: Log = Log("log")
    register: Register = Register("register")


def grow(parts: Parts) -> Steps:
    """Write for ever."""
    while True:
        yield parts.log.append("tick")


def spin(parts: Parts) -> Steps:
    """Write once, and never come back."""
    yield parts.log.append("tick")
    while True:
        pass


def fail(parts: Parts) -> Steps:
    """Take no answer but one."""
    if (yield parts.register.put()) == "lost":
        raise RuntimeError("no answer")


def fail_late(parts: Parts) -> Steps:
    """Write some times, and then take no answer but one."""
    for _ in range(3):
        yield parts.log.append("tick")
    yield from fail(parts)


def tick(parts: Parts) -> Steps:
    """Write once."""
    yield parts.log.append("tick")


@always
def silent(log: tuple[str, ...]) -> bool:
    """Nobody has said boom."""
    return "boom" in log


@always
def pondered(log: tuple[str, ...]) -> bool:
    """Nobody has come to an answer."""
    while log:
        pass
    return False


def _of(name: str, role: Callable[[Parts], Steps], claim: Claim = silent) -> Design[Any]:
    return Design(
        name=name,
        summary="A design of a test.",
        source="A test.",
        components=Parts(),
        roles=(one("writer", role),),
        claims=(claim,),
    )


GROW = _of("grow", grow)
SPIN = _of("spin", spin)
PONDER = _of("ponder", tick, pondered)
FAIL = _of("fail", fail)
FAIL_LATE = _of("fail-late", fail_late)
