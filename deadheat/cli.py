"""The command line: parses, calls, renders."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from deadheat.commands.check import check, show
from deadheat.commands.cleanup import EXAMPLES, cleanup
from deadheat.commands.conform import conform
from deadheat.commands.ending import ended, epilog
from deadheat.commands.frontier import frontier
from deadheat.commands.gate import gate
from deadheat.commands.incidents import incidents
from deadheat.commands.list import list_names
from deadheat.commands.live import live
from deadheat.commands.mutate import mutate
from deadheat.commands.new import new
from deadheat.commands.replay import replay, window
from deadheat.version import VERSION

if TYPE_CHECKING:  # imported where they are used: --help must not wait for the engine
    pass

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
app.command(epilog=epilog("deadheat check status-check --evaluations 2 --property no-permanent-orphan --json"))(check)
app.command(
    epilog=epilog(
        "deadheat show baseline --property no-permanent-orphan --save orphan.json",
        "there is no counterexample, for all hold",
        "here it is",
    )
)(show)
app.command(
    epilog=epilog(
        "deadheat frontier creation-lock name-tombstone --property no-transient-orphan",
        "every set of faults was decided",
        "never",
    )
)(frontier)
app.command(
    epilog=epilog("deadheat replay orphan.json", "the race is still there", "this run of it is gone", decides=False)
)(replay)
app.command(
    epilog=epilog(
        "deadheat window orphan.json --latency http.accept=5ms..2s --latency T5=212ms",
        "it cannot",
        "it can",
        decides=False,
    )
)(window)
app.command(epilog=epilog("deadheat mutate state-machine --show 17", "all mutants are noticed", "one is not"))(mutate)
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
app.command(epilog=epilog("deadheat gate --base origin/main", "nothing that was guaranteed is lost", "something is"))(
    gate
)
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
