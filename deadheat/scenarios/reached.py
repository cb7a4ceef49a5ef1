"""Which of the steps T0 to T8 an exploration reached: with the effect that they are named for, where they have one.

A protocol may come to its T6 in every run and never set a status: it then holds whatever it likes of cancelled
evaluations, for there is none.
"""

from __future__ import annotations

from deadheat.models.components.kubernetes import KubernetesState
from deadheat.models.components.status import Status
from deadheat.models.steps import T1, T6, T8
from deadheat.models.system import System
from deadheat.sim.explore.results import Exploration

__all__ = ["labels_with_effect"]

STATUS_OF = {T1.name: Status.PROVISIONING, T6.name: Status.CANCELLED}
"""The steps that are named for a status that they set."""


def labels_with_effect(system: System, exploration: Exploration) -> frozenset[str]:
    """Return the labels of the steps that some run made, but for those that no run ever made with their effect."""
    statuses = _statuses(system, exploration)
    missing = {name for name, status in STATUS_OF.items() if status not in statuses}
    if not _creates(system, exploration):
        missing.add(T8.name)
    return exploration.labels_reached - missing


def _statuses(system: System, exploration: Exploration) -> set[Status]:
    return {
        system.status.status_in({name: value}, evaluation)
        for evaluation in system.evaluations
        for name in system.status.components((evaluation,))
        for value in exploration.values[name]
    }


def _creates(system: System, exploration: Exploration) -> bool:
    values = (exploration.values[f"{system.kubernetes.name}/{each}"] for each in system.evaluations)
    return any(isinstance(value, KubernetesState) and value.created > 0 for each in values for value in each)
