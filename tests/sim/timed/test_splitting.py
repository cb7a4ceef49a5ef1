"""Rare events by splitting: what the exact method says, where sampling would see nothing."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy
import pytest
from scipy import stats

from deadheat.scenarios import sampled
from deadheat.scenarios.estimates import Estimate
from deadheat.scenarios.in_time import Timed, memoryless, timed
from deadheat.scenarios.measures import StateMark
from deadheat.scenarios.profiles import load_profile
from deadheat.scenarios.sampled import by_splitting
from deadheat.sim.explore.compiled.timed_forcing import FAR
from deadheat.sim.timed import solving, splitting
from deadheat.sim.timed.chain import chain_of
from deadheat.sim.timed.endings import endings_of
from deadheat.sim.timed.kernel import Kernel
from deadheat.sim.timed.laws import Law
from deadheat.sim.timed.splitting import distances_to, split
from tests.sim.timed.models import fork, race, trail

S = 1e9
LAWS = memoryless(load_profile("quiet").laws)
BUSY = load_profile("busy").laws
RARE = {
    **LAWS,
    "T3": Law.exponential(50 * S),
    "T4": Law.exponential(3 * S),
    "T5": Law.exponential(3 * S),
    "http.accept": Law.exponential(0.01 * S),
    "T8": Law.exponential(0.01 * S),
    "queue.deliver": Law.exponential(0.001 * S),
}


SOON = {"default": Law.exponential(1e6), "kubernetes.progress:finished": Law.exponential(600 * S)}
DAYS = {**SOON, "T3": Law.exponential(10 * 86_400 * S)}

CASES: dict[str, tuple[str, dict[str, Law]]] = {
    "a kill that is slow, and a dispatcher that is slower": ("baseline", RARE),
    "a cancellation within the very milliseconds": ("baseline", DAYS),
    "that, of a protocol that looks once more": ("state-machine", DAYS),
}


def exactly(subject: Timed) -> float:
    chain = chain_of(subject.graph, subject.endings)
    return solving.likelihood(chain, state_mark=StateMark.ORPHAN).least


def spread_of(found: Any) -> float:
    return float(found.std(ddof=1)) / math.sqrt(len(found))


@pytest.mark.parametrize("case", CASES)
def test_what_is_rare_is_as_likely_as_the_exact_method_says(case: str) -> None:
    subject = timed(*CASES[case])
    exact = exactly(subject)
    assert exact < 1.5e-8  # sampling would need more than a hundred million runs to see it twice
    found = numpy.array(split(Kernel(subject.graph, subject.endings), StateMark.ORPHAN, 1, 2_000))
    assert abs(found.mean() - exact) < 4 * spread_of(found)
    assert spread_of(found) < exact / 8


def test_a_detour_that_is_likelier_than_the_nearest_way_is_taken_too() -> None:
    """Straight on it is one in 10^13, by a detour one in 2 * 10^8; a method that only looks ahead would tell of one."""
    laws = {"straight": Law.exponential(1e13 * S), "aside": Law.exponential(1e8 * S), "onward": Law.exponential(S)}
    graph, endings = trail(**laws, give_up=Law.exponential(S))
    exact = solving.likelihood(chain_of(graph, endings), state_mark=0).least
    assert exact == pytest.approx(0.5e-8, rel=1e-4)
    found = numpy.array(split(Kernel(graph, endings), 0, 3, 2_000))
    assert abs(found.mean() - exact) < 4 * spread_of(found)
    assert spread_of(found) < exact / 8


def test_all_others_may_have_to_be_late() -> None:
    """Of a constant and a lognormal latency, the constant cannot be early."""
    graph, endings = trail(straight=Law.constant(30 * S), give_up=Law.lognormal(S, 5 * S))
    late = float(stats.norm.sf(math.log(30) / (math.log(5) / stats.norm.ppf(0.99))))
    assert late < 1e-6
    found = numpy.array(split(Kernel(graph, endings), 0, 3, 2_000))
    assert abs(found.mean() - late) < max(4 * spread_of(found), late / 100)


def test_a_way_that_is_taken_once_in_a_billion_is_found() -> None:
    graph, _ = fork()
    left, right = graph.enabled[0][0][1]
    ways = (left._replace(chance=1e-9), right._replace(chance=1 - 1e-9))
    timed_fork = replace(
        graph, clocks=(graph.clocks[0]._replace(law=Law.exponential(S)),), enabled=(((0, ways),), *graph.enabled[1:])
    )
    found = numpy.array(split(Kernel(timed_fork, endings_of(timed_fork)), 0, 3, 2_000))
    assert found.mean() == pytest.approx(1e-9, rel=0.05)


def test_as_many_intervals_cover_as_they_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampled, "SPLIT_RUNS", (400,))
    subject = timed("baseline", DAYS)
    exact, covered = exactly(subject), 0
    for seed in range(40):
        found = by_splitting(subject, seed)
        assert found is not None
        covered += found.low <= exact <= found.high
    assert covered >= 34


def test_levels_that_are_off_by_one_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is at the last level but one comes to the end in half of cases."""
    laws = {"aside": Law.exponential(1e8 * S), "onward": Law.exponential(S), "give_up": Law.exponential(S)}
    graph, endings = trail(**laws)
    distances = splitting.distances_to
    right = numpy.mean(split(Kernel(graph, endings), 0, 3, 1_000))
    monkeypatch.setattr(splitting, "distances_to", lambda graph, mark: distances(graph, mark) - 1)
    assert numpy.mean(split(Kernel(graph, endings), 0, 3, 1_000)) == pytest.approx(2 * right, rel=0.1)
    assert right == pytest.approx(0.5e-8, rel=0.1)


def test_an_estimate_that_is_worth_nothing_is_not_given() -> None:
    """An orphan can be, but not at these latencies, which nothing finds out; or estimates that hardly ever meet one."""
    always = {name: Law.constant(1e6) for name in BUSY} | {"T3": Law.constant(3_600 * S)}
    assert by_splitting(timed("baseline", always), 1) is None
    assert by_splitting(timed("name-tombstone", always), 1) == Estimate(0.0, 0.0, 0.0)


def test_what_is_frequent_is_as_likely_as_sampling_says() -> None:
    subject = timed("baseline+orphan-cleanup", BUSY)
    kernel = Kernel(subject.graph, subject.endings)
    seen = numpy.mean(kernel.runs(3, 0, 100_000, 2).met >> StateMark.ORPHAN & 1)
    found = numpy.array(split(kernel, StateMark.ORPHAN, 2, 2_000))
    spread = math.hypot(found.std(ddof=1) / math.sqrt(len(found)), math.sqrt(seen / 100_000))
    assert abs(found.mean() - seen) < 4 * spread


def test_clocks_run_on_in_a_branch() -> None:
    """Of two clocks, one all but over: a branch that drew it anew would find another winner."""
    graph, _, _, endings = race({"a": Law.uniform(0, S), "b": Law.constant(S / 2)})
    found = split(Kernel(graph, endings), 1, 5, 2_000)
    assert numpy.mean(found) == pytest.approx(0.5, abs=0.02)


def test_what_cannot_happen_is_far_and_never_happens() -> None:
    subject = timed("name-tombstone", load_profile("quiet").laws)
    assert distances_to(subject.graph, StateMark.ORPHAN)[0] == FAR
    assert set(split(Kernel(subject.graph, subject.endings), StateMark.ORPHAN, 1, 10)) == {0.0}
