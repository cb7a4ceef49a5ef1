"""The command line: parses, calls, renders."""

from __future__ import annotations

import signal
import sys
from typing import Annotated

import typer

from deadheat.commands.ending import ended, epilog
from deadheat.commands.help import App, Listed
from deadheat.version import VERSION

__all__ = ["COMMANDS", "app", "main"]

COMMANDS = {
    "list": Listed(
        "List the protocols, properties and faults, each with one line; or the operations that a log may tell of.",
        "deadheat.commands.list:list_names",
        epilog("deadheat list faults", "listed", None, decides=False),
    ),
    "check": Listed(
        "Check protocols: every interleaving, every property, as a table of verdicts.",
        "deadheat.commands.check:check",
        epilog("deadheat check status-check --evaluations 2 --property no-permanent-orphan --json"),
    ),
    "show": Listed(
        "Show a shortest counterexample as a timeline, and say what happened.",
        "deadheat.commands.check:show",
        epilog(
            "deadheat show baseline --property no-permanent-orphan --save orphan.json",
            "there is no counterexample, for all hold",
            "here it is",
        ),
    ),
    "report": Listed(
        "Write a report as one HTML file: the verdicts, and every run to walk through, whichever way one likes.",
        "deadheat.commands.report:report",
        epilog("deadheat report baseline name-tombstone -o report.html"),
    ),
    "graph": Listed(
        "Draw the states of a protocol, folded until they can be read, or a run as a sequence diagram.",
        "deadheat.commands.graph:graph",
        epilog("deadheat graph baseline --property no-transient-orphan -o baseline.svg", "drawn", None, decides=False),
    ),
    "explore": Listed(
        "Step through a protocol by hand: what is enabled, what it does, and how every property then stands.",
        "deadheat.commands.explore:explore",
        epilog(
            "deadheat explore baseline --do 'run no-transient-orphan; back 3; steps'",
            "nothing is violated where it ends",
            "something is",
            decides=False,
        ),
    ),
    "frontier": Listed(
        "Find the smallest sets of faults that break each property of each protocol.",
        "deadheat.commands.frontier:frontier",
        epilog(
            "deadheat frontier creation-lock name-tombstone --property no-transient-orphan",
            "every set of faults was decided",
            "what --require asks for is not so",
        ),
    ),
    "fuzz": Listed(
        "Draw runs at random, where there are too many for a check, and shrink what they find; never a proof.",
        "deadheat.commands.fuzz:fuzz",
        epilog(
            "deadheat fuzz creation-lock -n 3 --faults worker-crash=1 --schedules 20000",
            "exact rates were told (--rate)",
        ),
    ),
    "replay": Listed(
        "Run a saved counterexample again: proof that the race is there, and no guard, since it fails once it is gone.",
        "deadheat.commands.replay:replay",
        epilog("deadheat replay orphan.json", "the race is still there", "this run of it is gone", decides=False),
    ),
    "window": Listed(
        "Say whether a saved counterexample can happen at given latencies, and why.",
        "deadheat.commands.replay:window",
        epilog(
            "deadheat window orphan.json --latency http.accept=5ms..2s --latency T5=212ms",
            "it cannot",
            "it can",
            decides=False,
        ),
    ),
    "mutate": Listed(
        "Take away one guard at a time, and say which property notices.",
        "deadheat.commands.mutate:mutate",
        epilog("deadheat mutate state-machine --show 17", "all mutants are noticed", "one is not"),
    ),
    "new": Listed(
        "Write a first protocol or design of your own, with a test, and say what to try next. Nothing is overwritten.",
        "deadheat.commands.new:new",
        epilog("deadheat new ours.py --from state-machine", "written", decides=False),
    ),
    "conform": Listed(
        "Match a live trace against its protocol's model, and say which properties the run that it tells of violates.",
        "deadheat.commands.conform:conform",
        epilog(
            "deadheat conform stress.jsonl",
            "the model explains all events, and nothing is violated in them",
            "it does not, or something is",
        ),
    ),
    "incidents": Listed(
        "Reproduce reported incidents, and judge their fixes: does each hold, and which one more fault breaks it.",
        "deadheat.commands.incidents:incidents",
        epilog("deadheat incidents tekton-2381 airflow-69762 --json", "every defect is found", "one is not"),
    ),
    "gate": Listed(
        "Fail if a change to a protocol loses what was guaranteed.",
        "deadheat.commands.gate:gate",
        epilog(
            "deadheat gate --update && deadheat gate --format junit --output gate.xml",
            "nothing that was guaranteed is lost",
            "something is",
        ),
    ),
    "rollout": Listed(
        "Say in which order a new version can be rolled out, role by role, beside the old one, and rolled back.",
        "deadheat.commands.rollout:rollout",
        epilog("deadheat rollout baseline name-tombstone --show 3", "some order is safe", "none is"),
    ),
    "simulate": Listed(
        "Say how likely an orphan is, how long it lives, and what a mitigation costs; compare protocols.",
        "deadheat.commands.simulate:simulate",
        epilog(
            "deadheat simulate baseline request-token --latency 'T7=lognormal(median=80ms, p99=2s)' "
            "--cancellations 100000 --price-per-hour 0.35",
            "simulated",
            None,
            decides=False,
        ),
    ),
    "migrate": Listed(
        "Walk the migration path: the cleanup, metrics, the token, no cleanup; say if its end is a mistake.",
        "deadheat.commands.migrate:migrate",
        epilog("deadheat migrate name-tombstone --cancellations 20000", "each step is safe", "one is not"),
    ),
    "latencies": Listed(
        "Fit distributions to the latencies in a live trace, and make a profile of them for simulate.",
        "deadheat.commands.latencies:latencies",
        epilog("deadheat latencies stress.jsonl --save measured.toml", "fitted", None, decides=False),
    ),
    "schema": Listed(
        "Print the JSON Schema of what a command prints with --json, or of a file; without a name, list them.",
        "deadheat.commands.schema:schema",
        epilog("deadheat schema gate", "printed", None, decides=False),
    ),
    "cleanup": Listed(
        "Find Jobs whose evaluation has ended, and delete them with --delete: one sweep, or one every so often.",
        "deadheat.commands.cleanup:app",
    ),
    "live": Listed(
        "Run the same protocols on a real Redis and a real Kubernetes.",
        "deadheat.commands.live:live",
    ),
}
"""Every command, in the order in which help lists them; a test holds what is said of each to what it says itself."""

app = App.of(
    COMMANDS,
    name="deadheat",
    help="Can a cancelled evaluation leave a Job behind? Checks every interleaving of a cancellation protocol.",
    epilog=epilog(
        "deadheat check baseline request-token --faults worker-crash=1",
        "as hoped",
        "a property is violated, or a trace no longer reproduces",
    ),
)


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
