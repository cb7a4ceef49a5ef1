from __future__ import annotations

from collections.abc import Mapping

import pytest

from deadheat.scenarios.in_time import memoryless, timed
from deadheat.scenarios.timing import layered, layers_of
from deadheat.sim.timed.laws import Law

MS = 1_000_000
PROFILE: Mapping[str, Law] = {
    "default": Law.exponential(MS),
    "T3": Law.exponential(9 * MS),
    "http.send": Law.exponential(2 * MS),
    "kubernetes.progress:running": Law.exponential(3 * MS),
}


def laws_of(laws: Mapping[str, Law]) -> dict[str, Law | None]:
    """Return the law of each clock of the baseline, by the name that it has it by."""
    clocks = timed("baseline", laws).graph.clocks
    return {each.name: each.law for each in clocks}


def test_the_most_specific_name_of_one_layer_wins() -> None:
    found = laws_of({**PROFILE, "http": Law.exponential(7 * MS)})
    assert found["http.send"] == Law.exponential(2 * MS)
    assert found["http"] == Law.exponential(7 * MS)  # of what else is done over HTTP


def test_what_is_said_over_a_profile_goes_before_all_that_it_covers_there() -> None:
    found = laws_of(layered({"http": Law.exponential(7 * MS)}, PROFILE))
    assert "http.send" not in found
    assert found["http"] == Law.exponential(7 * MS)
    assert found["T3"] == Law.exponential(9 * MS)
    assert found["kubernetes.progress:running"] == Law.exponential(3 * MS)


def test_what_is_said_of_all_others_says_nothing_of_what_the_profile_names() -> None:
    found = laws_of(layered({"default": Law.exponential(7 * MS)}, PROFILE))
    assert found["http.send"] == Law.exponential(2 * MS)
    assert found["default"] == Law.exponential(7 * MS)


@pytest.mark.parametrize("given", [{}, {"http": Law.constant(7 * MS)}])
def test_laws_without_memory_are_said_in_the_same_order(given: Mapping[str, Law]) -> None:
    found = memoryless(layered(given, PROFILE))
    assert [dict(each) for each in layers_of(found)] == [
        {name: Law.exponential(7 * MS) for name in given},
        dict(PROFILE),
    ]
