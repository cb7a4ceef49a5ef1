"""The command that asks how few faults break a protocol."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deadheat.commands.ending import ExitCode, console, finish, say
from deadheat.commands.options import (
    DEFAULTS,
    SEARCH,
    AllowUnreached,
    Evaluations,
    MaxStates,
    MaxValues,
    Memory,
    Settings,
    cores,
    search_options,
    unreached_allowed,
    whole,
)
from deadheat.commands.searches import names_of, scenario_of
from deadheat.commands.users_code import runs_users_code

if TYPE_CHECKING:  # imported where they are used: --help must not wait for the engine
    from deadheat.scenarios.frontier import Failed, Frontier
    from deadheat.scenarios.scenario import Scenario
    from deadheat.sim.errors import CheckpointError

__all__ = ["alone", "frontier"]


UP_TO_MAX = 5
"""Sets of so many faults are some thousands for each property of each protocol; of more, nobody waits for the end."""

UP_TO = 1

NAMED = 5
"""So many of what is broken too soon are named; the table has all."""


@runs_users_code
def frontier(
    protocols: Annotated[
        list[str] | None, typer.Argument(metavar="PROTOCOL", help="What to break; nothing for all of them.")
    ] = None,
    up_to: Annotated[
        int | None,
        typer.Option(
            "--up-to", help=f"Try sets of up to N faults; {UP_TO} by default.", **whole("--up-to", 0, UP_TO_MAX)
        ),
    ] = None,
    evaluations: Evaluations = 1,
    settings: Settings = None,
    properties: Annotated[
        list[str] | None, typer.Option("--property", "-p", metavar="NAME", help="Break only this property.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="KIND,...", help="Try no other kinds of fault than these.")
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option("--without", metavar="KIND,...", help="Leave these kinds of fault out.")
    ] = None,
    faults: Annotated[
        list[str] | None,
        typer.Option("--faults", metavar="KIND=K", help="Always allow these as well, and do not count them."),
    ] = None,
    require: Annotated[
        int | None,
        typer.Option(
            "--require",
            help="End with 1 if so few faults break something: N, or fewer; sets of up to N are tried.",
            **whole("--require", 0, UP_TO_MAX),
        ),
    ] = None,
    max_states: MaxStates = DEFAULTS.states_max,
    max_values: MaxValues = DEFAULTS.values_max,
    memory: Memory = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            "--checkpoint",
            metavar="FILE",
            help="Save what is decided there, and go on with it; once all is decided, it is removed.",
            rich_help_panel=SEARCH,
        ),
    ] = None,
    allow_unreached: AllowUnreached = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """Find the smallest sets of faults that break each property of each protocol.

    Ctrl-C ends it with what is decided.
    """
    from deadheat.reports.progress import ProgressLine
    from deadheat.scenarios import interruption
    from deadheat.scenarios.check import Options
    from deadheat.scenarios.frontier import frontiers

    up_to = _up_to(up_to, require)
    names = names_of(protocols)
    scenarios = [
        alone(scenario_of(name, evaluations, faults, properties, quiet=False, settings=settings), faults)
        for name in names
    ]
    tried, left_out = (_kinds(each, scenarios) for each in (only, without))
    _require_some(scenarios, tried, left_out)
    options = Options(search_options(max_states, max_values, memory), unreached_allowed(allow_unreached, scenarios))
    interruption.listen()
    failed: list[Failed] = []
    unkept: list[CheckpointError] = []
    with ProgressLine("breaking") as progress:
        found = frontiers(
            scenarios,
            up_to,
            options,
            cores(),
            progress.tried,
            only=tried,
            without=left_out,
            checkpoint=checkpoint,
            failed=failed,
            unkept=unkept,
        )
    broken = next(iter(unkept), _broken(failed))
    if broken is not None and not found:
        raise broken
    code = _code_of(found, require)
    _tell(found, require, checkpoint)
    if as_json:
        from deadheat.reports.machine import frontier_to_json

        finish(code, lambda: typer.echo(frontier_to_json(found)), broken)
    from deadheat.reports.frontier import print_frontiers

    finish(code, lambda: print_frontiers(found, console()), broken)


def _broken(failed: list[Failed]) -> Exception | None:
    """Say of which protocols nothing is decided; return with which error the first of them ended."""
    if not failed:
        return None
    names = ", ".join(each.scenario.protocol for each in failed)
    say(f"deadheat: Nothing is decided of {names}; the search of {failed[0].scenario.protocol} ended with an error.")
    return failed[0].error


def _up_to(up_to: int | None, require: int | None) -> int:
    """Return how many faults are tried: enough for what is required."""
    from deadheat.sim.errors import UsageError

    if up_to is None:
        return max(UP_TO, require or 0)
    if require is not None and require > up_to:
        raise UsageError(f"--require {require} cannot be told from sets of up to {up_to}; raise --up-to to {require}.")
    return up_to


def alone(scenario: Scenario, faults: list[str] | None = None) -> Scenario:
    """Return a scenario without the faults that its subject has anyhow, but for those that texts ask for."""
    from deadheat.scenarios.scenario import parse_faults

    asked = dict(parse_faults(faults or []))
    return replace(scenario, faults=tuple({**dict.fromkeys(scenario.subject.budgets, 0), **asked}.items()))


def _require_some(scenarios: list[Scenario], only: tuple[str, ...], without: tuple[str, ...]) -> None:
    """Raise UsageError where kinds of fault were chosen, and none is left."""
    from deadheat.scenarios.frontier import kinds_asked
    from deadheat.sim.errors import UsageError

    if (only or without) and not any(kinds_asked(each, only, without) for each in scenarios):
        raise UsageError("--only and --without leave no kind of fault to try; name others, or fewer.")


def _tell(found: list[Frontier], require: int | None, checkpoint: Path | None) -> None:
    """Say on stderr what the table does not: what is broken too soon, and of what a checkpoint keeps nothing."""
    from deadheat.sim.counting import counted

    weak = [each for each in found if require is not None and each.is_broken_by(require)]
    if weak:
        names = ", ".join(f"{each.property} of {each.scenario.protocol}" for each in weak[:NAMED])
        more = f", and {len(weak) - NAMED} more" if len(weak) > NAMED else ""
        enough = f"{counted(require, 'fault')} or fewer can break" if require else "no fault is needed to break"
        say(f"deadheat: --require {require} is not met: {enough} {names}{more}.")
    cut = [each.scenario.protocol for each in found if each.undecided and each.scenario.evaluations == 1]
    if checkpoint is not None and cut:
        whose = list(dict.fromkeys(cut))
        each_or_it = "each" if len(whose) > 1 else "it"
        say(
            f"deadheat: {checkpoint} keeps nothing of {', '.join(whose)}: one search decides all sets of {each_or_it}, "
            "and begins anew."
        )


def _kinds(texts: list[str] | None, scenarios: list[Scenario]) -> tuple[str, ...]:
    """Return the kinds of fault that texts such as `http-retry,worker-crash` name; raises UsageError."""
    from deadheat.sim.errors import unknown_name

    kinds = [kind for text in texts or () for kind in map(str.strip, text.split(",")) if kind]
    known = list(dict.fromkeys(kind for each in scenarios for kind in each.subject.faults)) if kinds else []
    for kind in kinds:
        if kind not in known:
            raise unknown_name("fault", kind, known)
    return tuple(dict.fromkeys(kinds))


def _code_of(found: list[Frontier], require: int | None) -> ExitCode:
    if require is not None and any(each.is_broken_by(require) for each in found):
        return ExitCode.VIOLATED
    undecided = any(each.undecided or each.is_vacuous() for each in found)
    return ExitCode.UNDECIDED if undecided else ExitCode.AS_HOPED
