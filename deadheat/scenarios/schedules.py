"""Schedules as a strategy of hypothesis: `@given(deadheat.schedules("ours.py:PROTOCOL", faults={"worker-crash": 1}))`.

Each choice of a run is one number that hypothesis draws, below how many transitions are possible there. So its
database, its shrinking, `@example` and `@reproduce_failure` work on schedules as on anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deadheat.models.design import Design
from deadheat.models.system import Protocol
from deadheat.scenarios.arguments import budgets_of, require_number, require_protocol
from deadheat.scenarios.given import reference_to
from deadheat.scenarios.scenario import EVERY, Scenario
from deadheat.sim.errors import UsageError
from deadheat.sim.model import Kind, Model
from deadheat.sim.run.simulation import Simulation
from deadheat.sim.trace import Choice, Event, Schedule, Trace

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

__all__ = ["DrawnRun", "schedules"]

STEPS_MAX = 200


@dataclass(frozen=True, slots=True)
class DrawnRun:
    """A run of a model: what was picked at each step, what happened, and what that violates, by property.

    A property of single steps, or of every state, is violated wherever it is along the run; one of settled states, or
    of what must happen in the end, only where the run stands in a state in which nothing more is owed.
    """

    reference: str
    evaluations: int
    faults: Mapping[str, int | str]
    picks: tuple[int, ...]
    trace: Trace
    violations: Mapping[str, str]

    @classmethod
    def along(
        cls,
        reference: str,
        picks: Sequence[int],
        *,
        evaluations: int = 1,
        faults: Mapping[str, int | str] | None = None,
    ) -> DrawnRun:
        """Return the run in which these were picked; one too large stands for the last, and there it ends."""
        left = list(picks)

        def pick(most: int) -> int | None:
            return min(left.pop(0), most) if left else None

        return _run(_scenario(reference, evaluations, faults, "DrawnRun.along"), faults or {}, pick, len(left))

    def __repr__(self) -> str:
        """Return the expression that makes it, to be given to `@example`."""
        more = f", evaluations={self.evaluations}" if self.evaluations != 1 else ""
        more += f", faults={dict(self.faults)!r}" if self.faults else ""
        return f"DrawnRun.along({self.reference!r}, {list(self.picks)!r}{more})"


def schedules(
    protocol: Protocol | Design[Any] | Model | str,
    *,
    evaluations: int = 1,
    faults: Mapping[str, int | str] | None = None,
    steps_max: int = STEPS_MAX,
) -> SearchStrategy[DrawnRun]:
    """Return a strategy for runs of a protocol, a design, a model, or what a reference names, of so many steps at most.

    It takes hypothesis. Raises UsageError for what does not exist.
    """
    try:
        from hypothesis import strategies as st
    except ImportError:
        raise UsageError("deadheat.schedules(...) draws by hypothesis, which is not installed; install it.") from None

    require_protocol(protocol, "schedules")
    require_number("steps_max", steps_max, "schedules")
    if steps_max < 1:
        raise UsageError(f"steps_max of schedules(...) is {steps_max}, and no run would have a step; give it more.")
    reference = protocol if isinstance(protocol, str) else reference_to(protocol)
    scenario = _scenario(reference, evaluations, faults, "schedules")
    budgets = dict(faults or {})

    @st.composite
    def runs(draw: DrawFn) -> DrawnRun:
        return _run(scenario, budgets, lambda most: draw(st.integers(0, most)), steps_max)

    return runs()


def _scenario(reference: str, evaluations: int, faults: Mapping[str, int | str] | None, function: str) -> Scenario:
    require_number("evaluations", evaluations, function)
    return Scenario(reference, evaluations, budgets_of(faults, function), EVERY)


def _run(
    scenario: Scenario, faults: Mapping[str, int | str], pick: Callable[[int], int | None], steps_max: int
) -> DrawnRun:
    model = scenario.model()
    simulation = Simulation(model)
    picks: list[int] = []
    choices: list[Choice] = []
    events: list[Event] = []
    violations: dict[str, str] = {}
    while True:
        transitions = simulation.transitions()
        _look(model, simulation, violations, ends=not any(each.owed for each in transitions))
        picked = pick(len(transitions) - 1) if transitions and len(picks) < steps_max else None
        if picked is None:
            trace = Trace(Schedule(tuple(choices)), tuple(events))
            return DrawnRun(scenario.protocol, scenario.evaluations, dict(faults), tuple(picks), trace, violations)
        before = dict(simulation.values)
        picks.append(picked)
        choices.append(transitions[picked].choice)
        events.append(simulation.record(choices[-1]))
        for each in model.properties:
            found = each.violated(before, simulation.values) if each.kind is Kind.STEP else None
            if found is not None:
                violations.setdefault(each.name, found)


def _look(model: Model, simulation: Simulation, violations: dict[str, str], *, ends: bool) -> None:
    for each in model.properties:
        if each.kind is Kind.ALWAYS or (ends and each.kind in (Kind.SETTLED, Kind.EVENTUALLY)):
            found = each.violated(simulation.values)
            if found is not None:
                violations.setdefault(each.name, found)
