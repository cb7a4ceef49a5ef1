"""The report in a real browser: what a reader does with it, and what the page answers."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from deadheat.commands import report as command
from deadheat.reports.html import report
from deadheat.reports.html.report import Raised, html_of
from deadheat.reports.html.system import system_of
from deadheat.reports.sequence import mermaid_sequence
from deadheat.scenarios import explorable, interruption
from deadheat.scenarios.catalogue import DEFAULT_PROTOCOLS
from deadheat.scenarios.check import Options
from deadheat.scenarios.explorable import Explorable
from deadheat.scenarios.scenario import Scenario
from deadheat.scenarios.state_graph import StateGraph, state_graph
from deadheat.sim.errors import ModelError
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.stop import Stop
from deadheat.sim.model import Model
from deadheat.sim.run.describing import described
from deadheat.sim.run.simulation import Simulation
from tests.command import deadheat
from tests.reports.browser import Browser
from tests.reports.pages import HOSTILE, Page, hostile_model, looked_through, reference, written

pytestmark = pytest.mark.xdist_group("browser")

ORPHAN = "#run=baseline/no-transient-orphan"


@pytest.fixture(scope="module")
def page(two_protocols: Page) -> Page:
    return two_protocols


def opened(browser: Browser, file: Path, fragment: str = "", width: int = 1280) -> None:
    browser.size(width, 900)
    browser.open(file, fragment)
    browser.wait("document.querySelector('.step[aria-current=step]')")


def step(browser: Browser) -> int:
    return int(browser.run("return document.querySelector('.step[aria-current=step]').dataset.step"))


def text(browser: Browser, selector: str) -> str:
    return str(browser.run("return document.querySelector(arguments[0]).textContent", selector))


def state(browser: Browser) -> dict[str, list[str]]:
    rows = browser.run(
        "return [...document.querySelectorAll('#state tr')].map(r => [...r.children].map(c => c.textContent))"
    )
    return {name: values for name, *values in rows}


def standing(browser: Browser, name: str) -> str:
    return str(
        browser.run(
            "return document.querySelector(`#standing [data-property='${arguments[0]}']`).dataset.standing", name
        )
    )


def follow(browser: Browser, words: str) -> None:
    """Choose the first move that can be made here with these words in it."""
    browser.run(
        "const found = [...document.querySelectorAll('.move')].find(m => m.textContent.includes(arguments[0]));"
        "if (!found) throw new Error(`no ${arguments[0]} here`); found.click()",
        words,
    )


# Stepping


def test_it_is_stepped_through_by_keyboard_with_the_state_before_and_after(browser: Browser, page: Page) -> None:
    opened(browser, page[0], f"{ORPHAN}&step=9")
    assert step(browser) == 9
    browser.press("right")
    assert step(browser) == 10
    assert state(browser)["kubernetes/e1"] == ["no Job", "evaluation-e1 created"]
    assert standing(browser, "no-transient-orphan") == "violated"
    browser.press("left", "left", "left")
    assert step(browser) == 7
    assert state(browser)["kubernetes/e1"] == ["no Job", "no Job"]
    assert standing(browser, "no-transient-orphan") == "lost"
    browser.press("k")
    assert standing(browser, "no-transient-orphan") == "possible"
    assert standing(browser, "wanted-job-survives") == "safe"
    browser.press("home")
    assert step(browser) == 0
    browser.press("end", "right")
    assert step(browser) == 10
    browser.press("home", "j")
    assert step(browser) == 1
    assert state(browser)["queue/e1"][1] == "with worker/e1"


def test_why_a_property_is_violated_stands_beside_it(browser: Browser, page: Page) -> None:
    opened(browser, page[0], f"{ORPHAN}&step=10")
    told = text(browser, "#standing [data-property='no-transient-orphan']")
    assert "violated" in told
    assert "Job evaluation-e1 (uid 1) is created, while evaluation e1 is cancelled" in told
    assert text(browser, ".mark") == "the race is lost here"
    browser.run("return show('baseline', 'cancelled-means-stopped', 11)")
    assert "was created after the user was told" in text(browser, "#standing [data-property='cancelled-means-stopped']")


def test_a_link_leads_to_the_step_that_it_names(browser: Browser, page: Page) -> None:
    opened(browser, page[0], "#step=9")
    assert (step(browser), text(browser, "#run-title")) == (9, "baseline · no-permanent-orphan")
    browser.press("right")
    assert browser.run("return location.hash") == "#run=baseline/no-permanent-orphan&step=10"
    browser.run("location.hash = '#run=creation-lock/terminal-is-final&step=3'")
    browser.wait("document.querySelector('#run-title').textContent.startsWith('creation-lock')")
    assert step(browser) == 3
    browser.run("location.hash = '#run=nobody/nothing&step=3'")
    browser.wait("!document.querySelector('#failed').hidden")
    assert "no nobody in this report" in text(browser, "#failed")
    browser.run("location.hash = '#run=baseline/no-such-thing&step=3'")
    browser.wait("document.querySelector('#failed').textContent.includes('no-such-thing')")
    assert "no no-such-thing of baseline in this report" in text(browser, "#failed")


def test_a_cell_of_the_verdicts_opens_its_run(browser: Browser, page: Page) -> None:
    opened(browser, page[0])
    browser.click("[data-protocol='creation-lock'][data-run='cancelled-means-stopped']")
    browser.wait("document.querySelector('#run-title').textContent === 'creation-lock · cancelled-means-stopped'")
    assert step(browser) == 15
    browser.click("[data-protocol='baseline'][data-run='at-most-one-job']")
    browser.wait("document.querySelector('#run-title').textContent === 'baseline · at-most-one-job'")
    assert "No run violates it" in text(browser, "#story")
    assert step(browser) == 0


# What else could have happened


def test_the_counterexample_is_left_at_any_step_and_come_back_to(browser: Browser, page: Page) -> None:
    opened(browser, page[0], f"{ORPHAN}&step=6")
    follow(browser, "dispatcher/e1/1 T7")
    assert "leaves the counterexample after step 6" in text(browser, "#left")
    assert standing(browser, "no-transient-orphan") in ("possible", "safe")
    follow(browser, "create job")
    follow(browser, "delete job")
    assert standing(browser, "no-transient-orphan") == "by-fault"  # a failover, or an answer that is lost
    link = browser.run("return location.hash")
    shown = browser.run("return [...document.querySelectorAll('.step')].map(s => s.textContent)")
    opened(browser, page[0], link)
    assert browser.run("return [...document.querySelectorAll('.step')].map(s => s.textContent)") == shown
    assert step(browser) == 9
    browser.press("b")
    assert browser.run("return document.querySelector('#left').hidden") is True
    assert (step(browser), browser.run("return document.querySelectorAll('.step').length")) == (6, 11)


def test_a_fault_is_injected_and_no_second_one(browser: Browser, page: Page) -> None:
    opened(browser, page[0], "#run=creation-lock/no-permanent-orphan&step=0")
    assert standing(browser, "no-permanent-orphan") == "by-fault"
    browser.click("#violation")
    assert standing(browser, "no-permanent-orphan") == "violated"
    faults = browser.run("return document.querySelectorAll('.step .fault').length")
    assert faults == 1
    assert browser.run("return document.querySelectorAll('.move.is-fault').length") == 0


def test_the_nearest_violation_and_the_end_are_a_key_away(browser: Browser, page: Page) -> None:
    opened(browser, page[0], f"{ORPHAN}&step=0")
    browser.press("n")
    assert (step(browser), standing(browser, "no-transient-orphan")) == (10, "violated")
    browser.press("home")
    browser.click("#end")
    owed = (
        "const { system, path } = shown; return system.enabled(system.along(path)[path.length]).filter(isOwed).length"
    )
    assert browser.run(f"const isOwed = move => shown.system.data.moves[move].o; {owed}") == 0
    browser.run("return show('baseline', 'wanted-job-survives', 0)")
    browser.press("n")
    assert text(browser, "#said") == "Nothing that can happen from here violates it."
    browser.press("1", "1")
    assert step(browser) == 2


WALKS = """
const [name, walks] = arguments;
return systemOf(name).then((system) => walks.map((draws) => {
  let state = system.initial;
  const choices = [], offered = [];
  for (const draw of draws) {
    const enabled = system.enabled(state);
    offered.push(enabled.length);
    if (!enabled.length) break;
    const move = enabled[Math.floor(draw * enabled.length)], { p, c } = system.data.moves[move];
    choices.push([system.data.processes[p], c[0], c[1]]);
    state = system.after(state, move);
  }
  return {
    choices, offered, number: system.number(state),
    values: system.data.values.map((texts, index) => texts[state[index + system.firstComponent]]),
    waits: system.data.waits.map((texts, index) => texts[state[index]]),
    spent: system.initial.map((begun, field) => begun - state[field]).slice(system.firstBudget),
  };
}));
"""


def walked(browser: Browser, found: Explorable, count: int, steps: int) -> int:
    """Walk random schedules in the page and again in simpy, and return how many ended in the same state."""
    generator = random.Random(f"{found.result.scenario.protocol} {count}")
    walks = [[generator.random() for _ in range(steps)] for _ in range(count)]
    model = found.graph.model
    same = 0
    for walk in browser.run(WALKS, found.result.scenario.protocol, walks):
        simulation = Simulation(model)
        for offered, (process, alternative, branch) in zip(walk["offered"], walk["choices"], strict=False):
            spent = any(simulation.budgets[kind] != budget for kind, budget in model.budgets.items())
            enabled = simulation.transitions()
            if found.graph.one_fault and spent:
                enabled = [each for each in enabled if each.step.fault is None]
            assert len(enabled) == offered
            chosen = next(each.choice for each in enabled if each.choice.process == process
                          and (each.choice.alternative, each.choice.branch) == (alternative, branch))  # fmt: skip
            simulation.fire(chosen)
        ends = [described(component, simulation.values[name]) for name, component in model.components.items()]
        assert walk["values"] == ends
        assert walk["spent"] == [budget - simulation.budgets[kind] for kind, budget in model.budgets.items()]
        asked = ["" if each.finished else "waits" for each in simulation.processes.values()]
        assert ["waits" if each else "" for each in walk["waits"]] == asked
        assert walk["number"] in range(len(found.graph.states))
        same += 1
    return same


def test_a_thousand_random_schedules_end_where_simpy_ends(browser: Browser, page: Page) -> None:
    file, found = page
    opened(browser, file)
    assert sum(walked(browser, each, 500, 30) for each in found) == 1_000


@pytest.mark.slow
def test_a_thousand_random_schedules_of_the_whole_default_matrix_end_where_simpy_ends(
    browser: Browser, tmp_path: Path
) -> None:
    found = looked_through(*map(Scenario, DEFAULT_PROTOCOLS))
    opened(browser, written(tmp_path / "report.html", found))
    each = 1_000 // len(found) + 1
    assert sum(walked(browser, one, each, 60) for one in found) >= 1_000
    for one in found:
        require_alike_numbers(browser, one)


def test_schedules_of_what_never_ends_and_of_several_faults_end_where_simpy_ends(
    browser: Browser, tmp_path: Path
) -> None:
    found = looked_through(
        Scenario("baseline+orphan-cleanup", faults=(("cleanup-loss", 1), ("stale-list", 1), ("http-timeout", 1))),
        Scenario("incident:dagster-3323", faults=(("watch-loss", -1),)),
        states_max=20_000,
    )
    assert all(each.graph.whole for each in found)
    opened(browser, written(tmp_path / "report.html", found))
    assert sum(walked(browser, each, 60, 40) for each in found) == 120


def test_the_page_numbers_every_state_as_it_was_judged(browser: Browser, page: Page) -> None:
    """How a property stands is looked up by a state's number: one off, and all of it would be another state's."""
    file, found = page
    opened(browser, file)
    for each in found:
        require_alike_numbers(browser, each)


def require_alike_numbers(browser: Browser, found: Explorable) -> None:
    script = "return systemOf(arguments[0]).then(s => (s.number(s.initial), [...s.numbers.keys()]))"
    theirs = browser.run(script, found.result.scenario.protocol)
    fields = len(found.graph.tables.numbers_in_use())
    ours = [",".join(str(found.graph.tables.field(s, f)) for f in range(fields)) for s in found.graph.states]
    assert theirs == ours


def test_a_page_that_numbers_states_depth_first_would_be_noticed(
    browser: Browser, page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = "numbers.set(key, numbers.size);\n          waiting.push(after);"
    original = report._file
    assert original("walk.js").count(right) == 1
    wrong = right.replace("push(", "splice(next + 1, 0, ")
    monkeypatch.setattr(report, "_file", lambda name: original(name).replace(right, wrong))
    found = page[1][0]
    opened(browser, written(tmp_path / "report.html", [found]))
    with pytest.raises(AssertionError):
        require_alike_numbers(browser, found)


def test_of_what_is_too_large_the_page_says_so_and_has_one_step_beside_the_run(
    browser: Browser, tmp_path: Path
) -> None:
    found = looked_through(Scenario("baseline"), states_max=100)
    opened(browser, written(tmp_path / "report.html", found), f"{ORPHAN}&step=6")
    assert "It has too many states for all of them to be in this page" in text(browser, "#scope")
    assert standing(browser, "at-most-one-job") == "unknown"
    browser.press("end")
    assert standing(browser, "no-transient-orphan") == "violated"
    browser.press("left", "left", "left", "left")
    follow(browser, "dispatcher/e1/1 T7")
    assert "knows one step beside the run only" in text(browser, "#no-moves")
    browser.run("select('beside')")
    assert "there are too many states" in text(browser, "#beside-text")


def test_only_what_holds_is_said_to_be_violated_by_no_run(browser: Browser, tmp_path: Path) -> None:
    """What was not decided, or holds vacuously, is told as that; and the page may know better than the check."""
    few = Options(SearchOptions(states_max=5))
    found = looked_through(Scenario("baseline"), options=few)
    vacuous = Scenario("name-tombstone", faults=(("lease-expiry", 1),), properties=("no-transient-orphan",))
    found += looked_through(vacuous, options=Options(faults_must_fire=True), states_max=400)
    opened(browser, written(tmp_path / "report.html", found), "#run=baseline/no-permanent-orphan&step=0")
    undecided = "Whether a run violates it was not decided, since the search was cut short: it reached 5 states"
    assert text(browser, "#story").startswith(undecided)
    assert text(browser, "#story").endswith("In what is in this page one does: go to the nearest violation.")
    browser.run("return show('baseline', 'at-most-one-job', 0)")
    assert text(browser, "#story").startswith(undecided)
    assert "one does" not in text(browser, "#story")
    browser.run("return show('name-tombstone', 'no-transient-orphan', 0)")
    assert "may be for want of what none has reached: lease-expiry" in text(browser, "#story")


def test_what_holds_is_said_to_hold_under_the_faults_that_are_in_the_page_and_no_others(
    browser: Browser, tmp_path: Path
) -> None:
    told = "return [...document.querySelectorAll('#standing [data-standing=safe] em')].map(e => e.textContent)[0]"
    for states, words, title in (
        (209, "holds, without faults", "No fault can be injected into a run of this page"),
        (1_500, "holds, whatever happens from here, one fault of a kind that is in this page included", "of "),
    ):
        found = looked_through(Scenario("baseline"), states_max=states)
        opened(browser, written(tmp_path / "report.html", found), "#run=baseline/at-most-one-job&step=0")
        assert found[0].left_out
        assert browser.run("return document.querySelector('#faults').hidden") is False
        assert title in text(browser, "#faults-title")
        assert f"There was no room for {', '.join(found[0].left_out)}" in text(browser, "#faults-text")
        assert browser.run(told) == words
    allowed = looked_through(Scenario("baseline", faults=(("http-retry", 1),)))
    opened(browser, written(tmp_path / "report.html", allowed), "#run=baseline/wanted-job-survives&step=0")
    assert browser.run(told) == "holds, whatever happens from here, the faults allowed included"


def test_a_fault_under_which_a_rule_is_broken_is_told_apart_from_one_without_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(model: Model, *arguments: Any, **more: Any) -> StateGraph | Stop:
        if "http-retry" in model.budgets:
            raise ModelError("a role does something else each time")
        return state_graph(model, *arguments, **more)

    monkeypatch.setattr(explorable, "state_graph", broken)
    [found] = looked_through(Scenario("baseline", properties=("no-transient-orphan",)))
    assert found.breaking == ("http-retry",)
    assert "http-retry" not in (*found.injected, *found.left_out)


def test_a_page_without_a_frontier_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> list[Any]:
        raise ModelError("a role does something else each time")

    monkeypatch.setattr("deadheat.scenarios.frontier.frontiers", broken)
    [found] = looked_through(Scenario("name-tombstone", properties=("no-transient-orphan",)))
    frontiers, why = command._frontiers([found.result.scenario], 1, Options())
    html = html_of([found], (), frontiers, "deadheat report", no_frontier=why)
    told = "The report has no frontier, since a role does something else each time"
    assert f'<p class="notice">{told}</p>' in html
    monkeypatch.setattr(interruption, "asked", lambda: True)
    interrupted = "The report has no frontier, since it was interrupted."
    assert command._frontiers([found.result.scenario], 1, Options()) == ([], interrupted)


# Two runs side by side, lanes, search, Mermaid


def test_the_nearest_run_that_holds_stands_beside_it_with_the_first_divergence_marked(
    browser: Browser, page: Page
) -> None:
    opened(browser, page[0], ORPHAN)
    browser.click("#tab-beside")
    cells = "[r.className, ...[...r.children].map(c => c.textContent)]"
    rows = browser.run(f"return [...document.querySelectorAll('#aligned tr')].map(r => {cells})")
    diverging = [place for place, row in enumerate(rows) if "diverges" in row[0]]
    assert diverging == [6]
    assert all(row[0] == "alike" and row[1] == row[2] for row in rows[:6])
    assert "They part after step 6" in text(browser, "#beside-text")
    assert "delete job → 404 Not Found" in "".join(row[1] for row in rows)
    assert "404" not in "".join(row[2] for row in rows)


def test_lanes_are_hidden_and_shown_again(browser: Browser, page: Page) -> None:
    opened(browser, page[0], ORPHAN)
    assert "T5" in text(browser, "#steps")
    browser.run("document.querySelector(`[data-lane='p:cancel/e1']`).click()")
    assert "T5" not in text(browser, "#steps")
    assert browser.run("return document.activeElement.dataset.lane") == "p:cancel/e1"
    assert browser.run("return document.activeElement.getAttribute('aria-pressed')") == "false"
    browser.run("document.querySelector(`[data-lane='c:status/e1']`).click()")
    assert "status/e1" not in state(browser)
    for lane in ("p:cancel/e1", "c:status/e1"):
        browser.run("document.querySelector(`[data-lane='${arguments[0]}']`).click()", lane)
    assert "T5" in text(browser, "#steps")


def test_a_search_finds_steps_and_goes_to_them(browser: Browser, page: Page) -> None:
    opened(browser, page[0], f"{ORPHAN}&step=0")
    browser.press("/", *"t8")
    browser.wait("document.querySelectorAll('.step.match').length === 1")
    assert text(browser, "#found") == "1 found"
    browser.press("enter")
    assert step(browser) == 10
    assert browser.run("return document.activeElement.id") == "search"
    browser.press("escape", "left")
    assert step(browser) == 9


def test_the_mermaid_source_is_that_of_the_run(browser: Browser, page: Page) -> None:
    file, [found, _] = page
    opened(browser, file, ORPHAN)
    browser.click("#tab-mermaid")
    run = next(each for each in found.runs if each.counterexample.property == "no-transient-orphan")
    assert text(browser, "#mermaid") == mermaid_sequence(run.counterexample, run.lost_at)


# What it looks like to whom


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser: Browser, page: Page, axe: str, scheme: str, width: int) -> None:
    browser.prefers(scheme)
    opened(browser, page[0], f"{ORPHAN}&step=6", width)
    assert browser.run("return document.documentElement.dataset.theme") == scheme
    browser.devtools("Runtime.evaluate", expression=axe)
    found = []
    for tab in ("run", "beside", "mermaid"):
        browser.run("document.querySelectorAll('details').forEach(d => d.open = true); select(arguments[0])", tab)
        result = browser.run(
            "return axe.run().then(r => [r.passes.length, r.violations.map(v => [v.impact, v.id, v.nodes[0].html])])"
        )
        assert result[0] > 20
        found += [each for each in result[1] if each[0] in ("serious", "critical")]
    assert found == []
    browser.run("select('run'); next = document.querySelector('#next')")
    browser.run("next.removeAttribute('aria-label'); next.textContent = ''")
    ids = browser.run("return axe.run().then(r => r.violations.map(v => v.id))")
    assert "button-name" in ids  # it would have been found


def test_nothing_is_wider_than_a_phone(browser: Browser, page: Page) -> None:
    for tab in ("run", "beside", "mermaid"):
        opened(browser, page[0], f"{ORPHAN}&step=6", width=390)
        browser.run("select(arguments[0])", tab)
        assert browser.run("return [document.documentElement.scrollWidth, innerWidth]") == [390, 390]


def test_it_prints_the_verdicts_and_the_run_without_what_is_for_the_screen(browser: Browser, page: Page) -> None:
    opened(browser, page[0], f"{ORPHAN}&step=6")
    browser.devtools("Emulation.setEmulatedMedia", media="print")
    try:
        parts = [".verdicts", "#steps", ".bar", ".tabs", ".moves-part"]
        seen = "return arguments[0].map(each => document.querySelector(each).offsetHeight > 0)"
        assert browser.run(seen, parts) == [True, True, False, False, False]
        browser.size(720, 1000)  # a sheet of A4, without its margins
        assert browser.run("return document.documentElement.scrollWidth") <= 720
    finally:
        browser.devtools("Emulation.setEmulatedMedia", media="")


def test_the_verdicts_are_there_without_a_script() -> None:
    [found] = looked_through(Scenario("baseline", properties=("no-transient-orphan", "at-most-one-job")))
    html = html_of([found], (), [], "deadheat report")
    before = html[: html.index("<script")]
    assert "violated in 10 steps" in before
    assert "needs" not in before.lower() or "need JavaScript" in before


# What others have written


def test_hostile_names_stay_names(browser: Browser, tmp_path: Path) -> None:
    name = reference(hostile_model())
    found = looked_through(Scenario(name))
    assert found[0].runs
    broken = Raised(Scenario(name), f"{HOSTILE} broke a rule")
    file = written(tmp_path / "report.html", found, (broken,))
    opened(browser, file)
    for tab in ("run", "beside", "mermaid"):
        browser.run("select(arguments[0])", tab)
        assert browser.run("return [typeof hacked, document.images.length, document.scripts.length]") == [
            "undefined",
            0,
            2,
        ]
    browser.run("select('run')")
    shown = browser.run("return document.body.innerText")
    assert "<img src=x" in shown
    assert "\u202e" not in shown
    assert "\\u202e" in shown
    browser.press("home")
    assert browser.run("return document.querySelectorAll('.move.is-fault').length") == 1
    browser.press("1")
    assert [each for each in browser.complaints() if "favicon" not in each] == []
    source = text(browser, "#mermaid")
    messages = source.splitlines()
    assert messages[0] == "sequenceDiagram"
    assert not set('<>;%`"') & set(re.sub(r"#\d+;|->>", "", source))


def test_a_script_that_is_not_the_pages_own_would_not_run(browser: Browser, page: Page) -> None:
    opened(browser, page[0])
    browser.run("const s = document.createElement('script'); s.textContent = 'hacked = 1'; document.body.append(s)")
    assert browser.run("return typeof hacked") == "undefined"
    assert any("Content Security Policy" in each for each in browser.complaints())


# What is not green


GREEN = """
const green = document.body.appendChild(document.createElement('i'));
green.style.color = 'var(--good)';
return getComputedStyle(document.querySelector('h1')).color === getComputedStyle(green).color;
"""


def looks(browser: Browser, file: Path) -> tuple[str, str, bool]:
    browser.size(1280, 900)
    browser.open(file)
    return text(browser, "h1"), browser.run("return document.querySelector('h1').dataset.state"), browser.run(GREEN)


def test_only_what_was_decided_and_holds_looks_green(browser: Browser, tmp_path: Path) -> None:
    holding = Scenario("name-tombstone", properties=("no-transient-orphan",))
    file = tmp_path / "report.html"
    assert looks(browser, written(file, looked_through(holding, states_max=400))) == (
        "All that was asked of name-tombstone holds", "holds", True)  # fmt: skip
    cut = Options(SearchOptions(states_max=20))
    title, how, green = looks(browser, written(file, looked_through(holding, options=cut, states_max=400)))
    assert (title, how, green) == ("Not everything was decided of name-tombstone", "undecided", False)
    assert "NOT all states were seen" in text(browser, "header")
    assert "not all states were seen, since" in text(browser, ".notice")
    raised = Raised(Scenario("baseline"), "The role worker broke a rule.")
    title, how, green = looks(browser, written(file, looked_through(holding, states_max=400), (raised,)))
    assert (title, how, green) == ("1 of 2 protocols broke a rule, so not everything was decided", "raised", False)
    assert browser.run("return document.querySelectorAll('.cell.raised').length") == len(raised.scenario.properties)
    assert looks(browser, written(file, [], (raised,)))[1:] == ("raised", False)
    vacuous = Scenario("name-tombstone", faults=(("lease-expiry", 1),), properties=("no-transient-orphan",))
    found = looked_through(vacuous, options=Options(faults_must_fire=True), states_max=400)
    assert looks(browser, written(file, found))[1:] == ("undecided", False)


def test_the_command_says_of_one_that_raised_what_was_wrong_and_writes_the_rest(tmp_path: Path) -> None:
    (tmp_path / "ours.py").write_text(
        "from dataclasses import replace\nfrom deadheat.library import baseline\n\n\ndef dispatch(system, request):\n"
        "    yield system.status.no_such_thing(request.evaluation)\n\n\n"
        "BAD = replace(baseline.BASELINE, name='bad', dispatch=dispatch)\n"
    )
    done = deadheat(
        "report",
        "name-tombstone",
        "ours.py:BAD",
        "-p",
        "no-transient-orphan",
        "--up-to",
        "0",
        "--cancellations",
        "0",
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert "no_such_thing" in done.stderr
    html = (tmp_path / "report.html").read_text()
    assert 'data-state="raised"' in html
    assert "no_such_thing" in html


@pytest.mark.parametrize(("name", "told"), [("report.txt", "no name of an HTML file"), ("mine.html", "is no report")])
def test_no_file_of_somebody_elses_is_overwritten(name: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "mine.html").write_text("mine")
    done = deadheat("report", "baseline", "-o", name, cwd=tmp_path)
    assert (done.returncode, told in done.stderr) == (2, True)
    assert (tmp_path / "mine.html").read_text() == "mine"


def test_the_command_writes_verdicts_and_frontier_and_writes_anew(tmp_path: Path) -> None:
    for _ in range(2):
        done = deadheat(
            "report", "state-machine", "-p", "no-permanent-orphan", "-o", "a.html", "--cancellations", "0", cwd=tmp_path
        )
        assert done.returncode == 0, done.stderr
        assert "Wrote a.html (" in done.stdout
    html = (tmp_path / "a.html").read_text()
    assert "deadheat show state-machine --property no-permanent-orphan --faults http-timeout=1" in html
    assert "1 fault breaks it" in html
    assert "likely-title" not in html[: html.index("<script")].replace("#likely-title", "")
    done = deadheat(
        "report",
        "state-machine",
        "-p",
        "no-permanent-orphan",
        "--faults",
        "http-timeout=1",
        "--cancellations",
        "0",
        cwd=tmp_path,
    )
    assert done.returncode == 1
    assert "state-machine violates no-permanent-orphan" in (tmp_path / "report.html").read_text()


# Size and time


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("everything")
    done = deadheat("report", cwd=folder, timeout=500)
    assert done.returncode == 1, done.stderr
    return folder / "report.html"


@pytest.mark.slow
def test_the_whole_default_matrix_is_small_and_opens_in_under_a_second(browser: Browser, everything: Path) -> None:
    assert everything.stat().st_size < 500_000  # 1.5 MB were allowed
    opened(browser, everything)
    times = browser.run(
        "const t = performance.getEntriesByType('navigation')[0]; return [t.domComplete, performance.now()]"
    )
    assert times[0] < 1_000
    everything_there = browser.run(
        "return document.querySelectorAll('[aria-labelledby=verdicts-title] tbody tr').length"
    )
    assert everything_there == len(DEFAULT_PROTOCOLS)
    for name in json.loads(
        browser.run("return JSON.stringify([...document.querySelectorAll('[data-system]')].map(s => s.dataset.system))")
    ):
        took = browser.run(
            "const t = performance.now();"
            "return systemOf(arguments[0]).then(s => (s.number(s.initial), performance.now() - t))",
            name,
        )
        assert took < 1_000, name


def test_two_protocols_with_all_their_states_are_small_and_nothing_is_fetched(page: Page) -> None:
    html = page[0].read_text()
    assert len(html.encode()) < 150_000  # most of which is script and style, for 1.5 MB with 14 of them
    assert "http://" not in html.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in html
    assert "default-src 'none'" in html


def test_the_data_of_a_system_is_all_inert_text() -> None:
    found = looked_through(Scenario(reference(hostile_model())))
    for each in _texts(system_of(found[0])):
        assert each.isprintable() or each.startswith("sequenceDiagram"), each


def _texts(content: Any) -> list[str]:
    if isinstance(content, str):
        return [content]
    if isinstance(content, dict):
        return [found for each in (*content.keys(), *content.values()) for found in _texts(each)]
    return [found for each in content for found in _texts(each)] if isinstance(content, list) else []


def test_the_headline_says_of_what_not_everything_was_decided_beside_what_is_violated() -> None:
    few = Options(SearchOptions(states_max=5))
    found = [*looked_through(Scenario("baseline")), *looked_through(Scenario("creation-lock"), options=few)]
    html = html_of(found, (), [], "deadheat report")
    assert "<title>deadheat: 1 of 2 protocols violates something; of 1 not everything was decided</title>" in html
