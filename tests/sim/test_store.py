"""Packed words and the visited set, against what plain Python says of the same states."""

from __future__ import annotations

import numpy
import pytest
from hypothesis import given, settings, strategies as st

from deadheat.sim.explore import python
from deadheat.sim.explore.compiled.layout import Layout
from deadheat.sim.explore.compiled.stored.exact_store import FULL, ExactStore
from deadheat.sim.explore.compiled.stored.store import SLOTS_MIN, Store
from deadheat.sim.explore.compiled.tables import DenseTables
from deadheat.sim.learn.tables import FIELD_BITS, FIELD_MASK, Tables
from tests.sim.classics import lost_update

counts = st.lists(st.integers(1, 1 << FIELD_BITS), min_size=1, max_size=12)


@st.composite
def layouts_with_states(draw: st.DrawFn) -> tuple[Layout, list[int]]:
    numbers = draw(counts)
    fields = st.tuples(*(st.integers(0, count - 1) for count in numbers))
    states = [
        sum(content << (FIELD_BITS * field) for field, content in enumerate(row))
        for row in draw(st.lists(fields, min_size=1, max_size=8))
    ]
    return Layout.fitting(numbers, growing=draw(st.lists(st.integers(0, len(numbers) - 1), max_size=2))), states


def packed_plainly(layout: Layout, state: int) -> list[int]:
    words = [0] * layout.words
    for field, (word, shift) in enumerate(zip(layout.word, layout.shift, strict=True)):
        words[word] |= ((state >> (field * FIELD_BITS)) & FIELD_MASK) << shift
    return words


@given(layouts_with_states())
def test_packed_states_are_unpacked_to_what_they_were(case: tuple[Layout, list[int]]) -> None:
    layout, states = case
    assert layout.unpack(layout.pack(states)) == states
    assert layout.pack(states).tolist() == [word for state in states for word in packed_plainly(layout, state)]


@given(layouts_with_states())
def test_a_transition_is_one_addition_a_word(case: tuple[Layout, list[int]]) -> None:
    layout, states = case
    first, last = layout.pack(states[:1]), layout.pack(states[-1:])
    delta = last - first
    assert layout.unpack(first + delta) == states[-1:]


@given(counts)
def test_a_field_lies_within_one_word_and_beside_the_others(numbers: list[int]) -> None:
    layout = Layout.fitting(numbers)
    assert layout.outgrown(numbers) == []
    taken = [0] * layout.words
    for field in range(len(numbers)):
        assert layout.shift[field] + layout.bits[field] <= 64
        assert taken[layout.word[field]] & layout.mask(field) == 0
        taken[layout.word[field]] |= layout.mask(field)


def test_a_field_that_has_grown_gets_the_bits_that_are_left_over() -> None:
    assert Layout.fitting([5, 3], growing=[0]).bits[0] > Layout.fitting([5, 3]).bits[0]
    assert Layout.fitting([1 << 16] * 4, growing=[0]).words == 1


def store_of(words: int, shards: int, room: int) -> ExactStore:
    return ExactStore(Layout((16,) * words, tuple(range(words)), (0,) * words, words), shards, room)


def insert_all(store: Store, candidates: numpy.typing.NDArray[numpy.uint64]) -> list[bool]:
    """Insert candidates of all shards; return whether each shard took all of its own."""
    search = python.Search(Tables(lost_update()))
    t = DenseTables(search.tables).arrays()
    words = store.layout.words
    shard_of = store._shards_of(candidates.ravel())
    muted, events = numpy.zeros(1, numpy.uint8), numpy.zeros((1 + 2 * words) * 64, numpy.uint64)
    taken = []
    for shard in range(store.shards):
        mine = candidates[shard_of == shard].ravel()
        count = len(mine) // words
        by = numpy.zeros(count, dtype=numpy.int32)
        taken.append(store.insert(t, shard, mine, by, 0, count, muted, events, 1) == count)
    return taken


@pytest.mark.parametrize("shards", [1, 2])
@pytest.mark.parametrize("words", [1, 2])
def test_the_visited_set_holds_each_state_once_however_often_it_grows(words: int, shards: int) -> None:
    generator = numpy.random.default_rng(1)
    # Few different words, so that states differ in one word only; far more than the table has room for at first.
    candidates = generator.integers(0, 600_000 if words == 1 else 600, (400_000, words), dtype=numpy.uint64)
    store = store_of(words, shards, room=1 << 20)
    assert all(insert_all(store, candidates))
    distinct = {tuple(row) for row in candidates.tolist()}
    assert store.states == len(distinct) > SLOTS_MIN * FULL
    places = store.find_all(candidates.ravel())
    assert (store.states_at(places).reshape(-1, words) == candidates).all()
    absent = candidates[:1000] + numpy.uint64(1 << 40)
    assert (store.find_all(absent.ravel()) == -1).all()


def test_a_full_visited_set_takes_no_more() -> None:
    store = store_of(1, 1, room=100)
    candidates = numpy.arange(150, dtype=numpy.uint64).reshape(-1, 1)
    assert insert_all(store, candidates) == [False]
    assert store.is_full(0)
    assert store.states == 100
    assert sorted(store.states_at(numpy.arange(100)).tolist()) == list(range(100))


@settings(deadline=None)
@given(layouts_with_states())
def test_states_packed_anew_keep_their_layers(case: tuple[Layout, list[int]]) -> None:
    layout, states = case
    distinct = list(dict.fromkeys(states))
    middle = len(distinct) // 2
    store = ExactStore(layout, 2, 1_000)
    store.add_layers([[layout.pack(distinct[:middle])], [layout.pack(distinct[middle:])]], layout)
    wider = Layout.fitting([1 << FIELD_BITS] * len(layout.bits))
    cursors = [store.layer_range(shard, 1)[1] for shard in range(2)]
    anew = ExactStore(wider, 2, 1_000)
    store.move_to(anew, 1, [cursors])
    for layer, expected in enumerate((distinct[:middle], distinct[middle:])):
        ranges = [anew.layer_range(shard, layer) for shard in range(2)]
        numbers = numpy.concatenate([numpy.arange(first, last) for first, last in ranges])
        assert sorted(wider.unpack(anew.states_at(numbers))) == sorted(expected)


@settings(deadline=None)
@given(layouts_with_states(), st.integers(0, 4), st.integers(0, 4))
def test_states_packed_anew_keep_their_parts_of_a_layer(case: tuple[Layout, list[int]], first: int, more: int) -> None:
    layout, states = case
    distinct = list(dict.fromkeys(states))
    store = ExactStore(layout, 2, 1_000)
    store.add_layers([[layout.pack(distinct)]], layout)
    ranges = [store.layer_range(shard, 0) for shard in range(2)]
    cuts = [[min(begin + size, end) for begin, end in ranges] for size in (first, first + more)]
    anew = ExactStore(Layout.fitting([1 << FIELD_BITS] * len(layout.bits)), 2, 1_000)
    cuts_anew = store.move_to(anew, 0, cuts)
    assert len(anew.layers[0]) == len(store.layers[0])
    for part, part_anew in zip(store.split(0, *cuts), anew.split(0, *cuts_anew), strict=True):
        assert sorted(anew.layout.unpack(numpy.concatenate(part_anew))) == sorted(
            layout.unpack(numpy.concatenate(part))
        )
