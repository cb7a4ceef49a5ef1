"""Fuzzing finds what a check finds, shrinks it to what a check shows, and says the same for the same seed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.fuzzing import lengths
from deadheat.reports.fuzz import fuzz_to_json, rates_to_json
from deadheat.scenarios.catalogue import DEFAULT_PROTOCOLS
from deadheat.scenarios.check import Options, check
from deadheat.scenarios.failures import keep, known_in
from deadheat.scenarios.fuzz import FuzzOptions, FuzzResult, fuzz
from deadheat.scenarios.fuzz_blob import blob_of, from_blob
from deadheat.scenarios.given import reference_to
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.errors import ReplayDivergedError, UsageError
from deadheat.sim.explore.compiled.compiling import seconds_spent
from deadheat.sim.model import Kind, Model, Process, Property, View
from deadheat.sim.run.simulation import replay
from deadheat.sim.sample.causes import cause_of
from deadheat.sim.sample.rates import rates
from deadheat.sim.sample.strategies import Strategy
from deadheat.sim.trace import Schedule
from tests.command import deadheat
from tests.sim.classics import Role, Variable

SOME = FuzzOptions(schedules=800, seconds=600)
CRASH = (("worker-crash", 1),)


@pytest.fixture(scope="module")
def found() -> FuzzResult:
    return fuzz(Scenario("status-check", faults=CRASH), SOME)


def test_what_a_check_finds_is_found(found: FuzzResult) -> None:
    checked = check(found.scenario, Options())
    violated = {each.property for each in checked.outcomes if each.counterexample}
    assert {each.name for each in found.outcomes if each.failures} == violated


def test_what_is_found_is_shrunk_to_the_length_of_a_check_with_as_many_faults(found: FuzzResult) -> None:
    for each in found.outcomes:
        if not each.failures:
            continue
        least = each.failures[0]
        scenario = replace(found.scenario, faults=tuple(least.cause.faults), properties=(each.name,))
        shown = check(scenario, Options()).outcome(each.name).counterexample
        assert shown is not None
        assert len(least.counterexample.trace.events) <= len(shown.trace.events) + 1, each.name


def test_the_nearest_run_that_holds_is_a_run_of_the_model(found: FuzzResult) -> None:
    partings = [failure.parting for each in found.outcomes for failure in each.failures if failure.parting]
    assert partings
    for parting in partings:
        replay(found.scenario.model(), parting.schedule)


def test_each_cause_is_shown_once(found: FuzzResult) -> None:
    for each in found.outcomes:
        causes = [failure.cause for failure in each.failures]
        assert len(set(causes)) == len(causes)


def without_times(result: FuzzResult) -> str:
    content = json.loads(fuzz_to_json([result]))
    for each in (*content["results"], *content["searches"]):
        del each["seconds"]
        each.pop("states_per_second", None)
    return json.dumps(content)


def test_the_same_seed_finds_the_same() -> None:
    scenario, few = (
        Scenario("status-check", faults=CRASH, properties=("terminal-is-final",)),
        replace(SOME, schedules=100),
    )
    found = without_times(fuzz(scenario, few))
    assert without_times(fuzz(scenario, few)) == found
    assert without_times(fuzz(scenario, replace(few, seed=1))) != found


def test_a_blob_makes_the_same_run_again(found: FuzzResult) -> None:
    for each in found.outcomes:
        for failure in each.failures:
            assert from_blob(found.scenario, blob_of(failure.counterexample)) == failure.counterexample


def test_a_blob_of_an_older_protocol_is_followed_to_the_step_that_is_no_longer_possible(found: FuzzResult) -> None:
    orphan = next(each for each in found.outcomes if each.name == "at-most-one-job").failures[0]
    with pytest.raises(ReplayDivergedError, match=r"Step \d+ of \d+ .* The protocol has changed"):
        from_blob(Scenario("status-check"), blob_of(orphan.counterexample))


def test_what_is_no_blob_is_refused() -> None:
    with pytest.raises(UsageError, match="no blob"):
        from_blob(Scenario("baseline"), "eNqb")


def test_an_older_schedule_is_followed_as_far_as_it_goes(found: FuzzResult) -> None:
    orphan = next(each for each in found.outcomes if each.name == "at-most-one-job").failures[0]
    known = (("saved.json", orphan.counterexample.trace.schedule),)
    without = fuzz(Scenario("status-check"), replace(SOME, schedules=20, known=known))
    assert any(remark.startswith("saved.json no longer applies from step") for remark in without.remarks)


def test_failures_that_were_saved_are_followed_first(tmp_path: Path) -> None:
    scenario = Scenario("baseline", properties=("terminal-is-final",))
    keep(tmp_path, [fuzz(scenario, replace(SOME, schedules=100))])
    known = known_in(tmp_path, scenario)
    assert known
    assert known_in(tmp_path, Scenario("two-phase")) == ()
    [again] = fuzz(scenario, replace(SOME, schedules=1, seed=9, known=known)).outcomes
    assert (str(again.verdict), again.schedules) == ("violated", 1)


def test_what_nothing_violates_is_inconclusive() -> None:
    result = fuzz(Scenario("creation-lock", properties=("at-most-one-job",)), replace(SOME, schedules=200))
    assert [str(each.verdict) for each in result.outcomes] == ["inconclusive"]
    assert not result.is_violated


@pytest.mark.parametrize(
    ("name", "properties"),
    [
        ("status-check", ("no-permanent-orphan", "terminal-is-final", "cancelled-means-stopped")),
        ("event-sourcing", ("no-permanent-orphan", "eventually-cleaned", "nothing-stuck")),
    ],
)
def test_rates_tell_the_share_of_runs_that_find_it(name: str, properties: tuple[str, ...]) -> None:
    scenario = Scenario(name, properties=properties)
    exact = rates(scenario.model())
    assert exact is not None
    runs = 4_000
    for strategy in (Strategy.UNIFORM, Strategy.PATHS):
        alone = FuzzOptions((strategy,), schedules=runs, seconds=600)
        result = fuzz_all_the_way(scenario, alone)
        for each in result.outcomes:
            chance = exact[each.name, strategy]
            margin = 2.576 * (chance * (1 - chance) / runs) ** 0.5
            assert abs(each.violated_in / runs - chance) <= margin, f"{each.name} by {strategy}"
    assert {"protocol", "property", "strategy", "probability"} == set(
        json.loads(rates_to_json([(scenario, exact)]))["results"][0]
    )


def fuzz_all_the_way(scenario: Scenario, options: FuzzOptions) -> FuzzResult:
    """Fuzz to the last run, also where everything was found often."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("deadheat.scenarios.fuzz._is_enough", lambda *_: False)
        return fuzz(scenario, options)


def test_hypothesis_draws_the_same_for_the_same_seed() -> None:
    alone = FuzzOptions((Strategy.HYPOTHESIS,), schedules=60, seconds=600)
    scenario = Scenario("status-check", properties=("terminal-is-final",))
    found = fuzz(scenario, alone)
    assert found.is_violated
    assert found.by_strategy == {"hypothesis": 60}
    assert without_times(fuzz(scenario, alone)) == without_times(found)
    assert without_times(fuzz(scenario, replace(alone, seed=1))) != without_times(found)


def test_a_strategy_whose_library_is_missing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(UsageError, match=r"pip install 'deadheat\[hypothesis\]'"):
        fuzz(Scenario("baseline"), FuzzOptions((Strategy.HYPOTHESIS,), schedules=1))


def test_jobs_make_as_many_schedules_as_were_asked_for() -> None:
    scenario = Scenario("state-machine", properties=("at-most-one-job",))
    assert fuzz(scenario, replace(SOME, schedules=5), jobs=4).schedules == 5


def test_time_bounds_all_of_it_and_says_what_was_left() -> None:
    kinds = tuple((kind, 1) for kind in Scenario("baseline").subject.faults)
    before, compiled_before = time.process_time(), seconds_spent()
    result = fuzz(Scenario("baseline", 2, kinds), replace(SOME, schedules=10**6, seconds=2.0))
    compiling = seconds_spent() - compiled_before  # which is left out
    assert time.process_time() - before - compiling < 5, "what is to be executed at last comes on top"
    assert any(each.startswith("Time was up after") for each in result.remarks)


def test_what_grows_without_a_bound_is_named_once_time_is_up() -> None:
    counter = Variable("counter", 0)

    def count() -> Role:
        while True:
            yield counter.set((yield counter.get()) + 1)

    def found(view: View) -> str | None:
        return "negative" if view["counter"] < 0 else None

    properties = (Property("positive", "", Kind.ALWAYS, ("counter",), found),)
    model = Model({"counter": counter}, (Process("count", count),), properties)
    result = fuzz(Scenario(reference_to(model)), replace(SOME, schedules=10**6, seconds=2.0))
    assert any("may have no bound" in each for each in result.remarks)


def test_with_exchanged_names_it_is_one_cause(found: FuzzResult) -> None:
    model = Scenario("baseline", 2).model()
    schedule = check(Scenario("baseline", 2, properties=("terminal-is-final",)), Options()).outcomes[0].counterexample
    assert schedule is not None
    choices = schedule.trace.schedule.choices
    other = {"e1": "e2", "e2": "e1"}
    exchanged = Schedule(
        tuple(replace(each, process=re.sub("e[12]", lambda one: other[one[0]], each.process)) for each in choices)
    )
    one, two = (cause_of(model, "terminal-is-final", each) for each in (schedule.trace.schedule, exchanged))
    assert exchanged != schedule.trace.schedule
    assert one == two


def interrupted(*arguments: str, sent: str = "SIGINT", shrinking: bool = False) -> tuple[int, str, str]:
    """Start fuzzing, interrupt it after its first rounds or as it begins to shrink, and return how it ended."""
    script = f"""
import os, signal, time
from multiprocessing import Value
from deadheat.sim.sample.portfolio import Portfolio
from deadheat.sim.sample.shrink import Shrinker
signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell starts what runs in the background
main_process, was_sent = os.getpid(), Value("b", 0)
def send():
    with was_sent.get_lock():
        if not was_sent.value:
            os.kill(main_process, signal.{sent})
            time.sleep(0.1)  # until that has heard of it
        was_sent.value = 1
def going_on(real):
    def go_on(self, *given):
        real(self, *given)
        if self.runs > 40 and not {shrinking}:
            send()
    return go_on
def nearing(real):
    def near(self, *given):
        if {shrinking}:
            send()
        return real(self, *given)
    return near
Portfolio.go_on, Shrinker.near = going_on(Portfolio.go_on), nearing(Shrinker.near)
from deadheat.cli import main
main()
"""
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, timeout=240)
    return done.returncode, done.stdout, done.stderr


def test_what_was_found_before_an_interruption_is_told() -> None:
    code, out, _ = interrupted("fuzz", "baseline", "-p", "nothing-stuck", "-p", "terminal-is-final", "--json")
    verdicts = {each["property"]: each["verdict"] for each in json.loads(out)["results"]}
    assert (code, verdicts) == (1, {"nothing-stuck": "inconclusive", "terminal-is-final": "violated"})


def test_an_interruption_before_anything_was_found_is_no_verdict() -> None:
    code, out, err = interrupted("fuzz", "name-tombstone", "-p", "at-most-one-job")
    assert code == 3
    assert "It was interrupted after" in out
    assert "Traceback" not in err


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("shrinking", [False, True])
@pytest.mark.parametrize("sent", ["SIGINT", "SIGTERM"])
def test_whatever_ends_it_and_when_what_was_found_is_told_and_saved(
    sent: str, shrinking: bool, jobs: str, tmp_path: Path
) -> None:
    """Also what lasts, of which it must be seen where it settles before it is told."""
    asked = ("-p", "nothing-stuck", "-p", "terminal-is-final", "-p", "no-permanent-orphan")
    options = (*asked, "--jobs", jobs, "--failures", str(tmp_path / "found"), "--json")
    code, out, err = interrupted("fuzz", "baseline", *options, sent=sent, shrinking=shrinking)
    content = json.loads(out)
    verdicts = {each["property"]: each["verdict"] for each in content["results"]}
    expected = {"nothing-stuck": "inconclusive", "terminal-is-final": "violated", "no-permanent-orphan": "violated"}
    assert (code, verdicts) == (1, expected)
    assert "Traceback" not in err
    saved = {path.name.removeprefix("baseline-").rpartition("-")[0] for path in (tmp_path / "found").glob("*.json")}
    assert saved == {"terminal-is-final", "no-permanent-orphan"}
    assert any("It was interrupted" in each for each in content["searches"][0]["remarks"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--rate", "--save", "it.json"], "nothing to do for --save"),
        (["--depth", "3", "--strategy", "pos"], "--depth is for pct"),
        (["--strategy", "unform"], "did you mean uniform"),
        (["--seconds", "-3"], "--seconds"),
        (["--jobs", "0"], "--jobs"),
        (["--save", "no/such/it.json"], "cannot be written"),
        (["--blob", "xyz"], "no blob"),
    ],
)
def test_mistakes_are_told_in_a_sentence(options: list[str], said: str, tmp_path: Path) -> None:
    done = deadheat("fuzz", "baseline", "--schedules", "5", *options, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_command_ends_with_1_where_it_found_something_and_else_with_3() -> None:
    done = deadheat("fuzz", "baseline", "--schedules", "200", "--property", "terminal-is-final", "--json")
    assert done.returncode == 1
    [entry] = json.loads(done.stdout)["results"]
    assert (entry["verdict"], entry["faults"], entry["counterexample_length"]) == ("violated", {}, 7)
    again = deadheat("fuzz", "baseline", "--property", "terminal-is-final", "--blob", entry["blob"])
    assert again.returncode == 1
    assert deadheat("fuzz", "state-machine", "--property", "terminal-is-final", "--schedules", "50").returncode == 3


@pytest.mark.slow
def test_what_is_shrunk_is_as_short_as_what_a_check_shows_in_nineteen_cases_of_twenty_and_never_much_longer() -> None:
    scenarios = [Scenario(name, faults=faults) for name in DEFAULT_PROTOCOLS for faults in ((), CRASH)]
    longer = [more for scenario in scenarios for more, _ in lengths(scenario) if more is not None]
    assert max(longer) <= 1
    assert sum(more > 0 for more in longer) <= len(longer) / 20
