"""Mutants as they are shown: exchanged steps with both of their places, and in what one differs that nobody notices."""

from __future__ import annotations

import json

import pytest
from rich.console import Console

from deadheat.models.mutations import PutOff
from deadheat.reports.mutants import mutants_to_json, print_mutant, print_mutants
from deadheat.scenarios.check import check
from deadheat.scenarios.mutants import guards_of
from deadheat.scenarios.mutate import Fate, Hunt, MutantResult, judge_all
from deadheat.scenarios.scenario import Scenario


@pytest.fixture
def hunt() -> Hunt:
    return Hunt(Scenario("state-machine"), guards_of("state-machine"), (check(Scenario("state-machine")),))


def exchanged(hunt: Hunt, first: str, second: str) -> MutantResult:
    """Return what became of the mutant in which a step of the cancel handler comes after another one."""
    [number] = [
        number
        for number, each in enumerate(hunt.guards.mutations, start=1)
        if isinstance(each.change, PutOff)
        and (each.place.role, each.place.what, each.change.until.what) == ("cancel", first, second)
    ]
    [result] = judge_all(hunt, only=number)
    return result


def shown(result: MutantResult) -> str:
    console = Console(record=True, width=300)
    print_mutant(result, console)
    return console.export_text()


def test_an_exchange_is_shown_with_the_places_of_both_steps(hunt: Hunt) -> None:
    result = exchanged(hunt, "redis.set", "kubernetes.delete_job")
    assert "redis.set happens only after kubernetes.delete_job in kill (state_machine.py:" in shown(result)
    [entry] = json.loads(mutants_to_json(hunt, [result]))["results"]
    assert entry["change"] == "happens only after kubernetes.delete_job"
    assert entry["only_after"]["operation"] == "kubernetes.delete_job"
    assert entry["only_after"]["site"].startswith("kill (state_machine.py:")
    assert (entry["fate"], entry["differs_in"], entry["error"]) == ("noticed", [], None)


def test_a_difference_in_steps_alone_that_change_nothing_is_called_so(hunt: Hunt) -> None:
    result = exchanged(hunt, "redis.set", "status.get")
    assert (result.fate, result.differs_under, result.differs_in) == (Fate.SURVIVED, (), ("idle",))
    assert "(differs without faults, in steps alone that change nothing)" in shown(result)
    console = Console(record=True, width=300)
    print_mutants(hunt, [result], console)
    assert "(differs without faults, in steps alone that change nothing)" in console.export_text()


def test_the_exchanges_come_behind_all_other_mutants(hunt: Hunt) -> None:
    exchanges = [isinstance(each.change, PutOff) for each in hunt.guards.mutations]
    assert exchanges == sorted(exchanges)
    assert any(exchanges)
