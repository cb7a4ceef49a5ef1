"""What commands that search share: scenarios out of options, progress lines, and the code of what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deadheat.commands.ending import ExitCode, say
from deadheat.commands.options import cores
from deadheat.sim.counting import counted

if TYPE_CHECKING:  # imported where they are used: --help must not wait for the engine
    from deadheat.scenarios.check import CheckResult, Options
    from deadheat.scenarios.mutate import Hunt, MutantResult
    from deadheat.scenarios.scenario import Scenario

__all__ = ["code_as_expected", "code_of", "judge_mutants", "names_of", "scenario_of", "search_all", "undecided"]


def names_of(protocols: list[str] | None) -> list[str]:
    """Return the references that were given, a file's name alone standing for all in it; none are all of our own."""
    from deadheat.scenarios.catalogue import DEFAULT_PROTOCOLS, all_in

    given = protocols or list(DEFAULT_PROTOCOLS)
    return list(dict.fromkeys(name for each in given for name in all_in(each)))


def scenario_of(
    name: str,
    evaluations: int,
    faults: list[str] | None,
    properties: list[str] | None,
    quiet: bool,
    settings: list[str] | None = None,
) -> Scenario:
    """Return the scenario that options ask for; nothing for the properties stands for all of them."""
    from deadheat.scenarios.scenario import EVERY, Scenario, parse_faults, parse_settings

    asked = tuple(dict.fromkeys(properties)) if properties else EVERY
    return Scenario(name, evaluations, parse_faults(faults or []), asked, quiet, parse_settings(settings or []))


def search_all(scenarios: list[Scenario], options: Options) -> tuple[list[CheckResult], bool]:
    """Check scenarios with a progress line; from here on Ctrl-C ends the searches with what they have.

    Returns the results, and whether a protocol is not among them, since it broke a rule; that was said. Raises
    ModelError where there is no result at all.
    """
    from deadheat.reports.progress import ProgressLine
    from deadheat.scenarios import interruption
    from deadheat.scenarios.check import check_all
    from deadheat.sim.errors import ModelError, in_full

    interruption.listen()
    # One evaluation takes less time than starting processes would.
    jobs = cores() if scenarios[0].evaluations > 1 else 1
    results = []
    try:
        with ProgressLine("exploring") as progress:
            for result in check_all(scenarios, options, jobs, progress.searched):
                results.append(result)
                progress.say(
                    f"checked {len(results)} of {counted(len(scenarios), 'protocol')}, last {result.scenario.protocol}"
                )
    except ModelError as error:
        if not results:
            raise
        say(f"deadheat: {in_full(error)}")
    return results, len(results) < len(scenarios)


def judge_mutants(scenario: Scenario, options: Options, number: int | None) -> tuple[Hunt, list[MutantResult]]:
    """Judge mutants with a progress line; from here on Ctrl-C ends the searches with what they have."""
    from deadheat.reports.progress import ProgressLine
    from deadheat.scenarios import interruption
    from deadheat.scenarios.mutate import hunt_of, judge_all

    interruption.listen()
    results = []
    with ProgressLine("exploring") as progress:
        hunt = hunt_of(
            scenario,
            options,
            cores(),
            lambda checked, planned: progress.say(
                f"checked the protocol itself under {checked} of {counted(planned, 'fault')}"
            ),
        )
        for result in judge_all(hunt, options, cores(), number):
            results.append(result)
            progress.say(f"judged {len(results)} of {counted(len(hunt.guards.mutations), 'mutant')}")
    return hunt, results


def code_of(results: list[CheckResult], broken: bool = False) -> ExitCode:
    """Return the code of what a check found, where some protocol may have broken a rule."""
    verdicts = {str(outcome.verdict) for result in results for outcome in result.outcomes}
    if "violated" in verdicts:
        return ExitCode.VIOLATED
    if broken:
        return ExitCode.USAGE
    if "inconclusive" in verdicts:
        return undecided()
    return ExitCode.UNDECIDED if "vacuous" in verdicts else ExitCode.AS_HOPED


def code_as_expected(results: list[CheckResult]) -> ExitCode:
    """Return the code of what is not as expected: 0 where all is, be it violated, vacuous or left open by a limit."""
    from deadheat.scenarios import interruption

    otherwise = {str(outcome.verdict) for result in results for outcome, _ in result.otherwise}
    if otherwise - {"inconclusive"}:
        return ExitCode.VIOLATED
    if otherwise or interruption.asked():
        return undecided()
    return ExitCode.AS_HOPED


def undecided() -> ExitCode:
    """Return the code for what was not decided: somebody interrupted it, or a limit did."""
    from deadheat.scenarios import interruption

    return ExitCode.INTERRUPTED if interruption.asked() else ExitCode.UNDECIDED
