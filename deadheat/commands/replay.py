"""The commands that take a saved trace: run it again, and ask at which latencies it can happen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deadheat.commands.ending import ExitCode, console, finish
from deadheat.commands.options import Plain
from deadheat.commands.traces import replayed, timeline
from deadheat.commands.users_code import runs_users_code
from deadheat.sim.counting import counted

if TYPE_CHECKING:  # imported where they are used: --help must not wait for the engine
    pass

__all__ = ["replay", "window"]


@runs_users_code
def replay(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A trace that deadheat saved.")], plain: Plain = False
) -> None:
    """Run a saved counterexample again: proof that the race is there, and no guard, since it fails once it is gone.

    For a guard, run `deadheat check PROTOCOL --property NAME`, which fails as long as there is a race.

    Whether a log of the real system is as the model, `deadheat conform` says.
    """
    counterexample = replayed(file)

    print_timeline = timeline(counterexample, plain=plain)

    def print_both() -> None:
        print_timeline()
        steps = counted(len(counterexample.trace.events), "step")
        console().print(f"Reproduced: {file} does what it did, in {steps}, so the race is still there.")

    finish(ExitCode.AS_HOPED, print_both)


@runs_users_code
def window(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A trace that deadheat saved.")],
    latencies: Annotated[
        list[str] | None,
        typer.Option(
            "--latency",
            metavar="NAME=LO..HI",
            help="How long a step takes, by its label (T7), component.operation, component, role.component or default.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Say whether a saved counterexample can happen at given latencies, and why."""
    from deadheat.reports.window import print_window, window_to_json
    from deadheat.scenarios.latency import parse_latencies
    from deadheat.scenarios.window import race_window

    given = parse_latencies(latencies or [])
    found = race_window(replayed(file), given)
    code = ExitCode.VIOLATED if found.possible else ExitCode.AS_HOPED
    finish(code, lambda: typer.echo(window_to_json(found)) if as_json else print_window(found, console()))
