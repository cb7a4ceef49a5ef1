"""The visited set by fingerprint: what it holds, what it leaves out and how often, and where it ends."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy
import pytest

from deadheat.sim.explore import memory
from deadheat.sim.explore.compiled.layout import Layout
from deadheat.sim.explore.compiled.stored import fingerprint_store, words_file
from deadheat.sim.explore.compiled.stored.exact_store import ExactStore
from deadheat.sim.explore.compiled.stored.fingerprint_store import BYTES_A_STATE, FULL, FULLEST, FingerprintStore
from deadheat.sim.explore.compiled.stored.fingerprints import LOW, widen
from deadheat.sim.explore.compiled.stored.store import SLOTS_MIN, anything
from deadheat.sim.explore.compiled.stored.subsets import Subset
from deadheat.sim.explore.compiled.stored.words_file import WordsFile, folder_on_disk
from deadheat.sim.explore.memory import NoRoomError
from tests.sim.test_store import insert_all

Numbers = numpy.typing.NDArray[numpy.uint64]


def store_of(words: int, shards: int = 1, room: int = 1 << 20, bits: int = 64, **others: Any) -> FingerprintStore:
    layout = Layout((16,) * words, tuple(range(words)), (0,) * words, words)
    return FingerprintStore(layout, shards, room, bits=bits, **others)


def random_states(count: int, words: int, seed: int = 1) -> Numbers:
    return numpy.random.default_rng(seed).integers(0, 1 << 63, (count, words), dtype=numpy.uint64)


# What it holds


@pytest.mark.parametrize("shards", [1, 2])
@pytest.mark.parametrize("words", [1, 2, 3, 4])
def test_a_store_holds_each_state_once_however_often_it_grows(words: int, shards: int) -> None:
    # Few different words, so that states differ in one word only, and 0 among them, whose hash is 0.
    largest = [600_000, 600, 80, 27][words - 1]
    candidates = numpy.random.default_rng(1).integers(0, largest, (400_000, words), dtype=numpy.uint64)
    candidates[200_000] = candidates[0] = 0
    store = store_of(words, shards)
    assert all(insert_all(store, candidates))
    distinct = {tuple(row) for row in candidates.tolist()}
    assert store.states == len(distinct) > 4 * SLOTS_MIN * FULL
    assert all(insert_all(store, candidates))
    assert store.states == len(distinct)
    places = store.find_all(candidates.ravel())
    assert (store.states_at(places).reshape(-1, words) == candidates).all()
    absent = candidates[:1000] + numpy.uint64(1 << 40)
    assert (store.find_all(absent.ravel()) == -1).all()


def test_states_are_in_the_order_in_which_an_exact_store_has_them() -> None:
    candidates = random_states(100_000, 2)
    exact = ExactStore(Layout((16,) * 2, (0, 1), (0, 0), 2), 2, 1 << 20)
    store = store_of(2, shards=2)
    insert_all(exact, candidates)
    insert_all(store, candidates)
    for shard in range(2):
        ranges = [numpy.arange(each.offset(shard), each.offset(shard) + each.found[shard]) for each in (exact, store)]
        assert (exact.states_at(ranges[0]) == store.states_at(ranges[1])).all()


def test_a_state_takes_the_memory_of_its_slot_however_wide_it_is() -> None:
    store = store_of(4)
    for last in range(50_000, 500_000, 50_000):
        insert_all(store, random_states(last, 4))
        if store.states > SLOTS_MIN:  # before that it is as large as it was made
            assert 8 / FULL <= store.bytes_used / store.states <= 13


def test_a_full_store_takes_no_more() -> None:
    store = store_of(2, room=100)
    assert insert_all(store, random_states(150, 2)) == [False]
    assert store.is_full(0)
    assert store.states == 100


def test_without_more_memory_a_table_is_filled_further_and_then_no_more() -> None:
    store = store_of(2, may_take=lambda _: False)
    candidates = random_states(100_000, 2)
    assert insert_all(store, candidates) == [False]
    assert store.is_full(0)
    assert store.states == int(SLOTS_MIN * FULLEST)
    assert store.bytes_used / store.states == pytest.approx(BYTES_A_STATE, rel=0.001)
    store.may_take = anything
    taken = candidates[: store.states].ravel()
    assert (store.states_at(store.find_all(taken)) == taken).all()


def test_a_table_grows_by_less_where_memory_is_short() -> None:
    store = store_of(2, may_take=lambda size: size <= 2 * 8 * SLOTS_MIN // 50)
    assert insert_all(store, random_states(46_000, 2)) == [True]
    assert SLOTS_MIN < len(store.slots[0]) <= SLOTS_MIN * 51 // 50


# How the table grows


def put(slots: Numbers, size: int, values: Numbers) -> None:
    """Put values into the first `size` slots, as the compiled code does, in plain Python."""
    for value in values.tolist():
        slot = ((value >> 32) * size) >> 32
        while slots[slot]:
            slot = (slot + 1) % size
        slots[slot] = value


def is_found(slots: Numbers, value: int) -> bool:
    slot = ((value >> 32) * len(slots)) >> 32
    while slots[slot] not in (0, value):
        slot = (slot + 1) % len(slots)
    return bool(slots[slot] == value)


@pytest.mark.parametrize("low", [16, 1 << 10, LOW])
@pytest.mark.parametrize("highest", [False, True])
def test_a_table_that_has_grown_has_what_it_had(low: int, highest: bool) -> None:
    generator = numpy.random.default_rng(low)
    grew = 0
    for more in (1, 40, 400, 4_000):
        size = 4_000
        values = generator.integers(1, 1 << 64, 3_000, dtype=numpy.uint64)
        if highest:  # many that begin at the last slots, and go on from the first
            values[:60] |= numpy.uint64(0xFFF0 << 48)
        slots = numpy.zeros(size + more, dtype=numpy.uint64)
        put(slots[:size], size, values)
        if widen(slots, size, numpy.empty(low, dtype=numpy.uint64)):
            grew += 1
            assert sorted(slots[slots != 0].tolist()) == sorted(values.tolist())
            assert all(is_found(slots, value) for value in values.tolist())
    assert grew >= {16: 0, LOW: 4}.get(low, 1)


def test_a_table_in_which_too_many_lie_side_by_side_is_not_moved() -> None:
    # All of them begin at one slot, far from the first ones: moved up, the last would meet those that have yet to move.
    size = 4 * LOW
    beginning = numpy.uint64((1 << 63) // 2)
    values = beginning + numpy.arange(size // 2, dtype=numpy.uint64)
    slots = numpy.zeros(size + 100, dtype=numpy.uint64)
    slots[size // 4 : size // 4 + len(values)] = values
    assert not widen(slots, size, numpy.empty(LOW, dtype=numpy.uint64))


def test_a_table_that_could_not_be_moved_is_filled_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    filled = 0

    def spoil(slots: Numbers, size: int, low: Numbers) -> bool:
        nonlocal filled
        filled += 1
        slots.fill(1)
        return False

    monkeypatch.setattr(fingerprint_store, "widen", spoil)
    store, candidates = store_of(2), random_states(100_000, 2)
    candidates[7] = 0
    for _ in range(2):
        assert insert_all(store, candidates) == [True]
        assert store.states == 100_000
    assert filled > 3


# What it leaves out


@pytest.mark.parametrize(("bits", "count"), [(16, 8_000), (20, 30_000), (24, 100_000)])
def test_states_are_left_out_as_often_as_the_odds_say(bits: int, count: int) -> None:
    store = store_of(2, bits=bits)
    insert_all(store, random_states(count, 2))
    slots = float(1 << bits)
    expected = count - slots * -numpy.expm1(count * numpy.log1p(-1 / slots))
    left_out = count - store.states
    assert abs(left_out - expected) < 5 * expected**0.5
    assert left_out <= 1.1 * count * (count + 1) / 2 / slots
    assert store.omission_odds == 1.0


def test_the_odds_are_an_upper_bound_and_no_more_than_that() -> None:
    trials, count, bits = 300, 100, 14
    with_omissions, odds = 0, 0.0
    for seed in range(trials):
        store = store_of(2, room=200, bits=bits)
        insert_all(store, random_states(count, 2, seed))
        with_omissions += store.states < count
        odds = max(odds, store.omission_odds)
    assert odds == count * (count + 1) / 2 / (1 << bits)
    deviation = (trials * odds * (1 - odds)) ** 0.5
    assert trials * odds / 2 < with_omissions < trials * odds + 3 * deviation


def test_of_states_of_one_word_none_is_left_out() -> None:
    store = store_of(1)
    insert_all(store, random_states(1_000, 1))
    assert store.omission_odds == 0.0
    assert store_of(2).omission_odds == 0.0
    wide = store_of(2)
    insert_all(wide, random_states(1_000, 2))
    assert wide.omission_odds == 1_000 * 1_001 / 2 / (1 << 64)


@pytest.mark.parametrize("words", [2, 3, 4])
def test_hashes_of_a_few_fields_that_count_are_spread_as_by_chance(words: int) -> None:
    # Every state of a few fields of a few bits each, all over the words; seen through every 20 bits of their hashes.
    places = [numpy.uint64(3 + 64 // words * each % 50) for each in range(9)]
    numbers = numpy.arange(1 << 18, dtype=numpy.uint64)
    states = numpy.zeros((len(numbers), words), dtype=numpy.uint64)
    for field, place in enumerate(places):
        states[:, field % words] |= ((numbers >> numpy.uint64(2 * field)) & numpy.uint64(3)) << place
    store = store_of(words)
    insert_all(store, states)
    assert store.states == len(numpy.unique(states, axis=0))
    hashes = store._whole[0][: len(store.slots[0])]
    hashes = hashes[hashes != 0]
    slots = float(1 << 20)
    expected = slots * -numpy.expm1(len(hashes) * numpy.log1p(-1 / slots))
    for shift in range(0, 45, 4):
        seen = len(numpy.unique((hashes >> numpy.uint64(shift)) & numpy.uint64((1 << 20) - 1)))
        assert abs(seen - expected) < 6 * (len(hashes) - expected) ** 0.5


def test_some_of_the_states_are_found_exactly_and_others_are_not() -> None:
    states = random_states(10_000, 3)
    numbers = numpy.arange(0, 10_000, 3)
    subset = Subset((0, 0, 0), states.ravel(), numbers)
    places = subset.find_all(states.ravel())
    assert (places[numbers] == numbers).all()
    assert (numpy.delete(places, numbers) == -1).all()
    assert (Subset((0, 0, 0), states.ravel(), numbers[:0]).find_all(states.ravel()) == -1).all()


# The disk


def test_the_file_has_no_name_and_is_on_a_disk(tmp_path: Path) -> None:
    file = WordsFile(1_000, tmp_path)
    file.take(0, 1_000)
    file.words[:] = 7
    assert list(tmp_path.iterdir()) == []
    assert file.words.sum() == 7_000


def test_room_on_the_disk_is_taken_before_it_is_written_to(tmp_path: Path) -> None:
    file = WordsFile(1 << 20, tmp_path)
    blocks = os.fstat(file._file.fileno()).st_blocks
    file.take(0, 1 << 19)
    assert os.fstat(file._file.fileno()).st_blocks - blocks >= 8 * (1 << 19) // 512


def full_disk(file: int, first: int, length: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_said_and_no_state_is_lost(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(fingerprint_store, "STEP_BYTES", 16 * 3_000)
    store = store_of(2)
    candidates = random_states(10_000, 2)
    assert insert_all(store, candidates[:5_000]) == [True]
    assert store.full_because is None
    monkeypatch.setattr(os, "posix_fallocate", full_disk)
    assert insert_all(store, candidates) == [False]
    assert store.is_full(0)
    assert str(store.full_because) == f"the disk of {tmp_path} is full (set TMPDIR to a folder on another)"
    assert (store.states_at(numpy.arange(6_000)).reshape(-1, 2) == candidates[:6_000]).all()
    assert store.states == 6_000


def test_a_disk_is_not_filled_to_the_last_byte(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = WordsFile(1_000, tmp_path)
    monkeypatch.setattr(words_file, "LEFT_FREE", 1 << 62)
    with pytest.raises(NoRoomError, match="is full"):
        file.take(0, 1_000)


def test_a_folder_with_room_is_taken_unless_one_is_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    small.mkdir()
    large.mkdir()
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(small))
    monkeypatch.chdir(large)
    monkeypatch.setattr(words_file, "_is_in_memory", lambda _: False)
    monkeypatch.setattr(words_file, "_free", lambda folder: {small: 1 << 30, large: 1 << 40}.get(folder, 0))
    assert folder_on_disk(1 << 20) == small
    assert folder_on_disk(1 << 35) == large
    assert folder_on_disk(1 << 50) == large
    monkeypatch.setenv("TMPDIR", str(small))
    assert folder_on_disk(1 << 50) == small


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="there is no folder in memory")
def test_a_folder_in_memory_is_never_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", "/dev/shm")
    assert folder_on_disk(1) != Path("/dev/shm")
    monkeypatch.setattr(words_file, "_is_in_memory", lambda _: True)
    with pytest.raises(NoRoomError, match=r"cannot be written to, or lie in memory \(set TMPDIR"):
        folder_on_disk(1)


def test_a_file_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    with pytest.raises(NoRoomError, match="cannot have the file of up to 8 KiB that fingerprints need: No such file"):
        WordsFile(1_000, tmp_path / "nowhere")


def test_what_is_written_to_a_file_is_no_memory_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMPDIR", raising=False)
    file = WordsFile(1 << 24)
    file.take(0, 1 << 24)
    before = memory.taken()
    file.words[:] = 1
    assert memory.taken() - before < 1 << 23  # of 128 MiB
    held = numpy.ones(1 << 24, dtype=numpy.uint64)
    assert memory.taken() - before > 1 << 26
    assert len(held) == len(file.words)
