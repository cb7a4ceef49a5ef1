"""The command line: parses, calls, renders."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deadheat.cli_cleanup import EXAMPLES, cleanup
from deadheat.cli_conform import conform
from deadheat.cli_ending import ExitCode, console, ended, epilog, finish, say
from deadheat.cli_incidents import incidents
from deadheat.cli_list import list_names
from deadheat.cli_live import live
from deadheat.cli_new import new
from deadheat.cli_options import (
    AllowUnreached,
    Checkpoint,
    ExplorerName,
    Fingerprint,
    MaxStates,
    MaxValues,
    Memory,
    NoComposition,
    NoMerging,
    NoPartialOrder,
    Quiet,
    Symmetry,
    search_options,
    unreached_allowed,
    whole,
)
from deadheat.cli_searches import code_of, judge_mutants, scenario_of, search_all, undecided
from deadheat.cli_users_code import runs_users_code
from deadheat.sim.counting import counted
from deadheat.version import VERSION

if TYPE_CHECKING:  # imported where they are used: --help must not wait for the engine
    from deadheat.scenarios.check import CheckResult, Counterexample

__all__ = ["app", "main"]

app = typer.Typer(
    name="deadheat",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Can a cancelled evaluation leave a Job behind? Checks every interleaving of a cancellation protocol.",
    epilog=epilog(
        "deadheat check baseline request-token --faults worker-crash=1",
        "as hoped",
        "a property is violated, or a trace no longer reproduces",
    ),
)

app.add_typer(live, name="live")
Evaluations = Annotated[
    int, typer.Option("--evaluations", "-n", help="How many evaluations run at once.", **whole("--evaluations"))
]
Faults = Annotated[
    list[str] | None,
    typer.Option(
        "--faults",
        metavar="KIND=K",
        help="Allow up to K faults of a kind, or any number: 'KIND=*' (not all kinds; see deadheat list faults).",
    ),
]
DEFAULT_MAX_STATES = 10_000_000
DEFAULT_MAX_VALUES = 250
UP_TO_MAX = 5
"""Sets of so many faults are some thousands for each property of each protocol; of more, nobody waits for the end."""


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


app.command("list", epilog=epilog("deadheat list faults", "listed", None, decides=False))(list_names)


@app.command(
    epilog=epilog("deadheat check status-check --evaluations 2 --property no-permanent-orphan --json"),
)
@runs_users_code
def check(
    protocols: Annotated[
        list[str] | None, typer.Argument(metavar="PROTOCOL", help="What to check; nothing for all of them.")
    ] = None,
    evaluations: Evaluations = 1,
    faults: Faults = None,
    properties: Annotated[
        list[str] | None, typer.Option("--property", "-p", metavar="NAME", help="Check only this property.")
    ] = None,
    max_states: MaxStates = DEFAULT_MAX_STATES,
    max_values: MaxValues = DEFAULT_MAX_VALUES,
    explorer: ExplorerName = "auto",
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
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """Check protocols: every interleaving, every property, as a table of verdicts."""
    from deadheat.scenarios.catalogue import DEFAULT_PROTOCOLS
    from deadheat.sim.errors import UsageError

    names = list(dict.fromkeys(protocols or DEFAULT_PROTOCOLS))
    if trace is not None and len(names) != 1:
        raise UsageError("--trace saves one counterexample, so it needs exactly one PROTOCOL.")
    if checkpoint is not None and len(names) != 1:
        raise UsageError("--checkpoint saves one search, so it needs exactly one PROTOCOL.")
    _require_writable(trace)
    scenarios = [scenario_of(name, evaluations, faults, properties, quiet_period) for name in names]
    options = search_options(
        explorer,
        max_states,
        memory,
        values_max=max_values,
        merging=not no_merging,
        composition=not no_composition,
        partial_order=not no_partial_order,
        symmetry=symmetry,
        checkpoint=checkpoint,
        fingerprint=fingerprint,
        allow_unreached=unreached_allowed(allow_unreached),
        faults_must_fire=bool(protocols),
    )
    results, broken = search_all(scenarios, options)
    code = code_of(results, broken)
    if trace is not None:
        _save_first(results[0], trace)
    if as_json:
        from deadheat.reports.machine import check_to_json

        finish(code, lambda: typer.echo(check_to_json(results)))
    from deadheat.reports.matrix import print_matrix

    finish(code, lambda: print_matrix(results, console()))


@app.command(
    epilog=epilog(
        "deadheat show baseline --property no-permanent-orphan --save orphan.json",
        "there is no counterexample, for all hold",
        "here it is",
    )
)
@runs_users_code
def show(
    protocol: Annotated[str, typer.Argument(metavar="PROTOCOL", help="Whose counterexample to show.")],
    evaluations: Evaluations = 1,
    faults: Faults = None,
    prop: Annotated[
        str | None, typer.Option("--property", "-p", metavar="NAME", help="Of which property; the first violated one.")
    ] = None,
    max_states: MaxStates = DEFAULT_MAX_STATES,
    max_values: MaxValues = DEFAULT_MAX_VALUES,
    quiet_period: Quiet = False,
    allow_unreached: AllowUnreached = None,
    save: Annotated[Path | None, typer.Option("--save", metavar="FILE", help="Also save it as JSON.")] = None,
) -> None:
    """Show a shortest counterexample as a timeline, and say what happened."""
    scenario = scenario_of(protocol, evaluations, faults, None if prop is None else [prop], quiet_period)
    _require_writable(save)
    allowed = unreached_allowed(allow_unreached)
    options = search_options("auto", max_states, values_max=max_values, allow_unreached=allowed, faults_must_fire=True)
    [result], _ = search_all([scenario], options)
    counterexample = _first_counterexample(result)
    if counterexample is None:
        from deadheat.reports.matrix import print_matrix

        finish(code_of([result]), lambda: print_matrix([result], console()))
    if save is not None:
        _save_first(result, save)
    finish(code_of([result]), _timeline(counterexample))


@app.command(
    epilog=epilog(
        "deadheat frontier creation-lock name-tombstone --property no-transient-orphan",
        "every set of faults was decided",
        "never",
    )
)
@runs_users_code
def frontier(
    protocols: Annotated[
        list[str] | None, typer.Argument(metavar="PROTOCOL", help="What to break; nothing for all of them.")
    ] = None,
    up_to: Annotated[
        int, typer.Option("--up-to", help="Try sets of up to N faults.", **whole("--up-to", 0, UP_TO_MAX))
    ] = 1,
    evaluations: Evaluations = 1,
    properties: Annotated[
        list[str] | None, typer.Option("--property", "-p", metavar="NAME", help="Break only this property.")
    ] = None,
    max_states: MaxStates = DEFAULT_MAX_STATES,
    max_values: MaxValues = DEFAULT_MAX_VALUES,
    allow_unreached: AllowUnreached = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """Find the smallest sets of faults that break each property of each protocol."""
    import os

    from deadheat.reports.progress import ProgressLine
    from deadheat.scenarios.catalogue import DEFAULT_PROTOCOLS
    from deadheat.scenarios.frontier import frontiers

    names = list(dict.fromkeys(protocols or DEFAULT_PROTOCOLS))
    scenarios = [scenario_of(name, evaluations, None, properties, quiet=False) for name in names]
    options = search_options(
        "auto", max_states, values_max=max_values, allow_unreached=unreached_allowed(allow_unreached)
    )
    with ProgressLine("breaking") as progress:
        found = frontiers(scenarios, up_to, options, os.cpu_count() or 1, progress.tried)
    code = ExitCode.UNDECIDED if any(each.undecided or each.is_vacuous() for each in found) else ExitCode.AS_HOPED
    if as_json:
        from deadheat.reports.machine import frontier_to_json

        finish(code, lambda: typer.echo(frontier_to_json(found)))
    from deadheat.reports.frontier import print_frontiers

    finish(code, lambda: print_frontiers(found, console()))


@app.command(
    epilog=epilog("deadheat replay orphan.json", "the race is still there", "this run of it is gone", decides=False)
)
@runs_users_code
def replay(file: Annotated[Path, typer.Argument(metavar="FILE", help="A trace that deadheat saved.")]) -> None:
    """Run a saved counterexample again: proof that the race is there, and no guard, since it fails once it is gone.

    For a guard, run `deadheat check PROTOCOL --property NAME`, which fails as long as there is a race.

    Whether a log of the real system is as the model, `deadheat conform` says.
    """
    counterexample = _replayed(file)

    print_timeline = _timeline(counterexample)

    def print_both() -> None:
        print_timeline()
        steps = counted(len(counterexample.trace.events), "step")
        console().print(f"Reproduced: {file} does what it did, in {steps}, so the race is still there.")

    finish(ExitCode.AS_HOPED, print_both)


@app.command(
    epilog=epilog(
        "deadheat window orphan.json --latency http.accept=5ms..2s --latency T5=212ms",
        "it cannot",
        "it can",
        decides=False,
    )
)
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
    found = race_window(_replayed(file), given)
    code = ExitCode.VIOLATED if found.possible else ExitCode.AS_HOPED
    finish(code, lambda: typer.echo(window_to_json(found)) if as_json else print_window(found, console()))


@app.command(epilog=epilog("deadheat mutate state-machine --show 17", "all mutants are noticed", "one is not"))
@runs_users_code
def mutate(
    protocol: Annotated[str, typer.Argument(metavar="PROTOCOL", help="Whose guards to take away, one at a time.")],
    evaluations: Evaluations = 1,
    faults: Faults = None,
    max_states: MaxStates = DEFAULT_MAX_STATES,
    max_values: MaxValues = DEFAULT_MAX_VALUES,
    number: Annotated[
        int | None, typer.Option("--show", help="Show how mutant N was noticed, as a timeline.", **whole("--show", 1))
    ] = None,
    allow_unreached: AllowUnreached = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """Take away one guard at a time, and say which property notices.

    Without --faults: first without faults, then with one fault of each kind.
    """
    from deadheat.reports.mutants import mutants_to_json, print_mutant, print_mutants
    from deadheat.scenarios.mutate import Fate, shortest_of

    asked = scenario_of(protocol, evaluations, faults, None, False)
    options = search_options(
        "python", max_states, values_max=max_values, allow_unreached=unreached_allowed(allow_unreached)
    )
    hunt, results = judge_mutants(asked, options, number)
    fates = {each.fate for each in results}
    code = ExitCode.AS_HOPED
    if fates & {Fate.SURVIVED, Fate.NO_DIFFERENCE}:
        code = ExitCode.VIOLATED
    elif Fate.INCONCLUSIVE in fates:
        code = undecided()
    elif not results or any(each.is_vacuous for each in hunt.originals):  # nothing was tried, or could notice
        code = ExitCode.UNDECIDED
    if as_json:
        finish(code, lambda: typer.echo(mutants_to_json(hunt, results)))
    if number is None:
        finish(code, lambda: print_mutants(hunt, results, console()))

    shown = shortest_of(results[0])
    print_timeline = _timeline(shown) if shown is not None else lambda: None

    def print_one() -> None:
        print_mutant(results[0], console())
        print_timeline()

    finish(code, print_one)


app.command(epilog=epilog("deadheat new ours.py --from state-machine", "written", decides=False))(new)
app.command(
    epilog=epilog(
        "deadheat conform stress.jsonl",
        "the model explains all events, and nothing is violated in them",
        "it does not, or something is",
    )
)(conform)
app.command(
    epilog=epilog("deadheat incidents tekton-2381 airflow-69762 --json", "every defect is found", "one is not")
)(incidents)
app.command(epilog=EXAMPLES)(cleanup)


def main() -> None:
    """Run the command line; whatever goes wrong becomes one sentence, and a code that says what it was."""
    from deadheat.live.redaction import guard

    guard()
    sys.exit(ended(_run))


def _run() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have started us with it ignored
    command = typer.main.get_command(app)  # not app(): that would end the program with 1 for a closed pipe
    with command.make_context("deadheat", sys.argv[1:]) as context:
        command.invoke(context)


def _first_counterexample(result: CheckResult) -> Counterexample | None:
    return next((each.counterexample for each in result.outcomes if each.counterexample), None)


def _save_first(result: CheckResult, path: Path) -> None:
    from deadheat.scenarios.trace_file import save

    counterexample = _first_counterexample(result)
    if counterexample is None:
        say(f"deadheat: nothing is violated, so {path} was not written.")
    else:
        save(counterexample, path)


def _require_writable(path: Path | None) -> None:
    if path is not None:
        from deadheat.scenarios.trace_file import require_writable

        require_writable(path)


def _replayed(path: Path) -> Counterexample:
    """Return what a file holds, run again; say what has changed since it was saved."""
    from deadheat.scenarios.trace_file import replay

    recorded = replay(path)
    if recorded.remark is not None:
        print(f"deadheat: {path} reproduces, but {recorded.remark}.", file=sys.stderr)
    return recorded.counterexample


def _timeline(counterexample: Counterexample) -> Callable[[], None]:
    """Return what prints a timeline; all that runs the user's code for it has run already."""
    from deadheat.reports.timeline import print_timeline
    from deadheat.sim.turning_point import turning_point

    model = counterexample.scenario.model()
    lost = turning_point(model, counterexample.property, counterexample.trace.schedule)
    return lambda: print_timeline(counterexample, console(), lost)
