"""Searches by fingerprint: as exact ones are, but for odds that they state; and where searches end for want of room."""

from __future__ import annotations

import errno
import os
from collections.abc import Generator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from deadheat.models.protocols import PROTOCOLS
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.errors import UsageError
from deadheat.sim.explain.confirm import confirm
from deadheat.sim.explore import auto, kernel, memory, python
from deadheat.sim.explore.compiled import search
from deadheat.sim.explore.compiled.layout import Layout
from deadheat.sim.explore.compiled.search import KernelSearch
from deadheat.sim.explore.compiled.stored import fingerprint_store, stores, words_file
from deadheat.sim.explore.compiled.stored.store import Store
from deadheat.sim.explore.compiled.tuning import Tuning
from deadheat.sim.explore.kernel import explore
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.results import Exploration
from deadheat.sim.explore.stop import Limit, Stop
from deadheat.sim.learn.tables import Tables
from deadheat.sim.model import Model, Process
from deadheat.sim.operations import Request, atomically
from tests.breadth import tried_on
from tests.protocols import EACH
from tests.sim.classics import philosophers
from tests.sim.random_models import models
from tests.sim.test_checkpoint import loaded
from tests.sim.test_kernel import (
    TWO_CORES,
    UNBOUNDED,
    Counter,
    _numbers_in_use,
    counting,
    explore_with,
    facts,
)

BOTH = pytest.mark.parametrize("fingerprint", [False, True], ids=["exact", "fingerprint"])


MANY = (("worker-crash", 1), ("http-retry", 1), ("completion", 1))
"""Faults with which two evaluations of a protocol have many millions of states, of two words each."""


def wide(steps: int = 3, at_once: int = 30, turns: int = 40) -> Model:
    """Return a model of steps + 1 times `turns` states, of steps times at_once bits and some, with liveness."""
    model = counting((300, turns), wanted=turns - 1)
    names = [[f"idle {step} {number}" for number in range(at_once)] for step in range(steps)]
    others = {name: Counter(name, 2) for each in names for name in each}

    def touch_all() -> Generator[Request, Any, None]:
        for each in names:
            yield atomically(*(others[name].add(1) for name in each))

    return Model(
        {**model.components, **others},
        (*model.processes[1:], Process("touches all", touch_all)),
        model.properties,
    )


# The same as exact searches


@tried_on(models(), few=30, many=150)
def test_a_search_by_fingerprint_finds_what_the_plain_loop_finds_and_simpy_confirms_it(model: Model) -> None:
    plain = facts(python.explore(model))
    for limits in (SearchOptions(), TWO_CORES):
        found = explore(model, replace(limits, fingerprint=True))
        assert facts(found) == plain
        assert found.storage == "fingerprint"
    for name, schedule in found.counterexamples.items():
        assert confirm(model, name, schedule)[1]


@pytest.mark.parametrize("name", EACH)
def test_every_protocol_is_judged_as_exactly(name: str) -> None:
    model = Scenario(name, faults=(("worker-crash", 1), ("http-retry", 1))).model()
    exact = facts(explore(model))
    for cores in (1, 2):
        assert facts(explore(model, SearchOptions(cores=cores, fingerprint=True))) == exact


@pytest.mark.parametrize("name", [each.name for each in PROTOCOLS[:3]])
def test_two_evaluations_are_judged_as_exactly(name: str) -> None:
    model = Scenario(name, evaluations=2).model()
    found = explore(model, replace(TWO_CORES, fingerprint=True))
    assert facts(found) == facts(explore(model, TWO_CORES))


@pytest.mark.parametrize("steps", [2, *(pytest.param(each, marks=pytest.mark.slow) for each in (4, 8))])
def test_states_of_several_words_are_told_apart(steps: int) -> None:
    """For each number of words the search is compiled anew, which takes ten seconds: so once, and for cores in turn."""
    model = wide(steps)
    assert Layout.fitting(_numbers_in_use(model)).words == {2: 2, 4: 3, 8: 4}[steps]
    exact = facts(explore(model))
    assert exact == facts(python.explore(model))
    for cores in (1, 2):
        found = explore(model, SearchOptions(cores=cores, fingerprint=True))
        assert facts(found) == exact
        assert found.states == 40 * (steps + 1)
        assert found.omission_odds == found.states * (found.states + 1) / 2 / 2**64


@pytest.mark.parametrize("cores", [1, 2])
def test_states_are_packed_anew_when_a_field_has_outgrown_its_bits(cores: int) -> None:
    model = counting((2_000, 2), wanted=1)
    found = explore(model, SearchOptions(cores=cores, fingerprint=True, values_max=0))
    assert facts(found) == facts(python.explore(model, UNBOUNDED))
    assert found.states == 4_000
    assert found.omission_odds == 0.0  # one word, so no two states have one fingerprint


def test_starving_philosophers_are_found_by_fingerprint() -> None:
    found = explore(philosophers(3, ordered=False), replace(TWO_CORES, fingerprint=True))
    assert len(found.counterexamples["all-fed"].choices) == 3
    assert not explore(philosophers(3, ordered=True), replace(TWO_CORES, fingerprint=True)).counterexamples


def test_with_auto_fingerprints_are_used_where_the_kernel_takes_over() -> None:
    small = auto.explore(Scenario("baseline").model(), SearchOptions(fingerprint=True))
    assert (small.explorer, small.storage) == ("python", "exact")
    model = Scenario("baseline", evaluations=2).model()
    composed = auto.explore(model, SearchOptions(fingerprint=True))
    assert (composed.reductions, composed.storage) == (("merging", "composition"), "exact")
    large = auto.explore(model, SearchOptions(composition=False, partial_order=False, fingerprint=True))
    assert (large.explorer, large.storage) == ("kernel", "fingerprint")
    assert facts(large) == facts(python.explore(model))


# What is left out


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_short_fingerprints_leave_states_out_and_the_odds_say_so(bits: int) -> None:
    model = Scenario("baseline", evaluations=2, properties=("at-most-one-job",)).model()
    found = explore_with(model, Tuning(fingerprint_bits=bits), SearchOptions(fingerprint=True))
    assert found.states < 43_681
    assert found.omission_odds == 1.0


def test_long_ones_leave_none_out_and_say_how_likely_that_was() -> None:
    model = wide()
    found = explore_with(model, Tuning(fingerprint_bits=48), SearchOptions(fingerprint=True))
    assert found.states == 160
    assert found.omission_odds == 160 * 161 / 2 / 2**48
    assert facts(found) == facts(explore(model))


# Checkpoints


@pytest.mark.parametrize(("first", "then"), [(False, True), (True, False), (True, True)])
@pytest.mark.parametrize(("cores", "cores_later"), [(1, 2), (2, 1)])
def test_a_search_saved_in_one_mode_goes_on_in_the_other(
    tmp_path: Path, first: bool, then: bool, cores: int, cores_later: int
) -> None:
    file, model = tmp_path / "search", wide(turns=600)
    stopped = explore(model, SearchOptions(2_000, cores=cores, checkpoint=file, fingerprint=first, values_max=0))
    assert not stopped.complete
    finished = explore(model, SearchOptions(cores=cores_later, checkpoint=file, fingerprint=then, values_max=0))
    assert facts(finished) == facts(python.explore(model, UNBOUNDED))


def test_what_fingerprints_may_have_left_out_stays_said_when_an_exact_search_goes_on(tmp_path: Path) -> None:
    file, model = tmp_path / "search", wide(turns=600)
    stopped = explore(model, SearchOptions(2_000, checkpoint=file, fingerprint=True, values_max=0))
    assert stopped.omission_odds == stopped.states * (stopped.states + 1) / 2 / 2**64
    finished = explore(model, SearchOptions(checkpoint=file, values_max=0))
    assert finished.complete
    assert (finished.storage, finished.omission_odds) == ("fingerprint", stopped.omission_odds)
    assert explore(model, UNBOUNDED).storage == "exact"


def test_an_exact_search_that_goes_on_from_one_word_by_fingerprint_is_exact(tmp_path: Path) -> None:
    file, model = tmp_path / "search", counting((300, 40), wanted=39)
    stopped = explore(model, SearchOptions(1_000, checkpoint=file, fingerprint=True, values_max=0))
    assert (stopped.storage, stopped.omission_odds) == ("fingerprint", 0.0)
    assert explore(model, SearchOptions(checkpoint=file, values_max=0)).storage == "exact"


# Where there is no more room


def explore_in_80_megabytes(fingerprint: bool) -> Exploration:
    model = Scenario("state-machine", evaluations=2, faults=MANY, properties=("at-most-one-job",)).model()
    explore(model, SearchOptions(100_000, fingerprint=fingerprint))  # compile, and take what is taken once
    limits = SearchOptions(1_000_000_000, memory_bytes_max=memory.taken() + (80 << 20))
    return explore(model, replace(limits, fingerprint=fingerprint))


def test_the_same_memory_holds_more_states_by_fingerprint() -> None:
    found: dict[str, Exploration] = {}
    for fingerprint in (False, True):
        # In a process of its own, for this one has memory left over from other tests.
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            each = pool.submit(explore_in_80_megabytes, fingerprint).result()
        assert not each.complete
        assert each.stopped is not None
        assert each.stopped.limit is Limit.MEMORY
        assert each.counterexamples == {}
        found[each.storage] = each
    assert found["fingerprint"].states > 1.5 * found["exact"].states > 1_000_000


@BOTH
@pytest.mark.parametrize("cores", [1, 2])
def test_a_search_that_has_no_room_in_the_middle_of_a_step_can_go_on_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fingerprint: bool, cores: int
) -> None:
    # 43,681 states; so a table with room for 5,000 a shard is full in the middle of a piece of a layer.
    model = Scenario("baseline", evaluations=2).model()
    expected = facts(explore(model))
    file = tmp_path / "search"
    monkeypatch.setattr(stores, "ROOM_MIN", 5_000)
    stopped = explore_to(model, SearchOptions(memory_bytes_max=1, cores=cores, fingerprint=fingerprint), file)
    assert not stopped.complete
    assert stopped.stopped == Stop(Limit.MEMORY, "it reached 1 bytes of memory")
    assert stopped.states <= 5_000 * cores
    monkeypatch.undo()
    assert facts(explore(model, SearchOptions(checkpoint=file, fingerprint=fingerprint))) == expected


def explore_to(model: Model, options: SearchOptions, checkpoint: Path) -> Exploration:
    return kernel.go_on(python.Search(Tables(model), options), checkpoint)


def test_a_search_at_the_end_of_a_disk_is_inconclusive_and_can_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Scenario("baseline", evaluations=2).model()
    taken = 0
    really = os.posix_fallocate

    def small_disk(file: int, first: int, length: int) -> None:
        nonlocal taken
        taken += length
        if taken > 8 * 20_000:
            raise OSError(errno.ENOSPC, "No space left on device")
        really(file, first, length)

    file = tmp_path / "search"
    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", small_disk)
        patch.setattr(fingerprint_store, "STEP_BYTES", 1 << 14)
        patch.setenv("TMPDIR", str(tmp_path))
        stopped = explore(model, SearchOptions(checkpoint=file, fingerprint=True))
    assert not stopped.complete
    assert stopped.stopped == Stop(Limit.DISK, f"the disk of {tmp_path} is full (set TMPDIR to a folder on another)")
    assert 2_000 < stopped.states <= 20_000
    assert facts(explore(model, SearchOptions(checkpoint=file, fingerprint=True))) == facts(explore(model))


def test_without_a_folder_on_a_disk_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words_file, "_is_in_memory", lambda _: True)
    with pytest.raises(
        UsageError, match=r"since fingerprints need a file on a disk, and .* \(set TMPDIR to a folder on a disk\)\.$"
    ):
        explore(Scenario("baseline").model(), SearchOptions(fingerprint=True))


@BOTH
def test_a_search_without_room_to_pack_its_states_anew_is_inconclusive_and_can_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fingerprint: bool
) -> None:
    model, file = counting((5_000, 2), wanted=1), tmp_path / "search"
    made = 0

    def thrice(*arguments: Any, **named: Any) -> Store:
        nonlocal made
        made += 1
        if made > 3:
            raise memory.NoRoomError
        return stores.empty_store(*arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(search, "empty_store", thrice)
        stopped = explore_to(
            model, SearchOptions(memory_bytes_max=1 << 40, fingerprint=fingerprint, values_max=0), file
        )
    assert stopped.stopped == Stop(Limit.MEMORY, "it reached 1024.0 GiB of memory")
    assert not stopped.complete
    assert stopped.counterexamples == {}  # one was found, but the way to it is not
    assert facts(explore(model, SearchOptions(checkpoint=file, values_max=0))) == facts(
        python.explore(model, UNBOUNDED)
    )


@BOTH
def test_a_search_without_room_to_look_back_is_inconclusive(fingerprint: bool, tmp_path: Path) -> None:
    class Narrow(KernelSearch):
        def _look_back(self) -> None:
            self.store.may_take = lambda _: False
            super()._look_back()

    model = Scenario("status-check", properties=("eventually-cleaned", "no-transient-orphan")).model()
    whole = explore(model)
    file = tmp_path / "search"
    explore(model, SearchOptions(10, checkpoint=file))
    tables, saved = loaded(file, model)
    found = Narrow(tables, saved, SearchOptions(memory_bytes_max=1 << 40, fingerprint=fingerprint)).finish()
    assert whole.complete
    assert "eventually-cleaned" in whole.counterexamples
    assert not found.complete
    assert set(found.counterexamples) == {"no-transient-orphan"}
    assert found.stopped == Stop(Limit.MEMORY, "it reached 1024.0 GiB of memory")
    assert found.states == whole.states


@BOTH
def test_a_search_with_more_states_than_memory_allows_does_not_go_on(tmp_path: Path, fingerprint: bool) -> None:
    model, file = Scenario("baseline", evaluations=2).model(), tmp_path / "search"
    explore(model, SearchOptions(3_000, checkpoint=file))
    tables, saved = loaded(file, model)
    larger = replace(saved, parts=[*list(saved.parts)[:-1], [next(iter(next(iter(saved.parts))))] * 80_000])
    with pytest.raises(UsageError, match=r"This search cannot be done, since it reached 1 bytes of memory"):
        KernelSearch(tables, larger, SearchOptions(memory_bytes_max=1, fingerprint=fingerprint))
