"""The command that walks the migration path, and says whether its end is a mistake."""

from __future__ import annotations

from typing import Annotated

import typer

from deadheat.commands.ending import ExitCode, console, finish
from deadheat.commands.options import DEFAULTS, Faults, MaxStates, MaxValues, Memory, cores, search_options, whole
from deadheat.commands.searches import undecided
from deadheat.commands.simulate import Latencies, Memoryless, Profile, question_of
from deadheat.commands.users_code import runs_users_code

__all__ = ["migrate"]


@runs_users_code
def migrate(
    new: Annotated[
        str, typer.Argument(metavar="[TO]", help="What comes in phase 3, instead of the token.")
    ] = "request-token",
    old: Annotated[str, typer.Option("--from", metavar="PROTOCOL", help="What is there.")] = "baseline",
    latency: Latencies = None,
    profile: Profile = "quiet",
    memoryless: Memoryless = False,
    cancellations: Annotated[int, typer.Option("--cancellations", help="So many.", **whole("--cancellations", 1))] = (
        200_000
    ),
    seed: Annotated[int, typer.Option("--seed", help="Of the random numbers.", **whole("--seed", 0))] = 0,
    faults: Faults = None,
    bound: Annotated[
        int | None,
        typer.Option(
            "--orphans-allowed", help="A million cancellations, without the cleanup.", **whole("--orphans-allowed", 0)
        ),
    ] = None,
    price: Annotated[
        str | None, typer.Option("--price-per-hour", metavar="PRICE", help="Of a Job that runs for an hour.")
    ] = None,
    max_states: MaxStates = DEFAULTS.states_max,
    max_values: MaxValues = DEFAULTS.values_max,
    memory: Memory = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """Walk the migration path: the cleanup, metrics, the token, no cleanup; say if its end is a mistake."""
    from deadheat.reports.migrate import migration_to_json, print_migration
    from deadheat.scenarios import migrate as scenarios
    from deadheat.scenarios.check import Options
    from deadheat.scenarios.scenario import parse_faults

    question = question_of(latency, profile, memoryless, "auto", cancellations, seed, None, price, None)
    options = Options(search_options(max_states, max_values, memory))
    found = scenarios.migrate(
        new, question, old=old, faults=parse_faults(faults or []), bound=bound, options=options, jobs=cores()
    )
    code = ExitCode.AS_HOPED if found.is_safe else ExitCode.VIOLATED if found.is_unsafe else undecided()
    if as_json:
        finish(code, lambda: typer.echo(migration_to_json(found)))
    finish(code, lambda: print_migration(found, profile, console()))
