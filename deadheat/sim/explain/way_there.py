"""How a run comes to where the user's code fails: a shortest schedule, as lines of text.

A search that meets an exception of a role, an operation or a property knows at most a packed state of its own. So the
way there is looked for once more, by a plain search that does nothing else; only after something has failed.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from deadheat.sim.errors import DeadheatError, ModelError, OperationError
from deadheat.sim.explore.every_step import asking_every_step
from deadheat.sim.learn.tables import Tables
from deadheat.sim.model import Kind, Model
from deadheat.sim.run.simulation import Simulation
from deadheat.sim.trace import Choice, Event

__all__ = ["with_way_there"]

STATES_MAX = 100_000
"""So many states are looked at, at most: some seconds."""

STEPS_MAX = 60
"""Of a longer way, its end is shown."""


class _Way(NamedTuple):
    error: ModelError
    steps: list[Choice]
    last: str
    """The request that was being answered, if one was."""


def with_way_there(error: ModelError, model: Model) -> ModelError:
    """Return an error of the user's code with the steps that lead there, as another note, if those are found.

    Where several things fail in a model, it may be the error of another one.
    """
    if not getattr(error, "__notes__", ()):  # nothing was raised: its sentence says all
        return error
    try:
        way = _way_there(model)
        lines = [] if way is None else _lines(model, way)
    except DeadheatError:  # it comes and goes
        return error
    if way is None or not getattr(way.error, "__notes__", ()):
        return error
    if lines:
        way.error.add_note("\n".join(["It comes to that so:", *lines]))
    return way.error


@asking_every_step
def _way_there(model: Model) -> _Way | None:
    """Return the nearest error of the model's roles, operations and properties, with a shortest way to it."""
    tables = Tables(model)
    came_from: dict[int, tuple[int, Choice] | None] = {tables.initial(): None}
    waiting = deque(came_from)
    of_states = [each for each in tables.watches if each.property.kind is not Kind.STEP]
    while waiting and len(came_from) < STATES_MAX:
        state = waiting.popleft()
        try:
            for watch in of_states:
                watch.violated(state)
        except ModelError as error:
            return _Way(error, _path(came_from, state), "")
        lessons = len(tables.lessons)
        try:
            choices = tables.choices(state)
        except ModelError as error:
            return _Way(error, _path(came_from, state), _asked(tables) if len(tables.lessons) > lessons else "")
        for successor, after in choices:
            is_new = after not in came_from
            if is_new:
                came_from[after] = (state, successor.choice)
                waiting.append(after)
            try:
                for part in successor.watches:
                    part.violated_by(state, after)
            except ModelError as error:
                return _Way(error, [*_path(came_from, state), successor.choice], "")
    return None


def _path(came_from: dict[int, tuple[int, Choice] | None], state: int) -> list[Choice]:
    steps: list[Choice] = []
    before = came_from[state]
    while before is not None:
        steps.append(before[1])
        before = came_from[before[0]]
    return steps[::-1]


def _asked(tables: Tables) -> str:
    """Return what was learned last, which failed: who asks for what."""
    lesson = tables.lessons[-1]
    states = tables.locals[lesson.process]
    operations = states.states[lesson.local].operations
    what = str(operations[lesson.row]) if lesson.row < len(operations) else "crash"
    return f"{states.process.name}  {what}"


def _lines(model: Model, way: _Way) -> list[str]:
    simulation = Simulation(model)
    events = [simulation.record(choice) for choice in way.steps]
    process, _, what = way.last.partition("  ")
    width = max(map(len, (process, *(each.process for each in events))))
    lines = [f"{number:>4}  {_line(each, width)}" for number, each in enumerate(events, start=1)]
    if way.last:
        how = "fails" if isinstance(way.error, OperationError) else "is answered, and then it fails"
        lines.append(f"{len(lines) + 1:>4}  {process:<{width}}  {what}  <- {how}")
    return lines if len(lines) <= STEPS_MAX else ["   ...", *lines[-STEPS_MAX:]]


def _line(event: Event, width: int) -> str:
    label = f"{event.label} " if event.label else ""
    asked = f"{event.component}.{event.operation}" if event.component else event.operation
    fault = f" ({event.fault})" if event.fault else ""
    return f"{event.process:<{width}}  {label}{asked}({', '.join(event.arguments)}) -> {event.outcome}{fault}"
