"""The command line of `deadheat list operations`: what a log may tell of."""

from __future__ import annotations

from typing import NoReturn

import typer

from deadheat.cli_ending import ExitCode, console, finish

__all__ = ["list_operations"]

OFTEN = ("http-retry", "http-timeout", "completion")
"""The faults that bring out nearly all outcomes; with all of them, all protocols would take a minute."""


def list_operations(protocol: str | None, as_json: bool) -> NoReturn:
    """List what a log of a protocol may tell of; or one of any protocol, less thoroughly."""
    from deadheat.live.vocabulary import vocabulary
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
