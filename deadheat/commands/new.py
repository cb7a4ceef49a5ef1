"""The command that begins a protocol of the user's own."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deadheat.commands.ending import ExitCode, finish

if TYPE_CHECKING:
    from deadheat.scenarios.skeleton import Skeleton

__all__ = ["new"]

BASELINE = "baseline"


def new(
    file: Annotated[Path, typer.Argument(metavar="FILE.py", help="Where to write it; the test goes beside it.")],
    begun_from: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="PROTOCOL",
            help=f"Which of deadheat's own protocols to begin with. By default {BASELINE}.",
        ),
    ] = None,
    design: Annotated[
        bool, typer.Option("--design", help="Begin with a small design of any system, that cancels nothing.")
    ] = False,
) -> None:
    """Write a first protocol or design of your own, with a test, and say what to try next. Nothing is overwritten."""
    from deadheat.scenarios.skeleton import first_design, skeleton_of
    from deadheat.sim.errors import UsageError

    if design and begun_from is not None:
        raise UsageError(f"--design begins from no protocol, so leave --from {begun_from} out, or --design.")
    if file.suffix != ".py":
        raise UsageError(f"{file} is no Python file; give it a name that ends with .py.")
    test = file.with_name(f"test_{file.name}")
    for each in (file, test):
        if each.exists() or each.is_symlink():
            raise UsageError(f"{each} is there, and nothing is overwritten; give another name, or move it away.")
    if not file.parent.is_dir():
        raise UsageError(f"There is no folder {file.parent}; make it first.")
    skeleton = first_design(file.stem) if design else skeleton_of(begun_from or BASELINE, file.stem)
    _write(file, skeleton.protocol)
    _write(test, skeleton.test)
    finish(ExitCode.AS_HOPED, lambda: typer.echo(_next_steps(file, test, skeleton)))


def _write(file: Path, text: str) -> None:
    from deadheat.sim.errors import UsageError

    try:
        with file.open("x", encoding="utf-8") as new_file:
            new_file.write(text)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}.") from None


def _next_steps(file: Path, test: Path, skeleton: Skeleton) -> str:
    from deadheat.scenarios.skeleton import NAME

    reference = shlex.quote(f"{file}:{NAME}")
    violated = any(each.counterexample for each in skeleton.checked.outcomes)
    return (
        f"Wrote {file} and {test}. Try next:\n\n"
        f"  deadheat check {reference}\n"
        f"  deadheat {'show' if violated else 'frontier'} {reference}\n"
        f"  pytest {shlex.quote(str(test))}"
    )
