"""Runs made by hand: each command does what it says, at the prompt and in a script, and a mistake is one sentence."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deadheat.commands.explore import _save
from deadheat.scenarios.by_hand import ByHand, How
from deadheat.scenarios.check import check
from deadheat.scenarios.replaying import replay
from deadheat.scenarios.scenario import Scenario
from deadheat.scenarios.trace_file import save
from deadheat.sim.errors import DeadheatError, ModelError, UsageError
from deadheat.sim.explain.confirm import violation_of
from deadheat.sim.explain.turning_point import turning_point
from deadheat.sim.run.simulation import Simulation
from deadheat.sim.trace import Schedule
from tests.command import deadheat

EXAMPLES = Path(__file__).parents[1] / "examples"


def hows(walk: ByHand) -> dict[str, How]:
    return {each.property: each.how for each in walk.stands}


def scripted(*arguments: str) -> list[dict[str, Any]]:
    done = deadheat("explore", *arguments, "--json")
    assert done.returncode in (0, 1), done.stderr
    results: list[dict[str, Any]] = json.loads(done.stdout)["results"]
    return results


def test_what_can_be_chosen_is_what_simpy_has_enabled_all_along_a_random_run() -> None:
    generator = random.Random(7)
    for name in ("baseline", "creation-lock"):
        walk = ByHand(Scenario(name, faults=(("http-retry", 1), ("worker-crash", 1))), (), 1)
        simulation = Simulation(walk.model)
        while walk.enabled:
            assert [each.choice for each in walk.enabled] == [each.choice for each in simulation.transitions()]
            number = generator.randrange(len(walk.enabled))
            promised = walk.enabled[number]
            simulation.fire(promised.choice)
            walk.choose(number + 1)
            assert walk.events[-1] == promised.event
            assert list(walk.position.values) == list(simulation.values)
        assert walk.at == len(walk.choices)


@pytest.mark.parametrize("name", ["baseline", "state-machine", "event-sourcing"])
def test_run_goes_the_way_of_a_shortest_counterexample(name: str) -> None:
    for outcome in check(Scenario(name)).outcomes:
        walk = ByHand(Scenario(name))
        found = walk.run(outcome.property)
        if outcome.counterexample is None:
            assert found is None
            assert hows(walk)[outcome.property] is How.HOLDS
        else:
            stem = outcome.counterexample.trace.schedule
            assert found == outcome.property
            assert walk.at == (len(stem.choices) if stem.cycle_from is None else walk.at)
            assert hows(walk)[outcome.property] is How.VIOLATED


def test_it_is_lost_from_the_step_on_at_which_the_timeline_says_so() -> None:
    found = check(Scenario("baseline", properties=("no-permanent-orphan",))).outcomes[0].counterexample
    assert found is not None
    walk = ByHand(found.scenario, found.trace.schedule.choices)
    lost = turning_point(walk.model, found.property, found.trace.schedule)
    for at in range(len(walk.choices) + 1):
        walk.jump(at)
        expected = How.POSSIBLE if lost is None or at < lost else How.LOST
        last = at == len(walk.choices)
        assert hows(walk)[found.property] is (How.VIOLATED if last else expected), at


def test_back_and_jump_lead_to_where_the_run_was_and_another_choice_forgets_the_rest() -> None:
    walk = ByHand(Scenario("baseline"))
    walk.run("no-transient-orphan")
    seen = []
    for at in range(11):
        walk.jump(at)
        seen.append((walk.position.values, list(hows(walk).items())))
    walk.back(4)
    assert (walk.at, (walk.position.values, list(hows(walk).items()))) == (6, seen[6])
    walk.jump(10)
    assert (walk.position.values, list(hows(walk).items())) == seen[10]
    walk.jump(3)
    other = next(n for n, each in enumerate(walk.enabled, start=1) if each.choice != walk.choices[3])
    walk.choose(other)
    assert len(walk.choices) == 4
    with pytest.raises(UsageError, match="it has 4 steps"):
        walk.jump(5)


def test_what_was_violated_on_the_way_stays_told() -> None:
    walk = ByHand(Scenario("baseline", properties=("terminal-is-final",)))
    walk.run()
    [stands] = walk.stands
    assert (stands.how, stands.since) == (How.VIOLATED, walk.at)
    since = walk.at
    walk.choose(1)
    [stands] = walk.stands
    assert (stands.how, stands.since) == (How.WAS_VIOLATED, since)


def test_a_fault_is_injected_where_one_step_meets_it_and_the_run_goes_on_in_the_model_with_it() -> None:
    walk = ByHand(Scenario("baseline", properties=("no-permanent-orphan",)))
    walk.run()
    walk.jump(10)  # just before the creation
    assert not [each for each in walk.enabled if each.event.fault]
    meeting = walk.inject("dispatcher-loss")
    assert [each.event.fault for each in meeting] == ["dispatcher-loss"]
    assert walk.events[-1].fault == "dispatcher-loss"
    assert (walk.at, walk.scenario.budgets) == (11, {"dispatcher-loss": 1})
    assert hows(walk) == {"no-permanent-orphan": How.HOLDS}
    meeting = walk.inject("k8s-refusal")
    assert meeting == []
    with pytest.raises(UsageError, match="did you mean k8s-refusal"):
        walk.inject("k8s-refusl")


def test_what_is_saved_is_a_trace_of_what_it_violates(tmp_path: Path) -> None:
    for name in ("no-transient-orphan", "terminal-is-final", "no-permanent-orphan", "eventually-cleaned"):
        walk = ByHand(Scenario("baseline", properties=(name,)))
        with pytest.raises(UsageError, match="Nothing is violated"):
            walk.save(tmp_path / "nothing.json")
        assert walk.run() == name
        saved = walk.save(tmp_path / f"{name}.json")
        assert saved.property == name
        assert replay(tmp_path / f"{name}.json").counterexample.trace == saved.trace


def test_where_there_are_too_many_states_only_the_present_is_told() -> None:
    walk = ByHand(Scenario("baseline"), (), 10)
    assert set(hows(walk).values()) == {How.OPEN}
    with pytest.raises(UsageError, match="too many to look ahead"):
        walk.run()


@pytest.mark.parametrize("reference", ["outbox.py:SENT_THEN_WRITTEN", "two_phase_commit.py:two_phase_commit"])
def test_designs_and_models_of_the_users_are_walked_through_too(reference: str) -> None:
    settings = (("managers", "2"),) if "commit" in reference else ()
    walk = ByHand(Scenario(f"{EXAMPLES / reference}", settings=settings))
    found = walk.run()
    if found is not None and walk.counterexample is not None:
        assert violation_of(walk.model, found, walk.counterexample.trace.schedule) is not None
    while walk.enabled and walk.at < 40:
        walk.choose(1)
    assert Schedule(tuple(walk.choices[: walk.at])).choices


def test_a_script_says_where_the_run_stood_after_each_command(tmp_path: Path) -> None:
    trace = tmp_path / "orphan.json"
    assert deadheat("show", "baseline", "-p", "no-transient-orphan", "--save", str(trace)).returncode == 1
    steps = scripted("--from", str(trace), "--at", "7", "-p", "no-transient-orphan", "--do", "choose 1; jump 10; b")
    assert [each["command"] for each in steps] == ["choose 1", "jump 10", "b"]
    assert [each["step"] for each in steps] == [8, 10, 9]
    assert [each["properties"][0]["status"] for each in steps] == ["lost", "violated", "lost"]
    assert steps[0]["event"]["label"] == "T6"


def test_a_script_ends_with_1_where_something_is_violated_at_its_end() -> None:
    told = ["baseline", "-p", "no-transient-orphan", "--do"]
    assert deadheat("explore", *told, "run").returncode == 1
    assert deadheat("explore", *told, "run; back").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["baseline", "--do", "choose 9"], "There is no step 9 here; there are 2, from 1 on."),
        (["baseline", "--do", "choose"], "'choose' is not how that is written; write choose N."),
        (["baseline", "--do", "choose x"], "'x' is no number; write choose N, such as choose 2."),
        (["baseline", "--do", "chose 1"], "There is no command 'chose'; did you mean choose"),
        (["baseline", "--do", "s"], "'s' may be save or steps or state; write more of it."),
        (["baseline", "--do", "choose \\"], "is no number; write choose N, such as choose 2."),
        (["baseline", "--do", "back '\"'\"''"], "is no number; write back N, such as back 2."),
        (["baseline", "--do", "''"], "There is no command ''"),
        (["baseline", "--do", "back"], "1 step cannot be undone; no step was made yet."),
        (["baseline", "--do", "run no-orphan"], "There is no property 'no-orphan'; did you mean"),
        (["--do", "run"], "There is nothing to walk through, or two things; name a PROTOCOL, or a trace by --from."),
        (["baseline", "--at", "3"], "--at is a step of a trace; give the trace by --from."),
        (["baseline", "--json"], "--json tells what came of commands; give them by --do."),
    ],
)
def test_a_mistake_is_one_sentence(arguments: list[str], sentence: str) -> None:
    done = deadheat("explore", *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_prompt_goes_on_after_a_mistake_until_it_is_told_to_quit() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deadheat", "explore", "baseline", "-p", "no-transient-orphan"],
        input="help\n1\nnonsense\nrun; back\nquit\nchoose 1\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0
    assert "inject FAULT" in done.stdout
    assert "Step 1: worker/e1: T0 deliver" in done.stdout
    assert "Step 9: " in done.stdout
    assert "There is no command 'nonsense'" in done.stderr
    assert "Traceback" not in done.stderr


PRINTS = """
from dataclasses import replace
from deadheat.library import baseline

def dispatch(system, request):
    print("from a role")
    return (yield from baseline.dispatch(system, request))

PROTOCOL = replace(baseline.BASELINE, name="prints", dispatch=dispatch)
"""


def test_what_a_role_prints_does_not_get_in_between(tmp_path: Path) -> None:
    file = tmp_path / "prints.py"
    file.write_text(PRINTS, encoding="utf-8")
    done = deadheat("explore", f"{file}:PROTOCOL", "--do", "run no-transient-orphan", "--json")
    assert "from a role" not in done.stdout
    assert json.loads(done.stdout)["results"][0]["step"] == 10


def test_what_is_violated_for_ever_is_saved_with_what_goes_on_for_ever(tmp_path: Path) -> None:
    reference = f"{Path(__file__).parent / 'scenarios' / 'attacked' / 'ring.py'}:RING"
    done = deadheat("explore", reference, "-p", "done", "--do", "run; save ring.json", cwd=tmp_path)
    assert (done.returncode, "Saved ring.json, a counterexample to done" in done.stdout) == (1, True), done.stderr
    found = replay(tmp_path / "ring.json").counterexample
    assert found is not None
    assert (found.trace.schedule.cycle_from, len(found.trace.events)) == (1, 4)


ENDLESS = Path(__file__).parent / "scenarios" / "attacked" / "endless.py"


def test_a_role_that_fails_leaves_the_run_where_it_was_and_what_would_let_it_fail_is_not_allowed() -> None:
    walk = ByHand(Scenario(f"{ENDLESS}:FAIL"))
    before = walk.position
    with pytest.raises(ModelError, match="RuntimeError"):
        walk.inject("answer-lost")
    assert walk.position == before
    walk.choose(1)
    assert [each.outcome for each in walk.events] == ["ok"]


def test_where_nothing_is_seen_ahead_the_step_by_which_a_role_fails_is_undone() -> None:
    walk = ByHand(Scenario(f"{ENDLESS}:FAIL_LATE", faults=(("answer-lost", 1),)), (), 2)
    for _ in range(3):
        walk.choose(1)
    before = walk.position
    for _ in range(2):
        with pytest.raises(ModelError, match="RuntimeError"):
            walk.choose(2)
        assert walk.position == before
    walk.choose(1)
    assert [each.outcome for each in walk.events] == ["ok"] * 4


def test_of_what_grows_without_an_end_only_the_present_is_told() -> None:
    walk = ByHand(Scenario(f"{ENDLESS}:GROW"))
    walk.choose(1)
    assert (walk.position.sees_ahead, hows(walk)) == (False, {"silent": How.OPEN})
    with pytest.raises(UsageError, match=r"the component 'log' took on 25\d values, and seems to have no bound"):
        walk.run()


def test_a_name_that_no_file_can_have_is_a_mistake_like_any_other() -> None:
    walk = ByHand(Scenario("baseline"))
    walk.run("no-transient-orphan")
    for name in ("\0x", "\ud800"):
        with pytest.raises(DeadheatError, match=r"is no name of a file|cannot be written"):
            _save(walk, [name])


def test_a_trace_that_is_no_run_of_today_is_refused_with_the_step_and_can_be_begun_before_it(tmp_path: Path) -> None:
    counterexample = check(Scenario("baseline", properties=("no-transient-orphan",))).outcomes[0].counterexample
    assert counterexample is not None
    other = replace(counterexample, scenario=replace(counterexample.scenario, protocol="creation-lock"))
    save(other, tmp_path / "other.json")
    done = deadheat("explore", "--from", "other.json", "--do", "timeline", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("deadheat: other.json")
    assert "tep 6 " in done.stderr
    assert deadheat("explore", "--from", "other.json", "--at", "5", "--do", "timeline", cwd=tmp_path).returncode == 0
