"""How likely it still is, after each step of a run, that a mark is met: where a race is lost, and by how much.

Between two steps the stages of Erlang clocks go on unseen. What is known of them, given the steps so far, is carried
along; where the latencies do not allow the next step (something that takes no time would have come first), all clocks
are taken to have just begun.
"""

from __future__ import annotations

from collections.abc import Sequence

from deadheat.sim.errors import InternalError
from deadheat.sim.timed import solving
from deadheat.sim.timed.chain import Chain, Place, steps_from
from deadheat.sim.timed.graph import Graph
from deadheat.sim.timed.solving import Bounds
from deadheat.sim.trace import Choice

__all__ = ["likelihood_along"]


def likelihood_along(
    chain: Chain, choices: Sequence[Choice], state_mark: int | None = None, step_mark: int | None = None
) -> tuple[Bounds, ...]:
    """Return how likely the mark is: at the start, and after each step; 1 from where it was met on."""
    least, greatest = solving.likelihood_by_state(chain, state_mark, step_mark)
    numbers = {place: number for number, place in enumerate(chain.places)}
    known = {place: float(share) for place, share in zip(chain.places, chain.initial, strict=True) if share > 0}
    found, was_met, state = [], False, 0
    for choice in (None, *choices):
        if choice is not None:
            marks, after = _way(chain.graph, state, choice)
            was_met |= step_mark is not None and bool(marks >> step_mark & 1)
            known = _after(chain, known, choice, after)
            state = after
        was_met |= state_mark is not None and bool(chain.graph.marks[state] >> state_mark & 1)
        inside = {place: share for place, share in known.items() if place in numbers}
        total = sum(inside.values())
        if was_met or total <= 0:
            found.append(Bounds(float(was_met), float(was_met)))
            continue
        shares = [(numbers[place], share / total) for place, share in inside.items()]
        low, high = (sum(share * value[number] for number, share in shares) for value in (least, greatest))
        found.append(Bounds(float(low), float(high)))
    return tuple(found)


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
    return {(state, (0,) * len(chain.graph.enabled[state])): 1.0}
