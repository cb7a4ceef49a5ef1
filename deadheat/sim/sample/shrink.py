"""Shrinking: of all the runs that violate a property like one that was found, a least one.

Which of two is the lesser is one total order: fewer faults, then fewer steps, then fewer switches from one process to
another, then the choices themselves, compared as text. Candidates come from three places: steps are left out; the steps
that the run took, and no others, are searched for a shortest way; and so are all steps, breadth first, with each set
of faults that the run has some of, the smallest first (see `shortest`). Each candidate goes through one gate, which
executes it through simpy, and keeps it only if it is the lesser, and violates the property.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice, pairwise
from typing import NamedTuple

from deadheat.sim.errors import ReplayDivergedError, UndecidedError
from deadheat.sim.explain.confirm import violation_of
from deadheat.sim.explore.options import never
from deadheat.sim.learn.lessons import Successor
from deadheat.sim.learn.tables import Tables
from deadheat.sim.learn.watches import Watch, WatchedPart
from deadheat.sim.model import Kind, Model
from deadheat.sim.sample.following import like, owed_from
from deadheat.sim.sample.lasting import Lasting
from deadheat.sim.trace import Choice, Schedule

__all__ = ["Gate", "Shrinker", "order_of", "switches_in"]

NEAR_MAX = 1_500
"""So many states are looked at for a way made of the steps that a run took."""

ON_MAX = 500
"""So many steps has a run that goes on from a schedule at most."""

Order = tuple[int, int, int, tuple[tuple[str, int, int], ...]]


def switches_in(choices: Sequence[Choice]) -> int:
    """Return how often a step is another process's than the one before it."""
    return sum(one.process != other.process for one, other in pairwise(choices))


def order_of(schedule: Schedule, faults: int) -> Order:
    """Return what schedules are compared by; the least is the best."""
    choices = schedule.choices
    text = tuple((each.process, each.alternative, each.branch) for each in choices)
    return faults, len(choices), switches_in(choices), text


class Ran(NamedTuple):
    """A run that violates the property: how many of its steps are faults, and its choices; the lesser is the better."""

    faults: int
    choices: tuple[Choice, ...]

    def __lt__(self, other: tuple[object, ...]) -> bool:
        """Compare by faults, then by length."""
        return isinstance(other, Ran) and (self.faults, len(self.choices)) < (other.faults, len(other.choices))


class Gate:
    """The one way by which a smaller schedule is accepted: it is executed, and violates the property."""

    def __init__(
        self, model: Model, name: str, schedule: Schedule, faults: int, asked: Callable[[], bool] = never
    ) -> None:
        self._asked = asked
        self.best = schedule
        self.faults = faults
        self.attempts = 0
        self._model = model
        self._name = name

    def offer(self, schedule: Schedule, faults: int) -> bool:
        """Execute a schedule, and keep it if it is the lesser and violates the property; return whether it was kept."""
        if order_of(schedule, faults) >= order_of(self.best, self.faults):
            return False
        self.attempts += 1
        try:
            violated = violation_of(self._model, self._name, schedule, self._asked) is not None
        except (ReplayDivergedError, UndecidedError):
            violated = False
        if violated:
            self.best, self.faults = schedule, faults
        return violated


class Shrinker:
    """Shrinks schedules that violate one property of a model."""

    def __init__(
        self,
        model: Model,
        tables: Tables,
        name: str,
        lasting: Lasting | None = None,
        asked: Callable[[], bool] = never,
    ) -> None:
        self._model = model
        self._tables = tables
        self._name = name
        self._watch: Watch = next(each for each in tables.watches if each.property.name == name)
        self._lasting = lasting or Lasting(tables)
        self._asked = asked
        self._numbers = {each.name: number for number, each in enumerate(model.processes)}

    def near(self, schedule: Schedule) -> Gate:
        """Shrink a schedule to what can be made of its own steps; return the gate, with the best of them."""
        gate = Gate(self._model, self._name, schedule, self.faults_in(schedule), self._asked)
        self._offer(gate, self._without(self._stem(gate.best)))
        steps = self._steps_of(gate.best)
        found = self._shortest(steps, gate.faults)
        if found is not None:
            self._offer(gate, found)
        self._straighten(gate)
        return gate

    def far(self, gate: Gate, shortest: Schedule) -> None:
        """Take over a run that somebody else says to be the shortest there is, if it is the lesser."""
        self._offer(gate, self._stem(shortest))
        self._straighten(gate)

    def faults_in(self, schedule: Schedule) -> int:
        """Return how many steps of a schedule are faults."""
        return sum(self.kinds_in(schedule).values())

    def kinds_in(self, schedule: Schedule) -> Mapping[str, int]:
        """Return how often each kind of fault happens in a schedule."""
        kinds: Counter[str] = Counter()
        state = self._tables.initial()
        for choice in schedule.choices:
            successor, state = self._taken(state, choice) or _not_possible()
            if successor.budget:
                kinds.update(self._tables.faults_in(successor.budget))
        return kinds

    def _taken(self, state: int, choice: Choice) -> tuple[Successor, int] | None:
        options = self._tables.choices_of(state, self._numbers[choice.process])
        return next((each for each in options if each[0].choice == choice), None)

    def _stem(self, schedule: Schedule) -> tuple[Choice, ...]:
        return schedule.choices[: schedule.cycle_from]

    def _steps_of(self, schedule: Schedule) -> Mapping[int, Mapping[int, set[Choice]]]:
        """Return the steps of a schedule wherever they are taken: by process, by where that stands."""
        steps: dict[int, dict[int, set[Choice]]] = defaultdict(lambda: defaultdict(set))
        state = self._tables.initial()
        for choice in self._stem(schedule):
            _, after = self._taken(state, choice) or _not_possible()
            number = self._numbers[choice.process]
            steps[number][self._tables.field(state, number)].add(choice)
            state = after
        return steps

    def _offer(self, gate: Gate, choices: tuple[Choice, ...]) -> bool:
        """Offer a way to a violation, with the cycle that makes one of it, if it takes one."""
        state = self._tables.initial()
        for choice in choices:
            found = self._taken(state, choice)
            if found is None:
                return False
            state = found[1]
        schedule = Schedule(choices)
        if self._watch.property.kind is Kind.EVENTUALLY:
            part = next((each for each in self._watch.parts if self._lasts(each, state)), None)
            if part is None:
                return False
            cycle = self._lasting.cycle(part, state)
            schedule = Schedule((*choices, *cycle), cycle_from=len(choices))
        return gate.offer(schedule, self.faults_in(schedule))

    # Candidates

    def _violates(self, before: int, after: int) -> bool:
        """Return whether a run that takes this step violates the property by then."""
        if self._watch.property.kind in (Kind.ALWAYS, Kind.STEP):
            return self._watch.violated_by(before, after)
        return any(self._lasts(part, after) for part in self._watch.parts)

    def _lasts(self, part: WatchedPart, state: int) -> bool:
        return part.violated(state) and self._lasting.violated(part, state)

    def _run(self, choices: Sequence[Choice], steps_max: int = ON_MAX) -> Ran | None:
        """Return the run that follows a schedule, and goes on by owed steps, up to where it violates the property.

        Steps that are not possible are left out, or done without the fault. None where it does not within so many.
        """
        state, taken, faults = self._tables.initial(), list[Choice](), 0
        for successor, after in self._followed(choices):
            if len(taken) == steps_max or self._asked():
                return None
            taken.append(successor.choice)
            faults += bool(successor.budget)
            if self._violates(state, after):
                return Ran(faults, tuple(taken))
            state = after
        return None

    def _followed(self, choices: Sequence[Choice]) -> Iterator[tuple[Successor, int]]:
        state = self._tables.initial()
        for choice in choices:
            found = like(self._tables, state, self._numbers[choice.process], choice)
            if found is not None:
                yield found
                state = found[1]
        yield from owed_from(self._tables, state)

    def _without(self, choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
        """Return what is left of a schedule when whatever can be left out is: faults, then many steps, then few."""
        best = self._run(choices)
        if best is None:
            return choices
        some = self._faulty(best.choices)
        without = self._run([each for number, each in enumerate(best.choices) if number not in some])
        best = min(best, without) if without else best
        at = 0
        while at < len(faulty := self._faulty(best.choices)):
            rest = self._run((*best.choices[: faulty[at]], *best.choices[faulty[at] + 1 :]))
            if rest is not None and rest.faults < best.faults:
                best = rest
            else:
                at += 1
        size = len(best.choices) // 2
        while size:
            at = 0
            while at < len(best.choices):
                rest = self._run((*best.choices[:at], *best.choices[at + size :]), len(best.choices) - 1)
                if rest is not None and rest < best:
                    best = rest
                else:
                    at += size
            size //= 2
        return best.choices

    def _faulty(self, choices: Sequence[Choice]) -> list[int]:
        """Return which steps of a schedule, all of them possible, are faults, counted from 0."""
        steps = islice(self._followed(choices), len(choices))
        return [number for number, (each, _) in enumerate(steps) if each.budget]

    def _shortest(self, steps: Mapping[int, Mapping[int, set[Choice]]], faults_max: int) -> tuple[Choice, ...] | None:
        """Return a shortest way to a violation by these steps, so many faults among them; None if none was met."""
        start = (self._tables.initial(), 0)
        came: dict[tuple[int, int], tuple[tuple[int, int], Choice] | None] = {start: None}
        for node in _growing(came):
            state, faults = node
            for successor, after in self._of_these(steps, state):
                following = (after, faults + bool(successor.budget))
                if following[1] > faults_max:
                    continue
                if self._violates(state, after):
                    return (*_way(came, node), successor.choice)
                if following not in came:
                    came[following] = (node, successor.choice)
            if len(came) > NEAR_MAX or self._asked():
                return None
        return None

    def _of_these(self, steps: Mapping[int, Mapping[int, set[Choice]]], state: int) -> Iterator[tuple[Successor, int]]:
        for process, by_place in steps.items():
            wanted = by_place.get(self._tables.field(state, process))
            if wanted:
                options = self._tables.choices_of(state, process)
                yield from (each for each in options if each[0].choice in wanted)

    def _straighten(self, gate: Gate) -> None:
        """Move steps to where their process took its last one, as long as that makes fewer switches."""
        while not self._asked() and any(self._offer(gate, each) for each in self._straighter(gate)):
            pass

    def _straighter(self, gate: Gate) -> Iterator[tuple[Choice, ...]]:
        choices = self._stem(gate.best)
        for at, choice in enumerate(choices):
            for to in range(at):
                if choices[to].process == choice.process and choices[to + 1].process != choice.process:
                    moved = (*choices[: to + 1], choice, *choices[to + 1 : at], *choices[at + 1 :])
                    ran = self._run(moved, len(choices)) if switches_in(moved) < switches_in(choices) else None
                    if ran is not None and len(ran.choices) == len(choices):
                        yield ran.choices


def _growing(came: dict[tuple[int, int], tuple[tuple[int, int], Choice] | None]) -> Iterator[tuple[int, int]]:
    """Yield the keys of a dictionary that grows meanwhile, in their order."""
    done, waiting = 0, list(came)
    while waiting:
        yield from waiting
        done += len(waiting)
        waiting = list(came)[done:]


def _way(
    came: dict[tuple[int, int], tuple[tuple[int, int], Choice] | None], node: tuple[int, int]
) -> tuple[Choice, ...]:
    choices = []
    while (step := came[node]) is not None:
        node, choice = step
        choices.append(choice)
    return tuple(reversed(choices))


def _not_possible() -> tuple[Successor, int]:
    raise AssertionError("a schedule that was found in the tables and is not in them")
