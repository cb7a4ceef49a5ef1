"""Good runs: nothing is violated in them, and each is as extreme as a plain enumeration says."""

from __future__ import annotations

from functools import cache

import pytest

from deadheat.scenarios.good_runs import DRAWN, GoodRun, good_runs
from deadheat.scenarios.scenario import Scenario
from deadheat.scenarios.state_graph import state_graph
from deadheat.sim.components import Component, Step, operation
from deadheat.sim.errors import UsageError
from deadheat.sim.explain.confirm import violation_of
from deadheat.sim.model import Kind
from deadheat.sim.run.simulation import replay
from deadheat.sim.trace import Schedule
from tests.command import deadheat

MANY = 8


def by_kind(scenario: Scenario) -> dict[str, GoodRun]:
    return {each.kind: each for each in good_runs(scenario, MANY)}


@pytest.mark.parametrize(
    ("name", "faults"),
    [
        ("baseline", ()),
        ("name-tombstone", ()),
        ("creation-lock", (("lease-expiry", 1), ("k8s-refusal", 1))),
        ("baseline+orphan-cleanup", (("k8s-refusal", 1),)),
    ],
)
def test_nothing_is_violated_at_any_step_nor_in_the_end_and_no_two_are_alike(
    name: str, faults: tuple[tuple[str, int], ...]
) -> None:
    scenario = Scenario(name, faults=faults)
    runs = good_runs(scenario, MANY)
    model = scenario.model()
    assert len({each.trace.schedule.choices for each in runs}) == len(runs) == MANY
    for run in runs:
        choices = run.trace.schedule.choices
        for prop in model.properties:
            ends = range(len(choices) + 1) if prop.kind in (Kind.ALWAYS, Kind.STEP) else (len(choices),)
            for end in ends if prop.kind is not Kind.EVENTUALLY else ():
                assert violation_of(model, prop.name, Schedule(choices[:end])) is None, (run.kind, prop.name)
        assert replay(model, run.trace.schedule)[1] == run.trace


def lengths(scenario: Scenario) -> tuple[int, int, int]:
    """The longest and the shortest run that holds, and the latest first free step, by trying all of an acyclic graph.

    For a scenario in which no run violates anything, so that every run is good.
    """
    graph = state_graph(scenario.model(), 5_000)
    assert graph is not None

    @cache
    def longest(number: int) -> int:
        return max((1 + longest(each.target) for each in graph.moves[number]), default=0)

    @cache
    def shortest(number: int) -> int:
        if not any(each.successor.owed for each in graph.moves[number]):
            return 0
        return min(1 + shortest(each.target) for each in graph.moves[number])

    @cache
    def latest(number: int) -> int:
        found = [1 + latest(each.target) for each in graph.moves[number] if each.successor.owed]
        free = [1 for each in graph.moves[number] if not each.successor.owed]
        return max(found + free, default=-1_000)

    return longest(0), shortest(0), latest(0)


def test_the_longest_the_shortest_and_the_latest_are_what_trying_all_runs_says() -> None:
    scenario = Scenario("baseline", properties=("at-most-one-job",))
    runs = by_kind(scenario)
    latest = next(n for n, each in enumerate(runs["latest request"].trace.events, start=1) if each.label == "T3")
    found = (len(runs["longest"].trace.events), len(runs["shortest"].trace.events), latest)
    assert found == lengths(scenario)
    assert f"as step {latest}" in runs["latest request"].why


def test_the_typical_one_is_of_the_median_length_of_those_that_are_drawn() -> None:
    typical = by_kind(Scenario("name-tombstone"))["typical"]
    assert typical.why == f"of {DRAWN} that were drawn at random, half are no longer"
    again = by_kind(Scenario("name-tombstone"))["typical"]
    assert again == typical


def test_one_run_goes_through_every_fault_that_is_allowed() -> None:
    faults = (("http-retry", 1), ("k8s-refusal", 1))
    run = by_kind(Scenario("name-tombstone", faults=faults))["through faults"]
    assert {each.fault for each in run.trace.events} - {None} == {kind for kind, _ in faults}
    assert "every kind of fault that is allowed" in run.why


def test_of_a_fault_that_never_happens_nothing_is_claimed() -> None:
    runs = by_kind(Scenario("name-tombstone", faults=(("watch-loss", 1), ("http-retry", 1))))
    assert runs["through faults"].why == "it meets http-retry, and no good run meets more kinds"


class Light(Component):
    """A light that can be switched on."""

    initial = False

    @operation
    def switch(self, value: bool) -> tuple[Step, ...]:
        return (Step(None, not value),)


HOPELESS = """
from deadheat import Kind, Model, Process, Property
from tests.scenarios.test_good_runs import Light

def role():
    yield Light("light").switch()

def model() -> Model:
    wrong = Property("never-on", "", Kind.ALWAYS, ("light",), lambda view: "it is on" if view["light"] else None)
    return Model({"light": Light("light")}, (Process("hand", role),), (wrong,))
"""


def test_where_every_run_goes_wrong_there_is_none(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("models") / "hopeless.py"
    file.write_text(HOPELESS, encoding="utf-8")
    assert good_runs(Scenario(f"{file}:model"), 3) == []


def test_of_too_many_states_nothing_is_said() -> None:
    with pytest.raises(UsageError, match="too many to tell a typical run from an extreme one"):
        good_runs(Scenario("baseline"), 3, 50)


def test_show_prints_so_many_runs_and_ends_as_the_check_does() -> None:
    done = deadheat("show", "name-tombstone", "--runs", "3")
    assert done.returncode == 0
    assert "nothing is violated in any run" in done.stdout
    assert [f"Run {n} of 3, " in done.stdout for n in (1, 2, 3)] == [True] * 3
    done = deadheat("show", "baseline", "--runs", "1", "--plain")
    assert done.returncode == 1
    assert "good runs, although some violate no-permanent-orphan" in " ".join(done.stdout.split())
    done = deadheat("show", "baseline", "--runs", "2", "--save", "x.json")
    assert done.returncode == 2
    assert "leave out --where, --save, --as-test, --why and --profile" in done.stderr
