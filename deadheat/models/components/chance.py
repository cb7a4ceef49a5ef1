"""What happens or does not: a fault that befalls no component in particular, or a step that a mutant leaves out."""

from __future__ import annotations

from deadheat.sim.components import Component, Step, Steps, operation
from deadheat.sim.traits import hands_work

__all__ = ["Chance"]


class Chance(Component):
    """It holds nothing; it only draws on the budgets of faults.

    Those are of any kind, and declared by others: what they befall is no component.
    """

    @hands_work
    @operation
    def occurs(self, value: None, fault: str) -> Steps:
        """Let the fault happen."""
        return (Step(None, value, fault=fault),)

    @operation
    def leave_out(self, value: None, what: str) -> Steps:
        """Do nothing, in the place of an operation that a mutant leaves out."""
        return (Step(None, value),)
