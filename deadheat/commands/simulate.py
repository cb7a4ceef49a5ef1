"""The command that says how likely an orphan is, how long it lives, and what a mitigation costs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from deadheat.commands.ending import ExitCode, console, finish
from deadheat.commands.options import Faults, Plain, cores, shortened, whole
from deadheat.commands.traces import timeline
from deadheat.commands.users_code import runs_users_code

if TYPE_CHECKING:  # imported where they are used: --help must not wait for the engine
    from deadheat.scenarios.in_time import Question

__all__ = ["Latencies", "Memoryless", "Profile", "question_of", "simulate"]

Latencies = Annotated[
    list[str] | None,
    typer.Option(
        "--latency", metavar="NAME=DIST", help="How long a step takes, such as T7=lognormal(median=80ms, p99=2s)."
    ),
]
Profile = Annotated[
    str, typer.Option("--profile", metavar="NAME|FILE", help="What all else takes: quiet, busy, or a TOML file.")
]
Memoryless = Annotated[
    bool, typer.Option("--memoryless", help="Take every latency as exponential, of its mean: then all is exact.")
]


@runs_users_code
def simulate(
    references: Annotated[
        list[str] | None, typer.Argument(metavar="REFERENCE...", help="Protocols; each beside the first.")
    ] = None,
    latency: Latencies = None,
    profile: Profile = "quiet",
    memoryless: Memoryless = False,
    method: Annotated[str, typer.Option("--method", metavar="METHOD", help="auto, exact, kernel or simpy.")] = "auto",
    cancellations: Annotated[int, typer.Option("--cancellations", help="So many.", **whole("--cancellations", 1))] = (
        1_000_000
    ),
    seed: Annotated[int, typer.Option("--seed", help="Of the random numbers.", **whole("--seed", 0))] = 0,
    faults: Faults = None,
    price: Annotated[
        str | None, typer.Option("--price-per-hour", metavar="PRICE", help="Of a Job that runs for an hour.")
    ] = None,
    arrivals: Annotated[
        str | None, typer.Option("--arrivals", metavar="RATE", help="Evaluations that are submitted, such as 200/h.")
    ] = None,
    along: Annotated[
        Path | None,
        typer.Option("--along", metavar="FILE", help="How likely a saved counterexample still is, by step."),
    ] = None,
    curve: Annotated[bool, typer.Option("--curve", help="The cleanup's period, from 10 s to 1 h.")] = False,
    alert: Annotated[
        int | None,
        typer.Option("--alert", help="With --curve: orphans an hour that set an alert off.", **whole("--alert", 0)),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="With --curve: a picture too, .png or .svg.")
    ] = None,
    plain: Plain = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """Say how likely an orphan is, how long it lives, and what a mitigation costs; compare protocols."""
    from deadheat.reports.simulate import print_simulation, simulation_to_json
    from deadheat.scenarios import simulate as scenarios

    question = question_of(latency, profile, memoryless, method, cancellations, seed, faults, price, arrivals)
    _require_one_question(references, along, curve, alert, plot)
    if along is not None:
        _along(along, question, profile, memoryless, plain=plain, as_json=as_json)
    if curve:
        _curve(references or [], question, alert, plot, as_json)
    found = scenarios.simulate(references or [], question)
    if as_json:
        finish(ExitCode.AS_HOPED, lambda: typer.echo(simulation_to_json(found, profile)))
    finish(ExitCode.AS_HOPED, lambda: print_simulation(found, profile, console()))


def _require_one_question(
    references: list[str] | None, along: Path | None, curve: bool, alert: int | None, plot: Path | None
) -> None:
    from deadheat.sim.errors import UsageError

    if along is not None and (references or curve):
        raise UsageError("--along is about the protocol of its counterexample; give it alone.")
    if along is None and not references:
        raise UsageError("There is nothing to simulate; name a protocol, such as baseline.")
    if curve and len(references or []) != 1:
        raise UsageError("--curve is about one protocol with a cleanup; name just that.")
    if not curve and (alert is not None or plot is not None):
        raise UsageError("--alert and --plot are about the curve of the cleanup's period; ask for that by --curve.")


def _along(path: Path, question: Question, profile: str, memoryless: bool, *, plain: bool, as_json: bool) -> NoReturn:
    from deadheat.reports.likelihood import along_to_json, likely_of
    from deadheat.reports.simulate import extra_to_json
    from deadheat.scenarios.likelihood import along
    from deadheat.scenarios.trace_file import load

    counterexample = load(path)
    found = along(counterexample, question.laws)
    if as_json:
        finish(ExitCode.AS_HOPED, lambda: typer.echo(extra_to_json(along=along_to_json(counterexample, found))))
    likely = likely_of(counterexample, found, profile, memoryless=memoryless)
    finish(ExitCode.AS_HOPED, timeline(counterexample, plain=plain, likely=likely))


def _curve(references: list[str], question: Question, alert: int | None, plot: Path | None, as_json: bool) -> NoReturn:
    from deadheat.reports.monitoring import curve_to_json, plot_curve, print_curve, require_plottable
    from deadheat.reports.simulate import extra_to_json
    from deadheat.scenarios.monitoring import curve

    if plot is not None:
        require_plottable(plot)
    points = curve(references[0], question, alert)
    if plot is not None:
        plot_curve(references[0], points, plot)
    if as_json:
        finish(ExitCode.AS_HOPED, lambda: typer.echo(extra_to_json(curve=curve_to_json(points))))
    finish(ExitCode.AS_HOPED, lambda: print_curve(references[0], points, console()))


def question_of(
    latency: list[str] | None,
    profile: str,
    memoryless: bool,
    method: str,
    cancellations: int,
    seed: int,
    faults: list[str] | None,
    price: str | None,
    arrivals: str | None,
) -> Question:
    """Return what was asked for; raises UsageError."""
    from deadheat.scenarios.distributions import parse_laws, parse_rate_per_day
    from deadheat.scenarios.in_time import Question, memoryless as forgetting
    from deadheat.scenarios.profiles import load_profile
    from deadheat.scenarios.scenario import parse_faults
    from deadheat.scenarios.simulate import METHODS
    from deadheat.scenarios.timing import layered
    from deadheat.sim.errors import unknown_name

    if method not in METHODS:
        raise unknown_name("method", method, METHODS)
    given = parse_laws(latency or [])
    laws = layered(given, load_profile(profile).laws)
    return Question(
        laws=forgetting(laws) if memoryless else laws,
        given=given,
        method=method,
        cancellations=cancellations,
        seed=seed,
        faults=parse_faults(faults or []),
        price_per_hour=None if price is None else _price(price),
        arrivals_per_day=None if arrivals is None else parse_rate_per_day(arrivals),
        cores=cores(),
    )


def _price(text: str) -> float:
    from deadheat.sim.errors import UsageError

    try:
        price = float(text)
    except ValueError:
        price = -1.0
    if not 0 <= price < 1e12:
        raise UsageError(f"{shortened(text)} is no price for --price-per-hour; write a number from 0 on, such as 0.35.")
    return price
