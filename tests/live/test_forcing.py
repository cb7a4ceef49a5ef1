"""Each built-in protocol, with each fault that can happen to it and with none, forced on real servers.

The whole campaign is slow. Every run of the tests forces a part of it, another one each day; `DEADHEAT_FORCING_DAY`
chooses a day, and pytest's header says which one was chosen.
"""

from __future__ import annotations

import pytest

from deadheat.live.place import Place
from deadheat.live.results import LiveOutcome
from deadheat.models.faults import FAULTS
from deadheat.scenarios.catalogue import DEFAULT_PROTOCOLS
from deadheat.scenarios.check import check
from tests.breadth import DAY
from tests.live.forcing import PROGRAMS, THREADS, Pair, applies, force_pair, pairs, part_of

OF_A_DAY = {THREADS: 12, PROGRAMS: 2}
"""About half a minute of each."""


@pytest.mark.live
@pytest.mark.parametrize("pair", part_of(DAY, OF_A_DAY), ids=str)
def test_servers_agree_with_the_model_on_the_pairs_of_the_day(place: Place, pair: Pair) -> None:
    assert_agrees(place, pair)


@pytest.mark.live
@pytest.mark.slow
@pytest.mark.parametrize("pair", [*pairs(THREADS), *pairs(PROGRAMS)], ids=str)
def test_servers_agree_with_the_model_on_every_pair(place: Place, pair: Pair) -> None:
    assert_agrees(place, pair)


def assert_agrees(place: Place, pair: Pair) -> None:
    results = force_pair(place, pair)
    assert results
    again = f"pytest -m slow tests/live/test_forcing.py -k {pair}"
    assert [each for each in results if each.outcome is LiveOutcome.DIVERGED] == [], again


@pytest.mark.slow
@pytest.mark.parametrize("protocol", DEFAULT_PROTOCOLS)
def test_a_fault_applies_where_some_run_meets_it(protocol: str) -> None:
    met = {fault for fault in FAULTS if not check(Pair(protocol, fault, THREADS).scenario).faults_not_fired}
    assert met == {fault for fault in FAULTS if applies(protocol, fault)}


def test_a_day_has_the_same_part_each_time_and_another_one_than_the_next() -> None:
    days = [f"2026-01-{number:02}" for number in range(1, 31)]
    parts = [part_of(day, OF_A_DAY) for day in days]
    assert parts == [part_of(day, OF_A_DAY) for day in days]
    assert len(set(map(tuple, parts))) == len(days)
    assert all(len(part) == sum(OF_A_DAY.values()) for part in parts)


def test_every_protocol_and_every_fault_is_in_the_campaign() -> None:
    for topology in (THREADS, PROGRAMS):
        every = list(pairs(topology))
        assert {each.protocol for each in every} == set(DEFAULT_PROTOCOLS)
        assert {each.fault for each in every} >= set(FAULTS)
