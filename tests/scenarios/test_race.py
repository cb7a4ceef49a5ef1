"""The race window in steps: which order was a matter of speed, and which goes without saying."""

from __future__ import annotations

from deadheat import Steps
from deadheat.library import Row
from deadheat.scenarios.check import Counterexample, check
from deadheat.scenarios.given import reference_to
from deadheat.scenarios.race import race_of
from deadheat.scenarios.scenario import Scenario
from deadheat.scenarios.window import race_window
from deadheat.scenarios.window_words import free_step_text
from deadheat.sim.model import Kind, Model, Process, Property


def worker(wanted: Row, charged: Row) -> Steps:
    if (yield wanted.get()):
        yield charged.set(True)


def user(wanted: Row, charged: Row) -> Steps:
    yield charged.get()
    yield wanted.set(False)


def found() -> Counterexample:
    rows = {name: Row(name, name == "wanted", keyed=False) for name in ("wanted", "charged")}
    parts = (rows["wanted"], rows["charged"])
    charged = Property(
        "charged",
        "it is",
        Kind.ALWAYS,
        tuple(rows),
        lambda view: None if view["wanted"] or not view["charged"] else "it is",
    )
    processes = (Process("worker", worker, parts), Process("user", user, parts, owed=False))
    counterexample = check(Scenario(reference_to(Model(rows, processes, (charged,))))).outcomes[0].counterexample
    assert counterexample is not None
    return counterexample


def test_that_a_step_comes_before_the_next_one_of_its_process_is_no_race() -> None:
    counterexample = found()
    steps = [each.process for each in counterexample.trace.events]
    first, second = (number for number, each in enumerate(steps, start=1) if each == "user")
    window = race_window(counterexample, ())
    texts = {each.number: free_step_text(window, each) for each in window.free}
    assert f"before step {second}" not in texts[first]
    race = race_of(counterexample)
    assert race is None or (first, second) not in race.early
