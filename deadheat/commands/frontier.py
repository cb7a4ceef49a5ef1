"""The command that asks how few faults break a protocol."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Annotated

import typer

from deadheat.commands.ending import ExitCode, console, finish
from deadheat.commands.options import (
    DEFAULTS,
    AllowUnreached,
    Evaluations,
    MaxStates,
    MaxValues,
    Settings,
    search_options,
    unreached_allowed,
    whole,
)
from deadheat.commands.searches import names_of, scenario_of
from deadheat.commands.users_code import runs_users_code

__all__ = ["frontier"]


UP_TO_MAX = 5
"""Sets of so many faults are some thousands for each property of each protocol; of more, nobody waits for the end."""


@runs_users_code
def frontier(
    protocols: Annotated[
        list[str] | None, typer.Argument(metavar="PROTOCOL", help="What to break; nothing for all of them.")
    ] = None,
    up_to: Annotated[
        int, typer.Option("--up-to", help="Try sets of up to N faults.", **whole("--up-to", 0, UP_TO_MAX))
    ] = 1,
    evaluations: Evaluations = 1,
    settings: Settings = None,
    properties: Annotated[
        list[str] | None, typer.Option("--property", "-p", metavar="NAME", help="Break only this property.")
    ] = None,
    max_states: MaxStates = DEFAULTS.states_max,
    max_values: MaxValues = DEFAULTS.values_max,
    allow_unreached: AllowUnreached = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """Find the smallest sets of faults that break each property of each protocol."""
    from deadheat.reports.progress import ProgressLine
    from deadheat.scenarios.check import Options
    from deadheat.scenarios.frontier import frontiers

    names = names_of(protocols)
    scenarios = [scenario_of(name, evaluations, None, properties, quiet=False, settings=settings) for name in names]
    scenarios = [replace(each, faults=tuple(dict.fromkeys(each.subject.budgets, 0).items())) for each in scenarios]
    options = Options(search_options(max_states, max_values), unreached_allowed(allow_unreached, scenarios))
    with ProgressLine("breaking") as progress:
        found = frontiers(scenarios, up_to, options, os.cpu_count() or 1, progress.tried)
    code = ExitCode.UNDECIDED if any(each.undecided or each.is_vacuous() for each in found) else ExitCode.AS_HOPED
    if as_json:
        from deadheat.reports.machine import frontier_to_json

        finish(code, lambda: typer.echo(frontier_to_json(found)))
    from deadheat.reports.frontier import print_frontiers

    finish(code, lambda: print_frontiers(found, console()))
