"""A failure as one word of a command line: enough to make the same run again."""

from __future__ import annotations

import base64
import binascii
import zlib

import msgspec

from deadheat.scenarios.check import Counterexample
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.errors import ReplayDivergedError, UsageError
from deadheat.sim.explain.confirm import confirm, violation_of
from deadheat.sim.explain.starving import starving_in
from deadheat.sim.trace import Choice, Schedule

__all__ = ["blob_of", "from_blob"]

BYTES_MAX = 1 << 20


class Content(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a blob holds: the property, the names of processes, and steps as a name's number, alternative, branch."""

    property: str
    names: tuple[str, ...]
    steps: tuple[tuple[int, int, int], ...]
    cycle_from: int | None


def blob_of(counterexample: Counterexample) -> str:
    """Return a counterexample as text, without its scenario."""
    schedule = counterexample.trace.schedule
    names = tuple(dict.fromkeys(each.process for each in schedule.choices))
    steps = tuple((names.index(each.process), each.alternative, each.branch) for each in schedule.choices)
    content = Content(counterexample.property, names, steps, schedule.cycle_from)
    return base64.urlsafe_b64encode(zlib.compress(msgspec.msgpack.encode(content), 9)).decode()


def from_blob(scenario: Scenario, blob: str) -> Counterexample:
    """Make the run of a blob again, in a scenario that has its property.

    Raises UsageError for what is no blob or is of another property, and ReplayDivergedError, which names the step,
    where the run is not possible any more, or violates nothing.
    """
    try:
        unpacked = zlib.decompressobj().decompress(base64.urlsafe_b64decode(blob.encode()), BYTES_MAX)
        content = msgspec.msgpack.decode(unpacked, type=Content)
        choices = tuple(Choice(content.names[name], *rest) for name, *rest in content.steps)
    except (binascii.Error, zlib.error, msgspec.DecodeError, IndexError, UnicodeError, ValueError):
        raise UsageError("This is no blob of deadheat fuzz; copy all of what it printed.") from None
    if content.property not in scenario.properties:
        raise UsageError(f"This blob is of the property {content.property!r}, which is not among those asked for.")
    model, schedule = scenario.model(), Schedule(choices, cycle_from=content.cycle_from)
    try:
        violated = violation_of(model, content.property, schedule)
    except ReplayDivergedError as error:
        raise ReplayDivergedError(f"{error} The protocol has changed since this blob was printed.") from None
    if violated is None:
        raise ReplayDivergedError(f"The run of this blob is still possible, and {content.property} holds in it.")
    trace, violation = confirm(model, content.property, schedule)
    return Counterexample(scenario, content.property, violation, trace, starving_in(model, schedule))
