"""What fuzzing finds, and how soon; how short what it shrinks is; and a peer beside it.

    python -m benchmarks.fuzzing found      # every violation, two evaluations, one fault of each kind: seconds to it
    python -m benchmarks.fuzzing shrunk     # lengths beside those of a check with the same faults
    python -m benchmarks.fuzzing steps      # steps a second, of the compiled walk alone and of all that belongs to it
    python -m benchmarks.fuzzing peers      # schedules to a needle, and time to it, beside minicheck

Times are processor time of one process, after compiled code was loaded. What is to be found are the violations that a
check finds there within its default bounds; and beside these, those that it finds with one evaluation and one fault of
a kind, or with two evaluations (`tests/scenarios/golden.json`): the space of all faults at once has each of them, too,
and is too large for a check to come to them.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from deadheat.scenarios.catalogue import DEFAULT_PROTOCOLS
from deadheat.scenarios.check import Options, check
from deadheat.scenarios.fuzz import FuzzOptions, fuzz
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.counting import counted
from deadheat.sim.explore.compiled.compiling import seconds_spent
from deadheat.sim.explore.compiled.walking import walk
from deadheat.sim.learn.tables import Tables
from deadheat.sim.sample.portfolio import ALL, Portfolio
from deadheat.sim.sample.strategies import Strategy
from tests.scenarios import golden
from tests.sim.needles import all_before

SECONDS = 10.0
SEED = 0

ASKED_OFTEN = 16

LEARNED = 100
"""After so many rounds, nearly all was learned."""

NEEDLE_STEPS = 10
"""One interleaving of C(20, 10); drawn step by step, once in 1,024 runs."""

SAMPLES = 20_000


def violated_in(rows: Mapping[str, Mapping[str, object]]) -> list[str]:
    """Return the properties that some row of the golden table says to be violated."""
    names = {name: None for row in rows.values() for name, said in row.items() if str(said).startswith("violated")}
    return list(names)


def found() -> int:
    """Print how many seconds it takes to each violation; return how many were not found of those of a check there."""
    print("| protocol | a check's | found | seconds | in all | found | seconds | schedules | missed |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|---|")
    sums, table = [0] * 4, golden.read()
    for name in DEFAULT_PROTOCOLS:
        kinds = tuple((kind, 1) for kind in Scenario(name).subject.faults)
        scenario = Scenario(name, 2, kinds)
        checked = [each.property for each in check(scenario, Options()).outcomes if each.counterexample]
        every = list(dict.fromkeys((*checked, *violated_in(table[name]))))
        met, runs = first_met(scenario, every)
        missed = [each for each in every if each not in met]
        counts = len(checked), len([each for each in checked if each in met]), len(every), len(met)
        its, all_of_them = (max((met[each] for each in names if each in met), default=0) for names in (checked, every))
        print(
            f"| {name} | {counts[0]} | {counts[1]} | {its:.1f} | {counts[2]} | {counts[3]} | {all_of_them:.1f} | "
            f"{runs:,} | {', '.join(missed) or '-'} |",
            flush=True,
        )
        sums = [each + more for each, more in zip(sums, counts, strict=True)]
    print(f"\n{sums[1]} of {sums[0]} found within {SECONDS:.0f} s each, and {sums[3]} of {sums[2]} in all.")
    return sums[0] - sums[1]


def first_met(scenario: Scenario, wanted: list[str]) -> tuple[dict[str, float], int]:
    """Return after how many seconds each property was violated first, and how many runs were made."""
    model = scenario.model()
    began, compiled = time.process_time(), seconds_spent()
    met: dict[str, float] = {}

    def elapsed() -> float:
        return time.process_time() - began

    portfolio = Portfolio(model, SEED, ALL)

    noted = asked = 0

    def is_over() -> bool:  # which is asked often, and a look at the clock takes longer than much else
        nonlocal noted, asked
        asked += 1
        if noted < len(portfolio.found):
            at, new = elapsed(), portfolio.found[noted:]
            noted += len(new)
            for each in new:
                met.setdefault(each.failure.property, at)
        return all(name in met for name in wanted) or (asked % ASKED_OFTEN == 0 and elapsed() > SECONDS)

    while not is_over() and elapsed() < SECONDS:
        portfolio.go_on(10**6, is_over)
    is_over()
    if seconds_spent() != compiled:  # which took part of the time, and will not again
        return first_met(scenario, wanted)
    return {name: at for name, at in met.items() if name in wanted and at <= SECONDS}, portfolio.runs


def shrunk() -> int:
    """Print how much longer a shrunk counterexample is than a check's with the same faults; return the worst."""
    worst = 0
    for evaluations in (1, 2):
        all_of_them: list[tuple[int | None, str]] = []
        for name in DEFAULT_PROTOCOLS:
            for faults in ((), (("http-retry", 1),), (("worker-crash", 1),)):
                all_of_them += lengths(Scenario(name, evaluations, faults))
        longer = [(more, what) for more, what in all_of_them if more is not None]
        equal = sum(more <= 0 for more, _ in longer)
        print(
            f"{counted(evaluations, 'evaluation')}: {equal} of {len(longer)} shrunk counterexamples are as short as "
            f"breadth-first ones; {len(all_of_them) - len(longer)} more, which a check does not come to.",
            flush=True,
        )
        for more, what in sorted(longer, reverse=True):
            if more > 0:
                print(f"{more} longer: {what}", flush=True)
        worst = max(worst, *(more for more, _ in longer))
    return worst


def lengths(scenario: Scenario) -> list[tuple[int | None, str]]:
    """Return by how much each property's counterexample is longer than that of a check with the same faults.

    None where the check is inconclusive.
    """
    result = fuzz(scenario, FuzzOptions(schedules=400, seconds=600, seed=SEED))
    longer: list[tuple[int | None, str]] = []
    for each in result.outcomes:
        if each.failures:
            least = each.failures[0]
            asked = replace(scenario, faults=least.cause.faults, properties=(each.name,))
            shown = check(asked, Options()).outcome(each.name).counterexample
            steps = len(least.counterexample.trace.events)
            faults = " and ".join(kind for kind, _ in least.cause.faults) or "no faults"
            what = f"{scenario.protocol} -n {scenario.evaluations}, {each.name}, {faults}, {steps} steps"
            longer.append((steps - len(shown.trace.events) if shown else None, what))
    return longer


def steps() -> int:
    """Print steps a second: of the compiled walk alone, once tables are learned; and of rounds with all in them.

    Learned is what `LEARNED` rounds needed; a walk that then asks for something more counts with what it walked.
    """
    print("| what | strategy | steps | compiled walk alone | whole rounds |\n|---|---|--:|--:|--:|")
    for faults in ((), (("worker-crash", 1), ("http-retry", 1))):
        for evaluations in (1, 2):
            scenario = Scenario("request-token", evaluations, faults)
            for strategy in ALL:
                portfolio = Portfolio(scenario.model(), SEED, (strategy,))
                for _ in range(LEARNED):
                    portfolio.go_on(10**6)
                made, alone, whole = timed(portfolio)
                its_faults = " and ".join(kind for kind, _ in faults) or "no faults"
                what = f"{scenario.protocol} -n {evaluations}, {its_faults}"
                print(f"| {what} | {strategy} | {made:,} | {made / alone:,.0f} | {made / whole:,.0f} |", flush=True)
    return 0


def timed(portfolio: Portfolio) -> tuple[int, float, float]:
    """Return how many steps some rounds make, how long the compiled walk takes for them, and how long all of it."""
    inside = [0.0]

    def timed_walk(*arguments: Any) -> Any:
        began = time.process_time()
        status = walk(*arguments)
        inside[0] += time.process_time() - began
        return status

    before, began = portfolio.walker.steps, time.process_time()
    with patch("deadheat.sim.sample.walker.walk", timed_walk):
        for _ in range(LEARNED):
            portfolio.go_on(10**6)
    return portfolio.walker.steps - before, inside[0], time.process_time() - began


def peers() -> int:
    """Print schedules to the needle, and time to it, by deadheat and by minicheck, the only peer for Python 3.11."""
    print("| what | schedules to the needle | seconds to it |\n|---|--:|--:|")
    for strategy in (*(each for each in ALL if each is not Strategy.SWARM), None):
        portfolio = Portfolio(all_before(NEEDLE_STEPS), SEED, ALL if strategy is None else (strategy,))
        portfolio.go_on(16)
        began, runs = time.process_time(), portfolio.runs
        while portfolio.runs - runs < SAMPLES:
            portfolio.go_on(SAMPLES)
        seconds, hits = time.process_time() - began, portfolio.counts()["needle"]
        told(f"deadheat, {strategy or 'portfolio'}", portfolio.runs, hits, seconds)
    if importlib.util.find_spec("minicheck") is None:
        print("minicheck is not installed, and left out (pip install minicheck).", file=sys.stderr)
        return 0
    from minicheck._core import check_statistical

    rows = chain()
    began = time.process_time()
    said = check_statistical(rows, 0, {state for state in rows if not rows[state]}, n_samples=SAMPLES)
    told("minicheck, Monte Carlo", SAMPLES, round(said["p_miss_est"] * SAMPLES), time.process_time() - began)
    return 0


def told(what: str, runs: int, hits: int, seconds: float) -> None:
    """Print a row: of so many runs, so many have met the needle."""
    each = f"{runs / hits:,.0f} | {seconds / hits:.6f}" if hits else f"more than {runs:,} | -"
    print(f"| {what} | {each} |", flush=True)


def chain() -> dict[int, list[tuple[float, int]]]:
    """Return the needle's model as a chain, for minicheck: the states' numbers, and a state without steps found it."""
    tables = Tables(all_before(NEEDLE_STEPS))
    [watch] = tables.watches
    rows: dict[int, list[tuple[float, int]]] = {-1: []}
    waiting = [tables.initial()]
    first = waiting[0]
    while waiting:
        state = waiting.pop()
        options = tables.choices(state)
        afters = [-1 if watch.violated_by(state, after) else after for _, after in options]
        rows[state] = [(1 / len(options), after) for after in afters] or [(1.0, state)]
        waiting += [after for after in afters if after not in rows]
    rows[0] = rows[first]
    return rows


if __name__ == "__main__":
    parts = {"found": found, "shrunk": shrunk, "steps": steps, "peers": peers}
    if len(sys.argv) != 2 or sys.argv[1] not in parts:
        sys.exit(f"python -m benchmarks.fuzzing {'|'.join(parts)}")
    parts[sys.argv[1]]()
