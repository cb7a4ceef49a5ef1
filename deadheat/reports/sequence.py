"""A run as a sequence diagram, in Mermaid's words or in PlantUML's: for pull requests and wikis.

Participants are the processes that move and the components that they ask, in the order in which they come; where both
have one name (a user, and what is known of them), they are one. A step that meets a fault ends in a cross.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from deadheat.reports.inert import mermaid_text, plantuml_text
from deadheat.reports.timeline import LOST, known_of, step_of
from deadheat.scenarios.check import Counterexample
from deadheat.scenarios.narrate import closing_sentence
from deadheat.scenarios.stops import with_versions
from deadheat.sim.model import Model
from deadheat.sim.trace import Event, Trace

__all__ = ["mermaid_of", "mermaid_sequence", "plantuml_sequence"]


class _Message(NamedTuple):
    number: int
    source: str
    target: str
    text: str
    fault: bool


def mermaid_sequence(counterexample: Counterexample, lost_at: int | None = None) -> str:
    """Return a counterexample as a `sequenceDiagram`, in which a label can be nothing but a label."""
    trace, model = with_versions(counterexample).trace, counterexample.scenario.model()
    return mermaid_of(trace, model, lost_at, closing_sentence(counterexample))


def mermaid_of(trace: Trace, model: Model, lost_at: int | None, closing: str) -> str:
    """Return any run as a `sequenceDiagram`."""
    ids = _ids(trace)
    lines = ["sequenceDiagram", "    autonumber"]
    lines += [f"    participant {short} as {mermaid_text(name)}" for name, short in ids.items()]
    for line, message in _lines(trace, model, "    loop for ever"):
        if message is None:
            lines.append(line)
            continue
        arrow = "-x" if message.fault else "->>"
        lines.append(f"    {ids[message.source]}{arrow}{ids[message.target]}: {mermaid_text(message.text)}")
        if message.number == lost_at:
            lines.append(f"    Note over {ids[message.source]}: {mermaid_text(LOST)}")
    return _ended(lines, trace, "    end", f"    Note over {_span(ids)}: {mermaid_text(closing)}")


def plantuml_sequence(counterexample: Counterexample, lost_at: int | None = None) -> str:
    """Return a counterexample between `@startuml` and `@enduml`."""
    trace, model = with_versions(counterexample).trace, counterexample.scenario.model()
    ids = _ids(trace)
    lines = ["@startuml", "autonumber"]
    lines += [f'participant "{plantuml_text(name)}" as {short}' for name, short in ids.items()]
    for line, message in _lines(trace, model, "loop for ever"):
        if message is None:
            lines.append(line)
            continue
        arrow = "->x" if message.fault else "->"
        lines.append(f"{ids[message.source]} {arrow} {ids[message.target]} : {plantuml_text(message.text)}")
        if message.number == lost_at:
            lines.append(f"note over {ids[message.source]} : {plantuml_text(LOST)}")
    lines_after = f"note over {_span(ids)} : {plantuml_text(closing_sentence(counterexample))}\n@enduml"
    return _ended(lines, trace, "end", lines_after)


def _ids(trace: Trace) -> Mapping[str, str]:
    names: dict[str, None] = {}
    for event in trace.events:
        names.update(dict.fromkeys((event.process, _target(event))))
    return {name: f"p{number}" for number, name in enumerate(names or {"nobody": None}, start=1)}


def _target(event: Event) -> str:
    """Return the component that is asked, the first of several; a crash happens to the process itself."""
    return event.component.partition(" and ")[0] or event.process


def _lines(trace: Trace, model: Model, loop: str) -> Iterator[tuple[str, _Message | None]]:
    """Yield the messages, and the line with which a cycle begins."""
    known = known_of(model)
    for number, event in enumerate(trace.events, start=1):
        if number - 1 == trace.schedule.cycle_from:
            yield loop, None
        yield "", _Message(number, event.process, _target(event), step_of(event, known).plain, bool(event.fault))


def _ended(lines: list[str], trace: Trace, end: str, last: str) -> str:
    start = trace.schedule.cycle_from
    loops = start is not None and start < len(trace.events)
    return "\n".join([*lines, *([end] if loops else []), last]) + "\n"


def _span(ids: Mapping[str, str]) -> str:
    first, *others = ids.values()
    return f"{first},{others[-1]}" if others else first
