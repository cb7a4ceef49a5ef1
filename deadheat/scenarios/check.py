"""Checking a scenario: explore it, execute each counterexample again, and say what the verdicts cover."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from deadheat.scenarios import interruption
from deadheat.scenarios.assumptions import NeverKept, assumptions_of, never_kept
from deadheat.scenarios.by_faults import reached_by_faults
from deadheat.scenarios.explosion import Cut, cuts
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.errors import ModelError, UndecidedError
from deadheat.sim.explain.confirm import confirm
from deadheat.sim.explain.starving import Starving, starving_in
from deadheat.sim.explain.way_there import with_way_there
from deadheat.sim.explain.where import Condition, require_known, require_met, watching
from deadheat.sim.explore.explorers import explore
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.results import Exploration, Report
from deadheat.sim.explore.stop import TOO_LARGE
from deadheat.sim.model import Model
from deadheat.sim.run.coverage import Site, sites_of
from deadheat.sim.trace import Trace

__all__ = [
    "INTERRUPTIBLE",
    "CheckResult",
    "Counterexample",
    "Options",
    "Outcome",
    "Verdict",
    "check",
    "check_all",
    "each_checked",
]


INTERRUPTIBLE = SearchOptions(asked=interruption.asked)
"""A search that ends with what it has once somebody has asked for that."""


class Verdict(StrEnum):
    """What a check says of a property.

    VACUOUS: nothing violates it, but something that should happen never does, and it may hold for want of that.
    """

    HOLDS = "holds"
    VIOLATED = "violated"
    VACUOUS = "vacuous"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Options:
    """How to check: how the model is searched, and what counts.

    A verdict is vacuous where no run reached a labelled step, where no run keeps to an assumption, and, if
    `faults_must_fire`, where no run met a fault that was allowed; except for the names in `allow_unreached`.

    Counterexamples are only those `where` these conditions on the order of their steps hold; what holds then says no
    more than that there is none of these.
    """

    search: SearchOptions = INTERRUPTIBLE
    allow_unreached: frozenset[str] = frozenset()
    faults_must_fire: bool = False
    where: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A shortest run that violates a property, executed through simpy; `violation` says how, in a phrase.

    `starving` are the alternatives that are never taken in its cycle, although they could be.
    """

    scenario: Scenario
    property: str
    violation: str
    trace: Trace
    starving: tuple[Starving, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The verdict on one property."""

    property: str
    verdict: Verdict
    counterexample: Counterexample | None = None


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check found.

    `steps_not_reached`, `labels_not_reached` and `faults_not_fired` are what no explored run did; `missed` those labels
    and faults for want of which what holds is vacuous. `assumptions` are those that roles make: what holds, holds of no
    other runs; and `never_kept` those that cut away all runs that come to them, so that it is vacuous, too. `cuts` are
    what would make a space smaller that was too large.
    """

    scenario: Scenario
    outcomes: tuple[Outcome, ...]
    exploration: Exploration
    steps_not_reached: tuple[Site, ...]
    labels_not_reached: tuple[str, ...]
    faults_not_fired: tuple[str, ...]
    missed: tuple[str, ...]
    seconds: float
    assumptions: tuple[str, ...] = ()
    never_kept: tuple[NeverKept, ...] = ()
    cuts: tuple[Cut, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the steps that some run should reach."""
        return self.scenario.subject.labels

    @property
    def otherwise(self) -> tuple[tuple[Outcome, str], ...]:
        """What is not as the protocol says in `expects`, with a sentence each; what it does not name is to hold."""
        expects, of = self.scenario.subject.expects, self.scenario.protocol
        wanted = {each.property: expects.get(each.property, Verdict.HOLDS.value) for each in self.outcomes}
        return tuple(
            (
                each,
                f"{of}: {each.property} is {each.verdict}; expected was {wanted[each.property]}.",
            )
            for each in self.outcomes
            if each.verdict.value != wanted[each.property]
        )

    @property
    def is_whole(self) -> bool:
        """Whether all states were seen: a search that has found every property violated goes no further."""
        undecided = any(each.verdict is not Verdict.VIOLATED for each in self.outcomes)
        return self.exploration.complete and undecided

    @property
    def is_decided(self) -> bool:
        """Whether every property has a verdict: a whole search may be interrupted where it confirms what it found."""
        return self.exploration.complete and all(each.verdict is not Verdict.INCONCLUSIVE for each in self.outcomes)

    @property
    def is_vacuous(self) -> bool:
        """Whether some property holds vacuously."""
        return any(each.verdict is Verdict.VACUOUS for each in self.outcomes)

    def outcome(self, name: str) -> Outcome:
        """Return the outcome for the named property."""
        return next(each for each in self.outcomes if each.property == name)


def check(scenario: Scenario, options: Options = Options(), report: Report | None = None) -> CheckResult:
    """Check a scenario.

    Raises UsageError for an unknown explorer, or symmetry where that is not sound, CheckpointError for a checkpoint of
    something else, ModelError where a protocol breaks a rule of the engine, and InternalError if a counterexample
    cannot be executed again.
    """
    started = time.perf_counter()
    subject = scenario.subject
    model = scenario.model_of(subject)
    if options.where:
        require_known(model, subject.labels, options.where)
    exploration = _explore(watching(model, options.where) if options.where else model, options.search, report)
    unreached = sorted(_all_sites(model) - exploration.reached)
    reached = subject.reached(scenario.evaluations, scenario.budgets, exploration)
    labels = [name for name in subject.labels if name not in reached]
    faults = [kind for kind, budget in scenario.faults if budget and kind not in exploration.faults_fired]
    counted = [*labels, *(faults if options.faults_must_fire else ())]
    cut = never_kept(model, exploration) if unreached else ()
    counted += [each.name for each in cut]
    missed = tuple(name for name in counted if name not in options.allow_unreached)
    if exploration.complete and exploration.counterexamples.keys() < set(scenario.properties):
        by_faults = reached_by_faults(scenario, subject, (each for each in missed if each in labels))
        missed = tuple(name for name in missed if name not in by_faults)
        told = (f"no run reaches {name}; with the fault {kind} some does" for name, kind in by_faults.items())
        exploration = replace(exploration, remarks=(*exploration.remarks, *told))
    holding = Verdict.VACUOUS if missed else Verdict.HOLDS
    outcomes = []
    for name in scenario.properties:
        try:
            outcomes.append(_outcome(scenario, model, exploration, name, holding))
            _require_where(model, outcomes[-1], options.where)
        except UndecidedError as error:
            outcomes.append(Outcome(name, Verdict.INCONCLUSIVE))
            exploration = replace(exploration, remarks=(*exploration.remarks, str(error)))
    is_too_large = exploration.stopped is not None and exploration.stopped.limit in TOO_LARGE
    made_of = exploration.made_of if is_too_large else None
    return CheckResult(
        scenario,
        tuple(outcomes),
        exploration,
        steps_not_reached=tuple(unreached),
        labels_not_reached=tuple(labels),
        faults_not_fired=tuple(faults),
        missed=missed,
        seconds=time.perf_counter() - started,
        assumptions=assumptions_of(model),
        never_kept=cut,
        cuts=cuts(scenario, made_of, options.search) if made_of is not None else (),
    )


def check_all(
    scenarios: Sequence[Scenario], options: Options, jobs: int = 1, report: Report | None = None
) -> Iterator[CheckResult]:
    """Check several scenarios, in `jobs` operating-system processes, and yield the results in their order.

    `report` receives the progress of each search, if there is one process only. What breaks a rule of the engine is
    left out, and the first ModelError raised once all others were yielded.
    """
    broken = None
    for result in each_checked(scenarios, options, jobs, report):
        if isinstance(result, CheckResult):
            yield result
        else:
            broken = broken or result
    if broken is not None:
        raise broken


def _check_or_error(scenario: Scenario, options: Options, report: Report | None = None) -> CheckResult | ModelError:
    try:
        return check(scenario, options, report)
    except ModelError as error:
        return error


def each_checked(
    scenarios: Sequence[Scenario], options: Options, jobs: int = 1, report: Report | None = None
) -> Iterator[CheckResult | ModelError]:
    """Check several scenarios as `check_all` does, and yield what breaks a rule of the engine in its place."""
    if jobs == 1 or len(scenarios) <= 1:
        for scenario in scenarios:
            yield _check_or_error(scenario, options, report)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import active_children

    options = replace(options, search=replace(options.search, cores=1))
    others = set(active_children())
    with ProcessPoolExecutor(
        min(jobs, len(scenarios)), initializer=interruption.listen_in_worker, initargs=(interruption.share(),)
    ) as pool:
        # The composed protocols come last and take longest: begin with them.
        futures = {scenario: pool.submit(_check_or_error, scenario, options) for scenario in reversed(scenarios)}
        try:
            for scenario in scenarios:
                yield futures[scenario].result()
        except BaseException:  # nobody waits for the others any more
            for future in futures.values():
                future.cancel()
            for worker in set(active_children()) - others:
                worker.terminate()
            raise  # the pool waits for its thread: one that is left would be woken, and go, while Python ends


def _explore(model: Model, options: SearchOptions, report: Report | None) -> Exploration:
    try:
        return explore(model, options, report)
    except ModelError as error:
        raise with_way_there(error, model) from error


def _outcome(scenario: Scenario, model: Model, exploration: Exploration, name: str, holding: Verdict) -> Outcome:
    schedule = exploration.counterexamples.get(name)
    if schedule is None:
        return Outcome(name, holding if exploration.complete else Verdict.INCONCLUSIVE)
    trace, violation = confirm(model, name, schedule, interruption.asked)
    starving = starving_in(model, schedule)
    return Outcome(name, Verdict.VIOLATED, Counterexample(scenario, name, violation, trace, starving))


def _require_where(model: Model, outcome: Outcome, where: tuple[Condition, ...]) -> None:
    if outcome.counterexample is not None:
        require_met(model, outcome.counterexample.trace.schedule, where)


def _all_sites(model: Model) -> set[Site]:
    functions: list[Callable[..., Any]] = []
    for process in model.processes:
        if process.is_environment:  # no role of anybody's
            continue
        functions.append(process.role)
        functions.extend(each for each in process.arguments if callable(each))
    return sites_of(functions)
