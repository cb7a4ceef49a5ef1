"""A counterexample as a timeline: a lane for each process and component, time downwards."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from deadheat.models.components.node import NodeLife
from deadheat.models.mutations import functions_of
from deadheat.models.steps import LABELS
from deadheat.reports.names import folded
from deadheat.scenarios.check import Counterexample
from deadheat.scenarios.narrate import closing_sentence
from deadheat.scenarios.scenario import budget_text
from deadheat.scenarios.stops import with_versions
from deadheat.sim.components import operations_in
from deadheat.sim.model import Model
from deadheat.sim.run.coverage import labels_of
from deadheat.sim.trace import Event, Trace

__all__ = ["Known", "empty_table", "known_of", "print_timeline", "step_of"]

LANES_WIDTH_MIN = 130
"""A terminal narrower than this gets the events below each other, since lanes would be too thin to read."""

LOST = "the race is lost here"
FOR_EVER = "from here on, for ever"

OF_A_NODE = {"crash": "goes down", "gone": "ends with its node", "start": "comes up again"}
"""What happens to a node, and to what is on it, in words."""


class Known(NamedTuple):
    """Which operations only look, by instance and name, since that one has found nothing is worth saying; the nodes."""

    looks: frozenset[tuple[str, str]] = frozenset()
    nodes: frozenset[str] = frozenset()

    def is_an_end(self, event: Event) -> bool:
        """Return whether a process does nothing but end with its node."""
        return event.component in self.nodes and event.operation == "gone"


NOTHING_KNOWN = Known()


def print_timeline(counterexample: Counterexample, console: Console, turning_point: int | None = None) -> None:
    """Print a counterexample, with the moment where the race is lost, and say in a sentence what happened."""
    scenario, model = counterexample.scenario, counterexample.scenario.model()
    faults = "".join(f", {kind}={budget_text(budget)}" for kind, budget in scenario.faults)
    console.print(
        Text.assemble(
            (scenario.protocol, "bold"),
            f" with {scenario.size}{faults} violates ",
            (counterexample.property, "bold red"),
        )
    )
    layout = _lanes if console.width >= LANES_WIDTH_MIN else _narrow
    console.print(layout(with_versions(counterexample).trace, turning_point, known_of(model)))
    if legend := _legend(counterexample.trace, model):
        console.print(legend, style="dim")
    console.print(Text(closing_sentence(counterexample), style="bold"))
    for each in counterexample.starving:
        console.print(Text(f"Note that {each}.", style="bold"))


def _lanes(trace: Trace, turning_point: int | None, known: Known) -> Table:
    """A lane for each process, then one for each component with its value after the step."""
    events = _shown(trace, turning_point, known)
    processes = _in_order(event.process for _, event in events)
    components = _in_order(name for _, event in events for name in event.changes)
    table = empty_table()
    for name in processes:
        table.add_column(name, overflow="fold", style="cyan")
    for name in components:
        table.add_column(name, overflow="fold")
    state = dict.fromkeys(components, "")
    for number, event in events:
        if number - 1 == trace.schedule.cycle_from:
            table.add_row(Text("↻", style="bold red"), Text(FOR_EVER, style="bold red"))
        state.update(event.changes)
        lanes = [step_of(event, known) if name == event.process else Text("│", style="dim") for name in processes]
        values = [Text(state[name], style="bold yellow" if name in event.changes else "dim") for name in components]
        table.add_row(str(number), *lanes, *values)
        if number == turning_point:
            marks = [Text(LOST if name == event.process else "│", style="bold red") for name in processes]
            table.add_row(Text("✗", style="bold red"), *marks)
    return table


def _narrow(trace: Trace, turning_point: int | None, known: Known) -> Table:
    """One lane for all: who does what, and what is then true."""
    table = empty_table()
    table.add_column("process", style="cyan", no_wrap=True)
    table.add_column("step", overflow="fold")
    table.add_column("and then", overflow="fold")
    for number, event in _shown(trace, turning_point, known):
        if number - 1 == trace.schedule.cycle_from:
            table.add_row(Text("↻", style="bold red"), "", Text(FOR_EVER, style="bold red"))
        now = "; ".join(f"{name}: {value}" for name, value in event.changes.items())
        table.add_row(str(number), folded(event.process), step_of(event, known), Text(now, style="yellow"))
        if number == turning_point:
            table.add_row(Text("✗", style="bold red"), "", Text(LOST, style="bold red"))
    return table


def empty_table() -> Table:
    """Return a timeline without its columns, but for the number of a step."""
    table = Table(header_style="bold", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("", justify="right", no_wrap=True)
    return table


def _shown(trace: Trace, turning_point: int | None, known: Known) -> list[tuple[int, Event]]:
    """Return the events with their numbers, but for those in which a process ends with its node: that says so itself.

    One is shown where the race is lost by it, where a cycle begins with it, and where it is the last.
    """
    wanted = {turning_point, (trace.schedule.cycle_from or 0) + 1, len(trace.events)}
    numbered = enumerate(trace.events, start=1)
    return [(number, event) for number, event in numbered if number in wanted or not known.is_an_end(event)]


def known_of(model: Model) -> Known:
    """Return what there is to know of the components of a model."""
    looks = frozenset(
        (instance, name)
        for instance, component in model.components.items()
        for name, marked in operations_in(type(component)).items()
        if marked.traits.looks
    )
    return Known(looks, frozenset(name for name, each in model.components.items() if isinstance(each, NodeLife)))


def step_of(event: Event, known: Known = NOTHING_KNOWN) -> Text:
    """Return what happened in one step, as every timeline says it."""
    if event.component in known.nodes:
        text = Text(OF_A_NODE.get(event.operation, event.operation), style="not bold")
        return text.append(f" !{event.fault}", style="bold red") if event.fault else text
    arguments = [each for each in event.arguments if each not in (event.component.rpartition("/")[2], "None")]
    text = Text(f"{event.label} " if event.label else "", style="bold")
    text.append(event.operation if "(" in event.operation else event.operation.replace("_", " "), style="not bold")
    if arguments:
        text.append(f" {', '.join(arguments)}", style="not bold")
    if event.outcome.strip("(None, )"):
        text.append(f" → {event.outcome}", style="not bold")
    elif (event.component, event.operation) in known.looks:
        text.append(" → nothing", style="not bold")
    if event.fault:
        text.append(f" !{event.fault}", style="bold red")
    return text


def _legend(trace: Trace, model: Model) -> str:
    """Return what the labels mean that steps have: the user's own too, as far as a role names them."""
    used = _in_order(event.label for event in trace.events if event.label)
    functions = [each for process in model.processes for each in functions_of(process)]
    own = sorted((each for each in labels_of(functions) if each.name in used), key=lambda each: used.index(each.name))
    told = [f"{each.name} {each.meaning}" for each in dict.fromkeys((*LABELS, *own)) if each.name in used]
    return "; ".join(told) + "." * bool(told)


def _in_order(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
