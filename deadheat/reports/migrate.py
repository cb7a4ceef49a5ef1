"""A migration path: what holds in each phase, what it costs, and whether its end is a mistake."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from deadheat.reports.machine import SCHEMA, budgets_to_json
from deadheat.reports.simulate import estimate_to_json, number_text, seconds_text
from deadheat.scenarios.estimates import Estimate
from deadheat.scenarios.migrate import Between, Migration, Phase
from deadheat.sim.counting import counted
from deadheat.version import VERSION

__all__ = ["migration_to_json", "print_migration"]


def print_migration(migration: Migration, profile: str, console: Console) -> None:
    """Print the answer, the phases as a table, the steps between them, and the conditions for its end."""
    console.print(Text(_answer(migration), style="bold"))
    console.print(_table(migration))
    for each in migration.between:
        console.print(Text(_step_text(migration, each)))
    console.print(Text("Before the cleanup may go:", style="bold"))
    for condition in migration.conditions:
        mark = {True: "✓", False: "✗", None: "?"}[condition.is_met]
        console.print(Text(f"{mark} {condition.text}."))
    for line in _remarks(migration, profile):
        console.print(line, style="dim", highlight=False)


def _answer(migration: Migration) -> str:
    last, lost = migration.phases[-1], migration.between[-1].lost
    orphans = _estimate(last.simulated.orphans_per_million)
    unsafe = [each for each in migration.between if each.is_unsafe]
    if unsafe:
        return f"Unsafe: the step from phase {unsafe[0].before} to {unsafe[0].after} breaks something in every order."
    if migration.may_end is None:
        return f"Not decided: whether phase {last.number} is a mistake."
    if migration.may_end:
        how = f"; {orphans} orphans a million cancellations are below what is allowed" if lost else ""
        return f"Safe: each phase, each step between, and phase {last.number} without the cleanup{how}."
    if not lost:
        return f"Phase {last.number} is a mistake: {orphans} orphans a million cancellations are more than is allowed."
    return (
        f"Phase {last.number} is a mistake: without the cleanup, {last.protocol} violates {', '.join(lost)}. "
        f"Of a million cancellations, {orphans} leave an orphan, and nothing deletes it."
    )


def _table(migration: Migration) -> Table:
    table = Table(header_style="bold", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("phase", overflow="fold", min_width=14)
    for column in ("orphans", "live", "Job-s", "calls"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("violated", overflow="fold")
    for each in migration.phases:
        found = each.simulated
        lives = found.orphan_lifetime_s[0.5]
        table.add_row(
            f"{each.number} {each.name}",
            _estimate(found.orphans_per_million),
            "-" if lives is None else seconds_text(lives.value if lives.value is not None else lives.high),
            _estimate(found.job_seconds_after_cancel),
            "?" if found.extra_calls is None else number_text(found.extra_calls, signed=True),
            ", ".join(each.violated) or "nothing",
        )
    return table


def _estimate(estimate: Estimate) -> str:
    if estimate.value is None:
        return f"{number_text(estimate.low)} to {number_text(estimate.high)}"
    return number_text(estimate.value)


def _step_text(migration: Migration, step: Between) -> str:
    where = f"{step.before} → {step.after}"
    if step.rollout is None:
        return f"{where}: nothing that takes part differs."
    loses = f" It gives up {', '.join(step.lost)}." if step.lost else ""
    gains = [each for each in migration.phases[step.before].violated if each in migration.phases[step.after].holds]
    wins = f" From then on {', '.join(gains)} {'holds' if len(gains) == 1 else 'hold'}." if gains else ""
    if step.is_unsafe:
        _, stops = step.rollout.least_unsafe
        broken = ", ".join(dict.fromkeys(name for each in stops for name in each.violated))
        return f"{where}: unsafe in every order of the roles; {broken} breaks on the way.{wins}{loses}"
    if not step.is_safe:
        return f"{where}: not decided.{wins}{loses}"
    orders = step.rollout.safe_orders
    first = f", such as {', then '.join(orders[0])}" if orders and len(orders[0]) > 1 else ""
    return f"{where}: safe, old and new side by side{first}.{wins}{loses}"


def _remarks(migration: Migration, profile: str) -> Iterator[str]:
    yield (
        "orphans: of a million cancellations. live: at the median. Job-s: how long a pod is there after the user has "
        "asked, on average. calls: how many more than with baseline."
    )
    found = migration.phases[0].simulated
    how = (
        "exact"
        if found.method == "exact"
        else f"{counted(int(found.cancellations), 'cancellation')} each, by {found.method}"
    )
    yield f"In time: {how}. Latencies: the profile {profile}, and what was given."
    left = [kind for kind, _ in migration.faults if kind not in dict(migration.simulated_faults)]
    if left:
        yield f"Checked, and not simulated, for nobody has said how often: {', '.join(left)}."


# For machines


def migration_to_json(migration: Migration) -> str:
    """Return a migration with all its phases."""
    entry = {
        "from": migration.old,
        "to": migration.new,
        "faults": budgets_to_json(migration.faults),
        "bound_per_million": migration.bound,
        "phases": [_phase_to_json(each) for each in migration.phases],
        "between": [_between_to_json(each) for each in migration.between],
        "conditions": [{"text": each.text, "met": each.is_met} for each in migration.conditions],
        "may_remove_cleanup": migration.may_end,
    }
    return json.dumps({"schema": SCHEMA, "deadheat": VERSION, "results": [entry]}, indent=2)


def _phase_to_json(phase: Phase) -> dict[str, Any]:
    found = phase.simulated
    return {
        "phase": phase.number,
        "name": phase.name,
        "protocol": phase.protocol,
        "holds": list(phase.holds),
        "violated": list(phase.violated),
        "undecided": list(phase.undecided),
        "orphans_per_million": estimate_to_json(found.orphans_per_million),
        "orphan_lifetime_s": {
            f"p{round(share * 100)}": None if each is None else estimate_to_json(each)
            for share, each in found.orphan_lifetime_s.items()
        },
        "job_seconds_after_cancel": estimate_to_json(found.job_seconds_after_cancel),
        "extra_calls": found.extra_calls,
        "cost": None if found.cost is None else estimate_to_json(found.cost),
    }


def _between_to_json(step: Between) -> dict[str, Any]:
    found = step.rollout
    return {
        "from": step.before,
        "to": step.after,
        "safe": True if step.is_safe else (False if step.is_unsafe else None),
        "safe_orders": [] if found is None else [list(each) for each in found.safe_orders],
        "lost": list(step.lost),
    }
