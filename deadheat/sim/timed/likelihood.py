"""How likely it still is, after each step of a run, that a mark is met: where a race is lost, and by how much.

Between two steps the stages of Erlang clocks go on unseen. What is known of them, given the steps so far, is carried
along; where the latencies do not allow the next step (something that takes no time would have come first), all clocks
are taken to have just begun. Those places are no part of what the latencies lead to, so the chain is made with them.
"""

from __future__ import annotations

from collections.abc import Sequence

from deadheat.sim.errors import InternalError
from deadheat.sim.timed import solving
from deadheat.sim.timed.chain import Chain, Place, all_begun, chain_of, steps_from
from deadheat.sim.timed.endings import Endings
from deadheat.sim.timed.graph import Graph
from deadheat.sim.timed.solving import Bounds
from deadheat.sim.trace import Choice

__all__ = ["likelihood_along"]


def likelihood_along(
    graph: Graph,
    endings: Endings,
    choices: Sequence[Choice],
    state_mark: int | None = None,
    step_mark: int | None = None,
) -> tuple[Bounds, ...]:
    """Return how likely the mark is: at the start, and after each step; 1 from where it was met on."""
    steps = _steps_along(graph, choices)
    chain = chain_of(graph, endings, (state for _, state in steps))
    least, greatest = solving.likelihood_by_state(chain, state_mark, step_mark)
    numbers = {place: number for number, place in enumerate(chain.places)}
    known = {place: float(share) for place, share in zip(chain.places, chain.initial, strict=True) if share > 0}
    found, was_met = [], False
    for choice, (marks, state) in zip((None, *choices), ((0, 0), *steps), strict=True):
        if choice is not None:
            known = _after(chain, known, choice, state)
        was_met |= step_mark is not None and bool(marks >> step_mark & 1)
        was_met |= state_mark is not None and bool(graph.marks[state] >> state_mark & 1)
        if was_met:
            found.append(Bounds(1.0, 1.0))
            continue
        # What has no number comes after what is over, where nothing that counts can happen any more.
        shares = [(numbers[place], share) for place, share in known.items() if place in numbers]
        total = sum(known.values())
        low, high = (sum(share * value[number] for number, share in shares) / total for value in (least, greatest))
        found.append(Bounds(float(low), float(high)))
    return tuple(found)


def _steps_along(graph: Graph, choices: Sequence[Choice]) -> list[tuple[int, int]]:
    """Return the marks of each step, and the state after it."""
    found, state = [], 0
    for choice in choices:
        marks, state = _way(graph, state, choice)
        found.append((marks, state))
    return found


def _way(graph: Graph, state: int, choice: Choice) -> tuple[int, int]:
    """Return the marks of a step, and the state after it."""
    for _, branches in graph.enabled[state]:
        for branch in branches:
            if branch.choice == choice:
                return branch.counted.marks, branch.target
    raise InternalError(f"The step of {choice.process!r} is not in the graph of its model.")


def _after(chain: Chain, known: dict[Place, float], choice: Choice, state: int) -> dict[Place, float]:
    """Return what is known of the stages after a step, given that this one was the next."""
    waiting, found = dict(known), dict[Place, float]()
    while waiting:
        place, share = waiting.popitem()
        steps = steps_from(chain, place)
        total = sum(each.weight for each in steps)
        for each in steps:
            into = waiting if each.choice is None else found if each.choice == choice else None
            if into is not None:
                into[each.to] = into.get(each.to, 0.0) + share * each.weight / total
    if sum(found.values()) > 0:
        return found
    return {all_begun(chain.graph, state): 1.0}
