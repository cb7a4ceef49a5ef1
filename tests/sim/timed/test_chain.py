"""Exact answers: closed forms, a twin that shares nothing with the solver, and choices that nobody has made."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy
import pytest

from deadheat.sim.errors import UsageError
from deadheat.sim.timed import solving
from deadheat.sim.timed.chain import Chain, chain_of
from deadheat.sim.timed.kernel import Kernel
from deadheat.sim.timed.laws import Law
from tests.sim.timed.models import fork, line, race

S = 1e9


def chain_of_race(**laws: Law) -> Chain:
    graph, _, _, endings = race(laws)
    return chain_of(graph, endings)


def test_two_exponential_latencies_race_by_their_rates() -> None:
    chain = chain_of_race(a=Law.exponential(2 * S), b=Law.exponential(3 * S))
    assert solving.likelihood(chain, state_mark=0).least == pytest.approx((1 / 2) / (1 / 2 + 1 / 3), rel=1e-12)
    assert solving.expected(chain).greatest == pytest.approx(1 / (1 / 2 + 1 / 3), rel=1e-12)


def test_an_erlang_latency_loses_to_an_exponential_one_as_its_stages_say() -> None:
    chain = chain_of_race(a=Law.erlang(3, 3 * S), b=Law.exponential(2 * S))
    assert solving.likelihood(chain, state_mark=0).least == pytest.approx((1 / (1 + 0.5)) ** 3, rel=1e-12)


def test_what_takes_no_time_comes_first_in_the_order_of_the_model() -> None:
    chain = chain_of_race(a=Law.exponential(2 * S), b=Law.constant(0), c=Law.constant(0))
    assert solving.likelihood(chain, state_mark=1).least == 1
    assert solving.expected(chain).least == 0


def test_what_may_never_come_loses_in_that_share_of_cases() -> None:
    chain = chain_of_race(a=Law.exponential(S).but_never(0.25), b=Law.constant(0).but_never(0.5), c=Law.exponential(S))
    assert solving.likelihood(chain, state_mark=0).least == pytest.approx(0.5 * 0.75 * 0.5, rel=1e-12)
    assert solving.likelihood(chain, state_mark=1).least == pytest.approx(0.5, rel=1e-12)


def test_by_a_time_bound_an_exponential_latency_is_over_as_its_distribution_says() -> None:
    chain = chain_of_race(a=Law.exponential(2 * S))
    for time_s in (0.0, 0.5, 2.0, 20.0):
        assert solving.likelihood_by(chain, 0, time_s) == pytest.approx(1 - math.exp(-time_s / 2), abs=1e-12)
    assert solving.quantiles(chain, 1, (0.5, 0.9)) == pytest.approx((2 * math.log(2), 2 * math.log(10)), rel=1e-3)


def test_a_queue_in_the_long_run_is_geometric() -> None:
    graph, endings = line(12, Law.exponential(2 * S), Law.exponential(1 * S))
    chain = chain_of(graph, endings)
    generator = solving.generator_of(chain)
    found = solving.long_run(generator)
    lengths = chain.marks[generator.numbers]
    weights = 0.5 ** numpy.arange(13)
    for length in range(13):
        assert found[lengths == length].sum() == pytest.approx(weights[length] / weights.sum(), rel=1e-9)


@pytest.mark.parametrize("stages", [1, 4, 32])
def test_a_queue_is_as_long_as_pollaczek_and_khinchine_say(stages: int) -> None:
    graph, endings = line(60, Law.exponential(2 * S), Law.erlang(stages, 1 * S))
    chain = chain_of(graph, endings)
    generator = solving.generator_of(chain)
    busy = 0.5
    length = busy + busy**2 * (1 + 1 / stages) / (2 * (1 - busy))  # M/D/1 for stages without end
    assert float(solving.long_run(generator) @ chain.marks[generator.numbers]) == pytest.approx(length, rel=1e-9)


def uniformised(rates: Any, initial: Any, time_s: float) -> Any:
    """The twin: the chain jumps at the times of a Poisson process, and stays where it does not move."""
    fastest = float(max(-numpy.diag(rates))) * 1.02
    step = numpy.eye(len(rates)) + rates / fastest
    state, total, weight = initial.copy(), numpy.zeros(len(rates)), math.exp(-fastest * time_s)
    for jump in range(1, 2_000):
        total += weight * state
        state = state @ step
        weight *= fastest * time_s / jump
    return total


def test_probabilities_in_time_are_those_of_uniformisation() -> None:
    graph, endings = line(6, Law.erlang(2, 2 * S), Law.exponential(1 * S))
    generator = solving.generator_of(chain_of(graph, endings))
    for time_s in (0.3, 2.0, 30.0):
        twin = uniformised(generator.rates.toarray(), generator.initial, time_s)
        assert generator.at(time_s) == pytest.approx(twin, abs=1e-10)


def test_what_nobody_has_said_has_a_least_and_a_greatest_answer() -> None:
    graph, endings = fork()
    assert [clock.law for clock in graph.clocks] == [
        None,
    ] * len(graph.clocks)
    found = solving.likelihood(chain_of(graph, endings), state_mark=0)
    assert found == (0.0, 1.0)


def test_a_latency_that_nobody_knows_makes_a_race_go_either_way() -> None:
    graph, _, _, endings = race({"a": Law.exponential(S), "b": Law.exponential(3 * S), "c": Law.constant(1)})
    untimed = type(graph)(
        graph.model,
        tuple(each if each.name != "c" else each._replace(law=None) for each in graph.clocks),
        graph.enabled,
        graph.marks,
    )
    chain = chain_of(untimed, endings)
    assert solving.likelihood(chain, state_mark=0) == pytest.approx((0.0, 0.75), rel=1e-12)
    assert solving.likelihood(chain, state_mark=2) == pytest.approx((0.0, 1.0), rel=1e-12)
    assert solving.expected(chain) == pytest.approx((0.0, 0.75), rel=1e-12)


@pytest.mark.parametrize(("owed", "least"), [(True, 1.0), (False, 0.0)])
def test_what_is_not_owed_may_never_come_where_nothing_else_would(owed: bool, least: float) -> None:
    graph, _, _, endings = race({"a": Law.constant(1)})
    untimed = replace(graph, clocks=tuple(each._replace(law=None, owed=owed) for each in graph.clocks))
    chain = chain_of(untimed, endings)
    assert solving.likelihood(chain, state_mark=0) == (least, 1.0)
    assert solving.expected(chain, mark=1) == (0.0, 0.0 if owed else math.inf)  # nobody has the prize
    coming = chain_of(untimed, endings, coming=range(len(graph.clocks)))
    assert solving.likelihood(coming, state_mark=0) == (1.0, 1.0)
    assert not coming.has_choices


def test_a_law_with_a_memory_is_refused_by_its_name() -> None:
    graph, _, _, endings = race({"a": Law.lognormal(S, 2 * S)})
    with pytest.raises(UsageError, match="The latency 'a' is lognormal, and without sampling only"):
        chain_of(graph, endings)


def test_the_kernel_agrees_with_the_exact_answer() -> None:
    graph, _, _, endings = race({"a": Law.erlang(3, 3 * S), "b": Law.exponential(2 * S)})
    exact = solving.likelihood(chain_of(graph, endings), state_mark=0).least
    met = Kernel(graph, endings).runs(5, 0, 40_000).met
    assert numpy.mean(met & 1) == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 40_000))
