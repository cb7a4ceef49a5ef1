"""Rare events by splitting: what the exact method says, where sampling would see nothing."""

from __future__ import annotations

import math

import numpy
import pytest

from deadheat.scenarios.in_time import memoryless, timed
from deadheat.scenarios.measures import StateMark
from deadheat.scenarios.profiles import load_profile
from deadheat.sim.timed import solving
from deadheat.sim.timed.chain import chain_of
from deadheat.sim.timed.kernel import Kernel
from deadheat.sim.timed.laws import Law
from deadheat.sim.timed.splitting import FAR, distances_to, split
from tests.sim.timed.models import race

S = 1e9
LAWS = memoryless(load_profile("quiet").laws)
RARE = {
    **LAWS,
    "T3": Law.exponential(50 * S),
    "T4": Law.exponential(3 * S),
    "T5": Law.exponential(3 * S),
    "http.accept": Law.exponential(0.01 * S),
    "T8": Law.exponential(0.01 * S),
    "queue.deliver": Law.exponential(0.001 * S),
}


def test_what_is_rare_is_as_likely_as_the_exact_method_says() -> None:
    subject = timed("baseline", RARE)
    exact = solving.likelihood(chain_of(subject.graph, subject.endings), state_mark=StateMark.ORPHAN).least
    assert exact < 1.5e-8  # sampling would need more than a hundred million runs to see it twice
    found = numpy.array(split(Kernel(subject.graph, subject.endings), StateMark.ORPHAN, 1, 30_000))
    spread = found.std(ddof=1) / math.sqrt(len(found))
    assert abs(found.mean() - exact) < 4 * spread
    assert spread < exact / 2  # as many runs, without branches, would be off by four times the answer


def test_what_is_frequent_is_as_likely_as_sampling_says() -> None:
    subject = timed("baseline+orphan-cleanup", load_profile("busy").laws)
    kernel = Kernel(subject.graph, subject.endings)
    sampled = numpy.mean(kernel.runs(3, 0, 100_000, 2).met >> StateMark.ORPHAN & 1)
    found = numpy.array(split(kernel, StateMark.ORPHAN, 2, 2_000))
    spread = math.hypot(found.std(ddof=1) / math.sqrt(len(found)), math.sqrt(sampled / 100_000))
    assert abs(found.mean() - sampled) < 4 * spread


def test_clocks_run_on_in_a_branch() -> None:
    """Of two clocks, one all but over: a branch that drew it anew would find another winner."""
    graph, _, _, endings = race({"a": Law.uniform(0, S), "b": Law.constant(S / 2)})
    found = split(Kernel(graph, endings), 1, 5, 2_000)
    assert numpy.mean(found) == pytest.approx(0.5, abs=0.02)


def test_what_cannot_happen_is_far_and_never_happens() -> None:
    subject = timed("name-tombstone", load_profile("quiet").laws)
    assert distances_to(subject.graph, StateMark.ORPHAN)[0] == FAR
    assert set(split(Kernel(subject.graph, subject.endings), StateMark.ORPHAN, 1, 10)) == {0.0}
