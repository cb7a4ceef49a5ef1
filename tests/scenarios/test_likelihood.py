"""Along a counterexample: how likely its violation still is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deadheat.scenarios.check import Counterexample, check
from deadheat.scenarios.in_time import memoryless, timed
from deadheat.scenarios.likelihood import along
from deadheat.scenarios.measures import StateMark
from deadheat.scenarios.profiles import load_profile
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.errors import UsageError
from deadheat.sim.timed import solving
from deadheat.sim.timed.chain import chain_of
from deadheat.sim.timed.laws import Law
from deadheat.sim.timed.likelihood import likelihood_along
from tests.sim.timed.models import race

LAWS = memoryless(load_profile("busy").laws)
S = 1e9


def found(protocol: str, prop: str) -> Counterexample:
    outcome = check(Scenario(protocol, properties=(prop,))).outcomes[0]
    assert outcome.counterexample is not None
    return outcome.counterexample


@pytest.mark.parametrize("prop", ["no-transient-orphan", "no-permanent-orphan", "cancelled-means-stopped"])
def test_it_begins_at_what_is_so_anyhow_and_ends_at_one(prop: str) -> None:
    counterexample = found("baseline", prop)
    likelihoods = along(counterexample, LAWS)
    assert len(likelihoods) == len(counterexample.trace.schedule.choices) + 1
    assert all(0 <= each.least <= each.greatest <= 1 + 1e-12 for each in likelihoods)
    assert likelihoods[0].least < 0.2
    assert likelihoods[-1].least == pytest.approx(1)


def test_at_the_start_it_is_what_the_protocol_comes_to() -> None:
    subject = timed("baseline", LAWS)
    exact = solving.likelihood(chain_of(subject.graph, subject.endings), state_mark=StateMark.ORPHAN)
    first = along(found("baseline", "no-transient-orphan"), LAWS)[0]
    assert first.least == pytest.approx(exact.least, rel=1e-6)  # no Job is finished, and then an orphan, there


def test_what_was_seen_tells_of_stages_that_were_not() -> None:
    """Of two Erlang clocks after one prize nothing is known but that nobody has it yet."""
    graph, _, _, endings = race({"a": Law.erlang(2, 2 * S), "b": Law.erlang(2, 2 * S)})
    (_, (won_by_a,)), (_, (won_by_b,)) = graph.enabled[0]
    assert likelihood_along(graph, endings, (won_by_a.choice,), state_mark=0) == pytest.approx([(0.5, 0.5), (1, 1)])
    assert likelihood_along(graph, endings, (won_by_b.choice,), state_mark=0) == pytest.approx([(0.5, 0.5), (0, 0)])


@pytest.mark.parametrize("profile", ["quiet", "busy"])
def test_once_it_is_certain_it_stays_so_though_the_latencies_forbid_what_follows(profile: str) -> None:
    """The dispatcher's answer comes before that of the cancellation, which takes no time."""
    laws = memoryless(load_profile(profile).laws)
    likelihoods = [each.least for each in along(found("two-phase", "no-transient-orphan"), laws)]
    certain = next(step for step, each in enumerate(likelihoods) if each > 1 - 1e-9)
    assert certain == 8
    assert likelihoods[certain:] == pytest.approx([1.0] * len(likelihoods[certain:]))


def test_those_who_never_cancel_count_until_somebody_has() -> None:
    counterexample = found("baseline", "no-transient-orphan")
    asks = LAWS["T3"]
    always, half = (along(counterexample, {**LAWS, "T3": replace(asks, never=each)}) for each in (0.0, 0.5))
    cancels = 4
    assert [each.least for each in half[:cancels]] == pytest.approx(
        [each.least / 2 for each in always[:cancels]], rel=0.1
    )
    assert [each.least for each in half[cancels:]] == pytest.approx([each.least for each in always[cancels:]])


def test_a_run_without_an_end_is_refused() -> None:
    with pytest.raises(UsageError, match="is violated by a run that never ends"):
        along(found("baseline", "eventually-cleaned"), LAWS)
