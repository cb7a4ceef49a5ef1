"""The migration path: what each phase holds, what its end loses, and when the cleanup may go."""

from __future__ import annotations

import pytest

from deadheat.scenarios import migrate as module
from deadheat.scenarios.in_time import Question
from deadheat.scenarios.migrate import Migration, migrate
from deadheat.scenarios.profiles import load_profile
from deadheat.sim.timed.laws import Law

LAWS = load_profile("quiet").laws


def migrated(new: str = "request-token", cancellations: int = 20_000, **changes: object) -> Migration:
    question = Question(laws=LAWS, given={}, cancellations=cancellations)
    return migrate(new, question, **changes)  # type: ignore[arg-type]


def test_the_path_as_proposed_ends_with_a_mistake() -> None:
    found = migrated()
    assert [each.protocol for each in found.phases] == [
        "baseline",
        "baseline+orphan-cleanup",
        "baseline+orphan-cleanup",
        "request-token+orphan-cleanup",
        "request-token",
    ]
    assert found.between[-1].lost == ("no-permanent-orphan", "eventually-cleaned")
    assert all(each.is_safe for each in found.between)  # no step breaks anything on its way: it is the end that does
    assert found.may_end is False
    assert found.is_unsafe
    assert found.conditions[0].is_met is False


def test_orphans_live_longer_without_the_cleanup() -> None:
    lives = [each.simulated.orphan_lifetime_s[0.5] for each in migrated(cancellations=60_000).phases]
    medians = [0.0 if each is None else each.value or 0.0 for each in lives]
    assert medians[4] > 2 * medians[3]
    assert medians[0] > 2 * medians[1]


def test_a_protocol_that_closes_the_race_lets_the_cleanup_go() -> None:
    found = migrated("name-tombstone")
    assert found.phases[4].violated == ()
    assert found.may_end is True
    assert found.is_safe
    assert found.conditions[0].is_met is True


@pytest.mark.parametrize(("bound", "may_end"), [(5_000, True), (0, False)])
def test_a_bound_allows_what_is_rare_enough(bound: float, may_end: bool) -> None:
    found = migrated(cancellations=60_000, bound=bound)
    assert found.may_end is may_end
    assert found.conditions[1].is_met is may_end


def test_a_bound_within_the_interval_is_not_decided() -> None:
    orphans = migrated(cancellations=60_000).phases[4].simulated.orphans_per_million
    found = migrated(cancellations=60_000, bound=orphans.value)
    assert found.may_end is None
    assert not found.is_safe
    assert not found.is_unsafe


def test_faults_are_checked_and_simulated_where_they_have_a_law() -> None:
    found = migrated("name-tombstone", 2_000, faults=(("http-timeout", 1),))
    assert found.simulated_faults == ()
    question = Question(laws={**LAWS, "http-timeout": Law.exponential(60e9)}, given={}, cancellations=2_000)
    assert migrate("name-tombstone", question, faults=(("http-timeout", 1),)).simulated_faults == (("http-timeout", 1),)


@pytest.mark.parametrize("bound", [0, 400_000])
def test_a_bound_is_not_decided_where_a_fault_of_unknown_rate_may_happen(bound: float) -> None:
    faults = (("lease-expiry", 1),)
    found = migrated("creation-lock", cancellations=2_000, bound=bound, faults=faults)
    assert found.may_end is None
    assert not found.is_safe
    assert found.conditions[1].is_met is None
    assert "without lease-expiry, of which nobody has said how often" in found.conditions[1].text


def test_a_bound_on_orphans_excuses_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    assert migrated(cancellations=2_000, bound=1e6).may_end is True
    monkeypatch.setattr(module, "OF_ORPHANS", frozenset({"no-permanent-orphan"}))
    assert migrated(cancellations=2_000, bound=1e6).may_end is False
