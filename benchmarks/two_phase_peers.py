"""Two-phase commit for the Python peers: the same states and transitions as `examples/two_phase_commit.py`.

    python benchmarks/two_phase_peers.py musil 5

prints the distinct states and the seconds of the search, as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

WORKING, PREPARED, COMMITTED, ABORTED = range(4)


class State(NamedTuple):
    """Resource managers' states, who has sent and who is known to have sent "prepared", and the decision."""

    managers: tuple[int, ...]
    sent: frozenset[int] = frozenset()
    known: frozenset[int] = frozenset()
    decision: int = WORKING


def enter(state: State, manager: int, entered: int) -> State:
    managers = (*state.managers[:manager], entered, *state.managers[manager + 1 :])
    sent = state.sent | {manager} if entered == PREPARED else state.sent
    return state._replace(managers=managers, sent=sent)


def actions(count: int) -> Iterator[tuple[str, Callable[[State], bool], Callable[[State], State]]]:
    """Yield each action: its name, whether it is enabled, and what follows."""
    yield "abort", lambda s: s.decision == WORKING, lambda s: s._replace(decision=ABORTED)
    yield (
        "commit",
        lambda s: s.decision == WORKING and len(s.known) == count,
        lambda s: s._replace(decision=COMMITTED),
    )
    for n in range(count):
        yield (
            f"learn {n}",
            lambda s, n=n: s.decision == WORKING and n in s.sent and n not in s.known,
            lambda s, n=n: s._replace(known=s.known | {n}),
        )
        yield f"prepare {n}", lambda s, n=n: s.managers[n] == WORKING, lambda s, n=n: enter(s, n, PREPARED)
        yield f"refuse {n}", lambda s, n=n: s.managers[n] == WORKING, lambda s, n=n: enter(s, n, ABORTED)
        for decision in (COMMITTED, ABORTED):
            yield (
                f"receive {decision} {n}",
                lambda s, n=n, d=decision: s.decision == d and s.managers[n] in (WORKING, PREPARED),
                lambda s, n=n, d=decision: enter(s, n, d),
            )


def agree(managers: tuple[int, ...]) -> bool:
    return not {COMMITTED, ABORTED} <= set(managers)


def with_musil(count: int) -> int:
    from musil import Action, Model, check

    model: Any = Model(
        init=[State((WORKING,) * count)],
        actions=[Action(*each) for each in actions(count)],
        invariants={"agreement": lambda s: agree(s.managers)},
        terminal=lambda s: True,
    )
    result = check(model, max_states=100_000_000)
    assert result.ok
    return int(result.states_explored)


def with_minicheck(count: int) -> int:
    from minicheck import Protocol, check_safety

    every = list(actions(count))
    protocol = Protocol(
        name="two-phase commit",
        candidate=False,
        fields=State._fields,
        initial=State((WORKING,) * count),
        transitions=lambda s: [(name, following(s)) for name, enabled, following in every if enabled(s)],
        invariants={"agreement": lambda d: agree(d["managers"])},
    )
    result = check_safety(protocol, max_states=100_000_000)
    assert result["properties"]["agreement"]["holds"]
    return int(result["reachable_states"])


def main() -> None:
    peer, count = sys.argv[1], int(sys.argv[2])
    explore = {"musil": with_musil, "minicheck": with_minicheck}[peer]
    explore(2)
    started = time.perf_counter()
    states = explore(count)
    print(json.dumps({"states": states, "seconds": time.perf_counter() - started}))


if __name__ == "__main__":
    main()
