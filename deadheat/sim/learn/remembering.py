"""Tables that remember: begun with what an earlier run has learned of the same model, and kept for the next one.

Nothing is kept of a model that broke a rule, so that one breaks it again; of one that asked the world for something
while it was learned from; and of one of which no key would say all that it does (`identity`).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from hashlib import sha256
from pathlib import Path

from deadheat.sim import kept
from deadheat.sim.learn import world_watch
from deadheat.sim.learn.entry import Entry, decoded, encoded, entry_of
from deadheat.sim.learn.identity import key_of, key_of_part
from deadheat.sim.learn.recalled import Recalled
from deadheat.sim.learn.tables import Tables
from deadheat.sim.model import Model

__all__ = ["FOLDER", "remembering", "remembering_as"]

FOLDER = "learned"
BYTES_MAX = 256 << 20
"""So much may lie there, of all models together."""

ENTRY_BYTES_MAX = 16 << 20


_asked_for_more: dict[str, bool] = {}
"""Whether what a search asked for more of was a lesson, by the names of entries that were not enough."""


def remembering(model: Model, *, merging: bool = True, values_max: int = 0, part_of: Tables | None = None) -> Tables:
    """Return the tables of a model, which know what was learned of it, and are kept once all of it was verified.

    A part of a model that has such tables is known by these. Where a counter took on `values_max` values, all is
    learned anew, since a search ends with that.
    """

    def named() -> str | None:
        return key_of(model, merging=merging) if part_of is None else key_of_part(part_of.key, model)

    return _remembering(
        named,
        partial(Tables, model, merging=merging),
        partial(Recalled, model, merging=merging),
        values_max,
    )


def remembering_as(
    purpose: str,
    model: Model,
    learning: Callable[[Model], Tables],
    recalling: Callable[..., Recalled],
    *,
    merging: bool = True,
    values_max: int = 0,
) -> Tables:
    """Return tables for a purpose of their own: those that are made for `learning`, or by `recalling` an entry."""

    def named() -> str | None:
        key = key_of(model, merging=merging)
        return sha256(f"{purpose} {key}".encode()).hexdigest() if key is not None else None

    return _remembering(named, partial(learning, model), partial(recalling, model, merging=merging), values_max)


def _remembering(
    named: Callable[[], str | None],
    learning: Callable[[], Tables],
    recalling: Callable[[Entry], Recalled],
    values_max: int = 0,
) -> Tables:
    where = kept.folder(FOLDER)
    key = named() if where is not None else None
    if where is None or key is None:
        return learning()
    world_watch.watch()
    asked = world_watch.times_asked()
    tables = _recalled(recalling, where / key, values_max) or learning()
    tables.key = key
    if not isinstance(tables, Recalled):
        tables.verified = partial(_keep, tables, where / key, asked, named)
    return tables


def _recalled(recalling: Callable[[Entry], Recalled], path: Path, values_max: int) -> Recalled | None:
    body = kept.read(path) if path.name not in _asked_for_more else None
    entry = decoded(body) if body is not None else None
    if entry is None:
        return None
    if not entry.is_of_use:
        _asked_for_more[path.name] = False
        return None
    if values_max and entry.grown >= values_max:
        return None
    try:
        tables = recalling(entry)
    except (IndexError, KeyError, TypeError, ValueError):  # of another form than it should be
        return None
    tables.was_not_enough = partial(_asked_for_more.__setitem__, path.name)
    with suppress(OSError):
        os.utime(path.with_name(path.name + kept.SUFFIX))  # it was used
    return tables


def _keep(tables: Tables, path: Path, asked_before: int, named: Callable[[], str | None]) -> None:
    """Keep what tables have learned, if it is still of the model that it was of when they were begun."""
    if world_watch.times_asked() != asked_before or named() != tables.key:
        return
    is_of_use = _asked_for_more.get(path.name, True)
    entry = entry_of(tables, is_of_use=is_of_use)
    if entry is None:
        return
    try:
        body = encoded(entry)
    except UnicodeEncodeError:  # half of a surrogate pair, such as a file's name that is no UTF-8
        return
    if len(body) <= ENTRY_BYTES_MAX and kept.write(path, body):
        kept.remove_oldest(path.parent, BYTES_MAX)
        if is_of_use:
            _asked_for_more.pop(path.name, None)
