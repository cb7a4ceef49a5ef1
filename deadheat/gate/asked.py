"""What a check of the configuration asks for, as a scenario."""

from __future__ import annotations

from deadheat.gate.config import WITHOUT_END, Check
from deadheat.scenarios.scenario import EVERY, Scenario
from deadheat.sim.errors import unknown_name
from deadheat.sim.model import UNLIMITED

__all__ = ["scenario_of"]


def scenario_of(asked: Check) -> Scenario:
    """Return the scenario that a check asks for; raises UsageError for what does not exist, and names it."""
    faults = tuple((kind, UNLIMITED if budget == WITHOUT_END else int(budget)) for kind, budget in asked.faults)
    properties = asked.properties or EVERY
    scenario = Scenario(asked.protocol, asked.evaluations, faults, properties, asked.quiet, asked.settings)
    for name, _ in asked.expect:
        if name not in (*scenario.properties, WITHOUT_END):
            raise unknown_name(f"property of {asked.protocol} (named by `expect`)", name, scenario.properties)
    return scenario
