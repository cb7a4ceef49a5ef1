"""How likely one run of a strategy finds each violation: exactly, as the absorption of a Markov chain.

The chain's states are the model's, and its probabilities those by which the strategy chooses there; there is one only
for strategies that remember nothing. What violates a property is absorbing. A run ends after so many steps, so the
chain takes as many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from deadheat.sim.explore.every_step import asking_every_step
from deadheat.sim.learn.tables import Tables
from deadheat.sim.learn.watches import Watch
from deadheat.sim.model import Kind, Model
from deadheat.sim.sample.lasting import Lasting
from deadheat.sim.sample.path_counts import STATES_MAX as COUNTED_MAX, Space, counts_of, explored, thresholds_of
from deadheat.sim.sample.strategies import Strategy
from deadheat.sim.sample.walker import STEPS_MAX
from deadheat.sim.sample.warm_up import warm_up

__all__ = ["MEMORYLESS", "chances", "rates"]

MEMORYLESS = (Strategy.UNIFORM, Strategy.PATHS)
"""The strategies of which a probability can be told by the state alone."""

STATES_MAX = 20_000
"""Spaces of up to so many states are looked at, unless another bound is given."""

Chances = Mapping[int, Sequence[float]]
"""For each state, the probability of each of its transitions, in their order."""


@asking_every_step
def rates(
    model: Model,
    strategies: Sequence[Strategy] = MEMORYLESS,
    steps_max: int = STEPS_MAX,
    states_max: int = STATES_MAX,
) -> dict[tuple[str, Strategy], float] | None:
    """Return the probability that one run of so many steps violates a property, by property and strategy.

    None if the model has more than so many states.
    """
    tables = Tables(model)
    measured = warm_up(tables, steps_max)  # which a walk does too: then both have learned the same first
    del measured
    space = explored(tables, states_max)
    if space is None:
        return None
    lasting, found = Lasting(tables), {}
    for strategy in strategies:
        if strategy is Strategy.PATHS and len(space) > COUNTED_MAX:
            continue  # where there are more, they are not counted, and the weights are guessed
        probabilities = chances(space, strategy)
        for watch in tables.watches:
            name = watch.property.name
            found[name, strategy] = _absorbed(tables, space, probabilities, watch, lasting, steps_max)
    tables.verify_purity()
    return found


def chances(space: Space, strategy: Strategy) -> Chances:
    """Return how likely a strategy takes each transition."""
    if strategy is Strategy.UNIFORM:
        return {state: [1 / len(following)] * len(following) for state, following in space.items() if following}
    if strategy is Strategy.PATHS:
        thresholds = thresholds_of(space, counts_of(space))
        parts = {state: (0, *each[:-1], 1 << 64) for state, each in thresholds.items()}
        return {state: [(high - low) / (1 << 64) for low, high in pairwise(each)] for state, each in parts.items()}
    raise ValueError(f"the strategy {strategy} remembers more than the state")


def _absorbed(
    tables: Tables, space: Space, probabilities: Chances, watch: Watch, lasting: Lasting, steps_max: int
) -> float:
    """Return the probability that a run comes to a violation within so many steps."""
    import numpy
    from scipy import sparse

    numbers = {state: number for number, state in enumerate(space)}
    end = len(numbers)
    violated = _violated_in(watch, lasting)
    is_bad = {state: violated(state) for state in space}
    entries = list(_entries(tables, space, probabilities, watch, numbers, is_bad, end))
    rows, columns, values = zip(*entries, strict=True) if entries else ((), (), ())
    matrix: Any = sparse.csr_matrix((values, (columns, rows)), shape=(end + 1, end + 1))
    here = numpy.zeros(end + 1)
    initial = tables.initial()
    here[end if is_bad[initial] else numbers[initial]] = 1.0
    for _ in range(steps_max):
        following = matrix @ here
        following[end] += here[end]
        if following[:end].sum() == 0.0:
            here = following
            break
        here = following
    return float(here[end])


def _entries(
    tables: Tables,
    space: Space,
    probabilities: Chances,
    watch: Watch,
    numbers: Mapping[int, int],
    is_bad: Mapping[int, bool],
    end: int,
) -> Iterator[tuple[int, int, float]]:
    """Yield the transitions of the chain: from which state to which, and how likely."""
    for state, following in space.items():
        if is_bad[state]:
            continue
        watched = [each.watches for each, _ in tables.choices(state)] if watch.property.kind is Kind.STEP else []
        for number, after in enumerate(following):
            violates = is_bad[after]
            if watched:
                parts = (part for part in watched[number] if part in watch.parts)
                violates = any(part.violated_by(state, after) for part in parts)
            yield numbers[state], end if violates else numbers[after], probabilities[state][number]


def _violated_in(watch: Watch, lasting: Lasting) -> Callable[[int], bool]:
    """Return what tells whether a run that is in a state violates a property, by that state."""
    if watch.property.kind is Kind.STEP:
        return lambda _: False
    if watch.property.kind is Kind.ALWAYS:
        return watch.violated

    def lasts(state: int) -> bool:
        return any(part.violated(state) and lasting.violated(part, state) for part in watch.parts)

    return lasts
