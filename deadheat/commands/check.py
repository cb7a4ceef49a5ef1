"""The commands that check: a table of verdicts, and one counterexample."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from deadheat.commands.ending import ExitCode, console, finish
from deadheat.commands.options import (
    DEFAULTS,
    AllowUnreached,
    Checkpoint,
    Evaluations,
    ExplorerName,
    Faults,
    Fingerprint,
    MaxStates,
    MaxValues,
    Memory,
    NoComposition,
    NoMerging,
    NoPartialOrder,
    Plain,
    Quiet,
    Settings,
    Symmetry,
    search_options,
    unless,
    unreached_allowed,
    whole,
)
from deadheat.commands.searches import code_as_expected, code_of, names_of, scenario_of, search_all
from deadheat.commands.traces import (
    first_counterexample,
    laws_if_given,
    likely_at,
    require_testable_if_given,
    require_writable_if_given,
    save_as_test,
    save_first,
    say_not_written,
    timeline,
)
from deadheat.commands.users_code import runs_users_code

__all__ = ["check", "show"]


@runs_users_code
def check(
    protocols: Annotated[
        list[str] | None, typer.Argument(metavar="PROTOCOL", help="What to check; nothing for all of them.")
    ] = None,
    evaluations: Evaluations = 1,
    settings: Settings = None,
    faults: Faults = None,
    properties: Annotated[
        list[str] | None, typer.Option("--property", "-p", metavar="NAME", help="Check only this property.")
    ] = None,
    max_states: MaxStates = DEFAULTS.states_max,
    max_values: MaxValues = DEFAULTS.values_max,
    explorer: ExplorerName = DEFAULTS.explorer,
    no_merging: NoMerging = False,
    no_composition: NoComposition = False,
    symmetry: Symmetry = None,
    no_partial_order: NoPartialOrder = False,
    memory: Memory = None,
    fingerprint: Fingerprint = False,
    checkpoint: Checkpoint = None,
    quiet_period: Quiet = False,
    allow_unreached: AllowUnreached = None,
    trace: Annotated[
        Path | None, typer.Option("--trace", metavar="FILE", help="Save the counterexample (for one protocol).")
    ] = None,
    expected: Annotated[
        bool, typer.Option("--expected", help="Succeed if all verdicts are as the protocols say in `expects`.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """Check protocols: every interleaving, every property, as a table of verdicts."""
    from deadheat.scenarios.check import Options
    from deadheat.sim.errors import UsageError

    names = names_of(protocols)
    if expected and faults:
        raise UsageError("--expected compares with what is expected as a protocol stands; leave --faults out.")
    if trace is not None and len(names) != 1:
        raise UsageError("--trace saves one counterexample, so it needs exactly one PROTOCOL.")
    if checkpoint is not None and len(names) != 1:
        raise UsageError("--checkpoint saves one search, so it needs exactly one PROTOCOL.")
    require_writable_if_given(trace)
    scenarios = [scenario_of(name, evaluations, faults, properties, quiet_period, settings) for name in names]
    search = replace(
        search_options(max_states, max_values, memory),
        explorer=explorer,
        merging=unless(no_merging),
        composition=unless(no_composition),
        partial_order=unless(no_partial_order),
        symmetry=symmetry,
        checkpoint=checkpoint,
        fingerprint=fingerprint,
    )
    options = Options(search, unreached_allowed(allow_unreached, scenarios), faults_must_fire=bool(protocols))
    results, broken = search_all(scenarios, options)
    code = code_of(results, broken)
    if trace is not None:
        save_first(results[0], trace)
    otherwise = [each for result in results for _, each in result.otherwise] if expected else []
    if expected and not broken:
        code = code_as_expected(results)
    if as_json:
        from deadheat.reports.machine import check_to_json

        finish(code, lambda: typer.echo(check_to_json(results)))
    from deadheat.reports.matrix import print_matrix

    def told() -> None:
        print_matrix(results, console())
        for line in otherwise or ["As expected."] * (expected and code is ExitCode.AS_HOPED):
            console().print(line)

    finish(code, told)


@runs_users_code
def show(
    protocol: Annotated[str, typer.Argument(metavar="PROTOCOL", help="Whose counterexample to show.")],
    evaluations: Evaluations = 1,
    settings: Settings = None,
    faults: Faults = None,
    prop: Annotated[
        str | None, typer.Option("--property", "-p", metavar="NAME", help="Of which property; the first violated one.")
    ] = None,
    max_states: MaxStates = DEFAULTS.states_max,
    max_values: MaxValues = DEFAULTS.values_max,
    quiet_period: Quiet = False,
    allow_unreached: AllowUnreached = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where",
            metavar="CONDITION",
            help="Only one in which steps happened so: 'T5<T8' (T5 before T8 first did), T4 (it happened), '!T4' (it "
            "never did), redis.get for an operation. May be given several times; all must hold.",
        ),
    ] = None,
    save: Annotated[Path | None, typer.Option("--save", metavar="FILE", help="Also save it as JSON.")] = None,
    as_test: Annotated[
        Path | None,
        typer.Option(
            "--as-test", metavar="FILE", help="Also write a test for pytest, which fails until no run violates it."
        ),
    ] = None,
    plain: Plain = False,
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile",
            metavar="NAME|FILE",
            help="Also say, by step, how likely the violation still is at these latencies: quiet, busy, a file.",
        ),
    ] = None,
    why: Annotated[
        bool,
        typer.Option("--why", help="Also say which orders and faults decided it, and which guard stops it elsewhere."),
    ] = False,
    runs: Annotated[
        int | None,
        typer.Option(
            "--runs",
            help="Show so many runs in which nothing goes wrong instead: a typical one, and extreme ones.",
            **whole("--runs", 1, 20),
        ),
    ] = None,
) -> None:
    """Show a shortest counterexample as a timeline, and say what happened.

    Example: deadheat show baseline --where 'T5<T8' --where '!T4'
    """
    from deadheat.scenarios.check import Options
    from deadheat.sim.errors import UsageError
    from deadheat.sim.explain.where import parse_condition

    scenario = scenario_of(protocol, evaluations, faults, None if prop is None else [prop], quiet_period, settings)
    conditions = tuple(map(parse_condition, where or []))
    require_writable_if_given(save)
    require_testable_if_given(as_test)
    laws = laws_if_given(profile)
    if runs is not None and (conditions or save or as_test or why or profile):
        raise UsageError(
            "--runs shows runs that violate nothing; leave out --where, --save, --as-test, --why and --profile."
        )
    allowed = unreached_allowed(allow_unreached, [scenario])
    options = Options(search_options(max_states, max_values), allowed, faults_must_fire=True, where=conditions)
    [result], _ = search_all([scenario], options)
    if runs is not None:
        from deadheat.reports.good_runs import print_good_runs
        from deadheat.scenarios.good_runs import good_runs

        found = good_runs(scenario, runs, values_max=max_values)
        finish(code_of([result]), lambda: print_good_runs(result, found, console(), plain=plain))
    counterexample = first_counterexample(result)
    if counterexample is None and where and result.is_decided:
        nothing = f"Nothing is violated by a run with {' and '.join(map(str, conditions))}, among all that there are."
        finish(code_of([result]), lambda: console().print(nothing, markup=False, highlight=False))
    if counterexample is None:
        from deadheat.reports.matrix import print_matrix

        say_not_written(save, as_test)
        finish(code_of([result]), lambda: print_matrix([result], console()))
    if save is not None:
        save_first(result, save)
    if as_test is not None:
        save_as_test(counterexample, as_test)
    printed = timeline(counterexample, plain=plain, likely=likely_at(counterexample, laws, profile))
    if not why:
        finish(code_of([result]), printed)
    from deadheat.reports.progress import ProgressLine
    from deadheat.reports.why import print_why
    from deadheat.scenarios.why import why as why_it_is

    with ProgressLine("asking") as progress:
        reasons = why_it_is(counterexample, report=progress.say)

    def told() -> None:
        printed()
        print_why(reasons, console(), plain=plain)

    finish(code_of([result]), told)
