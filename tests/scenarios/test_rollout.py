"""Rollouts: what breaks where old and new run side by side, by hand and by the slow explorer, and what follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import chain, combinations, permutations
from pathlib import Path

import pytest

from deadheat.models.claims import always
from deadheat.models.design import Design
from deadheat.models.protocols import PROTOCOLS
from deadheat.models.roles import Steps, crash, one_each
from deadheat.scenarios import rollout as module
from deadheat.scenarios.catalogue import find
from deadheat.scenarios.check import Options
from deadheat.scenarios.given import reference_to
from deadheat.scenarios.replaying import replay
from deadheat.scenarios.rollout import Rollout, rollout
from deadheat.scenarios.stops import OfStop, Stop, pair_of, stop_named, with_versions
from deadheat.scenarios.subjects import OfDesign, OfEvaluations
from deadheat.scenarios.trace_file import save
from deadheat.sim.errors import UsageError
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.faults import Fault
from deadheat.sim.run import either
from tests.scenarios import rollout_pairs as pairs
from tests.scenarios.rollout_pairs import FLAGGED, IN_TWO, PLAIN, READING, READING_BOTH, RENAMED

DOWN = Fault("down", "it dies", "a test")

PAIRS = "tests.scenarios.rollout_pairs"


def of(old: Design[pairs.Desk], new: Design[pairs.Desk], **options: object) -> Rollout:
    return rollout(OfDesign(old), OfDesign(new), **options)  # type: ignore[arg-type]


def unsafe(found: Rollout) -> set[Stop]:
    return {each.stop for each in found.results if each.is_unsafe}


LATE = {
    Stop((), ("cancel",)),
    Stop(("cancel",), ()),
    Stop(("cancel",), ("dispatch",)),
    Stop((), ("dispatch", "cancel")),
}
"""Where an old dispatcher and a new cancel handler can meet."""


@pytest.mark.parametrize("new", [FLAGGED, IN_TWO])
def test_what_the_old_dispatcher_does_not_know_is_unsafe_wherever_it_can_meet_it(new: Design[pairs.Desk]) -> None:
    found = of(PLAIN, new)
    assert unsafe(found) == LATE
    assert found.safe_orders == (("dispatch", "cancel"),)
    assert found.safe_orders_back == (("cancel", "dispatch"),)
    assert found.is_safe
    assert all(each.violated == ("never-started-too-late",) for each in found.results if each.is_unsafe)


def test_a_role_that_raises_on_what_the_other_wrote_is_a_finding_with_its_place() -> None:
    found = of(READING, READING_BOTH)
    assert unsafe(found) == LATE
    assert found.safe_orders == (("dispatch", "cancel"),)
    failing = found.at(Stop(("cancel",)))
    assert failing.violated == ()
    assert failing.fails is not None
    assert "KeyError('stopping')" in failing.fails
    assert f"report ({pairs.__file__.rpartition('/')[2]}:" in failing.fails.replace("tests/scenarios/", "")


def test_no_order_is_safe_where_each_role_breaks_the_other() -> None:
    both_ways = PLAIN.variant(
        "both-ways", "", roles={"dispatch": pairs.dispatch_looking_at_the_flag, "cancel": pairs.cancel_by_flag}
    )
    found = of(PLAIN, both_ways)
    assert found.safe_orders == ()
    assert found.is_unsafe
    assert not found.is_safe
    order, stops = found.least_unsafe
    assert len(order) == 2
    assert stops
    assert all(each.is_unsafe for each in stops)


def test_the_same_by_other_names_is_safe_in_every_order() -> None:
    found = of(PLAIN, RENAMED)
    assert not unsafe(found)
    assert found.safe_orders == (("dispatch", "cancel"), ("cancel", "dispatch"))
    assert found.all_at_once.is_safe


def test_code_that_is_the_same_is_not_rolled_out_at_all() -> None:
    found = of(PLAIN, replace(PLAIN, name="copy", summary="another text"))
    assert (found.roles, found.safe_orders) == ((), ((),))
    assert found.is_safe


def test_every_stop_is_there() -> None:
    roles = ("worker", "dispatch", "cancel")
    found = rollout("baseline", "request-token")
    assert found.roles == roles
    expected = {
        (frozenset(new), frozenset(mixed))
        for size in range(4)
        for new in combinations(roles, size)
        for mixed in chain([()], ([each] for each in roles if each not in new))
    } | {(frozenset[str](), frozenset(roles))}
    assert {(frozenset(each.stop.new), frozenset(each.stop.mixed)) for each in found.results} == expected
    assert len(found.results) == len(expected) == 8 + 3 * 4 + 1


def test_a_stop_that_is_left_out_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    every = module.stops_of
    monkeypatch.setattr(
        module, "stops_of", lambda rolled: (each for each in every(rolled) if each != Stop(("cancel",)))
    )
    with pytest.raises(KeyError):
        _ = of(PLAIN, FLAGGED).safe_orders


@pytest.mark.parametrize("always", [0, 1])
def test_a_mixed_role_that_is_always_one_version_is_noticed(always: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = either._chosen
    monkeypatch.setattr(either, "_chosen", lambda versions: chosen((versions[always],)))
    assert unsafe(of(PLAIN, FLAGGED)) != LATE


@pytest.mark.parametrize(
    ("old", "new", "faults"),
    [
        pytest.param("status-check", "creation-lock", (), marks=pytest.mark.slow),
        pytest.param("baseline", "request-token", (), marks=pytest.mark.slow),
        pytest.param("two-phase", "state-machine", (), marks=pytest.mark.slow),
        pytest.param("baseline", "name-tombstone", (("completion", 1),), marks=pytest.mark.slow),
        (f"{PAIRS}:PLAIN", f"{PAIRS}:IN_TWO", ()),
        (f"{PAIRS}:READING", f"{PAIRS}:READING_BOTH", ()),
    ],
)
def test_the_slow_explorer_says_the_same_of_every_stop(old: str, new: str, faults: tuple[tuple[str, int], ...]) -> None:
    fast = rollout(old, new, faults=faults)
    slow = rollout(old, new, faults=faults, options=Options(SearchOptions(explorer="reference")))
    assert [(each.stop, each.violated, bool(each.fails), each.missed) for each in fast.results] == [
        (each.stop, each.violated, bool(each.fails), each.missed) for each in slow.results
    ]
    assert (fast.judged, fast.safe_orders) == (slow.judged, slow.safe_orders)
    assert all(
        len(one.trace.events) == len((other.counterexamples or {})[name].trace.events)
        for each, other in zip(fast.results, slow.results, strict=True)
        for name, one in (each.counterexamples or {}).items()
    )


@pytest.mark.parametrize("new", ["name-tombstone", "state-machine", "creation-lock"])
def test_the_way_back_comes_through_the_same_stops(new: str) -> None:
    there, back = rollout("baseline", new), rollout(new, "baseline")
    roles = set(there.roles)
    assert set(back.roles) == roles
    for each in there.results:
        left = tuple(roles - {*each.stop.new, *each.stop.mixed})
        assert back.at(Stop(left, each.stop.mixed)).violated == each.violated
    assert set(there.safe_orders_back) == set(back.safe_orders)


def test_an_order_is_safe_if_each_of_its_stops_is() -> None:
    found = rollout("baseline", "state-machine")
    by_hand = set()
    for order in permutations(found.roles):
        stops = [found.at(Stop())]
        for number, role in enumerate(order):
            stops += [found.at(Stop(order[:number], (role,))), found.at(Stop(order[: number + 1]))]
        if all(each.is_safe for each in stops):
            by_hand.add(order)
        assert found.on(order) == tuple(stops)
    assert set(found.safe_orders) == by_hand


def test_the_cancel_handler_of_name_tombstone_needs_its_worker_first() -> None:
    found = rollout("baseline", "name-tombstone")
    assert found.roles == ("worker", "cancel")
    assert found.idle == ("complete", "resubmit")
    assert found.safe_orders == (("worker", "cancel"),)
    assert found.at(Stop((), ("cancel",))).violated == ("nothing-stuck",)
    assert not found.all_at_once.is_safe
    assert found.new_anyway == ()
    assert "no-transient-orphan" in found.old_anyway


def test_a_role_that_is_only_in_one_version_is_there_or_not() -> None:
    found = rollout("baseline", "baseline+orphan-cleanup")
    assert found.rolled.added == ("orphan-cleanup",)
    assert [each.stop for each in found.results] == [Stop(), Stop(("orphan-cleanup",))]
    back = rollout("baseline+orphan-cleanup", "baseline")
    assert back.rolled.removed == ("orphan-cleanup",)
    assert back.at(Stop()).states == found.at(Stop(("orphan-cleanup",))).states


def test_each_end_is_what_that_version_is_by_itself() -> None:
    from deadheat.scenarios.check import check
    from deadheat.scenarios.scenario import Scenario

    for reference, stop in (("baseline", Stop()), ("name-tombstone", Stop(("worker", "cancel")))):
        alone = check(Scenario(reference))
        there = check(Scenario(f"baseline%name-tombstone%{stop.parts}"))
        assert alone.exploration.states == there.exploration.states
        assert {each.property: each.verdict for each in alone.outcomes} == {
            each.property: each.verdict for each in there.outcomes
        }


def test_a_timeline_says_which_process_is_which_version() -> None:
    found = rollout("baseline", "name-tombstone").at(Stop((), ("worker", "cancel")))
    assert found.counterexamples is not None
    events = with_versions(found.counterexamples["nothing-stuck"]).trace.events
    assert {each.process for each in events if each.process.startswith(("worker", "cancel"))} == {
        "worker/e1 (old)",
        "cancel/e1 (new)",
    }
    assert not any("(" in each.process for each in events if each.process.startswith(("user", "dispatcher")))


def test_a_counterexample_is_saved_and_replayed_by_the_name_of_its_stop(tmp_path: Path) -> None:
    path = tmp_path / "stop.json"
    found = rollout("baseline", "name-tombstone").at(Stop((), ("cancel",)))
    assert found.counterexamples is not None
    save(found.counterexamples["nothing-stuck"], path)
    again = replay(path)
    assert again.remark is None
    assert again.counterexample.scenario.protocol == "baseline%name-tombstone%%cancel"


def test_objects_are_rolled_out_like_references() -> None:
    baseline, other = (next(each for each in PROTOCOLS if each.name == name) for name in ("baseline", "request-token"))
    assert (
        rollout(OfEvaluations(baseline), OfEvaluations(other)).safe_orders
        == rollout("baseline", "request-token").safe_orders
    )


def test_two_properties_of_one_name_are_both_judged_where_each_holds_of_both_versions() -> None:
    @always("never-started-too-late", "nothing is started at all")
    def nothing_started(ledger: pairs.LedgerState) -> bool:
        return ledger.is_started

    found = of(PLAIN, replace(FLAGGED, name="stricter", claims=(nothing_started,)))
    assert found.judged == ("never-started-too-late@before",)
    assert found.old_anyway == found.new_anyway == ("never-started-too-late",)
    assert unsafe(found) == LATE
    assert (
        of(
            PLAIN,
            replace(FLAGGED, name="stricter-2", claims=(nothing_started,)),
            properties=("never-started-too-late",),
        ).judged
        == found.judged
    )


def test_what_only_the_old_reading_of_a_property_sees_is_no_less_violated() -> None:
    @always("never-started-too-late", "of orders whose flag is raised alone")
    def never_flagged(ledger: pairs.LedgerState) -> bool:
        return ledger.too_late and ledger.is_flagged

    found = of(PLAIN, replace(IN_TWO, name="other-reading", claims=(never_flagged,)))
    assert set(found.judged) == {"never-started-too-late", "never-started-too-late@before"}
    assert unsafe(found) == LATE
    there = found.at(Stop(("cancel",)))
    assert there.violated == ("never-started-too-late",)
    assert (there.counterexamples or {})["never-started-too-late"].property == "never-started-too-late@before"


def test_faults_are_judged_at_as_many_as_either_version_allows() -> None:
    one, other = (
        replace(PLAIN, name=name, faults=(DOWN,), budgets=budgets)
        for name, budgets in (("a", {"down": 1}), ("b", {"down": 2}))
    )
    pair = pair_of(*(reference_to(each) for each in (one, other)))
    assert OfStop(pair, Stop()).budgets == {"down": 2}


def test_what_a_limit_cut_short_is_undecided_and_never_safe() -> None:
    found = of(PLAIN, FLAGGED, options=Options(SearchOptions(states_max=2)))
    assert found.not_judged == ("never-started-too-late",)
    assert (found.is_safe, found.is_unsafe) == (False, False)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("baseline", "baseline", "baseline is given twice"),
        ("baseline", f"{PAIRS}:PLAIN", "roll out a protocol for a protocol"),
        ("baseline", "event-sourcing", "StatusStore before and EventStream after, which is a migration"),
        ("baseline", "request-tokn", "did you mean request-token"),
        ("baseline", "baseline%request-token%worker", "is a stop of a rollout"),
        (f"{PAIRS}:PLAIN", f"{PAIRS}:OF_CARDS", "one key"),
        (f"{PAIRS}:PLAIN", f"{PAIRS}:MIGRATED", "Ledger before and OtherLedger after, which is a migration"),
    ],
)
def test_what_cannot_be_rolled_out_is_one_sentence(old: str, new: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        rollout(old, new)


@pytest.mark.parametrize(
    ("stop", "message"),
    [
        ("dispach", "did you mean dispatch"),
        ("cancel%cancel", "cannot be old and new at one time"),
        ("cancel%dispatch%worker", "names no stop"),
    ],
)
def test_a_stop_that_there_is_not_is_one_sentence(stop: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        stop_named(f"{PAIRS}:PLAIN%{PAIRS}:FLAGGED%{stop}")


def test_too_many_roles_are_one_sentence() -> None:
    def many(name: str, functions: tuple[Callable[[pairs.Desk, str], Steps], ...]) -> Design[pairs.Desk]:
        roles = tuple(one_each(f"r{number}", functions[number % 2]) for number in range(8))
        return replace(PLAIN, name=name, roles=roles)

    with pytest.raises(UsageError, match="8 roles differ"):
        of(many("one", (pairs.cancel, pairs.dispatch)), many("other", (pairs.dispatch, pairs.cancel)))


def test_replicas_that_crash_otherwise_are_one_sentence() -> None:
    crashing = replace(PLAIN.roles[0], function=pairs.dispatch_looking, crashes=(crash(DOWN),))
    with pytest.raises(UsageError, match="'dispatch/order1' crashes otherwise before than after"):
        of(PLAIN, replace(PLAIN, name="crashing", roles=(crashing, *PLAIN.roles[1:])))


def test_a_pair_is_made_once() -> None:
    assert pair_of("baseline", "request-token") is pair_of("baseline", "request-token")


def test_a_file_whose_name_looks_like_a_stop_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "50%off.py"
    path.write_text("from deadheat.library import baseline\n\nPROTOCOL = baseline.BASELINE\n")
    assert find(f"{path}:PROTOCOL").name == "baseline"  # type: ignore[union-attr]
