"""A compiled search on disk: written whole and then put in place, so that a kill at any time leaves a good file.

The numbers in packed states mean something only together with the tables that gave them out. The tables are not
saved but the lessons that they were learned by are, in their order; they are learned again, and a digest tells
whether that came out the same.

A file is gone on with only by the search that it is of: of the same model, by its fingerprint, and by the same code of
deadheat. Everything in it is under one checksum.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy

import deadheat.sim
from deadheat.sim.errors import CheckpointError
from deadheat.sim.explore.compiled.layout import WORD_BITS, Layout, Words
from deadheat.sim.explore.compiled.paths import Endpoint
from deadheat.sim.explore.every_step import asked_of_every_step, named_in
from deadheat.sim.explore.saved.checkpoint_file import CheckpointFile, code_in
from deadheat.sim.explore.saved.schedules import Count, SavedSchedule, saved_schedule, schedule_from
from deadheat.sim.explore.saved.whole_file import Body, DamagedError
from deadheat.sim.fingerprint import digest_of, fingerprint
from deadheat.sim.learn.tables import FIELD_BITS, Tables
from deadheat.sim.learn.watches import EveryStepError
from deadheat.sim.model import Kind, Model
from deadheat.sim.trace import Schedule

__all__ = ["Checkpoint", "Saved", "opened"]

MAGIC = b"deadheat checkpoint 3\n"
"""What a file begins with; the number changes with the form of what follows."""

WORD_BYTES = WORD_BITS // 8
WORDS_AT_ONCE = 1 << 20

Digits = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]+$")]
"""A number that may have more bits than a number of JSON."""


@dataclass(frozen=True)
class Saved:
    """A search between two of its steps.

    `parts` are the words of its states by layer, each in pieces, with the layer numbered `depth` in two: what was
    expanded of it, and what was not. Those of a file can be gone through once, and the last of them raises
    CheckpointError if the file was changed in the meantime. `folded` counts the transitions to states for which another
    stood; None in a search without symmetry. `omission_odds` are those of `Exploration`, up to here.
    """

    layout: Layout
    parts: Iterable[Iterable[Words]]
    depth: int
    transitions: int
    faults_fired: list[str]
    marks: list[int]
    found: Mapping[str, Endpoint]
    schedules: Mapping[str, Schedule]
    folded: int | None = None
    omission_odds: float = 0.0


class SavedLayout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A layout."""

    bits: tuple[Count, ...]
    word: tuple[Count, ...]
    shift: tuple[Count, ...]
    words: Count


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All but the states: what they are of, and what was found.

    `by` is the code that saved them; `every_step` are the properties that the search asked of every step.
    """

    by: str
    model: str
    every_step: tuple[str, ...]
    merging: bool
    tables: str
    lessons: tuple[tuple[Count, Count, Count, Digits], ...]
    layout: SavedLayout
    sizes: tuple[Count, ...]
    depth: Count
    transitions: Count
    faults_fired: tuple[str, ...]
    marks: tuple[Count, ...]
    found: dict[str, tuple[Digits, Count, Digits | None]]
    schedules: dict[str, SavedSchedule]
    folded: Count | None
    omission_odds: Annotated[float, msgspec.Meta(ge=0, le=1)]


class Checkpoint(CheckpointFile):
    """The file of one search, which no other search may use as long as it is open.

    Raises CheckpointError where it could not be written in the end, and FingerprintError for a model that cannot be
    told from others.
    """

    def __init__(self, path: Path, model: Model, *, merging: bool) -> None:
        self._model = model
        self._merging = merging
        self._fingerprint = fingerprint(asked_of_every_step(model, ()))
        self._by = _code()
        super().__init__(path, MAGIC)

    def save(self, tables: Tables, saved: Saved) -> None:
        """Write a search to the file; raises CheckpointError where that cannot be done."""
        parts = [list(part) for part in saved.parts]
        header = Header(
            by=self._by,
            merging=tables.merging,
            model=self._fingerprint,
            every_step=tuple(named_in(tables.model)),
            tables=_digest_of_tables(tables),
            lessons=tuple((each.process, each.local, each.row, f"{each.fields:x}") for each in tables.lessons),
            layout=SavedLayout(**asdict(saved.layout)),
            sizes=tuple(sum(map(len, part)) for part in parts),
            depth=saved.depth,
            transitions=saved.transitions,
            faults_fired=tuple(saved.faults_fired),
            marks=tuple(saved.marks),
            found={name: _end_to_text(end) for name, end in saved.found.items()},
            schedules={name: saved_schedule(schedule) for name, schedule in saved.schedules.items()},
            folded=saved.folded,
            omission_odds=saved.omission_odds,
        )
        body = (piece.astype("<u8", copy=False).data.cast("B") for part in parts for piece in part if len(piece))
        self.write(header, body)

    def load(self, *, symmetry: bool = False) -> tuple[Tables, Saved]:
        """Return the search that the file holds, with the tables that its numbers belong to.

        Their model asks of every step what that search did, whatever the one that is looked for does. One that was
        begun with symmetry is gone on with only if `symmetry` allows it; one that was begun without it is gone on with
        as it is. Raises CheckpointError if the file cannot be read, is damaged, or is not of this model.
        """
        header, body = self.read(Header)
        tables = Tables(asked_of_every_step(self._model, header.every_step), merging=self._merging)
        self._require_ours(header, tables.merging, symmetry)
        is_same = _learn_again(tables, header)
        if not is_same or header.tables != _digest_of_tables(tables):
            raise CheckpointError(
                f"The checkpoint {self.path} is of the same code, and yet that does something else now, so it depends "
                "on what is outside it; remove the file to start anew."
            )
        if not _makes_sense(header, body, tables):
            raise self.is_damaged()
        return tables, Saved(
            layout=Layout(**msgspec.structs.asdict(header.layout)),
            parts=self._require_found(header, tables, self._read_parts(header, body)),
            depth=header.depth,
            transitions=header.transitions,
            faults_fired=list(header.faults_fired),
            marks=list(header.marks),
            found={name: _end_from_text(*end) for name, end in header.found.items()},
            schedules={name: schedule_from(each) for name, each in header.schedules.items()},
            folded=header.folded,
            omission_odds=header.omission_odds,
        )

    def _require_ours(self, header: Header, merging: bool, symmetry: bool) -> None:
        """Raise CheckpointError unless the file is of this very search."""
        self.require_code(header.by, self._by)
        self.require_scenario(header.model, self._fingerprint)
        if header.merging != merging:
            how = "with" if header.merging else "without"
            raise CheckpointError(f"The checkpoint {self.path} is of a search {how} merging; ask for that again.")
        if header.folded is not None and not symmetry:
            raise CheckpointError(
                f"The checkpoint {self.path} is of a search with symmetry; allow it, or name another file."
            )

    def _read_parts(self, header: Header, body: Body) -> Iterator[Iterable[Words]]:
        sizes = [size * WORD_BYTES for size in header.sizes]
        at_once = WORDS_AT_ONCE * header.layout.words * WORD_BYTES
        try:
            for pieces in body.read(sizes, at_once):
                yield map(_words, pieces)
        except (OSError, DamagedError):
            raise CheckpointError(
                f"The checkpoint {self.path} was changed while it was being read; see who else uses it, or remove it "
                "to start anew."
            ) from None

    def _require_found(
        self, header: Header, tables: Tables, parts: Iterable[Iterable[Words]]
    ) -> Iterator[Iterable[Words]]:
        """Yield the parts; raise CheckpointError, in the end, unless each found state was in the layer that is said.

        And unless one transition leads on from there, where that is what was found.
        """
        layout, missing = Layout(**msgspec.structs.asdict(header.layout)), dict(header.found)
        for number, pieces in enumerate(parts):
            layer = number if number <= header.depth else number - 1  # that of its depth is in two parts
            ends = {name: layout.pack([int(state, 16)]) for name, (state, at, _) in missing.items() if at == layer}
            yield _watched(pieces, ends, missing) if ends else pieces
        found = (_end_from_text(*each) for each in header.found.values())
        if missing or (header.folded is None and not all(_is_possible(tables, end) for end in found)):
            raise self.is_damaged()


@contextmanager
def opened(checkpoint: Path | Checkpoint | None, model: Model, *, merging: bool) -> Iterator[Checkpoint | None]:
    """Open a checkpoint for as long as a search lasts; one that is open already, and None, stay as they are."""
    if not isinstance(checkpoint, Path):
        yield checkpoint
        return
    file = Checkpoint(checkpoint, model, merging=merging)
    try:
        yield file
    finally:
        file.close()


# What a file is of


@cache
def _code() -> str:
    """Return the code that a search consists of."""
    return code_in(*map(Path, deadheat.sim.__path__))


def _digest_of_tables(tables: Tables) -> str:
    """Return a digest of all that was learned, in the order in which it was, and of what each number stands for."""
    counts = tables.numbers_in_use()
    values = [[tables.value(field, number) for number in range(counts[field])] for field in tables.fields.every]
    stands = [[(each.operations, each.outcome) for each in local.states] for local in tables.locals]
    digest = hashlib.sha256(digest_of((counts, values, stands)))
    for lesson in tables.lessons:
        successors = tables.rows[lesson.process][lesson.local][lesson.row].successors[lesson.fields]
        digest.update(
            repr((*lesson, [(each.delta, each.budget, each.owed, each.choice) for each in successors])).encode()
        )
    return digest.hexdigest()


def _learn_again(tables: Tables, header: Header) -> bool:
    """Learn the same lessons; return whether they make sense for this model."""
    tables.initial()
    try:
        for process, local, row, fields in header.lessons:
            tables.rows[process][local][row].successors[int(fields, 16)]
    except EveryStepError:
        raise
    except Exception:  # a role or a component was given what it never was before
        return False
    return True


def _makes_sense(header: Header, body: Body, tables: Tables) -> bool:
    """Return whether all that a header says fits together."""
    counts, places = tables.numbers_in_use(), header.layout
    fields = list(zip(places.bits, places.word, places.shift, strict=False))
    kinds = {each.name: each.kind for each in tables.model.properties}
    digits_max = len(counts) * FIELD_BITS // 4
    return (
        len(places.bits) == len(places.word) == len(places.shift) == len(counts)
        and all(word < places.words and shift + bits <= WORD_BITS for bits, word, shift in fields)
        and len(header.sizes) > header.depth + 1
        and not any(size % places.words for size in header.sizes)
        and sum(header.sizes) * WORD_BYTES == body.size
        and header.found.keys() | header.schedules.keys() <= kinds.keys()
        and all(
            layer <= header.depth + 1
            and len(state) <= digits_max
            and (after is not None) is (kinds[name] is Kind.STEP)
            and len(after or "") <= digits_max
            for name, (state, layer, after) in header.found.items()
        )
        and all(
            (each.cycle_from is not None) is (kinds[name] is Kind.EVENTUALLY)
            and (each.cycle_from or 0) <= len(each.choices)
            for name, each in header.schedules.items()
        )
        and set(header.faults_fired) <= set(tables.model.budgets)
        and all(mark < len(tables.marks) for mark in header.marks)
    )


# From and to what a file holds


def _watched(pieces: Iterable[Words], ends: Mapping[str, Words], missing: dict[str, Any]) -> Iterator[Words]:
    """Yield the pieces, and take from what is missing the ends that are in one of them."""
    for piece in pieces:
        for name, words in ends.items():
            if (piece.reshape(-1, len(words)) == words).all(axis=1).any():
                missing.pop(name, None)
        yield piece


def _is_possible(tables: Tables, end: Endpoint) -> bool:
    """Return whether the last transition to an end, which begins in a state that was seen, is one."""
    return end.after is None or any(state == end.after for _, state in tables.choices(end.state))


def _words(piece: bytes) -> Words:
    return numpy.frombuffer(piece, dtype="<u8").astype(numpy.uint64, copy=False)


def _end_to_text(end: Endpoint) -> tuple[str, int, str | None]:
    return f"{end.state:x}", end.layer, None if end.after is None else f"{end.after:x}"


def _end_from_text(state: str, layer: int, after: str | None) -> Endpoint:
    return Endpoint(int(state, 16), layer, None if after is None else int(after, 16))
