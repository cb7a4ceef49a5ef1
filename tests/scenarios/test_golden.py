"""No change of the engine, or of how protocols are written, changes an answer."""

from __future__ import annotations

import pytest

from tests.scenarios.golden import GOLDEN, NAMES, measured, rows_of

NO_FAULTS, TWO = "no faults", "two evaluations"
STATES_MAX = 100_000
"""Two evaluations are checked in every run where they have no more states than this; most are."""


def test_the_table_is_whole() -> None:
    assert list(GOLDEN) == list(NAMES)
    assert all(list(GOLDEN[name]) == list(rows_of(name)) for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_protocol_is_judged_as_it_was(name: str) -> None:
    scenarios, golden = rows_of(name), GOLDEN[name]
    rows = (NO_FAULTS, TWO) if int(golden[TWO]["states"]) <= STATES_MAX else (NO_FAULTS,)
    assert {row: measured(scenarios[row]) for row in rows} == {row: golden[row] for row in rows}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_protocol_under_one_fault_of_each_kind_is_judged_as_it_was(name: str) -> None:
    assert {row: measured(scenario) for row, scenario in rows_of(name).items()} == GOLDEN[name]
