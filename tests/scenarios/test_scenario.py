"""Scenarios: names compose, and mistakes are named."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from deadheat.reports.command_lines import show_command
from deadheat.scenarios.scenario import Scenario, parse_faults
from deadheat.sim.errors import UsageError
from deadheat.sim.model import UNLIMITED


def test_unknown_faults_properties_and_sizes_are_refused() -> None:
    with pytest.raises(UsageError, match="no fault 'worker-crsh'; did you mean worker-crash"):
        Scenario("baseline", faults=(("worker-crsh", 1),))
    with pytest.raises(UsageError, match="no property 'no-orphan'; did you mean"):
        Scenario("baseline", properties=("no-orphan",))
    with pytest.raises(UsageError, match="at least 1"):
        Scenario("baseline", evaluations=0)


def test_fault_budgets_are_read_from_text() -> None:
    assert parse_faults(["worker-crash=1", "http-retry=2"]) == (("worker-crash", 1), ("http-retry", 2))
    for text in ("worker-crash", "worker-crash=", "worker-crash=-1", "worker-crash=two"):
        with pytest.raises(UsageError, match="write KIND=K"):
            parse_faults([text])
    with pytest.raises(UsageError, match="given twice"):
        parse_faults(["worker-crash=1", "worker-crash=1"])


def test_the_command_is_quoted_where_a_shell_would_read_it_otherwise(tmp_path: Path) -> None:
    ours = tmp_path / "with spaces" / "ours.py"
    ours.parent.mkdir()
    ours.write_text("from deadheat.library import BASELINE as PROTOCOL")
    scenario = Scenario(f"{ours}:PROTOCOL", faults=(("stale-list", UNLIMITED),))
    command = show_command(scenario, "no-transient-orphan")
    assert command == (f"deadheat show '{ours}:PROTOCOL' --property no-transient-orphan --faults 'stale-list=*'")
    assert shlex.split(command)[2] == scenario.protocol
    assert "'" not in show_command(Scenario("baseline~1"), "no-transient-orphan")


def test_a_scenario_knows_the_command_that_shows_its_counterexample() -> None:
    scenario = Scenario("two-phase", evaluations=2, faults=(("http-retry", 1),))
    assert show_command(scenario, "no-transient-orphan") == (
        "deadheat show two-phase --property no-transient-orphan --evaluations 2 --faults http-retry=1"
    )
