"""The pages about what can be imported: every public name, by where it is from; docstrings say the rest."""

from __future__ import annotations

import re
from importlib import import_module
from itertools import groupby
from pathlib import Path

from tests.pages.blocks import ROOT

__all__ = ["PAGES", "reference"]

FOLDER = ROOT / "docs" / "reference"

PAGES: dict[str, Path] = {"deadheat": FOLDER / "deadheat.md", "deadheat.library": FOLDER / "library.md"}

HEADS = {
    "deadheat": """\
What one writes with: `check`, and the words for designs, protocols and models. All of it is imported from `deadheat`;
what is ready to use is in [`deadheat.library`](library.md).
""",
    "deadheat.library": """\
What is ready to use: components, steps, helpers, faults, and the built-in protocols with their roles. All of it is
imported from `deadheat.library`; [a page of its own](../library.md) shows the general parts at work.

The first parameter of an operation, `value`, is what the component holds: a role does not give it. What is shown as
`set(value, content, key)` is asked for by `yield shop.row.set("queued", order)`.
""",
}

TITLES = {
    "deadheat.api": "Checking",
    "deadheat.scenarios.check": "What a check found",
    "deadheat.models.design": "Designs",
    "deadheat.models.any_system": "Designs",
    "deadheat.models.roles": "Roles",
    "deadheat.models.claims": "Properties",
    "deadheat.sim.components": "Components",
    "deadheat.sim.traits": "Components",
    "deadheat.sim.faults": "Faults",
    "deadheat.sim.operations": "Operations",
    "deadheat.models.protocols": "Built-in protocols",
    "deadheat.models.system": "Protocols",
    "deadheat.models.steps": "Steps of a cancel path",
    "deadheat.sim.model": "Models",
    "deadheat.sim.errors": "Errors",
    "deadheat.live.adapters.base": "On real servers",
    "deadheat.live.site": "On real servers",
}
"""What comes first, in this order; what is from elsewhere follows, under what its module's docstring calls it."""


def reference(name: str) -> str:
    """Return the page about a module."""
    public = import_module(name)
    origin = {each: source for source, names in public._NAMES.items() for each in names}
    origin = {each: origin.get(each, "deadheat.api") for each in public.__all__}
    names = sorted(public.__all__, key=lambda each: (_order(origin[each]), each))
    text = f"# `{name}`\n\n<!-- made by `python -m tests.pages` -->\n\n{HEADS[name]}"
    for title, group in groupby(names, key=lambda each: _title(origin[each])):
        text += f"\n## {title}\n" + "".join(f"\n::: {name}.{each}\n" for each in group)
    return text


def _group(source: str) -> str:
    return "deadheat.models.protocols" if source.startswith("deadheat.models.protocols") else source


def _order(source: str) -> tuple[int, str]:
    """Return where a group comes: one with a title as that comes first, others by their titles."""
    titles = list(dict.fromkeys(TITLES.values()))
    title = _title(source)
    return (titles.index(title) if title in titles else len(titles), title)


def _title(source: str) -> str:
    told = import_module(source).__doc__ or source
    return TITLES.get(_group(source)) or re.split(r"[:.,]", told.strip(), maxsplit=1)[0]
