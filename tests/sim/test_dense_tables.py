"""The arrays that compiled functions read, against the tables that they were made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy
import pytest

from deadheat.scenarios.scenario import Scenario
from deadheat.sim.explore.compiled.edges import successors
from deadheat.sim.explore.compiled.tables import DenseTables, RowKey
from deadheat.sim.learn.tables import Tables

STATES = 1_000


def misses(dense: DenseTables, state: int) -> Iterator[tuple[RowKey, int]]:
    for process in range(len(dense.tables.locals)):
        local = dense.tables.field(state, process)
        for place, row in enumerate(dense.tables.rows[process][local]):
            yield RowKey(process, local, place, row), state


def learned(dense: DenseTables) -> tuple[list[int], int]:
    """Explore some states breadth first, each learned by itself; return them, and how often all was laid out anew."""
    states = {dense.tables.initial(): None}
    anew = 0
    for state in (order := list(states)):
        anew += dense.learn(list(misses(dense, state)))
        for _, after in dense.tables.choices(state):
            if after not in states and len(states) < STATES:
                states[after] = None
                order.append(after)
    return list(states), anew


def by_arrays(dense: DenseTables, states: list[int]) -> Counter[tuple[int, int, int]]:
    """Return the transitions that compiled code finds: the state, the process, and the state that follows."""
    words = dense.layout.pack(states)
    size = len(states) * dense.successors_max
    afters = numpy.empty(size * dense.layout.words, dtype=numpy.uint64)
    sources, processes = numpy.empty(size, dtype=numpy.int64), numpy.empty(size, dtype=numpy.int32)
    info, every = numpy.empty(size, dtype=numpy.uint8), numpy.ones(dense.rows_known, dtype=numpy.uint8)
    places = numpy.arange(len(states))
    count = successors(dense.witness, dense.arrays(), words, places, False, every, afters, sources, processes, info)
    following = dense.layout.unpack(afters[: count * dense.layout.words])
    before = (states[source] for source in sources[:count])
    return Counter(zip(before, processes[:count].tolist(), following, strict=True))


def by_tables(tables: Tables, states: list[int]) -> Counter[tuple[int, int, int]]:
    return Counter(
        (state, process, after)
        for state in states
        for process in range(len(tables.locals))
        for _, after in tables.choices_of(state, process)
    )


@pytest.mark.parametrize("dense_bits", [0, 6, 14])
def test_however_often_all_was_laid_out_anew_the_arrays_say_what_the_tables_say(dense_bits: int) -> None:
    faults = (("http-retry", 1), ("dispatcher-crash", 1), ("k8s-refusal", 1))
    dense = DenseTables(Tables(Scenario("request-token", faults=faults).model()), dense_bits)
    states, anew = learned(dense)
    assert anew > 3
    transitions = by_tables(dense.tables, states)
    assert by_arrays(dense, states) == transitions
    assert by_arrays(DenseTables(dense.tables, dense_bits), states) == transitions
