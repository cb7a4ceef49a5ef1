"""A run's record in Redis: what proves that the keys under its prefix are its own, and that it is alive.

The record is a key of its own beside the run's keys, `deadheat-run:ID`, marked for that very name. The lease,
`deadheat-run:ID:alive`, has a time to live, so Redis's own clock says when the run counts as dead. Who sweeps takes the
lease first, in one script, so that neither the run nor another sweep can have it meanwhile. Keys that merely begin with
`deadheat:` have no record, and are nobody's business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deadheat.live.leavings.heartbeat import LeaseLostError
from deadheat.live.leavings.run_record import RunRecord

if TYPE_CHECKING:
    import redis

__all__ = ["PREFIX", "KeysFound", "begin", "claim", "find", "forget", "leave", "remove", "renew"]

PREFIX = "deadheat:"
"""What the keys of all runs begin with, and perhaps those of others."""

RECORDS = "deadheat-run:"
ALIVE = ":alive"
BATCH = 500

BEGIN = """
redis.call('HSET', KEYS[1], 'record', ARGV[1], 'mark', ARGV[2], 'renewed', redis.call('TIME')[1])
redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[4])
"""

RENEW = """
local holder = redis.call('GET', KEYS[2])
if redis.call('EXISTS', KEYS[1]) == 0 or (holder and holder ~= ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'renewed', redis.call('TIME')[1])
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return 1
"""

CLAIM = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
return 0
"""


@dataclass(frozen=True, slots=True)
class KeysFound:
    """A record as a sweep finds it. `record` is None if it proves nothing, and then `why` says what is wrong.

    `silent_s` is how long ago the run last said that it is alive, by Redis's own clock.
    """

    name: str
    record: RunRecord | None
    is_alive: bool
    silent_s: float
    keys: int
    why: str = ""


def begin(client: redis.Redis, record: RunRecord) -> None:
    """Write the record of a run, and its lease; before its first key."""
    name = _name(record.run)
    arguments = [record.to_json(), record.mark(name), record.run, _lease_ms(record)]
    client.eval(BEGIN, 2, name, name + ALIVE, *map(str, arguments))


def renew(client: redis.Redis, record: RunRecord) -> None:
    """Say that a run is alive; raises LeaseLostError if its record is gone, or a sweep has its lease."""
    name = _name(record.run)
    if not client.eval(RENEW, 2, name, name + ALIVE, record.run, str(_lease_ms(record))):
        raise LeaseLostError("its record in Redis is gone, or being swept")


def leave(client: redis.Redis, record: RunRecord) -> None:
    """Remove all keys of a run, and its record last."""
    forget(client, f"{PREFIX}{record.run}:")
    client.delete(_name(record.run), _name(record.run) + ALIVE)


def find(client: redis.Redis) -> Iterator[KeysFound]:
    """Yield every record that there is, and what only looks like one."""
    names = {str(each) for each in client.scan_iter(match=f"{RECORDS}*", count=1000)}
    for name in sorted(each for each in names if not each.endswith(ALIVE)):
        yield _judged(client, name)


def claim(client: redis.Redis, record: RunRecord, sweep: str) -> bool:
    """Take the lease of a run that has none any more; return whether that was so, and nobody else has it."""
    name = _name(record.run)
    return bool(client.eval(CLAIM, 2, name, name + ALIVE, sweep, str(_lease_ms(record))))


def remove(client: redis.Redis, record: RunRecord) -> int:
    """Remove all keys of a run whose lease was claimed, and its record last; return how many keys there were."""
    name = _name(record.run)
    count = 0
    for batch in _batches(client, f"{PREFIX}{record.run}:"):
        client.pexpire(name + ALIVE, _lease_ms(record))
        count += int(client.delete(*batch))
    client.delete(name, name + ALIVE)
    return count


def forget(client: redis.Redis, prefix: str) -> int:
    """Delete every key with this prefix, and return how many there were."""
    return sum(int(client.delete(*batch)) for batch in _batches(client, prefix))


def _batches(client: redis.Redis, prefix: str) -> Iterator[list[str]]:
    batch: list[str] = []
    for key in client.scan_iter(match=f"{prefix}*", count=1000):
        batch.append(str(key))
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _judged(client: redis.Redis, name: str) -> KeysFound:
    if client.type(name) != "hash":
        return KeysFound(name, None, False, 0.0, 0, "it is no record of a run")
    fields: Any = client.hmget(name, ["record", "mark", "renewed"])
    text, mark, renewed = (str(each or "") for each in fields)
    record = RunRecord.from_json(text)
    if record is None or not re.fullmatch(r"[0-9]{1,12}", renewed):
        return KeysFound(name, None, False, 0.0, 0, "it is no record of a run")
    if name != _name(record.run) or not record.owns(name, mark):
        return KeysFound(name, None, False, 0.0, 0, "it is the record of another run")
    now: Any = client.time()
    keys = sum(len(batch) for batch in _batches(client, f"{PREFIX}{record.run}:"))
    return KeysFound(name, record, bool(client.exists(name + ALIVE)), float(now[0] - int(renewed)), keys)


def _name(run: str) -> str:
    return f"{RECORDS}{run}"


def _lease_ms(record: RunRecord) -> int:
    return int(record.lease_s * 1000)
