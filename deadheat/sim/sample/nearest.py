"""The nearest run that holds: what a run that violates a property would have to do otherwise, as late as can be.

Tried are the same steps with one of them before another one, a little before it, the last ones first: the one comes
earlier, or the other later, and up to there all must be possible. Then those without one of the faults. Such a run is
followed as far as it goes, and goes on by owed steps, each process in its turn,
until nothing more is owed, or it comes back to where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from deadheat.sim.explore.options import never
from deadheat.sim.learn.tables import Tables
from deadheat.sim.learn.watches import Watch
from deadheat.sim.model import Kind
from deadheat.sim.run.simulation import replay
from deadheat.sim.sample.following import like, owed_from
from deadheat.sim.sample.lasting import Lasting
from deadheat.sim.trace import Choice, Schedule

__all__ = ["Parting", "nearest_that_holds"]

STEPS_MAX = 500

DISTANCE_MAX = 6
"""Of two steps that are exchanged, one comes so many after the other at most."""


@dataclass(frozen=True, slots=True)
class Parting:
    """Where a run that holds parts from one that violates: at a step, counted from 1, that comes before another one.

    Where no exchange of two steps helps, `before` is None, and the run holds without that step, a fault.
    """

    step: int
    before: int | None
    schedule: Schedule

    def __str__(self) -> str:
        """Return it as a sentence."""
        if self.before is None:
            return f"The same schedule without step {self.step} holds."
        return f"The same schedule, but with step {self.step} before step {self.before}, holds."


def nearest_that_holds(
    tables: Tables, name: str, schedule: Schedule, lasting: Lasting, asked: Callable[[], bool] = never
) -> Parting | None:
    """Return the run nearest to one that violates a property in which it holds; None if none of those tried does.

    None, too, where a stop is `asked` for before one was found. The run that is returned was executed through simpy.
    """
    watch = next(each for each in tables.watches if each.property.name == name)
    choices = schedule.choices[: schedule.cycle_from]
    for step, before, needed, other in _others(tables, choices):
        if asked():
            return None
        ran = _followed(tables, watch, other, needed, lasting)
        if ran is not None and ran != choices:
            replay(tables.model, Schedule(ran))
            return Parting(step, before, Schedule(ran))
    return None


def _others(tables: Tables, choices: Sequence[Choice]) -> Iterator[tuple[int, int | None, int, tuple[Choice, ...]]]:
    """Yield the other schedules, with the steps in which they differ, and how many of theirs must be possible."""
    for distance in range(1, min(DISTANCE_MAX, len(choices) - 1) + 1):
        for later in range(len(choices) - 1, distance - 1, -1):
            earlier = later - distance
            one, other, between = choices[earlier], choices[later], choices[earlier + 1 : later]
            before, after = choices[:earlier], choices[later + 1 :]
            if one.process == other.process:
                continue
            if all(each.process != one.process for each in between):
                yield later + 1, earlier + 1, later + 1, (*before, *between, other, one, *after)
            if between and all(each.process != other.process for each in between):
                yield later + 1, earlier + 1, later + 1, (*before, other, one, *between, *after)
    state = tables.initial()
    faults = []
    for number, choice in enumerate(choices):
        successor, state = next(each for each in tables.choices(state) if each[0].choice == choice)
        if successor.budget:
            faults.append(number)
    for number in reversed(faults):
        yield number + 1, None, 0, (*choices[:number], *choices[number + 1 :])


def _followed(
    tables: Tables, watch: Watch, choices: Sequence[Choice], needed: int, lasting: Lasting
) -> tuple[Choice, ...] | None:
    """Return the run that follows these choices, the first as needed, and goes on to its end; None if it violates."""
    numbers = {each.name: number for number, each in enumerate(tables.model.processes)}
    state = tables.initial()
    taken: list[Choice] = []
    for number, choice in enumerate(choices):
        found = like(tables, state, numbers[choice.process], choice)
        if found is None:
            if number < needed:
                return None
            continue
        if watch.violated_by(state, found[1]):
            return None
        taken.append(found[0].choice)
        state = found[1]
    lasts = watch.property.kind in (Kind.SETTLED, Kind.EVENTUALLY)
    for successor, after in owed_from(tables, state):
        if watch.violated_by(state, after) or (lasts and _lasts(watch, state, lasting)) or len(taken) > STEPS_MAX:
            return None
        taken.append(successor.choice)
        state = after
    return None if lasts and _lasts(watch, state, lasting) else tuple(taken)


def _lasts(watch: Watch, state: int, lasting: Lasting) -> bool:
    return any(part.violated(state) and lasting.violated(part, state) for part in watch.parts)
