"""The command that asks in which order a new version can be rolled out, role by role, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deadheat.commands.ending import ExitCode, console, finish
from deadheat.commands.options import (
    DEFAULTS,
    Evaluations,
    Faults,
    MaxStates,
    MaxValues,
    Memory,
    Plain,
    Quiet,
    cores,
    search_options,
    whole,
)
from deadheat.commands.searches import undecided
from deadheat.commands.traces import require_writable_if_given, timeline
from deadheat.commands.users_code import runs_users_code

if TYPE_CHECKING:  # imported where they are used: --help must not wait for the engine
    from deadheat.scenarios.rollout import Rollout

__all__ = ["rollout"]


@runs_users_code
def rollout(
    old: Annotated[str, typer.Argument(metavar="FROM", help="What is there: a protocol, or a design.")],
    new: Annotated[str, typer.Argument(metavar="TO", help="What comes in its place.")],
    evaluations: Evaluations = 1,
    faults: Faults = None,
    properties: Annotated[
        list[str] | None, typer.Option("--property", "-p", metavar="NAME", help="Judge only this property.")
    ] = None,
    quiet_period: Quiet = False,
    max_states: MaxStates = DEFAULTS.states_max,
    max_values: MaxValues = DEFAULTS.values_max,
    memory: Memory = None,
    number: Annotated[
        int | None, typer.Option("--show", help="Show what breaks at stop N, as a timeline.", **whole("--show", 1))
    ] = None,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="FILE", help="Save what --show shows, to be replayed.")
    ] = None,
    plain: Plain = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """Say in which order a new version can be rolled out, role by role, beside the old one, and rolled back."""
    from deadheat.reports.progress import ProgressLine
    from deadheat.reports.rollout import print_rollout, print_stop, rollout_to_json
    from deadheat.scenarios import interruption, rollout as scenarios
    from deadheat.scenarios.check import Options
    from deadheat.scenarios.scenario import EVERY, parse_faults
    from deadheat.scenarios.trace_file import save as save_trace
    from deadheat.sim.errors import UsageError

    if save is not None and number is None:
        raise UsageError("--save saves one counterexample; say by --show at which stop.")
    require_writable_if_given(save)
    options = Options(search_options(max_states, max_values, memory))
    interruption.listen()
    with ProgressLine("exploring") as progress:
        found = scenarios.rollout(
            old,
            new,
            evaluations,
            parse_faults(faults or []),
            tuple(dict.fromkeys(properties)) if properties else EVERY,
            options,
            quiet=quiet_period,
            jobs=cores(),
            report=lambda done, total: progress.say(f"checked {done} of {total} stops"),
        )
    code = _code(found)
    if number is not None and number > len(found.results):
        raise UsageError(f"There is no stop {number}; there are {len(found.results)}, from 1 on.")
    if as_json:
        finish(code, lambda: typer.echo(rollout_to_json(found)))
    if number is None:
        finish(code, lambda: print_rollout(found, console()))
    shown = next(iter((found.results[number - 1].counterexamples or {}).values()), None)
    if save is not None:
        if shown is None:
            raise UsageError(f"Nothing is violated at stop {number} that could be saved.")
        save_trace(shown, save)
    print_timeline = timeline(shown, plain=plain) if shown is not None else lambda: None

    def print_one() -> None:
        print_stop(found, number, console())
        print_timeline()

    finish(code, print_one)


def _code(found: Rollout) -> ExitCode:
    if found.is_safe:
        return ExitCode.AS_HOPED
    return ExitCode.VIOLATED if found.is_unsafe else undecided()
