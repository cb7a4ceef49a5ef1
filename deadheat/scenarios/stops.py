"""A stop of a rollout: some roles are new already, and of some there are old and new replicas at one time.

    baseline%request-token%worker            the worker is new, all else is old
    baseline%request-token%worker%dispatch   and the dispatcher is either
    baseline%request-token%%worker,cancel    nothing is new for good, and these two are either

are references like any others: a trace of a counterexample names its stop by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from typing import NamedTuple

from deadheat.models.side_by_side import Alike, Roles, alike, as_before, side_by_side
from deadheat.models.system import Protocol
from deadheat.models.translation import Translation
from deadheat.scenarios import catalogue
from deadheat.scenarios.catalogue import BETWEEN
from deadheat.scenarios.check import Counterexample
from deadheat.scenarios.subject import Subject
from deadheat.sim.errors import UsageError, unknown_name
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.results import Exploration
from deadheat.sim.explore.system import transition_system
from deadheat.sim.freeze import Same
from deadheat.sim.model import UNLIMITED, Model
from deadheat.sim.run.either import version_met
from deadheat.sim.run.environment import RunningProcess
from deadheat.sim.run.simulation import Simulation

__all__ = ["NEW", "OLD", "OfStop", "Pair", "Stop", "pair_of", "stop_named", "with_versions"]

OLD, NEW = "(old)", "(new)"
"""How a timeline says which version a process is."""


class Stop(NamedTuple):
    """Which roles are new, and of which there are both; all others are old."""

    new: tuple[str, ...] = ()
    mixed: tuple[str, ...] = ()

    @property
    def parts(self) -> str:
        """The stop, as the end of a reference."""
        return BETWEEN.join([",".join(self.new), *([",".join(self.mixed)] if self.mixed else [])])


@dataclass(frozen=True)
class Pair:
    """An old version and a new one, brought to one form, and the roles in which they differ.

    `by_itself` are the two with their own components, where both together have others. `translation` stands between
    the old one and the servers. Properties with `two_readings` are judged twice (`as_before`).
    """

    old: Subject
    new: Subject
    roles: Roles
    by_itself: tuple[Subject, Subject]
    translation: Translation
    two_readings: frozenset[str] = frozenset()

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The labels that both have."""
        before = self.old.labels
        return tuple(each for each in self.new.labels if each in before)

    def at_work(self, evaluations: int, budgets: Mapping[str, int]) -> Roles:
        """Return those of the roles that have anything to do under these budgets of faults."""
        models = (each.model(evaluations, budgets, quiet=False) for each in (self.old, self.new))
        return self.roles.among({self.roles.of(each) for model in models for each in model.processes})

    def model(self, stop: Stop, evaluations: int, budgets: Mapping[str, int], quiet: bool) -> Model:
        """Return the model of a stop."""
        old, new = (each.model(evaluations, budgets, quiet) for each in (self.old, self.new))
        return side_by_side(old, new, self.roles, stop.new, stop.mixed, self.translation, self.two_readings)

    def require_same_servers(self, count: int, budgets: Mapping[str, int], states_max: int) -> bool:
        """Raise UsageError where a version does something else on the servers of both than on its own.

        Returns whether that was decided, at so many evaluations or keys and within so many states.
        """
        decided = True
        for its_own, stop in zip(self.by_itself, (Stop(), Stop(self.roles.names)), strict=True):
            alone, there = (each(count, budgets, quiet=False) for each in (its_own.model, partial(self.model, stop)))
            others = [name for name, each in alone.components.items() if type(each) is not type(there.components[name])]
            if not others:
                continue
            properties = alone.properties  # as this version means them, read off the servers of both
            if its_own is self.by_itself[0]:
                properties = tuple(map(self.translation.property, properties))
            systems = [
                transition_system(each, SearchOptions(states_max))
                for each in (alone, replace(there, properties=properties))
            ]
            if None in systems:
                decided = False
            elif len({each.fingerprint() for each in systems if each is not None}) > 1:
                kinds = (type(each.components[others[0]]).__name__ for each in (alone, there))
                raise UsageError(
                    f"The component {others[0]!r} is {' of one version and '.join(kinds)} for both, which does "
                    "something else for it, so the two have no servers in common; let both have one class first."
                )
        return decided

    def require(self, stop: Stop) -> None:
        """Raise UsageError for a stop with a role that does not differ, or that is there twice."""
        for name in (*stop.new, *stop.mixed):
            if name not in self.roles.names:
                raise unknown_name("role that differs", name, self.roles.names)
        for name in stop.mixed:
            if name in stop.new or name not in self.roles.mixable:
                raise UsageError(
                    f"The role {name!r} cannot be old and new at one time: it is new already, or only in one of the "
                    "two; leave it out of those that are mixed."
                )


@dataclass(frozen=True)
class OfStop(Subject):
    """What is at work at one stop."""

    grows_with_faults = True

    pair: Pair
    stop: Stop

    @property
    def faults(self) -> Mapping[str, bool]:
        """Those of both."""
        before, after = self.pair.old.faults, self.pair.new.faults
        return {kind: before.get(kind, False) or after.get(kind, False) for kind in (*before, *after)}

    @property
    def meanings(self) -> Mapping[str, str]:
        """What these mean."""
        return {**self.pair.old.meanings, **self.pair.new.meanings}

    @property
    def properties(self) -> Mapping[str, str]:
        """Those of both; one that they define otherwise is there twice."""
        before = {
            as_before(name) if name in self.pair.two_readings else name: meaning
            for name, meaning in self.pair.old.properties.items()
        }
        return {**before, **self.pair.new.properties}

    @property
    def budgets(self) -> Mapping[str, int]:
        """The faults under which either is judged, as many as either allows."""
        both = (self.pair.old.budgets, self.pair.new.budgets)
        found: dict[str, int] = {}
        for kind, budget in (item for each in both for item in each.items()):
            found[kind] = UNLIMITED if UNLIMITED in (budget, found.get(kind)) else max(budget, found.get(kind, 0))
        return found

    @property
    def quiet(self) -> bool:
        """Whether faults stop for either."""
        return self.pair.old.quiet or self.pair.new.quiet

    @property
    def labels(self) -> tuple[str, ...]:
        """Those that both have: a step of one of them need not be there yet, or any more."""
        return self.pair.labels

    @property
    def steps_and_faults(self) -> tuple[str, ...]:
        """Those of both."""
        return tuple(dict.fromkeys((*self.pair.old.steps_and_faults, *self.pair.new.steps_and_faults)))

    def size(self, evaluations: int) -> str:
        """Return how large the new one is."""
        return self.pair.new.size(evaluations)

    def model(self, evaluations: int, budgets: Mapping[str, int], quiet: bool) -> Model:
        """Return the model of the stop."""
        return self.pair.model(self.stop, evaluations, budgets, quiet)

    def reached(self, evaluations: int, budgets: Mapping[str, int], exploration: Exploration) -> frozenset[str]:
        """Return the labels of the steps that some run made."""
        return self.pair.new.reached(evaluations, budgets, exploration)


def pair_of(old: str, new: str) -> Pair:
    """Return the pair of what two references stand for; raises UsageError where neither can take the other's place."""
    if old == new:
        raise UsageError(f"{old} is given twice, and there is nothing to roll out; give what is there, and what comes.")
    found = tuple(catalogue.find(each) for each in (old, new))
    return _pair(*map(Same, found))


def with_versions(counterexample: Counterexample) -> Counterexample:
    """Return a counterexample in which each process of a role that is rolled out is named with its version."""
    subject = counterexample.scenario.subject
    if not isinstance(subject, OfStop):
        return counterexample
    scenario, trace = counterexample.scenario, counterexample.trace
    simulation = Simulation(replace(scenario, properties=(counterexample.property,)).model_of(subject))
    events = []
    for choice, event in zip(trace.schedule.choices, trace.events, strict=True):
        version = _version(subject, simulation.processes[choice.process], max(choice.alternative, 0))
        simulation.fire(choice)
        events.append(event if version is None else replace(event, process=f"{event.process} {version}"))
    return replace(counterexample, trace=replace(trace, events=tuple(events)))


def _version(subject: OfStop, running: RunningProcess, alternative: int) -> str | None:
    role = subject.pair.roles.of(running.process)
    if role is None:
        return None
    met = version_met(running.generator, alternative) if running.generator is not None else None
    is_new = role in subject.stop.new if met is None else met == 1
    return NEW if is_new else OLD


@lru_cache(maxsize=8)
def _pair(old: Same, new: Same) -> Pair:
    from deadheat.scenarios.subjects import OfDesign, OfEvaluations

    brought: Alike = alike(old.value, new.value)
    kind = OfEvaluations if isinstance(brought.new, Protocol) else OfDesign
    by_itself = tuple(map(kind, brought.by_itself))
    return Pair(
        kind(brought.old),
        kind(brought.new),
        brought.roles,
        (by_itself[0], by_itself[1]),
        brought.translation,
        brought.two_readings,
    )


def stop_named(reference: str) -> OfStop:
    """Return the stop that a reference names; raises UsageError where there is none of that name."""
    old, new, *parts = reference.split(BETWEEN)
    if not parts or len(parts) > 2:
        raise UsageError(
            f"{reference!r} names no stop of a rollout; write FROM{BETWEEN}TO{BETWEEN}NEW{BETWEEN}MIXED, such as "
            f"baseline{BETWEEN}request-token{BETWEEN}worker{BETWEEN}dispatch."
        )
    pair = pair_of(old, new)
    stop = Stop(*(tuple(each for each in part.split(",") if each) for part in parts))
    pair.require(stop)
    return OfStop(pair, stop)
