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

from deadheat.live.free import is_environment, is_the_end
from deadheat.live.tape import Header, LiveEvent
from deadheat.models.kubernetes import JobReference
from deadheat.models.world import build
from deadheat.scenarios.scenario import Scenario, find_protocol
from deadheat.sim.errors import TraceError, UndecidedError
from deadheat.sim.model import Model
from deadheat.sim.operations import Atomic, Operation
from deadheat.sim.render import render
from deadheat.sim.stepping import steps_of
from deadheat.sim.tables import Tables
from deadheat.sim.trace import Choice

__all__ = ["Conformance", "Unexplained", "conform"]

STATES_MAX = 200_000
TOKEN = re.compile(r"token-.*-\d+")

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

    Raises UsageError for an unknown protocol or fault, TraceError for an event that names none of several
    evaluations, UndecidedError if a search does not end within its limit.
    """
    # A scenario looks at the names.
    Scenario(header.protocol, 1, tuple(header.faults.items()))
    world = build(find_protocol(header.protocol), 1, header.faults)
    tables = Tables(Model(world.components, world.processes, (), header.faults))
    _require_names(header, events)
    count = 0
    for evaluation in header.evaluations:
        is_only = len(header.evaluations) == 1
        own = [each for each in (_own(event, evaluation, is_only=is_only) for event in events) if each is not None]
        own = [each for each in own if _component(each.component) in header.components]
        count += len(own)
        unexplained = _Search(tables, header, own).first_unexplained()
        if unexplained is not None:
            event, allowed = unexplained
            original = next(each for each in events if each.line == event.line)
            found = Unexplained(evaluation, original, allowed)
            return Conformance(header.protocol, len(header.evaluations), count, found)
    return Conformance(header.protocol, len(header.evaluations), count, None)


class _Search:
    """A depth-first search for a run of the model that does what the events say."""

    def __init__(self, tables: Tables, header: Header, events: list[LiveEvent]) -> None:
        self._tables = tables
        self._components = header.components
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
                bindings = _unify(choice.process, operation, outcome, self._events[number], point.bindings)
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
    process: str, operation: Operation | Atomic, outcome: Any, event: LiveEvent, bindings: Bindings
) -> Bindings | None:
    """Return the bindings under which a step of the model is the event, or None if it cannot be."""
    if operation.name != event.operation or event.process not in (None, process):
        return None
    if event.component not in (operation.component, _component(operation.component)):
        return None
    if len(operation.arguments) < len(event.arguments):
        return None
    known = dict(bindings)
    pairs = [*zip(operation.arguments, event.arguments, strict=False), (outcome, event.outcome)]
    if all(_same(mine, theirs, known) for mine, theirs in pairs):
        return tuple(sorted(known.items(), key=repr))
    return None


def _same(mine: Any, theirs: Any, known: dict[Any, Any]) -> bool:
    """Return whether a value of the model is that of an event, adding to what is known."""
    if isinstance(mine, JobReference) and isinstance(theirs, JobReference):
        uid = ("uid", mine.evaluation, mine.uid)
        return mine._replace(uid=0) == theirs._replace(uid=0) and known.setdefault(uid, theirs.uid) == theirs.uid
    if isinstance(mine, str) and isinstance(theirs, str) and TOKEN.fullmatch(mine):
        return bool(known.setdefault(mine, theirs) == theirs)
    if isinstance(mine, tuple) and isinstance(theirs, tuple) and len(mine) == len(theirs):
        return all(_same(one, other, known) for one, other in zip(mine, theirs, strict=True))
    return bool(mine == theirs) or (isinstance(theirs, str) and theirs == render(mine))


def _own(event: LiveEvent, evaluation: str, *, is_only: bool) -> LiveEvent | None:
    """Return what an event says of one evaluation, as of the model's only one; None if it says nothing of it."""
    name = re.compile(rf"(?<![A-Za-z0-9]){re.escape(evaluation)}(?![A-Za-z0-9])")
    outcome = _only(event.outcome, name)
    is_list = event.operation == "list_jobs" and not event.arguments
    told = (event.process or "", event.component, *event.arguments, outcome)
    if not is_list and not is_only and not name.search(" ".join(map(repr, told))):
        return None
    return replace(
        event,
        process=_renamed(event.process, name),
        component=_renamed(event.component, name),
        arguments=_renamed(event.arguments, name),
        outcome=_renamed(outcome, name),
    )


def _require_names(header: Header, events: Sequence[LiveEvent]) -> None:
    if len(header.evaluations) == 1:
        return
    names = re.compile("|".join(rf"(?<![A-Za-z0-9]){re.escape(each)}(?![A-Za-z0-9])" for each in header.evaluations))
    for event in events:
        told = (event.process or "", event.component, *event.arguments, event.outcome)
        if (event.operation != "list_jobs" or event.arguments) and not names.search(" ".join(map(repr, told))):
            raise TraceError(
                f"Line {event.line} ({event}) names none of the evaluations of the header; name it in the process, "
                "the component, the arguments or the outcome."
            )


def _only(outcome: Any, name: re.Pattern[str]) -> Any:
    """Return the part of a list of Jobs that is about one evaluation."""
    if isinstance(outcome, tuple) and outcome and all(isinstance(each, JobReference) for each in outcome):
        return tuple(each for each in outcome if name.search(each.evaluation))
    return outcome


def _renamed(value: Any, name: re.Pattern[str]) -> Any:
    if type(value) is str:
        return name.sub("e1", value, count=1)  # what follows may be a delivery's number, or a token's
    if isinstance(value, tuple):
        items = [_renamed(each, name) for each in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    return value
