"""Timelines: a request has one number wherever it is told of, and every report says a step in the same words."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from deadheat.reports.timeline import print_timeline
from deadheat.reports.window import print_window
from deadheat.scenarios.check import Counterexample, check
from deadheat.scenarios.scenario import Scenario
from deadheat.scenarios.window import race_window
from deadheat.sim.trace import Event

WIDE = 120

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def twice() -> Counterexample:
    """A request that is sent twice, and handled twice."""
    return found(Scenario("baseline", faults=(("http-retry", 1),), properties=("at-most-one-job",)))


@pytest.fixture(scope="module")
def asked_twice() -> Counterexample:
    """A cancellation that is asked for twice; the second one is lost with its handler."""
    faults = (("repeated-cancel", 1), ("cancel-loss", 1))
    return found(Scenario("baseline", faults=faults, properties=("cancel-answered",)))


def found(scenario: Scenario) -> Counterexample:
    counterexample = check(scenario).outcomes[0].counterexample
    assert counterexample is not None
    return counterexample


def numbers_in(event: Event) -> set[str]:
    """Every number by which an event of the channel speaks of a request."""
    told = re.findall(r"request (\d+) (?:in flight|being handled|reply in flight)", "; ".join(event.changes.values()))
    named = [each for each in event.arguments if each.isdecimal()]
    sent = [event.outcome] if event.operation == "send" else []
    handled = [event.process.rsplit("/", 1)[1]] if event.process.startswith("dispatcher/") else []
    # What a step changes is the newest of what it tells of, but for a reply, which may be to an older one.
    return {*named, *sent, *handled, *(told[-1:] if event.operation == "send" else [])}


def test_a_request_has_one_number_in_arguments_outcomes_processes_and_values(twice: Counterexample) -> None:
    events = [each for each in twice.trace.events if each.component.startswith("http/")]
    seen = [numbers_in(each) for each in events]
    assert all(len(each) == 1 for each in seen), seen
    assert set.union(*seen) == {"1", "2"}
    for event in events:
        if event.operation == "accept":
            assert f"request {event.arguments[1]} being handled" in event.changes[event.component]


def test_a_cancellation_has_the_number_of_its_handler(asked_twice: Counterexample) -> None:
    handled = [each for each in asked_twice.trace.events if each.operation in ("cancellation", "answer")]
    assert handled
    for event in handled:
        _, _, number = event.process.partition("/e1")
        assert event.arguments[1] == (number.removeprefix("/") or "1")


def printed(counterexample: Counterexample) -> tuple[str, str]:
    shown, timed = io.StringIO(), io.StringIO()
    print_timeline(counterexample, Console(file=shown, width=WIDE))
    print_window(race_window(counterexample, ()), Console(file=timed, width=WIDE))
    return shown.getvalue(), timed.getvalue()


def steps_shown(text: str) -> dict[str, str]:
    """What happens in each step of a timeline, by its number; values stand on lines of their own."""
    rows = re.findall(r"^ *(\d+) [ ░] (?:T\d)? *[│●◀▶↯┼─ ]+ (\S.*?)(?:  .*)?$", text, re.MULTILINE)
    return dict(rows)


def steps_timed(text: str) -> dict[str, str]:
    """The same of a window's table."""
    rows = re.findall(r"^ *(\d+)  \d\S* \w+ +\S+/\S+ +(?:T\d )?(\S.*?)(?:  .*)?$", text, re.MULTILINE)
    return dict(rows)


def test_the_window_says_steps_as_show_does(twice: Counterexample) -> None:
    shown, timed = printed(twice)
    assert len(steps_shown(shown)) == len(twice.trace.events)
    assert steps_timed(timed) == steps_shown(shown)


def test_a_legend_tells_what_the_labels_mean_in_the_order_in_which_the_timeline_has_them() -> None:
    assert legend_of("kestra_19684.py:AS_IT_WAS") == ["K1", "K2", "K3", "K4", "K5"]
    assert legend_of("river_1358.py:AS_IT_WAS") == ["R1", "R2", "R4", "R3"]


def legend_of(reference: str) -> list[str]:
    text = io.StringIO()
    print_timeline(found(Scenario(f"{EXAMPLES / reference}")), Console(file=text, width=1_000))
    legend = text.getvalue().splitlines()[-1]
    return [each.split(" ")[0] for each in legend.split("; ")]


NODES = """
from dataclasses import dataclass
from deadheat import Components, Design, Fault, Node, crash, always, one_each
from deadheat.library import Memory, Row

DIES = Fault("pod-dies", "a pod dies", "this test")

@dataclass(frozen=True)
class Rows(Components):
    row: Row = Row("row", 0, keyed=True)
    memory: Memory = Memory("memory", initially=0, keyed=True)

def handle(rows, key):
    if (yield rows.memory.get(key)) == 0 and (yield rows.row.get(key)) == 1:
        yield rows.row.set(2, key)
    yield rows.memory.set(1, key)
    yield rows.row.set(1, key)
    yield rows.row.get(key)

def clear(rows, key):
    yield rows.row.get(key)

@always
def twice(row: int) -> bool:
    return row == 2

POD = Node("pod", ("handler", "clear"), (crash(DIES),), (Rows().memory,), each_key=True)
DESIGN = Design(
    "rows", "", "", Rows(), (one_each("handler", handle), one_each("clear", clear)), (twice,), nodes=(POD,)
)
"""


def test_a_node_goes_down_with_what_is_on_it_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "ours_on_nodes.py"
    file.write_text(NODES)
    counterexample = found(Scenario(f"{file}:DESIGN", faults=(("pod-dies", 1),)))
    for width in (100, 200):
        text = io.StringIO()
        print_timeline(counterexample, Console(file=text, width=width))
        told = " ".join(text.getvalue().split())
        assert "goes down ↯ pod-dies" in told
        assert "comes up again" in told
        assert "ends with its node" not in told
        assert "True" not in told
    operations = [each.operation for each in counterexample.trace.events]
    assert operations == ["get", "get", "set", "set", "crash", "gone", "start", "get", "get", "set"]
