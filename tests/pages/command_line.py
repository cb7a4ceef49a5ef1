"""The page about the command line, made of the command line itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer

from deadheat.cli import app
from tests.pages.blocks import ROOT

__all__ = ["PATH", "command_line"]

PATH = ROOT / "docs" / "reference" / "command-line.md"

HEAD = """\
# Command line

<!-- made by `python -m tests.pages` -->

Every command also says this itself, with `--help`. What the [exit codes](../exit-codes.md) mean, and how
[durations](../durations.md) are written, is on pages of their own.
"""


def command_line() -> str:
    """Return the page."""
    found = [HEAD]
    for path, command in _commands(typer.main.get_command(app), ("deadheat",)):
        found.append("\n".join(_section(path, command)))
    return "\n".join(found)


def _commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    for name, each in sorted(getattr(command, "commands", {}).items()):
        yield from _commands(each, (*path, name))


def _section(path: tuple[str, ...], command: Any) -> Iterator[str]:
    yield f"{'#' * (1 + len(path))} `{' '.join(path)}`\n" if len(path) > 1 else f"## `{path[0]}`\n"
    yield f"{_text(command.help)}\n"
    shown = [each for each in command.params if not getattr(each, "hidden", False) and "--help" not in each.opts]
    usage = [*path, *(_metavar(each) for each in shown if _is_argument(each))]
    usage.append("COMMAND" if hasattr(command, "commands") else "[OPTIONS]")
    yield f"`{' '.join(usage)}`\n"
    if shown:
        yield "| | |\n|---|---|"
        yield from (_row(each) for each in shown)
        yield ""
    for paragraph in re.split(r"\n\s*\n", command.epilog or ""):
        yield f"{_told(_text(paragraph))}\n"


def _is_argument(parameter: Any) -> bool:
    return bool(parameter.param_type_name == "argument")


def _metavar(parameter: Any) -> str:
    name = parameter.metavar or parameter.human_readable_name.upper()
    many = "..." if parameter.nargs == -1 else ""
    return f"{name}{many}" if parameter.required else f"[{name}]{many}"


def _value_of(option: Any) -> str:
    """Return what stands for an option's value; what typer calls a type differs from version to version."""
    return str(option.metavar or option.opts[0].strip("-").replace("-", "_").upper())


def _row(parameter: Any) -> str:
    if _is_argument(parameter):
        names = f"`{parameter.metavar or parameter.human_readable_name.upper()}`"
    else:
        names = ", ".join(f"`{each}`" for each in (*parameter.opts, *parameter.secondary_opts))
        if not parameter.is_flag:
            names += f" `{_value_of(parameter)}`"
    told = _text(getattr(parameter, "help", None))
    default = parameter.default
    if default not in (None, False, "", (), []) and not callable(default) and default is not Ellipsis:
        told += f" By default {default}." if "default" not in told.lower() else ""
    if getattr(parameter, "multiple", False):
        told += " May be repeated." if "repeat" not in told.lower() else ""
    return f"| {names} | {told} |".replace("\n", " ")


def _told(paragraph: str) -> str:
    """Set the examples off as what can be typed."""
    return re.sub(
        r"^(Examples?: )?(deadheat .*?)( Exit codes:|$)",
        lambda match: f"{match[1] or ''}`{match[2]}`{match[3]}",
        paragraph,
    )


def _text(help_: str | None) -> str:
    return " ".join((help_ or "").replace("|", r"\|").replace("\b", "").split())
