"""Schedules as the numbers that compiled walks know transitions by, and back."""

from __future__ import annotations

from collections.abc import Sequence

from deadheat.sim.explore.compiled.walks import code_of, parts_of_code
from deadheat.sim.learn.tables import Tables
from deadheat.sim.trace import Choice

__all__ = ["choices_of", "codes_of"]


def choices_of(tables: Tables, codes: Sequence[int]) -> tuple[tuple[Choice, ...], int]:
    """Return the choices that the numbers of transitions stand for, from the initial state on, and where they lead."""
    state, choices = tables.initial(), []
    for code in codes:
        process, place, branch = parts_of_code(code)
        row = tables.rows[process][tables.field(state, process)][place]
        successor = row.successors[state & row.mask][branch]
        choices.append(successor.choice)
        state += successor.delta
    return tuple(choices), state


def codes_of(tables: Tables, choices: Sequence[Choice]) -> tuple[int, ...]:
    """Return the numbers of the transitions of a schedule, from the initial state on, as far as it is possible."""
    numbers = {each.name: number for number, each in enumerate(tables.model.processes)}
    codes, state = list[int](), tables.initial()
    for choice in choices:
        process = numbers.get(choice.process)
        found = None if process is None else _step(tables, state, process, choice)
        if found is None:
            break
        code, state = found
        codes.append(code)
    return tuple(codes)


def _step(tables: Tables, state: int, process: int, choice: Choice) -> tuple[int, int] | None:
    for place, row in enumerate(tables.rows[process][tables.field(state, process)]):
        for branch, successor in enumerate(row.successors[state & row.mask]):
            if successor.choice == choice and (not successor.budget or state & successor.budget):
                return code_of(process, place, branch), state + successor.delta
    return None
