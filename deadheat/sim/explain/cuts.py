"""All orders in which the steps of one trace can happen, answered alike, and violate the same property.

A *cut* of a trace is what has happened so far in one of its orders: the first steps of each process, with the values
that the components then hold (Mattern, "Virtual time and global states of distributed systems", 1989). An order is a
path through the cuts. They are found by trying, so nothing is assumed of which steps are independent. Only cuts
through which some order leads to the violation are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deadheat.sim.counting import counted
from deadheat.sim.errors import UsageError
from deadheat.sim.explain.confirm import violation_of
from deadheat.sim.freeze import freeze
from deadheat.sim.model import Crash, Kind, Model, Property
from deadheat.sim.operations import Instant
from deadheat.sim.run.simulation import Simulation, Transition
from deadheat.sim.run.stepping import JointStep, steps_of, steps_of_crash, touched
from deadheat.sim.trace import Choice, Schedule

__all__ = ["CUTS_MAX", "START", "CausalStep", "Cut", "Cuts", "cuts_of", "schedules_of"]

START = 0
"""The number of what is there before the first step."""

CUTS_MAX = 50_000


@dataclass(frozen=True, slots=True)
class CausalStep:
    """A step of a trace, by its number from 1, and the step of its process before it, or the start.

    `request` is what it asks for; for a crash, what follows from it.
    """

    number: int
    transition: Transition
    request: Instant
    previous: int

    @property
    def process(self) -> str:
        """The process whose step it is."""
        return self.transition.choice.process


@dataclass(eq=False, slots=True)
class Cut:
    """What has happened so far: how many steps of each process, and what the components hold.

    `ready` are the steps that could happen next, and `following` what comes of each that does, answered as in the
    trace, with the choice that this is.
    """

    done: tuple[int, ...]
    values: Mapping[str, Any]
    came: tuple[Cut, Choice] | None = None
    ready: frozenset[int] = frozenset()
    following: dict[int, list[tuple[Choice, Cut]]] = field(default_factory=dict)

    def schedule(self) -> Schedule:
        """Return one of the orders that lead here."""
        choices: list[Choice] = []
        cut = self
        while cut.came is not None:
            cut, choice = cut.came
            choices.append(choice)
        return Schedule(tuple(reversed(choices)))


@dataclass(frozen=True, slots=True)
class Cuts:
    """The steps of a trace, and its cuts in layers: those after no step, after one, and so on."""

    steps: tuple[CausalStep, ...]
    layers: tuple[tuple[Cut, ...], ...]

    @property
    def start(self) -> Cut:
        """The cut in which nothing has happened."""
        return self.layers[0][0]


def cuts_of(model: Model, prop: Property, schedule: Schedule, cuts_max: int = CUTS_MAX) -> Cuts:
    """Return all cuts of a schedule that violates the property, on the way to the violation.

    A property of single steps is violated by the schedule's last step, wherever that then stands. Raises UsageError if
    there are too many cuts.
    """
    steps = _steps(model, schedule)
    search = _Search(model, prop, steps)
    layers = [[search.start]]
    for _ in steps:
        layers.append(search.next_layer(layers[-1]))
        if sum(map(len, layers)) > cuts_max:
            raise UsageError(
                f"The {counted(len(steps), 'step')} of this trace can happen in too many orders: there are more than "
                f"{cuts_max:,} states between them; save a shorter counterexample, such as one of fewer evaluations."
            )
    layers[-1] = [cut for cut in layers[-1] if _violates(model, prop, cut)]
    for index in range(len(steps) - 1, -1, -1):
        kept = set(layers[index + 1])
        layers[index] = [cut for cut in layers[index] if _leads_to(cut, kept)]
    return Cuts(steps, tuple(map(tuple, layers)))


def schedules_of(cuts: Cuts, order: Sequence[int]) -> Iterator[Schedule]:
    """Yield the schedules in which the steps happen in this order: several, if an answer leaves several values."""

    def go_on(cut: Cut, choices: tuple[Choice, ...]) -> Iterator[Schedule]:
        if len(choices) == len(order):
            yield Schedule(choices)
        else:
            for choice, after in cut.following.get(order[len(choices)], ()):
                yield from go_on(after, (*choices, choice))

    return go_on(cuts.start, ())


def _steps(model: Model, schedule: Schedule) -> tuple[CausalStep, ...]:
    simulation = Simulation(model)
    last: dict[str, int] = {}
    steps = []
    for number, choice in enumerate(schedule.choices, start=1):
        transition = simulation.fire(choice)
        steps.append(CausalStep(number, transition, _request(model, transition), last.get(choice.process, START)))
        last[choice.process] = number
    return tuple(steps)


def _request(model: Model, transition: Transition) -> Instant:
    if transition.operation is not None:
        return transition.operation
    return _crash(model, transition.choice).request


def _crash(model: Model, choice: Choice) -> Crash:
    return next(each.crashes[choice.crash] for each in model.processes if each.name == choice.process)


def _violates(model: Model, prop: Property, end: Cut) -> bool:
    if prop.kind is Kind.STEP:  # only where its last step violates it was that step taken
        return True
    if prop.kind is Kind.ALWAYS:
        return prop.violation(end.values) is not None
    return violation_of(model, prop.name, end.schedule()) is not None


def _leads_to(cut: Cut, kept: set[Cut]) -> bool:
    """Leave out what leads to none of these cuts, and return whether anything is left."""
    ways = {number: [each for each in after if each[1] in kept] for number, after in cut.following.items()}
    cut.following = {number: after for number, after in ways.items() if after}
    return bool(cut.following)


class _Search:
    """Finds the cuts of a trace, layer by layer."""

    def __init__(self, model: Model, prop: Property, steps: Sequence[CausalStep]) -> None:
        self._model = model
        self._prop = prop
        self._steps = steps
        self._of_process: dict[str, list[int]] = {}
        for step in steps:
            self._of_process.setdefault(step.process, []).append(step.number)
        self._touched = sorted({name for step in steps for name in touched(model, step.request)})
        self._ways: dict[tuple[Any, ...], tuple[list[tuple[Choice, JointStep]], bool]] = {}
        values = {name: component.initial for name, component in model.components.items()}
        self.start = Cut((0,) * len(self._of_process), values)

    def next_layer(self, cuts: Sequence[Cut]) -> list[Cut]:
        """Return the cuts that follow on these, in which the ways there are noted."""
        found: dict[Any, Cut] = {}
        for cut in cuts:
            ready = set()
            for process, number in self._pending(cut):
                ways, possible = self._look(self._steps[number - 1], cut.values)
                if possible:
                    ready.add(number)
                done = (*cut.done[:process], cut.done[process] + 1, *cut.done[process + 1 :])
                for choice, joint in ways:
                    values = {**cut.values, **joint.values}
                    if self._may_happen(number, cut.values, values):
                        key = (done, *(freeze(values[name]) for name in self._touched))
                        after = found.setdefault(key, Cut(done, values, (cut, choice)))
                        cut.following.setdefault(number, []).append((choice, after))
            cut.ready = frozenset(ready)
        return list(found.values())

    def _pending(self, cut: Cut) -> Iterator[tuple[int, int]]:
        for process, (numbers, done) in enumerate(zip(self._of_process.values(), cut.done, strict=True)):
            if done < len(numbers):
                yield process, numbers[done]

    def _look(self, step: CausalStep, values: Mapping[str, Any]) -> tuple[list[tuple[Choice, JointStep]], bool]:
        """Return the ways in which a step is answered as in the trace, and whether it could happen.

        A fault could where it can be answered as it was; anything else where it can happen without a fault.
        """
        key = (step.number, *(freeze(values[name]) for name in touched(self._model, step.request)))
        if key not in self._ways:
            self._ways[key] = self._try(step, values)
        return self._ways[key]

    def _try(self, step: CausalStep, values: Mapping[str, Any]) -> tuple[list[tuple[Choice, JointStep]], bool]:
        choice, wanted = step.transition.choice, step.transition.step
        if choice.is_crash:
            crashed = list(steps_of_crash(self._model, _crash(self._model, choice), values))
            return [(choice, each) for each in crashed], bool(crashed)
        joint = list(steps_of(self._model, step.request, values))
        ways = [
            (Choice(choice.process, choice.alternative, branch), each)
            for branch, each in enumerate(joint)
            if each.fault == wanted.fault and freeze(each.outcome) == freeze(wanted.outcome)
        ]
        ways.sort(key=lambda way: way[0].branch != choice.branch)  # as in the trace, where that can be
        return ways, bool(ways) if wanted.fault else any(each.fault is None for each in joint)

    def _may_happen(self, number: int, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
        if self._prop.kind is not Kind.STEP or number < len(self._steps):
            return True
        return self._prop.violation(before, after) is not None
