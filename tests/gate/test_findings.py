"""What counts as worse, of two surveys that are given."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from deadheat.gate.config import Check
from deadheat.gate.findings import Kind, findings, undecided_rollout
from deadheat.gate.surveys import Budgets, Judged, Mutant, Survey

CHECK = Check("ours.py:PROTOCOL")
PLAIN = Survey(
    system="same", sources="same", states=9, transitions=9, properties={"safe": Judged("holds")}, kinds=("lost", "slow")
)


def surveyed(**changes: object) -> Survey:
    return msgspec.structs.replace(PLAIN, **changes)


def kinds(before: Survey, now: Survey, check: Check = CHECK) -> list[Kind]:
    return [each.kind for each in findings(check, before, now)]


def violated_by(*sets: Budgets) -> Survey:
    return surveyed(properties={"safe": Judged("violated", 3, breaking=sets)})


def test_nothing_is_worse_than_itself() -> None:
    assert kinds(PLAIN, PLAIN) == []


@pytest.mark.parametrize(
    ("before", "now", "is_worse"),
    [
        ({"lost": 1}, {}, True),
        ({"lost": 2}, {"lost": 1}, True),
        ({"lost": 1}, {"slow": 1}, True),
        ({"lost": 1}, {"lost": 1}, False),
        ({"lost": 1}, {"lost": 2}, False),
        ({}, {"lost": 1}, False),
    ],
)
def test_what_is_violated_with_fewer_of_its_faults_is_weaker(before: Budgets, now: Budgets, is_worse: bool) -> None:
    found = findings(CHECK, violated_by(before), violated_by(now))
    assert [each.kind for each in found] == [Kind.WEAKER] * is_worse
    for each in found:
        check, more = each.shown_under
        assert (dict(check.faults), more) == (now, {})


@pytest.mark.parametrize(
    ("before", "now", "is_told"),
    [
        (PLAIN, surveyed(kinds=("lost",)), True),
        (surveyed(kinds=("lost",)), PLAIN, False),
        (surveyed(faults={"lost": 1}), PLAIN, True),
        (PLAIN, surveyed(faults={"lost": 1}), False),
        (PLAIN, surveyed(quiet=True), True),
        (surveyed(quiet=True), PLAIN, False),
    ],
)
def test_a_protocol_that_lets_less_happen_is_told(before: Survey, now: Survey, is_told: bool) -> None:
    assert kinds(before, now) == [Kind.CHANGED] * is_told


def test_what_the_check_asks_for_is_no_matter_of_the_protocol() -> None:
    asks = replace(CHECK, faults=(("lost", 1),))
    assert kinds(surveyed(faults={"lost": 2}), surveyed(faults={"lost": 1}), asks) == []


NOTICED, SURVIVED = Mutant("noticed", ("safe",)), Mutant("survived")


@pytest.mark.parametrize(
    ("before", "now", "found"),
    [
        ({"a": NOTICED}, {"a": SURVIVED}, [Kind.MUTANT]),
        ({"a": NOTICED}, {"a": Mutant("inconclusive")}, [Kind.INCONCLUSIVE]),
        ({"a": NOTICED}, {"b": SURVIVED}, [Kind.MUTANT]),
        ({"a": NOTICED}, {"b": NOTICED}, []),
        ({"a": NOTICED}, {}, []),
        ({"a": SURVIVED}, {"b": SURVIVED}, []),
        ({"a": NOTICED}, {"a": NOTICED, "b": SURVIVED}, []),
    ],
)
def test_guards_that_are_no_longer_tested_are_told(
    before: dict[str, Mutant], now: dict[str, Mutant], found: list[Kind]
) -> None:
    assert kinds(surveyed(mutants=before), surveyed(mutants=now)) == found


def test_one_undecided_rollout_is_not_another() -> None:
    ids = {
        undecided_rollout(CHECK, why, change).id
        for why, change in [("too large", "a b"), ("too large", "b c"), ("gone", "a b")]
    }
    assert len(ids) == 3
    assert undecided_rollout(CHECK, "gone", "a b").is_of_rollout


def test_holding_vacuously_for_another_reason_is_another_finding() -> None:
    ids = set()
    for missed in (("T7",), ("T8",)):
        [found] = findings(CHECK, PLAIN, surveyed(properties={"safe": Judged("vacuous")}, missed=missed))
        assert found.kind is Kind.VACUOUS
        ids.add(found.id)
    assert len(ids) == 2
