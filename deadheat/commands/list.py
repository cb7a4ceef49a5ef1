"""The command line of `deadheat list`: the names that can be asked for, and what a log may tell of."""

from __future__ import annotations

from typing import Annotated, NoReturn

import typer

from deadheat.commands.ending import ExitCode, console, finish
from deadheat.commands.users_code import runs_users_code

__all__ = ["list_names"]

OFTEN = ("http-retry", "http-timeout", "completion")
"""The faults that bring out nearly all outcomes; with all of them, all protocols would take a minute."""


@runs_users_code
def list_names(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="WHAT", help="protocols, properties, faults or operations; nothing for the first three."
        ),
    ] = None,
    protocol: Annotated[
        str | None,
        typer.Argument(metavar="PROTOCOL", help="Whose properties, faults or operations; nothing for those of all."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the operations as one JSON object.")] = False,
) -> None:
    """List the protocols, properties and faults, each with one line; or the operations that a log may tell of."""
    from deadheat.reports.catalogue import print_catalogue
    from deadheat.sim.errors import UsageError

    if what == "operations":
        _list_operations(protocol, as_json)
    if as_json:
        raise UsageError("--json goes with `deadheat list operations` alone; leave it out.")
    if protocol is not None:
        from deadheat.reports.catalogue import print_names_of
        from deadheat.scenarios.subjects import subject_of

        subject = subject_of(protocol)
        finish(ExitCode.AS_HOPED, lambda: print_names_of(what or "", subject, console()))
    finish(ExitCode.AS_HOPED, lambda: print_catalogue(what, console()))


def _list_operations(protocol: str | None, as_json: bool) -> NoReturn:
    """List what a log of a protocol may tell of; or one of any protocol, less thoroughly."""
    from deadheat.live.logs.vocabulary import vocabulary
    from deadheat.reports.operations import operations_to_json, print_operations
    from deadheat.reports.progress import ProgressLine
    from deadheat.scenarios.catalogue import DEFAULT_PROTOCOLS, find_protocol

    with ProgressLine("list operations") as progress:
        progress.say("letting the protocols run")
        if protocol is not None:
            found = vocabulary([find_protocol(protocol)])
        else:
            found = vocabulary(map(find_protocol, DEFAULT_PROTOCOLS), OFTEN)
    if as_json:
        finish(ExitCode.AS_HOPED, lambda: typer.echo(operations_to_json(found)))
    finish(ExitCode.AS_HOPED, lambda: print_operations(found, console()))
