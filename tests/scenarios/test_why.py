"""Why: each order, fault and guard that is named was tried, and what is said of it is so."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from deadheat import Components, Design, Steps, always, one
from deadheat.library import Row
from deadheat.reports.screen import Screen
from deadheat.reports.why import print_why
from deadheat.scenarios import why as module
from deadheat.scenarios.check import INTERRUPTIBLE, Counterexample, Options, Verdict, check
from deadheat.scenarios.given import reference_to
from deadheat.scenarios.scenario import Scenario
from deadheat.scenarios.state_graph import StateGraph, state_graph
from deadheat.scenarios.why import Why, why

OUTBOX = Path(__file__).parents[2] / "examples" / "outbox.py"


def found(protocol: str, name: str, **faults: int) -> Counterexample:
    kinds = tuple((kind.replace("_", "-"), budget) for kind, budget in faults.items())
    counterexample = check(Scenario(protocol, faults=kinds, properties=(name,))).outcomes[0].counterexample
    assert counterexample is not None
    return counterexample


@pytest.fixture(scope="module")
def orphan() -> Why:
    return why(found("baseline", "no-permanent-orphan"))


def labels(reasons: Why) -> list[tuple[str | None, str | None]]:
    events = reasons.counterexample.trace.events
    return [(events[each.earlier - 1].label, events[each.later - 1].label) for each in reasons.orders]


def printed(reasons: Why) -> str:
    output = io.StringIO()
    print_why(reasons, Screen(file=output, width=10_000))
    return output.getvalue()


def test_the_orders_that_decided_an_orphan_are_those_of_the_original_analysis(orphan: Why) -> None:
    """T4 sees "provisioning", so that it goes on to kill; and T5 finds no Job, for T8 comes later."""
    assert labels(orphan) == [("T1", "T4"), ("T5", "T8")]
    look, kill = orphan.orders
    assert (look.changed, look.answered, look.is_safe) == (6, "queued", False)
    assert (kill.changed, kill.answered, kill.is_safe) == (7, "200 OK", True)
    assert (
        "T5 (step 7) of cancel/e1 came before T8 (step 11) of dispatcher/e1/1; the other way round T5 (step 7) is "
        "answered 200 OK instead of 404 Not Found, and no run from there violates it."
    ) in printed(orphan)


def test_an_order_counts_only_where_the_violation_can_be_avoided_from_there() -> None:
    """As the race goes: up to the kill it can be avoided, and from then on it is lost."""
    counterexample = found("baseline", "no-permanent-orphan")
    model = replace(counterexample.scenario, properties=(counterexample.property,)).model()
    choices = counterexample.trace.schedule.choices
    stands = module._stands  # what decides which orders are named
    whole = state_graph(model, 20_000)
    assert isinstance(whole, StateGraph)
    for graph in (whole, None):
        found_at = [stands(model, graph, counterexample.property, choices[:at]) for at in range(len(choices) + 1)]
        assert found_at == [False] * 7 + [None] * 11


def test_an_order_that_is_answered_alike_decides_by_what_it_leaves() -> None:
    reasons = why(found("baseline", "terminal-is-final"))
    assert ("T6", "T1") in labels(reasons)
    assert "the other way round they leave something else in status/e1" in printed(reasons)


def test_a_protocol_is_named_only_where_the_property_holds_of_it(orphan: Why) -> None:
    for name in ("status-check", "state-machine", "name-tombstone", "two-phase"):
        verdict = check(Scenario(name, properties=("no-permanent-orphan",))).outcomes[0].verdict
        assert (name in orphan.holding) is (verdict is Verdict.HOLDS), name


def test_a_guard_is_named_only_where_its_mutant_violates_the_property(orphan: Why) -> None:
    guards = [guard for sibling in orphan.siblings for guard in sibling.guards]
    assert guards
    for guard in guards:
        outcome = check(Scenario(guard.mutant, properties=("no-permanent-orphan",))).outcomes[0]
        assert outcome.counterexample is not None
        assert len(outcome.counterexample.trace.events) == guard.steps


def test_a_guard_that_stops_nothing_is_not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """If every mutant held, there would be no guard: none is told from a list."""
    counterexample = found("baseline", "no-permanent-orphan")
    really = check

    def held(scenario: Scenario, *options: object) -> object:
        original = scenario.protocol.partition("~")[0]
        return really(Scenario(original, properties=scenario.properties), *options)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "check", held)
    assert why(counterexample).siblings == ()


def test_a_fault_without_which_nothing_goes_wrong_is_told_from_one_that_is_not_needed() -> None:
    needed = why(found("creation-lock", "no-transient-orphan", lease_expiry=1))
    assert needed.faults == {"lease-expiry": True}
    assert "it takes lease-expiry: without that nothing violates it." in printed(needed)
    assert needed.holding == ("name-tombstone",)


def test_designs_of_one_file_are_compared_with_each_other() -> None:
    reasons = why(found(f"{OUTBOX}:TWO_RELAYS", "nothing-taken-twice"))
    assert f"{OUTBOX}:SKIP_LOCKED" in reasons.holding
    guards = [each.what for sibling in reasons.siblings for each in sibling.guards]
    assert "db.lock" in guards
    assert ("B3", "B4") in labels(reasons)


def test_where_nothing_holds_that_is_said() -> None:
    reasons = why(found(f"{OUTBOX}:WRITTEN_THEN_SENT", "every-order-served"))
    assert bool(reasons.holding) is ("No other protocol that was asked" not in printed(reasons))


def test_what_a_limit_leaves_open_of_other_protocols_is_told_and_is_not_taken_for_a_no() -> None:
    few = Options(replace(INTERRUPTIBLE, states_max=250))
    asked = list[str]()
    reasons = why(found("baseline", "no-permanent-orphan"), few, asked.append)
    assert "creation-lock" in reasons.holding  # it has 240 states
    assert {"name-tombstone", "state-machine"} <= set(reasons.undecided)
    assert any("name-tombstone" in each for each in asked)
    said = printed(replace(reasons, holding=(), siblings=()))
    assert "name-tombstone" in said.split("was not decided")[0]
    assert "No other protocol" not in said


@dataclass(frozen=True)
class Desk(Components):
    """What is signed, and what is sent."""

    signed: Row = Row("signed", False)
    sent: Row = Row("sent", False)
    noted: Row = Row("noted", False)


def sender(desk: Desk) -> Steps:
    yield desk.sent.set(True)


def signer(desk: Desk) -> Steps:
    yield desk.signed.set(True)


def clerk(desk: Desk) -> Steps:
    yield desk.noted.set(True)


@always
def unsigned(sent: bool, signed: bool) -> bool:
    """Nothing is sent that is not signed."""
    return sent and not signed


def why_of(*roles: Callable[[Desk], Steps]) -> Why:
    design = Design(
        name="desk",
        summary="A desk.",
        source="A test.",
        components=Desk(),
        roles=tuple(one(each.__name__, each) for each in roles),
        claims=(unsigned,),
    )
    return why(found(reference_to(design), "unsigned"))


def test_a_step_that_comes_only_after_the_end_of_the_run_decided_it_all_the_same() -> None:
    reasons = why_of(sender, signer, clerk)
    assert not reasons.orders
    [late] = reasons.too_late
    assert (late.before, late.event.process, late.is_safe) == (1, "signer", True)
    told = "set (step 1) of sender came before set of signer, which was enabled; the other way round no run from there"
    assert told in printed(reasons)
    assert "no order of two" not in printed(reasons)


def test_where_no_step_would_have_helped_none_is_named() -> None:
    reasons = why_of(sender, clerk)
    assert not reasons.too_late
    assert "no order of two of these steps alone" in printed(reasons)
