"""The command line: parses, calls, renders."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deadheat.cli_cleanup import EXAMPLES, cleanup
from deadheat.cli_incidents import incidents
from deadheat.cli_live import conform, live
from deadheat.cli_options import (
    Checkpoint,
    ExplorerName,
    Fingerprint,
    MaxStates,
    Memory,
    NoComposition,
    NoMerging,
    NoPartialOrder,
    Quiet,
    Symmetry,
    cores,
    search_options,
)
from deadheat.version import VERSION

if TYPE_CHECKING:  # imported where they are used: --help must not wait for the engine
    from deadheat.scenarios.check import CheckResult, Counterexample, Options
    from deadheat.scenarios.mutate import Hunt, MutantResult
    from deadheat.scenarios.scenario import Scenario

__all__ = ["app", "main"]

VIOLATED, USAGE, INCONCLUSIVE, DEFECT = 1, 2, 3, 4

app = typer.Typer(
    name="deadheat",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Can a cancelled evaluation leave a Job behind? Checks every interleaving of a cancellation protocol.\n\n"
    "Exit codes: 0 as hoped, 1 a property is violated or a trace no longer reproduces, 2 usage or bad input, "
    "3 inconclusive, 4 a defect of deadheat.",
    epilog="Example: deadheat check baseline request-token --faults worker-crash=1",
)

app.add_typer(live, name="live")
app.command(epilog="Example: deadheat conform stress.jsonl")(conform)
app.command(epilog="Example: deadheat incidents tekton-2381 airflow-69762 --json")(incidents)
app.command(epilog=EXAMPLES)(cleanup)

Evaluations = Annotated[int, typer.Option("--evaluations", "-n", help="How many evaluations run at once.")]
Faults = Annotated[
    list[str] | None,
    typer.Option("--faults", metavar="KIND=K", help="Allow up to K faults of a kind; * for any number."),
]
DEFAULT_MAX_STATES = 10_000_000


def show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"deadheat {VERSION}")
        raise typer.Exit


@app.callback()
def deadheat(
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Run before every command."""


@app.command("list", epilog="Example: deadheat list faults")
def list_names(
    what: Annotated[str | None, typer.Argument(help="protocols, properties or faults; nothing for all.")] = None,
) -> None:
    """List the protocols, properties and faults, each with one line."""
    from deadheat.reports.catalogue import print_catalogue

    print_catalogue(what, _console())


@app.command(epilog="Example: deadheat check status-check --evaluations 2 --property no-permanent-orphan --json")
def check(
    protocols: Annotated[
        list[str] | None, typer.Argument(metavar="[PROTOCOL]...", help="What to check; nothing for all of them.")
    ] = None,
    evaluations: Evaluations = 1,
    faults: Faults = None,
    properties: Annotated[
        list[str] | None, typer.Option("--property", "-p", metavar="NAME", help="Check only this property.")
    ] = None,
    max_states: MaxStates = DEFAULT_MAX_STATES,
    explorer: ExplorerName = "auto",
    no_merging: NoMerging = False,
    no_composition: NoComposition = False,
    symmetry: Symmetry = None,
    no_partial_order: NoPartialOrder = False,
    memory: Memory = None,
    fingerprint: Fingerprint = False,
    checkpoint: Checkpoint = None,
    quiet_period: Quiet = False,
    trace: Annotated[
        Path | None, typer.Option("--trace", metavar="FILE", help="Save the counterexample (for one protocol).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """Check protocols: every interleaving, every property, as a table of verdicts."""
    from deadheat.scenarios.scenario import DEFAULT_PROTOCOLS
    from deadheat.sim.errors import UsageError

    names = list(dict.fromkeys(protocols or DEFAULT_PROTOCOLS))
    if trace is not None and len(names) != 1:
        raise UsageError("--trace saves one counterexample, so it needs exactly one PROTOCOL.")
    if checkpoint is not None and len(names) != 1:
        raise UsageError("--checkpoint saves one search, so it needs exactly one PROTOCOL.")
    scenarios = [_scenario(name, evaluations, faults, properties, quiet_period) for name in names]
    options = search_options(
        explorer,
        max_states,
        memory,
        merging=not no_merging,
        composition=not no_composition,
        partial_order=not no_partial_order,
        symmetry=symmetry,
        checkpoint=checkpoint,
        fingerprint=fingerprint,
    )
    results = _check_all(scenarios, options)
    if trace is not None:
        _save_first(results[0], trace)
    if as_json:
        from deadheat.reports.machine import check_to_json

        typer.echo(check_to_json(results))
    else:
        from deadheat.reports.matrix import print_matrix

        print_matrix(results, _console())
    raise typer.Exit(_exit_code(results))


@app.command(epilog="Example: deadheat show baseline --property no-permanent-orphan --save orphan.json")
def show(
    protocol: Annotated[str, typer.Argument(help="Whose counterexample to show.")],
    evaluations: Evaluations = 1,
    faults: Faults = None,
    prop: Annotated[
        str | None, typer.Option("--property", "-p", metavar="NAME", help="Of which property; the first violated one.")
    ] = None,
    max_states: MaxStates = DEFAULT_MAX_STATES,
    quiet_period: Quiet = False,
    save: Annotated[Path | None, typer.Option("--save", metavar="FILE", help="Also save it as JSON.")] = None,
) -> None:
    """Show a shortest counterexample as a timeline, and say what happened."""
    scenario = _scenario(protocol, evaluations, faults, [prop] if prop else None, quiet_period)
    [result] = _check_all([scenario], search_options("auto", max_states))
    counterexample = _first_counterexample(result)
    if counterexample is None:
        from deadheat.reports.matrix import print_matrix

        print_matrix([result], _console())
    else:
        if save is not None:
            _save_first(result, save)
        _print_timeline(counterexample)
    raise typer.Exit(_exit_code([result]))


@app.command(epilog="Example: deadheat frontier state-machine name-tombstone --up-to 2")
def frontier(
    protocols: Annotated[
        list[str] | None, typer.Argument(metavar="[PROTOCOL]...", help="What to break; nothing for all of them.")
    ] = None,
    up_to: Annotated[int, typer.Option("--up-to", min=0, metavar="K", help="Try sets of up to K faults.")] = 1,
    evaluations: Evaluations = 1,
    properties: Annotated[
        list[str] | None, typer.Option("--property", "-p", metavar="NAME", help="Break only this property.")
    ] = None,
    max_states: MaxStates = DEFAULT_MAX_STATES,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """Find the smallest sets of faults that break each property of each protocol."""
    import os

    from deadheat.reports.progress import ProgressLine
    from deadheat.scenarios.frontier import frontiers
    from deadheat.scenarios.scenario import DEFAULT_PROTOCOLS

    names = list(dict.fromkeys(protocols or DEFAULT_PROTOCOLS))
    scenarios = [_scenario(name, evaluations, None, properties, quiet=False) for name in names]
    with ProgressLine("breaking") as progress:
        found = frontiers(scenarios, up_to, search_options("auto", max_states), os.cpu_count() or 1, progress.tried)
    if as_json:
        from deadheat.reports.machine import frontier_to_json

        typer.echo(frontier_to_json(found))
    else:
        from deadheat.reports.frontier import print_frontiers

        print_frontiers(found, _console())
    raise typer.Exit(INCONCLUSIVE if any(each.undecided for each in found) else 0)


@app.command(epilog="Example: deadheat replay orphan.json")
def replay(file: Annotated[Path, typer.Argument(help="A trace that deadheat saved.")]) -> None:
    """Run a saved counterexample again, and fail if it no longer does what it did."""
    from deadheat.scenarios.trace_file import replay_file

    counterexample = replay_file(file)
    _print_timeline(counterexample)
    _console().print(f"Reproduced: all {len(counterexample.trace.events)} steps of {file} happened as recorded.")


@app.command(epilog="Example: deadheat window orphan.json --latency http.accept=5ms..2s --latency T5=212ms")
def window(
    file: Annotated[Path, typer.Argument(help="A trace that deadheat saved.")],
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
    """Say whether a saved counterexample can happen at given latencies, and why.

    Exit codes: 0 it cannot, 1 it can, 2 usage or bad input.
    """
    from deadheat.reports.window import print_window, window_to_json
    from deadheat.scenarios.latency import parse_latencies
    from deadheat.scenarios.trace_file import replay_file
    from deadheat.scenarios.window import race_window

    given = parse_latencies(latencies or [])
    found = race_window(replay_file(file), given)
    if as_json:
        typer.echo(window_to_json(found))
    else:
        print_window(found, _console())
    raise typer.Exit(VIOLATED if found.possible else 0)


@app.command(epilog="Example: deadheat mutate state-machine --show 17")
def mutate(
    protocol: Annotated[str, typer.Argument(help="Whose guards to take away, one at a time.")],
    evaluations: Evaluations = 1,
    faults: Faults = None,
    max_states: MaxStates = DEFAULT_MAX_STATES,
    number: Annotated[
        int | None, typer.Option("--show", metavar="N", min=1, help="Show how mutant N was noticed, as a timeline.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """Take away one guard at a time, and say which property notices.

    Without --faults: first without faults, then with one fault of each kind. Exit codes: 0 all are noticed, 1 one is
    not, 2 usage or bad input, 3 inconclusive.
    """
    from deadheat.reports.mutants import mutants_to_json, print_mutant, print_mutants
    from deadheat.scenarios.mutate import Fate, shortest_of

    asked = _scenario(protocol, evaluations, faults, None, False)
    hunt, results = _judge(asked, search_options("python", max_states), number)
    if as_json:
        typer.echo(mutants_to_json(hunt, results))
    elif number is None:
        print_mutants(hunt, results, _console())
    else:
        print_mutant(results[0], _console())
        if (shown := shortest_of(results[0])) is not None:
            _print_timeline(shown)
    fates = {each.fate for each in results}
    unnoticed = fates & {Fate.SURVIVED, Fate.NO_DIFFERENCE}
    raise typer.Exit(VIOLATED if unnoticed else INCONCLUSIVE if Fate.INCONCLUSIVE in fates else 0)


def main() -> None:
    """Run the command line; a user's mistake becomes one sentence and an exit code."""
    from deadheat.sim.errors import DeadheatError, InternalError, ReplayDivergedError

    try:
        app()
    except DeadheatError as error:
        print(f"deadheat: {error}", file=sys.stderr)
        codes: dict[type, int] = {InternalError: DEFECT, ReplayDivergedError: VIOLATED}
        sys.exit(codes.get(type(error), USAGE))


def _console() -> Any:
    from rich.console import Console

    return Console()


def _scenario(
    name: str, evaluations: int, faults: list[str] | None, properties: list[str] | None, quiet: bool
) -> Scenario:
    from deadheat.scenarios.properties import PROPERTIES
    from deadheat.scenarios.scenario import Scenario, parse_faults

    asked = tuple(dict.fromkeys(properties)) if properties else tuple(PROPERTIES)
    return Scenario(name, evaluations, parse_faults(faults or []), asked, quiet)


def _check_all(scenarios: list[Scenario], options: Options) -> list[CheckResult]:
    from deadheat.reports.progress import ProgressLine
    from deadheat.scenarios import interruption
    from deadheat.scenarios.check import check_all

    interruption.listen()
    # One evaluation takes less time than starting processes would.
    jobs = cores() if scenarios[0].evaluations > 1 else 1
    results = []
    with ProgressLine("exploring") as progress:
        for result in check_all(scenarios, options, jobs, progress.searched):
            results.append(result)
            progress.say(f"checked {len(results)} of {len(scenarios)} protocols, last {result.scenario.protocol}")
    return results


def _judge(scenario: Scenario, options: Options, number: int | None) -> tuple[Hunt, list[MutantResult]]:
    from deadheat.reports.progress import ProgressLine
    from deadheat.scenarios import interruption
    from deadheat.scenarios.mutate import hunt_of, judge_all

    interruption.listen()
    results = []
    with ProgressLine("exploring") as progress:
        hunt = hunt_of(scenario, options, cores())
        for result in judge_all(hunt, options, cores(), number):
            results.append(result)
            progress.say(f"judged {len(results)} of {len(hunt.guards.mutations)} mutants")
    return hunt, results


def _exit_code(results: list[CheckResult]) -> int:
    verdicts = {str(outcome.verdict) for result in results for outcome in result.outcomes}
    if "violated" in verdicts:
        return VIOLATED
    return INCONCLUSIVE if "inconclusive" in verdicts else 0


def _first_counterexample(result: CheckResult) -> Counterexample | None:
    return next((each.counterexample for each in result.outcomes if each.counterexample), None)


def _save_first(result: CheckResult, path: Path) -> None:
    from deadheat.scenarios.trace_file import save

    counterexample = _first_counterexample(result)
    if counterexample is None:
        print(f"deadheat: nothing is violated, so {path} was not written.", file=sys.stderr)
    else:
        save(counterexample, path)


def _print_timeline(counterexample: Counterexample) -> None:
    from deadheat.reports.timeline import print_timeline
    from deadheat.sim.turning_point import turning_point

    model = counterexample.scenario.model()
    lost = turning_point(model, counterexample.property, counterexample.trace.schedule)
    print_timeline(counterexample, _console(), lost)
