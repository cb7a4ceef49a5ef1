"""Why a property is violated, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from deadheat.reports.inert import one_line
from deadheat.scenarios.why import Guard, Order, TooLate, Why
from deadheat.sim.counting import counted
from deadheat.sim.trace import Event

__all__ = ["print_why"]


def print_why(found: Why, console: Console, *, plain: bool = False) -> None:
    """Print which orders and faults decided it, and which guards stop it elsewhere; plainly, a line each."""
    console.print()
    console.print(Text("Why? What decided it, each tried the other way", style="bold"), soft_wrap=plain)
    nothing = "no order of two of these steps alone: turned round, it is violated all the same."
    for line in list(_decided(found)) or [nothing]:
        console.print(Text(f"- {line}"), soft_wrap=plain)
    name = one_line(found.counterexample.property)
    if found.undecided:
        left_open = ", ".join(map(one_line, found.undecided))
        told = f"Whether {left_open} keep{'s' * (len(found.undecided) == 1)} {name} was not decided."
        console.print(Text(told), soft_wrap=plain)
    if not found.holding and found.undecided:
        return
    if not found.holding:
        console.print(Text(f"No other protocol that was asked keeps {name} under these faults."), soft_wrap=plain)
        return
    holding = ", ".join(map(one_line, found.holding))
    console.print(Text(f"What would have stopped it? {name} holds of {holding}.", style="bold"), soft_wrap=plain)
    for sibling in found.siblings:
        for guard in sibling.guards:
            console.print(Text(f"- {_guard(sibling.name, guard)}"), soft_wrap=plain)
    if not found.siblings:
        console.print(Text("- of no single step of these was it found that it alone keeps it."), soft_wrap=plain)


def _decided(found: Why) -> Iterator[str]:
    events = found.counterexample.trace.events
    yield from (_order(each, events) for each in found.orders)
    yield from (_too_late(each, events) for each in found.too_late)
    for kind, is_needed in found.faults.items():
        if is_needed is None:
            yield f"whether it takes {one_line(kind)} was not decided, for a limit cut the search short."
        elif is_needed:
            yield f"it takes {one_line(kind)}: without that nothing violates it."
        else:
            yield f"it does not take {one_line(kind)}: without that, another run violates it."


def _order(order: Order, events: Sequence[Event]) -> str:
    then = "no run from there violates it" if order.is_safe else "it can still be avoided"
    came = f"{_step(order.earlier, events)} came before {_step(order.later, events)}; the other way round"
    if order.changed is None:
        return f"{came} they leave something else in {one_line(order.answered)}, and {then}."
    changed = events[order.changed - 1]
    return (
        f"{came} {_name(order.changed, changed)} is answered {one_line(order.answered)} instead of "
        f"{one_line(changed.outcome)}, and {then}."
    )


def _too_late(found: TooLate, events: Sequence[Event]) -> str:
    then = "no run from there violates it" if found.is_safe else "it can still be avoided"
    event = found.event
    said = event.label or event.operation.replace("_", " ")
    return (
        f"{_step(found.before, events)} came before {one_line(f'{said} of {event.process}')}, which was enabled; the "
        f"other way round {then}."
    )


def _guard(sibling: str, guard: Guard) -> str:
    said = (
        f"{sibling}: {guard.what} in {guard.role}, {guard.site}: were that changed ({guard.change}), it would be "
        f"violated there too, in {counted(guard.steps, 'step')} ({guard.mutant})."
    )
    return one_line(said)


def _step(number: int, events: Sequence[Event]) -> str:
    event = events[number - 1]
    return f"{_name(number, event)} of {one_line(event.process)}"


def _name(number: int, event: Event) -> str:
    said = event.label or event.operation.replace("_", " ")
    return f"{one_line(said)} (step {number})"
