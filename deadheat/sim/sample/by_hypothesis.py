"""Runs that hypothesis draws: each choice is a number below how many transitions are possible where the run stands.

It is told how many states a run came to that none before it did, and seeks runs with more of them. What it draws is
then followed by compiled code like any other run, and judged there.
"""

from __future__ import annotations

from deadheat.sim.errors import UsageError
from deadheat.sim.learn.tables import Tables
from deadheat.sim.trace import Choice

__all__ = ["drawn", "require_hypothesis"]

STEPS_MAX = 300
"""A run that has not come to an end by then is cut off there."""


def require_hypothesis() -> None:
    """Raise UsageError where hypothesis is not installed."""
    try:
        import hypothesis
    except ImportError:
        raise UsageError(
            "The strategy hypothesis draws by the library of that name, which is not installed; pip install "
            "'deadheat[hypothesis]'."
        ) from None
    del hypothesis


def drawn(tables: Tables, seed: int, runs: int, known: set[int]) -> list[tuple[Choice, ...]]:
    """Return so many runs, or a few less; `known` are the states that were met before, which grow by those of them."""
    from hypothesis import HealthCheck, Phase, given, seed as seeded, settings, strategies as st, target

    made: list[tuple[Choice, ...]] = []

    @seeded(seed)
    @settings(
        max_examples=runs,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.target),
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def draw(data: st.DataObject) -> None:
        state, choices, new = tables.initial(), list[Choice](), 0
        while len(choices) < STEPS_MAX and (options := tables.choices(state)):
            successor, state = options[data.draw(st.integers(0, len(options) - 1))]
            choices.append(successor.choice)
            new += state not in known
            known.add(state)
        target(float(new), label="states that are new")
        made.append(tuple(choices))

    draw()
    return made[:runs]
