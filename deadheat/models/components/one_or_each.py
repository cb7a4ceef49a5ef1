"""Components that there is one of for all, or one for each key: their maker says which."""

from __future__ import annotations

from typing import Any

from deadheat.sim.components import Component
from deadheat.sim.errors import ModelError

__all__ = ["OneOrEach"]


class OneOrEach(Component):
    """One for all, or, if it is `keyed`, one for each key.

    The last parameter of each of its operations is the `key`, which is left out where there is one for all:
    `shop.outbox.send(order)`, but `shop.inbox.send("kill", key=order)`.
    """

    def __init__(self, name: str, *, keyed: bool = False) -> None:
        super().__init__(name)
        self.keyed = keyed

    def instance_for(self, arguments: tuple[Any, ...]) -> str:
        """Return the instance that the last argument names; raises ModelError for a key too many or too few."""
        key = arguments[-1]
        if self.keyed and key is None:
            raise ModelError(
                f"{self.name!r} is kept by key, so say which one is meant: {self.name}.name(..., key=...)."
            )
        if not self.keyed and key is not None:
            raise ModelError(
                f"{self.name!r} is one for all, so leave out key={key!r}, or make it {type(self).__name__}"
                f"({self.name!r}, keyed=True)."
            )
        return self.name if key is None else f"{self.name}/{key}"
