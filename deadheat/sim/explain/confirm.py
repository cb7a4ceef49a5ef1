"""Every counterexample is executed again through simpy before it is shown, and its violation is looked for anew.

Nothing here uses the tables that found it, so a fault in them cannot confirm itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable

from deadheat.sim.errors import InternalError, ReplayDivergedError, UndecidedError
from deadheat.sim.explore.cycles.graphs import terminal_components
from deadheat.sim.explore.options import never
from deadheat.sim.model import Kind, Model, Property
from deadheat.sim.run.simulation import Simulation, replay
from deadheat.sim.trace import Choice, Schedule, Trace

__all__ = ["confirm", "violation_of"]

SETTLING_STEPS_MAX = 200_000
"""So many steps are executed at most to see where the end of a schedule settles: some ten seconds."""

RUNS_KEPT = 500
"""So many runs are kept at most, to be gone on with."""


def confirm(model: Model, name: str, schedule: Schedule, asked: Callable[[], bool] = never) -> tuple[Trace, str]:
    """Run a schedule and return its trace with the violation of the named property at its end, in a phrase.

    Raises InternalError if the schedule cannot be run, or does not violate the property; and PurityError if that is
    so because some role or component does not do the same each time, and UndecidedError as `violation_of` does.
    """
    try:
        _, trace = replay(model, schedule)
        violation = violation_of(model, name, schedule, asked)
    except ReplayDivergedError as error:
        raise _disagreement(model, name, schedule, str(error)) from error
    if violation is None:
        raise _disagreement(model, name, schedule, "the run through simpy does not violate it.")
    return trace, violation


def violation_of(model: Model, name: str, schedule: Schedule, asked: Callable[[], bool] = never) -> str | None:
    """Return how the last state, or the last step, of a schedule violates the named property; None if it does not.

    Raises UndecidedError where that would take too long, or `asked` says that it is no longer wanted.
    """
    prop = next(each for each in model.properties if each.name == name)
    if prop.kind is Kind.STEP:
        if not schedule.choices:
            return None
        simulation, _ = replay(model, Schedule(schedule.choices[:-1]))
        before = dict(simulation.values)
        simulation.fire(schedule.choices[-1])
        return prop.violated(before, simulation.values)
    if prop.kind is Kind.EVENTUALLY:
        return _first(_for_ever(model, each, schedule) for each in prop.singles)
    simulation, _ = replay(model, schedule)
    violation = prop.violated(simulation.values)
    if violation is None or prop.kind is Kind.ALWAYS:
        return violation
    wrong = ((each, each.violated(simulation.values)) for each in prop.singles)
    return _first(found for each, found in wrong if found is not None and _stays(model, each, schedule, asked))


def _first(found: Iterable[str | None]) -> str | None:
    return next((each for each in found if each is not None), None)


def _for_ever(model: Model, prop: Property, schedule: Schedule) -> str | None:
    """Return the violation at the start of a schedule's cycle, if the cycle can be repeated for ever, fairly."""
    if schedule.cycle_from is None:
        return None
    simulation, _ = replay(model, Schedule(schedule.choices[: schedule.cycle_from]))
    start = simulation.state(merging=True)
    violation = prop.violated(simulation.values)
    violated = violation is not None
    waiting = _owing(simulation)
    for choice in schedule.choices[schedule.cycle_from :]:
        transition = simulation.fire(choice)
        violated = violated and prop.violated(simulation.values) is not None
        if not choice.is_crash:
            waiting.discard(choice.process)
        if transition.step.fault is not None and model.quiet:
            return None
        waiting &= _owing(simulation)
    comes_back = simulation.state(merging=True) == start
    return violation if violated and comes_back and not waiting else None


def _owing(simulation: Simulation) -> set[str]:
    return {transition.choice.process for transition in simulation.transitions() if transition.owed}


def _stays(model: Model, prop: Property, schedule: Schedule, asked: Callable[[], bool]) -> bool:
    """Return whether the schedule ends in a settled state, and the violation holds wherever owed steps lead.

    A run cannot be copied, so each step but one out of a state costs another run from the start.
    """
    first = _run(model, schedule.choices)
    edges: dict[Hashable, list[Hashable]] = {first.state(merging=True): []}
    waiting: deque[tuple[Hashable, tuple[Choice, ...], Simulation | None]] = deque()
    waiting.append((first.state(merging=True), schedule.choices, first))
    steps = 0
    while waiting:
        state, choices, kept = waiting.popleft()
        run = kept or _run(model, choices)
        if prop.violated(run.values) is None:
            return False
        owed = [each.choice for each in run.transitions() if each.owed]
        for number, choice in enumerate(owed, start=1):
            further = run if number == len(owed) else _run(model, choices)
            further.fire(choice)
            steps += len(choices)
            after = further.state(merging=True)
            edges[state].append(after)
            if after not in edges:
                edges[after] = []
                waiting.append((after, (*choices, choice), further if len(waiting) < RUNS_KEPT else None))
        if steps > SETTLING_STEPS_MAX or asked():
            raise UndecidedError(
                f"The violation of {prop.name} that was found is not confirmed: to execute all that its end settles in "
                + ("was interrupted" if asked() else f"takes more than {SETTLING_STEPS_MAX:,} steps")
            )
    return terminal_components(edges) == [set(edges)]  # one component: every state can come back


def _run(model: Model, choices: tuple[Choice, ...]) -> Simulation:
    simulation = Simulation(model)
    for choice in choices:
        simulation.fire(choice)
    return simulation


def _disagreement(model: Model, name: str, schedule: Schedule, reason: str) -> InternalError:
    from deadheat.sim.run.repeatable import require_repeatable  # only where something is wrong

    require_repeatable(model, schedule)
    return InternalError(
        f"A counterexample to {name!r} was found in the tables, but {reason} "
        "This is a defect of deadheat: please report it with the command that you ran."
    )
