"""The command that says what form outputs and files have, as JSON Schemas."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from deadheat.commands.ending import ExitCode, console, finish

__all__ = ["schema"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

FILES = {
    "config": ("deadheat.gate.tables", "Configuration"),
    "lock": ("deadheat.gate.lock", "Lock"),
}
"""Files that are read and written, by their names here: where their types are."""


def schema(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Of which; nothing for a list of all.")] = None,
) -> None:
    """Print the JSON Schema of what a command prints with --json, or of a file; without a name, list them."""
    from deadheat.sim.errors import unknown_name

    types = _types()
    if name is None:
        from deadheat.reports.catalogue import print_lines

        lines = [(each, _meaning(kind)) for each, kind in types.items()]
        finish(ExitCode.AS_HOPED, lambda: print_lines(lines, console()))
    if name not in types:
        raise unknown_name("schema", name, types)
    text = _text(name, types[name])
    finish(ExitCode.AS_HOPED, lambda: typer.echo(text))


def _types() -> dict[str, Any]:
    from importlib import import_module

    from deadheat.reports.schemas import FORMS

    files = {name: getattr(import_module(module), kind) for name, (module, kind) in FILES.items()}
    return dict(sorted({**FORMS, **files}.items()))


def _meaning(kind: Any) -> str:
    return str(kind.__doc__).partition("\n")[0]


def _text(name: str, kind: Any) -> str:
    """Return a schema whose outermost object is at hand, as editors like it."""
    import json

    import msgspec

    found = msgspec.json.schema(kind)
    parts = found.pop("$defs")
    outermost = parts.pop(found["$ref"].rpartition("/")[2])
    head = {"$schema": DIALECT, "$id": f"urn:deadheat:schema:{name}"}
    content = {**head, **outermost, "title": f"deadheat {name}", **({"$defs": parts} if parts else {})}
    return json.dumps(content, indent=2)
