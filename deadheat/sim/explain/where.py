"""A counterexample among those in which steps happened in a wanted order.

What was wanted is noted by a *monitor*, a component of its own: each step that a condition names is accompanied by a
note (see `Accompanied`), and each property is violated only where, of all that was noted, the conditions hold as well.
So every search finds such a counterexample as it finds any other, and a shortest one where it would. The monitor
changes nothing of what the model does, so the schedule is one of the model without it; there the conditions are looked
at again, by running it.

A condition holds of a whole run. One that something has happened never ceases to hold; one that something never
happened, of a run that settles or goes on for ever, also says that it never will.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from deadheat.sim.components import Component, Step, Steps, operation, operations_in
from deadheat.sim.errors import InternalError, UsageError, unknown_name
from deadheat.sim.model import Crash, Model, Part, Process, Property, View
from deadheat.sim.operations import (
    Accompanied,
    AnyOf,
    Atomic,
    Block,
    Instant,
    Operation,
    Outside,
    Request,
    accompanied,
    operations_of,
    plain,
)
from deadheat.sim.run.intercept import Running, intercepted
from deadheat.sim.run.noting import noting_block
from deadheat.sim.run.simulation import Simulation, Transition
from deadheat.sim.trace import Schedule

__all__ = ["Condition", "parse_condition", "require_known", "require_met", "watching"]

MONITOR = "monitor of conditions"


class Told(StrEnum):
    """What is known of a condition: nothing yet, its first step was made, it was met, or cannot be any more."""

    OPEN = "open"
    BEGUN = "begun"
    MET = "met"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Condition:
    """`first` happened; `first` happened before `then` first did, and that did; or, if it is `never`, it did not."""

    first: str
    then: str | None = None
    never: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The steps that it speaks of."""
        return (self.first,) if self.then is None else (self.first, self.then)

    def after(self, told: Told, names: frozenset[str]) -> Told:
        """Return what is known of it after a step that has these names, where this was known before."""
        if told in (Told.MET, Told.LOST):
            return told
        if self.then is None:
            return Told.MET if self.first in names else told
        if self.then in names:
            return Told.MET if told is Told.BEGUN else Told.LOST
        return Told.BEGUN if self.first in names else told

    def holds(self, told: Told) -> bool:
        """Return whether it holds of a run of which this is known."""
        return told is Told.OPEN if self.never else told is Told.MET

    def __str__(self) -> str:
        return f"!{self.first}" if self.never else self.first if self.then is None else f"{self.first}<{self.then}"


def parse_condition(text: str) -> Condition:
    """Return the condition that `T5<T8`, `T4` or `!redis.get` says; raises UsageError."""
    first, before, then = (part.strip() for part in text.partition("<"))
    never = first.startswith("!")
    first = first.removeprefix("!").strip()
    if ">" in text:
        raise UsageError(f"{text!r} is no condition on steps; write {_turned(text)}, with what comes first in front.")
    if not first or (before and (not then or never or "<" in then or then.startswith("!") or first == then)):
        raise UsageError(
            f"{text!r} is no condition on steps; write T5<T8 (T5 happened before T8 first did), T4 (it happened), or "
            "!T4 (it never did), in quotation marks."
        )
    return Condition(first, then or None, never)


def _turned(text: str) -> str:
    return "<".join(reversed([part.strip() for part in text.split(">")]))


def require_known(model: Model, labels: Iterable[str], conditions: Iterable[Condition]) -> None:
    """Raise UsageError for a step that is neither one of the labels nor an operation of one of the components."""
    known = [*labels, *dict.fromkeys(_operations(model))]
    for condition in conditions:
        for name in condition.names:
            if name not in known:
                raise unknown_name("step", name, known)


def _operations(model: Model) -> Iterator[str]:
    for component in model.components.values():
        yield from (_name_of(component.name, name) for name in operations_in(type(component)))


def watching(model: Model, conditions: tuple[Condition, ...]) -> Model:
    """Return a model that does the same, and in which what is violated is so only where the conditions hold."""
    monitor = _Monitor(conditions)
    noting = _Noting(monitor)
    return replace(
        model,
        components={**model.components, MONITOR: monitor},
        processes=tuple(_noted(each, noting) for each in model.processes),
        properties=tuple(_narrowed(each, conditions) for each in model.properties),
    )


class _Monitor(Component):
    """What is known of each condition."""

    def __init__(self, conditions: tuple[Condition, ...]) -> None:
        super().__init__(MONITOR)
        self.conditions = conditions
        self.names = frozenset(name for each in conditions for name in each.names)
        self.initial = (Told.OPEN,) * len(conditions)
        self.noting = type(self).note.name

    def noted(self, names: set[str]) -> Operation | None:
        """Return the operation that notes a step of these names; None for one that no condition names."""
        named = tuple(sorted(self.names.intersection(names)))
        return Operation(MONITOR, self.noting, (named,)) if named else None

    @operation
    def note(self, value: tuple[Told, ...], names: tuple[str, ...]) -> Steps:
        told = frozenset(names)
        pairs = zip(self.conditions, value, strict=True)
        return (Step(None, tuple(condition.after(known, told) for condition, known in pairs)),)


class _Noting:
    """Lets each request that a condition names be accompanied by a note."""

    def __init__(self, monitor: _Monitor) -> None:
        self._monitor = monitor

    def asked(self, running: Running, request: Request) -> Request:
        """Return the request with its notes."""
        del running
        if isinstance(request, AnyOf):
            return AnyOf(tuple(map(self._noted, request.operations)))
        return self._noted(request) if isinstance(request, Instant) else request

    def answered(self, running: Running, request: Request, outcome: Any) -> Any:
        """Return what the role is told: what it would be without."""
        del running, request
        return outcome

    def crashed(self, crash: Crash) -> Crash:
        """Return a crash with the note of what it brings with it."""
        note = self._monitor.noted(_names_of(crash.consequences))
        if note is None:
            return crash
        return replace(crash, consequences=Atomic((*crash.consequences.operations, note)))

    def _noted(self, request: Instant) -> Instant:
        if isinstance(request, Outside):
            return request
        block = plain(request)
        if isinstance(block, Block):
            noting = noting_block(block, _NotingBlock(self._monitor, block.label), MONITOR)
            return replace(request, request=noting) if isinstance(request, Accompanied) else noting
        note = self._monitor.noted(_names_of(request))
        return request if note is None else accompanied(request, note)


@dataclass(frozen=True, slots=True)
class _NotingBlock:
    """Notes what a block has done, and that it was a step of this label."""

    monitor: _Monitor
    label: str | None

    def __call__(self, made: tuple[Operation, ...]) -> Operation | None:
        """Return the operation by which that is noted, if a condition names it."""
        return self.monitor.noted(_names(made, self.label))


def _names_of(request: Instant) -> set[str]:
    """Return the names of a step: its labels, and its operations with the names of their components.

    What a crash of a node brings with it is among them; what a block does is not.
    """
    with_it = request.by if isinstance(request, Accompanied) and request.is_certain else ()
    return _names((*operations_of(request), *with_it), request.label)


def _names(operations: Iterable[Operation], label: str | None = None) -> set[str]:
    each_named = [(_name_of(each.component, each.name), each.label) for each in operations]
    return {name for names in (*each_named, (label,)) for name in names if name}


def _name_of(component: str, operation_name: str) -> str:
    return f"{component.partition('/')[0]}.{operation_name}"


def _names_in(model: Model, transition: Transition) -> set[str]:
    """Return the names of a step that was made: with what a block has done on its way, and a crash brought with it."""
    if transition.operation is not None:
        return _names_of(transition.operation) | _names(each.operation for each in transition.step.inside)
    [process] = (each for each in model.processes if each.name == transition.choice.process)
    return _names_of(process.crashes[transition.choice.crash].consequences)


def _noted(process: Process, noting: _Noting) -> Process:
    crashes = tuple(map(noting.crashed, process.crashes))
    return replace(process, role=intercepted(process.role, noting), crashes=crashes)


def _narrowed(prop: Property, conditions: tuple[Condition, ...]) -> Property:
    def narrowed(violation: Callable[..., Any]) -> Callable[..., Any]:
        def violated(*views: View) -> Any:
            known = views[-1][MONITOR]
            holds = all(condition.holds(each) for condition, each in zip(conditions, known, strict=True))
            return violation(*views) if holds else None

        return violated

    if prop.parts:
        parts = (Part((*each.reads, MONITOR), narrowed(each.violation)) for each in prop.parts)
        return replace(Property.of_parts(prop.name, prop.meaning, prop.kind, parts), every_step=prop.every_step)
    return replace(prop, reads=(*prop.reads, MONITOR), violation=narrowed(prop.violation))


def require_met(model: Model, schedule: Schedule, conditions: tuple[Condition, ...]) -> None:
    """Run a schedule of the model as it is, and raise InternalError if a condition does not hold of it."""
    simulation = Simulation(model)
    seen = [_names_in(model, simulation.fire(choice)) for choice in schedule.choices]
    for condition in conditions:
        if not _holds_of(condition, seen):
            raise InternalError(
                f"A counterexample was found in which {condition} holds, and does not when it is run. This is a defect "
                "of deadheat: please report it with the command that you ran."
            )


def _holds_of(condition: Condition, seen: list[set[str]]) -> bool:
    """Return whether a condition holds of a run in which steps had these names, one after the other."""
    firsts = [number for number, names in enumerate(seen) if condition.first in names]
    if condition.then is None:
        return bool(firsts) is not condition.never
    thens = [number for number, names in enumerate(seen) if condition.then in names]
    return bool(firsts and thens) and firsts[0] < thens[0]
