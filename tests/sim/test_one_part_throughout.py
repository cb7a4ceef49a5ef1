"""What lasts is a violation of one and the same part: one that goes from part to part is none that stays."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from deadheat.sim.components import Component, Outcomes, Step, operation
from deadheat.sim.explore import auto, kernel, python, reference
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.reductions import quotient
from deadheat.sim.explore.results import Exploration
from deadheat.sim.model import Kind, Model, Part, Process, Property, View
from deadheat.sim.operations import Request, atomically

NAMES = ("a", "b")


class Cell(Component):
    """A number for each name."""

    keyed = True
    initial = 0

    @operation
    def set(self, value: int, key: str, to: int) -> Outcomes:
        """Set it."""
        return (Step(None, to),)


CELL = Cell("cell")

Steps = Generator[Request, Any, None]


def blink(cell: Cell, name: str) -> Steps:
    yield cell.set(name, 1)
    yield cell.set(name, 0)


def pass_on(cell: Cell, names: tuple[str, ...]) -> Steps:
    one, other = names
    yield atomically(cell.set(one, 1), cell.set(other, 0))
    yield atomically(cell.set(one, 0), cell.set(other, 1))


def stay(cell: Cell, name: str) -> Steps:
    yield cell.set(name, 1)
    yield cell.set(name, 1)


def part(name: str) -> Part:
    return Part((f"cell/{name}",), lambda view: "it is" if view[f"cell/{name}"] == 1 else None)


ALONE = tuple(Process(f"blink/{name}", blink, (CELL, name), repeats=True) for name in NAMES)
TOKEN = (Process("token", pass_on, (CELL, NAMES), repeats=True),)
STAYING = (ALONE[0], Process("stay/b", stay, (CELL, "b"), repeats=True))


def model(processes: tuple[Process, ...], kind: Kind) -> Model:
    prop = Property.of_parts("never-stays", "no cell stays at one", kind, map(part, NAMES))
    components: dict[str, Component] = {f"cell/{name}": CELL for name in NAMES}
    return Model(components, processes, (prop,), interchangeable=NAMES)


def explored(explorer: Any, of: Model) -> Exploration:
    found: Exploration = explorer.explore(of)
    return found


EXPLORERS = (reference, python, kernel, auto)


@pytest.mark.parametrize("explorer", EXPLORERS)
@pytest.mark.parametrize("kind", [Kind.SETTLED, Kind.EVENTUALLY])
@pytest.mark.parametrize(("processes", "violated"), [(ALONE, False), (TOKEN, False), (STAYING, True)])
def test_one_part_is_violated_throughout_or_none_is(
    explorer: Any, kind: Kind, processes: tuple[Process, ...], violated: bool
) -> None:
    assert bool(explored(explorer, model(processes, kind)).counterexamples) is violated


@pytest.mark.parametrize(("processes", "violated"), [(ALONE, False), (STAYING, True)])
def test_so_it_is_where_states_that_are_alike_are_one(processes: tuple[Process, ...], violated: bool) -> None:
    of = model(processes, Kind.SETTLED)
    for found in (quotient.explore(of), kernel.explore(of, SearchOptions(symmetry=True))):
        assert bool(found.counterexamples) is violated


def test_a_property_of_all_at_once_is_another_matter() -> None:
    def some(view: View) -> str | None:
        return "one is" if any(view[f"cell/{name}"] == 1 for name in NAMES) else None

    reads = tuple(f"cell/{name}" for name in NAMES)
    whole = Property("never-any", "some cell is at zero", Kind.SETTLED, reads, some)
    components: dict[str, Component] = {f"cell/{name}": CELL for name in NAMES}
    after_the_first = Model(components, TOKEN, (whole,))
    for explorer in EXPLORERS:
        assert set(explored(explorer, after_the_first).counterexamples) == {"never-any"}
