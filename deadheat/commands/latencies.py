"""The command that makes a profile of what was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deadheat.commands.ending import ExitCode, console, finish

__all__ = ["latencies"]


def latencies(
    trace: Annotated[Path, typer.Argument(metavar="TRACE", help="A live trace, such as live stress records.")],
    save: Annotated[
        Path | None, typer.Option("--save", metavar="FILE", help="Write a profile for simulate, a TOML file.")
    ] = None,
    profile: Annotated[
        str, typer.Option("--profile", metavar="NAME|FILE", help="Where what was not measured is from, with --save.")
    ] = "quiet",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """Fit distributions to the latencies in a live trace, and make a profile of them for simulate."""
    from deadheat.live.logs.measured import fits_in
    from deadheat.reports.latencies import fits_to_json, print_fits, save_profile

    fits = fits_in(trace)
    if save is not None:
        save_profile(fits, profile, save, str(trace))
    if as_json:
        finish(ExitCode.AS_HOPED, lambda: typer.echo(fits_to_json(fits)))
    finish(ExitCode.AS_HOPED, lambda: print_fits(fits, console()))
