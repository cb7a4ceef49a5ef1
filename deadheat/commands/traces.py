"""What commands do with a counterexample: print it, and save it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from deadheat.commands.ending import console, say

if TYPE_CHECKING:  # imported where they are used: --help must not wait for the engine
    from deadheat.reports.timeline import Likely
    from deadheat.scenarios.check import CheckResult, Counterexample
    from deadheat.sim.timed.laws import Law

__all__ = [
    "first_counterexample",
    "laws_if_given",
    "likely_at",
    "replayed",
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


def replayed(path: Path) -> Counterexample:
    """Return what a file holds, run again; say what has changed since it was saved."""
    from deadheat.scenarios.replaying import replay

    recorded = replay(path)
    if recorded.remark is not None:
        say(f"deadheat: {path} reproduces, but {recorded.remark}.")
    return recorded.counterexample


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


def laws_if_given(profile: str | None) -> Mapping[str, Law] | None:
    """Return the laws of a profile, before anybody waits for a search; raises UsageError for one that there is not."""
    if profile is None:
        return None
    from deadheat.scenarios.profiles import load_profile

    return load_profile(profile).laws


def likely_at(counterexample: Counterexample, laws: Mapping[str, Law] | None, profile: str | None) -> Likely | None:
    """Return how likely a violation still is after each step, each law taken as exponential; None without any."""
    if laws is None or profile is None:
        return None
    from deadheat.reports.likelihood import likely_of
    from deadheat.scenarios.in_time import memoryless
    from deadheat.scenarios.likelihood import along

    return likely_of(counterexample, along(counterexample, memoryless(laws)), profile, memoryless=True)


def timeline(
    counterexample: Counterexample, *, plain: bool = False, likely: Likely | None = None
) -> Callable[[], None]:
    """Return what prints a timeline; all that runs the user's code for it has run already."""
    from deadheat.reports.timeline import print_plainly, print_timeline
    from deadheat.scenarios.race import race_of
    from deadheat.sim.explain.turning_point import turning_point

    model = counterexample.scenario.model()
    lost = turning_point(model, counterexample.property, counterexample.trace.schedule)
    race = race_of(counterexample)
    printed = print_plainly if plain else print_timeline
    return lambda: printed(counterexample, console(), lost, race, likely)
