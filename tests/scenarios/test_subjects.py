"""Any model can be checked: of the user's own properties, faults and sizes."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from deadheat.reports.command_lines import show_command
from deadheat.scenarios.catalogue import find_protocol
from deadheat.scenarios.check import Verdict, check
from deadheat.scenarios.frontier import frontiers
from deadheat.scenarios.replaying import replay
from deadheat.scenarios.scenario import Scenario
from deadheat.scenarios.trace_file import save
from deadheat.sim.errors import UsageError
from deadheat.sim.model import UNLIMITED
from tests.scenarios.obvious_frontier import obvious_frontier, said_of

OURS = """
from collections.abc import Sequence
from dataclasses import replace

from deadheat import Component, Crash, Kind, Model, Process, Property, Step, Steps, atomically, operation


class Counter(Component):
    initial = 0

    @operation
    def add(self, value: int) -> Sequence[Step]:
        return (Step(None, value + 1),)

    @operation
    def slip(self, value: int) -> Sequence[Step]:
        return (Step(None, value + 1), Step(None, value + 2, "slip"))


def counting(counter: Counter, turns: int) -> Steps:
    for _ in range(turns):
        yield counter.add()


def slipping(counter: Counter) -> Steps:
    yield counter.slip()


def counters(turns: int, sloppy: bool = False, most: float = 3) -> Model:
    counter = Counter("counter")
    low = Property("stays-low", "it stays low", Kind.ALWAYS, ("counter",), lambda view: view["counter"] > most)
    crash = Crash("crash")
    return Model(
        {"counter": counter},
        (
            Process("counting", counting, (counter, turns), crashes=(crash,)),
            Process("slipping", slipping, (counter,)),
        ),
        (low,),
        {"slip": 1 if sloppy else 0},
    )


def plain(careful=True, turns: int | None = None, most=3, name=None):
    assert name in (None, 1, "one")
    return counters(turns or 3, False, 9 if careful else most)


def calm() -> Model:
    return replace(counters(3), quiet=True)


def of_many(names: tuple[str, ...] = ()) -> Model:
    return counters(len(names))


THREE = counters(2)
NOTHING = lambda: None


def broken(turns: int) -> Model:
    return counters(turns // 0)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in a folder that has only `ours.py`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "ours.py").write_text(OURS)
    return tmp_path


def verdict_on(scenario: Scenario) -> tuple[Verdict, int | None]:
    outcome = check(scenario).outcome("stays-low")
    return outcome.verdict, len(outcome.counterexample.trace.events) if outcome.counterexample else None


def of(*settings: tuple[str, str], faults: tuple[tuple[str, int], ...] = ()) -> Scenario:
    return Scenario("ours.py:counters", faults=faults, settings=settings)


def test_a_function_that_makes_a_model_is_checked_at_the_sizes_that_are_set() -> None:
    assert of(("turns", "2")).properties == ("stays-low",)
    assert verdict_on(of(("turns", "2"))) == (Verdict.HOLDS, None)
    assert verdict_on(of(("turns", "3"))) == (Verdict.VIOLATED, 4)
    assert verdict_on(of(("turns", "3"), ("most", "4.5"))) == (Verdict.HOLDS, None)


@pytest.mark.parametrize(
    ("settings", "verdict"),
    [
        ((), Verdict.HOLDS),
        ((("careful", "false"),), Verdict.VIOLATED),
        ((("careful", "0"),), Verdict.VIOLATED),
        ((("careful", "no"), ("turns", "2")), Verdict.HOLDS),
        ((("careful", "no"), ("most", "4"), ("name", "1")), Verdict.HOLDS),
        ((("careful", "no"), ("name", "one")), Verdict.VIOLATED),
    ],
)
def test_a_text_is_read_as_the_annotation_or_the_default_says(
    settings: tuple[tuple[str, str], ...], verdict: Verdict
) -> None:
    assert verdict_on(Scenario("ours.py:plain", settings=settings))[0] is verdict


def test_a_model_in_which_faults_end_is_one_for_us_too() -> None:
    assert Scenario("ours.py:calm").quiet
    assert Scenario("ours.py:calm").model().quiet
    assert not Scenario("ours.py:THREE").quiet


def test_a_model_that_is_made_already_is_checked_as_it_is() -> None:
    assert verdict_on(Scenario("ours.py:THREE")) == (Verdict.HOLDS, None)


def test_its_faults_are_those_that_it_has_a_budget_for_and_its_crashes() -> None:
    assert verdict_on(of(("turns", "2"), faults=(("slip", 1),))) == (Verdict.VIOLATED, 3)
    assert verdict_on(of(("turns", "2"), faults=(("crash", 1),))) == (Verdict.VIOLATED, 5)
    assert verdict_on(of(("turns", "2"), faults=(("crash", UNLIMITED),)))[0] is Verdict.VIOLATED
    with pytest.raises(UsageError, match="There is no fault 'slipp'; did you mean slip"):
        of(("turns", "2"), faults=(("slipp", 1),))
    with pytest.raises(UsageError, match="There is no fault 'worker-crash'"):
        of(("turns", "2"), faults=(("worker-crash", 1),))


def test_a_budget_of_its_own_is_part_of_the_scenario_until_another_is_asked_for() -> None:
    sloppy = (("turns", "2"), ("sloppy", "yes"))
    assert of(*sloppy).faults == (("slip", 1),)
    assert verdict_on(of(*sloppy)) == (Verdict.VIOLATED, 3)
    assert verdict_on(of(*sloppy, faults=(("slip", 0),))) == (Verdict.HOLDS, None)


def test_its_frontier_is_of_its_own_faults() -> None:
    [found] = frontiers([of(("turns", "2"))], 1)
    assert found.breaking == [(("slip", 1),), (("crash", 1),)]


def test_its_counterexample_is_saved_with_its_sizes_and_replayed(folder: Path) -> None:
    scenario = of(("turns", "3"))
    counterexample = check(scenario).outcome("stays-low").counterexample
    assert counterexample is not None
    save(counterexample, folder / "trace.json")
    assert replay(folder / "trace.json").counterexample.scenario == scenario
    assert show_command(scenario, "stays-low") == "deadheat show ours.py:counters --property stays-low --set turns=3"


@pytest.mark.parametrize(
    ("reference", "settings", "message"),
    [
        ("counters", (), "ours.py:counters wants the size 'turns'; set turns=VALUE."),
        ("counters", (("turn", "1"),), "There is no parameter of ours.py:counters named 'turn'; did you mean turns?"),
        ("counters", (("turns", "two"),), "turns=two is not a whole number; write one."),
        ("counters", (("turns", "1"), ("sloppy", "maybe")), "sloppy=maybe is not true or false; write one."),
        (
            "of_many",
            (("names", "a,b"),),
            "The parameter 'names' of ours.py:of_many takes what no text says; only numbers, texts",
        ),
        ("counters", (("turns", "1"), ("turns", "2")), "The parameter 'turns' is set twice; set it once."),
        ("NOTHING", (), "ours.py:NOTHING in <lambda> (ours.py:58) returned None; let it return a deadheat.Model."),
        ("THREE", (("turns", "1"),), "ours.py:THREE is a model already, and takes no settings; name a function that"),
        (
            "broken",
            (("turns", "1"),),
            "ours.py:broken failed to make its model in broken (ours.py:62): ZeroDivisionError(",
        ),
        ("counting", (), "counting in ours.py is a function, and no Protocol, Design or Model, nor a function that"),
        ("THREE+orphan-cleanup", (), "ours.py:THREE is a model, to which nothing can be added; leave"),
    ],
)
def test_what_cannot_be_made_is_told(reference: str, settings: tuple[tuple[str, str], ...], message: str) -> None:
    with pytest.raises(UsageError, match="^" + re.escape(message)):
        Scenario(f"ours.py:{reference}", settings=settings)


def test_what_only_protocols_have_is_not_for_models() -> None:
    with pytest.raises(UsageError, match="no evaluations of which there could be several; set its own sizes"):
        Scenario("ours.py:THREE", evaluations=2).model()
    with pytest.raises(UsageError, match="baseline is a protocol and takes no settings"):
        Scenario("baseline", settings=(("turns", "1"),))
    with pytest.raises(UsageError, match=re.escape("ours.py:THREE is a model, and no protocol for evaluations")):
        find_protocol("ours.py:THREE")


def test_the_example_of_a_general_model_has_as_many_states_as_tlc_finds() -> None:
    example = Path(__file__).parents[2] / "examples" / "two_phase_commit.py"
    result = check(Scenario(f"{example}:two_phase_commit", settings=(("managers", "3"),)))
    assert result.outcome("agreement").verdict is Verdict.HOLDS
    assert result.exploration.complete


def test_a_fault_that_happens_without_end_is_not_switched_off_by_one_more() -> None:
    endless = of(("turns", "2"), faults=(("slip", UNLIMITED),))
    [found] = frontiers([endless], 1)
    assert found.breaking == [()]
    held = of(("turns", "1"), ("most", "9"), faults=(("slip", UNLIMITED),))
    said = said_of(frontiers([held], 2))
    assert said.breaking == obvious_frontier(held, 2, tuple(held.subject.faults)).breaking
