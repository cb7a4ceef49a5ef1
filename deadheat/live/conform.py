"""Whether a model explains a live trace: some run of the model does what the trace says, in an order that fits.

Events whose times overlap may have taken effect in either order; what the trace does not tell of may have happened at
any time. The search is depth first, since one run that fits is enough (breadth first looks at all of them: that took
CCF's engineers 45 minutes a trace, and depth first seconds). Each evaluation is matched on its own, against the model
of one evaluation, with what shared processes did for it: a trace of a thousand evaluations is a thousand searches of
a few dozen events. So what one evaluation does to another is not looked for.

Uids and tokens are made up by real servers: they are bound to the model's at their first appearance.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeAlias

from deadheat.live.attribution import THE_ONE, Attribution
from deadheat.live.free import is_environment, is_the_end
from deadheat.live.tape import Header, LiveEvent, on_one_line
from deadheat.models.kubernetes import JobReference
from deadheat.models.world import build
from deadheat.scenarios.catalogue import find_protocol
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.errors import TraceError, UndecidedError, UsageError
from deadheat.sim.model import Model
from deadheat.sim.operations import Atomic, Operation
from deadheat.sim.render import render
from deadheat.sim.stepping import steps_of
from deadheat.sim.tables import Tables
from deadheat.sim.trace import Choice

__all__ = ["Conformance", "Unexplained", "conform"]

STATES_MAX = 200_000
TOKEN = re.compile(r"token-.*-\d+")
WORD = re.compile(rf"(?<![A-Za-z0-9]){THE_ONE}(?![A-Za-z0-9])")

Bindings: TypeAlias = tuple[tuple[Any, Any], ...]
"""Pairs of what the model calls something, and what the real servers call it."""


@dataclass(frozen=True, slots=True)
class Unexplained:
    """The first event that no run of the model can explain, and what the model allows where it comes to it."""

    evaluation: str
    event: LiveEvent
    allowed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conformance:
    """What came of matching a trace: how many events of how many evaluations, and what is unexplained, if anything."""

    protocol: str
    evaluations: int
    events: int
    unexplained: Unexplained | None


class _Point(NamedTuple):
    """How far a search is: the model's packed state, which events are matched (a bit each), and what is bound."""

    state: int
    matched: int
    bindings: Bindings


def conform(header: Header, events: Sequence[LiveEvent]) -> Conformance:
    """Match a live trace against its protocol's model.

    Raises TraceError, naming the line, for an unknown protocol or fault, for an event of what the model does not have,
    and for one of none of several evaluations; UndecidedError if a search does not end within its limit.
    """
    try:
        # A scenario looks at the names.
        Scenario(header.protocol, 1, tuple(header.faults.items()))
        protocol = find_protocol(header.protocol)
    except UsageError as error:
        raise TraceError(f"Line 1, the header, cannot be matched: {on_one_line(str(error))}") from None
    except RecursionError:
        raise TraceError("Line 1, the header, cannot be matched: the protocol's name has no end.") from None
    attribution = Attribution(header, protocol)
    world = build(protocol, 1, header.faults)
    tables = Tables(Model(world.components, world.processes, (), header.faults))
    owners = [attribution.of(event) for event in events]
    own: dict[str, list[LiveEvent]] = {each: [] for each in header.evaluations}
    for event, owner in zip(events, owners, strict=True):
        for evaluation in header.evaluations if owner is None else (owner,):
            own[evaluation].append(_own(event, evaluation))
    count = 0
    for evaluation, told in own.items():
        count += len(told)
        unexplained = _Search(tables, header, evaluation, told).first_unexplained()
        if unexplained is not None:
            event, allowed = unexplained
            original = next(each for each in events if each.line == event.line)
            found = Unexplained(evaluation, original, allowed)
            return Conformance(header.protocol, len(header.evaluations), count, found)
    return Conformance(header.protocol, len(header.evaluations), count, None)


class _Search:
    """A depth-first search for a run of the model that does what the events say."""

    def __init__(self, tables: Tables, header: Header, evaluation: str, events: list[LiveEvent]) -> None:
        self._tables = tables
        self._components = header.components
        self._evaluation = evaluation
        self._events = events
        self._processes = {states.process.name: number for number, states in enumerate(tables.locals)}

    def first_unexplained(self) -> tuple[LiveEvent, tuple[str, ...]] | None:
        """Return the first event that no run explains, with what the model allows there; None if all are explained."""
        everything = (1 << len(self._events)) - 1
        start = _Point(self._tables.initial(), 0, ())
        waiting, seen, furthest = [start], {start}, start
        while waiting:
            point = waiting.pop()
            if point.matched == everything:
                return None
            if point.matched.bit_count() > furthest.matched.bit_count():
                furthest = point
            for following in self._following(point):
                if following not in seen:
                    seen.add(following)
                    waiting.append(following)
            if len(seen) > STATES_MAX:
                raise UndecidedError(
                    f"The trace is neither explained nor refuted after {STATES_MAX:,} states; the usual cause is that "
                    "it tells of too little. Record more components."
                )
        return self._events[self._candidates(furthest.matched)[0]], tuple(self._allowed(furthest))

    def _following(self, point: _Point) -> Iterator[_Point]:
        """Yield where the search can go on; matches come last, so that they are tried first."""
        matches = []
        for successor, state in self._tables.choices(point.state):
            choice = successor.choice
            operation = self._operation(point.state, choice)
            if operation is None or self._is_untold(choice.process, operation):
                yield _Point(state, point.matched, point.bindings)
                continue
            outcome = self._outcome(point.state, choice, operation)
            for number in self._candidates(point.matched):
                event = self._events[number]
                bindings = _unify(choice.process, operation, outcome, event, self._evaluation, point.bindings)
                if bindings is not None:
                    matches.append(_Point(state, point.matched | 1 << number, bindings))
        yield from reversed(matches)

    def _candidates(self, matched: int) -> list[int]:
        """Return the events that may be next: none that is left ended before they began."""
        left = [number for number in range(len(self._events)) if not matched >> number & 1]
        if not left:
            return []
        first_end = min(self._events[number].ended for number in left)
        return [number for number in left if self._events[number].began <= first_end]

    def _allowed(self, point: _Point) -> Iterator[str]:
        for successor, _ in self._tables.choices(point.state):
            operation = self._operation(point.state, successor.choice)
            if operation is not None and not self._is_untold(successor.choice.process, operation):
                outcome = self._outcome(point.state, successor.choice, operation)
                yield f"{successor.choice.process}: {operation} = {render(outcome)}"

    def _operation(self, state: int, choice: Choice) -> Operation | Atomic | None:
        """Return what a choice does; None for a crash."""
        if choice.is_crash:
            return None
        number = self._processes[choice.process]
        local = (state & self._tables.field_mask(number)) >> _shift(self._tables, number)
        operation = self._tables.locals[number].states[local].operations[choice.alternative]
        # What is atomic over all evaluations is one operation here, where there is one evaluation.
        is_one = isinstance(operation, Atomic) and len(operation.operations) == 1
        return operation.operations[0] if is_one and isinstance(operation, Atomic) else operation

    def _outcome(self, state: int, choice: Choice, operation: Operation | Atomic) -> Any:
        values = self._tables.view(state, operation.components)
        return list(steps_of(self._tables.model, operation, values))[choice.branch].outcome

    def _is_untold(self, process: str, operation: Operation | Atomic) -> bool:
        """Return whether the trace says nothing of such steps, so that they may happen at any time."""
        if is_environment(process) or isinstance(operation, Atomic) or is_the_end(operation):
            return True
        return _component(operation.component) not in self._components


def _shift(tables: Tables, field: int) -> int:
    mask = tables.field_mask(field)
    return (mask & -mask).bit_length() - 1


def _component(instance: str) -> str:
    return instance.partition("/")[0]


def _unify(
    process: str, operation: Operation | Atomic, outcome: Any, event: LiveEvent, evaluation: str, bindings: Bindings
) -> Bindings | None:
    """Return the bindings under which a step of the model is the event, or None if it cannot be.

    What the model says is put in the words of the event, not the other way round: the model's one name for the
    evaluation is never anything else, and the evaluation's own name may be any word.
    """
    if operation.name != event.operation or event.process not in (None, _named(process, evaluation)):
        return None
    if event.component not in (_named(operation.component, evaluation), _component(operation.component)):
        return None
    known = dict(bindings)
    pairs = [*zip(operation.arguments, event.arguments, strict=False), (outcome, event.outcome)]
    if all(_same(mine, theirs, evaluation, known) for mine, theirs in pairs):
        return tuple(sorted(known.items(), key=repr))
    return None


def _same(mine: Any, theirs: Any, evaluation: str, known: dict[Any, Any]) -> bool:
    """Return whether a value of the model is that of an event, adding to what is known."""
    if isinstance(mine, JobReference) and isinstance(theirs, JobReference):
        uid = ("uid", mine.evaluation, mine.uid)
        named = _named(mine._replace(uid=0), evaluation)
        return bool(named == theirs._replace(uid=0)) and bool(known.setdefault(uid, theirs.uid) == theirs.uid)
    if isinstance(mine, str) and isinstance(theirs, str) and TOKEN.fullmatch(mine):
        return bool(known.setdefault(mine, theirs) == theirs)
    if isinstance(mine, tuple) and isinstance(theirs, tuple):
        if type(mine) is not type(theirs) or len(mine) != len(theirs):  # to have timed out is not to have given up
            return False
        return all(_same(one, other, evaluation, known) for one, other in zip(mine, theirs, strict=True))
    mine = _named(mine, evaluation)
    if isinstance(theirs, str):
        return bool(theirs == mine) or theirs == render(mine)
    return isinstance(mine, bool) is isinstance(theirs, bool) and bool(mine == theirs)


def _named(value: Any, evaluation: str) -> Any:
    """Return a value of the model with the evaluation's own name in it."""
    if type(value) is str:
        return WORD.sub(lambda _: evaluation, value)
    if isinstance(value, tuple):
        items = [_named(each, evaluation) for each in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    return value


def _own(event: LiveEvent, evaluation: str) -> LiveEvent:
    """Return what an event says of one evaluation: a list of all Jobs is cut down to it."""
    outcome = event.outcome
    if isinstance(outcome, tuple) and outcome and all(isinstance(each, JobReference) for each in outcome):
        return replace(event, outcome=tuple(each for each in outcome if each.evaluation == evaluation))
    return event
