"""Live traces: what processes did on real servers, as JSON lines. The schema is documented in `docs/live-traces.md`.

Operations and their outcomes are recorded, never snapshots of a server's state: a server that runs cannot be stopped
to look at it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal, InvalidOperation
from math import isfinite
from pathlib import Path
from threading import Lock
from typing import Annotated, Any, Literal, Protocol, TypeVar

import msgspec

from deadheat.live.logs.moments import Moment, OneClock, read_moment
from deadheat.live.redaction import redact
from deadheat.live.values import decode, encode
from deadheat.scenarios.catalogue import find_protocol
from deadheat.sim.errors import DeadheatError, LiveError, TraceError
from deadheat.sim.model import UNLIMITED
from deadheat.sim.operations import Operation

__all__ = ["COMPONENTS", "FORMAT", "FORMAT_VERSION", "Header", "LiveEvent", "Tape", "on_one_line", "read_tape"]

FORMAT = "deadheat-live-trace"
FORMAT_VERSION = 1

COMPONENTS = ("user", "queue", "status", "http", "tokens", "redis", "kubernetes", "chance")
"""The components that every protocol has, by name, and that a trace tells of if it says nothing else."""


Name = Annotated[str, msgspec.Meta(min_length=1, pattern=r"\A[^/]+\Z")]
"""An evaluation's name. It stands in the names of processes and components, between slashes."""

Budget = Annotated[int, msgspec.Meta(ge=UNLIMITED)]
Time = int | float | str | msgspec.UnsetType

DEEPEST = 32
"""How deep what is in a line may be nested; a model's values are far from that."""

TOO_DEEP = "it is nested too deep"

BYTES_MAX = 1 << 28
"""How much is read of a file: half a million events or more."""


class OfHeader(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line of a file."""

    format: Literal["deadheat-live-trace"]
    version: Literal[1]
    protocol: str
    evaluations: Annotated[tuple[Name, ...], msgspec.Meta(min_length=1)]
    faults: dict[str, Budget] = msgspec.field(default_factory=dict)
    components: tuple[str, ...] = COMPONENTS
    note: str | None = None


class OfEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Any other line; a time is UNSET where it is not given, and a note is for people alone."""

    component: str
    operation: str
    process: str | None = None
    arguments: tuple[Any, ...] = ()
    outcome: Any = None
    began: Time = msgspec.UNSET
    ended: Time = msgspec.UNSET
    at: Time = msgspec.UNSET
    note: str | None = None


Line = TypeVar("Line", OfHeader, OfEvent)


class _NotOfSchemaError(Exception):
    """A line of JSON holds what no live trace may."""


@dataclass(frozen=True, slots=True)
class Header:
    """The first line: which protocol ran, for which evaluations, with which faults, and which components are told of.

    What a trace does not tell of (a component that is not in `components`, a process that is none of the protocol's
    roles) may have happened at any time.
    """

    protocol: str
    evaluations: tuple[str, ...]
    faults: Mapping[str, int] = field(default_factory=dict)
    components: tuple[str, ...] = COMPONENTS


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """One operation. It took effect at some moment between `began` and `ended` (exact seconds on any one clock).

    `process` is None where the log does not say who did it. `line` is where it stands in the file, from 1.
    """

    process: str | None
    component: str
    operation: str
    arguments: tuple[Any, ...]
    outcome: Any
    began: Decimal
    ended: Decimal
    line: int = 0

    def __str__(self) -> str:
        arguments = ", ".join(_shown(each) for each in self.arguments)
        who = f"{self.process}: " if self.process else ""
        return f"{who}{self.component}.{self.operation}({arguments}) = {_shown(self.outcome)}"


class Output(Protocol):
    """Where a trace goes."""

    def write(self, text: str, /) -> object:
        """Write some text."""


class Tape:
    """A live trace that is being written; many threads may write to it."""

    def __init__(self, output: Output, header: Header) -> None:
        self._output = output
        self._lock = Lock()
        self._write(
            {
                "format": FORMAT,
                "version": FORMAT_VERSION,
                "protocol": header.protocol,
                "evaluations": list(header.evaluations),
                "faults": dict(header.faults),
                "components": list(header.components),
            }
        )

    def write(self, process: str, operation: Operation, outcome: Any, began: float, ended: float) -> None:
        """Record one operation; raises LiveError for what is asked, or answered, and could not be read again."""
        try:
            arguments, answer = [encode(each) for each in operation.arguments], encode(outcome)
        except TypeError as error:
            raise LiveError(
                f"{operation}, answered {outcome!r}, cannot be recorded: {error}; ask and answer with text, numbers, "
                "truth values, None, tuples of these, and what deadheat defines."
            ) from None
        self._write(
            {
                "process": process,
                "component": operation.component,
                "operation": operation.name,
                "arguments": arguments,
                "outcome": answer,
                "began": round(began, 6),
                "ended": round(ended, 6),
            }
        )

    def _write(self, line: Mapping[str, Any]) -> None:
        with self._lock:
            self._output.write(redact(json.dumps(line)) + "\n")


def read_tape(path: Path) -> tuple[Header, list[LiveEvent]]:
    """Read a live trace; the events are sorted by when they began.

    Raises TraceError, naming the line, if the file cannot be read or a line is not of the schema.
    """
    # Not splitlines: that also splits at characters which may stand in a JSON string, such as U+2028.
    lines = _text(path).split("\n")
    if not any(line.strip() for line in lines):
        raise TraceError(f"{path} is empty; its first line must be the header of a live trace.")
    if lines[0].strip() == "{":
        raise TraceError(
            f"{path} is one JSON object in many lines, such as show --save writes; a live trace has one in each line, "
            "and live run and live stress record such."
        )
    header = _header(path, _object(path, 1, lines[0]))
    clock = OneClock()
    events = [
        _event(path, number, _object(path, number, line), clock)
        for number, line in enumerate(lines[1:], start=2)
        if line.strip()
    ]
    return header, sorted(events, key=lambda event: (event.began, event.ended))


def _text(path: Path) -> str:
    """Return what is in a file; raises TraceError, in a sentence, where there is nothing that could be a live trace."""
    try:
        with path.open("rb") as file:
            content = file.read(BYTES_MAX + 1)
    except IsADirectoryError:
        raise TraceError(f"{path} cannot be read: it is a folder; name the file in it.") from None
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise TraceError(f"{path} cannot be read: {why}.") from None
    except ValueError:  # a path that no file can have
        raise TraceError(f"{on_one_line(str(path))} cannot be read: no file can have such a name.") from None
    if len(content) > BYTES_MAX:
        raise TraceError(
            f"{path} has more than {BYTES_MAX >> 20} MiB, which is more than is read; leave out what is of other "
            "evaluations, or match them in several files."
        )
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise TraceError(
            f"Line {line} of {path} is no text in UTF-8, as a live trace must be; docs/live-traces.md shows one."
        ) from None


def _object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        content = json.loads(line, object_pairs_hook=_without_doubles, parse_constant=_finite, parse_float=_exact)
        _require_shallow(content)
        json.dumps(_plain(content), ensure_ascii=False).encode()  # half a character is none
    except _NotOfSchemaError as error:
        raise TraceError(f"Line {number} of {path} is not of the schema: {error}.") from None
    except RecursionError:
        raise TraceError(f"Line {number} of {path} is not of the schema: {TOO_DEEP}.") from None
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise TraceError(f"Line {number} of {path} is not a JSON object.")
    return content


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _NotOfSchemaError("an object has a key twice")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise _NotOfSchemaError(f"{text} is not a finite number")
    return number


def _exact(text: str) -> Decimal:
    """Return a number digit for digit, as a float would not: two times that differ stay different."""
    _finite(text)
    try:
        return Decimal(text)
    except InvalidOperation:
        raise _NotOfSchemaError(f"{text} is not a number that can be compared") from None


def _plain(value: Any) -> Any:
    """Return JSON data with floats for its exact numbers, which is what all values but times are made of."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return {key: _plain(each) for key, each in value.items()} if isinstance(value, dict) else value


def _require_shallow(value: Any, left: int = DEEPEST) -> None:
    if not left:
        raise _NotOfSchemaError(TOO_DEEP)
    if isinstance(value, list | dict):
        for each in value.values() if isinstance(value, dict) else value:
            _require_shallow(each, left - 1)


def _header(path: Path, content: dict[str, Any]) -> Header:
    version = content.get("version")
    if content.get("format") != FORMAT or version != FORMAT_VERSION or type(version) is not int:
        raise TraceError(
            f"{path} does not begin with the header of a live trace of version {FORMAT_VERSION}; "
            "docs/live-traces.md shows one."
        )
    found = _converted(path, 1, content, OfHeader)
    known = _components_of(found)
    unknown = [each for each in found.components if each not in known]
    if unknown:
        raise TraceError(
            f"Line 1 of {path} tells of {unknown[0]!r}, which is no component; there are {', '.join(known)}."
        )
    for what, names in (("evaluations", found.evaluations), ("components", found.components)):
        doubles = [each for number, each in enumerate(names) if each in names[:number]] if _repeats(names) else []
        if doubles:
            raise TraceError(f"Line 1 of {path} has {doubles[0]!r} twice among its `{what}`; name it once.")
    return Header(found.protocol, found.evaluations, found.faults, found.components)


def _repeats(names: tuple[str, ...]) -> bool:
    return len(set(names)) != len(names)


def _event(path: Path, number: int, content: dict[str, Any], clock: OneClock) -> LiveEvent:
    found = _converted(path, number, content, OfEvent)
    try:
        began, ended = _times(content)
        for moment in (began, ended):
            clock.require(moment.clock, number)
        if began.seconds > ended.seconds:
            raise ValueError(f"it began at {content['began']}, after it ended at {content['ended']}")
        return LiveEvent(
            process=found.process,
            component=found.component,
            operation=found.operation,
            arguments=tuple(decode(each) for each in found.arguments),
            outcome=decode(found.outcome),
            began=began.seconds,
            ended=ended.seconds,
            line=number,
        )
    except (TypeError, ValueError, OverflowError) as error:
        raise TraceError(f"Line {number} of {path} is not an event: {on_one_line(str(error))}.") from None


def _times(content: Mapping[str, Any]) -> tuple[Moment, Moment]:
    """Return from when to when an operation took; raises ValueError where that is not said, or cannot be."""
    given = [name for name in ("at", "began", "ended") if name in content]
    if given == ["at"]:
        return (read_moment(content["at"]),) * 2
    if "at" in given:
        raise ValueError("it has `at` beside `began` or `ended`, and needs one or the other")
    if len(given) != 2:
        raise ValueError("it needs its time, `began` and `ended` or else `at`")
    return read_moment(content["began"]), read_moment(content["ended"])


def _converted(path: Path, number: int, content: dict[str, Any], kind: type[Line]) -> Line:
    try:
        return msgspec.convert(_plain(content), kind)
    except msgspec.ValidationError as error:
        raise TraceError(
            f"Line {number} of {path} is not of the schema: {on_one_line(str(error))}; docs/live-traces.md has it."
        ) from None


def on_one_line(text: str) -> str:
    """Return a text with what cannot be printed in it escaped: names in a foreign file may be made of anything."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def _shown(value: Any) -> str:
    from deadheat.sim.render import render

    return render(value)


def _components_of(header: OfHeader) -> tuple[str, ...]:
    """Return the names of the components that the protocol of a trace has, its own among them."""
    if set(header.components) <= set(COMPONENTS):
        return COMPONENTS
    try:
        system = find_protocol(header.protocol).components
    except (DeadheatError, RecursionError):  # which is told of when it is matched
        return COMPONENTS
    own = (each.name for each in fields(system) if each.name != "keys")
    return tuple(dict.fromkeys((*COMPONENTS, *own)))
