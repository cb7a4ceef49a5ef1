"""Which steps come to pass only by a fault: that no run makes them without one is as it should be, and not vacuous."""

from __future__ import annotations

from collections.abc import Iterable

from deadheat.scenarios.scenario import Scenario
from deadheat.scenarios.subjects import OfDesign, Subject
from deadheat.sim.errors import ModelError
from deadheat.sim.explore import python
from deadheat.sim.explore.options import SearchOptions

__all__ = ["reached_by_faults"]

STATES_MAX = 5_000
"""So many states are looked at for each fault at most; a step that none of them shows is not reached by it."""


def reached_by_faults(scenario: Scenario, subject: Subject, labels: Iterable[str]) -> dict[str, str]:
    """Return those of the labels that some run of a design reaches by a fault that was not asked for, and by which.

    One fault of one kind at a time is looked at, at one key. (The steps of a protocol for evaluations are known, and
    it says itself which of them it lacks.)
    """
    found: dict[str, str] = {}
    if not isinstance(subject, OfDesign):
        return found
    missing = set(labels)
    for kind in (each for each in subject.faults if not scenario.budgets.get(each)):
        if not missing:
            break
        model = subject.model(1, {**scenario.budgets, kind: 1}, scenario.quiet)
        try:
            reached = python.explore(model, SearchOptions(STATES_MAX)).labels_reached & missing
        except ModelError:  # which is told where that fault is asked for
            continue
        found.update(dict.fromkeys(sorted(reached), kind))
        missing -= reached
    return found
