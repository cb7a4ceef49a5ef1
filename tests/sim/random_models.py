"""Small random models, drawn by hypothesis: a few variables, a few processes that run small programs, some faults."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, NamedTuple

from hypothesis import strategies as st

from deadheat.sim.blocks import atomic_block
from deadheat.sim.components import BLOCKED, Component, Step, Steps, operation
from deadheat.sim.faults import Fault
from deadheat.sim.model import UNLIMITED, Crash, Kind, Model, Process, Property, View
from deadheat.sim.operations import Atomic, Block, Operation, Request, any_of, atomically

FAULT, CRASH = "glitch", "crash"
VALUES = 3
ALL_CELLS = 2
"""So many cells has a model whose processes are all at home everywhere."""


class Cell(Component):
    """A small number that can be read, written, awaited, tossed for, and that glitches."""

    initial = 0
    faults = (Fault(FAULT, "it is set by itself", "a test"),)

    @operation
    def get(self, value: int) -> Steps:
        return (Step(value, value),)

    @operation
    def set(self, value: int, new: int) -> Steps:
        return (Step(None, new),)

    @operation
    def add(self, value: int, by: int) -> Steps:
        return (Step(None, (value + by) % VALUES),)

    @operation
    def wait_for(self, value: int, wanted: int) -> Steps:
        return (Step(None, value),) if value == wanted else BLOCKED

    @operation
    def toss(self, value: int, other: int) -> Steps:
        return (Step(0, value), Step(1, other))

    @operation
    def glitch(self, value: int, other: int) -> Steps:
        return (Step(None, value), Step(None, other, fault=FAULT))


FED = -1
"""What stands in a block for the number that an operation before was told."""


class InBlock(NamedTuple):
    """An operation in a block; `ends` is the number at which the block is over, if it is told that."""

    cell: int
    name: str
    argument: int
    ends: int = -1


class Instruction(NamedTuple):
    """One step of a program; `also` is done at the same instant, `instead` may happen in its place.

    With a `block`, that is what happens. If it `declares`, it says what it touches.
    """

    cell: int
    name: str
    argument: int
    also: tuple[int, int] | None = None
    instead: tuple[int, int] | None = None
    skip_if: int = -1
    block: tuple[InBlock, ...] = ()
    declares: bool = False


@dataclass(frozen=True)
class Cells:
    """What a program's role talks to."""

    cells: tuple[Cell, ...]


def run_program(system: Cells, program: tuple[Instruction, ...]) -> Generator[Request, Any, None]:
    skip = False
    for instruction in program:
        if skip:
            skip = False
            continue
        outcome = yield _request(system, instruction)
        skip = outcome == instruction.skip_if


def run_forgetfully(system: Cells, program: tuple[Instruction, ...]) -> Generator[Request, Any, None]:
    for instruction in program:
        yield _request(system, instruction)


def run_block(cells: tuple[Cell, ...], block: tuple[InBlock, ...]) -> Generator[Operation, Any, int]:
    """Do one after the other, each with what the ones before were told."""
    last = 0
    for each in block:
        outcome = yield _operation(cells[each.cell], each.name, last if each.argument == FED else each.argument)
        last = last if outcome is None else outcome
        if last == each.ends:
            return last
    return last + VALUES


def _operation(cell: Cell, name: str, argument: int) -> Operation:
    operation: Operation = getattr(cell, name)(*(() if name == "get" else (argument,)))
    return operation


def block_of(cells: tuple[Cell, ...], instruction: Instruction) -> Block:
    """Return the block of an instruction that has one."""
    touching = [cells[each.cell] for each in instruction.block] if instruction.declares else []
    return atomic_block(run_block, cells, instruction.block, touching=touching)


def _request(system: Cells, instruction: Instruction) -> Request:
    if instruction.block:
        request: Operation | Atomic | Block = block_of(system.cells, instruction)
    else:
        request = _operation(system.cells[instruction.cell], instruction.name, instruction.argument)
        if instruction.also is not None:
            return atomically(request, system.cells[instruction.also[0]].set(instruction.also[1]))
    if instruction.instead is not None:
        return any_of(request, system.cells[instruction.instead[0]].wait_for(instruction.instead[1]))
    return request


small = st.integers(0, VALUES - 1)


def programs(cells: tuple[int, ...]) -> st.SearchStrategy[tuple[Instruction, ...]]:
    """Programs of up to three instructions over these cells."""
    places = st.sampled_from(cells)
    names = ["get", "set", "add", "wait_for", "toss", "glitch"]
    in_block = st.builds(InBlock, places, st.sampled_from(names), st.integers(FED, VALUES - 1), st.integers(-1, 1))
    instructions = st.builds(
        Instruction,
        cell=places,
        name=st.sampled_from(names),
        argument=small,
        also=st.none() | st.tuples(places, small),
        instead=st.none() | st.tuples(places, small),
        skip_if=st.integers(-1, 1),
        block=st.just(()) | st.lists(in_block, min_size=1, max_size=3).map(tuple),
        declares=st.booleans() if len(cells) == ALL_CELLS else st.just(value=True),
    )
    return st.lists(instructions, min_size=1, max_size=3).map(tuple)


def _properties(names: tuple[str, str], first: int, second: int) -> tuple[Property, ...]:
    def both(view: View) -> str | None:
        return "bad" if (view[names[0]], view[names[1]]) == (first, second) else None

    def jumped(before: View, after: View) -> str | None:
        return "jumped" if (before[names[0]], after[names[0]]) == (first, second) and first != second else None

    return (
        Property("always", "", Kind.ALWAYS, names, both),
        Property("step", "", Kind.STEP, names[:1], jumped),
        Property("settled", "", Kind.SETTLED, names, both),
        Property("eventually", "", Kind.EVENTUALLY, names, both),
    )


def models() -> st.SearchStrategy[Model]:
    """Models of up to three processes over two cells."""
    return _models(ALL_CELLS, processes=(1, 3), cells_each=2)


def sparse_models() -> st.SearchStrategy[Model]:
    """Models of up to four processes over five cells, each process at home in two of them."""
    return _models(5, processes=(2, 4), cells_each=2)


@st.composite
def _models(draw: st.DrawFn, size: int, processes: tuple[int, int], cells_each: int) -> Model:
    cells = tuple(Cell(f"c{number}") for number in range(size))
    system = Cells(cells)
    drawn = []
    for number in range(draw(st.integers(*processes))):
        home = draw(st.permutations(range(size)))[:cells_each] if size > cells_each else range(size)
        crashes = tuple(
            Crash(CRASH, restarts=restarts, consequences=atomically(cells[home[0]].add(1)))
            for restarts in draw(st.sampled_from([(), (), (True,), (False,), (True, False)]))
        )
        drawn.append(
            Process(
                f"p{number}",
                draw(st.sampled_from([run_program, run_forgetfully])),
                (system, draw(programs(tuple(home)))),
                repeats=draw(st.sampled_from([False, False, True])),
                owed=draw(st.sampled_from([True, True, False])),
                optional=draw(st.sampled_from([False, False, True])),
                crashes=crashes,
            )
        )
    budgets = {FAULT: draw(st.sampled_from([0, 1, UNLIMITED])), CRASH: draw(st.integers(0, 1))}
    names = draw(st.permutations([each.name for each in cells])) if size > cells_each else ["c0", "c1"]
    return Model(
        {each.name: each for each in cells},
        tuple(drawn),
        _properties((names[0], names[1]), draw(small), draw(small)),
        budgets,
        quiet=draw(st.booleans()),
    )
