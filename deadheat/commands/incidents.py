"""The command line of the incident corpus: `deadheat incidents`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from deadheat.commands.ending import ExitCode, console, finish
from deadheat.commands.options import cores
from deadheat.commands.users_code import runs_users_code

if TYPE_CHECKING:
    from deadheat.scenarios.incidents.judge import Judgement

__all__ = ["exit_code", "incidents"]


@runs_users_code
def incidents(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="INCIDENT", help="Which ones; nothing for all of them.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """Reproduce reported incidents, and judge their fixes: does each hold, and which one more fault breaks it."""
    from deadheat.reports.incidents import incidents_to_json, print_incidents
    from deadheat.reports.progress import ProgressLine
    from deadheat.scenarios import interruption
    from deadheat.scenarios.incidents import INCIDENTS, find_incident
    from deadheat.scenarios.incidents.judge import judge

    interruption.listen()
    chosen = [find_incident(each) for each in dict.fromkeys(names)] if names else list(INCIDENTS)
    with ProgressLine("judging incidents") as progress:
        judgements = judge(chosen, cores(), progress.tried)
    code = exit_code(judgements)
    if as_json:
        finish(code, lambda: typer.echo(incidents_to_json(judgements)))
    finish(code, lambda: print_incidents(judgements, console()))


def exit_code(judgements: Sequence[Judgement]) -> ExitCode:
    """Return the exit code that says what was judged."""
    if any(each.not_found for each in judgements):
        return ExitCode.VIOLATED
    return ExitCode.AS_HOPED if all(each.is_decided for each in judgements) else ExitCode.UNDECIDED
