"""The command that takes guards away, one at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from deadheat.commands.ending import ExitCode, console, finish
from deadheat.commands.options import (
    DEFAULTS,
    AllowUnreached,
    Evaluations,
    Faults,
    MaxStates,
    MaxValues,
    Plain,
    Settings,
    search_options,
    unreached_allowed,
    whole,
)
from deadheat.commands.searches import judge_mutants, scenario_of
from deadheat.commands.traces import timeline
from deadheat.commands.users_code import runs_users_code

__all__ = ["mutate"]


@runs_users_code
def mutate(
    protocol: Annotated[str, typer.Argument(metavar="PROTOCOL", help="Whose guards to take away, one at a time.")],
    evaluations: Evaluations = 1,
    settings: Settings = None,
    faults: Faults = None,
    max_states: MaxStates = DEFAULTS.states_max,
    max_values: MaxValues = DEFAULTS.values_max,
    number: Annotated[
        int | None, typer.Option("--show", help="Show how mutant N was noticed, as a timeline.", **whole("--show", 1))
    ] = None,
    plain: Plain = False,
    allow_unreached: AllowUnreached = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """Take away one guard at a time, and say which property notices.

    Without --faults: first without faults, then with one fault of each kind.
    """
    from deadheat.reports.mutants import mutants_to_json, print_mutant, print_mutants
    from deadheat.scenarios.check import Options
    from deadheat.scenarios.mutate import Fate, shortest_of

    asked = scenario_of(protocol, evaluations, faults, None, False, settings)
    search = replace(search_options(max_states, max_values), explorer="python")
    options = Options(search, unreached_allowed(allow_unreached, [asked]))
    hunt, results = judge_mutants(asked, options, number)
    fates = {each.fate for each in results}
    code = ExitCode.AS_HOPED
    if fates & {Fate.SURVIVED, Fate.NO_DIFFERENCE}:
        code = ExitCode.VIOLATED
    elif (
        Fate.INCONCLUSIVE in fates
        or not results
        or any(each.is_vacuous for each in hunt.originals)
        or hunt.originals[0].faults_not_fired
    ):
        code = ExitCode.UNDECIDED
    if as_json:
        finish(code, lambda: typer.echo(mutants_to_json(hunt, results)))
    if number is None:
        finish(code, lambda: print_mutants(hunt, results, console()))

    shown = shortest_of(results[0])
    print_timeline = timeline(shown, plain=plain) if shown is not None else lambda: None

    def print_one() -> None:
        print_mutant(results[0], console())
        print_timeline()

    finish(code, print_one)
