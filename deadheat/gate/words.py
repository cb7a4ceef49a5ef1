"""What changed between two surveys, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deadheat.gate.config import Check
from deadheat.gate.surveys import Budgets, Judged, Survey, contains
from deadheat.sim.counting import counted

__all__ = ["broken_by", "faults_text", "gains", "refactored_text", "steps_text"]

TIMES = {1: "once", 2: "twice", "*": "again and again"}


def faults_text(faults: Budgets) -> str:
    """Return a set of faults as `http-retry once and worker-crash twice`; that without any as `no fault at all`."""
    parts = [f"{kind} {TIMES.get(budget, f'{budget} times')}" for kind, budget in faults.items()]
    return " and ".join(parts) or "no fault at all"


def steps_text(length: int | None) -> str:
    """Return a number of steps in words."""
    return "a number of steps that is not known" if length is None else counted(length, "step")


def broken_by(name: str, faults: Budgets, was: Judged, check: Check) -> str:
    """Say that a set of faults breaks a property by now, and what it took before."""
    smaller = [each for each in was.breaking if contains(each, faults)]
    if smaller:
        before = f"it took {faults_text(smaller[0])}"
    elif was.breaking:
        before = f"only {' or '.join(faults_text(each) for each in was.breaking[:3])} did"
    else:
        before = f"nothing up to {counted(check.up_to, 'fault')} did"
    text = f"{faults_text(faults)} now breaks {name}; before, {before}."
    return text[0].upper() + text[1:]


def refactored_text(rewritten: Sequence[str]) -> str:
    """Say of a protocol that does what it did that it was rewritten, and of which properties nobody knows as much.

    A property that demands less holds all the more, and what the protocol does is the same.
    """
    text = "was rewritten, and does what it did before"
    if not rewritten:
        return f"{text}."
    say = "says" if len(rewritten) == 1 else "say"
    return f"{text}; but what {' and '.join(rewritten)} {say} is written otherwise: read whether it demands as much."


def gains(before: Survey, now: Survey) -> list[str]:
    """Return what is better than before."""
    return list(_gains(before, now))


def _gains(before: Survey, now: Survey) -> Iterator[str]:
    for name, judged in now.properties.items():
        was = before.properties.get(name)
        if was is None:
            yield f"{name} is checked too, and {judged.verdict}"
        elif judged.verdict == "holds" and was.verdict != "holds":
            yield f"{name} holds, and was {was.verdict}"
        elif judged.verdict == "holds":
            for faults in was.breaking:
                if not any(contains(faults, each) for each in (*judged.breaking, *judged.undecided)):
                    yield f"{faults_text(faults)} no longer breaks {name}"
