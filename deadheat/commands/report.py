"""The command that writes what a check finds as one HTML file."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deadheat.commands.ending import finish, say
from deadheat.commands.options import (
    DEFAULTS,
    AllowUnreached,
    Evaluations,
    Faults,
    MaxStates,
    MaxValues,
    Memory,
    Quiet,
    Settings,
    cores,
    search_options,
    unreached_allowed,
    whole,
)
from deadheat.commands.searches import code_of, names_of, scenario_of
from deadheat.commands.simulate import question_of
from deadheat.commands.users_code import runs_users_code
from deadheat.sim.counting import counted

if TYPE_CHECKING:  # imported where they are used: --help must not wait for the engine
    from deadheat.reports.html.report import Raised
    from deadheat.scenarios.check import CheckResult, Options
    from deadheat.scenarios.frontier import Frontier
    from deadheat.scenarios.scenario import Scenario

__all__ = ["report"]

UP_TO_MAX = 3

MARK = b'<!doctype html>\n<html lang="en" data-theme='
"""How a report begins, so that no other file is overwritten."""


@runs_users_code
def report(
    protocols: Annotated[
        list[str] | None, typer.Argument(metavar="PROTOCOL", help="What to report on; nothing for all of them.")
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE.html", help="Where to write it.")] = Path(
        "report.html"
    ),
    evaluations: Evaluations = 1,
    settings: Settings = None,
    faults: Faults = None,
    properties: Annotated[
        list[str] | None, typer.Option("--property", "-p", metavar="NAME", help="Report on this property alone.")
    ] = None,
    up_to: Annotated[
        int,
        typer.Option(
            "--up-to",
            help="Also try sets of up to N faults: the frontier; 0 for none.",
            **whole("--up-to", 0, UP_TO_MAX),
        ),
    ] = 1,
    profile: Annotated[
        str,
        typer.Option(
            "--profile", metavar="NAME|FILE", help="How long each step takes in what is simulated: quiet, busy, a file."
        ),
    ] = "quiet",
    cancellations: Annotated[
        int,
        typer.Option(
            "--cancellations",
            help="Simulate so many of each protocol, for how likely and how long it is; 0 for none.",
            **whole("--cancellations", 0),
        ),
    ] = 200_000,
    max_states: MaxStates = DEFAULTS.states_max,
    max_values: MaxValues = DEFAULTS.values_max,
    memory: Memory = None,
    quiet_period: Quiet = False,
    allow_unreached: AllowUnreached = None,
) -> None:
    """Write a report as one HTML file: the verdicts, and every run to walk through, whichever way one likes."""
    from deadheat.reports.html.report import html_of
    from deadheat.reports.progress import ProgressLine
    from deadheat.scenarios import interruption
    from deadheat.scenarios.check import Options
    from deadheat.scenarios.explorable import explorable
    from deadheat.scenarios.likely import likely
    from deadheat.sim.written import write

    require_writable(output)
    question = question_of(None, profile, False, "auto", cancellations, 0, faults, None, None)
    scenarios = [
        scenario_of(each, evaluations, faults, properties, quiet_period, settings) for each in names_of(protocols)
    ]
    allowed = unreached_allowed(allow_unreached, scenarios)
    options = Options(search_options(max_states, max_values, memory), allowed, faults_must_fire=bool(protocols))
    interruption.listen()
    with ProgressLine("exploring") as progress:
        results, raised = _checked(scenarios, options)
        found = []
        for result in results:
            found.append(explorable(result, values_max=max_values))
            progress.say(f"looked through {len(found)} of {counted(len(results), 'protocol')}")
    broken: list[Frontier] = []
    missing = ""
    if up_to and not faults:
        broken, missing = _frontiers([each.scenario for each in results], up_to, options)
    if missing:
        say(f"deadheat: {missing}")
    with ProgressLine("simulating") as progress:
        wanted = cancellations and not interruption.asked()
        simulated = likely(results, question, profile, progress.say) if wanted else None
    html = html_of(found, raised, broken, shlex.join(["deadheat", *sys.argv[1:]]), simulated, missing)
    write(output, html)
    code = code_of(results, bool(raised))
    size = len(html.encode())
    finish(code, lambda: typer.echo(f"Wrote {output} ({size // 1000:,} kB): open it in a browser."))


def _checked(scenarios: list[Scenario], options: Options) -> tuple[list[CheckResult], list[Raised]]:
    from deadheat.reports.html.report import Raised
    from deadheat.scenarios.check import CheckResult, each_checked
    from deadheat.sim.errors import in_full

    results: list[CheckResult] = []
    raised: list[Raised] = []
    jobs = cores() if scenarios[0].evaluations > 1 else 1
    for scenario, each in zip(scenarios, each_checked(scenarios, options, jobs), strict=True):
        if isinstance(each, CheckResult):
            results.append(each)
        else:
            raised.append(Raised(scenario, str(each)))
            say(f"deadheat: {in_full(each)}")
    return results, raised


def _frontiers(scenarios: list[Scenario], up_to: int, options: Options) -> tuple[list[Frontier], str]:
    """Return what breaks these, and of which that is not known, in a sentence."""
    from deadheat.commands.frontier import alone
    from deadheat.reports.progress import ProgressLine
    from deadheat.scenarios import interruption
    from deadheat.scenarios.frontier import frontiers
    from deadheat.sim.errors import ModelError

    with_faults = [each for each in scenarios if each.subject.faults]
    asked = [each for each in with_faults if each.properties == with_faults[0].properties]
    if not asked:
        return [], ""
    if interruption.asked():
        return [], "The report has no frontier, since it was interrupted."
    others = [each.protocol for each in with_faults if each not in asked]
    rest = f"Not in the frontier, since they have other properties: {', '.join(others)}." if others else ""
    try:
        with ProgressLine("breaking") as progress:
            return frontiers([alone(each) for each in asked], up_to, options, cores(), progress.tried), rest
    except ModelError as error:  # under a fault that nobody asked for: the rest of the report is of use without
        return [], f"The report has no frontier, since {error}"


def require_writable(path: Path) -> None:
    """Raise UsageError where no report can be written, before anybody waits for one."""
    from deadheat.sim import written
    from deadheat.sim.errors import UsageError

    if path.suffix not in (".html", ".htm"):
        raise UsageError(f"{path} is no name of an HTML file; give it one that ends with .html.")
    written.require_writable(path, written.Kind("report", written.begins_with(MARK)))
