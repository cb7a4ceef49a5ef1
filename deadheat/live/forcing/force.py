"""Forces a schedule on real servers, step by step, beside the model: each outcome must be the model's.

The model runs in lockstep, so the comparison needs no recorded text: what a step should do, and what it did, are both
values. Two kinds of value are made up by the real servers, the uid of a Job and the text of a token; they count as
equal to the model's by the order in which they were made.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deadheat.live.adapters.base import BlockedError, NotHereError
from deadheat.live.adapters.kubernetes import KubernetesAdapter
from deadheat.live.forcing.director import Done, Release
from deadheat.live.forcing.stage import Stage
from deadheat.models.components.kubernetes import JobReference
from deadheat.sim.errors import InternalError, LiveError
from deadheat.sim.freeze import freeze
from deadheat.sim.model import Model
from deadheat.sim.operations import Atomic, Block, Instant
from deadheat.sim.render import render
from deadheat.sim.run.simulation import Simulation, Transition
from deadheat.sim.trace import Choice, Schedule

__all__ = ["Difference", "Forced", "force"]


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the real servers did something else than the model, as text. `step` counts from 1."""

    step: int
    expected: str
    got: str


@dataclass(frozen=True, slots=True)
class Forced:
    """What came of a schedule: how many steps were made, the difference if there was one, and the observed ends.

    `before` and `after` are what the servers said before and after the last step, as values of the components; of
    those that are `unobserved`, because nobody can ask them, it is what the model says. `overheads_s` is how long each
    step took beyond the time of the servers.
    """

    steps: int
    difference: Difference | None
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    overheads_s: tuple[float, ...]
    unobserved: frozenset[str] = frozenset()


class Names:
    """What the real servers call that which the model calls otherwise."""

    def __init__(self, kubernetes: KubernetesAdapter | None) -> None:
        self._kubernetes = kubernetes
        self._numbers = kubernetes.numbers if kubernetes is not None else {}
        self._made: dict[str, Any] = {}

    def learn(self, expected: Any, got: Any) -> None:
        """Remember what the model calls that which a server has made up, such as a token."""
        if isinstance(got, str):
            self._made.setdefault(got, expected)

    def to_model(self, value: Any) -> Any:
        """Return a value of the real servers as the model would have it."""
        if isinstance(value, int) and not isinstance(value, bool):
            return self._numbers.get(value, value)
        if isinstance(value, str):
            return self._made.get(value, value)
        if isinstance(value, tuple):
            items = [self.to_model(each) for each in value]
            return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
        return value

    def to_real(self, wish: Any) -> Any:
        """Return an outcome that is wished for with the uids that Jobs really have."""
        if isinstance(wish, JobReference) and self._kubernetes is not None:
            return wish._replace(uid=self._kubernetes.real_uid(wish.evaluation, wish.uid)) if wish.evaluation else wish
        if type(wish) is tuple:
            return tuple(map(self.to_real, wish))
        return wish


def force(model: Model, schedule: Schedule, stage: Stage, *, as_far_as_here: bool = False) -> Forced:
    """Make a schedule happen on the servers, with the processes on a stage, and return what came of it.

    If `as_far_as_here`, it ends before a step that cannot be on a server of this kind at that point.

    Raises InternalError if the model itself cannot make the schedule; LiveError if a server refuses or fails. That one
    does not do in time what the model says it can is a difference.
    """
    try:
        stage.start(model.processes)
        return _Run(model, stage).force(schedule, as_far_as_here)
    finally:
        stage.stop()


class _Run:
    """A model and real processes in lockstep."""

    def __init__(self, model: Model, stage: Stage) -> None:
        self._simulation = Simulation(model)
        self._stage = stage
        self._names = Names(stage.adapters.kubernetes)
        self._overheads_s: list[float] = []

    def force(self, schedule: Schedule, as_far_as_here: bool) -> Forced:
        before: Mapping[str, Any] = {}
        made = len(schedule.choices)
        for number, choice in enumerate(schedule.choices, start=1):
            if number == len(schedule.choices):
                before = {**self._simulation.values, **self._stage.adapters.observe()}
            try:
                difference = self._step(number, choice)
            except NotHereError:
                if not as_far_as_here:
                    raise
                made = number - 1
                break
            if difference is not None:
                return Forced(number - 1, difference, before, {}, tuple(self._overheads_s))
        observed = self._stage.adapters.observe()
        difference = self._end_difference(made, observed)
        values = self._simulation.values
        after, unobserved = {**values, **observed}, frozenset(values.keys() - observed.keys())
        return Forced(made, difference, before, after, tuple(self._overheads_s), unobserved)

    def _step(self, number: int, choice: Choice) -> Difference | None:
        started = time.perf_counter()
        transition = self._transition(number, choice)
        pending = self._stage.pending(choice.process)
        if choice.is_crash:
            process = self._simulation.processes[choice.process].process
            done = self._stage.crash(process, process.crashes[choice.crash])
        else:
            expected = transition.operation
            if len(pending) <= choice.alternative or self._names.to_model(_plain(pending[choice.alternative])) != (
                _plain(expected)
            ):
                got = " or ".join(map(str, pending)) or "nothing"
                return Difference(number, f"{choice.process} asks for {expected}", f"it asks for {got}")
            step = transition.step
            release = Release(choice.alternative, step.fault, self._names.to_real(step.outcome))
            self._stage.adapters.foresee(step.values)
            done = self._stage.director.release(choice.process, release)
            difference = self._outcome_difference(number, transition, done)
            if difference is not None:
                return difference
        self._simulation.fire(choice)
        self._overheads_s.append(time.perf_counter() - started - done.real_s)
        return None

    def _transition(self, number: int, choice: Choice) -> Transition:
        for transition in self._simulation.transitions():
            if transition.choice == choice:
                return transition
        raise InternalError(f"The model cannot make step {number} of its own schedule, by {choice.process}.")

    def _outcome_difference(self, number: int, transition: Transition, done: Done) -> Difference | None:
        expected = transition.step.outcome
        what = f"{transition.choice.process}: {done.operation}"
        if isinstance(done.error, NotHereError) or (done.error and not isinstance(done.error, BlockedError)):
            raise done.error  # a server that refuses or fails has not done otherwise than the model
        if done.error is not None:
            return Difference(number, f"{what} = {render(expected)}", str(done.error))
        if self._stage.adapters.makes_names(done.operation):
            self._names.learn(expected, done.outcome)
        got = self._names.to_model(done.outcome)
        if freeze(got) == freeze(expected):
            return None
        return Difference(number, f"{what} = {render(expected)}", render(got))

    def _end_difference(self, number: int, observed: Mapping[str, Any]) -> Difference | None:
        """Return the first component that ended otherwise than the model says."""
        for name, value in observed.items():
            if name not in self._simulation.values:
                raise LiveError(
                    f"An adapter has observed {name!r}, and there is no such component; name it as here: "
                    f"{', '.join(self._simulation.values)}."
                )
            expected = self._simulation.values[name]
            comparable = self._stage.adapters.comparable
            if freeze(comparable(name, expected)) != freeze(self._names.to_model(comparable(name, value))):
                describe = self._simulation.model.component(name).describe
                return Difference(number, f"in the end, {name}: {describe(expected)}", describe(value))
        return None


def _plain(operation: Instant | None) -> tuple[Any, ...]:
    if operation is None or isinstance(operation, Block):
        return ()
    if isinstance(operation, Atomic):
        return tuple(_plain(each) for each in operation.operations)
    return (operation.component, operation.name, operation.arguments)
