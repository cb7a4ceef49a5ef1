"""The explored graph of a timed model: every state, what can happen there, by which clock, and what that counts for.

A *clock* belongs to one process and one operation that it waits for. It begins when the operation becomes possible, and
ends when the process does anything, or it is possible no longer; what others do meanwhile does not touch it. So a
latency is what `window` takes it to be: the time from when a step could first happen, throughout from then on, to when
it does. (In the literature: a generalised semi-Markov process; a stochastic Petri net's "enabling memory".)

A clock has one *timing*: a name, and a law where one is known. Where what an operation would be answered is timed
otherwise (a pod that starts, and one that ends), that is another clock, which begins anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from deadheat.sim.errors import UsageError
from deadheat.sim.learn.lessons import Successor
from deadheat.sim.learn.locals import INITIAL
from deadheat.sim.learn.tables import Tables
from deadheat.sim.model import Model, Process
from deadheat.sim.run.simulation import Transition
from deadheat.sim.run.stepping import JointStep, steps_of, steps_of_crash
from deadheat.sim.timed.laws import Kind, Law, key_of
from deadheat.sim.trace import Choice

__all__ = [
    "STATES_MAX",
    "Branch",
    "Clock",
    "Counted",
    "Graph",
    "Measures",
    "Timing",
    "clock_of",
    "graph_of",
    "stream_of",
]

STATES_MAX = 400_000
"""A larger graph is not made: it would be walked, not looked up."""


class Timing(NamedTuple):
    """How long a step takes: the name by which that is known, and the law; None where nobody has said."""

    name: str
    law: Law | None


Timings = Callable[[Process, Transition, bool], Timing]
"""How long a step takes that a process waits for; the last says whether the process is about to begin its role."""


class Clock(NamedTuple):
    """One clock; clocks are ordered as the model has its processes, and these their operations.

    One of unknown law that is that of a fault says of which: nobody knows either whether it is met instead of the step.
    """

    process: int
    place: int
    name: str
    law: Law | None
    owed: bool
    stream: int
    fault: str | None = None

    @property
    def order(self) -> tuple[int, int, str]:
        """What decides between steps that are due at one instant."""
        return self.process, self.place, self.name


class Counted(NamedTuple):
    """What a step counts for: marks, as bits, and how many calls it makes."""

    marks: int = 0
    calls: int = 0


class Branch(NamedTuple):
    """One way in which a step may go: with what probability, if that is given; else it is one of those to choose."""

    target: int
    choice: Choice
    counted: Counted
    chance: float | None = None


@dataclass(frozen=True, slots=True)
class Measures:
    """What is looked at: the marks of a state, by its values, and what a step counts for, by those before and after."""

    of_state: Callable[[Mapping[str, Any]], int]
    of_step: Callable[[Process, Transition, Mapping[str, Any], Mapping[str, Any]], Counted]


@dataclass(frozen=True, slots=True)
class Graph:
    """All states from the initial one, 0, on.

    `enabled` are, for each state, the clocks that run there, in their order, and the ways in which the step of each may
    go. `marks` are those of the states.
    """

    model: Model
    clocks: tuple[Clock, ...]
    enabled: tuple[tuple[tuple[int, tuple[Branch, ...]], ...], ...]
    marks: tuple[int, ...]

    @property
    def untimed(self) -> tuple[Clock, ...]:
        """The clocks of which nobody has said how long they run."""
        return tuple(each for each in self.clocks if each.law is None)

    @property
    def chosen(self) -> tuple[int, ...]:
        """The clocks whose step may go in several ways, of which nobody has said how likely they are."""
        several = {
            clock
            for enabled in self.enabled
            for clock, branches in enabled
            if sum(each.chance is None for each in branches) > 1
        }
        return tuple(sorted(several))


def clock_of(process: int, transition: Transition, timing: Timing) -> tuple[int, int, str, str | None]:
    """Return what tells the clock of a step from all others: one of unknown law by its fault too."""
    choice = transition.choice
    place = -1 - choice.crash if choice.is_crash else choice.alternative
    return process, place, timing.name, transition.step.fault if timing.law is None else None


def graph_of(model: Model, timings: Timings, measures: Measures, states_max: int = STATES_MAX) -> Graph:
    """Explore a model and return its graph; raises UsageError where it has more states than the limit."""
    return _Exploring(model, timings, measures).explore(states_max)


class _Exploring:
    def __init__(self, model: Model, timings: Timings, measures: Measures) -> None:
        self.model = model
        self.tables = Tables(model)
        self.timings = timings
        self.measures = measures
        self.steps: dict[tuple[int, int, int, int], tuple[JointStep, ...]] = {}
        self.clocks: dict[tuple[int, int, str, str | None], Clock] = {}
        self.names = tuple(model.components)

    def explore(self, states_max: int) -> Graph:
        numbers = {self.tables.initial(): 0}
        waiting, found, marks = [self.tables.initial()], [], []
        for state in waiting:  # which grows
            view = dict(self.tables.view(state, self.names))
            marks.append(self.measures.of_state(view))
            ways: dict[tuple[int, int, str, str | None], list[Branch]] = {}
            for process in range(len(self.tables.rows)):
                for key, branch, after in self._branches(state, process, view):
                    if after not in numbers:
                        numbers[after] = len(numbers)
                        waiting.append(after)
                    ways.setdefault(key, []).append(branch._replace(target=numbers[after]))
            found.append(ways)
            if len(numbers) > states_max:
                raise UsageError(
                    f"There are more than {states_max:,} states, too many to be simulated; allow fewer faults, or ask "
                    "for a smaller size."
                )
        ordered = sorted(self.clocks, key=lambda key: self.clocks[key].order)
        number = {key: place for place, key in enumerate(ordered)}
        enabled = tuple(
            tuple(sorted((number[key], tuple(branches)) for key, branches in ways.items())) for ways in found
        )
        self.tables.verify_purity()
        return Graph(self.model, tuple(self.clocks[key] for key in ordered), enabled, tuple(marks))

    def _branches(self, state: int, process: int, view: Mapping[str, Any]) -> list[Any]:
        """Return the ways in which the steps of a process may go, each with the key of its clock and what follows."""
        tables = self.tables
        local = tables.field(state, process)
        taken = []
        chances: dict[int, list[tuple[Branch, int, Timing]]] = {}
        for row, (mask, successors) in enumerate(tables.rows[process][local]):
            for successor in successors[state & mask]:
                if successor.budget and not state & successor.budget:
                    continue
                transition = self._transition(process, local, row, state & mask, successor, view)
                timing = self.timings(self.model.processes[process], transition, local == INITIAL)
                after = state + successor.delta
                seen = {**view, **transition.step.values}
                counted = self.measures.of_step(self.model.processes[process], transition, view, seen)
                branch = Branch(0, successor.choice, counted)
                if timing.law is not None and timing.law.kind is Kind.CHANCE:
                    chances.setdefault(row, []).append((branch, after, timing))
                    continue
                key = clock_of(process, transition, timing)
                self._add(key, transition, timing)
                taken.append((row, key, branch, after, transition.step.fault))
        return self._with_chances(taken, chances)

    def _with_chances(self, taken: list[Any], chances: dict[int, list[tuple[Branch, int, Timing]]]) -> list[Any]:
        """Return the ways, with those that a fault takes instead of an operation's own; raises UsageError."""
        own = {row: [each for each in taken if each[0] == row and each[4] is None] for row in chances}
        found = []
        for row, key, branch, after, _ in taken:
            met = chances.get(row, [])
            if not met or key not in [each[1] for each in own[row]]:
                found.append((key, branch, after))
                continue
            given = [law.first for _, _, (_, law) in met if law is not None]
            found.append((key, branch._replace(chance=1.0 - sum(given)), after))
            found += [(key, other._replace(chance=each), to) for (other, to, _), each in zip(met, given, strict=True)]
        for row, met in chances.items():
            _require_chances([timing for *_, timing in met], len(own[row]))
        return found

    def _transition(
        self, process: int, local: int, row: int, fields: int, successor: Successor, view: Mapping[str, Any]
    ) -> Transition:
        choice = successor.choice
        states = self.tables.locals[process]
        key = (process, local, row, fields)
        if key not in self.steps:
            if choice.is_crash:
                steps = tuple(steps_of_crash(self.model, states.process.crashes[choice.crash], view))
            else:
                steps = tuple(steps_of(self.model, states.states[local].operations[choice.alternative], view))
            self.steps[key] = steps
        if choice.is_crash:
            return Transition(choice, None, self.steps[key][0], owed=False)
        operation = states.states[local].operations[choice.alternative]
        return Transition(choice, operation, self.steps[key][choice.branch], owed=successor.owed)

    def _add(self, key: tuple[int, int, str, str | None], transition: Transition, timing: Timing) -> None:
        if key not in self.clocks:
            process, place, name, fault = key
            stream = stream_of(self.model.processes[process].name, place, name)
            self.clocks[key] = Clock(process, place, name, timing.law, transition.owed, stream, fault)


def stream_of(process: str, place: int, name: str) -> int:
    """Return which random numbers a clock takes: by its process and its name, whatever the protocol is."""
    return key_of(f"{process} {place} {name}")


def _require_chances(met: list[Timing], others: int) -> None:
    """Raise UsageError where it makes no sense that faults are met by chance, instead of one other way."""
    names = [each.name for each in met]
    if others != 1:
        raise UsageError(
            f"The fault {names[0]!r} is not met instead of one other way in which a step may go, so a chance is not "
            "enough; give it a distribution of the time until it comes."
        )
    twice = next((each for each in names if names.count(each) > 1), None)
    if twice is not None:
        raise UsageError(
            f"The fault {twice!r} can go in {names.count(twice)} ways; give each a chance of its own, by "
            f"{twice}:OUTCOME."
        )
    total = sum(each.law.first for each in met if each.law is not None)
    if total > 1:
        raise UsageError(f"The chances of {' and '.join(names)} come to {total:g}; together they are at most 1.")
