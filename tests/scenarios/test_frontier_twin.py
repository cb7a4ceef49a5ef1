"""The frontier says what one check for each set of faults says, of every protocol."""

from __future__ import annotations

import pytest

from deadheat.scenarios.catalogue import DEFAULT_PROTOCOLS
from deadheat.scenarios.frontier import frontiers
from deadheat.scenarios.scenario import Scenario
from tests.scenarios.obvious_frontier import Obvious, obvious_frontier, said_of

QUICK = ("baseline", "name-tombstone")
"""Those that are compared in every run: the one breaks by nearly everything, the other holds under most.

Random models with random faults are, too (`tests/sim/test_breaking_sets.py`), up to two faults.
"""


def both(name: str, up_to: int) -> tuple[Obvious, Obvious]:
    scenario = Scenario(name)
    twin = obvious_frontier(scenario, up_to, tuple(scenario.subject.faults))
    twin.tried, twin.happened = {}, set()
    return said_of(frontiers([scenario], up_to)), twin


@pytest.mark.parametrize(
    "name", [each if each in QUICK else pytest.param(each, marks=pytest.mark.slow) for each in DEFAULT_PROTOCOLS]
)
def test_one_search_finds_what_one_check_a_set_finds_for_single_faults(name: str) -> None:
    found, twin = both(name, 1)
    assert found == twin


@pytest.mark.slow
@pytest.mark.parametrize("name", DEFAULT_PROTOCOLS)
def test_one_search_finds_what_one_check_a_set_finds_for_pairs_of_faults(name: str) -> None:
    found, twin = both(name, 2)
    assert found == twin
