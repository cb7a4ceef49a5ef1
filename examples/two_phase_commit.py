"""Two-phase commit after Gray and Lamport, "Consensus on Transaction Commit" (2006), as in the TLA+ module TwoPhase.

    python examples/two_phase_commit.py 5 [--symmetry]

explores every interleaving of a transaction manager and so many resource managers, and prints the distinct states and
the seconds. TLC finds 288 distinct states with 3 resource managers, and 8,832 with 5. With `--symmetry`, states that
differ by an exchange of resource managers are taken for one: 80 and 314.

A message, once sent, stays in the network, and receiving does not take it out: so the network is, for each resource
manager, whether it has sent "prepared", and the transaction manager's decision, once it has sent that.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Generator
from itertools import combinations
from typing import Any, NamedTuple

from deadheat.sim.components import BLOCKED, Component, Step, Steps, operation
from deadheat.sim.explore.auto import explore
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.results import Exploration
from deadheat.sim.model import Kind, Model, Part, Process, Property, View
from deadheat.sim.operations import Request, any_of, atomically

WORKING, PREPARED, COMMITTED, ABORTED = "working", "prepared", "committed", "aborted"


class Resource(NamedTuple):
    """A resource manager's state, whether it has sent "prepared", and whether the transaction manager knows."""

    state: str = WORKING
    sent_prepared: bool = False
    known_prepared: bool = False


class ResourceState(Component):
    """One resource manager's state, and its messages to the transaction manager."""

    initial = Resource()

    @operation
    def prepare(self, value: Resource) -> Steps:
        """RMPrepare."""
        return (Step(None, Resource(PREPARED, sent_prepared=True)),)

    @operation
    def enter(self, value: Resource, state: str) -> Steps:
        """RMChooseToAbort, and the receiving half of RMRcvCommitMsg and RMRcvAbortMsg."""
        return (Step(None, value._replace(state=state)),)

    @operation
    def receive_prepared(self, value: Resource) -> Steps:
        """TMRcvPrepared, once."""
        if not value.sent_prepared or value.known_prepared:
            return BLOCKED
        return (Step(self.name, value._replace(known_prepared=True)),)


class Decision(Component):
    """The transaction manager's message to all."""

    @operation
    def decide(self, value: str | None, decision: str) -> Steps:
        """TMCommit and TMAbort."""
        return (Step(None, decision),)

    @operation
    def receive(self, value: str | None, decision: str) -> Steps:
        """The sending half of RMRcvCommitMsg and RMRcvAbortMsg."""
        return (Step(None, value),) if value == decision else BLOCKED


def transaction_manager(decision: Decision, missing: tuple[ResourceState, ...]) -> Generator[Request, Any, None]:
    while missing:
        chosen = yield any_of(decision.decide(ABORTED), *(each.receive_prepared() for each in missing))
        if chosen.which == 0:
            return
        missing = tuple(each for each in missing if each.name != chosen.outcome)
        del chosen  # who was last does not matter: without it, the same set in another order is the same state
    yield any_of(decision.decide(ABORTED), decision.decide(COMMITTED))


def resource_manager(decision: Decision, mine: ResourceState) -> Generator[Request, Any, None]:
    learn_abort = atomically(decision.receive(ABORTED), mine.enter(ABORTED))
    learn_commit = atomically(decision.receive(COMMITTED), mine.enter(COMMITTED))
    chosen = yield any_of(mine.prepare(), mine.enter(ABORTED), learn_abort, learn_commit)
    if chosen.which == 0:
        yield any_of(learn_abort, learn_commit)


def disagreement(one: str, other: str) -> Part:
    """TCConsistent, negated, for two resource managers: one has committed, and the other has aborted."""

    def violation(view: View) -> str | None:
        disagree = {view[one].state, view[other].state} == {COMMITTED, ABORTED}
        return f"{one} is {view[one].state}, and {other} is {view[other].state}" if disagree else None

    return Part((one, other), violation)


def two_phase_commit(managers: int) -> Model:
    """Return the model with so many resource managers."""
    decision = Decision("decision")
    resources = tuple(ResourceState(f"resource {number}") for number in range(1, managers + 1))
    processes = [Process("transaction manager", transaction_manager, (decision, resources))]
    processes += [Process(f"manager of {each.name}", resource_manager, (decision, each)) for each in resources]
    pairs = combinations([each.name for each in resources], 2)
    parts = (disagreement(one, other) for one, other in pairs)
    agreement = Property.of_parts("agreement", "nobody commits if anybody aborts", Kind.ALWAYS, parts)
    components = {each.name: each for each in (decision, *resources)}
    names = tuple(each.name for each in resources)
    return Model(components, tuple(processes), (agreement,), interchangeable=names)


def explore_with(managers: int, *, symmetry: bool = False) -> Exploration:
    """Explore the model with so many resource managers: every state, or with symmetry one of each that are alike."""
    options = SearchOptions(states_max=1_000_000_000, symmetry=symmetry, partial_order=False)
    return explore(two_phase_commit(managers), options)


def main() -> None:
    managers = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    started = time.perf_counter()
    found = explore_with(managers, symmetry="--symmetry" in sys.argv)
    seconds = time.perf_counter() - started
    verdict = "violated" if found.counterexamples else "holds"
    print(f"{managers} resource managers: {found.states:,} distinct states, agreement {verdict}, {seconds:.2f} seconds")


if __name__ == "__main__":
    main()
