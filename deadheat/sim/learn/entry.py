"""What was learned of a model as numbers, names and plain values: the form in which it is kept."""

from __future__ import annotations

from typing import Any

import msgspec

from deadheat.sim.components import Component
from deadheat.sim.freeze import freeze
from deadheat.sim.learn.changes import moves
from deadheat.sim.learn.growth import SUSPICIOUS
from deadheat.sim.learn.lessons import Lesson, Mark, Successor
from deadheat.sim.learn.tables import FIELD_BITS, Tables
from deadheat.sim.learn.values import UnwritableError, read, written
from deadheat.sim.learn.watches import WatchedPart
from deadheat.sim.run.coverage import Site

__all__ = ["Entry", "Rows", "Step", "Taught", "decoded", "encoded", "entry_of", "mark_of"]

LESSONS_MAX = 100_000
"""So much is kept of one model, and no more."""


class Step(msgspec.Struct, frozen=True, array_like=True):
    """A successor: by how much each field changes that it has to do with, and of which fault it is, if it is one.

    A `mark` is one of the entry's; -1 stands for none, in both.
    """

    moves: list[tuple[int, int]]
    fault: int
    owed: bool
    alternative: int
    branch: int
    mark: int


class Taught(msgspec.Struct, frozen=True, array_like=True):
    """A lesson: the numbers of the components that it reads, what it reaches for certain, and its successors."""

    process: int
    local: int
    row: int
    numbers: list[int]
    certain: list[int]
    steps: list[Step]


class Rows(msgspec.Struct, frozen=True, array_like=True):
    """The rows of a local state: the fields that each reads, the last ones being those of these crashes.

    `labels` are those of the operations.
    """

    masks: list[list[int]]
    crashes: list[int]
    labels: list[str | None]


class Place(msgspec.Struct, frozen=True, array_like=True):
    """A site."""

    function: str
    file: str
    line: int


class Reached(msgspec.Struct, frozen=True, array_like=True):
    """A mark."""

    site: Place
    label: str | None
    fault: str | None
    inside: list[Place]


class Part(msgspec.Struct, frozen=True, array_like=True):
    """What a part of a property said of the numbers of the components that it reads, of a state or of two."""

    numbers: list[list[int]]
    verdicts: list[bool]


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """All that was learned of a model.

    `rows` are those of each process's local states, None where nobody asked for them. `values` are those of each
    component, None where some cannot be written down. `grown` is how many values that has taken on which has taken on
    most. One that is not `is_of_use` says no more than that.
    """

    is_of_use: bool
    initial: list[int]
    rows: list[list[Rows | None]]
    lessons: list[Taught]
    values: list[list[Any] | None]
    marks: list[Reached]
    parts: list[Part]
    grown: int


ENCODER, DECODER = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(Entry)


def encoded(entry: Entry) -> bytes:
    """Return an entry as bytes."""
    return ENCODER.encode(entry)


def decoded(body: bytes) -> Entry | None:
    """Return the entry that was encoded so; None for what is none."""
    try:
        return DECODER.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None


def entry_of(tables: Tables, *, is_of_use: bool) -> Entry | None:
    """Return what tables have learned; None where that is too much, or grows.

    Where it `is_of_use` to nobody, since the next run would want more than numbers too, nothing but that is said.
    """
    if len(tables.lessons) > LESSONS_MAX or tables.growing(SUSPICIOUS) is not None:
        return None
    if not is_of_use:
        return Entry(False, [], [], [], [], [], [], 0)
    marks: dict[Mark, int] = {}
    initial = tables.initial()
    fields = tables.fields.every
    counts = tables.numbers_in_use()
    values = [_values([tables.value(field, number) for number in range(counts[field])]) for field in fields]
    components = [tables.model.components[name] for name in tables.fields.names]
    if any(forms is None and _is_looked_at(each) for each, forms in zip(components, values, strict=True)):
        return Entry(False, [], [], [], [], [], [], 0)
    return Entry(
        is_of_use=True,
        initial=[tables.field(initial, field) for field in fields],
        rows=[
            [_rows(tables, process, local) for local in range(len(states.states))]
            for process, states in enumerate(tables.locals)
        ],
        lessons=[_taught(tables, lesson, marks) for lesson in tables.lessons],
        values=values,
        marks=[_reached(each) for each in marks],
        parts=[_part(tables, part) for watch in tables.watches for part in watch.parts],
        grown=_grown(tables),
    )


def _is_looked_at(component: Component) -> bool:
    """Return whether somebody may look at the values that a component took, once the search is over."""
    return type(component).__module__.startswith("deadheat.models.")


def _taught(tables: Tables, lesson: Lesson, marks: dict[Mark, int]) -> Taught:
    row = tables.rows[lesson.process][lesson.local][lesson.row]
    numbers = [tables.field(lesson.fields, field) for field in _fields(row.mask)]
    certain = [marks.setdefault(each, len(marks)) for each in tables.certain.get(lesson, ())]
    every = tables.marks
    steps = [_step(tables, lesson, each, every, marks) for each in row.successors[lesson.fields]]
    return Taught(lesson.process, lesson.local, lesson.row, numbers, certain, steps)


def _step(tables: Tables, lesson: Lesson, successor: Successor, every: list[Mark], marks: dict[Mark, int]) -> Step:
    mark = -1 if successor.mark < 0 else marks.setdefault(every[successor.mark], len(marks))
    choice = successor.choice
    first_budget = tables.fields.every.stop
    fault = (successor.budget.bit_length() - 1) // FIELD_BITS - first_budget if successor.budget else -1
    return Step(_moves(lesson, successor), fault, successor.owed, choice.alternative, choice.branch, mark)


def _moves(lesson: Lesson, successor: Successor) -> list[tuple[int, int]]:
    """Return by how much each field changes."""
    before = lesson.fields | lesson.local << (lesson.process * FIELD_BITS) | successor.budget
    return moves(before, before + successor.delta)


def _rows(tables: Tables, process: int, local: int) -> Rows | None:
    if local not in tables.rows[process]:
        return None
    states = tables.locals[process]
    rows = tables.rows[process][local]
    crashes = [n for n, crash in enumerate(states.process.crashes) if tables.model.budgets.get(crash.kind)]
    labels = [tables.label_of(process, local, each) for each in range(tables.operations_in(process, local))]
    masks = [_fields(row.mask) for row in rows]
    return Rows(masks, crashes[: len(rows) - tables.first_crash(process, local)], labels)


def _fields(mask: int) -> list[int]:
    """Return the numbers of the fields in a mask of whole fields."""
    return [field for field in range(mask.bit_length() // FIELD_BITS) if Tables.field_mask(field) & mask]


def _values(values: list[Any]) -> list[Any] | None:
    """Return values in a form that comes out the same when it is read; None where there is none."""
    try:
        forms = [written(each) for each in values]
        same = all(freeze(read(form)) == freeze(value) for form, value in zip(forms, values, strict=True))
    except UnwritableError:
        return None
    return forms if same else None


def mark_of(reached: Reached) -> Mark:
    """Return the mark that was written down so."""
    inside = tuple(Site(each.function, each.file, each.line) for each in reached.inside)
    site = Site(reached.site.function, reached.site.file, reached.site.line)
    return Mark(site, reached.label, reached.fault, inside)


def _reached(mark: Mark) -> Reached:
    return Reached(Place(*mark.site), mark.label, mark.fault, [Place(*each) for each in mark.inside])


def _part(tables: Tables, part: WatchedPart) -> Part:
    numbers = [[tables.field(state, field) for state in states for field in part.fields] for states in part.known]
    return Part(numbers, list(part.known.values()))


def _grown(tables: Tables) -> int:
    return next((count for count in range(SUSPICIOUS, 0, -1) if tables.growing(count) is not None), 0)
