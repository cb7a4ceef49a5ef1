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

from deadheat.sim.errors import UsageError
from deadheat.sim.explore.every_step import asking_every_step
from deadheat.sim.learn.tables import Successor, Tables
from deadheat.sim.model import Model
from deadheat.sim.operations import Instant, operations_of
from deadheat.sim.run.simulation import event_of
from deadheat.sim.run.stepping import steps_of, steps_of_crash, touched
from deadheat.sim.trace import Choice, Event, Schedule

__all__ = ["Move", "MoveKey", "StateGraph", "graph_around", "state_graph"]


LOOKS_EVERY = 64
VALUES_MAX = 250
"""What has so many values when it is looked at, as often as that, seems to have no bound; a check ends there, too."""


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
def state_graph(model: Model, states_max: int, *, one_fault: bool = False) -> StateGraph | None:
    """Return the state graph of a model; None where it has more than `states_max` states.

    With `one_fault`, only runs that meet at most one fault, of whatever kind there is a budget for. Raises UsageError
    where a counter, or a log, seems to have no bound.
    """
    tables = Tables(model)
    whole = tables.budget_fields(model.budgets)
    initial = tables.initial()
    unused = initial & whole
    found = {initial: 0}
    waiting = deque([initial])
    moves: list[tuple[Move, ...]] = []
    while waiting:
        if len(moves) % LOOKS_EVERY == 0 and (grown := tables.growing(VALUES_MAX)) is not None:
            raise UsageError(f"This seems to have no bound: {grown}; give that an end.")
        state = waiting.popleft()
        may_fail = not one_fault or state & whole == unused
        out = []
        for key, successor in _moves_of(tables, state, may_fail):
            after = state + successor.delta
            if after not in found:
                if len(found) >= states_max:
                    return None
                found[after] = len(found)
                waiting.append(after)
            out.append(Move(key, successor, found[after]))
        moves.append(tuple(out))
    tables.verify_purity()
    return StateGraph(tables, tuple(found), tuple(moves), one_fault)


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
