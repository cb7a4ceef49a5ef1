"""What a model does to its components, as one number: two models with the same footprint cannot be told apart by it.

The footprint covers every state that can be reached and every step between two of them, as far as the components hold
it; neither where processes stand nor what is left of budgets. It says nothing of which steps follow on which.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from deadheat.sim.explore.results import Limits
from deadheat.sim.freeze import freeze
from deadheat.sim.model import Model
from deadheat.sim.tables import FIELD_BITS, FIELD_MASK, Tables

__all__ = ["footprint"]


def footprint(model: Model, limits: Limits = Limits()) -> int | None:
    """Return the footprint of a model; None if it has more states than the limit.

    Different footprints mean different states or steps. Equal ones mean the same, but for odds of 1 in 2**128.
    """
    tables = Tables(replace(model, properties=()))
    steps = _steps(tables, limits)
    if steps is None:
        return None
    known = {each: _digest(*_contents(tables, model, each)) for each in {state for step in steps for state in step}}
    return sum(int.from_bytes(_digest(known[before], known[after])[:16], "big") for before, after in steps)


def _steps(tables: Tables, limits: Limits) -> set[tuple[int, int]] | None:
    """Return the steps, as the fields of the components before and after; with one that only begins."""
    components = sum(tables.field_mask(tables.component_field(name)) for name in tables.model.components)
    initial = tables.initial()
    seen, waiting = {initial}, [initial]
    steps = {(initial & components, initial & components)}
    processes = [(process * FIELD_BITS, rows) for process, rows in enumerate(tables.rows)]
    while waiting:
        state = waiting.pop()
        before = state & components
        for shift, rows in processes:
            for mask, learned in rows[(state >> shift) & FIELD_MASK]:
                for successor in learned[state & mask]:
                    if successor.budget and not state & successor.budget:
                        continue
                    after = state + successor.delta
                    if after & components != before:
                        steps.add((before, after & components))
                    if after not in seen:
                        seen.add(after)
                        waiting.append(after)
        if len(seen) > limits.states_max:
            return None
    return steps


def _contents(tables: Tables, model: Model, state: int) -> Iterator[bytes]:
    view = tables.view(state, model.components)
    return (repr(freeze(view[name])).encode() for name in model.components)


def _digest(*contents: bytes) -> bytes:
    digest = hashlib.sha256()
    for each in contents:
        digest.update(len(each).to_bytes(8, "big") + each)
    return digest.digest()
