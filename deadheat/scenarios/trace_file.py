"""Counterexamples as files: JSON with a format, a version, a checksum, and a fingerprint of the model that made them.

A trace is replayed against today's code on purpose; the fingerprint tells whether that is the code that made it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from deadheat.scenarios.check import Counterexample
from deadheat.scenarios.scenario import Scenario
from deadheat.sim import written
from deadheat.sim.counting import counted
from deadheat.sim.errors import DeadheatError, FingerprintError, TraceError
from deadheat.sim.fingerprint import PYTHON, fingerprint
from deadheat.sim.model import UNLIMITED, Kind, Model
from deadheat.sim.trace import Choice, Event, Schedule, Trace
from deadheat.version import VERSION

__all__ = ["FORMAT", "FORMAT_VERSION", "Recorded", "load", "read", "require_writable", "save"]

FORMAT: Literal["deadheat-trace"] = "deadheat-trace"
FORMAT_VERSION: Literal[3] = 3

BYTES_MAX = 64 << 20

NAME_MAX = 200

BEGINNING = 200
"""Within so many bytes a file of ours names its format."""

Count = Annotated[int, msgspec.Meta(ge=0)]
Budget = Annotated[int, msgspec.Meta(ge=UNLIMITED)]


class OfScenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The scenario in a file."""

    protocol: str
    evaluations: Annotated[int, msgspec.Meta(ge=1)]
    settings: dict[str, str]
    faults: dict[str, Budget]
    quiet: bool


class OfEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An event in a file."""

    process: str
    component: str
    operation: str
    arguments: tuple[str, ...]
    outcome: str
    label: str | None
    fault: str | None
    changes: dict[str, str]


class Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file, but for its checksum. The fingerprint is None for a model of which none can be taken."""

    format: Literal["deadheat-trace"]
    version: Literal[3]
    deadheat: str
    python: str
    fingerprint: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")] | None
    scenario: OfScenario
    property: str
    violation: str
    schedule: tuple[tuple[str, int, Count], ...]
    cycle_from: Count | None
    events: tuple[OfEvent, ...]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A counterexample out of a file, and a remark on what has changed since it was saved, if anything has."""

    counterexample: Counterexample
    remark: str | None


def require_writable(path: Path, of_format: str = FORMAT) -> None:
    """Raise TraceError if nothing could be saved there; so that nobody waits for a search in vain.

    A file that was saved before is written anew, and so is one that is empty; any other is somebody's, and stays.
    """
    written.require_writable(
        path, written.Kind("trace", lambda beginning: f'"{of_format}"'.encode() in beginning[:BEGINNING], TraceError)
    )


def save(counterexample: Counterexample, path: Path) -> None:
    """Write a counterexample to a file; raises TraceError if that cannot be done."""
    scenario, schedule = counterexample.scenario, counterexample.trace.schedule
    content = Content(
        format=FORMAT,
        version=FORMAT_VERSION,
        deadheat=VERSION,
        python=PYTHON,
        fingerprint=_fingerprint(replace(scenario, properties=(counterexample.property,)).model()),
        scenario=_of_scenario(scenario),
        property=counterexample.property,
        violation=counterexample.violation,
        schedule=tuple((each.process, each.alternative, each.branch) for each in schedule.choices),
        cycle_from=schedule.cycle_from,
        events=tuple(
            OfEvent(**{**asdict(each), "changes": dict(each.changes)}) for each in counterexample.trace.events
        ),
    )
    plain = msgspec.to_builtins(content)
    plain["checksum"] = _checksum(plain)
    written.write(path, json.dumps(plain, indent=1) + "\n", TraceError)


def _of_scenario(scenario: Scenario) -> OfScenario:
    return OfScenario(
        scenario.protocol, scenario.evaluations, dict(scenario.settings), dict(scenario.faults), scenario.quiet
    )


def _of(content: Content) -> str:
    name = content.scenario.protocol
    return name if len(name) <= NAME_MAX else f"{name[:NAME_MAX]}..."


def load(path: Path) -> Counterexample:
    """Read a counterexample from a file; raises TraceError as `read` does."""
    return read(path).counterexample


def read(path: Path) -> Recorded:
    """Read a counterexample from a file.

    Raises TraceError if there is no such file, or it is not a trace, of another version, or was changed.
    """
    content = _read(path)
    try:
        scenario = Scenario(
            protocol=content.scenario.protocol,
            evaluations=content.scenario.evaluations,
            faults=tuple(content.scenario.faults.items()),
            properties=(content.property,),
            quiet=content.scenario.quiet,
            settings=tuple(content.scenario.settings.items()),
        )
        model = scenario.model()
    except TraceError:
        raise
    except RecursionError:
        raise _is_not_whole(path, "the name of its protocol has no end") from None
    except DeadheatError as error:
        file, colon, _ = content.scenario.protocol.partition(":")
        if colon and file.endswith(".py") and not Path(file).exists():
            raise TraceError(
                f"{path} is a trace of {_of(content)}, and there is no {file} here; replay it in the folder in which "
                "it was saved."
            ) from None
        raise TraceError(f"{path} is a trace of {_of(content)}, which is not to be had here: {error}") from None
    choices = tuple(Choice(*each) for each in content.schedule)
    events = tuple(Event(**msgspec.structs.asdict(each)) for each in content.events)
    if len(choices) != len(events):
        raise _is_not_whole(path, f"it has {counted(len(choices), 'choice')} and {counted(len(events), 'event')}")
    if content.cycle_from is not None and content.cycle_from > len(choices):
        raise _is_not_whole(path, f"its cycle begins after its {counted(len(choices), 'step')}")
    if (content.cycle_from is None) is (model.properties[0].kind is Kind.EVENTUALLY):
        has = "no cycle, although its property speaks" if content.cycle_from is None else "a cycle, and no property"
        raise _is_not_whole(path, f"it has {has} of runs without end")
    trace = Trace(Schedule(choices, cycle_from=content.cycle_from), events)
    return Recorded(Counterexample(scenario, content.property, content.violation, trace), _change_since(content, model))


def _change_since(content: Content, model: Model) -> str | None:
    """Return how the code differs from that which made the trace, as the end of a sentence; None if it does not."""
    now = _fingerprint(model)
    if None in (now, content.fingerprint):
        return "whether the protocol has changed since the trace was saved cannot be told"
    if now == content.fingerprint:
        return None
    if (content.deadheat, content.python) == (VERSION, PYTHON):
        return "the protocol has changed since the trace was saved"
    return (
        f"the trace was saved by deadheat {content.deadheat} on {content.python}, and whether the protocol has changed "
        f"since cannot be told by deadheat {VERSION} on {PYTHON}"
    )


def _fingerprint(model: Model) -> str | None:
    try:
        return fingerprint(model, kept_counts=False)  # a run may have computed it
    except FingerprintError:
        return None


# Files


def _read(path: Path) -> Content:
    try:
        content = json.loads(_text_of(path), object_pairs_hook=_object)
    except OSError as error:
        raise TraceError(f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise TraceError(f"{path} is not a deadheat trace; save one.", about="trace")
    _require_version(path, content)
    try:
        if content.pop("checksum", None) != _checksum(content):
            raise TraceError(f"{path} was changed after it was saved; save it anew.", about="trace")
        return msgspec.convert(content, Content)
    except msgspec.ValidationError as error:
        raise _is_not_whole(path, str(error)) from None
    except ValueError:  # NaN
        raise _is_not_whole(path, "it holds what no JSON can") from None


def _text_of(path: Path) -> str:
    """Return what a file holds; nothing, if that is more than any trace does: a device, for one, never ends."""
    with path.open("rb") as file:
        content = file.read(BYTES_MAX + 1)
    return content.decode() if len(content) <= BYTES_MAX else ""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; raises ValueError where a key is there twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _require_version(path: Path, content: dict[str, Any]) -> None:
    version, by = content.get("version"), content.get("deadheat")
    if type(version) is not int or version == FORMAT_VERSION:
        return
    if version < FORMAT_VERSION:
        raise TraceError(
            f"{path} is a trace of format version {version}, which this deadheat no longer reads; save it anew.",
            about="trace",
        )
    if by == VERSION:  # no deadheat of this version has ever done so
        raise TraceError(
            f"{path} says that it is of format version {version}, and that deadheat {by} has saved it, which writes "
            f"version {FORMAT_VERSION}; save it anew.",
            about="trace",
        )
    saved = f", which deadheat {by} has saved" if isinstance(by, str) else ""
    raise TraceError(
        f"{path} is a trace of format version {version}{saved}, and this is deadheat {VERSION}, which reads version "
        f"{FORMAT_VERSION}; use a newer one, or save the trace anew."
    )


def _is_not_whole(path: Path, reason: str) -> TraceError:
    return TraceError(f"{path} is not a whole trace ({reason}); save it anew.", about="trace")


def _checksum(content: dict[str, Any]) -> str:
    """Return the checksum of a file's content; raises ValueError for what is no JSON."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(canonical.encode(errors="surrogatepass")).hexdigest()
