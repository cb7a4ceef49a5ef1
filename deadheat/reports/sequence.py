"""A run as a sequence diagram, in Mermaid's words or in PlantUML's: for pull requests and wikis.

Participants are the processes that move and the components that they ask, in the order in which they come; where both
have one name (a user, and what is known of them), they are one. A step that meets a fault ends in a cross.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from deadheat.reports.inert import mermaid_text, plantuml_text
from deadheat.reports.timeline import LOST, known_of, step_of
from deadheat.scenarios.check import Counterexample
from deadheat.scenarios.narrate import closing_sentence
from deadheat.scenarios.stops import with_versions
from deadheat.sim.trace import Event, Trace

__all__ = ["mermaid_sequence", "plantuml_sequence"]


LOOP, END = "loop for ever", "end"
"""How both write that something is done again and again."""


class _Words(NamedTuple):
    """How a language of sequence diagrams writes each part; `text` makes a text nothing but a text there."""

    begin: tuple[str, ...]
    participant: Callable[[str, str], str]
    arrow: str
    fault: str
    between: str
    note: str
    last: tuple[str, ...]
    indent: str
    text: Callable[[str], str]


MERMAID = _Words(
    begin=("sequenceDiagram", "    autonumber"),
    participant=lambda short, name: f"participant {short} as {name}",
    arrow="->>",
    fault="-x",
    between=": ",
    note="Note over",
    last=(),
    indent="    ",
    text=mermaid_text,
)

PLANTUML = _Words(
    begin=("@startuml", "autonumber"),
    participant=lambda short, name: f'participant "{name}" as {short}',
    arrow=" -> ",
    fault=" ->x ",
    between=" : ",
    note="note over",
    last=("@enduml",),
    indent="",
    text=plantuml_text,
)


def mermaid_sequence(counterexample: Counterexample, lost_at: int | None = None) -> str:
    """Return a counterexample as a `sequenceDiagram`, in which a label can be nothing but a label."""
    return _written(counterexample, lost_at, MERMAID)


def plantuml_sequence(counterexample: Counterexample, lost_at: int | None = None) -> str:
    """Return a counterexample between `@startuml` and `@enduml`."""
    return _written(counterexample, lost_at, PLANTUML)


def _written(counterexample: Counterexample, lost_at: int | None, words: _Words) -> str:
    trace, closing = with_versions(counterexample).trace, closing_sentence(counterexample)
    known, ids, start = known_of(counterexample.scenario.model()), _ids(trace), trace.schedule.cycle_from
    lines = [words.participant(short, words.text(name)) for name, short in ids.items()]
    for number, event in enumerate(trace.events, start=1):
        if number - 1 == start:
            lines.append(LOOP)
        source, target = ids[event.process], ids[_target(event)]
        arrow = words.fault if event.fault else words.arrow
        lines.append(f"{source}{arrow}{target}{words.between}{words.text(step_of(event, known).plain)}")
        if number == lost_at:
            lines.append(f"{words.note} {source}{words.between}{words.text(LOST)}")
    if start is not None and start < len(trace.events):
        lines.append(END)
    lines.append(f"{words.note} {_span(ids)}{words.between}{words.text(closing)}")
    return "\n".join([*words.begin, *(f"{words.indent}{each}" for each in lines), *words.last]) + "\n"


def _ids(trace: Trace) -> Mapping[str, str]:
    names: dict[str, None] = {}
    for event in trace.events:
        names.update(dict.fromkeys((event.process, _target(event))))
    return {name: f"p{number}" for number, name in enumerate(names or {"nobody": None}, start=1)}


def _target(event: Event) -> str:
    """Return the component that is asked, the first of several; a crash happens to the process itself."""
    return event.component.partition(" and ")[0] or event.process


def _span(ids: Mapping[str, str]) -> str:
    first, *others = ids.values()
    return f"{first},{others[-1]}" if others else first
