"""A few plain runs before all others: the tables learn most of what there is, and how far a run goes is measured.

They are the same for every seed, so whatever is measured here is the same wherever the model is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

from deadheat.sim.explore.options import never
from deadheat.sim.learn.lessons import Successor
from deadheat.sim.learn.tables import Tables
from deadheat.sim.random_words import RandomWords, stream

__all__ = ["LEFT_UNIT", "Measured", "warm_up"]

RUNS, STEPS = 40, 2_000
"""So many runs are made at most, and no more once they have made so many steps: in a large model, each teaches much."""

LEFT_UNIT = 16
"""The steps that a process has left are counted in parts of this size."""


class Measured(NamedTuple):
    """How long runs are at most, and how many steps a process has left in each local state, in parts of a step."""

    length: int
    left: dict[tuple[int, int], int]


def warm_up(tables: Tables, steps_max: int, asked: Callable[[], bool] = never) -> Measured:
    """Run a model some times over its tables, less often where a stop is `asked` for; return what was measured."""
    sums: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
    numbers = {each.name: number for number, each in enumerate(tables.model.processes)}
    length, made = 1, 0
    for run in range(RUNS):
        if made >= STEPS:
            break
        words, state = RandomWords(stream(0, run)), tables.initial()
        steps: list[tuple[Successor, int]] = []
        while len(steps) < steps_max and not asked() and (choices := tables.choices(state)):
            successor, after = words.one_of(choices)
            steps.append((successor, state))
            state = after
        length, made = max(length, len(steps)), made + len(steps)
        remaining = [0] * len(tables.locals)
        for successor, before in reversed(steps):
            process = numbers[successor.choice.process]
            remaining[process] += 1
            measured = sums[process, tables.field(before, process)]
            measured[0] += remaining[process]
            measured[1] += 1
    return Measured(length, {key: max(1, round(LEFT_UNIT * total / count)) for key, (total, count) in sums.items()})
