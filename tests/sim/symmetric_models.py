"""Small random models whose names are interchangeable: each has its own cells and runs the same programs.

What is shared can hold names too: a holder who holds it, and a line in which names wait; a server serves whoever is
first, or anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, NamedTuple

from hypothesis import strategies as st

from deadheat.sim.blocks import atomic_block
from deadheat.sim.components import BLOCKED, Component, Step, Steps, operation
from deadheat.sim.model import UNLIMITED, Crash, Kind, Model, Part, Process, Property, View
from deadheat.sim.operations import Operation, Request, any_of, atomically
from tests.sim.random_models import CRASH, FAULT, VALUES, Cell, small

__all__ = ["Holder", "Line", "Shared", "symmetric_models"]


class Holder(Component):
    """Held by one name at a time."""

    @operation
    def take(self, value: str | None, who: str) -> Steps:
        return (Step(None, who),) if value is None else BLOCKED

    @operation
    def try_to_take(self, value: str | None, who: str) -> Steps:
        return (Step(value, who if value is None else value),)

    @operation
    def release(self, value: str | None, who: str) -> Steps:
        return (Step(None, None if value == who else value),)


class Line(Component):
    """Names that wait, each once, in the order in which they came."""

    initial: tuple[str, ...] = ()

    @operation
    def join(self, value: tuple[str, ...], who: str) -> Steps:
        return (Step(None, value if who in value else (*value, who)),)

    @operation
    def serve_first(self, value: tuple[str, ...]) -> Steps:
        return (Step(value[0], value[1:]),) if value else BLOCKED

    @operation
    def serve_any(self, value: tuple[str, ...]) -> Steps:
        return tuple(Step(who, tuple(each for each in value if each != who)) for who in value)


@dataclass(frozen=True)
class Shared:
    """What roles talk to: the cells of each name, and what is shared."""

    names: tuple[str, ...]
    cells: tuple[tuple[Cell, ...], ...]
    common: Cell
    holder: Holder
    line: Line

    def own(self, name: str, cell: int) -> Cell:
        """Return a cell of a name."""
        return self.cells[self.names.index(name)][cell]


class Command(NamedTuple):
    """One step of a program; `also` sets an own cell at the same instant, `instead` waits for it in its place."""

    what: str
    cell: int
    argument: int
    also: int | None = None
    instead: int | None = None
    skip_if: int = -1


COMMANDS = ("get", "set", "add", "wait_for", "toss", "glitch", "common", "take", "try", "release", "join", "claim")


def run_commands(shared: Shared, name: str, program: tuple[Command, ...]) -> Generator[Request, Any, None]:
    skip = False
    for command in program:
        if skip:
            skip = False
            continue
        outcome = yield _request(shared, name, command)
        skip = outcome in (command.skip_if, name)


def run_commands_forgetfully(shared: Shared, name: str, program: tuple[Command, ...]) -> Generator[Request, Any, None]:
    for command in program:
        yield _request(shared, name, command)


def claim(shared: Shared, name: str, cell: int) -> Generator[Operation, Any, str]:
    """Count if the holder is free or one's own, and else stand in line, at one instant."""
    holder = yield shared.holder.try_to_take(name)
    if holder in (None, name):
        yield shared.own(name, cell).add(1)
        return name
    yield shared.line.join(name)
    return str(holder)


def _request(shared: Shared, name: str, command: Command) -> Request:
    own = shared.own(name, command.cell)
    special = {
        "common": lambda: shared.common.add(1),
        "take": lambda: shared.holder.take(name),
        "try": lambda: shared.holder.try_to_take(name),
        "release": lambda: shared.holder.release(name),
        "join": lambda: shared.line.join(name),
    }
    if command.what == "claim":
        touching = (shared.holder, shared.line, own) if command.argument else ()  # else what can be reached, all cells
        block = atomic_block(claim, shared, name, command.cell, touching=touching)
        return block if command.instead is None else any_of(block, own.wait_for(command.instead))
    if command.what in special:
        request = special[command.what]()
    else:
        request = getattr(own, command.what)(*(() if command.what == "get" else (command.argument,)))
    if command.also is not None:
        return atomically(request, shared.own(name, 1 - command.cell).set(command.also))
    if command.instead is not None:
        return any_of(request, own.wait_for(command.instead))
    return request


def serve_first(shared: Shared) -> Generator[Operation, Any, None]:
    who = yield shared.line.serve_first()
    yield shared.own(who, 0).add(1)


def serve_at_once(shared: Shared) -> Generator[Request, Any, None]:
    yield atomic_block(serve_first, shared)


def serve_any(shared: Shared) -> Generator[Request, Any, None]:
    who = yield shared.line.serve_any()
    yield shared.own(who, 0).add(1)


def watch_all(shared: Shared) -> Generator[Request, Any, None]:
    chosen = yield any_of(*(cells[0].wait_for(1) for cells in shared.cells))
    yield shared.cells[chosen.which][1].set(2)


def reset_all(shared: Shared) -> Generator[Request, Any, None]:
    values = yield atomically(*(cells[0].get() for cells in shared.cells))
    yield shared.common.set(max(values))


SERVERS: tuple[Callable[[Shared], Generator[Any, Any, None]], ...] = (
    serve_first,
    serve_at_once,
    serve_any,
    watch_all,
    reset_all,
)

commands = st.builds(
    Command,
    what=st.sampled_from(COMMANDS),
    cell=st.integers(0, 1),
    argument=small,
    also=st.none() | st.none() | small,
    instead=st.none() | st.none() | small,
    skip_if=st.integers(-1, 1),
)
programs = st.lists(commands, min_size=1, max_size=3).map(tuple)


def _properties(names: tuple[str, ...], first: int, second: int) -> tuple[Property, ...]:
    def of_each(kind: Kind, violated: Callable[..., bool]) -> Property:
        def part(name: str) -> Part:
            reads = (f"{name} c0", f"{name} c1", "common")
            return Part(reads, lambda *views: f"{name} is bad" if violated(name, *views) else None)

        return Property.of_parts(str(kind), "", kind, map(part, names))

    def both(name: str, view: View) -> bool:
        return bool((view[f"{name} c0"], view[f"{name} c1"]) == (first, second))

    def jumped(name: str, before: View, after: View) -> bool:
        return bool((before[f"{name} c0"], after[f"{name} c0"]) == (first, second) and first != second)

    def alike(view: View) -> str | None:
        here = [view[f"{name} c1"] for name in names]
        return "alike" if set(here) == {first + 1} and view["holder"] in names else None

    reads = (*(f"{name} c1" for name in names), "holder")
    return (
        of_each(Kind.ALWAYS, both),
        of_each(Kind.STEP, jumped),
        of_each(Kind.SETTLED, both),
        Property("alike", "", Kind.ALWAYS, reads, alike),
    )


@st.composite
def symmetric_models(draw: st.DrawFn) -> Model:
    """Draw a model of two or three interchangeable names; never with a property of liveness."""
    names = tuple(f"e{number}" for number in range(1, draw(st.integers(2, 3)) + 1))
    cells = tuple((Cell(f"{name} c0"), Cell(f"{name} c1")) for name in names)
    shared = Shared(names, cells, Cell("common"), Holder("holder"), Line("line"))
    processes = []
    for number in range(1 if len(names) == 3 else draw(st.integers(1, 2))):
        role = draw(st.sampled_from([run_commands, run_commands_forgetfully]))
        program, repeats = draw(programs), draw(st.sampled_from([False, False, True]))
        owed, restarts = draw(st.sampled_from([True, True, False])), draw(st.sampled_from([None, None, True, False]))
        for name in names:
            consequences = atomically(shared.own(name, 0).add(1), shared.holder.release(name))
            crashes = () if restarts is None else (Crash(CRASH, restarts, consequences),)
            arguments = (shared, name, program)
            processes.append(Process(f"p{number}/{name}", role, arguments, repeats=repeats, owed=owed, crashes=crashes))
    for server in draw(st.sampled_from([(), *((each,) for each in SERVERS)])):
        processes.append(Process("server", server, (shared,), repeats=draw(st.booleans())))
    budgets = {FAULT: draw(st.sampled_from([0, 1, UNLIMITED])), CRASH: draw(st.integers(0, 1))}
    components = (*(cell for own in cells for cell in own), shared.common, shared.holder, shared.line)
    return Model(
        {each.name: each for each in components},
        tuple(processes),
        _properties(names, draw(small), draw(small)),
        budgets,
        interchangeable=names,
    )


assert VALUES > 1
