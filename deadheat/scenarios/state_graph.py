"""The whole state graph of a scenario, with what every step of it does as text: what graphs and reports are made of.

It is the transition system that a search walks, nothing left out and nothing reduced, over learned tables. States are
numbered breadth first from the initial one, 0; at each, the processes come in the model's order and their steps in that
of the tables: whoever walks the same tables (the page that `reports/html` makes does) numbers them alike.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from deadheat.sim.counting import counted
from deadheat.sim.errors import TooLargeError
from deadheat.sim.explore.every_step import asking_every_step
from deadheat.sim.explore.limits import limit_reached
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.stop import Limit, Stop
from deadheat.sim.learn.lessons import Successor
from deadheat.sim.learn.tables import Tables
from deadheat.sim.model import Model
from deadheat.sim.operations import Instant, operations_of
from deadheat.sim.run.simulation import event_of
from deadheat.sim.run.stepping import steps_of, steps_of_crash, touched
from deadheat.sim.trace import Choice, Event, Schedule

__all__ = ["VALUES_MAX", "Move", "MoveKey", "StateGraph", "graph_around", "state_graph", "too_large"]

VALUES_MAX = SearchOptions().values_max
"""A counter that took on so many values is taken for one without a bound, as in a check."""

STATES_BETWEEN_LOOKS = 100
"""A log that grows with each state makes each dearer than the last, so its growth is looked at often."""


class MoveKey(NamedTuple):
    """Where in the tables a move is: the successor of that number, where the row's fields hold this."""

    process: int
    local: int
    row: int
    fields: int
    number: int


class Move(NamedTuple):
    """A transition out of one state: where in the tables it is, and the number of the state that it leads to."""

    key: MoveKey
    successor: Successor
    target: int


@dataclass(frozen=True)
class StateGraph:
    """Every state of a model, packed, and the moves out of each.

    With `one_fault`, the budgets are shared: no second fault happens on a run that has met one of any kind. One that is
    not `whole` has the moves of some states alone (see `graph_around`).
    """

    tables: Tables
    states: tuple[int, ...]
    moves: tuple[tuple[Move, ...], ...]
    one_fault: bool = False
    whole: bool = True

    @property
    def model(self) -> Model:
        """The model that it is of."""
        return self.tables.model

    def along(self, choices: tuple[Choice, ...]) -> list[int]:
        """Return the numbers of the states that these choices lead through, from the initial one on."""
        numbers = [0]
        for choice in choices:
            move = next(each for each in self.moves[numbers[-1]] if each.successor.choice == choice)
            numbers.append(move.target)
        return numbers

    def event(self, key: MoveKey) -> Event:
        """Return what a move does, as a trace tells it."""
        tables, model = self.tables, self.model
        process = model.processes[key.process]
        operations = tables.locals[key.process].states[key.local].operations
        choice = self.successor(key).choice
        if choice.is_crash:
            crash = process.crashes[choice.crash]
            before = tables.view(key.fields, crash.request.components)
            step = list(steps_of_crash(model, crash, before))[choice.branch]
            return event_of(model, choice, None, step, before)
        operation = operations[choice.alternative]
        before = tables.view(key.fields, touched(model, operation))
        return event_of(model, choice, operation, list(steps_of(model, operation, before))[choice.branch], before)

    def successor(self, key: MoveKey) -> Successor:
        """Return a move's successor."""
        _, learned = self.tables.rows[key.process][key.local][key.row]
        return learned[key.fields][key.number]

    def waits_for(self, process: int, local: int) -> str:
        """Return what a process waits for in one of its local states, in words; nothing where it has ended."""
        operations = self.tables.locals[process].states[local].operations
        return " or ".join(_asked(each) for each in operations)

    def move_keys(self) -> Iterator[MoveKey]:
        """Yield all moves that some state has, each once, in a fixed order."""
        yield from sorted({move.key for moves in self.moves for move in moves})


def _asked(request: Instant) -> str:
    parts = operations_of(request)
    label = f"{request.label} " if getattr(request, "label", None) else ""
    return label + (" and ".join(f"{each.component}.{each.name}" for each in parts) or str(request))


@asking_every_step
def state_graph(
    model: Model, states_max: int, *, one_fault: bool = False, values_max: int = VALUES_MAX
) -> StateGraph | Stop:
    """Return the state graph of a model; or why there is none: it has more than `states_max` states, or no end.

    It is taken to have no end where a counter took on `values_max` values. With `one_fault`, only
    runs that meet at most one fault are in it, of whatever kind there is a budget for.
    """
    tables = Tables(model)
    options = SearchOptions(states_max, values_max=values_max)
    whole = tables.budget_fields(model.budgets)
    initial = tables.initial()
    unused = initial & whole
    found = {initial: 0}
    waiting = deque([initial])
    moves: list[tuple[Move, ...]] = []
    while waiting:
        if len(moves) % STATES_BETWEEN_LOOKS == 0 and (stop := limit_reached(options, len(found), tables.growing)):
            return stop
        state = waiting.popleft()
        may_fail = not one_fault or state & whole == unused
        out = []
        for key, successor in _moves_of(tables, state, may_fail):
            after = state + successor.delta
            if after not in found:
                if len(found) >= states_max and (stop := limit_reached(options, len(found) + 1, tables.growing)):
                    return stop
                found[after] = len(found)
                waiting.append(after)
            out.append(Move(key, successor, found[after]))
        moves.append(tuple(out))
    tables.verify_purity()
    return StateGraph(tables, tuple(found), tuple(moves), one_fault)


def too_large(stop: Stop, states_max: int, for_what: str, advice: str, about: str | None = None) -> TooLargeError:
    """Return what to raise where there is no graph and one is needed; `advice` helps if it is a matter of size."""
    if stop.limit is not Limit.STATES:
        return TooLargeError(f"There are too many states {for_what}: {stop}.", about=stop.limit)
    grown = f"{stop.grown}, and may have no bound; " if stop.grown else ""
    return TooLargeError(
        f"There are more than {counted(states_max, 'state')}, too many {for_what}; {grown}{advice}.", about=about
    )


@asking_every_step
def graph_around(model: Model, schedules: Iterable[Schedule]) -> StateGraph:
    """Return the part of a state graph that some runs come through, with all that could be done in their states."""
    tables = Tables(model)
    found = {tables.initial(): 0}
    on_the_way = {0: tables.initial()}
    for schedule in schedules:
        state = tables.initial()
        for choice in schedule.choices:
            state = next(after for successor, after in tables.choices(state) if successor.choice == choice)
            on_the_way[found.setdefault(state, len(found))] = state
    moves: dict[int, tuple[Move, ...]] = {}
    for number, state in on_the_way.items():
        moves[number] = tuple(
            Move(key, successor, found.setdefault(state + successor.delta, len(found)))
            for key, successor in _moves_of(tables, state, may_fail=True)
        )
    tables.verify_purity()
    return StateGraph(tables, tuple(found), tuple(moves.get(each, ()) for each in range(len(found))), whole=False)


def _moves_of(tables: Tables, state: int, may_fail: bool) -> Iterator[tuple[MoveKey, Successor]]:
    for process, rows in enumerate(tables.rows):
        local = tables.field(state, process)
        for row, (mask, successors) in enumerate(rows[local]):
            fields = state & mask
            for number, successor in enumerate(successors[fields]):
                if not successor.budget or (may_fail and state & successor.budget):
                    yield MoveKey(process, local, row, fields, number), successor
