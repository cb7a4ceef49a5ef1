"""Fuzzing a scenario: runs drawn at random until enough was found, or time is up; what is found is shrunk.

It never says that a property holds: what no run has violated is inconclusive.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from deadheat.scenarios import interruption
from deadheat.scenarios.check import Counterexample, Verdict
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.counting import counted
from deadheat.sim.errors import ModelError, UndecidedError
from deadheat.sim.explain.confirm import confirm
from deadheat.sim.explain.starving import starving_in
from deadheat.sim.explain.way_there import with_way_there
from deadheat.sim.explore.compiled.compiling import seconds_spent
from deadheat.sim.explore.every_step import asking_every_step
from deadheat.sim.learn.growth import SUSPICIOUS
from deadheat.sim.model import Model
from deadheat.sim.random_words import stream
from deadheat.sim.sample.causes import Cause, cause_of
from deadheat.sim.sample.nearest import Parting, nearest_that_holds
from deadheat.sim.sample.portfolio import ALL, HANDED_MAX, Portfolio
from deadheat.sim.sample.shortest import shortest_runs
from deadheat.sim.sample.shrink import Gate, Shrinker, switches_in
from deadheat.sim.sample.strategies import Strategy
from deadheat.sim.sample.walker import STEPS_MAX
from deadheat.sim.sample.worth import Worth, worth_of
from deadheat.sim.trace import Schedule

__all__ = ["FuzzOptions", "FuzzResult", "Fuzzed", "Shrunk", "fuzz"]

SHRUNK_MAX = 12
"""So many failures of a property are shrunk, to tell their causes apart."""

SCHEDULES, SECONDS = 50_000, 10.0

TO_SHRINK, TO_SHRINK_S = 0.5, 6.0
"""So large a part of all time is kept for shrinking once something was found, and no more than so many seconds."""

PATIENCE_S = 3.0
"""So many seconds after a Ctrl-C, what was found is still executed, to be shown: else it would be lost."""

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class FuzzOptions:
    """How runs are drawn, and when to stop: after so many, after so many seconds, or once everything was found often.

    A seed, and the number of `jobs`, determine which runs are made; a clock only, how many of them.
    """

    strategies: tuple[Strategy, ...] = ALL
    depth: int = 0
    schedules: int = SCHEDULES
    seconds: float = SECONDS
    seed: int = 0
    steps_max: int = STEPS_MAX
    known: tuple[tuple[str, Schedule], ...] = ()
    """Schedules to begin with, such as those of earlier failures, each with a name."""


@dataclass(frozen=True, slots=True)
class Shrunk:
    """A failure, shrunk and executed; `count` of those that were shrunk had its cause.

    `parting` is the nearest run that holds, where one of those tried does.
    """

    counterexample: Counterexample
    cause: Cause
    count: int
    faults: int
    switches: int
    parting: Parting | None


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """What was found of one property: its failures, each cause once, the least first.

    `strategy` has found the first of them, after so many `schedules` and `steps`; where none was found, these are those
    that were made. `violated_in` so many runs it was violated.
    """

    name: str
    failures: tuple[Shrunk, ...]
    strategy: str
    schedules: int
    steps: int
    seconds: float
    violated_in: int = 0

    @property
    def verdict(self) -> Verdict:
        """Violated, or inconclusive."""
        return Verdict.VIOLATED if self.failures else Verdict.INCONCLUSIVE


@dataclass(frozen=True, slots=True)
class FuzzResult:
    """What fuzzing a scenario has found, and what it was worth."""

    scenario: Scenario
    options: FuzzOptions
    outcomes: tuple[Fuzzed, ...]
    schedules: int
    steps: int
    seconds: float
    worth: Worth
    last_new: int
    by_strategy: dict[str, int] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    jobs: int = 1

    @property
    def is_violated(self) -> bool:
        """Whether anything was found."""
        return any(each.failures for each in self.outcomes)


def silent(_: str) -> None:
    """Tell nobody."""


def fuzz(
    scenario: Scenario, options: FuzzOptions = FuzzOptions(), jobs: int = 1, report: Report = silent
) -> FuzzResult:
    """Draw runs of a scenario, in so many operating-system processes.

    Raises ModelError where a protocol breaks a rule of the engine, and InternalError if a failure cannot be executed.
    """
    if jobs == 1:
        return _fuzz_alone(scenario, options, report)
    from concurrent.futures import ProcessPoolExecutor

    shares = [options.schedules // jobs + (job < options.schedules % jobs) for job in range(jobs)]
    each = [
        replace(options, schedules=share, seed=stream(options.seed, job)) for job, share in enumerate(shares) if share
    ]
    interruption.asked()  # from here on it is heeded
    with ProcessPoolExecutor(
        len(each), initializer=interruption.listen_in_worker, initargs=(interruption.share(),)
    ) as pool:
        results = list(pool.map(partial(_fuzz_alone, scenario), each))
    return _together(scenario, options, results)


def _together(scenario: Scenario, options: FuzzOptions, results: Sequence[FuzzResult]) -> FuzzResult:
    """Return what several processes found as one; what it was worth is told of the one that saw most."""
    most = max(results, key=lambda each: each.worth.states)
    outcomes = []
    for number in range(len(results[0].outcomes)):
        found = [each.outcomes[number] for each in results]
        first = min((each for each in found if each.failures), key=lambda each: each.schedules, default=None)
        made = Fuzzed(
            found[0].name,
            (),
            found[0].strategy,
            sum(each.schedules for each in found),
            sum(each.steps for each in found),
            max(each.seconds for each in found),
        )
        merged = _distinct([failure for each in found for failure in each.failures])
        violated_in = sum(each.violated_in for each in found)
        outcomes.append(replace(first, failures=merged, violated_in=violated_in) if first else made)
    return replace(
        most,
        scenario=scenario,
        options=options,
        outcomes=tuple(outcomes),
        schedules=sum(each.schedules for each in results),
        steps=sum(each.steps for each in results),
        seconds=max(each.seconds for each in results),
        remarks=tuple(dict.fromkeys(remark for each in results for remark in each.remarks)),
        jobs=len(results),
    )


def _fuzz_alone(scenario: Scenario, options: FuzzOptions, report: Report = silent) -> FuzzResult:
    model = scenario.model_of(scenario.subject)
    try:
        return _fuzzed(model, scenario, options, report)
    except ModelError as error:
        raise with_way_there(error, model) from error


class Clock:
    """How much time is used, and whether it is up: what was compiled meanwhile, at the first use, does not count."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._began, self._compiled = time.perf_counter(), seconds_spent()
        self._interrupted_at: float | None = None

    @property
    def elapsed(self) -> float:
        """The seconds since it was made."""
        return time.perf_counter() - self._began - (seconds_spent() - self._compiled)

    def is_up(self) -> bool:
        """Return whether all time is used, or somebody has asked for an end."""
        return self.elapsed >= self._seconds or interruption.asked()

    def is_patience_over(self) -> bool:
        """Return whether somebody has asked for an end, and waited for what is to be executed at last."""
        if not interruption.asked():
            return False
        if self._interrupted_at is None:
            self._interrupted_at = time.perf_counter()
        return time.perf_counter() - self._interrupted_at > PATIENCE_S

    def is_time_to_shrink(self) -> bool:
        """Return whether what is left is needed to shrink what was found."""
        return self.elapsed >= self._seconds - min(self._seconds * TO_SHRINK, TO_SHRINK_S) or interruption.asked()


@asking_every_step
def _fuzzed(model: Model, scenario: Scenario, options: FuzzOptions, report: Report) -> FuzzResult:
    clock = Clock(options.seconds)
    portfolio = Portfolio(model, options.seed, options.strategies, options.depth, options.steps_max, clock.is_up)
    remarks = [_begun_with(portfolio, name, schedule) for name, schedule in options.known]
    names = [each.name for each in model.properties]
    found_after: dict[str, float] = {}

    def is_over() -> bool:
        return clock.is_time_to_shrink() if portfolio.found else clock.is_up()

    while portfolio.runs < options.schedules and not _is_enough(portfolio, names) and not is_over():
        portfolio.go_on(options.schedules - portfolio.runs, is_over)
        elapsed = clock.elapsed
        for each in portfolio.found:
            found_after.setdefault(each.failure.property, elapsed)
        report(
            f"{counted(portfolio.runs, 'schedule')}, {portfolio.walker.steps / elapsed:,.0f} steps/s, "
            f"{counted(portfolio.walker.states, 'state')}, {len(found_after)} of {len(names)} properties violated"
        )
    seconds = clock.elapsed
    if portfolio.runs < options.schedules and not _is_enough(portfolio, names):
        remarks.append(f"{_why()} after {portfolio.runs:,} of {counted(options.schedules, 'schedule')}")
        grown = portfolio.tables.growing(SUSPICIOUS)
        remarks += [f"{grown}, and may have no bound"] if grown else []
    report("shrinking what was found")
    shrunk, undecided = _all_shrunk(scenario, portfolio, names, clock)
    remarks += undecided
    outcomes = []
    for name in names:
        first = next((each for each in portfolio.found if each.failure.property == name), None)
        failures = shrunk.get(name, ())
        if first is None or not failures:
            by = options.strategies[0].value if len(options.strategies) == 1 else "portfolio"
            outcomes.append(Fuzzed(name, (), by, portfolio.runs, portfolio.walker.steps, seconds))
        else:
            outcomes.append(
                Fuzzed(
                    name,
                    failures,
                    first.failure.strategy.value,
                    first.runs,
                    first.steps,
                    found_after.get(name, seconds),
                    portfolio.counts().get(name, 0) or 1,
                )
            )
    portfolio.tables.verify_purity()
    if portfolio.walker.lasting.truncated:
        remarks.append("What lasts was looked at only in part, in states from which too many others can be reached")
    return FuzzResult(
        scenario,
        options,
        tuple(outcomes),
        portfolio.runs,
        portfolio.walker.steps,
        seconds,
        worth_of(portfolio.walker),
        portfolio.last_new,
        portfolio.by_strategy(),
        tuple(remark for remark in remarks if remark),
    )


def _why() -> str:
    """Return why there was an end before all was done."""
    return "It was interrupted" if interruption.asked() else "Time was up"


def _begun_with(portfolio: Portfolio, name: str, schedule: Schedule) -> str:
    """Let a recorded schedule be followed as far as it goes; return a remark on where it no longer applies."""
    followed = portfolio.follow(schedule)
    if followed == len(schedule.choices):
        return ""
    return (
        f"{name} no longer applies from step {followed + 1} on, of {len(schedule.choices)}; it was followed up to there"
    )


def _is_enough(portfolio: Portfolio, names: Sequence[str]) -> bool:
    counts = portfolio.counts()
    return bool(names) and all(counts.get(name, 0) >= HANDED_MAX for name in names)


def _all_shrunk(
    scenario: Scenario, portfolio: Portfolio, names: Sequence[str], clock: Clock
) -> tuple[dict[str, tuple[Shrunk, ...]], list[str]]:
    """Shrink the failures of each property, and return each cause once, with remarks on what was left undone.

    What there is time for comes in turn: one failure of each property, then the shortest way to each, then the others.
    """
    shrinkers = {
        name: Shrinker(portfolio.model, portfolio.tables, name, portfolio.walker.lasting, clock.is_up)
        for name in names
        if any(each.failure.property == name for each in portfolio.found)
    }
    gates: dict[str, list[Gate]] = {name: [] for name in shrinkers}
    for number in range(SHRUNK_MAX):
        for name, shrinker in shrinkers.items():
            found = [each.failure for each in portfolio.found if each.failure.property == name]
            if number < len(found) and (number == 0 or not clock.is_up()):
                gates[name].append(shrinker.near(found[number].schedule))
        if number == 0:
            _shorten(portfolio.model, shrinkers, gates, clock)
    shrunk: dict[str, tuple[Shrunk, ...]] = {}
    remarks = [f"{_why()} before all of it was shrunk"] if gates and clock.is_up() else []
    for name, its in gates.items():
        made = []
        for schedule, count in Counter(gate.best for gate in its).items():
            try:
                made.append(_shrunk(scenario, portfolio, shrinkers[name], name, schedule, count, clock))
            except UndecidedError as error:
                remarks.append(str(error))
        shrunk[name] = _distinct(made)
    return shrunk, remarks


def _shorten(model: Model, shrinkers: dict[str, Shrinker], gates: dict[str, list[Gate]], clock: Clock) -> None:
    """Look for a shortest run that violates each property, with no more faults than the first of its failures has."""
    faults = {name: shrinkers[name].kinds_in(gate.best) for name, [gate] in gates.items()}
    for name, schedule in shortest_runs(model, faults, clock.is_up):
        shrinkers[name].far(gates[name][0], schedule)


def _shrunk(
    scenario: Scenario,
    portfolio: Portfolio,
    shrinker: Shrinker,
    name: str,
    schedule: Schedule,
    count: int,
    clock: Clock,
) -> Shrunk:
    model = portfolio.model
    trace, violation = confirm(model, name, schedule, clock.is_patience_over)
    counterexample = Counterexample(scenario, name, violation, trace, starving_in(model, schedule))
    return Shrunk(
        counterexample,
        cause_of(model, name, schedule),
        count,
        shrinker.faults_in(schedule),
        switches_in(schedule.choices),
        nearest_that_holds(portfolio.tables, name, schedule, portfolio.walker.lasting, clock.is_up),
    )


def _distinct(shrunk: Sequence[Shrunk]) -> tuple[Shrunk, ...]:
    """Return the least failure of each cause, with the count of all that have it, the least first."""
    by_cause: dict[Cause, Shrunk] = {}
    for each in sorted(shrunk, key=_size):
        known = by_cause.get(each.cause)
        by_cause[each.cause] = replace(known, count=known.count + each.count) if known else each
    return tuple(sorted(by_cause.values(), key=_size))


def _size(shrunk: Shrunk) -> tuple[int, int, int]:
    return shrunk.faults, len(shrunk.counterexample.trace.events), shrunk.switches
