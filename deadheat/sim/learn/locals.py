"""What one process can do, learned from the running simpy process: a number for each distinct local state.

A local transition is learned once: the process is run, alone, to where it stands, and answered. A generator cannot be
copied, so a second answer in the same place costs one more run of that process's own past, never of the whole
system's; and not even that, where another run has come there by another way, from which nothing tells it apart. Each
such run also checks that the role is pure: the same outcomes must lead to the same requests.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from typing import Any, NamedTuple

from deadheat.sim.counting import counted
from deadheat.sim.errors import ModelError, PurityError
from deadheat.sim.freeze import Shared, freeze
from deadheat.sim.learn.growth import SUSPICIOUS, Growth
from deadheat.sim.model import Crash, Model, Process
from deadheat.sim.operations import Instant, operations_of
from deadheat.sim.places import place_of
from deadheat.sim.rules.purity import reversed_, turned
from deadheat.sim.run.coverage import Site, site_of
from deadheat.sim.run.environment import ControlledEnvironment, RunningProcess

__all__ = ["INITIAL", "Answered", "LocalState", "LocalStates"]

INITIAL = 0
"""The number of the local state in which a process begins, and begins again."""

SPARE_MAX = 10_000
"""So many runs of one process wait where they stand, for another answer there: each of them holds a generator."""


@dataclass(frozen=True, slots=True)
class LocalState:
    """Where a process may stand: the operations it waits for, and one way to get there.

    `parent` is the state it was first reached from, by answering `outcome` to that state's `alternative`. It `chooses`
    where it asked for any one of them.
    """

    operations: tuple[Instant, ...]
    site: Site | None
    parent: int = -1
    alternative: int = 0
    outcome: Any = None
    chooses: bool = False

    @property
    def finished(self) -> bool:
        """Whether the process has returned, or is gone."""
        return not self.operations


class Answered(NamedTuple):
    """A local transition: in which state which operation was answered with what, and the state that follows."""

    state: int
    alternative: int
    operation: Instant
    outcome: Any
    successor: int


class LocalStates:
    """The local states of one process, found as they are asked for; a state is known by its number."""

    def __init__(self, process: Process, *, merging: bool) -> None:
        self.process = process
        self.states: list[LocalState] = []
        self._merging = merging
        self._shared = Shared(process.role, process.arguments)
        self._numbers: dict[Hashable, int] = {}
        self._successors: dict[tuple[int, int, Hashable], int] = {}
        self._answered: list[Answered] = []
        self._parked: dict[int, list[RunningProcess]] = {}
        self._unanswered: dict[int, set[int]] = {}
        self._spare = 0
        self._asked_at, self._cyclic = -1, process.repeats
        self.growth = Growth()
        self._number(self._begin(), parent=-1, alternative=0, outcome=None)

    def after_crash(self, crash: Crash) -> int:
        """Return the state in which a crash leaves the process."""
        return INITIAL if crash.restarts else self._add("finished", LocalState((), None))

    def successor(self, state: int, alternative: int, outcome: Any) -> int:
        """Return the state that follows when the given operation of `state` is answered with `outcome`."""
        key = (state, alternative, freeze(outcome))
        known = self._successors.get(key)
        if known is None:
            running = self._take_parked(state, alternative) or self._run_to(state)
            running.fire(alternative, outcome)
            known = self._number(running, state, alternative, outcome)
            self._successors[key] = known
            self._answered.append(
                Answered(state, alternative, self.states[state].operations[alternative], outcome, known)
            )
        return known

    def require_known(self, state: int, model: Model) -> None:
        """Raise ModelError where the process asks for an operation of a component that there is not."""
        for request in self.states[state].operations:
            for each in operations_of(request):
                try:
                    model.component(each.component)
                except ModelError as error:
                    if type(error) is not ModelError:  # the model is but a part of one, and says so
                        raise
                    place = self._run_to(state).place
                    raise ModelError(f"The process {self.process.name!r} asks for {each} in {place}: {error}") from None

    def known_successor(self, state: int, alternative: int, outcome: Any) -> int | None:
        """Return the state that follows, as `successor` does, if that was learned already."""
        return self._successors.get((state, alternative, freeze(outcome)))

    @property
    def gone(self) -> int | None:
        """The state in which the process has returned, or is gone, if it is known that it can."""
        return self._numbers.get("finished")

    def answered(self) -> Iterator[Answered]:
        """Yield the local transitions, in the order in which they were learned."""
        yield from self._answered

    def cyclic(self) -> bool:
        """Return whether the process can come back to a local state that it has left, as far as was learned."""
        if not self._cyclic and self._asked_at != len(self._successors):
            self._asked_at = len(self._successors)
            self._cyclic = self._has_cycle()
        return self._cyclic

    def _has_cycle(self) -> bool:
        sorter: TopologicalSorter[int] = TopologicalSorter()
        for (state, _, _), successor in self._successors.items():
            sorter.add(successor, state)
        try:
            sorter.prepare()
        except CycleError:
            return True
        return False

    def verify_purity(self) -> None:
        """Run every learned history once more, and raise PurityError if the role asks for something else.

        It is told the same, but sets in another order.
        """
        parents = {each.parent for each in self.states}
        ends = [number for number, each in enumerate(self.states) if number not in parents and each.parent >= INITIAL]
        told_sets = any(turned(each.outcome) is not each.outcome for each in self.states)
        told_sets = told_sets or turned(self.process.arguments) is not self.process.arguments
        for number in ends:
            self._run_to(number, told=turned)
            if told_sets:
                self._run_to(number, told=reversed_)

    def _begin(self) -> RunningProcess:
        return ControlledEnvironment().start(self.process, self._shared)

    def _number(self, running: RunningProcess, parent: int, alternative: int, outcome: Any) -> int:
        if running.finished:
            return self._add(
                running.local_state(merging=self._merging), LocalState((), None, parent, alternative, outcome)
            )
        begun = bool(running.history)
        if not begun and self.states:
            self._require_same(running, INITIAL)
            return INITIAL  # a repeating process came round
        assert running.generator is not None
        site = site_of(running.generator)
        state = LocalState(running.operations, site, parent, alternative, outcome, running.chooses)
        known = len(self.states)
        number = self._add(running.local_state(merging=self._merging), state)
        if number == known:
            if number >= SUSPICIOUS:
                self.growth.note_locals(running.generator)
        else:
            self._require_same(running, number)
        self._park(running, number)
        return number

    def _park(self, running: RunningProcess, number: int) -> None:
        """Keep a run where it stands, if it may be of use: for an operation there that has no answer yet.

        It need not have come there by the way that is noted: where histories are merged, none tells them apart.
        """
        unanswered = self._unanswered.setdefault(number, set(range(len(running.operations))))
        parked = self._parked.setdefault(number, [])
        if len(parked) < len(unanswered) and (not parked or self._spare < SPARE_MAX):
            self._spare += bool(parked)
            parked.append(running)

    def _take_parked(self, number: int, alternative: int) -> RunningProcess | None:
        """Return a run that stands there, for this answer; those that none is left for are let go of."""
        parked, unanswered = self._parked.get(number, []), self._unanswered.get(number, set())
        unanswered.discard(alternative)
        taken = parked.pop() if parked else None
        self._spare -= bool(parked)
        while len(parked) > len(unanswered):
            parked.pop()
            self._spare -= bool(parked)
        return taken

    def _add(self, key: Hashable, state: LocalState) -> int:
        number = self._numbers.setdefault(key, len(self.states))
        if number == len(self.states):
            self.states.append(state)
        return number

    def _run_to(self, number: int, told: Callable[[Any], Any] = lambda outcome: outcome) -> RunningProcess:
        """Run the process, alone and from the start, to a state it is known to reach."""
        path = []
        while number > INITIAL:  # the parent of a state that only a crash leads to is -1
            path.append(number)
            number = self.states[number].parent
        process = replace(self.process, arguments=told(self.process.arguments))
        running = ControlledEnvironment().start(process, self._shared)
        self._require_same(running, INITIAL)
        for each in reversed(path):
            state = self.states[each]
            running.fire(state.alternative, told(state.outcome))
            self._require_same(running, each)
        return running

    def _require_same(self, running: RunningProcess, number: int) -> None:
        expected, got = self.states[number].operations, running.operations
        if expected != got:
            where = place_of(self.process.role) if running.finished else running.place
            raise PurityError(
                f"The process {self.process.name!r} is not pure: after the same "
                f"{counted(len(running.history), 'outcome')} it asked once for {_names(expected)} and once for "
                f"{_names(got)} in {where}. A role may depend on its arguments "
                "and on outcomes alone, never on a clock, a random number, a global or the order of a set."
            )


def _names(operations: tuple[Instant, ...]) -> str:
    return " or ".join(str(operation) for operation in operations) or "nothing"
