"""Memory: what a process, or all on a node, keep in variables that they share, and that is gone with them.

For what one role alone keeps, its own variables are enough: a crash ends the role, and they with it.
"""

from __future__ import annotations

from typing import Any

from deadheat.models.components.one_or_each import OneOrEach
from deadheat.sim.components import Step, Steps, operation
from deadheat.sim.traits import looks

__all__ = ["Memory"]


class Memory(OneOrEach):
    """One variable, or one for each key, that holds any immutable value: `initially`, and when it is wiped, this."""

    def __init__(self, name: str, *, initially: Any = None, keyed: bool = False) -> None:
        super().__init__(name, keyed=keyed)
        self.initial = initially

    @looks
    @operation
    def get(self, value: Any, key: str | None = None) -> Steps:
        """Return what it holds."""
        return (Step(value, value),)

    @operation
    def set(self, value: Any, new: Any, key: str | None = None) -> Steps:
        """Hold something else from now on."""
        return (Step(None, new),)

    @operation
    def set_if(self, value: Any, expected: Any, new: Any, key: str | None = None) -> Steps:
        """Hold something else if it holds what is expected, and return whether it did: what a lock is made of."""
        same = value == expected
        return (Step(same, new if same else value),)

    @operation
    def wipe(self, value: Any, key: str | None = None) -> Steps:
        """Hold what it did at first: the node has gone down."""
        return (Step(None, self.initial),)
