"""A counterexample in plain words: one closing sentence, told from what the trace says happened."""

from __future__ import annotations

from deadheat.scenarios.check import Counterexample
from deadheat.sim.trace import Event

__all__ = ["closing_sentence"]


def closing_sentence(counterexample: Counterexample) -> str:
    """Return what went wrong and why, in one sentence that names the steps."""
    violation = counterexample.violation[0].upper() + counterexample.violation[1:]
    reasons = _reasons(counterexample.property, list(enumerate(counterexample.trace.events, start=1)))
    return violation + (": " + ", and ".join(reasons) if reasons else "") + "."


def _reasons(name: str, events: list[tuple[int, Event]]) -> list[str]:
    reasons = []
    kill = _last(events, "T5")
    creation = _last(events, "T8")
    written = _last(events, "T6")
    if name == "terminal-is-final":
        number, event = events[-1]
        if written and event.label:
            reasons.append(f"{_step(*written)} ended it, and {_step(number, event)} overwrote that without looking")
        return reasons
    if name == "uncancelled-gets-job":
        if refused := next((each for each in events if each[1].outcome == "False"), None):
            reasons.append(f"{_step(*refused)} turned it away")
        return reasons
    if creation and kill:
        if kill[0] < creation[0]:
            reasons.append(f"the kill ({_step(*kill)}) was answered {kill[1].outcome}")
            reasons.append(f"only later did the dispatcher create the Job ({_step(*creation)})")
        else:
            reasons.append(f"the dispatcher created the Job ({_step(*creation)})")
            reasons.append(f"the kill ({_step(*kill)}) was answered {kill[1].outcome}")
    if name == "no-permanent-orphan":
        reasons.append("nothing that is still to happen will delete it")
    return reasons


def _last(events: list[tuple[int, Event]], label: str) -> tuple[int, Event] | None:
    return next((each for each in reversed(events) if each[1].label == label), None)


def _step(number: int, event: Event) -> str:
    return f"{event.label}, step {number}" if event.label else f"step {number}"
