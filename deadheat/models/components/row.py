"""One row, or one register, with compare-and-set: what most systems keep a status, a flag or an owner in.

It stands for a row that is changed by `UPDATE ... WHERE id = ... AND status = ...`, a Redis key under a script, an etcd
key under a transaction, or a Kubernetes object under its resourceVersion: each operation is atomic, and is seen by
everybody at once. Sources: PostgreSQL documentation, "Transaction Isolation", Read Committed (an UPDATE looks at the
row as it is then); etcd documentation, "Transaction"; Kubernetes documentation, "API Concepts", resource versions.

Not modelled: transactions of several statements, and rows that are not committed yet (a table has those); stale reads
from a replica; a commit whose answer is lost.
"""

from __future__ import annotations

from typing import Any

from deadheat.models.components.one_or_each import OneOrEach
from deadheat.sim.components import BLOCKED, Step, Steps, operation
from deadheat.sim.traits import hands_work, looks, weaker

__all__ = ["Row"]


class Row(OneOrEach):
    """A row whose content is any immutable value, from `initial` on."""

    def __init__(self, name: str, initial: Any = None, *, keyed: bool = False) -> None:
        super().__init__(name, keyed=keyed)
        self.initial = initial

    @looks
    @operation
    def get(self, value: Any, key: str | None = None) -> Steps:
        """Answer the content."""
        return (Step(value, value),)

    @operation
    def set(self, value: Any, content: Any, key: str | None = None) -> Steps:
        """Overwrite the content, whatever it was."""
        return (Step(None, content),)

    @weaker("sets without comparing", set, told=True)
    @operation
    def compare_and_set(self, value: Any, expected: Any, content: Any, key: str | None = None) -> Steps:
        """Set the content if it is the expected one; answer whether it was (UPDATE ... WHERE ... = expected)."""
        return (Step(True, content),) if value == expected else (Step(False, value),)

    @weaker("sets whatever it was", set, told=True)
    @operation
    def set_unless(self, value: Any, excluded: tuple[Any, ...], content: Any, key: str | None = None) -> Steps:
        """Set the content unless it is one of these; answer whether it was set (UPDATE ... WHERE ... NOT IN (...))."""
        return (Step(False, value),) if value in excluded else (Step(True, content),)

    @hands_work
    @operation
    def wait_for(self, value: Any, content: Any, key: str | None = None) -> Steps:
        """Wait until this is the content: polling, whose looks in vain change nothing and are left out."""
        return (Step(None, value),) if value == content else BLOCKED
