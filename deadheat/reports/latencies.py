"""Measured latencies: as a table, and as a profile for `simulate`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from deadheat.live.logs.measured import Fit
from deadheat.reports.machine import SCHEMA
from deadheat.reports.simulate import seconds_text
from deadheat.scenarios.profiles import load_profile
from deadheat.sim import written
from deadheat.version import VERSION

__all__ = ["fits_to_json", "print_fits", "save_profile"]


def print_fits(fits: Sequence[Fit], console: Console) -> None:
    """Print each step with its law."""
    table = Table(header_style="bold", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("step", overflow="fold")
    for column in ("measured", "median", "longest"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("law", overflow="fold")
    for each in fits:
        samples = each.samples_s
        table.add_row(
            each.name,
            f"{len(samples):,}",
            seconds_text(samples[len(samples) // 2]),
            seconds_text(samples[-1]),
            each.text or "as it was measured",
        )
    console.print(table)


def fits_to_json(fits: Sequence[Fit]) -> str:
    """Return the laws of all steps; without a `law` it is what was measured, in seconds."""
    entries = [
        {
            "name": each.name,
            "measured": len(each.samples_s),
            "law": each.text,
            "likely": each.likely,
            "samples_s": list(each.samples_s) if each.text is None else [],
        }
        for each in fits
    ]
    return json.dumps({"schema": SCHEMA, "deadheat": VERSION, "results": entries}, indent=2)


HEADER = "seconds\n"

PROFILE = written.Kind("profile that was measured", lambda found: b'summary = "measured in ' in found)
TIMES = written.Kind("list of times", written.begins_with(HEADER.encode()))


def save_profile(fits: Sequence[Fit], base: str, path: Path, source: str) -> None:
    """Write a profile with the laws that were measured, and those of another for the rest.

    What no family fits is written beside it, as CSV files. Raises UsageError where they cannot be written.
    """
    rest = load_profile(base)
    measured = {each.name for each in fits}
    lines = [f"name = {json.dumps(path.stem)}", f"summary = {json.dumps(f'measured in {source}, else {base}')}", ""]
    lines.append("[latency]")
    beside = {each: path.with_name(f"{path.stem}-{each.name}.csv") for each in fits if each.text is None}
    written.require_writable(path, PROFILE)
    for file in beside.values():
        written.require_writable(file, TIMES)
    for each in fits:
        text = each.text or f"empirical({beside[each].name})"
        found = f"{len(each.samples_s)} times in {source}"
        lines.append(f"{json.dumps(each.name)} = {{ law = {json.dumps(text)}, source = {json.dumps(found)} }}")
    for name, text in rest.texts.items():
        if name not in measured:
            of_it = rest.sources.get(name, base)
            lines.append(f"{json.dumps(name)} = {{ law = {json.dumps(text)}, source = {json.dumps(of_it)} }}")
    for each, file in beside.items():
        written.write(file, HEADER + "".join(f"{one!r}\n" for one in each.samples_s))
    written.write(path, "\n".join(lines) + "\n")
