"""Searches that are stopped, killed and gone on with."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from deadheat.commands.users_code import STILL_AT_WORK
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.errors import CheckpointError, UsageError
from deadheat.sim.explore import auto, kernel, python
from deadheat.sim.explore.compiled.search import KernelSearch
from deadheat.sim.explore.compiled.tuning import Tuning
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.saved.checkpoint import Checkpoint, Saved, opened
from deadheat.sim.learn.tables import Tables
from deadheat.sim.model import Kind, Model, Property, View
from tests.killed import kill_once_written
from tests.sim.test_kernel import UNBOUNDED, counting, facts

OFTEN = Tuning(transitions_between_checkpoints=1)


def loaded(file: Path, model: Model) -> tuple[Tables, Saved]:
    """Return what a file holds, with all its states."""
    with opened(file, model, merging=True) as checkpoint:
        assert checkpoint is not None
        tables, saved = checkpoint.load()
        return tables, replace(saved, parts=[list(part) for part in saved.parts])


def scenario() -> Model:
    return Scenario("status-check", evaluations=2).model()


MODELS = {"counting": counting((300, 40), wanted=39), "scenario": scenario()}


@cache
def whole(name: str = "scenario") -> tuple[Any, ...]:
    """What a search that nothing stops says of one of them."""
    return facts(python.explore(MODELS[name], UNBOUNDED))


@pytest.mark.parametrize(("cores", "cores_later"), [(1, 1), (2, 1), (1, 2)])
def test_a_search_goes_on_from_where_a_limit_stopped_it(tmp_path: Path, cores: int, cores_later: int) -> None:
    file = tmp_path / "search"
    for states_max in (1_000, 5_000, 20_000):
        stopped = auto.explore(scenario(), SearchOptions(states_max, cores=cores, checkpoint=file))
        if states_max > auto.STATES_BEFORE_KERNEL or file.exists():
            assert not stopped.complete
        kernel.explore(scenario(), SearchOptions(states_max, cores=cores, checkpoint=file))
        assert file.exists()
    finished = auto.explore(scenario(), SearchOptions(cores=cores_later, checkpoint=file))
    assert facts(finished) == whole()
    assert not file.exists()  # nothing is left to go on with


@pytest.mark.parametrize("name", MODELS)
def test_every_point_at_which_a_search_is_saved_can_be_gone_on_from(tmp_path: Path, name: str) -> None:
    # Between the saved files of the counters fields are widened; the layers of the scenario are cut in the middle.
    file, model = tmp_path / "search", MODELS[name]
    kept: list[bytes] = []

    class Keeping(KernelSearch):
        def _save(self, checkpoint: Checkpoint) -> None:
            super()._save(checkpoint)
            kept.append(checkpoint.path.read_bytes())

    kernel.explore(model, SearchOptions(20, values_max=0, checkpoint=file))
    expected = whole(name)
    with opened(file, model, merging=True) as checkpoint:
        assert checkpoint is not None
        search = Keeping(*checkpoint.load(), UNBOUNDED, None, OFTEN)
        search.checkpoint = checkpoint
        assert facts(search.finish()) == expected
    assert len(kept) > 3
    for content in kept[:: max(1, len(kept) // 8)]:
        file.write_bytes(content)
        assert facts(kernel.explore(model, SearchOptions(cores=2, values_max=0, checkpoint=file))) == expected


@pytest.mark.parametrize("cores", [1, 2])
@pytest.mark.parametrize("name", MODELS)
def test_a_search_that_had_no_room_for_all_successors_goes_on_with_the_same_counts(
    tmp_path: Path, name: str, cores: int
) -> None:
    # The states of the counters are packed anew in the very round that finds its shard full.
    file, model = tmp_path / "search", MODELS[name]
    kernel.explore(model, SearchOptions(20, values_max=0, checkpoint=file))
    full = 0
    for room in range(127, 3_000, 97):
        with opened(file, model, merging=True) as checkpoint:
            assert checkpoint is not None
            options = SearchOptions(cores=cores, values_max=0)
            try:
                search = KernelSearch(*checkpoint.load(), options, None, Tuning(room=room))
            except UsageError:  # one core's part of what was saved has no room: the parts need not be alike
                continue
            search.checkpoint = checkpoint
            result = search.finish()
        full += any(search.store.is_full(shard) for shard in range(cores))
        if result.complete:
            break  # what is packed anew may get more room
    assert full > 1
    if not result.complete:
        result = kernel.explore(model, SearchOptions(cores=cores, values_max=0, checkpoint=file))
    assert facts(result) == whole(name)


def test_a_violation_found_before_the_stop_is_still_there_afterwards(tmp_path: Path) -> None:
    file = tmp_path / "search"
    kernel.explore(scenario(), SearchOptions(20_000, checkpoint=file))
    _, saved = loaded(file, scenario())
    assert set(saved.found) >= {"terminal-is-final"}
    finished = kernel.explore(scenario(), SearchOptions(checkpoint=file))
    assert facts(finished) == whole()


def test_a_search_that_is_killed_goes_on_with_the_same_counts(tmp_path: Path) -> None:
    file = tmp_path / "search"
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from deadheat.sim.explore import kernel, python\n"
        "from deadheat.sim.explore.options import SearchOptions\n"
        "from deadheat.sim.learn.tables import Tables\n"
        "from tests.sim.test_checkpoint import OFTEN, scenario\n"
        "search = python.Search(Tables(scenario()), SearchOptions(), lambda progress: None)\n"
        "kernel.go_on(search, Path(sys.argv[1]), OFTEN)\n"
    )
    kill_once_written(program, file)
    assert facts(kernel.explore(scenario(), SearchOptions(checkpoint=file))) == whole()


def saved_file(tmp_path: Path) -> Path:
    file = tmp_path / "search"
    kernel.explore(scenario(), SearchOptions(5_000, checkpoint=file))
    return file


def test_a_checkpoint_of_another_scenario_is_refused(tmp_path: Path) -> None:
    file = saved_file(tmp_path)
    with pytest.raises(
        CheckpointError, match="is of another scenario, or of a protocol that has changed since; name another"
    ):
        auto.explore(Scenario("baseline", evaluations=2).model(), SearchOptions(checkpoint=file))
    with pytest.raises(CheckpointError, match="is of a search with merging; ask for that again"):
        auto.explore(scenario(), SearchOptions(merging=False, checkpoint=file))


@pytest.mark.parametrize("place", [-1, 5_000, 40])
def test_a_damaged_checkpoint_is_refused(tmp_path: Path, place: int) -> None:
    file = saved_file(tmp_path)
    content = bytearray(file.read_bytes())
    content[place] ^= 0xFF
    file.write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged; remove it to start anew"):
        auto.explore(scenario(), SearchOptions(checkpoint=file))


def test_half_a_checkpoint_is_refused(tmp_path: Path) -> None:
    file = saved_file(tmp_path)
    file.write_bytes(file.read_bytes()[:20_000])
    with pytest.raises(CheckpointError, match="damaged"):
        auto.explore(scenario(), SearchOptions(checkpoint=file))


def test_a_file_that_is_no_checkpoint_or_of_another_version_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "search"
    for content in (b"", b"{}", b"deadheat checkpoint 999\n" + bytes(100)):
        file.write_bytes(content)
        with pytest.raises(CheckpointError, match="not a checkpoint, or not one that this version"):
            auto.explore(scenario(), SearchOptions(checkpoint=file))


def test_a_checkpoint_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot be written: No such file or directory"):
        kernel.explore(scenario(), SearchOptions(5_000, checkpoint=tmp_path / "nowhere" / "search"))


@pytest.mark.parametrize("explorer", ["python", "kernel"])
def test_ctrl_c_ends_a_check_with_what_was_found(explorer: str) -> None:
    arguments = ["check", "two-phase", "--evaluations", "4", "--explorer", explorer, "-p", "uncancelled-gets-job"]
    program = [sys.executable, "-m", "deadheat", *arguments, "--max-states", "1000000000"]
    if explorer == "kernel":  # which compiles what it needs
        subprocess.run([*program, "--max-states", "60000"], capture_output=True, check=False)
    running = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(4)
    os.kill(running.pid, signal.SIGINT)
    output, errors = running.communicate(timeout=60)
    assert errors in ("", f"{STILL_AT_WORK}\n")
    assert running.returncode == 130
    assert "inconclusive" in output
    assert "CUT SHORT" in output


def test_a_search_that_asked_too_little_of_its_steps_is_not_gone_on_with(tmp_path: Path) -> None:
    """Where a step that changes nothing of it violates a property is known only when its value is: late, here."""
    file = tmp_path / "search"
    counters = counting((60, 60), wanted=-1)
    first = next(iter(counters.components))

    def stays(before: View, after: View) -> str | None:
        return "stayed" if before[first] == after[first] == 40 else None

    model = replace(counters, properties=(Property("stays", "", Kind.STEP, (first,), stays),))
    expected = facts(python.explore(model))
    assert "stays" in str(expected)
    for states_max in (300, 600, 900, 1_200, 1_500, 2_000, 10_000):  # before it is known, after it, and to the end
        found = kernel.explore(model, SearchOptions(states_max, checkpoint=file))
    assert facts(found) == expected
