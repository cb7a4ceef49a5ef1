"""The command that guards protocols: what a change to them loses, before it is merged."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deadheat.commands.ending import ExitCode, console, finish
from deadheat.commands.signals import ended_by_signals

if TYPE_CHECKING:  # imported where they are used: --help must not wait for them
    from deadheat.gate.config import Config
    from deadheat.gate.formats import Screen
    from deadheat.gate.gate import Acceptance, Gated

__all__ = ["gate"]

NO_REPORTS = (".lock", ".py", ".toml")
"""What the names of files end in that a gate reads, and never writes a report to."""


def gate(
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE",
            help="A deadheat.toml or pyproject.toml; by default the nearest, from here upwards.",
        ),
    ] = None,
    base: Annotated[
        str | None, typer.Option("--base", metavar="REF", help="Compare with a git ref, and not with the lock.")
    ] = None,
    update: Annotated[bool, typer.Option("--update", help="Write the lock: what is found now is right.")] = False,
    accept: Annotated[
        str | None, typer.Option("--accept", metavar="ID", help="Live with this finding; with --reason and --until.")
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why it is accepted.")] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="DATE", help="The last day of that, such as 2027-01-31.")
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            metavar="NAME",
            help="text, json, markdown, junit, sarif, codequality or github; once for each --output.",
        ),
    ] = None,
    outputs: Annotated[
        list[str] | None,
        typer.Option("--output", metavar="FILE", help="Where the format before goes; - is the terminal."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a text.")] = False,
) -> None:
    """Fail if a change to a protocol loses what was guaranteed.

    Checks what [tool.deadheat] of pyproject.toml, or deadheat.toml, names, and compares with deadheat.lock.
    """
    from deadheat.gate.formats import destinations, rendered
    from deadheat.gate.gate import gate as gated_by
    from deadheat.reports.progress import ProgressLine

    _require_one_comparison(base, update=update)
    wanted = destinations(formats or [], outputs or [], as_json=as_json)
    accepting = _acceptance(accept, reason, until)
    read = _config(config)
    _require_reports([path for _, path in wanted if path is not None], read)
    with ended_by_signals(), ProgressLine("checking") as progress:
        found = gated_by(read, base, update=update, accepting=accepting, report=progress.say)
    texts = [(rendered(found, name, _terminal()), path) for name, path in wanted]

    def show() -> None:
        for text, path in texts:
            if path is None:
                print(text, end="")
            else:
                _write(path, text)

    finish(_code_of(found), show)


def _require_one_comparison(base: str | None, *, update: bool) -> None:
    from deadheat.sim.errors import UsageError

    if base is not None and update:
        raise UsageError(
            "--update writes the lock from what is found now and --base compares with a git ref; do one and then the "
            "other."
        )


def _require_reports(paths: list[Path], read: Config) -> None:
    """Raise UsageError for an output that would overwrite the configuration, the lock, or a protocol."""
    from deadheat.sim.errors import UsageError

    kept = {read.file.resolve(), read.lock.resolve()}
    for path in paths:
        if path.resolve() in kept or path.suffix in NO_REPORTS:
            raise UsageError(
                f"--output {path} would take the place of a file that is no report; give it another name, such as "
                "gate.xml."
            )


def _config(given: Path | None) -> Config:
    from deadheat.gate.config import OWN_FILE, PYPROJECT, find_config, read_config
    from deadheat.sim.errors import UsageError

    file = given or find_config(Path.cwd())
    if file is None:
        raise UsageError(
            f"Nothing is configured here: no {OWN_FILE}, and no {PYPROJECT} with [tool.deadheat]; write [[check]] with "
            f'protocol = "ours.py:PROTOCOL" into a {OWN_FILE}, or give one by --config FILE.'
        )
    return read_config(file)


def _acceptance(accept: str | None, reason: str | None, until: str | None) -> Acceptance | None:
    from deadheat.gate.gate import Acceptance
    from deadheat.sim.errors import UsageError

    if accept is None:
        if reason is not None or until is not None:
            raise UsageError("--reason and --until belong to --accept ID; name the finding that is accepted.")
        return None
    if not (reason and reason.strip()) or until is None:
        raise UsageError('--accept needs a reason and a day: --reason "..." --until 2027-01-31.')
    try:
        day = dt.date.fromisoformat(until)
    except ValueError:
        raise UsageError(f"{until!r} is no day for --until; write one such as 2027-01-31.") from None
    if day < dt.date.today():
        raise UsageError(f"{day} is over; give --until a day to come.")
    return Acceptance(accept, reason.strip(), day)


def _code_of(found: Gated) -> ExitCode:
    kinds = {str(each.kind) for each in found.open}
    if kinds - {"vacuous", "inconclusive"}:
        return ExitCode.VIOLATED
    return ExitCode.UNDECIDED if kinds else ExitCode.AS_HOPED


def _terminal() -> Screen:
    from deadheat.gate.formats import Screen

    there = console()
    return Screen(there.width, there.is_terminal and not there.no_color)


def _write(path: Path, text: str) -> None:
    from deadheat.sim.errors import UsageError
    from deadheat.sim.written import write

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from None
    write(path, text)
