"""The command line of `deadheat conform`: a log of what happened, against the model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deadheat.commands.ending import ExitCode, console, finish
from deadheat.commands.users_code import runs_users_code

if TYPE_CHECKING:  # imported where it is used: --help must not wait for the engine
    from deadheat.live.logs.conform import Conformance

__all__ = ["conform"]


@runs_users_code
def conform(
    trace: Annotated[Path, typer.Argument(metavar="TRACE.jsonl", help="A live trace, ours or your own.")],
    no_properties: Annotated[
        bool, typer.Option("--no-properties", help="Only match it; do not say which properties the run violates.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Match a live trace against its protocol's model, and say which properties the run that it tells of violates.

    What no run of the model does is refused, with how far each of the furthest runs gets, and what differs there.
    `deadheat list operations` shows what a trace may tell of.
    """
    from deadheat.live.logs.conform import conform as match
    from deadheat.live.logs.tape import read_tape
    from deadheat.reports.conform import conformance_to_json, print_conformance

    header, events = read_tape(trace)
    result = match(header, events, properties=not no_properties)
    if as_json:
        finish(_code(result), lambda: typer.echo(conformance_to_json(result)))
    finish(_code(result), lambda: print_conformance(result, console()))


def _code(result: Conformance) -> ExitCode:
    from deadheat.live.logs.run_properties import InRun

    verdicts = {each.verdict for each in result.judged}
    if result.refused or InRun.VIOLATED in verdicts:
        return ExitCode.VIOLATED
    if not result.events or result.not_judged or verdicts - {InRun.HOLDS}:
        return ExitCode.UNDECIDED
    return ExitCode.AS_HOPED
