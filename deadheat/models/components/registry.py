"""A registry: what is known under which name, in the memory of one process or for all to see.

It stands for the map of running jobs in a worker, by which a signal finds its job (`runningJobs`, `activeJobs`); for
the directories on a disk, or the sandboxes at a provider, that a sweep lists; for a service registry. Each operation
is atomic, as of a `java.util.concurrent.ConcurrentHashMap`; several are not, and a name may come or go between them.
Source: Java API, `ConcurrentHashMap`; Apache ZooKeeper Programmer's Guide, ephemeral nodes (what a process registered
goes with it: `clear` is a crash's consequence).

Not modelled: that it is full, and a list that is out of date.
"""

from __future__ import annotations

from typing import Any

from deadheat.models.components.one_or_each import OneOrEach
from deadheat.models.values import FrozenMap, lookup, sorted_map, with_item, without
from deadheat.sim.components import BLOCKED, Step, Steps, operation
from deadheat.sim.operations import Operation
from deadheat.sim.render import render
from deadheat.sim.traits import hands_work, looks, weaker

__all__ = ["Registry"]


class Registry(OneOrEach):
    """Entries by name: any immutable values but None, which stands for no entry."""

    initial: FrozenMap[Any] = ()

    def describe(self, value: FrozenMap[Any]) -> str:
        """Return the names, each with its entry, if that says anything."""
        return ", ".join(name if entry is True else f"{name}: {render(entry)}" for name, entry in value) or "empty"

    def in_order(self, value: FrozenMap[Any]) -> FrozenMap[Any]:
        """Return the entries in the order of their names."""
        return sorted_map(value)

    def told_in_order(self, request: Operation, outcome: Any) -> Any:
        """Return the names in their order."""
        return tuple(sorted(outcome)) if request.name == "names" else outcome

    @operation
    def register(self, value: FrozenMap[Any], name: str, entry: Any = True, key: str | None = None) -> Steps:
        """Put an entry under a name; answer what was there, or None."""
        return (Step(lookup(value, name), with_item(value, name, entry)),)

    @weaker("registers although there is an entry", register, told=True)
    @operation
    def register_if_absent(self, value: FrozenMap[Any], name: str, entry: Any = True, key: str | None = None) -> Steps:
        """Put an entry under a name unless there is one; answer whether there was none."""
        if lookup(value, name) is not None:
            return (Step(False, value),)
        return (Step(True, with_item(value, name, entry)),)

    @operation
    def remove(self, value: FrozenMap[Any], name: str, key: str | None = None) -> Steps:
        """Take the entry under a name out; answer what was there, or None."""
        return (Step(lookup(value, name), without(value, name)),)

    @looks
    @operation
    def find(self, value: FrozenMap[Any], name: str, key: str | None = None) -> Steps:
        """Answer the entry under a name, or None."""
        return (Step(lookup(value, name), value),)

    @looks
    @operation
    def names(self, value: FrozenMap[Any], key: str | None = None) -> Steps:
        """Answer all names, sorted."""
        return (Step(tuple(name for name, _ in value), value),)

    @hands_work
    @operation
    def wait_for(self, value: FrozenMap[Any], name: str, key: str | None = None) -> Steps:
        """Wait until there is an entry under a name; answer it."""
        entry = lookup(value, name)
        return BLOCKED if entry is None else (Step(entry, value),)

    @operation
    def clear(self, value: FrozenMap[Any], key: str | None = None) -> Steps:
        """Forget all: the process in whose memory it was is gone."""
        return (Step(None, ()),)
