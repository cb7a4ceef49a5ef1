"""What fuzzing finds, and how soon; how short what it shrinks is; and a peer beside it.

    python -m benchmarks.fuzzing found      # every violation, two evaluations, one fault of each kind: seconds to it
    python -m benchmarks.fuzzing shrunk     # lengths beside those of a check with the same faults
    python -m benchmarks.fuzzing peers      # schedules to a needle, and time to it, beside minicheck

Times are processor time of one process, after compiled code was loaded. The violations to be found are those that a
check finds with one evaluation and one fault of a kind, or with two evaluations (`tests/scenarios/golden.json`): the
space of all faults at once, in which they are looked for here, has each of them, and is too large to be checked.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Mapping
from dataclasses import replace

from deadheat.scenarios.catalogue import DEFAULT_PROTOCOLS
from deadheat.scenarios.check import Options, check
from deadheat.scenarios.fuzz import FuzzOptions, fuzz
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.explore.compiled.compiling import seconds_spent
from deadheat.sim.learn.tables import Tables
from deadheat.sim.sample.portfolio import ALL, Portfolio
from deadheat.sim.sample.strategies import Strategy
from tests.scenarios import golden
from tests.sim.needles import all_before

SECONDS = 10.0
SEED = 0

NEEDLE_STEPS = 10
"""One interleaving of C(20, 10); drawn step by step, once in 1,024 runs."""

SAMPLES = 20_000


def violated_in(rows: Mapping[str, Mapping[str, object]]) -> list[str]:
    """Return the properties that some row of the golden table says to be violated."""
    names = {name: None for row in rows.values() for name, said in row.items() if str(said).startswith("violated")}
    return list(names)


def found() -> int:
    """Print how many seconds it takes to each violation; return how many were not found."""
    print("| protocol | violations | found | slowest | seconds | schedules | missed |\n|---|--:|--:|---|--:|--:|---|")
    missed_in_all = every = 0
    table = golden.read()
    for name in DEFAULT_PROTOCOLS:
        wanted = violated_in(table[name])
        kinds = tuple((kind, 1) for kind in Scenario(name).subject.faults)
        met, runs = first_met(Scenario(name, 2, kinds), wanted)
        missed = [each for each in wanted if each not in met]
        slowest = max(met, key=lambda each: met[each], default="-")
        took = f"{met[slowest]:.1f}" if met else "-"
        print(
            f"| {name} | {len(wanted)} | {len(wanted) - len(missed)} | {slowest} | {took} | {runs:,} | "
            f"{', '.join(missed) or '-'} |",
            flush=True,
        )
        missed_in_all += len(missed)
        every += len(wanted)
    print(f"\n{every - missed_in_all} of {every} found within {SECONDS:.0f} s each.")
    return missed_in_all


def first_met(scenario: Scenario, wanted: list[str]) -> tuple[dict[str, float], int]:
    """Return after how many seconds each property was violated first, and how many runs were made."""
    model = scenario.model()
    began, compiled = time.process_time(), seconds_spent()
    met: dict[str, float] = {}

    def elapsed() -> float:
        return time.process_time() - began

    portfolio = Portfolio(model, SEED, ALL)

    def is_over() -> bool:
        for each in portfolio.found[len(portfolio.found) - 1 :]:
            met.setdefault(each.failure.property, elapsed())
        return elapsed() > SECONDS or all(name in met for name in wanted)

    while not is_over():
        portfolio.go_on(10**6, is_over)
        for each in portfolio.found:
            met.setdefault(each.failure.property, elapsed())
    if seconds_spent() != compiled:  # which took part of the time, and will not again
        return first_met(scenario, wanted)
    return {name: at for name, at in met.items() if name in wanted}, portfolio.runs


def shrunk() -> int:
    """Print how much longer a shrunk counterexample is than a check's with the same faults; return the worst."""
    longer: list[tuple[int, str]] = []
    for name in DEFAULT_PROTOCOLS:
        for faults in ((), (("http-retry", 1),), (("worker-crash", 1),)):
            longer += lengths(Scenario(name, faults=faults))
    equal = sum(more <= 0 for more, _ in longer)
    print(f"{equal} of {len(longer)} shrunk counterexamples are as short as breadth-first ones.")
    for more, what in sorted(longer, reverse=True):
        if more > 0:
            print(f"{more} longer: {what}")
    return max(more for more, _ in longer)


def lengths(scenario: Scenario) -> list[tuple[int, str]]:
    """Return by how much each property's counterexample is longer than that of a check with the same faults."""
    result = fuzz(scenario, FuzzOptions(schedules=400, seconds=600, seed=SEED))
    longer = []
    for each in result.outcomes:
        if each.failures:
            least = each.failures[0]
            asked = replace(scenario, faults=least.cause.faults, properties=(each.name,))
            shown = check(asked, Options()).outcome(each.name).counterexample
            assert shown is not None
            more = len(least.counterexample.trace.events) - len(shown.trace.events)
            longer.append((more, f"{scenario}, {each.name}"))
    return longer


def peers() -> int:
    """Print schedules to the needle, and time to it, by deadheat and by minicheck, the only peer for Python 3.11."""
    print("| what | schedules to the needle | seconds to it |\n|---|--:|--:|")
    for strategy in (Strategy.UNIFORM, *(each for each in ALL if each is not Strategy.UNIFORM), None):
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
    parts = {"found": found, "shrunk": shrunk, "peers": peers}
    if len(sys.argv) != 2 or sys.argv[1] not in parts:
        sys.exit(f"python -m benchmarks.fuzzing {'|'.join(parts)}")
    parts[sys.argv[1]]()
