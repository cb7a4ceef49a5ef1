"""How likely it is, in the report: the numbers of `simulate`, where they lie on their scales, and beside each step."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from deadheat.reports.html.likely import TIMES_S, Scale, chance_text, likely_view
from deadheat.scenarios.check import check
from deadheat.scenarios.in_time import Question, memoryless
from deadheat.scenarios.likelihood import along
from deadheat.scenarios.likely import Likely, likely
from deadheat.scenarios.profiles import load_profile
from deadheat.scenarios.scenario import Scenario
from deadheat.scenarios.simulate import simulate
from deadheat.sim.timed.solving import Bounds
from tests.command import deadheat
from tests.reports.browser import Browser
from tests.reports.pages import HOSTILE, Page, written

pytestmark = pytest.mark.xdist_group("browser")

LAWS = memoryless(load_profile("quiet").laws)
CHANCES = "return [...document.querySelectorAll('.step')].map(s => s.querySelector('.chance')?.lastChild.textContent)"


def opened(browser: Browser, file: Path, fragment: str = "") -> None:
    browser.size(1280, 900)
    browser.open(file, fragment)
    browser.wait("document.querySelector('.step[aria-current=step]')")


def test_the_table_has_the_numbers_of_simulate(browser: Browser, two_protocols: Page) -> None:
    opened(browser, two_protocols[0])
    cells = "r => [r.children[0].textContent, ...[...r.querySelectorAll('.measure b')].map(b => b.textContent)]"
    rows = browser.run(f"return [...document.querySelectorAll('table.likely tbody tr')].map({cells})")
    names = ["baseline", "creation-lock", "baseline+orphan-cleanup"]
    assert [row[0] for row in rows] == names
    found = simulate(names, Question(LAWS, {})).results
    assert [row[1] for row in rows] == [f"{each.orphans_per_million.value:.3g}" for each in found]
    assert [row[2] == "-" for row in rows] == [False, True, False]
    of = browser.run("return document.querySelector('#likely-title').nextElementSibling.textContent")
    assert of == "Exact, without sampling. How long each step takes: the profile quiet."


def test_the_curve_is_drawn_and_told_and_there_as_a_table(browser: Browser, two_protocols: Page) -> None:
    opened(browser, two_protocols[0])
    svg = "document.querySelector('.curve svg')"
    assert browser.run(f"return {svg}.getAttribute('role')") == "img"
    named = "id => document.getElementById(id).tagName"
    told = browser.run(f"return {svg}.getAttribute('aria-labelledby').split(' ').map({named})")
    assert told == ["title", "desc"]
    points = browser.run("return [...document.querySelectorAll('.curve polyline')].map(p => p.points.numberOfItems)")
    assert points == [8, 8, 8]
    heights = browser.run(
        "return [...document.querySelectorAll('.curve circle.median')].map(c => Number(c.cy.baseVal.value))"
    )
    assert heights == sorted(heights, reverse=True)  # the longer the period, the longer an orphan lives
    assert browser.run("return document.querySelectorAll('table.numbers tbody tr').length") == 8


def test_beside_each_step_stands_how_likely_the_violation_still_is(browser: Browser, two_protocols: Page) -> None:
    file, [found, _] = two_protocols
    opened(browser, file, "#run=baseline/no-transient-orphan&step=6")
    run = next(each for each in found.runs if each.counterexample.property == "no-transient-orphan")
    expected = [chance_text(each) for each in along(run.counterexample, LAWS)]
    assert browser.run(CHANCES) == expected
    assert expected[-1] == "100%"
    browser.run("[...document.querySelectorAll('.move')].find(m => m.textContent.includes('T7')).click()")
    assert browser.run(CHANCES) == [*expected[:7], None]  # the other way it is not known
    browser.run("return show('baseline', 'eventually-cleaned', 0)")  # a run without an end
    assert set(browser.run(CHANCES)) == {None}
    assert browser.run("return document.querySelector('#chances').hidden") is True


def test_what_cannot_be_simulated_says_why_and_the_rest_is_there() -> None:
    results = [check(Scenario("baseline", faults=(("http-timeout", 1),), properties=("at-most-one-job",)))]
    found = likely(results, Question(load_profile("quiet").laws, {}, faults=(("http-timeout", 1),)), "quiet")
    assert found.results == ()
    view = likely_view(found)
    assert view is not None
    assert view["notes"][0].startswith("baseline was not simulated: Nobody has said how long 'http-timeout'")
    assert likely_view(Likely(found.question, "quiet", (), None, {}, {})) is None


def test_a_profile_with_a_hostile_name_stays_a_name(browser: Browser, two_protocols: Page, tmp_path: Path) -> None:
    found = [two_protocols[1][0]]
    solved = likely([found[0].result], Question(LAWS, {}), HOSTILE)
    opened(browser, written(tmp_path / "report.html", found, likely=solved))
    assert browser.run("return [typeof hacked, document.images.length]") == ["undefined", 0]


def test_marks_lie_between_the_ends_of_their_scale_and_none_apart() -> None:
    scale = Scale.logarithmic([3.0, 0.0, 400.0, math.inf])
    assert scale.marks == (1.0, 10.0, 100.0, 1_000.0)
    places = [scale.at(each) for each in (0.0, 1.0, 31.6227766, 1_000.0, math.inf)]
    assert places == [0.0, 6.0, 53.0, 100.0, 100.0]
    assert Scale.logarithmic([70.0, 4_000.0], TIMES_S).marks == (60.0, 600.0, 3_600.0, 36_000.0)
    assert Scale.logarithmic([]).marks == (1.0, 10.0)
    assert [Scale.linear([8.0]).at(each) for each in (0.0, 4.0, 9.0)] == [0.0, 50.0, 100.0]


def test_what_may_still_not_happen_is_not_called_certain() -> None:
    assert [chance_text(Bounds(each, each)) for each in (1.0, 0.9999, 0.56, 0.00019, 0.0)] == [
        "100%",
        "more than 99%",
        "56%",
        "0.019%",
        "0%",
    ]
    assert chance_text(Bounds(0.1, 1.0)) == "10 to 100%"


def test_the_command_simulates_and_refuses_a_profile_that_there_is_not(tmp_path: Path) -> None:
    asked = ("report", "name-tombstone", "-p", "no-transient-orphan", "--up-to", "0", "--cancellations")
    assert deadheat(*asked, "1000", cwd=tmp_path).returncode == 0
    assert "1,000 cancellations of one evaluation each" in (tmp_path / "report.html").read_text()
    done = deadheat(*asked, "1000", "--profile", "loud", cwd=tmp_path)
    assert (done.returncode, "no profile 'loud'" in done.stderr) == (2, True), done.stderr
