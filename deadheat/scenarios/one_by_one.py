"""The minimal sets of faults that break a scenario, by a check for each set: for what consists of several systems.

Several evaluations, or keys, mostly share nothing, and a check explores each alone and combines what it found; the
search for all sets at once cannot do that, and would explore all combinations of their states.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from deadheat.scenarios.check import CheckResult, Options, Verdict, check
from deadheat.scenarios.minimal_sets import FaultSet, MinimalSets, sets_asked
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.explore.labels.breaking import Decided
from deadheat.sim.explore.labels.sets import Kinds, parts_of
from deadheat.sim.explore.stop import Limit, Stop

INTERRUPTED = Stop(Limit.INTERRUPTED, "it was interrupted")

__all__ = ["minimal_sets_one_by_one"]


def minimal_sets_one_by_one(
    scenario: Scenario, up_to: int, kinds: Sequence[str], options: Options, report: Decided | None = None
) -> MinimalSets:
    """Return what breaks a scenario, as `minimal_sets` does; raises what `check` raises."""
    started = time.perf_counter()
    names = scenario.properties
    result = MinimalSets(
        scenario, {name: {} for name in names}, {name: [] for name in names}, {name: [] for name in names}
    )
    broken: dict[str, set[Kinds]] = {name: set() for name in names}
    happened: set[str] = set()
    tried: set[str] = set()
    for faults in sets_asked(scenario, up_to, kinds):
        wanted = tuple(name for name in names if broken[name].isdisjoint(parts_of(faults)))
        named = tuple(Counter(kinds[number] for number in faults).items())
        if wanted and not options.search.asked():
            found = check(_with(scenario, named, wanted), options)
            for name in _take(result, named, found):
                broken[name].add(faults)
            happened |= found.exploration.faults_fired
            tried |= {kind for kind, _ in named} if found.is_whole else set()
        else:
            for name in wanted:
                result.undecided[name].append(named)
                result.stopped = INTERRUPTED
        if report is not None:
            report(1, result.states)
    result.not_applicable = tuple(kind for kind in kinds if kind in tried - happened)
    return replace(result, seconds=time.perf_counter() - started)


def _with(scenario: Scenario, more: FaultSet, properties: tuple[str, ...]) -> Scenario:
    together = dict(scenario.faults)
    for kind, budget in more:
        together[kind] = together.get(kind, 0) + budget
    return replace(scenario, faults=tuple(together.items()), properties=properties)


def _take(result: MinimalSets, faults: FaultSet, found: CheckResult) -> list[str]:
    """Add what a check found to the result; return what is violated."""
    result.states += found.exploration.states
    result.stopped = result.stopped or found.exploration.stopped
    for outcome in found.outcomes:
        if outcome.counterexample is not None:
            schedule = outcome.counterexample.trace.schedule
            whole, stem = len(schedule.choices), schedule.cycle_from
            result.breaking[outcome.property][faults] = whole if stem is None else stem
        elif outcome.verdict is Verdict.VACUOUS:
            result.vacuous[outcome.property].append(faults)
        elif outcome.verdict is Verdict.INCONCLUSIVE:
            result.undecided[outcome.property].append(faults)
    return [each.property for each in found.outcomes if each.verdict is Verdict.VIOLATED]
