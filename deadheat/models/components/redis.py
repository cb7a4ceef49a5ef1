"""Redis: what every lock, token and flag needs (GET, SET with NX and PX, DEL, compare-and-delete), and its faults.

Other commands on strings, hashes and lists, transactions and scripts have a file each: `redis_strings` and so on; what
is said in `redis_keys` is true of all of them.

Sources: Redis command reference, SET ("Patterns": a lock with an owner token, released by a script that compares
before it deletes) and EXPIRE; "Redis replication", which is asynchronous. A key carries its evaluation as a hash tag,
`lock:{e1}`, as in "Redis cluster specification", "RedisHash tags".

Time runs for every key that has a time to live, whoever set it: it is gone in the end. A process that set one, or for
which it was set, its *holder*, counts on it while it is at work; to run out of time then is the fault `lease-expiry`.
From when its holder has deleted or replaced it, has done its work, has crashed or is lost, nobody counts on a key any
more, and that it expires is no fault, but owed. So it is with a copy of such a key that a failover brings back. In a
design, that somebody is gone follows from what its processes and nodes do (`redis_connection`).

A replica has the same clock: a key that has expired on the master does not come back by a failover.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from deadheat.models.components.redis_connection import RedisConnection
from deadheat.models.components.redis_hashes import Hashes
from deadheat.models.components.redis_keys import (
    Entry,
    Keys,
    RedisError,
    RedisHash,
    RedisList,
    RedisState,
    Watch,
    deleted,
    expired,
    forsaken,
    key_of,
    replaced,
    without_time_to_live,
)
from deadheat.models.components.redis_lists import Lists
from deadheat.models.components.redis_scripts import Script
from deadheat.models.components.redis_strings import Strings, string_at
from deadheat.models.components.redis_transactions import Transactions
from deadheat.models.faults import FAULTS, LEASE_EXPIRY, REDIS_FAILOVER
from deadheat.models.values import lookup
from deadheat.sim.components import BLOCKED, Step, Steps, operation, operations_in
from deadheat.sim.run.connected import Client
from deadheat.sim.traits import by_itself, expires, looks, weaker

__all__ = ["Entry", "Keys", "Redis", "RedisError", "RedisHash", "RedisList", "RedisState", "key_of"]


class Redis(Strings, Hashes, Lists, Transactions):
    """The keys with one hash tag; every command is atomic.

    `leases` says whether keys may have a time to live, so that somebody lets time run, and says who is gone.
    """

    faults = (FAULTS[LEASE_EXPIRY], FAULTS[REDIS_FAILOVER])
    COMMANDS: tuple[str, ...] = ("get", "set", "set_if_absent", "delete", "delete_if_equal")

    def happening(self, budgets: Mapping[str, int]) -> Iterator[operation[...]]:
        """Yield what happens by itself; no time runs where no key has a time to live."""
        yield from (each for each in super().happening(budgets) if self.leases or each.name != "expire")

    def describe(self, value: RedisState) -> str:
        """Return each key with its content, and whether the replica lags behind."""
        keys = "; ".join(f"{key} = {entry.content}" for key, entry in value.keys) or "no keys"
        more = [] if value.replica is None else ["replica lags"]
        for client, watch in value.watches:
            watched = "its next EXEC does nothing" if watch.is_dirty else f"watches {', '.join(watch.keys)}"
            more.append(f"{client}: {watched}")
        return f"{keys} ({'; '.join(more)})" if more else keys

    def connection(self, client: Client) -> RedisConnection | None:
        """Return a process's connection: once that is gone, it counts on nothing; None where no time runs."""
        scripts = {name: each.step for name, each in operations_in(type(self)).items() if isinstance(each, Script)}
        return RedisConnection.of(self, client, scripts) if self.leases else None

    def is_command(self, name: str) -> bool:
        """Return whether an operation is one command, or script, that never waits."""
        return super().is_command(name) or isinstance(getattr(type(self), name, None), Script)

    @looks
    @operation
    def get(self, value: RedisState, key: str) -> Steps:
        """GET: the content, or None; an error where it is no string."""
        return (Step(string_at(value, key), value),)

    @weaker("sets without a time to live", without="holder")
    @operation
    def set(self, value: RedisState, key: str, content: str, holder: str | None = None) -> Steps:
        """SET key content, with PX if there is a `holder`, the process that counts on it."""
        return (Step(True, replaced(value, key, self.held_entry(value, key, content, holder))),)

    @weaker("sets, although it is there already", set, told=True)
    @operation
    def set_if_absent(self, value: RedisState, key: str, content: str, holder: str | None = None) -> Steps:
        """SET key content NX (and PX if there is a `holder`); answer whether it was set."""
        if lookup(value.keys, key) is not None:
            return (Step(False, value),)
        return (Step(True, replaced(value, key, self.held_entry(value, key, content, holder))),)

    @operation
    def acquire(self, value: RedisState, key: str, owner: str) -> Steps:
        """Repeat SET key owner NX PX until it succeeds; the failing tries change nothing and are left out."""
        if lookup(value.keys, key) is not None:
            return BLOCKED
        return (Step(None, replaced(value, key, self.held_entry(value, key, owner, owner))),)

    @operation
    def delete(self, value: RedisState, key: str) -> Steps:
        """DEL: answer whether the key was there."""
        return (Step(lookup(value.keys, key) is not None, deleted(value, key)),)

    @weaker("deletes whatever is there", delete)
    @operation
    def delete_if_equal(self, value: RedisState, key: str, content: str) -> Steps:
        """Delete the key if it has this content, in one script; answer whether it had.

        An error, as of GET, where it is no string.
        """
        found = string_at(value, key)
        if found is RedisError.WRONG_TYPE:
            return (Step(found, value),)
        if found != content:
            return (Step(False, value),)
        return (Step(True, deleted(value, key)),)

    @expires(without_time_to_live)
    @by_itself("expiry")
    @operation
    def expire(self, value: RedisState, tag: str) -> Steps:
        """Let the time to live of one key run out; answer which."""
        return [
            Step(key, expired(value, key), fault=LEASE_EXPIRY if entry.held else None)
            for key, entry in value.keys
            if entry.holder is not None
        ]

    @operation
    def forsake(self, value: RedisState, tag: str, holder: str, for_good: bool = False) -> Steps:
        """A process crashed: it counts on nothing that it has set; `for_good`: nor on what is set for it later."""
        return (Step(None, forsaken(value, holder, for_good=for_good)),)

    @operation
    def let_go(self, value: RedisState, tag: str, holder: str) -> Steps:
        """A process has done its work: wait until a key counts as held by it, and let it count on none ever after.

        Nor does it watch anything any more.
        """
        after = forsaken(value, holder, for_good=True)
        is_needed = after._replace(left=value.left) != value
        return (Step(None, after),) if is_needed else BLOCKED

    @operation
    def lag(self, value: RedisState, tag: str) -> Steps:
        """From here on no write reaches the replica: the fault `redis-failover` begins."""
        return (Step(None, value._replace(replica=value.keys), fault=REDIS_FAILOVER),)

    @operation
    def fail_over(self, value: RedisState, tag: str) -> Steps:
        """The replica becomes the master: all writes since it lagged are lost, although they were acknowledged.

        Connections break, so no transaction that watches anything is done (redis-py: WatchError).
        """
        watches = tuple((client, Watch(is_dirty=True)) for client, _ in value.watches)
        return (Step(None, RedisState(value.replica or (), left=value.left, watches=watches)),)
