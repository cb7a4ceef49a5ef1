"""Two-phase commit by what anybody writes in an afternoon: breadth first, states as tuples, in one dictionary.

    python benchmarks/plain_search.py 7

explores the same states and transitions as `examples/two_phase_commit.py 7`, whose whole process is held to this one's.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

WORKING, PREPARED, COMMITTED, ABORTED = range(4)

State = tuple[int, tuple[int, ...], tuple[bool, ...], tuple[bool, ...]]
"""The decision, each manager's state, and of which of them "prepared" was sent and is known."""


def put(values: tuple[int, ...], place: int, value: int) -> tuple[int, ...]:
    return (*values[:place], value, *values[place + 1 :])


def successors(state: State) -> Iterator[State]:
    decision, managers, sent, known = state
    if decision == WORKING:
        yield ABORTED, managers, sent, known
        if all(known):
            yield COMMITTED, managers, sent, known
    for n, manager in enumerate(managers):
        if decision == WORKING and sent[n] and not known[n]:
            yield decision, managers, sent, put(known, n, True)  # type: ignore[misc]
        if manager == WORKING:
            yield decision, put(managers, n, PREPARED), put(sent, n, True), known  # type: ignore[misc]
            yield decision, put(managers, n, ABORTED), sent, known
        if decision != WORKING and manager in (WORKING, PREPARED):
            yield decision, put(managers, n, decision), sent, known


def search(count: int) -> dict[State, State | None]:
    """Return every state with the one that it was first reached from."""
    initial: State = (WORKING, (WORKING,) * count, (False,) * count, (False,) * count)
    parents: dict[State, State | None] = {initial: None}
    layer = [initial]
    while layer:
        following = []
        for state in layer:
            assert not {COMMITTED, ABORTED} <= set(state[1]), "agreement is violated"
            for after in successors(state):
                if after not in parents:
                    parents[after] = state
                    following.append(after)
        layer = following
    return parents


if __name__ == "__main__":
    started = time.perf_counter()
    found = len(search(int(sys.argv[1])))
    print(f"{found:,} distinct states, {time.perf_counter() - started:.2f} seconds")
