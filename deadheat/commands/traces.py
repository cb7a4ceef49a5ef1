"""What commands do with a counterexample: print it, and save it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from deadheat.commands.ending import console, say

if TYPE_CHECKING:  # imported where they are used: --help must not wait for the engine
    from deadheat.scenarios.check import CheckResult, Counterexample

__all__ = [
    "first_counterexample",
    "require_testable_if_given",
    "require_writable_if_given",
    "save_as_test",
    "save_first",
    "say_not_written",
    "timeline",
]


def first_counterexample(result: CheckResult) -> Counterexample | None:
    """Return the counterexample to the first property that is violated."""
    return next((each.counterexample for each in result.outcomes if each.counterexample), None)


def save_first(result: CheckResult, path: Path) -> None:
    """Save the first counterexample, or say that there is none."""
    from deadheat.scenarios.trace_file import save

    counterexample = first_counterexample(result)
    if counterexample is None:
        say_not_written(path)
    else:
        save(counterexample, path)


def require_writable_if_given(path: Path | None) -> None:
    """Raise TraceError if nothing could be saved there, before anybody waits for a search."""
    if path is not None:
        from deadheat.scenarios.trace_file import require_writable

        require_writable(path)


def say_not_written(*paths: Path | None) -> None:
    """Say of the files that were asked for that there is nothing to write into them."""
    for path in paths:
        if path is not None:
            say(f"deadheat: nothing is violated, so {path} was not written.")


def require_testable_if_given(path: Path | None) -> None:
    """Raise UsageError if no test could be written there, before anybody waits for a search."""
    if path is not None:
        from deadheat.reports.as_test import require_writable

        require_writable(path)


def save_as_test(counterexample: Counterexample, path: Path) -> None:
    """Write a counterexample as a test for pytest."""
    from deadheat.reports.as_test import write_test

    write_test(counterexample, path)


def timeline(counterexample: Counterexample, *, plain: bool = False) -> Callable[[], None]:
    """Return what prints a timeline; all that runs the user's code for it has run already."""
    from deadheat.reports.timeline import print_plainly, print_timeline
    from deadheat.scenarios.race import race_of
    from deadheat.sim.explain.turning_point import turning_point

    model = counterexample.scenario.model()
    lost = turning_point(model, counterexample.property, counterexample.trace.schedule)
    race = race_of(counterexample)
    printed = print_plainly if plain else print_timeline
    return lambda: printed(counterexample, console(), lost, race)
