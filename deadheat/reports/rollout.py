"""A rollout: which order of the roles is safe, and what breaks at which stop on the way."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from deadheat.reports.command_lines import rollout_command
from deadheat.reports.machine import SCHEMA, budgets_to_json
from deadheat.reports.names import TERMS
from deadheat.reports.screen import print_command
from deadheat.scenarios.rollout import Order, Rollout, StopResult
from deadheat.scenarios.scenario import budget_text
from deadheat.sim.counting import counted
from deadheat.version import VERSION

__all__ = ["print_rollout", "print_stop", "rollout_to_json", "stop_text"]

ROWS_MAX = 24
"""A table with more rows shows those that are not safe, and those on the first safe order."""

OLD, BOTH, NEW, ABSENT = ("old", "dim"), ("both", "bold yellow"), ("new", "green"), ("-", "dim")


def print_rollout(rollout: Rollout, console: Console) -> None:
    """Print the answer, the stops as a table, and what each needs to be read."""
    console.print(Text(f"From {rollout.old} to {rollout.new}, role by role", style="bold"))
    for answer in _answers(rollout):
        console.print(answer)
    if rollout.roles:
        console.print(_table(rollout))
    for number, found in _numbered(rollout):
        if found.fails:
            console.print(Text(f"Stop {number}: {found.fails}"))
    first = next((number for number, each in _numbered(rollout) if each.counterexamples), None)
    if first is not None:
        print_command(console, "See one: ", f"{rollout_command(rollout)} --show {first}")
    for line in _remarks(rollout):
        console.print(line, style="dim", highlight=False)


def print_stop(rollout: Rollout, number: int, console: Console) -> None:
    """Print what a stop is, and what is violated there."""
    found = rollout.results[number - 1]
    console.print(Text(f"Stop {number} of {len(rollout.results)}: {stop_text(rollout, found)}.", style="bold"))
    if found.fails:
        console.print(Text(found.fails))
    elif not found.violated:
        console.print(Text(f"There, {_found(found).plain.lower() if not found.is_safe else 'nothing is violated'}."))


def stop_text(rollout: Rollout, found: StopResult) -> str:
    """Return a stop in words."""
    stop, rolled = found.stop, rollout.rolled
    of_each = {
        "new": [each for each in stop.new if each not in rolled.removed],
        "gone": [each for each in stop.new if each in rolled.removed],
        "old and new at one time": list(stop.mixed),
    }
    parts = [f"{_list(names)} {'is' if len(names) == 1 else 'are'} {what}" for what, names in of_each.items() if names]
    left = [each for each in rollout.roles if each not in (*stop.new, *stop.mixed)]
    if left:
        parts.append("all else is old" if parts else "all is old")
    return ", ".join(parts) or "nothing differs"


def rollout_to_json(rollout: Rollout) -> str:
    """Return a rollout with all its stops; an order is of the names of roles."""
    entry = {
        "from": rollout.old,
        "to": rollout.new,
        "evaluations": rollout.scenario.evaluations,
        "faults": budgets_to_json(rollout.scenario.faults),
        "judged": list(rollout.judged),
        "violated_anyway": {"from": list(rollout.old_anyway), "to": list(rollout.new_anyway)},
        "not_judged": list(rollout.not_judged),
        "idle": list(rollout.idle),
        "stops": [_stop_to_json(each) for each in rollout.results],
        "safe_orders": [list(each) for each in rollout.safe_orders],
        "safe_orders_back": [list(each) for each in rollout.safe_orders_back],
        "all_at_once": rollout.all_at_once.is_safe,
        "seconds": round(rollout.seconds, 6),
    }
    return json.dumps({"schema": SCHEMA, "deadheat": VERSION, "results": [entry]}, indent=2)


def _stop_to_json(found: StopResult) -> dict[str, Any]:
    return {
        "new": list(found.stop.new),
        "mixed": list(found.stop.mixed),
        "violated": list(found.violated),
        "undecided": list(found.undecided),
        "not_reached": list(found.missed),
        "fails": found.fails,
        "states": found.states,
    }


# The answer


def _answers(rollout: Rollout) -> Iterator[Text]:
    if not rollout.roles:
        yield Text("Nothing is rolled out: no role that has anything to do differs between the two.", style="bold")
        return
    if not rollout.judged:
        yield Text("Not decided: either version violates everything by itself, so nothing is left to lose.", "bold")
        return
    yield _forwards(rollout)
    if not rollout.is_safe:
        return
    is_one = len(rollout.roles) == 1
    back = "" if is_one else ", in any order" if _is_any(rollout) else f": {_then(rollout.safe_orders_back[0])}"
    yield Text(f"Rolling back is safe{back}.")
    at_once = rollout.all_at_once
    if is_one:
        return
    if at_once.is_safe:
        yield Text("All at once is safe too, also back: nothing that was begun need end first.")
    else:
        what = "breaks" if at_once.is_unsafe else "was not decided"
        yield Text(
            f"All at once {what} (stop {_number(rollout, at_once)}), also back: let what was begun end before the next "
            "role.",
            style="yellow",
        )


def _forwards(rollout: Rollout) -> Text:
    orders = rollout.safe_orders
    if orders and not rollout.same_servers:
        return Text("Not decided: nothing is violated on the way, if the servers of both are the same.", style="yellow")
    if orders and _is_any(rollout):
        return Text(f"Safe: {_list(rollout.roles)}, in any order." if len(rollout.roles) > 1 else "Safe.", "bold green")
    if orders:
        more = len(orders) - 1
        others = f" {counted(more, 'other order')} {'is' if more == 1 else 'are'} safe, too." * bool(more)
        return Text(f"Safe: {_then(orders[0])}.{others}", style="bold green")
    if rollout.is_unsafe:
        order, unsafe = rollout.least_unsafe
        stops = _list([str(_number(rollout, each)) for each in unsafe])
        return Text(
            f"No order is safe: even {_then(order)} comes through "
            f"{'stop' if len(unsafe) == 1 else 'the stops'} {stops}.",
            style="bold red",
        )
    return Text("Not decided: no order is known to be safe, and none is without a stop that may be.", style="yellow")


def _is_any(rollout: Rollout) -> bool:
    count = 1
    for number in range(2, len(rollout.roles) + 1):
        count *= number
    return len(rollout.safe_orders) == count


def _then(order: Order) -> str:
    return ", then ".join(order)


def _list(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


# The table


def _numbered(rollout: Rollout) -> list[tuple[int, StopResult]]:
    return list(enumerate(rollout.results, start=1))


def _number(rollout: Rollout, found: StopResult) -> int:
    return next(number for number, each in _numbered(rollout) if each is found)


def _shown(rollout: Rollout) -> list[tuple[int, StopResult]]:
    every = _numbered(rollout)
    if len(every) <= ROWS_MAX:
        return every
    order = rollout.safe_orders[0] if rollout.is_safe else rollout.least_unsafe[0]
    on_the_way = rollout.on(order)
    return [(number, each) for number, each in every if not each.is_safe or each in on_the_way]


def _table(rollout: Rollout) -> Table:
    table = Table(header_style="bold", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("stop", justify="right", no_wrap=True)
    for role in rollout.roles:
        table.add_column(role, no_wrap=True)
    table.add_column("violated there", overflow="fold")
    for number, found in _shown(rollout):
        table.add_row(str(number), *(_version(rollout, found, role) for role in rollout.roles), _found(found))
    return table


def _version(rollout: Rollout, found: StopResult, role: str) -> Text:
    rolled = rollout.rolled
    if role in found.stop.mixed:
        return Text(*BOTH)
    if role in found.stop.new:
        return Text(*(ABSENT if role in rolled.removed else NEW))
    return Text(*(ABSENT if role in rolled.added else OLD))


def _found(found: StopResult) -> Text:
    if found.fails:
        return Text("✗ fails", style="bold red")
    if found.violated:
        return Text(f"✗ {', '.join(found.violated)}", style="bold red")
    if found.undecided:
        return Text(f"? {', '.join(found.undecided)}", style="yellow")
    if found.missed:
        return Text(f"∅ no run reaches {', '.join(found.missed)}", style="bold yellow")
    return Text("✓", style="green")


def _remarks(rollout: Rollout) -> Iterator[str]:
    left_out = len(rollout.results) - len(_shown(rollout))
    if left_out:
        yield f"The other {counted(left_out, 'stop')} are safe; --json lists them."
    if rollout.roles:
        yield (
            "both: old and new replicas at one time, each request may meet either. ✓ nothing is violated that holds of "
            "both versions alone."
        )
    absent = (*rollout.rolled.added, *rollout.rolled.removed)
    if absent:
        yield f"-: not there. Only in one of the two {'is' if len(absent) == 1 else 'are'} {_list(absent)}."
    if rollout.judged:
        yield f"Judged: {', '.join(rollout.judged)}."
    for which, names in ((rollout.old, rollout.old_anyway), (rollout.new, rollout.new_anyway)):
        if names:
            yield f"What {which} violates by itself is no matter of the rollout: {', '.join(names)}."
    if rollout.not_judged:
        yield f"Not judged, since that was not decided of a version alone: {', '.join(rollout.not_judged)}."
    if rollout.idle:
        yield (
            f"Not rolled out, since nothing happens to {_list(rollout.idle)} without a fault that --faults does not "
            "allow."
        )
    if not rollout.same_servers:
        yield "That the servers of both do for each version what its own do was not decided: there are too many states."
    faults = ", ".join(f"{kind}={budget_text(budget)}" for kind, budget in rollout.scenario.faults) or "no faults"
    yield f"Covers {rollout.scenario.size}, {faults}. {TERMS}"
