"""Good runs: nothing is violated in them, and each is as extreme as a plain enumeration says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import pytest

from deadheat import Steps
from deadheat.scenarios.given import reference_to
from deadheat.scenarios.good_runs import DRAWN, GoodRun, good_runs
from deadheat.scenarios.scenario import Scenario
from deadheat.scenarios.state_graph import StateGraph, state_graph
from deadheat.sim.components import BLOCKED, Component, Step, operation
from deadheat.sim.errors import UsageError
from deadheat.sim.explain.confirm import violation_of
from deadheat.sim.model import Kind, Model, Process, Property
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
    assert isinstance(graph, StateGraph)

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


class Board(Component):
    """A lamp that somebody may switch on again and again; or a request, which is perhaps answered by a question."""

    initial = "off"

    @operation
    def press(self, value: str) -> Sequence[Step]:
        """Switch it on, where it is off."""
        return (Step(None, "on"),) if value == "off" else BLOCKED

    @operation
    def handle(self, value: str) -> Sequence[Step]:
        """Switch it off again."""
        return (Step(None, "off"),) if value == "on" else BLOCKED

    @operation
    def ask(self, value: str) -> Sequence[Step]:
        """Ask, at first or once more."""
        asked = {"off": "asked", "more?": "asked more"}
        return (Step(None, asked[value]),) if value in asked else BLOCKED

    @operation
    def answer(self, value: str) -> Sequence[Step]:
        """Answer nothing, or that more is to be asked; and in the end."""
        answers = {"asked": (Step("again", "off"), Step("more", "more?")), "asked more": (Step("done", "done"),)}
        return answers.get(value, BLOCKED)


def again_and_again(operation: str) -> Callable[[Board], Steps]:
    def role(board: Board) -> Steps:
        while True:
            yield getattr(board, operation)()

    return role


def with_a_user(asks: str, answers: str) -> Scenario:
    board = Board("board")
    never = Property(
        "never-broken", "it is never broken", Kind.ALWAYS, ("board",), lambda view: view["board"] == "broken"
    )
    user = Process("user", again_and_again(asks), (board,), owed=False)
    server = Process("server", again_and_again(answers), (board,))
    return Scenario(reference_to(Model({"board": board}, (user, server), (never,))))


def test_where_a_user_may_ask_for_more_at_every_end_there_are_runs_all_the_same() -> None:
    runs = by_kind(with_a_user("press", "handle"))
    assert len(runs["typical"].trace.events) % 2 == 0
    assert "longest" not in runs  # there is none: it goes in circles


def test_a_request_is_latest_along_what_happens_without_one() -> None:
    """Before the second request lies a circle with the first one in it, which does not count as one part with it."""
    runs = good_runs(with_a_user("ask", "answer"), MANY)
    assert [each.trace.events[-1].outcome for each in runs if each.kind == "typical"] == ["done"]
    assert all(each.trace.events == () or each.trace.events[0].process == "user" for each in runs)
