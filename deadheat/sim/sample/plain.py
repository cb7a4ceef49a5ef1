"""The reference for compiled walks: the same runs, chosen by the same random numbers, one simpy event at a time.

It shares nothing with them but the random numbers and what was measured beforehand; a test holds both to one trace.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from deadheat.sim.explore.compiled.walks import KINDS_MAX
from deadheat.sim.freeze import freeze
from deadheat.sim.learn.tables import Tables
from deadheat.sim.model import Model
from deadheat.sim.operations import Instant
from deadheat.sim.random_words import RandomWords, stream
from deadheat.sim.run.simulation import Simulation, Transition
from deadheat.sim.run.stepping import touched
from deadheat.sim.sample.strategies import CHOOSING, DEPTHS, Strategy
from deadheat.sim.sample.warm_up import Measured
from deadheat.sim.trace import Choice, Schedule, Trace

__all__ = ["PlainRun", "run_plainly"]

Counted = Callable[[int], tuple[int, ...] | None]
"""The thresholds of a packed state that was counted (see `path_counts`)."""


def never_counted(_: int) -> None:
    """Return nothing: no state was counted."""


class PlainRun:
    """One run at work: what its strategy remembers, and the simulation in which it is."""

    def __init__(
        self,
        model: Model,
        strategy: Strategy,
        seed: int,
        run: int,
        measured: Measured,
        depth: int = 0,
        counted: Counted = never_counted,
        tables: Tables | None = None,
    ) -> None:
        self.simulation = Simulation(model)
        self._model = model
        self._strategy = strategy
        self._measured = measured
        self._counted = counted
        self._tables = tables or Tables(model)
        self._state = self._tables.initial()
        self._numbers = {each.name: number for number, each in enumerate(model.processes)}
        self._words = RandomWords(stream(stream(seed, CHOOSING[strategy]), run))
        self._actors = 2 * len(model.processes)
        self._steps = 0
        self._kept = set(model.budgets)
        if strategy is Strategy.SWARM and model.budgets:
            kinds = list(model.budgets)
            self._kept = {self._words.one_of(kinds) for _ in range(self._words.below(KINDS_MAX + 1))}
        if strategy is Strategy.PCT:
            self._draw_ranks(depth or 1 + run % DEPTHS)
        if strategy is Strategy.POS:
            self._priorities = [self._words.word() for _ in range(self._actors)]

    def transitions(self) -> list[Transition]:
        """Return the transitions that are possible, but for faults that this run is to do without."""
        return [each for each in self.simulation.transitions() if self._fault(each) in (None, *self._kept)]

    def choose(self, transitions: Sequence[Transition]) -> Transition:
        """Return the transition that is taken next."""
        if self._strategy is Strategy.PCT:
            return self._by_ranks(transitions)
        if self._strategy is Strategy.POS:
            return self._one_of(transitions, self._first(transitions, self._priorities))
        if self._strategy is Strategy.PATHS:
            return self._by_paths(transitions)
        return self._words.one_of(transitions)

    def take(self, chosen: Transition, transitions: Sequence[Transition]) -> None:
        """Let a transition happen that was chosen among these; what its strategy remembers changes with it."""
        before = dict(self.simulation.values)
        budgets = dict(self.simulation.budgets)
        redrawn = self._in_conflict(chosen, transitions) if self._strategy is Strategy.POS else []
        self.simulation.fire(chosen.choice)
        self._steps += 1
        [after] = {state for each, state in self._tables.choices(self._state) if each.choice == chosen.choice}
        if self._strategy is Strategy.PCT:
            process = self._numbers[chosen.choice.process]
            unchanged = self._state == after and before == self.simulation.values and budgets == self.simulation.budgets
            if unchanged or self._tables.field(after, process) == 0:
                self._lowest -= 1
                self._ranks[self._actor(chosen)] = self._lowest
        for actor in redrawn:
            self._priorities[actor] = self._words.word()
        self._state = after

    def _fault(self, transition: Transition) -> str | None:
        if not transition.choice.is_crash:
            return transition.step.fault
        process = self._model.processes[self._numbers[transition.choice.process]]
        return process.crashes[transition.choice.crash].kind

    def _actor(self, transition: Transition) -> int:
        is_fault = transition.step.fault is not None or transition.choice.is_crash
        return self._numbers[transition.choice.process] + is_fault * len(self._numbers)

    def _first(self, transitions: Sequence[Transition], order: Sequence[int]) -> int:
        return max(dict.fromkeys(map(self._actor, transitions)), key=lambda actor: order[actor])

    def _one_of(self, transitions: Sequence[Transition], *actors: int) -> Transition:
        its = [each for each in transitions if self._actor(each) in actors]
        return self._words.one_of(its) if len(its) > 1 else its[0]

    # Priorities that change at random steps

    def _draw_ranks(self, depth: int) -> None:
        self._lowest = 0
        self._ranks = [depth + actor for actor in range(self._actors)]
        for actor in range(self._actors - 1, 0, -1):
            other = self._words.below(actor + 1)
            self._ranks[actor], self._ranks[other] = self._ranks[other], self._ranks[actor]
        self._changes = [self._words.below(self._measured.length) for _ in range(depth - 1)]

    def _by_ranks(self, transitions: Sequence[Transition]) -> Transition:
        actor = self._first(transitions, self._ranks)
        for rank, step in enumerate(self._changes):
            if step == self._steps:
                self._ranks[actor] = rank
                actor = self._first(transitions, self._ranks)
        return self._one_of(transitions, actor)

    # Priorities of waiting steps

    def _in_conflict(self, chosen: Transition, transitions: Sequence[Transition]) -> list[int]:
        """Return the actors whose waiting step is new, or in conflict with the one chosen."""
        process = self._numbers[chosen.choice.process]
        own = {process, process + len(self._numbers)}
        others = {self._actor(each) for each in transitions if self._conflict(each, chosen)}
        return sorted(own | others)

    def _conflict(self, one: Transition, other: Transition) -> bool:
        return bool(self._written(one) & self._touched(other) or self._written(other) & self._touched(one))

    def _touched(self, transition: Transition) -> set[str]:
        return set(touched(self._model, self._request(transition)))

    def _request(self, transition: Transition) -> Instant:
        if transition.operation is not None:
            return transition.operation
        process = self._model.processes[self._numbers[transition.choice.process]]
        return process.crashes[transition.choice.crash].request

    def _written(self, transition: Transition) -> set[str]:
        values = self.simulation.values
        return {name for name, value in transition.step.values.items() if freeze(value) != freeze(values[name])}

    # Ways to go on

    def _by_paths(self, transitions: Sequence[Transition]) -> Transition:
        thresholds = self._counted(self._state)
        if thresholds is not None:
            drawn = self._words.word()
            return next(
                each for each, limit in zip(transitions, (*thresholds[:-1], 1 << 64), strict=True) if drawn < limit
            )
        processes = list(dict.fromkeys(self._numbers[each.choice.process] for each in transitions))
        left = [self._measured.left.get((each, self._tables.field(self._state, each)), 1) for each in processes]
        drawn = self._words.below(sum(left))
        for process, steps in zip(processes, left, strict=True):
            drawn -= steps
            if drawn < 0:
                return self._one_of(transitions, process, process + len(self._numbers))
        raise AssertionError("a number that is not below the sum")


def run_plainly(run: PlainRun, steps_max: int) -> Trace:
    """Make a run to its end, or to so many steps, and return what happened."""
    choices: list[Choice] = []
    recorder = Simulation(run.simulation.model)
    events = []
    while len(choices) < steps_max and (transitions := run.transitions()):
        chosen = run.choose(transitions)
        choices.append(chosen.choice)
        events.append(recorder.record(chosen.choice))
        run.take(chosen, transitions)
    return Trace(Schedule(tuple(choices)), tuple(events))
