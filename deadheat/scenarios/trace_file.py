"""Counterexamples as files: JSON with a format, a version and a checksum, so that a replay knows what it holds."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from deadheat.scenarios.check import Counterexample
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.confirm import violation_of
from deadheat.sim.errors import DeadheatError, ReplayDivergedError, TraceError
from deadheat.sim.simulation import Simulation
from deadheat.sim.trace import Choice, Event, Schedule, Trace
from deadheat.version import VERSION

__all__ = ["FORMAT", "FORMAT_VERSION", "load", "replay_file", "save"]

FORMAT = "deadheat-trace"
FORMAT_VERSION = 1


def save(counterexample: Counterexample, path: Path) -> None:
    """Write a counterexample to a file; raises TraceError if that cannot be done."""
    content = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "deadheat": VERSION,
        "scenario": {
            "protocol": counterexample.scenario.protocol,
            "evaluations": counterexample.scenario.evaluations,
            "faults": dict(counterexample.scenario.faults),
            "quiet": counterexample.scenario.quiet,
        },
        "property": counterexample.property,
        "violation": counterexample.violation,
        "schedule": [[each.process, each.alternative, each.branch] for each in counterexample.trace.schedule.choices],
        "cycle_from": counterexample.trace.schedule.cycle_from,
        "events": [_event_to_json(each) for each in counterexample.trace.events],
    }
    content["checksum"] = _checksum(content)
    try:
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise TraceError(f"The trace cannot be written to {path}: {error.strerror}.") from None


def load(path: Path) -> Counterexample:
    """Read a counterexample from a file.

    Raises TraceError if there is no such file, or it is not a trace, of another version, or was changed.
    """
    content = _read(path)
    try:
        scenario = Scenario(
            protocol=content["scenario"]["protocol"],
            evaluations=content["scenario"]["evaluations"],
            faults=tuple(content["scenario"]["faults"].items()),
            properties=(content["property"],),
            quiet=content["scenario"]["quiet"],
        )
        choices = tuple(Choice(*each) for each in content["schedule"])
        events = tuple(_event_from_json(each) for each in content["events"])
        if len(choices) != len(events):
            raise ValueError
        trace = Trace(Schedule(choices, cycle_from=content["cycle_from"]), events)
        return Counterexample(scenario, content["property"], content["violation"], trace)
    except DeadheatError as error:
        raise TraceError(f"{path} is a trace of something that this version does not have: {error}") from None
    except (KeyError, TypeError, AttributeError, ValueError):
        raise TraceError(f"{path} is not a whole trace; save it anew with `deadheat show --save`.") from None


def replay_file(path: Path) -> Counterexample:
    """Load a counterexample, run it again through simpy, and return it.

    Raises TraceError as `load` does, and ReplayDivergedError, naming the step, if it no longer does what it did.
    """
    recorded = load(path)
    model = recorded.scenario.model()
    simulation = Simulation(model)
    steps = zip(recorded.trace.schedule.choices, recorded.trace.events, strict=False)
    for number, (choice, expected) in enumerate(steps, start=1):
        try:
            got = _summary(event := simulation.record(choice))
        except ReplayDivergedError:
            event, got = None, "not possible"
        if event != expected:
            raise ReplayDivergedError(
                f"{path} no longer reproduces: step {number} was {_summary(expected)}, and now is {got}."
            )
    if violation_of(model, recorded.property, recorded.trace.schedule) != recorded.violation:
        raise ReplayDivergedError(f"{path} no longer reproduces: it runs as recorded, but {recorded.property} holds.")
    return recorded


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TraceError(f"{path} cannot be read: {error.strerror}.") from None
    except ValueError:
        content = None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise TraceError(f"{path} is not a deadheat trace; make one with `deadheat show PROTOCOL --save FILE`.")
    if content.get("version") != FORMAT_VERSION:
        raise TraceError(
            f"{path} is a trace of format version {content.get('version')}, and this deadheat reads version "
            f"{FORMAT_VERSION}; replay it with deadheat {content.get('deadheat')}, or save it anew."
        )
    checksum = content.pop("checksum", None)
    if checksum != _checksum(content):
        raise TraceError(f"{path} was changed after it was saved; save it anew with `deadheat show --save`.")
    return content


def _checksum(content: dict[str, Any]) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _event_to_json(event: Event) -> dict[str, Any]:
    return {
        "process": event.process,
        "component": event.component,
        "operation": event.operation,
        "arguments": list(event.arguments),
        "outcome": event.outcome,
        "label": event.label,
        "fault": event.fault,
        "changes": dict(event.changes),
    }


def _event_from_json(content: dict[str, Any]) -> Event:
    return Event(**{**content, "arguments": tuple(content["arguments"])})


def _summary(event: Event) -> str:
    label = f"{event.label} " if event.label else ""
    return (
        f"{label}{event.process}: {event.component}.{event.operation}({', '.join(event.arguments)}) = {event.outcome}"
    )
