"""Where a counterexample is lost: the step after which, faults aside, nothing can avoid the violation any more."""

from __future__ import annotations

from itertools import pairwise

from deadheat.sim.errors import PurityError
from deadheat.sim.explore.cycles.graphs import terminal_components
from deadheat.sim.explore.every_step import asking_every_step
from deadheat.sim.learn.tables import Tables
from deadheat.sim.learn.watches import Watch
from deadheat.sim.model import Kind, Model
from deadheat.sim.trace import Schedule

__all__ = ["can_be_avoided", "turning_point"]

STATES_MAX = 20_000


@asking_every_step
def turning_point(model: Model, name: str, schedule: Schedule) -> int | None:
    """Return the number (from 1) of the step after which every way on violates the named property.

    Only owed steps count as ways on: faults and steps that nobody owes might still come to the rescue. Returns the
    number of the last step if the violation is avoidable until then; and None if telling would take more than
    `STATES_MAX` states, or if it is never lost for good, because only faults that go on keep a lasso from healing.
    """
    tables = Tables(model)
    watch = _watch_on(tables, name)
    states = _states_of(tables, schedule)
    turning = len(schedule.choices)
    while turning > 0:
        avoidable = _avoidable(tables, watch, states[turning - 1])
        if avoidable is None:
            return None
        if avoidable:
            break
        turning -= 1
    stem = len(schedule.choices) if schedule.cycle_from is None else schedule.cycle_from
    return turning if turning <= stem else None


@asking_every_step
def can_be_avoided(model: Model, name: str, schedule: Schedule) -> bool | None:
    """Return whether, after a schedule, owed steps can lead to where the named property is not violated.

    None if telling would take more than `STATES_MAX` states.
    """
    tables = Tables(model)
    watch, states = _watch_on(tables, name), _states_of(tables, schedule)
    if any(watch.violated_by(before, after) for before, after in pairwise(states)):
        return False
    return _avoidable(tables, watch, states[-1])


def _watch_on(tables: Tables, name: str) -> Watch:
    return next(each for each in tables.watches if each.property.name == name)


def _states_of(tables: Tables, schedule: Schedule) -> list[int]:
    """Return the packed states that a schedule comes through, from the initial one on."""
    states = [tables.initial()]
    for choice in schedule.choices:
        after = next((after for successor, after in tables.choices(states[-1]) if successor.choice == choice), None)
        if after is None:
            raise PurityError(
                f"The process {choice.process!r} is not pure: it could make step {len(states)} of the schedule, and "
                "cannot any more. A role may depend on its arguments and on outcomes alone."
            )
        states.append(after)
    return states


def _avoidable(tables: Tables, watch: Watch, start: int) -> bool | None:
    """Return whether owed steps can lead from `start` into a settled state without a violation."""
    edges: dict[int, list[int]] = {start: []}
    doomed: set[int] = set()  # an owed step from here violates
    waiting = [start]
    while waiting:
        state = waiting.pop()
        for successor, after in tables.choices(state):
            if not successor.owed:
                continue
            if watch.violated_by(state, after):
                doomed.add(state)
                continue
            edges[state].append(after)
            if after not in edges:
                if len(edges) >= STATES_MAX:
                    return None
                edges[after] = []
                waiting.append(after)
    return any(not settled & doomed and _is_safe(watch, settled) for settled in terminal_components(edges))


def _is_safe(watch: Watch, settled: set[int]) -> bool:
    if watch.property.kind in (Kind.SETTLED, Kind.EVENTUALLY):
        return not any(all(part.violated(state) for state in settled) for part in watch.parts)
    return True
