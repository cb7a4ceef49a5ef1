"""The command line of the incident corpus: `deadheat incidents`."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["incidents"]

NOT_FOUND = 1


def incidents(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[INCIDENT]...", help="Which ones; nothing for all of them.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """Reproduce reported incidents, and judge their fixes: does each hold, and which one more fault breaks it.

    Exit codes: 0 every defect is found, as it should be; 1 one is not; 2 usage or bad input.
    """
    import os

    from rich.console import Console

    from deadheat.reports.incidents import incidents_to_json, print_incidents
    from deadheat.reports.progress import ProgressLine
    from deadheat.scenarios.incidents import INCIDENTS, find_incident
    from deadheat.scenarios.incidents.judge import judge

    chosen = [find_incident(each) for each in dict.fromkeys(names)] if names else list(INCIDENTS)
    with ProgressLine("judging incidents") as progress:
        judgements = judge(chosen, os.cpu_count() or 1, progress.say)
    if as_json:
        typer.echo(incidents_to_json(judgements))
    else:
        print_incidents(judgements, Console())
    raise typer.Exit(0 if all(each.reproduced for each in judgements) else NOT_FOUND)
