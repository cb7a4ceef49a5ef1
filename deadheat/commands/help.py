"""Commands that are imported when they are asked for, and whose help is plain text under the headings of its options.

What typer makes of help with rich takes longer than most checks; and a program that knows its commands by name alone
need not import all of them for one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

__all__ = ["App", "Listed"]

WIDEST = 110
"""Help takes no more columns than this, however wide a terminal is."""

NAMES_WIDEST = 34


class _Command(TyperCommand):
    """A command with its options under their headings."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        _write_options(self.get_params(ctx), ctx, formatter)


class _Group(TyperGroup):
    """A group of commands, told in full."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        _write_options(self.get_params(ctx), ctx, formatter)
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.told_of(name)) for name in self.list_commands(ctx)])

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        return list(self.commands)

    def told_of(self, name: str) -> str:
        """Return what a list of commands says of one: the first paragraph of its help."""
        return " ".join((self.commands[name].help or "").partition("\n\n")[0].split())


class App(typer.Typer):
    """Several commands, with help of this kind."""

    def __init__(self, *, cls: type[TyperGroup] = _Group, **options: Any) -> None:
        super().__init__(
            cls=cls,
            no_args_is_help=True,
            add_completion=False,
            pretty_exceptions_enable=False,
            rich_markup_mode=None,
            context_settings={"max_content_width": WIDEST},
            **options,
        )

    def command(self, name: str | None = None, **options: Any) -> Callable[[Any], Any]:
        """Register a function as a command."""
        return super().command(name, cls=_Command, **options)

    @classmethod
    def of(cls, listed: Mapping[str, Listed], **options: Any) -> App:
        """Return the commands that are listed, each imported when it is asked for."""

        class Lazily(_Group):
            def __init__(self, **attributes: Any) -> None:
                super().__init__(**{**attributes, "commands": _Commands(listed)})

            def told_of(self, name: str) -> str:
                return listed[name].told

        return cls(cls=Lazily, **options)


@dataclass(frozen=True, slots=True)
class Listed:
    """A command by name: what a list says of it, `module:function` (or `module:app`), and the end of its help."""

    told: str
    place: str
    epilog: str | None = None

    def command(self, name: str) -> Any:
        """Import the command."""
        module, _, attribute = self.place.partition(":")
        found = getattr(import_module(module), attribute)
        app = found if isinstance(found, typer.Typer) else App()
        if app is not found:
            app.command(name, epilog=self.epilog)(found)
        command = typer.main.get_command(app)
        command.name = name
        return command


class _Commands(Mapping[str, Any]):
    """The commands by name, each imported once it is looked at."""

    def __init__(self, listed: Mapping[str, Listed]) -> None:
        self._listed = listed
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = self._listed[name].command(name)
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._listed

    def __iter__(self) -> Iterator[str]:
        return iter(self._listed)

    def __len__(self) -> int:
        return len(self._listed)


def _write_options(parameters: Sequence[Any], ctx: Any, formatter: Any) -> None:
    headings: dict[str, list[tuple[str, str]]] = {}
    for each in parameters:
        record = each.get_help_record(ctx)
        if record is not None:
            usual = "Arguments" if each.param_type_name == "argument" else "Options"
            headings.setdefault(getattr(each, "rich_help_panel", None) or usual, []).append(record)
    for heading, records in headings.items():
        with formatter.section(heading):
            formatter.write_dl(records, col_max=NAMES_WIDEST)
