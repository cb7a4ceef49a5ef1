"""A compiled search on disk: written whole and then put in place, so that a kill at any time leaves a good file.

The numbers in packed states mean something only together with the tables that gave them out. The tables are not
saved but the lessons that they were learned by are, in their order; they are learned again, and a digest tells
whether that came out the same.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy

from deadheat.sim.errors import CheckpointError
from deadheat.sim.explore.compiled.layout import Layout
from deadheat.sim.explore.compiled.paths import Endpoint
from deadheat.sim.explore.compiled.store import Pieces
from deadheat.sim.model import Model
from deadheat.sim.tables import Tables
from deadheat.sim.trace import Choice, Schedule

__all__ = ["Saved", "load", "save"]

MAGIC = b"deadheat checkpoint 2\n"
"""What a file begins with; the number changes with the form of what follows."""

LENGTH_BYTES = 8


@dataclass(frozen=True)
class Saved:
    """A search between two of its steps.

    `parts` are the words of its states by layer, each in pieces, with the layer numbered `depth` in two: what was
    expanded of it, and what was not. `folded` counts the transitions to states for which another stood; None in a
    search without symmetry. `omission_odds` are those of `Exploration`, up to here.
    """

    layout: Layout
    parts: Sequence[Pieces]
    depth: int
    transitions: int
    faults_fired: list[str]
    found: Mapping[str, Endpoint]
    schedules: Mapping[str, Schedule]
    folded: int | None = None
    omission_odds: float = 0.0


def save(path: Path, tables: Tables, saved: Saved) -> None:
    """Write a search to a file; raises CheckpointError where that cannot be done."""
    pieces = [piece for part in saved.parts for piece in part]
    checksum = 0
    for piece in pieces:
        checksum = zlib.crc32(piece.data, checksum)
    header = {
        "model": _digest_of_model(tables.model, merging=tables.merging),
        "folded": saved.folded,
        "tables": _digest_of_tables(tables),
        "lessons": [[lesson.process, lesson.local, lesson.row, str(lesson.fields)] for lesson in tables.lessons],
        "layout": asdict(saved.layout),
        "sizes": [sum(map(len, part)) for part in saved.parts],
        "checksum": checksum,
        "depth": saved.depth,
        "transitions": saved.transitions,
        "faults_fired": saved.faults_fired,
        "found": {name: [str(each) for each in end] for name, end in saved.found.items()},
        "schedules": {name: _schedule_to_json(schedule) for name, schedule in saved.schedules.items()},
        "omission_odds": saved.omission_odds,
    }
    text = json.dumps(header).encode()
    beside = path.with_name(f"{path.name}.part")
    try:
        with beside.open("wb") as file:
            file.write(MAGIC + len(text).to_bytes(LENGTH_BYTES, "little") + text)
            for piece in pieces:
                file.write(piece.data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as error:
        raise CheckpointError(f"The checkpoint {path} cannot be written: {error.strerror}.") from None


def load(path: Path, model: Model, *, merging: bool, symmetry: bool = False) -> tuple[Tables, Saved]:
    """Return the search that a file holds, with the tables that its numbers belong to.

    One that was begun with symmetry is gone on with only if `symmetry` allows it; one that was begun without it is gone
    on with as it is. Raises CheckpointError if the file cannot be read, is damaged, or is not of this model.
    """
    header, body = _read(path)
    if header["model"] != _digest_of_model(model, merging=merging):
        raise CheckpointError(f"The checkpoint {path} is of another scenario; name another file, or remove this one.")
    if header["folded"] is not None and not symmetry:
        raise CheckpointError(f"The checkpoint {path} is of a search with symmetry; allow it, or name another file.")
    tables = _learned_again(model, merging, header["lessons"])
    if tables is None or header["tables"] != _digest_of_tables(tables):
        raise CheckpointError(f"The checkpoint {path} is of another version of this protocol; remove it to start anew.")
    words = numpy.frombuffer(body, dtype=numpy.uint64)
    ends = numpy.cumsum(header["sizes"])[:-1]
    places = header["layout"]
    layout = Layout(tuple(places["bits"]), tuple(places["word"]), tuple(places["shift"]), places["words"])
    saved = Saved(
        layout=layout,
        parts=[[part] for part in numpy.split(words, ends)],
        depth=header["depth"],
        transitions=header["transitions"],
        faults_fired=header["faults_fired"],
        found={name: _endpoint(*end) for name, end in header["found"].items()},
        schedules={name: _schedule_from_json(each) for name, each in header["schedules"].items()},
        folded=header["folded"],
        omission_odds=header["omission_odds"],
    )
    return tables, saved


def _learned_again(model: Model, merging: bool, lessons: list[tuple[int, int, int, str]]) -> Tables | None:
    """Return the tables with these lessons, or None where they make no sense for this model any more."""
    tables = Tables(model, merging=merging)
    tables.initial()
    try:
        for process, local, row, fields in lessons:
            tables.rows[process][local][row].successors[int(fields)]
    except Exception:  # a role or a component was given what it never was before
        return None
    return tables


def _read(path: Path) -> tuple[dict[str, Any], memoryview]:
    """Return the header and the body of a file, which is mapped: it may be larger than the memory."""
    try:
        with path.open("rb") as file:
            is_one = file.read(len(MAGIC)) == MAGIC
            content = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if is_one else b"")
    except OSError as error:
        raise CheckpointError(f"The checkpoint {path} cannot be read: {error.strerror}.") from None
    if not is_one:
        raise CheckpointError(f"{path} is not a checkpoint, or not one that this version of deadheat can go on with.")
    begin = len(MAGIC) + LENGTH_BYTES
    length = int.from_bytes(content[len(MAGIC) : begin], "little")
    body = content[begin + length :]
    try:
        header: dict[str, Any] = json.loads(bytes(content[begin : begin + length]))
        whole = zlib.crc32(body) == header["checksum"]
    except (ValueError, KeyError):
        whole = False
    if not whole:
        raise CheckpointError(f"The checkpoint {path} is damaged; remove it to start anew.")
    return header, body


def _digest_of_model(model: Model, *, merging: bool) -> str:
    """Return a digest of what a model is made of, by name."""
    description = {
        "components": list(model.components),
        "processes": [
            (each.name, _name(each.role), *map(_name, each.arguments), each.repeats, each.owed, len(each.crashes))
            for each in model.processes
        ],
        "properties": [(each.name, each.kind, each.reads) for each in model.properties],
        "budgets": dict(model.budgets),
        "quiet": model.quiet,
        "interchangeable": model.interchangeable,
        "merging": merging,
    }
    return hashlib.sha256(json.dumps(description).encode()).hexdigest()


def _name(value: Any) -> str:
    """Return what a function or an argument is, as text that is the same in every run."""
    if isinstance(value, str | int):
        return repr(value)
    named = value if hasattr(value, "__qualname__") else type(value)
    return f"{named.__module__}.{named.__qualname__}"


def _digest_of_tables(tables: Tables) -> str:
    """Return a digest of all that was learned, in the order in which it was."""
    digest = hashlib.sha256()
    for text in _described(tables):
        digest.update(text.encode())
    return digest.hexdigest()


def _described(tables: Tables) -> Iterable[str]:
    yield repr(tables.numbers_in_use())
    for lesson in tables.lessons:
        successors = tables.rows[lesson.process][lesson.local][lesson.row].successors[lesson.fields]
        yield repr((*lesson, [(each.delta, each.budget, each.owed, each.choice) for each in successors]))


def _endpoint(state: str, layer: str, after: str) -> Endpoint:
    return Endpoint(int(state), int(layer), None if after == "None" else int(after))


def _schedule_to_json(schedule: Schedule) -> list[list[Any]]:
    return [[choice.process, choice.alternative, choice.branch] for choice in schedule.choices]


def _schedule_from_json(choices: list[list[Any]]) -> Schedule:
    return Schedule(tuple(Choice(*choice) for choice in choices))
