"""The reference: a model's own simpy processes under a virtual clock, one run at a time.

Whatever can happen has an event in simpy's queue, at the time when it is due; the earliest happens, and what the model
has ended by that is taken back. Nothing is looked up: the roles run, and the components are asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import simpy

from deadheat.sim.errors import InternalError
from deadheat.sim.random_words import stream
from deadheat.sim.run.simulation import Simulation, Transition
from deadheat.sim.timed.graph import Graph, Measures, Timings, clock_of, stream_of
from deadheat.sim.timed.laws import NEVER_NS, Kind, Law, drawn, generator_for, phase_of, way_stream
from deadheat.sim.trace import Choice

__all__ = ["MARKS_MAX", "STEPS_MAX", "Happened", "Run", "run_by_simpy"]

MARKS_MAX = 8
"""How many marks a state can have."""

STEPS_MAX = 1_000_000
"""A run of more steps is taken to have no end."""

Key = tuple[int, int, str, str | None]


@dataclass(frozen=True, slots=True)
class Happened:
    """A step of a run, and when it was, in nanoseconds from the start."""

    at_ns: int
    choice: Choice


@dataclass(frozen=True, slots=True)
class Run:
    """What one run came to: how long each mark was there, which marks were met, of states and of steps, and the calls.

    A mark that is never left takes NEVER_NS.
    """

    spent_ns: tuple[int, ...]
    met: int
    met_by_steps: int
    calls: int
    trace: tuple[Happened, ...]


class _Wait(simpy.Event):
    """One clock: it is over when it is due, unless it was taken back."""

    def __init__(self, env: simpy.Environment, ways: list[Transition], occurrence: int) -> None:
        super().__init__(env)
        self.ways = ways
        self.occurrence = occurrence
        self.is_over = self.never = False
        self._ok, self._value = True, None


class _Clockwork:
    """One run at work."""

    def __init__(self, graph: Graph, timings: Timings, seed: int, number: int, policy: Mapping[Key, int]) -> None:
        self.graph = graph
        self.simulation = Simulation(graph.model)
        self.timings = timings
        self.base = stream(seed, number)
        self.policy = policy
        self.env = simpy.Environment()
        self.waits: dict[Key, _Wait] = {}
        self.laws: dict[Key, Law | None] = {}
        self.occurrences: dict[Key, int] = {}
        self.due: _Wait | None = None

    @property
    def now_ns(self) -> int:
        """The time; simpy does not mind that it is a whole number."""
        return int(self.env.now)

    def stream(self, key: Key) -> int:
        """Return which random numbers a clock takes."""
        return stream_of(self.graph.model.processes[key[0]].name, *key[1:3])

    def possible(self) -> dict[Key, list[Transition]]:
        """Return what is possible now, by its clock: first what needs no fault by chance, then that."""
        names = {each.name: place for place, each in enumerate(self.graph.model.processes)}
        found: dict[Key, list[Transition]] = {}
        by_chance: list[tuple[int, int, Transition]] = []
        for each in self.simulation.transitions():
            running = self.simulation.processes[each.choice.process]
            timing = self.timings(running.process, each, not running.history)
            key = clock_of(names[each.choice.process], each, timing)
            if timing.law is not None and timing.law.kind is Kind.CHANCE:
                by_chance.append((key[0], key[1], each))
                self.laws[key] = timing.law
            else:
                found.setdefault(key, []).append(each)
                self.laws[key] = timing.law
        for process, place, each in by_chance:
            own = next(
                ways for key, ways in found.items() if key[:2] == (process, place) and ways[0].step.fault is None
            )
            own.append(each)
        return found

    def wind(self) -> None:
        """Let every clock run that is to run now, and none else."""
        possible = self.possible()
        for key in [each for each in self.waits if each not in possible]:
            self.waits.pop(key).is_over = True
        for key, ways in possible.items():
            if key in self.waits:
                self.waits[key].ways = ways
                continue
            number = self.stream(key)
            occurrence = self.occurrences.get(key, 0)
            self.occurrences[key] = occurrence + 1
            wait = self.waits[key] = _Wait(self.env, ways, occurrence)
            wait.callbacks.append(self._happen)
            at_ns = self._drawn(key, number, occurrence)
            wait.never = at_ns == NEVER_NS
            if not wait.never:
                self.env.schedule(wait, priority=key[:3], delay=at_ns - self.now_ns)  # type: ignore[arg-type]

    def _drawn(self, key: Key, number: int, occurrence: int) -> int:
        law = self.laws[key]
        if law is None:
            raise InternalError(f"The step {key[2]!r} has no law, and is simulated.")
        phase_ns = phase_of(self.base, number, law.first) if law.kind is Kind.PERIODIC else 0
        return drawn(law, generator_for(self.base, number, occurrence), self.now_ns, phase_ns)

    def _happen(self, wait: _Wait) -> None:
        if not wait.is_over:
            self.due = wait

    def next(self) -> Transition | None:
        """Let time pass until something happens, and return that; None if nothing does any more."""
        self.due = None
        while self.due is None:
            try:
                self.env.step()
            except simpy.core.EmptySchedule:
                return None
        key = next(each for each, wait in self.waits.items() if wait is self.due)
        for each in [each for each in self.waits if each[0] == key[0]]:
            self.waits.pop(each).is_over = True
        return self._way(key, self.due)

    def _way(self, key: Key, wait: _Wait) -> Transition:
        ways = wait.ways
        chances = [self._chance(each) for each in ways]
        if len(ways) == 1:
            return ways[0]
        if all(each is None for each in chances):
            return ways[min(self.policy.get(key, 0), len(ways) - 1)]
        met = [each for each in chances if each is not None]
        left = generator_for(self.base, way_stream(self.stream(key)), wait.occurrence).unit() - (1.0 - sum(met))
        if left < 0.0:
            return ways[0]
        for transition, chance in zip(ways[1:], met, strict=True):
            left -= chance
            if left < 0.0:
                return transition
        return ways[-1]

    def _chance(self, transition: Transition) -> float | None:
        running = self.simulation.processes[transition.choice.process]
        law = self.timings(running.process, transition, not running.history).law
        return law.first if law is not None and law.kind is Kind.CHANCE else None


def run_by_simpy(
    graph: Graph,
    timings: Timings,
    measures: Measures,
    is_over: Mapping[frozenset[int], tuple[bool, ...]],
    seed: int,
    number: int,
    policy: Mapping[Key, int] | None = None,
) -> Run:
    """Run a model once, from its start until nothing that is measured can change any more.

    When that is, is said of the graph's states, by the clocks that have turned out never to come (`is_over`).
    """
    work = _Clockwork(graph, timings, seed, number, policy or {})
    processes = {each.name: each for each in graph.model.processes}
    numbers = {clock.order: place for place, clock in enumerate(graph.clocks)}
    spent, met, met_by_steps, calls = [0] * MARKS_MAX, 0, 0, 0
    trace: list[Happened] = []
    state = 0
    while True:
        marks = graph.marks[state]
        if measures.of_state(work.simulation.values) & ~marks:
            raise InternalError(
                "A run is not in the state of its graph. This is a defect of deadheat: please report it."
            )
        met |= marks
        work.wind()
        never = frozenset(numbers[key[:3]] for key, wait in work.waits.items() if wait.never)
        if is_over[never][state]:
            break
        before = work.now_ns
        transition = work.next()
        took = (work.now_ns - before) if transition is not None else NEVER_NS
        spent = [min(each + took, NEVER_NS) if marks >> place & 1 else each for place, each in enumerate(spent)]
        if transition is None:
            break
        values = dict(work.simulation.values)
        counted = measures.of_step(
            processes[transition.choice.process], transition, values, {**values, **transition.step.values}
        )
        met_by_steps |= counted.marks
        calls += counted.calls
        work.simulation.fire(transition.choice)
        trace.append(Happened(work.now_ns, transition.choice))
        state = next(
            branch.target
            for _, branches in graph.enabled[state]
            for branch in branches
            if branch.choice == transition.choice
        )
        if len(trace) >= STEPS_MAX:
            raise InternalError("A run has no end.")
    return Run(tuple(spent), met, met_by_steps, calls, tuple(trace))
