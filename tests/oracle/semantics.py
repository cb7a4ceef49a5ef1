"""States of a system and the transitions between them.

What was taken where words leave something open:

- A process has *begun* once it was answered since its role last began; only then can it crash. A process that returned
  or is gone cannot crash.
- A process that repeats and returns stands where it stood at first, and has not begun.
- What is atomic happens one operation after the other, each seeing what those before left; it is blocked where one of
  them is. It is a fault if one of them is, and draws once.
- A kind of fault that has no budget has none left.
- A step is owed if its process is and it is no fault; a crash never is.
- A killed process runs no `finally`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.oracle import components, language as la
from tests.oracle.components import Way
from tests.oracle.interpreter import Alternative, Asked, Interpreter, Position
from tests.oracle.rules import Rules


class Standing(NamedTuple):
    """Where a process is: what it was answered since it began, and the position; None where it is gone."""

    history: tuple[Any, ...]
    position: Position | None


class State(NamedTuple):
    """Where each process is, the values of the components, and what is left of the budgets, each in its order."""

    processes: tuple[Standing, ...]
    values: tuple[Any, ...]
    budgets: tuple[int, ...]


class Move(NamedTuple):
    """A transition. `choice` is the number of the alternative, or minus one minus that of the crash, and the branch."""

    process: int
    choice: tuple[int, int]
    after: State
    owed: bool
    fault: str | None
    label: str | None

    @property
    def is_crash(self) -> bool:
        """Whether a process is killed by it."""
        return self.choice[0] < 0


class Joint(NamedTuple):
    """One way in which a tuple of operations may go together."""

    outcomes: tuple[Any, ...]
    values: dict[str, Any]
    faults: tuple[str, ...]


class Semantics:
    """What a system does, by the rules."""

    def __init__(self, system: la.System, rules: Rules) -> None:
        self.system = system
        self.rules = rules
        self._names = [each.name for each in system.parts]
        self._kinds = {each.name: each.kind for each in system.parts}
        self._budget_names = [name for name, _ in system.budgets]
        self._programs = [Interpreter(each.program, each.arguments, rules) for each in system.processes]

    def initial(self) -> State:
        """Return the state in which the system begins."""
        standings = tuple(Standing((), program.begin()) for program in self._programs)
        return State(
            standings, tuple(each.initial for each in self.system.parts), tuple(left for _, left in self.system.budgets)
        )

    def view(self, state: State) -> dict[str, Any]:
        """Return the values of the components by name."""
        return dict(zip(self._names, state.values, strict=True))

    def moves(self, state: State) -> Iterator[Move]:
        """Yield the transitions from a state, in the order of processes, alternatives and branches."""
        for process in range(len(self._programs)):
            standing = state.processes[process]
            if standing.position is not None:
                yield from self._answers_to(state, process, standing.position)
                yield from self._crashes(state, process, standing)

    def _answers_to(self, state: State, process: int, position: Position) -> Iterator[Move]:
        proc = self.system.processes[process]
        for number, alternative in enumerate(position.alternatives):
            for branch, joint in enumerate(self._together(alternative, self.view(state))):
                if branch and not self.rules.the_environment_chooses_among_several_steps:
                    break
                fault = joint.faults[0] if joint.faults else None
                draws = 1 if self.rules.what_fails_alike_at_one_instant_is_one_fault else len(joint.faults)
                budgets = self._drawn(state, fault, draws)
                if budgets is None:
                    continue
                standing = self._answered(process, state.processes[process], number, joint.outcomes)
                owed = (proc.owed or not self.rules.steps_of_a_process_that_is_not_owed_do_not_count) and (
                    fault is None or not self.rules.faults_are_not_owed
                )
                label = next((each.label for each in alternative if each.label), None)
                after = self._after(state, process, standing, joint.values, budgets)
                yield Move(process, (number, branch), after, owed, fault, label)

    def _crashes(self, state: State, process: int, standing: Standing) -> Iterator[Move]:
        for number, kill in enumerate(self.system.processes[process].kills):
            budgets = self._drawn(state, kill.kind, 1)
            if budgets is None or not (standing.history or not self.rules.only_what_has_begun_can_crash):
                continue
            [joint] = self._together(self._consequences(kill), self.view(state))
            restarts = kill.restarts and self.rules.a_crash_that_restarts_begins_anew
            if not kill.restarts and not self.rules.a_crash_that_does_not_restart_leaves_nothing:
                restarts = True
            left = Standing((), self._programs[process].begin() if restarts else None)
            if not self.rules.a_killed_process_cleans_nothing_up:
                assert standing.position is not None
                cleaning = self._programs[process].abandon(standing.position)
                left = left if cleaning is None else Standing((*standing.history, "killed"), cleaning)
            after = self._after(state, process, left, joint.values, budgets)
            yield Move(process, (-1 - number, 0), after, False, kill.kind, None)

    def _consequences(self, kill: la.Kill) -> Alternative:
        if not self.rules.a_crash_has_its_consequences:
            return ()
        return tuple(
            Asked(_constant(each.component), each.name, tuple(map(_constant, each.arguments)), None)
            for each in kill.consequences
        )

    def _drawn(self, state: State, fault: str | None, draws: int) -> tuple[int, ...] | None:
        """Return what is left of the budgets after a fault; None if there is not enough."""
        if fault is None:
            return state.budgets
        if fault not in self._budget_names:
            return None
        number = self._budget_names.index(fault)
        left = state.budgets[number]
        if left == la.WITHOUT_END:
            return state.budgets if self.rules.a_budget_without_end_is_not_drawn_on else _with(state.budgets, number, 0)
        if left < draws and self.rules.a_fault_needs_something_left_of_its_budget:
            return None
        if not self.rules.a_fault_draws_on_its_budget:
            return state.budgets
        return _with(state.budgets, number, max(left - draws, 0))

    def _together(self, operations: Alternative, values: dict[str, Any]) -> Iterator[Joint]:
        if not operations:
            yield Joint((), {}, ())
            return
        first, *others = operations
        for way in self._ways(first, values[first.component]):
            written = {first.component: way.value}
            seen = {**values, **written} if self.rules.what_is_atomic_sees_what_came_before else values
            for joint in self._together(tuple(others), seen):
                faults = joint.faults if way.fault is None else (way.fault, *joint.faults)
                yield Joint((way.outcome, *joint.outcomes), {**written, **joint.values}, faults)

    def _ways(self, asked: Asked, value: Any) -> list[Way]:
        ways = components.ways(self._kinds[asked.component], asked.name, value, asked.arguments)
        if not ways and not self.rules.a_blocked_operation_does_not_happen:
            return [Way(None, value)]
        return ways

    def _answered(self, process: int, standing: Standing, number: int, outcomes: tuple[Any, ...]) -> Standing:
        assert standing.position is not None
        position = self._programs[process].answer(standing.position, number, outcomes)
        history = (*standing.history, (number, outcomes))
        proc = self.system.processes[process]
        if position is None and proc.repeats and self.rules.a_process_that_repeats_begins_again:
            return Standing((), self._programs[process].begin())
        return Standing(history if position is not None else (), position)

    def _after(
        self, state: State, process: int, standing: Standing, values: dict[str, Any], budgets: tuple[int, ...]
    ) -> State:
        processes = (*state.processes[:process], standing, *state.processes[process + 1 :])
        return State(processes, tuple({**self.view(state), **values}.values()), budgets)


def _with(budgets: tuple[int, ...], number: int, left: int) -> tuple[int, ...]:
    return (*budgets[:number], left, *budgets[number + 1 :])


def _constant(expression: la.Expr) -> Any:
    assert isinstance(expression, la.Const)
    return expression.value
