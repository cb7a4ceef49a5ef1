"""What a live trace may tell of: every operation that roles ask for, with arguments, outcomes and an example.

It is found by letting the protocols run: all runs without faults are looked through, and of each operation that a role
waits for there, every outcome that its component could give it then, by a fault too. So it is true of components and
protocols that nobody has thought of here. What servers do by themselves is not in it, for no trace tells of that.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from deadheat.live.forcing.free import is_the_end
from deadheat.live.logs.attribution import THE_ONE
from deadheat.live.logs.likeness import in_words_of
from deadheat.live.values import encode
from deadheat.models.faults import FAULTS
from deadheat.models.system import Protocol
from deadheat.models.world import build
from deadheat.scenarios.subjects import OfEvaluations
from deadheat.sim.arguments import wanted_types
from deadheat.sim.components import operation
from deadheat.sim.learn.tables import Tables
from deadheat.sim.model import Model
from deadheat.sim.operations import Operation, operations_of
from deadheat.sim.render import render

__all__ = ["EVALUATION", "Argument", "Tellable", "vocabulary"]

EVALUATION = "17"
"""What the evaluation is called in examples."""

STATES_MAX = 20_000
"""So many states of a protocol are looked through at most."""


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of an operation: its name, its types, and whether it may be left out because it has a default."""

    name: str
    types: tuple[str, ...]
    optional: bool


@dataclass(frozen=True, slots=True)
class Tellable:
    """An operation that a trace may tell of.

    `processes` are those that do it, E for the evaluation and N for a number; `outcomes` are JSON texts, as they are
    written in a trace of the evaluation 17; `example` is a line of one.
    """

    component: str
    operation: str
    meaning: str
    arguments: tuple[Argument, ...]
    processes: tuple[str, ...]
    outcomes: tuple[str, ...]
    example: str


@dataclass(slots=True)
class _Seen:
    """What was seen of one operation: how it is marked, who asks for it, what it can be answered, and one request."""

    marked: operation[Any]
    asked: Operation
    process: str
    processes: set[str] = field(default_factory=set)
    outcomes: dict[str, Any] = field(default_factory=dict)


def vocabulary(protocols: Iterable[Protocol], faults: Iterable[str] = tuple(FAULTS)) -> tuple[Tellable, ...]:
    """Return the operations that a trace of one of the protocols may tell of, by component and name.

    What is looked through are all runs without faults, and with one fault of each of these kinds.
    """
    seen: dict[tuple[str, str], _Seen] = {}
    for protocol in protocols:
        for budgets in ({}, *({kind: 1} for kind in faults)):
            _look_through(protocol, budgets, seen)
    return tuple(_tellable(component, name, each) for (component, name), each in sorted(seen.items()))


def _look_through(protocol: Protocol, budgets: Mapping[str, int], seen: dict[tuple[str, str], _Seen]) -> None:
    # Without faults, whoever can take part if anything goes wrong is there, to say what it would ask for first.
    world = build(protocol, 1, budgets or dict.fromkeys(FAULTS, 1))
    declared = frozenset(OfEvaluations(protocol).faults)
    tables = Tables(Model(world.components, world.processes, budgets=budgets, declared=declared))
    start = tables.initial()
    states, waiting = {start}, [start]
    requests: dict[tuple[int, int], list[tuple[str, Operation, int]]] = {}
    asked: set[tuple[int, int, int, int]] = set()
    while waiting:
        state = waiting.pop()
        for number in range(len(tables.locals)):
            local = tables.field(state, number)
            if (number, local) not in requests:
                requests[number, local] = list(_requests(tables, number, local))
            for index, (process, each, where) in enumerate(requests[number, local]):
                key = (number, local, index, tables.field(state, where))
                if key not in asked:
                    asked.add(key)
                    _note(seen, tables, process, each, tables.value(where, key[-1]))
        for _, after in tables.choices(state):
            if after not in states and len(states) < STATES_MAX:
                states.add(after)
                waiting.append(after)


def _requests(tables: Tables, number: int, local: int) -> Iterator[tuple[str, Operation, int]]:
    process = tables.locals[number].process
    for request in () if process.is_environment else tables.locals[number].states[local].operations:
        for each in operations_of(request):
            if not is_the_end(each):
                yield process.name, each, tables.component_field(each.component)


def _note(seen: dict[tuple[str, str], _Seen], tables: Tables, process: str, asked: Operation, value: Any) -> None:
    component = tables.model.component(asked.component)
    marked = getattr(type(component), asked.name)
    known = seen.setdefault((component.name, asked.name), _Seen(marked, asked, process))
    known.processes.add(_role(process))
    for step in component.apply(value, asked):
        outcome = _written(step.outcome)
        known.outcomes.setdefault(json.dumps(outcome), outcome)


def _written(value: Any) -> Any:
    """Return a value as it is written in a log of the evaluation 17: exactly, or else in the words of a timeline."""
    value = in_words_of(EVALUATION, value)
    try:
        return encode(value)
    except TypeError:
        return render(value)


def _role(process: str) -> str:
    name, *rest = process.split("/")
    return "/".join([name, *("E" if each == THE_ONE else "N" for each in rest)])


def _tellable(component: str, name: str, seen: _Seen) -> Tellable:
    parameters = list(inspect.signature(seen.marked.step).parameters.values())[2:]
    wanted = wanted_types(seen.marked.step)
    arguments = tuple(
        Argument(
            each.name,
            tuple("null" if kind is type(None) else kind.__name__ for kind in wanted.get(each.name, ())) or ("any",),
            each.default is not inspect.Parameter.empty,
        )
        for each in parameters
    )
    outcomes = tuple(sorted(seen.outcomes, key=lambda text: (text != "null", len(text), text)))
    line = {
        "process": _written(seen.process),
        "component": _written(seen.asked.component),
        "operation": name,
        "arguments": [_written(each) for each in seen.asked.arguments],
        "outcome": next(iter(seen.outcomes.values()), None),
        "began": 12.031,
        "ended": 12.034,
    }
    meaning = inspect.cleandoc(seen.marked.__doc__ or "").partition("\n")[0]
    return Tellable(component, name, meaning, arguments, tuple(sorted(seen.processes)), outcomes, json.dumps(line))
