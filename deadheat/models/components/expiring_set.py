"""A set with a time to live: what is put into it is forgotten in the end.

It stands for a cache of what was cancelled, kept for those that come late (Caffeine's `expireAfterWrite`), for keys
with a time to live in Redis, for a table of request ids against duplicates. Each item's time is chosen to outlast
something, such as the last delivery that could ask for it: while that is open, it expires only by a fault; once it is
closed, by itself. Sources: Redis command reference, SET with EX and EXPIRE; Caffeine, "Eviction", time-based; Amazon
SQS Developer Guide, "Exactly-once processing" (duplicates are known for five minutes).

Not modelled: how long, eviction for want of room, and clocks that differ.
"""

from __future__ import annotations

from deadheat.models.components.one_or_each import OneOrEach
from deadheat.models.periods import Period, runs_out
from deadheat.models.values import FrozenMap, lookup, sorted_map, with_item, without
from deadheat.sim.components import Step, Steps, operation
from deadheat.sim.faults import Fault
from deadheat.sim.traits import by_itself, expires, looks

__all__ = ["FORGOTTEN_EARLY", "ExpiringSet", "Items"]

FORGOTTEN_EARLY = Fault(
    "forgotten-early",
    "the time to live of an item runs out before what it is to outlast is over",
    "Redis: SET with EX; Caffeine: Eviction, time-based",
)

Items = FrozenMap[Period]
"""The time of each item that is in the set, and of each that is not and has nothing left to outlast."""


class ExpiringSet(OneOrEach):
    """Items with a time to live, each of which outlasts what is open until the item is closed.

    What an item is to outlast is open from the start, and may be closed before the item is added; `early` is the fault
    that it is forgotten before that.
    """

    initial: Items = ()

    def __init__(self, name: str, *, keyed: bool = False, early: Fault = FORGOTTEN_EARLY) -> None:
        super().__init__(name, keyed=keyed)
        self.early = early
        self.faults = (early,)

    def describe(self, value: Items) -> str:
        """Return what is in the set."""
        return ", ".join(item for item, time in value if time.is_running) or "empty"

    def in_order(self, value: Items) -> Items:
        """Return the items in their order."""
        return sorted_map(value)

    @operation
    def add(self, value: Items, item: str, key: str | None = None) -> Steps:
        """Put an item into the set, or let its time begin anew; answer whether it was not there."""
        time = _time_of(value, item)
        return (Step(not time.is_running, _with(value, item, time.armed())),)

    @operation
    def remove(self, value: Items, item: str, key: str | None = None) -> Steps:
        """Take an item out; answer whether it was there."""
        time = _time_of(value, item)
        return (Step(time.is_running, _with(value, item, time.called_off())),)

    @looks
    @operation
    def has(self, value: Items, item: str, key: str | None = None) -> Steps:
        """Answer whether an item is in the set."""
        return (Step(_time_of(value, item).is_running, value),)

    @operation
    def close(self, value: Items, item: str, key: str | None = None) -> Steps:
        """What the item is to outlast is over: nobody will ask for it any more."""
        return (Step(None, _with(value, item, _time_of(value, item).closed())),)

    @operation
    def open(self, value: Items, item: str, key: str | None = None) -> Steps:
        """What the item is to outlast begins again."""
        return (Step(None, _with(value, item, _time_of(value, item).opened())),)

    @expires()
    @by_itself()
    @operation
    def expire(self, value: Items, key: str | None = None) -> Steps:
        """The time of an item runs out; answer which."""
        return [step._replace(outcome=item) for item, time in value for step in self._without_time(value, item, time)]

    def _without_time(self, value: Items, item: str, time: Period) -> Steps:
        return runs_out(time, self.early, lambda after: _with(value, item, after.called_off()))


def _time_of(value: Items, item: str) -> Period:
    return lookup(value, item) or Period()


def _with(value: Items, item: str, time: Period) -> Items:
    """Return the items with this time for one; what says nothing is left out, so that equal sets are equal values."""
    return without(value, item) if time == Period() else with_item(value, item, time)
