"""A counterexample as a timeline: a lane for each process and component, time downwards."""

from __future__ import annotations

from collections.abc import Iterable

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from deadheat.models.mutations import functions_of
from deadheat.models.steps import LABELS
from deadheat.scenarios.check import Counterexample
from deadheat.scenarios.narrate import closing_sentence
from deadheat.scenarios.scenario import budget_text
from deadheat.scenarios.stops import with_versions
from deadheat.sim.components import operations_in
from deadheat.sim.model import Model
from deadheat.sim.run.coverage import labels_of
from deadheat.sim.trace import Event, Trace

__all__ = ["empty_table", "print_timeline", "step_of"]

LANES_WIDTH_MIN = 130
"""A terminal narrower than this gets the events below each other, since lanes would be too thin to read."""

LOST = "the race is lost here"
FOR_EVER = "from here on, for ever"


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
    console.print(layout(with_versions(counterexample).trace, turning_point, looks_of(model)))
    if legend := _legend(counterexample.trace, model):
        console.print(legend, style="dim")
    console.print(Text(closing_sentence(counterexample), style="bold"))
    for each in counterexample.starving:
        console.print(Text(f"Note that {each}.", style="bold"))


def _lanes(trace: Trace, turning_point: int | None, looks: frozenset[tuple[str, str]]) -> Table:
    """A lane for each process, then one for each component with its value after the step."""
    events = trace.events
    processes = _in_order(event.process for event in events)
    components = _in_order(name for event in events for name in event.changes)
    table = empty_table()
    for name in processes:
        table.add_column(name, overflow="fold", style="cyan")
    for name in components:
        table.add_column(name, overflow="fold")
    state = dict.fromkeys(components, "")
    for number, event in enumerate(events, start=1):
        if number - 1 == trace.schedule.cycle_from:
            table.add_row(Text("↻", style="bold red"), Text(FOR_EVER, style="bold red"))
        state.update(event.changes)
        lanes = [step_of(event, looks) if name == event.process else Text("│", style="dim") for name in processes]
        values = [Text(state[name], style="bold yellow" if name in event.changes else "dim") for name in components]
        table.add_row(str(number), *lanes, *values)
        if number == turning_point:
            marks = [Text(LOST if name == event.process else "│", style="bold red") for name in processes]
            table.add_row(Text("✗", style="bold red"), *marks)
    return table


def _narrow(trace: Trace, turning_point: int | None, looks: frozenset[tuple[str, str]]) -> Table:
    """One lane for all: who does what, and what is then true."""
    table = empty_table()
    table.add_column("process", style="cyan", no_wrap=True)
    table.add_column("step", overflow="fold")
    table.add_column("and then", overflow="fold")
    for number, event in enumerate(trace.events, start=1):
        if number - 1 == trace.schedule.cycle_from:
            table.add_row(Text("↻", style="bold red"), "", Text(FOR_EVER, style="bold red"))
        now = "; ".join(f"{name}: {value}" for name, value in event.changes.items())
        table.add_row(str(number), event.process, step_of(event, looks), Text(now, style="yellow"))
        if number == turning_point:
            table.add_row(Text("✗", style="bold red"), "", Text(LOST, style="bold red"))
    return table


def empty_table() -> Table:
    """Return a timeline without its columns, but for the number of a step."""
    table = Table(header_style="bold", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("", justify="right", no_wrap=True)
    return table


def looks_of(model: Model) -> frozenset[tuple[str, str]]:
    """Return the operations that only look, by instance and name: that one has found nothing is worth saying."""
    return frozenset(
        (instance, name)
        for instance, component in model.components.items()
        for name, marked in operations_in(type(component)).items()
        if marked.traits.looks
    )


def step_of(event: Event, looks: frozenset[tuple[str, str]] = frozenset()) -> Text:
    """Return what happened in one step, as every timeline says it; `looks` are the operations that only look."""
    arguments = [each for each in event.arguments if each not in (event.component.rpartition("/")[2], "None")]
    text = Text(f"{event.label} " if event.label else "", style="bold")
    text.append(event.operation if "(" in event.operation else event.operation.replace("_", " "), style="not bold")
    if arguments:
        text.append(f" {', '.join(arguments)}", style="not bold")
    if event.outcome.strip("(None, )"):
        text.append(f" → {event.outcome}", style="not bold")
    elif (event.component, event.operation) in looks:
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
