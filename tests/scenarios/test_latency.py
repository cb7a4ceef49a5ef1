"""Latency bounds as users write them."""

from __future__ import annotations

import math

import pytest

from deadheat.scenarios.check import check
from deadheat.scenarios.latency import Latency, latency_of, names_of, parse_latencies, require_used
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.errors import UsageError
from deadheat.sim.explain.cuts import CausalStep, cuts_of

MS = 1_000_000


@pytest.fixture(scope="module")
def steps() -> tuple[CausalStep, ...]:
    """The steps of a lock that expires: T7 is step 9, the expiry step 10, T8 step 16."""
    scenario = Scenario("creation-lock", faults=(("lease-expiry", 1),), properties=("no-permanent-orphan",))
    counterexample = check(scenario).outcomes[0].counterexample
    assert counterexample is not None
    model = scenario.model()
    return cuts_of(model, model.properties[0], counterexample.trace.schedule).steps


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=5ms..2s", Latency("a", 5 * MS, 2_000 * MS)),
        ("a.b = 1.5ms .. 1m", Latency("a.b", 1_500_000, 60_000 * MS)),
        ("a=..20us", Latency("a", 0, 20_000)),
        ("a=0..1s", Latency("a", 0, 1_000 * MS)),
        ("a=5µs..", Latency("a", 5_000, math.inf)),
        ("a=3ms", Latency("a", 3 * MS, 3 * MS)),
    ],
)
def test_bounds_have_two_ends_either_of_which_may_be_left_out(text: str, expected: Latency) -> None:
    assert parse_latencies([text]) == (expected,)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["http"], "'http' is not a latency; write NAME=LO..HI"),
        (["=1s..2s"], "is not a latency"),
        (["http="], r"is not a latency; write NAME=LO\.\.HI, such as http=5ms\.\.2s"),
        (["http=.."], "is no range of durations"),
        (["http=5..2s"], "'5' in 'http=5..2s' is not a duration; write a number and its unit"),
        (["http=5ms...2s"], "more than the two dots"),
        (["http=2s..5ms"], "ends before it begins"),
        (["http=1s", "http=2s"], "The latency of 'http' is given twice"),
    ],
)
def test_bad_bounds_are_refused_in_one_sentence(texts: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_latencies(texts)


def test_a_step_has_names_from_its_label_to_its_component(steps: tuple[CausalStep, ...]) -> None:
    assert names_of(steps[8].transition) == (
        "T7",
        "dispatcher.http.accept",
        "http.accept",
        "dispatcher.http",
        "http",
    )
    assert names_of(steps[9].transition)[0] == "lease-expiry"


def test_the_most_specific_name_wins(steps: tuple[CausalStep, ...]) -> None:
    names = ("default", "http", "dispatcher.http", "http.accept", "dispatcher.http.accept", "T7")
    for index in range(len(names)):
        given = parse_latencies([f"{name}={number}ms" for number, name in enumerate(names[: index + 1])])
        assert latency_of(steps[8].transition, given) == Latency(names[index], index * MS, index * MS)


def test_what_comes_when_it_likes_is_bounded_by_its_own_names_alone(steps: tuple[CausalStep, ...]) -> None:
    user, expiry = steps[3].transition, steps[9].transition
    for name in ("default", "user", "redis", "expiry.redis"):
        assert latency_of(user, parse_latencies([f"{name}=1s"])) is None
        assert latency_of(expiry, parse_latencies([f"{name}=1s"])) is None
    for step, name in ((user, "T3"), (user, "user.cancel"), (expiry, "lease-expiry"), (expiry, "redis.expire")):
        found = latency_of(step, parse_latencies([f"{name}=1s"]))
        assert found is not None
        assert found.name == name


def test_a_name_of_nothing_is_refused_with_the_nearest(steps: tuple[CausalStep, ...]) -> None:
    require_used(parse_latencies(["default=1s", "T8=1s", "user=1s"]), steps)
    with pytest.raises(UsageError, match=r"no step of this trace named 'http.acept'; did you mean http.accept"):
        require_used(parse_latencies(["http.acept=1s"]), steps)
