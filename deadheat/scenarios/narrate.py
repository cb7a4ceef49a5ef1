"""A counterexample in plain words: one closing sentence, told from what the trace says happened."""

from __future__ import annotations

import re
from typing import TypeAlias

from deadheat.scenarios.check import Counterexample
from deadheat.scenarios.stops import OfStop
from deadheat.scenarios.subjects import OfEvaluations
from deadheat.sim.trace import Event, Trace

__all__ = ["closing_sentence"]

EVALUATION = re.compile(r"\be[0-9]+\b")
"""The names of evaluations (`models/world.py`)."""

Numbered: TypeAlias = list[tuple[int, Event]]
"""The events of a trace, numbered from 1."""


def closing_sentence(counterexample: Counterexample) -> str:
    """Return what went wrong and why, in one sentence that names the steps."""
    violation = counterexample.violation
    if violation.partition(" ")[0].isalpha():  # not a name, such as order1
        violation = violation[0].upper() + violation[1:]
    events = list(enumerate(counterexample.trace.events, start=1))
    subject = counterexample.scenario.subject
    of_evaluations = isinstance(subject.pair.new if isinstance(subject, OfStop) else subject, OfEvaluations)
    if of_evaluations:
        reasons = _reasons(counterexample.property, _of_the_one(events, counterexample.violation))
    else:
        reasons = _faults_of(events)
    reasons += _for_ever(counterexample.trace)
    return violation + (": " + ", and ".join(reasons) if reasons else "") + "."


def _reasons(name: str, events: Numbered) -> list[str]:
    if name == "terminal-is-final":
        return _overwritten(events)
    if name in ("uncancelled-gets-job", "nothing-stuck"):
        refused = next((each for each in events if each[1].outcome == "False"), None)
        return [f"{_step(*refused)} turned it away"] if refused else _faults_of(events)
    if name == "cancel-answered":
        return _faults_of(events)
    reasons = [*_faults_of(events), *_race(events)]
    if name == "no-permanent-orphan":
        reasons.append("nothing that is still to happen will delete it")
    return reasons


def _of_the_one(events: Numbered, violation: str) -> Numbered:
    """Return the events without those of the other evaluations, if a violation speaks of one."""
    evaluations = {part for _, event in events for part in event.process.split("/")[1:] if EVALUATION.fullmatch(part)}
    spoken_of = evaluations & set(EVALUATION.findall(violation))
    others = evaluations - spoken_of if len(spoken_of) == 1 else set[str]()
    return [(number, event) for number, event in events if others.isdisjoint(event.process.split("/")[1:])]


def _overwritten(events: Numbered) -> list[str]:
    number, event = events[-1]
    written = _last(events, "T6")
    if not written or not event.label:
        return []
    return [f"{_step(*written)} ended it, and {_step(number, event)} overwrote that without looking"]


def _race(events: Numbered) -> list[str]:
    """Which of the kill and the creation came first."""
    creation, kill = _last(events, "T8"), _last(events, "T5")
    if not creation or not kill:
        return []
    if kill[0] < creation[0]:
        return [
            f"the kill ({_step(*kill)}) was answered {kill[1].outcome}",
            f"only later did the dispatcher create the Job ({_step(*creation)})",
        ]
    return [
        f"the dispatcher created the Job ({_step(*creation)})",
        f"the kill ({_step(*kill)}) was answered {kill[1].outcome}",
    ]


def _faults_of(events: Numbered) -> list[str]:
    return [f"{event.process} met {event.fault} (step {number})" for number, event in events if event.fault]


def _for_ever(trace: Trace) -> list[str]:
    """How a lasso goes on."""
    start = trace.schedule.cycle_from
    if start is None:
        return []
    cycle = trace.events[start:]
    if not cycle:
        return ["after that nothing happens any more"]
    steps = f"step {start + 1} is" if len(cycle) == 1 else f"steps {start + 1} to {start + len(cycle)} are"
    faults = sorted({event.fault for event in cycle if event.fault})
    if faults:
        return [f"{steps} repeated for as long as {' and '.join(faults)} goes on"]
    return [f"{steps} repeated for ever"]


def _last(events: Numbered, label: str) -> tuple[int, Event] | None:
    return next((each for each in reversed(events) if each[1].label == label), None)


def _step(number: int, event: Event) -> str:
    return f"{event.label}, step {number}" if event.label else f"step {number}"
