"""Live traces: what processes did on real servers, as JSON lines. The schema is documented in `docs/live-traces.md`.

Operations and their outcomes are recorded, never snapshots of a server's state: a server that runs cannot be stopped
to look at it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, TextIO

from deadheat.live.redaction import redact
from deadheat.live.values import decode, encode
from deadheat.sim.errors import TraceError
from deadheat.sim.operations import Operation

__all__ = ["COMPONENTS", "FORMAT", "FORMAT_VERSION", "Header", "LiveEvent", "Tape", "read_tape"]

FORMAT = "deadheat-live-trace"
FORMAT_VERSION = 1

COMPONENTS = ("user", "queue", "status", "http", "tokens", "redis", "kubernetes", "chance")
"""The components that a trace may tell of, by name."""


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
    """One operation. It took effect at some moment between `began` and `ended` (seconds on any one clock).

    `process` is None where the log does not say who did it. `line` is where it stands in the file, from 1.
    """

    process: str | None
    component: str
    operation: str
    arguments: tuple[Any, ...]
    outcome: Any
    began: float
    ended: float
    line: int = 0

    def __str__(self) -> str:
        arguments = ", ".join(_shown(each) for each in self.arguments)
        who = f"{self.process}: " if self.process else ""
        return f"{who}{self.component}.{self.operation}({arguments}) = {_shown(self.outcome)}"


class Tape:
    """A live trace that is being written; many threads may write to it."""

    def __init__(self, output: TextIO, header: Header) -> None:
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
        """Record one operation."""
        self._write(
            {
                "process": process,
                "component": operation.component,
                "operation": operation.name,
                "arguments": [encode(each) for each in operation.arguments],
                "outcome": encode(outcome),
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
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TraceError(f"{path} cannot be read: {error}.") from None
    if not lines:
        raise TraceError(f"{path} is empty; its first line must be the header of a live trace.")
    header = _header(path, _object(path, 1, lines[0]))
    events = [
        _event(path, number, _object(path, number, line)) for number, line in enumerate(lines[1:], start=2) if line
    ]
    return header, sorted(events, key=lambda event: (event.began, event.ended))


def _object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        content = json.loads(line)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise TraceError(f"Line {number} of {path} is not a JSON object.")
    return content


def _header(path: Path, content: dict[str, Any]) -> Header:
    if content.get("format") != FORMAT or content.get("version") != FORMAT_VERSION:
        raise TraceError(
            f"{path} does not begin with the header of a live trace of version {FORMAT_VERSION}; "
            "docs/live-traces.md shows one."
        )
    components = tuple(content.get("components", COMPONENTS))
    evaluations = content.get("evaluations")
    if not isinstance(evaluations, list) or not evaluations or not isinstance(content.get("protocol"), str):
        raise TraceError(f"The header of {path} needs a `protocol`, and `evaluations` that are not empty.")
    unknown = [each for each in components if each not in COMPONENTS]
    if unknown:
        raise TraceError(f"{path} tells of {unknown[0]!r}, which is no component; there are {', '.join(COMPONENTS)}.")
    return Header(content["protocol"], tuple(map(str, evaluations)), dict(content.get("faults", {})), components)


def _event(path: Path, number: int, content: dict[str, Any]) -> LiveEvent:
    try:
        at = content.get("at")
        began, ended = (at, at) if at is not None else (content["began"], content["ended"])
        return LiveEvent(
            process=content.get("process"),
            component=str(content["component"]),
            operation=str(content["operation"]),
            arguments=tuple(decode(each) for each in content.get("arguments", [])),
            outcome=decode(content.get("outcome")),
            began=_seconds(began),
            ended=_seconds(ended),
            line=number,
        )
    except KeyError as error:
        raise TraceError(f"Line {number} of {path} has no {error}; docs/live-traces.md has the schema.") from None
    except (TypeError, ValueError) as error:
        raise TraceError(f"Line {number} of {path} is not an event: {error}.") from None


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("times are numbers of seconds")
    return float(value)


def _shown(value: Any) -> str:
    from deadheat.sim.render import render

    return render(value)
