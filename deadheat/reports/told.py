"""Steps in words: what happened in one, as every timeline says it, and what its label means."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rich.text import Text

from deadheat.models.components.node import NodeLife
from deadheat.models.mutations import functions_of
from deadheat.models.steps import LABELS
from deadheat.reports.inert import one_line
from deadheat.sim.components import operations_in
from deadheat.sim.model import Model
from deadheat.sim.run.coverage import labels_of
from deadheat.sim.trace import Event, Trace

__all__ = ["NOTHING_KNOWN", "VERSION", "Known", "in_order", "known_of", "legend_of", "shown", "step_of"]

OF_A_NODE = {"crash": "goes down", "gone": "ends with its node", "start": "comes up again"}
"""What happens to a node, and to what is on it, in words."""

FAULT = "↯"
"""What stands before the kind of a fault: nothing else looks like it, in whatever colour."""


VERSION = " ("
"""What stands between a process's name and its version, where there are two."""


class Known(NamedTuple):
    """What there is to know of operations, by instance and name: which only look, which hand work; and the nodes.

    Of one that looks, that it has found nothing is worth saying.
    """

    looks: frozenset[tuple[str, str]] = frozenset()
    hands: frozenset[tuple[str, str]] = frozenset()
    nodes: frozenset[str] = frozenset()

    def is_an_end(self, event: Event) -> bool:
        """Return whether a process does nothing but end with its node."""
        return event.component in self.nodes and event.operation == "gone"


NOTHING_KNOWN = Known()


def known_of(model: Model) -> Known:
    """Return what there is to know of the components of a model."""
    marked = [
        (instance, name, each.traits)
        for instance, component in model.components.items()
        for name, each in operations_in(type(component)).items()
    ]
    return Known(
        frozenset((instance, name) for instance, name, traits in marked if traits.looks),
        frozenset((instance, name) for instance, name, traits in marked if traits.hands_work),
        frozenset(name for name, each in model.components.items() if isinstance(each, NodeLife)),
    )


def step_of(event: Event, known: Known = NOTHING_KNOWN, *, labelled: bool = True) -> Text:
    """Return what happened in one step, as every timeline says it, with its label unless that stands elsewhere."""
    fault = (f" {FAULT} {one_line(event.fault)}", "bold red") if event.fault else ""
    if event.component in known.nodes:
        return Text.assemble((OF_A_NODE.get(event.operation, one_line(event.operation)), "not bold"), fault)
    of_itself = (event.component.rpartition("/")[2], event.process.partition(VERSION)[0], "None")
    arguments = [one_line(each) for each in event.arguments if each not in of_itself]
    text = Text(f"{one_line(event.label)} " if event.label and labelled else "", style="bold")
    text.append(one_line(event.operation if "(" in event.operation else event.operation.replace("_", " ")), "not bold")
    if arguments:
        text.append(f" {', '.join(arguments)}", style="not bold")
    if event.outcome.strip("(None, )"):
        text.append(f" → {one_line(event.outcome)}", style="not bold")
    elif (event.component, event.operation) in known.looks:
        text.append(" → nothing", style="not bold")
    return text.append_text(Text.assemble(fault))


def shown(trace: Trace, turning_point: int | None, known: Known) -> list[tuple[int, Event]]:
    """Return the events with their numbers, but for those in which a process ends with its node: that says so itself.

    One is shown where the race is lost by it, where a cycle begins with it, and where it is the last.
    """
    wanted = {turning_point, (trace.schedule.cycle_from or 0) + 1, len(trace.events)}
    numbered = enumerate(trace.events, start=1)
    return [(number, event) for number, event in numbered if number in wanted or not known.is_an_end(event)]


def legend_of(trace: Trace, model: Model) -> str:
    """Return what the labels mean that steps have: the user's own too, as far as a role names them."""
    used = in_order(event.label for event in trace.events if event.label)
    functions = [each for process in model.processes for each in functions_of(process)]
    own = sorted((each for each in labels_of(functions) if each.name in used), key=lambda each: used.index(each.name))
    told = [one_line(f"{each.name} {each.meaning}") for each in dict.fromkeys((*LABELS, *own)) if each.name in used]
    return "; ".join(told) + "." * bool(told)


def in_order(names: Iterable[str]) -> list[str]:
    """Return the names without repetitions, in the order in which they come first."""
    return list(dict.fromkeys(names))
