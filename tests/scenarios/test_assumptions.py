"""Assumptions are named wherever a verdict is told: what holds, holds of no other runs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deadheat import check
from deadheat.models.any_system import Components
from deadheat.models.claims import always
from deadheat.models.components.ghost import Ghost
from deadheat.models.components.row import Row
from deadheat.models.design import Design
from deadheat.models.roles import Steps, one
from deadheat.scenarios.assumptions import assumptions_of
from deadheat.sim.errors import UsageError
from deadheat.sim.operations import Operation, atomically
from tests.command import deadheat


@dataclass(frozen=True)
class Loading(Components):
    row: Row = Row("row", "new")
    seen: Ghost = Ghost("seen")


def load(system: Loading) -> Steps:
    yield atomically(system.row.set("loaded"), system.seen.note("loaded"))


def in_a_helper(system: Loading) -> Operation:
    return system.seen.once("loaded")


def directly(system: Loading) -> Steps:
    yield atomically(system.row.set("killed"), system.seen.once("loaded"))


def by_a_helper(system: Loading) -> Steps:
    yield atomically(system.row.set("killed"), in_a_helper(system))


def by_another_name(system: Loading) -> Steps:
    ghost = system.seen
    yield atomically(system.row.set("killed"), ghost.before("loaded"))


def by_delegation(system: Loading) -> Steps:
    yield from directly(system)


def without(system: Loading) -> Steps:
    yield system.row.set("killed")


@always
def nothing_is_killed_unloaded(row: str) -> bool:
    return row == "broken"


def design(kill: Any) -> Design[Loading]:
    roles = (one("loader", load), one("user", kill))
    return Design("loading", "a kill", "a test", Loading(), roles, (nothing_is_killed_unloaded,))


@pytest.mark.parametrize(
    ("kill", "told"),
    [
        (directly, "system.seen.once('loaded') in directly"),
        (by_a_helper, "system.seen.once('loaded') in in_a_helper"),
        (by_another_name, "ghost.before('loaded') in by_another_name"),
        (by_delegation, "system.seen.once('loaded') in directly"),
    ],
)
def test_an_assumption_is_found_wherever_a_role_makes_it(kill: Any, told: str) -> None:
    [found] = assumptions_of(design(kill).model())
    assert found.startswith(f"{told} (tests/scenarios/test_assumptions.py:")


def test_an_assumption_in_a_closure_is_found() -> None:
    def inner(system: Loading) -> Steps:
        yield system.seen.once("loaded")

    def outer(system: Loading) -> Steps:
        yield from inner(system)

    assert [each.partition(" (")[0] for each in assumptions_of(design(outer).model())] == [
        "system.seen.once('loaded') in inner"
    ]


def test_who_assumes_nothing_is_told_so() -> None:
    assert assumptions_of(design(without).model()) == ()


def test_a_check_says_what_it_assumes() -> None:
    checked = check(design(directly))
    assert [each.partition(" (")[0] for each in checked.result.assumptions] == [
        "system.seen.once('loaded') in directly"
    ]


def test_the_command_says_so_to_people_and_to_machines() -> None:
    reference = f"{Path(__file__).relative_to(Path.cwd())}:KILL"
    told = " ".join(deadheat("check", reference).stdout.split())
    assert "what holds, holds of runs that keep to what is assumed: system.seen.once('loaded') in directly" in told
    entry = json.loads(deadheat("check", reference, "--json").stdout)["results"][0]
    assert [each.partition(" (")[0] for each in entry["assumptions"]] == ["system.seen.once('loaded') in directly"]
    plain = json.loads(deadheat("check", "baseline", "--json").stdout)["results"][0]
    assert plain["assumptions"] == []


def test_what_several_assume_alike_is_told_once() -> None:
    file = Path(__file__).relative_to(Path.cwd())
    told = " ".join(deadheat("check", f"{file}:KILL", f"{file}:AGAIN").stdout.split())
    assert told.count("what is assumed") == 1
    assert f"{file}:KILL, {file}:AGAIN: what holds" in told


KILL = design(directly)


def misspelt(system: Loading) -> Steps:
    yield atomically(system.row.set("broken"), system.seen.once("laoded"))


def too_late(system: Loading) -> Steps:
    yield system.seen.note("begun")
    yield atomically(system.row.set("broken"), system.seen.before("begun"))


def behind_another(system: Loading) -> Steps:
    yield system.row.wait_for("never")
    yield from misspelt(system)


@pytest.mark.parametrize(
    ("kill", "told"),
    [(misspelt, "once:laoded in misspelt"), (too_late, "before:begun in too_late")],
)
def test_what_holds_because_no_run_keeps_to_what_is_assumed_is_vacuous(kill: Any, told: str) -> None:
    checked = check(design(kill))
    assert set(map(str, checked.verdicts.values())) == {"vacuous"}
    [cut] = checked.result.never_kept
    assert str(cut).startswith(f"{told} (test_assumptions.py:")
    assert ("did you mean loaded" in str(cut)) is (kill is misspelt)
    allowed = check(design(kill), allow_unreached=(cut.name,))
    assert set(map(str, allowed.verdicts.values())) == {"holds"}


@pytest.mark.parametrize("kill", [directly, by_a_helper, by_another_name, behind_another, without])
def test_an_assumption_that_some_run_keeps_to_or_that_none_comes_to_cuts_nothing_away(kill: Any) -> None:
    assert check(design(kill)).result.never_kept == ()


def test_an_assumption_that_there_is_not_cannot_be_allowed() -> None:
    with pytest.raises(UsageError, match="step or fault 'twice:loaded'"):
        check(design(misspelt), allow_unreached=("twice:loaded",))


CUT = design(misspelt)


def test_the_command_says_which_assumption_cuts_all_runs_away() -> None:
    reference = f"{Path(__file__).relative_to(Path.cwd())}:CUT"
    told = deadheat("check", reference)
    assert told.returncode == 3
    words = " ".join(told.stdout.split())
    assert "no run keeps to what is assumed: once:laoded in misspelt (test_assumptions.py:" in words
    assert "--allow-unreached once:laoded" in words
    assert deadheat("check", reference, "--allow-unreached", "once:laoded").returncode == 0


AGAIN = KILL.variant("again", "another kill")
