"""A race window in plain words: the inequality, the window of the user's cancel, and the lease that excludes it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from deadheat.scenarios.window import RaceWindow
from deadheat.scenarios.window_parts import FreeStep, Lease
from deadheat.sim.counting import counted
from deadheat.sim.durations import duration_text
from deadheat.sim.explain.cuts import START, CausalStep
from deadheat.sim.explain.temporal import Condition, Constraint
from deadheat.sim.run.simulation import Transition

__all__ = [
    "condition_text",
    "free_step_text",
    "inequality_text",
    "lease_text",
    "numbers_text",
    "overdue_text",
    "passed_over_texts",
    "step_text",
    "verdict_text",
]

CONDITIONS_MAX = 3


def step_text(window: RaceWindow, number: int) -> str:
    """Return how a step is called: by its label if no other step has it, else with its number."""
    if number == START:
        return "the start"
    step = window.steps[number - 1]
    label = _label(step)
    if label is None:
        what = step.transition.operation.name if step.transition.operation else "crash"
        return f"step {number} ({what.replace('_', ' ')})"
    return label if [_label(each) for each in window.steps].count(label) == 1 else f"{label} (step {number})"


def verdict_text(window: RaceWindow) -> str:
    """Return whether it can happen, and by how much, in one sentence."""
    at_least = "" if window.exact else "at least "
    if not window.possible:
        return f"Impossible under these latencies: it fails by {at_least}{duration_text(-window.slack_ns)}."
    if window.always:
        return "Possible whatever the latencies within these bounds are, if each free step comes in its window."
    if window.slack_ns == math.inf:
        return "Possible: the latencies given do not exclude it."
    return f"Possible under these latencies, with {at_least}{duration_text(window.slack_ns)} to spare."


def inequality_text(window: RaceWindow) -> str:
    """Return what the latencies must meet for it to happen, in one sentence."""
    if (
        not window.conditions
        and window.relation.endswith(("only if", "things,"))
        and window.relation != "if and only if"
    ):
        return "What has to be faster than what, besides the latencies given, is too much to list."
    if not window.conditions:
        return "Possible at any latencies: nothing in it has to be faster than anything else."
    texts = [condition_text(window, each) for each in window.conditions[:CONDITIONS_MAX]]
    more = len(window.conditions) - len(texts)
    rest = [f"{counted(more, 'more condition is', 'more conditions are')} met"] if more else []
    return f"Possible {window.relation} {', and '.join([*texts, *rest])}."


def condition_text(window: RaceWindow, condition: Condition) -> str:
    """Return a condition as an inequality between durations; what is known to the last digit becomes a number."""
    forward = [each for each in condition.forward if each.lower != each.longest]
    backward = [each for each in condition.backward if each.lower != each.longest]
    number_ns = _fixed(condition.backward) - _fixed(condition.forward)
    longer, shorter = _segments(window, forward), _segments(window, backward)
    if longer and not shorter and number_ns > 0:
        return f"{_take(longer)} at least {duration_text(number_ns)}"
    if shorter and not longer and number_ns <= 0:
        return f"{_take(shorter)} at most {duration_text(-number_ns)}"
    if not longer or not shorter:
        number_ns = 0
        longer, shorter = _segments(window, condition.forward), _segments(window, condition.backward)
    if number_ns > 0:
        return f"{_take(longer)} at least {duration_text(number_ns)} longer than {_join(shorter)}"
    if number_ns < 0:
        return f"{_take(shorter)} at most {duration_text(-number_ns)} longer than {_join(longer)}"
    return f"{_take(longer)} at least as long as {_join(shorter)}"


def numbers_text(window: RaceWindow, condition: Condition) -> str:
    """Return what the bounds say of the two sides of a condition."""
    longer = sum(each.longest for each in condition.forward)
    shorter = sum(each.lower for each in condition.backward)
    forward = f"{_take(_segments(window, condition.forward))} " + (
        "as long as it likes" if longer == math.inf else f"at most {duration_text(longer)}"
    )
    return f"{forward}; {_take(_segments(window, condition.backward))} at least {duration_text(shorter)}"


def free_step_text(window: RaceWindow, free: FreeStep) -> str:
    """Return when a step that comes when it likes must come, in one sentence."""
    name, previous = step_text(window, free.number), window.steps[free.number - 1].previous
    pairs = [each for each in free.opens if each != (previous, free.number)]  # it comes after that one anyway
    opens = [f"{step_text(window, later)} is after {step_text(window, earlier)}" for earlier, later in pairs]
    before = [each for each in free.closes if window.steps[each[1] - 1].previous != each[0]]  # nor is that any news
    closes = [f"{step_text(window, earlier)} is before {step_text(window, later)}" for earlier, later in before]
    sides = [
        *(["late enough that " + " and ".join(opens)] if opens else []),
        *(["early enough that " + " and ".join(closes)] if closes else []),
    ]
    after = f" after {step_text(window, previous)}" if previous and len(pairs) < len(free.opens) else ""
    if not sides:
        return f"{name} may come at any time{after}."
    if len(sides) == 1 and free.widest_ns == math.inf:
        return f"{name} must come {sides[0]}."
    length = "without a limit to its length" if free.widest_ns == math.inf else f"of {_between(free)}"
    reading = "" if window.relation.endswith("only if") else ", for the steps to wait as in the example,"
    opened = f" that {step_text(window, previous)} opens" if after and not opens else ""
    return f"{name} must{reading} come in a window {length}{opened}: {', '.join(sides)}."


def lease_text(window: RaceWindow, lease: Lease) -> str:
    """Return which time to live would exclude the expiry, in one sentence."""
    expiry, setting = step_text(window, lease.number), step_text(window, lease.set_by)
    if lease.longest_ns == -math.inf:
        return f"No time to live of {lease.key} makes it possible under these latencies."
    if lease.longest_ns == math.inf:
        return f"No time to live of {lease.key} excludes it: nothing bounds the time from {setting} to {expiry}."
    longest = duration_text(lease.longest_ns)
    return f"A time to live of {lease.key} of more than {longest} excludes it: {setting} to {expiry} is at most that."


def overdue_text(step: Transition) -> str:
    """Return, in one sentence, what the trace leaves undone although its latency says that it is done."""
    asked = step.operation
    what = f"done '{asked.name.replace('_', ' ')}' on {asked.component}" if asked else "crashed"
    return (
        f"{step.choice.process} would have {what} before the end, and perhaps prevented it; it is taken to be "
        "slower than its bound here."
    )


def passed_over_texts(window: RaceWindow) -> list[str]:
    """Return, in a sentence for each latency that names such steps, which it does not bound since nobody owes them."""
    by_latency: dict[tuple[str, str], list[str]] = {}
    for number, names in window.passed_over.items():
        by_latency.setdefault(names, []).append(step_text(window, number))
    return [
        f"The latency of {given} does not bound {_listed(steps)}, which nobody owes; name {other} to bound "
        f"{'it' if len(steps) == 1 else 'them'}."
        for (given, other), steps in by_latency.items()
    ]


def _listed(texts: Sequence[str]) -> str:
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def _label(step: CausalStep) -> str | None:
    return step.transition.operation.label if step.transition.operation else None


def _fixed(constraints: Iterable[Constraint]) -> int:
    return sum(each.lower for each in constraints if each.lower == each.longest)


def _segments(window: RaceWindow, constraints: Sequence[Constraint]) -> list[str]:
    """Return the durations as few spans as possible, `T2 to T7`, in the order of time."""
    follows = {each.earlier: each.later for each in constraints}
    spans = []
    for first in sorted(follows.keys() - follows.values()):
        last = follows[first]
        while last in follows:
            last = follows[last]
        spans.append((first, last))
    return [f"{step_text(window, first)} to {step_text(window, last)}" for first, last in spans]


def _join(segments: Sequence[str]) -> str:
    return " and ".join(segments) + (" together" if len(segments) > 1 else "")


def _take(segments: Sequence[str]) -> str:
    return f"{_join(segments)} take{'s' * (len(segments) == 1)}"


def _between(free: FreeStep) -> str:
    widest = f"at most {duration_text(free.widest_ns)}"
    return f"{widest} and at least {duration_text(free.narrowest_ns)}" if free.narrowest_ns else widest
