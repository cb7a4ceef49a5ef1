"""How long what could happen in a run waited to happen."""

from __future__ import annotations

from deadheat.sim.explain.waits import run_answered, waits_of
from deadheat.sim.model import Model
from deadheat.sim.operations import any_of
from deadheat.sim.run.simulation import Simulation
from deadheat.sim.trace import Choice, Schedule
from tests.sim.test_causality import Gate, choices, gates

A, B = Gate("a"), Gate("b")


Found = list[tuple[str, int, int, bool]]


def waits(model: Model, schedule: Schedule) -> Found:
    return [
        (each.transition.choice.process, each.since, each.until, each.happened) for each in waits_of(model, schedule)
    ]


def test_what_happens_has_waited_since_it_could_throughout() -> None:
    """The gate is opened (1), shut (2) and opened again (3), and the walker passes (4): it could have at first, too."""
    model = gates(("keeper", [A.open(), A.shut(), A.open()]), ("walker", [A.pass_through()]))
    assert waits(model, choices("keeper", "keeper", "keeper", "walker")) == [
        ("keeper", 0, 1, True),
        ("keeper", 1, 2, True),
        ("walker", 1, 2, False),
        ("keeper", 2, 3, True),
        ("walker", 3, 4, True),
    ]


def test_what_does_not_happen_waits_until_it_cannot_any_more_or_until_the_end() -> None:
    model = gates(
        ("keeper", [A.open()]),
        ("walker", [any_of(A.pass_through(), B.open())]),
        ("late", [A.pass_through()]),
        ("stuck", [B.pass_through()]),
    )
    assert waits(model, Schedule((Choice("keeper"), Choice("walker", 0)))) == [
        ("keeper", 0, 1, True),
        ("walker", 0, 2, False),
        ("walker", 1, 2, True),
        ("late", 1, 2, False),
    ]


def test_a_run_with_one_step_more_is_answered_as_before_or_not_at_all() -> None:
    model = gates(("keeper", [A.open(), A.shut()]), ("walker", [A.pass_through()]), ("other", [A.pass_through()]))
    simulation = Simulation(model)
    opened = simulation.fire(Choice("keeper"))
    passed = simulation.fire(Choice("walker"))
    [other] = [each for each in simulation.transitions() if each.choice.process == "other"]
    shut = simulation.fire(Choice("keeper"))
    assert run_answered(model, [opened, passed, other, shut], other) == choices("keeper", "walker", "other", "keeper")
    assert run_answered(model, [opened, passed, shut, other], other) is None
