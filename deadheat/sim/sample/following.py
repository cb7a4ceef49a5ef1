"""Following a schedule that was changed: as far as its steps are possible, and then on by owed steps, fairly."""

from __future__ import annotations

from collections.abc import Iterator

from deadheat.sim.learn.lessons import Successor
from deadheat.sim.learn.tables import Tables
from deadheat.sim.trace import Choice

__all__ = ["like", "owed_from"]


def like(tables: Tables, state: int, process: int, choice: Choice) -> tuple[Successor, int] | None:
    """Return the transition of this choice, of the process of that number; else one of its request without a fault."""
    options = list(tables.choices_of(state, process))
    same = next((each for each in options if each[0].choice == choice), None)
    if same is not None:
        return same
    likely = (each for each in options if each[0].choice.alternative == choice.alternative)
    return next((each for each in likely if not each[0].budget), None)


def owed_from(tables: Tables, state: int) -> Iterator[tuple[Successor, int]]:
    """Yield owed steps that change something, each process in its turn, until none is left, or it comes back."""
    seen, turn, processes = {(state, 0)}, 0, len(tables.locals)
    while True:
        for process in (*range(turn, processes), *range(turn)):
            options = tables.choices_of(state, process)
            found = next((each for each in options if each[0].owed and each[0].delta), None)
            if found is not None:
                break
        else:
            return
        state, turn = found[1], (process + 1) % processes
        yield found
        if (state, turn) in seen:
            return
        seen.add((state, turn))
