"""Lanes: as many as there is room for, merged where there is not, and none where that would not do either."""

from __future__ import annotations

import io
from collections.abc import Generator

import pytest
from rich.cells import cell_len

from deadheat.reports.lanes import lanes_of
from deadheat.reports.screen import Screen
from deadheat.reports.timeline import Marks, known_of, print_steps
from deadheat.scenarios.check import Counterexample
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.components import Component, Step, operation
from deadheat.sim.model import Model, Process
from deadheat.sim.operations import Operation
from deadheat.sim.run.simulation import run_randomly


class Cell(Component):
    """A cell that can be set."""

    keyed, initial = True, "空"

    @operation
    def set(self, value: str, text: str) -> tuple[Step, ...]:
        return (Step(None, text),)


def model(roles: int, each: int) -> Model:
    """So many roles of so many processes, each with a cell of its own that it sets twice."""
    cells = {f"cell{role}/k{n}": Cell(f"cell{role}") for role in range(roles) for n in range(each)}

    def role(cell: str) -> Generator[Operation, None, None]:
        yield Operation(cell, "set", ("一二三",))
        yield Operation(cell, "set", ("done",))

    processes = tuple(
        Process(f"role{r}/k{n}", role, (f"cell{r}/k{n}",), part=f"role{r}", key=f"k{n}")
        for r in range(roles)
        for n in range(each)
    )
    return Model(cells, processes)


def drawn(of: Model, width: int) -> list[str]:
    _, trace = run_randomly(of, 1)
    output = io.StringIO()
    found = Counterexample(Scenario("baseline"), "nothing-stuck", "", trace)
    print_steps(found, of, Marks(), Screen(file=output, width=width), with_legend=False)
    return output.getvalue().splitlines()


@pytest.mark.parametrize(
    ("roles", "each", "lanes", "says_who"),
    [(2, 2, 8, False), (2, 6, 14, False), (3, 6, 6, True), (30, 1, 0, True)],
)
def test_lanes_are_merged_as_far_as_it_takes(roles: int, each: int, lanes: int, says_who: bool) -> None:
    of = model(roles, each)
    _, trace = run_randomly(of, 1)
    found = lanes_of(trace.events, of, known_of(of), 80)
    assert (len(found.names), found.say_who) == (lanes, says_who)
    lines = drawn(of, 80)
    assert max(map(cell_len, lines)) <= 80
    for event in trace.events:
        assert any("set done" in line for line in lines)
        assert not says_who or any(f"{event.process}: set" in line for line in lines)


def test_wide_letters_take_two_columns_and_what_stands_behind_them_stays_in_its_own() -> None:
    lines = drawn(model(2, 1), 120)
    head = next(line for line in lines if line.endswith("cell1") and "cell0" in line)
    at = head.rindex("cell1")
    for line in lines[lines.index(head) + 1 :]:
        before = next(end for end in range(len(line) + 1) if cell_len(line[:end]) == at)
        assert line[before:].startswith(("空", "一二三", "done"))
