"""Options of the command line that say how a search is done."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deadheat.reports.wishes import PLAIN
from deadheat.sim.explore.options import SearchOptions

if TYPE_CHECKING:
    from deadheat.scenarios.scenario import Scenario

__all__ = [
    "DEFAULTS",
    "AllowUnreached",
    "Checkpoint",
    "Evaluations",
    "ExplorerName",
    "Faults",
    "Fingerprint",
    "MaxStates",
    "MaxValues",
    "Memory",
    "NoComposition",
    "NoMerging",
    "NoPartialOrder",
    "Plain",
    "Quiet",
    "Settings",
    "Symmetry",
    "bytes_in",
    "cores",
    "search_options",
    "seconds_in",
    "shortened",
    "unless",
    "unreached_allowed",
    "whole",
]

SEARCH = "How it is searched"
"""The panel of a command's help for these, apart from what is asked."""

DEFAULTS = SearchOptions()
"""What holds where an option is not given."""

DIGITS_MAX, SIZE_DIGITS_MAX = 30, 20


def whole(option: str, least: int | None = None, most: int | None = None) -> Any:
    """Return what typer is told of an option that takes a whole number: what reads it, and what help calls it.

    What reads it raises UsageError in words of our own; those of the parser differ from version to version, and do not
    say what was given.
    """

    def read(given: Any) -> int:
        from deadheat.sim.errors import UsageError

        if isinstance(given, int):  # a default
            return given
        number = int(given) if re.fullmatch(rf"-?[0-9]{{1,{DIGITS_MAX}}}", given) else None
        if number is None or (least is not None and number < least) or (most is not None and number > most):
            bounds = ""
            if least is not None:
                bounds = f" from {least:,} on" if most is None else f" from {least:,} to {most:,}"
            raise UsageError(f"{shortened(given)} is no number for {option}; write a whole number{bounds}.")
        return number

    return {"parser": read, "metavar": "N"}


def shortened(given: str) -> str:
    """Return what was given, as one short piece of a sentence."""
    shown = ascii(given) if not given.isprintable() else repr(given)
    return shown if len(shown) <= GIVEN_MAX else f"{shown[:GIVEN_MAX]}..."


GIVEN_MAX = 60

Evaluations = Annotated[
    int, typer.Option("--evaluations", "-n", help="How many evaluations run at once.", **whole("--evaluations"))
]
Faults = Annotated[
    list[str] | None,
    typer.Option(
        "--faults",
        metavar="KIND=K",
        help="Allow up to K faults of a kind, or any number: 'KIND=*' (not all kinds; see deadheat list faults).",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Set a size of a model that has others than evaluations."),
]
MaxStates = Annotated[
    int,
    typer.Option(
        "--max-states",
        help="Stop there, with what was found so far.",
        rich_help_panel=SEARCH,
        **whole("--max-states", 1),
    ),
]
MaxValues = Annotated[
    int,
    typer.Option(
        "--max-values",
        help="Stop where a counter in a role or component took on so many values.",
        **whole("--max-values", 2),
        rich_help_panel=SEARCH,
    ),
]
ExplorerName = Annotated[
    str,
    typer.Option(
        "--explorer",
        metavar="NAME",
        help="auto: python, then the compiled kernel if there are many states. "
        "Or python, kernel, or reference: slow, and shares nothing with them.",
        rich_help_panel=SEARCH,
    ),
]
Memory = Annotated[
    str | None,
    typer.Option(
        "--memory", metavar="SIZE", help="Stop there, such as 4G; by default a safe share.", rich_help_panel=SEARCH
    ),
]
Checkpoint = Annotated[
    Path | None,
    typer.Option(
        "--checkpoint",
        metavar="FILE",
        help="Save a long search there, and go on with it (one protocol).",
        rich_help_panel=SEARCH,
    ),
]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet-period", help="Faults stop at some point: judge what must happen in the end after that alone."
    ),
]
Plain = Annotated[
    bool,
    typer.Option(
        "--plain", envvar=PLAIN, help="Tell a run in sentences, a line each: for a screen reader, or a pull request."
    ),
]
NoMerging = Annotated[
    bool,
    typer.Option(
        "--no-merging", help="Do not take two pasts of a process for one that end alike.", rich_help_panel=SEARCH
    ),
]
NoComposition = Annotated[
    bool,
    typer.Option(
        "--no-composition",
        help="Do not search each part of the system alone that shares nothing with the others.",
        rich_help_panel=SEARCH,
    ),
]
Symmetry = Annotated[
    bool | None,
    typer.Option(
        "--symmetry/--no-symmetry",
        help="Take states for one that differ only in which evaluation is which; by default if there are many.",
        rich_help_panel=SEARCH,
    ),
]
NoPartialOrder = Annotated[
    bool,
    typer.Option(
        "--no-partial-order",
        help="Do not leave out orders of steps that make no difference.",
        rich_help_panel=SEARCH,
    ),
]
Fingerprint = Annotated[
    bool,
    typer.Option(
        "--fingerprint",
        help="Tell many states apart by a hash of 64 bits: some 10 bytes of memory for each, the rest on disk. "
        "The odds that one was left out stand beside the verdicts.",
        rich_help_panel=SEARCH,
    ),
]
AllowUnreached = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-unreached",
        metavar="STEP",
        help="Let a verdict count although no run reached this step (T5), or this kind of fault never happened.",
    ),
]


def unreached_allowed(names: list[str] | None, scenarios: list[Scenario]) -> frozenset[str]:
    """Return the steps and kinds of fault that may be missed; raises UsageError for a name that is neither."""
    from deadheat.scenarios.scenario import require_steps_or_faults

    return require_steps_or_faults(names or (), scenarios)


def search_options(max_states: int, max_values: int, memory: str | None = None) -> SearchOptions:
    """Return how to search, bounded as the options say, and until somebody interrupts it."""
    from deadheat.scenarios import interruption

    memory_bytes_max = DEFAULTS.memory_bytes_max if memory is None else bytes_in(memory)
    return SearchOptions(max_states, memory_bytes_max, max_values, interruption.asked)


def unless(switched_off: bool) -> bool | None:
    """Return what a switch says of a reduction: not to use it, or nothing."""
    return False if switched_off else None


def bytes_in(text: str) -> int:
    """Return the bytes that a size such as `512M` or `4G` stands for; raises UsageError."""
    from deadheat.sim.errors import UsageError

    units = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
    number, unit = (text[:-1], text[-1].upper()) if text[-1:].upper() in units else (text, "")
    if not (number.isascii() and number.isdecimal() and len(number) <= SIZE_DIGITS_MAX and int(number)):
        raise UsageError(f"{text[:60]!r} is not a size; write a number with K, M, G or T, such as 4G.")
    return int(number) * units.get(unit, 1)


def seconds_in(text: str, option: str, at_least: str = "0", at_most: str = "") -> float:
    """Return the seconds of a duration that an option was given; raises UsageError, also where it is out of bounds."""
    from deadheat.sim.durations import UNITS_NS, parse_duration
    from deadheat.sim.errors import UsageError

    time_ns = parse_duration(text, option)
    if time_ns < parse_duration(at_least):
        raise UsageError(f"{text!r} is too short for {option}; write {at_least} or more.")
    if at_most and time_ns > parse_duration(at_most):
        raise UsageError(f"{text!r} is too long for {option}; write {at_most} or less.")
    return time_ns / UNITS_NS["s"]


def cores() -> int:
    """Return how many processes may work at once."""
    from deadheat.sim.explore.options import cores_of_the_process

    return cores_of_the_process()
