"""Runs in which nothing goes wrong, as timelines."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.console import Console
from rich.text import Text

from deadheat.reports.inert import one_line
from deadheat.reports.timeline import Marks, heading, print_steps, print_steps_plainly
from deadheat.scenarios.check import CheckResult, Counterexample, Verdict
from deadheat.scenarios.good_runs import GoodRun
from deadheat.scenarios.stops import with_versions

__all__ = ["print_good_runs"]


def print_good_runs(result: CheckResult, runs: Sequence[GoodRun], console: Console, *, plain: bool = False) -> None:
    """Print what is violated anyway, and each run with what it is an example of."""
    scenario, model = result.scenario, result.scenario.model()
    console.print(heading(scenario, _verdict(result), ""), soft_wrap=plain)
    if not runs:
        console.print("There is no run in which nothing goes wrong.", style="bold")
    for number, run in enumerate(runs, start=1):
        console.print()
        console.print(
            Text(f"Run {number} of {len(runs)}, {run.kind}: {one_line(run.why)}.", style="bold"), soft_wrap=plain
        )
        shown = with_versions(Counterexample(scenario, scenario.properties[0], "", run.trace))
        printed: Callable[..., None] = print_steps_plainly if plain else print_steps
        printed(shown, model, Marks(), console, with_legend=number == len(runs))


def _verdict(result: CheckResult) -> str:
    named: dict[Verdict, list[str]] = {}
    for each in result.outcomes:
        named.setdefault(each.verdict, []).append(each.property)
    if violated := named.get(Verdict.VIOLATED):
        return f": good runs, although some violate {', '.join(violated)}"
    if set(named) == {Verdict.HOLDS}:
        return ": nothing is violated in any run"
    others = [name for verdict, names in named.items() if verdict is not Verdict.HOLDS for name in names]
    return f": nothing is known to be violated; vacuous or not decided is {', '.join(others)}"
