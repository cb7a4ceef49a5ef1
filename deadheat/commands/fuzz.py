"""The command that draws runs at random, where there are too many to look at all of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deadheat.commands.ending import ExitCode, console, finish, say
from deadheat.commands.options import Evaluations, Faults, Plain, Quiet, Settings, seconds_in, whole
from deadheat.commands.searches import names_of, scenario_of
from deadheat.commands.traces import require_writable_if_given, timeline
from deadheat.commands.users_code import runs_users_code

if TYPE_CHECKING:  # imported where they are used: --help must not wait for the engine
    from deadheat.scenarios.fuzz import FuzzResult
    from deadheat.scenarios.scenario import Scenario
    from deadheat.sim.sample.strategies import Strategy

__all__ = ["fuzz"]

SCHEDULES, SECONDS = 50_000, "10s"

RATE_STATES_MAX = 20_000


@runs_users_code
def fuzz(
    protocols: Annotated[
        list[str] | None, typer.Argument(metavar="PROTOCOL", help="What to run; nothing for all of them.")
    ] = None,
    evaluations: Evaluations = 1,
    settings: Settings = None,
    faults: Faults = None,
    properties: Annotated[
        list[str] | None, typer.Option("--property", "-p", metavar="NAME", help="Look at this property only.")
    ] = None,
    quiet_period: Quiet = False,
    strategy: Annotated[
        str | None,
        typer.Option(
            "--strategy",
            metavar="NAME",
            help="swarm, uniform, pct, pos, paths or feedback, side by side by default; or hypothesis.",
        ),
    ] = None,
    depth: Annotated[
        int,
        typer.Option("--depth", help="The depth of pct; 1 to 5 in turn by default.", **whole("--depth", 1, 60)),
    ] = 0,
    schedules: Annotated[
        int, typer.Option("--schedules", help="Stop after so many runs.", **whole("--schedules", 1))
    ] = SCHEDULES,
    seconds: Annotated[
        str, typer.Option("--seconds", metavar="TIME", help="Stop after so long, such as 10s or 5min.")
    ] = SECONDS,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", help="In so many processes at once.", **whole("--jobs", 1, 256))
    ] = 1,
    seed: Annotated[int, typer.Option("--seed", help="Other runs for another seed.", **whole("--seed", 0))] = 0,
    rate: Annotated[
        bool, typer.Option("--rate", help="Say exactly how likely one run finds each violation; draw none.")
    ] = False,
    blob: Annotated[
        str | None, typer.Option("--blob", metavar="TEXT", help="Make the run again of which fuzz printed this.")
    ] = None,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="FILE", help="Save the first counterexample, to be replayed.")
    ] = None,
    failures: Annotated[
        Path | None,
        typer.Option("--failures", metavar="FOLDER", help="Follow the failures saved there first, and save new ones."),
    ] = None,
    plain: Plain = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Draw runs at random, where there are too many for a check, and shrink what they find; never a proof.

    Ctrl-C ends it with what was found.
    """
    from deadheat.scenarios import interruption
    from deadheat.scenarios.failures import keep

    require_writable_if_given(save)
    chosen = _strategies(strategy)
    _require_of_use(depth, strategy, rate=rate, blob=blob, save=save, failures=failures)
    limit = _time(seconds)
    scenarios = [
        scenario_of(name, evaluations, faults, properties, quiet_period, settings) for name in names_of(protocols)
    ]
    if blob is not None:
        _make_again(scenarios, blob, plain=plain)
    interruption.listen()
    if rate:
        _tell_rates(scenarios, chosen, as_json=as_json)
    results = _fuzz_all(scenarios, chosen, depth, schedules, limit, jobs, seed, failures)
    code = ExitCode.VIOLATED if any(each.is_violated for each in results) else ExitCode.UNDECIDED
    if save is not None:
        _save_first(results, save)
    if failures is not None:
        keep(failures, results)
    if as_json:
        from deadheat.reports.fuzz import fuzz_to_json

        finish(code, lambda: typer.echo(fuzz_to_json(results)))
    from deadheat.reports.fuzz import print_fuzz

    first = next((each.failures[0] for result in results for each in result.outcomes if each.failures), None)
    shown = timeline(first.counterexample, plain=plain) if first is not None else lambda: None

    def told() -> None:
        print_fuzz(results, console())
        shown()

    finish(code, told)


def _require_of_use(depth: int, strategy: str | None, *, rate: bool, **others: object) -> None:
    """Raise UsageError for options of which one makes another idle."""
    from deadheat.sim.errors import UsageError

    given = [f"--{name}" for name, value in others.items() if value is not None]
    if rate and given:
        raise UsageError(f"--rate draws no runs, so there is nothing to do for {given[0]}; leave one of them out.")
    if "--blob" in given and len(given) > 1:
        raise UsageError(f"--blob makes one run again, and draws none for {given[1]}; leave one of them out.")
    if depth and strategy not in (None, "pct"):
        raise UsageError(f"--depth is for pct, and {strategy} was asked for; leave one of them out.")


def _time(text: str) -> float:
    """Return seconds: a number alone is of these."""
    return seconds_in(f"{text}s" if text.replace(".", "", 1).isdecimal() else text, "--seconds")


def _strategies(name: str | None) -> tuple[Strategy, ...]:
    from deadheat.sim.errors import unknown_name
    from deadheat.sim.sample.portfolio import ALL
    from deadheat.sim.sample.strategies import Strategy

    if name is None:
        return ALL
    if name not in [each.value for each in Strategy]:
        raise unknown_name("strategy", name, [each.value for each in Strategy])
    return (Strategy(name),)


def _fuzz_all(
    scenarios: list[Scenario],
    strategies: tuple[Strategy, ...],
    depth: int,
    schedules: int,
    seconds: float,
    jobs: int,
    seed: int,
    failures: Path | None,
) -> list[FuzzResult]:
    from deadheat.reports.progress import ProgressLine
    from deadheat.scenarios import interruption
    from deadheat.scenarios.failures import known_in
    from deadheat.scenarios.fuzz import FuzzOptions, fuzz as fuzz_one

    options = FuzzOptions(strategies, depth, schedules, seconds, seed)
    results = []
    with ProgressLine("fuzzing") as progress:
        for scenario in scenarios:
            known = known_in(failures, scenario) if failures is not None else ()
            results.append(fuzz_one(scenario, replace(options, known=known), jobs, progress.say))
            if interruption.asked():
                break
    return results


def _save_first(results: list[FuzzResult], path: Path) -> None:
    from deadheat.scenarios.trace_file import save

    first = next((each.failures[0] for result in results for each in result.outcomes if each.failures), None)
    if first is None:
        say(f"deadheat: nothing was found, so {path} was not written.")
    else:
        save(first.counterexample, path)


def _make_again(scenarios: list[Scenario], blob: str, *, plain: bool) -> None:
    from deadheat.scenarios.fuzz_blob import from_blob
    from deadheat.sim.errors import UsageError

    if len(scenarios) != 1:
        raise UsageError("A blob is of one protocol; name the one that it was printed for.")
    finish(ExitCode.VIOLATED, timeline(from_blob(scenarios[0], blob), plain=plain))


def _tell_rates(scenarios: list[Scenario], strategies: tuple[Strategy, ...], *, as_json: bool) -> None:
    from deadheat.reports.fuzz import print_rates, rates_to_json
    from deadheat.sim.errors import UsageError
    from deadheat.sim.sample.rates import MEMORYLESS, rates

    asked = tuple(each for each in strategies if each in MEMORYLESS)
    if not asked:
        names = " and ".join(MEMORYLESS)
        raise UsageError(f"{strategies[0]} remembers more than the state it is in; exact rates are told of {names}.")
    found = []
    for scenario in scenarios:
        exact = rates(scenario.model(), asked, states_max=RATE_STATES_MAX)
        if exact is None:
            too_many = f"{scenario.protocol} has more than {RATE_STATES_MAX:,} states there"
            say(f"deadheat: {too_many}; ask for fewer faults or evaluations.")
        else:
            found.append((scenario, exact))
    code = ExitCode.AS_HOPED if len(found) == len(scenarios) else ExitCode.UNDECIDED

    def told() -> None:
        if as_json:
            typer.echo(rates_to_json(found))
        elif found:
            print_rates(found, console())

    finish(code, told)
