"""What every table and timeline looks like, on terminals of 80 and of 120 columns, without colours.

    python -m tests.reports.golden_outputs [NAME ...]

writes `golden/NAME.WIDTH.txt` anew. Look at what has changed before it is committed: these files are there to be read.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from io import StringIO
from pathlib import Path

from rich.console import Console

from deadheat.reports.catalogue import print_catalogue
from deadheat.reports.frontier import print_frontiers
from deadheat.reports.incidents import print_incidents
from deadheat.reports.matrix import print_matrix
from deadheat.reports.mutants import print_mutants
from deadheat.reports.rollout import print_rollout, print_stop
from deadheat.reports.screen import Screen
from deadheat.reports.timeline import print_plainly, print_timeline
from deadheat.reports.window import print_window
from deadheat.scenarios.check import CheckResult, Counterexample, Options, check
from deadheat.scenarios.frontier import frontiers
from deadheat.scenarios.incidents import find_incident
from deadheat.scenarios.incidents.judge import Judgement
from deadheat.scenarios.latency import parse_latencies
from deadheat.scenarios.mutate import hunt_of, judge_all
from deadheat.scenarios.race import race_of
from deadheat.scenarios.rollout import Rollout, rollout
from deadheat.scenarios.scenario import Scenario
from deadheat.scenarios.subjects import subject_of
from deadheat.scenarios.window import race_window
from deadheat.sim.explain.turning_point import turning_point
from deadheat.sim.explore.options import SearchOptions

__all__ = ["FOLDER", "OUTPUTS", "WIDTHS", "file_of", "shown"]

FOLDER = Path(__file__).with_name("golden")
WIDTHS = (80, 120)

Printer = Callable[[Console], None]


def shown(printer: Printer, width: int) -> str:
    """Return what is printed on a terminal of that width, without blanks at the ends of lines."""
    output = StringIO()
    printer(Screen(file=output, width=width))
    return "".join(f"{line.rstrip()}\n" for line in output.getvalue().splitlines())


def file_of(name: str, width: int) -> Path:
    """Return where an output is kept."""
    return FOLDER / f"{name}.{width}.txt"


@cache
def _checked(*names: str) -> list[CheckResult]:
    return [replace(check(Scenario(name)), seconds=0.1) for name in names]


def _counterexample(scenario: Scenario) -> Counterexample:
    return next(each.counterexample for each in check(scenario).outcomes if each.counterexample)


def _timeline(*, plain: bool = False, **asked: object) -> Printer:
    def printer(console: Console) -> None:
        found = _counterexample(Scenario(**asked))  # type: ignore[arg-type]
        lost = turning_point(found.scenario.model(), found.property, found.trace.schedule)
        (print_plainly if plain else print_timeline)(found, console, lost, race_of(found))

    return printer


def _matrix(console: Console) -> None:
    print_matrix(_checked("baseline", "name-tombstone", "fenced-generation", "baseline+orphan-cleanup-by-uid"), console)


def _matrix_of_two(console: Console) -> None:
    scenarios = (Scenario(name, properties=("no-permanent-orphan", "terminal-is-final")) for name in ("baseline",))
    print_matrix([replace(check(each), seconds=0.1) for each in scenarios], console)


def _matrix_cut_short(console: Console) -> None:
    options = Options(SearchOptions(states_max=50, explorer="python"))
    print_matrix([replace(check(Scenario("baseline"), options), seconds=0.1)], console)


def _frontier(console: Console) -> None:
    asked = ("no-permanent-orphan", "no-transient-orphan", "terminal-is-final", "nothing-stuck", "cancel-answered")
    scenarios = [Scenario(name, properties=asked) for name in ("suspended-create", "baseline+storage-worker")]
    found = frontiers(scenarios, 1, only=("http-retry", "k8s-refusal", "cancel-loss"))
    print_frontiers([replace(each, seconds=0.1) for each in found], console)


def _incidents(console: Console) -> None:
    found = []
    for incident in map(find_incident, ("tekton-2381", "airflow-69762")):
        defect, fix = (check(Scenario(each.name, faults=incident.faults)) for each in incident.protocols)
        found.append(Judgement(incident, defect, fix))
    print_incidents(found, console)


def _mutants(console: Console) -> None:
    options = Options(SearchOptions(explorer="python"))
    hunt = hunt_of(
        Scenario("suspended-create", faults=(("completion", 1),), properties=("no-permanent-orphan",)), options
    )
    print_mutants(hunt, list(judge_all(hunt, options)), console)


def _window(console: Console) -> None:
    found = _counterexample(Scenario("baseline", properties=("no-transient-orphan",)))
    print_window(race_window(found, parse_latencies(["http.accept=5ms..2s", "T5=212ms"])), console)


@cache
def _rolled_out() -> Rollout:
    return rollout(subject_of("baseline"), subject_of("name-tombstone"))


def _rollout(console: Console) -> None:
    print_rollout(_rolled_out(), console)
    print_stop(_rolled_out(), 3, console)


OUTPUTS: dict[str, Printer] = {
    "check": _matrix,
    "check-two-properties": _matrix_of_two,
    "check-cut-short": _matrix_cut_short,
    "frontier": _frontier,
    "incidents": _incidents,
    "mutate": _mutants,
    "window": _window,
    "rollout": _rollout,
    "list": lambda console: print_catalogue(None, console),
    "show": _timeline(protocol="baseline", properties=("no-permanent-orphan",)),
    "show-plain": _timeline(plain=True, protocol="baseline", properties=("no-transient-orphan",)),
    "show-fault": _timeline(
        protocol="creation-lock", faults=(("lease-expiry", 1),), properties=("no-transient-orphan",)
    ),
    "show-for-ever": _timeline(
        protocol="baseline+orphan-cleanup", faults=(("k8s-refusal", -1),), properties=("eventually-cleaned",)
    ),
    "show-stop": _timeline(protocol="baseline%name-tombstone%%cancel", properties=("nothing-stuck",)),
}
"""Each output, by its name."""


def main(names: list[str]) -> Iterator[str]:
    """Write the outputs of these names, or all, and yield which have changed."""
    for name in names or OUTPUTS:
        for width in WIDTHS:
            file, text = file_of(name, width), shown(OUTPUTS[name], width)
            if not file.exists() or file.read_text(encoding="utf-8") != text:
                file.write_text(text, encoding="utf-8")
                yield file.name


if __name__ == "__main__":
    for changed in main(sys.argv[1:]):
        print(changed)
