"""One checked protocol as data for the page: its transition tables, which the page walks as the searches do.

A state is a list of numbers, one a process, component and budget. A move has its place in the tables, what it adds to
which field, and its event as text; how properties stand is a text for each, a letter a state, in the order of
`StateGraph`. Every text is made inert here (`reports/inert.py`) and set as text there, never as markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from deadheat.models.steps import LABELS
from deadheat.reports.command_lines import show_command
from deadheat.reports.flags import told
from deadheat.reports.html.likely import chance_text
from deadheat.reports.inert import inert
from deadheat.reports.sequence import mermaid_sequence
from deadheat.reports.timeline import known_of, step_of
from deadheat.scenarios.check import Verdict
from deadheat.scenarios.explorable import Explorable, Run
from deadheat.scenarios.likely import Likely
from deadheat.scenarios.narrate import closing_sentence
from deadheat.scenarios.standing import Standing
from deadheat.scenarios.state_graph import MoveKey, StateGraph
from deadheat.scenarios.stops import with_versions
from deadheat.sim.learn.tables import FIELD_BITS, FIELD_MASK
from deadheat.sim.learn.watches import Watch
from deadheat.sim.model import Kind
from deadheat.sim.run.describing import described
from deadheat.sim.trace import Choice

__all__ = ["system_of"]

LETTERS = "0123456789abcdef"
"""A standing is four bits: a letter each."""


def system_of(explorable: Explorable, likely: Likely | None = None) -> dict[str, Any]:
    """Return what the page needs to walk through one protocol, as JSON can have it."""
    profile = likely.profile if likely is not None else ""
    graph = explorable.graph
    moves = _Moves(graph)
    return {
        "processes": [inert(each.name) for each in graph.model.processes],
        "components": [inert(each) for each in graph.model.components],
        "budgets": [[inert(kind), budget] for kind, budget in graph.model.budgets.items()],
        "values": _values(graph),
        "waits": _waits(graph),
        "initial": _fields(graph, graph.states[0]),
        "rows": moves.rows,
        "moves": moves.moves,
        "events": moves.events,
        "properties": [_property(explorable, graph, each) for each in graph.tables.watches],
        "oneFault": graph.one_fault,
        "whole": graph.whole,
        "states": len(graph.states),
        "transitions": sum(map(len, graph.moves)),
        "injected": list(explorable.injected),
        "leftOut": list(explorable.left_out),
        "breaking": list(explorable.breaking),
        "safe": _safe(explorable),
        "chances": inert(f"with the latencies of the profile {profile}, each taken as exponential, of its mean"),
        "runs": [{**_run(explorable, each), "likely": _chances(each, likely)} for each in explorable.runs],
        "legend": _legend(graph),
    }


class _Moves:
    """The moves of a graph, and the tables by which the page finds those of a state."""

    def __init__(self, graph: StateGraph) -> None:
        self._known = known_of(graph.model)
        self._graph = graph
        self.moves: list[dict[str, Any]] = []
        self.events: list[list[Any]] = []
        self._events: dict[str, int] = {}
        self.rows: list[dict[str, list[Any]]] = [{} for _ in graph.model.processes]
        leads = {
            move.key: (state, graph.states[move.target])
            for state, out in zip(graph.states, graph.moves, strict=True)
            for move in out
        }
        for key in sorted(leads):
            self._add(key, *leads[key])

    def _add(self, key: MoveKey, before: int, after: int) -> None:
        graph = self._graph
        rows = self.rows[key.process].setdefault(str(key.local), [])
        mask = graph.tables.rows[key.process][key.local][key.row].mask
        read = [field for field in range(_count(graph)) if mask & graph.tables.field_mask(field)]
        while len(rows) <= key.row:
            rows.append([[], {}])
        rows[key.row][0] = read
        content = ",".join(str(graph.tables.field(key.fields, field)) for field in read)
        rows[key.row][1].setdefault(content, []).append(len(self.moves))
        successor = graph.successor(key)
        self.moves.append(
            {
                "p": key.process,
                "c": [successor.choice.alternative, successor.choice.branch],
                "d": [
                    [field, new - old]
                    for field, (old, new) in enumerate(zip(_fields(graph, before), _fields(graph, after), strict=True))
                    if new != old
                ],
                "b": next((f for f in range(_count(graph)) if successor.budget & graph.tables.field_mask(f)), -1),
                "o": int(successor.owed),
                "e": self._event(key),
            }
        )

    def _event(self, key: MoveKey) -> int:
        event = self._graph.event(key)
        text = step_of(event, self._known).plain
        text = text.removeprefix(f"{event.label} ").removesuffix(f" !{event.fault}")
        told = [inert(each or "") for each in (event.label, text, event.component, event.fault)]
        number = self._events.setdefault(repr(told), len(self.events))
        if number == len(self.events):
            self.events.append(told)
        return number


def _count(graph: StateGraph) -> int:
    model = graph.model
    return len(model.processes) + len(model.components) + len(model.budgets)


def _fields(graph: StateGraph, state: int) -> list[int]:
    return [(state >> (field * FIELD_BITS)) & FIELD_MASK for field in range(_count(graph))]


def _values(graph: StateGraph) -> list[list[str]]:
    values = graph.tables.values()
    return [
        [inert(described(component, value)) for value in values[name]]
        for name, component in graph.model.components.items()
    ]


def _waits(graph: StateGraph) -> list[list[str]]:
    locals_ = graph.tables.locals
    return [
        [inert(graph.waits_for(process, local)) for local in range(len(states.states))]
        for process, states in enumerate(locals_)
    ]


def _property(explorable: Explorable, graph: StateGraph, watch: Watch) -> dict[str, Any]:
    prop = watch.property
    judged = explorable.judged.get(prop.name)
    meanings = explorable.result.scenario.subject.properties
    phrases: list[str] = []
    said = _step_phrases(graph, watch, phrases) if prop.kind is Kind.STEP else _phrases(graph, watch, phrases)
    return {
        "name": inert(prop.name),
        "meaning": inert(meanings.get(prop.name, prop.meaning)),
        "kind": str(prop.kind),
        "reads": _reads(graph, watch),
        "phrases": phrases,
        "said": said,
        "standing": "".join(LETTERS[each] for each in judged.standings) if judged else None,
        "story": inert(_without_a_run(explorable, prop.name)),
    }


def _safe(explorable: Explorable) -> str:
    """Return what it is that holds, where nothing that is in the page leads to a violation."""
    if explorable.result.scenario.faults:
        return "holds, whatever happens from here, the faults allowed included"
    if not explorable.injected:
        kinds = explorable.left_out or explorable.breaking
        return "holds, without faults" if kinds else "holds, whatever happens from here"
    some = " of a kind that is in this page" if explorable.left_out or explorable.breaking else ""
    return f"holds, whatever happens from here, one fault{some} included"


def _without_a_run(explorable: Explorable, name: str) -> str:
    """Return what there is to say of a property of which no run that violates it was found."""
    result = explorable.result
    verdict = result.outcome(name).verdict
    if verdict is Verdict.HOLDS:
        return "No run violates it. Walk through any that you like."
    if verdict is Verdict.VACUOUS:
        return f"No run violates it, but that may be for want of what none has reached: {', '.join(result.missed)}."
    stopped = result.exploration.stopped
    since = f"the search was cut short: {told(stopped)}" if stopped else "what was found could not be confirmed"
    judged = explorable.judged.get(name)
    lies_ahead = judged is not None and judged.standings[0] & (Standing.REACHABLE | Standing.VIOLATED)
    seen = " In what is in this page one does: go to the nearest violation." if lies_ahead else ""
    return f"Whether a run violates it was not decided, since {since}.{seen}"


def _reads(graph: StateGraph, watch: Watch) -> list[int]:
    return sorted({graph.tables.component_field(name) for name in watch.property.reads})


def _key(graph: StateGraph, reads: Sequence[int], state: int) -> str:
    return ",".join(str(graph.tables.field(state, field)) for field in reads)


def _phrases(graph: StateGraph, watch: Watch, phrases: list[str]) -> Mapping[str, int]:
    """Return what is wrong, as a number of a phrase, by the contents of the components that the property reads."""
    reads, prop = _reads(graph, watch), watch.property
    found: dict[str, int | None] = {}
    for state in graph.states:
        key = _key(graph, reads, state)
        if key not in found:
            found[key] = _number(phrases, prop.violated(graph.tables.view(state, prop.reads)))
    return {key: number for key, number in found.items() if number is not None}


def _step_phrases(graph: StateGraph, watch: Watch, phrases: list[str]) -> Mapping[str, int]:
    """Return the same by the contents before a step and after it."""
    reads, prop = _reads(graph, watch), watch.property
    found: dict[str, int | None] = {}
    for state, moves in zip(graph.states, graph.moves, strict=True):
        for move in moves:
            after = graph.states[move.target]
            key = f"{_key(graph, reads, state)}>{_key(graph, reads, after)}"
            if key not in found:
                views = (graph.tables.view(each, prop.reads) for each in (state, after))
                found[key] = _number(phrases, prop.violated(*views))
    return {key: number for key, number in found.items() if number is not None}


def _number(phrases: list[str], phrase: str | None) -> int | None:
    if phrase is None:
        return None
    text = inert(phrase)
    if text not in phrases:
        phrases.append(text)
    return phrases.index(text)


def _run(explorable: Explorable, run: Run) -> dict[str, Any]:
    counterexample = run.counterexample
    schedule = counterexample.trace.schedule
    return {
        "property": inert(counterexample.property),
        "sentence": inert(closing_sentence(counterexample)),
        "notes": [inert(f"Note that {each}.") for each in counterexample.starving],
        "choices": _choices(explorable.graph, schedule.choices),
        "cycleFrom": schedule.cycle_from,
        "lostAt": run.lost_at,
        "nearest": None if run.nearest is None else _choices(explorable.graph, run.nearest),
        "mermaid": mermaid_sequence(counterexample, run.lost_at),
        "command": inert(show_command(counterexample.scenario, counterexample.property)),
        "processes": _names_with_versions(run),
    }


def _chances(run: Run, likely: Likely | None) -> list[str] | None:
    found = run.counterexample
    known = likely.along.get((found.scenario.protocol, found.property)) if likely is not None else None
    return None if known is None else [chance_text(each) for each in known]


def _names_with_versions(run: Run) -> dict[str, str]:
    """Return what a process of a stop of a rollout is called beside its name: which version it is."""
    told = with_versions(run.counterexample).trace.events
    pairs = zip(run.counterexample.trace.events, told, strict=True)
    return {inert(event.process): inert(shown.process) for event, shown in pairs if event.process != shown.process}


def _choices(graph: StateGraph, choices: Iterable[Choice]) -> list[list[int]]:
    numbers = {each.name: number for number, each in enumerate(graph.model.processes)}
    return [[numbers[each.process], each.alternative, each.branch] for each in choices]


def _legend(graph: StateGraph) -> list[list[str]]:
    used = {graph.event(key).label for key in graph.move_keys()}
    return [[each.name, inert(each.meaning)] for each in LABELS if each.name in used]
