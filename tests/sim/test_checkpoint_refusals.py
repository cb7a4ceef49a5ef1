"""Checkpoints that must not be gone on with: damaged, of something else, used by others, not to be written."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy
import pytest
from hypothesis import given, settings, strategies as st

from deadheat.scenarios.scenario import Scenario
from deadheat.sim.components import Component, Step, Steps, operation
from deadheat.sim.errors import CheckpointError, FingerprintError
from deadheat.sim.explore import auto, kernel, python
from deadheat.sim.explore.compiled.paths import Endpoint
from deadheat.sim.explore.compiled.search import KernelSearch
from deadheat.sim.explore.memory import NoRoomError
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.saved import checkpoint
from deadheat.sim.explore.saved.checkpoint import MAGIC, Checkpoint, Saved, opened
from deadheat.sim.explore.stop import Limit, Stop
from deadheat.sim.learn.tables import Tables
from deadheat.sim.model import Crash, Kind, Model, Process, Property
from deadheat.sim.operations import atomically
from tests.json_nodes import replaced_nodes, with_node
from tests.sim.test_kernel import counting, facts

SMALL = counting((6, 5), wanted=4)
BEGIN = len(MAGIC) + 8
DAMAGED = r"is damaged|is not a checkpoint"


def saved_at(file: Path, model: Model = SMALL, states: int = 5) -> bytes:
    """Return the content of the file of a search that was stopped."""
    stopped = kernel.explore(model, SearchOptions(states, checkpoint=file))
    assert stopped.stopped
    return file.read_bytes()


def loaded(file: Path, model: Model = SMALL) -> tuple[Tables, Saved, list[Any]]:
    """Return all that a file holds."""
    with opened(file, model, merging=True) as opened_file:
        assert opened_file is not None
        return everything_in(opened_file)


def everything_in(opened_file: Checkpoint) -> tuple[Tables, Saved, list[Any]]:
    tables, saved = opened_file.load()
    return tables, saved, [[piece.tolist() for piece in part] for part in saved.parts]


# Damaged


def test_a_file_in_which_any_one_byte_is_another_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "search"
    content = saved_at(file)
    with opened(file, SMALL, merging=True) as opened_file:
        assert opened_file is not None
        for place in range(len(content)):
            flipped = bytearray(content)
            flipped[place] ^= (0x01, 0x80, 0xFF)[place % 3]
            file.write_bytes(flipped)
            with pytest.raises(CheckpointError, match=DAMAGED):
                opened_file.load()
        file.write_bytes(content)
        opened_file.load()


def test_a_large_file_with_a_bit_turned_anywhere_is_refused(tmp_path: Path) -> None:
    file, model = tmp_path / "search", Scenario("status-check", evaluations=2).model()
    content = saved_at(file, model, 5_000)
    drawn = random.Random(1)
    with opened(file, model, merging=True) as opened_file:
        assert opened_file is not None
        for _ in range(200):
            flipped = bytearray(content)
            flipped[drawn.randrange(len(content))] ^= 1 << drawn.randrange(8)
            file.write_bytes(flipped)
            with pytest.raises(CheckpointError, match=DAMAGED):
                opened_file.load()


def test_a_file_that_is_shorter_or_longer_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "search"
    content = saved_at(file)
    others = [content[:length] for length in range(len(content))]
    others += [content + more for more in (b"\0", bytes(8), bytes(32), b"x" * 100)]
    with opened(file, SMALL, merging=True) as opened_file:
        assert opened_file is not None
        for other in others:
            file.write_bytes(other)
            with pytest.raises(CheckpointError, match=DAMAGED):
                opened_file.load()


def forged(content: bytes, header: bytes) -> bytes:
    """Return a file with another header and a checksum to match."""
    length = int.from_bytes(content[len(MAGIC) : BEGIN], "little")
    whole = MAGIC + len(header).to_bytes(8, "little") + header + content[BEGIN + length : -32]
    return whole + sha256(whole).digest()


def header_of(content: bytes) -> Any:
    return json.loads(content[BEGIN : BEGIN + int.from_bytes(content[len(MAGIC) : BEGIN], "little")])


@pytest.fixture(scope="module")
def with_everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Checkpoint, bytes]]:
    """A checkpoint whose header has something everywhere."""
    file = tmp_path_factory.mktemp("forged") / "search"
    model = Scenario("status-check", faults=(("http-retry", 1),)).model()
    begun = python.Search(Tables(model))
    begun.run(150)
    with opened(file, model, merging=True) as opened_file:
        assert opened_file is not None
        found = kernel.go_on(begun, opened_file)
        schedules = dict(found.counterexamples)
        saved = kernel.saved_of(begun)
        state = begun.layer[0]
        ends = {
            "wanted-job-survives": Endpoint(begun.parents[state], saved.depth - 1, state),
            "cancelled-means-stopped": Endpoint(begun.parents[state], saved.depth - 1, state),
            "no-transient-orphan": Endpoint(state, saved.depth),
            "at-most-one-job": Endpoint(state, saved.depth),
        }
        opened_file.save(
            begun.tables, replace(saved, found=ends, schedules=schedules, folded=None, faults_fired=["http-retry"])
        )
        yield opened_file, file.read_bytes()


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_header_with_anything_of_another_type_is_refused_in_one_sentence(
    with_everything: tuple[Checkpoint, bytes], data: st.DataObject
) -> None:
    opened_file, content = with_everything
    header = data.draw(replaced_nodes(header_of(content)))
    opened_file.path.write_bytes(forged(content, json.dumps(header).encode()))
    with pytest.raises(CheckpointError):
        everything_in(opened_file)


def test_a_header_with_everything_is_gone_on_with_as_it_is(with_everything: tuple[Checkpoint, bytes]) -> None:
    opened_file, content = with_everything
    opened_file.path.write_bytes(content)
    assert len(everything_in(opened_file)[1].found) == 4


@pytest.mark.parametrize(
    ("name", "place", "value"),
    [
        ("found", ("at-most-one-job", 1), 3),  # another layer
        ("found", ("at-most-one-job", 1), 11),
        ("found", ("at-most-one-job", 0), "0"),  # a state of another layer
        ("found", ("at-most-one-job", 0), "f" * 60),  # no state
        ("found", ("at-most-one-job", 0), "f" * 61),
        ("found", ("at-most-one-job", 2), "1"),  # a property of states, by a transition
        ("found", ("wanted-job-survives", 1), 3),
        ("found", ("wanted-job-survives", 2), None),  # a property of transitions, by a state
        ("found", ("wanted-job-survives", 2), "1"),  # where no transition leads
        ("found", ("wanted-job-survives", 2), "f" * 61),
        ("schedules", ("eventually-cleaned", "cycle_from"), None),
        ("schedules", ("no-permanent-orphan", "cycle_from"), 0),
    ],
)
def test_what_was_found_where_nothing_was_explored_is_refused(
    with_everything: tuple[Checkpoint, bytes], name: str, place: tuple[Any, ...], value: Any
) -> None:
    opened_file, content = with_everything
    header = with_node(header_of(content), (name, *place), value)
    opened_file.path.write_bytes(forged(content, json.dumps(header).encode()))
    with pytest.raises(CheckpointError, match="is damaged"):
        everything_in(opened_file)


@pytest.mark.parametrize(
    "change",
    [
        {"sizes": [1, 2, 0, 2]}, {"sizes": [1, 2, 3]}, {"sizes": [6]}, {"depth": 7}, {"depth": -1}, {"depth": 1 << 70},
        {"layout": {"bits": [1], "word": [0], "shift": [0], "words": 1}},
        {"layout": {"bits": [1, 1, 5, 5], "word": [0, 0, 0, 1], "shift": [10, 11, 0, 5], "words": 1}},
        {"layout": {"bits": [1, 1, 5, 60], "word": [0, 0, 0, 0], "shift": [10, 11, 0, 5], "words": 1}},
        {"layout": {"bits": [1, 1, 5, 5], "word": [0, 0, 0, 0], "shift": [10, 11, 0, 5], "words": 0}},
        {"found": {"another": ["0", 1, None]}}, {"schedules": {"another": {"choices": [], "cycle_from": None}}},
        {"found": {"never-there": ["0", 99, None]}}, {"found": {"never-there": ["0x1", 0, None]}},
        {"faults_fired": ["another"]}, {"omission_odds": 2.0}, {"omission_odds": -1.0}, {"more": 1},
        {"lessons": [[9, 0, 0, "0"]]}, {"lessons": [[0, 0, 9, "0"]]}, {"lessons": []}, {"tables": "0" * 64},
        {"schedules": {"never-there": {"choices": [], "cycle_from": 3}}},
    ],
    ids=str,
)  # fmt: skip
def test_a_header_that_does_not_fit_together_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    file = tmp_path / "search"
    content = saved_at(file)
    file.write_bytes(forged(content, json.dumps({**header_of(content), **change}).encode()))
    with pytest.raises(CheckpointError):
        loaded(file)


@pytest.mark.parametrize("header", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b'{"a": NaN}', b"null"])
def test_a_header_that_is_no_header_is_refused(tmp_path: Path, header: bytes) -> None:
    file = tmp_path / "search"
    file.write_bytes(forged(saved_at(file), header))
    with pytest.raises(CheckpointError, match="is damaged"):
        loaded(file)


# Of something else


class Cell(Component):
    """A cell that can be written to, up to so often."""

    initial = 0

    def __init__(self, name: str, more: int = 1) -> None:
        super().__init__(name)
        self.more = more

    @operation
    def add(self, value: int) -> Steps:
        return (Step(None, (value + self.more) % 50),)


class OtherCell(Cell):
    @operation
    def add(self, value: int) -> Steps:
        return (Step(None, (value + self.more) % 50), Step(None, value, fault="stale"))


def step(cell: Cell) -> Generator[Any, Any, None]:
    yield cell.add()


def double_step(cell: Cell) -> Generator[Any, Any, None]:
    yield atomically(cell.add())


def is_nine(view: Any, *_: Any) -> str | None:
    return "nine" if view["cell"] == 9 else None


def is_ten(view: Any) -> str | None:
    return "ten" if view["cell"] == 10 else None


def cells(cell: Cell = Cell("cell")) -> Model:
    crash = Crash("loss", consequences=atomically(cell.add()))
    processes = tuple(Process(name, step, (cell,), repeats=True, crashes=(crash,)) for name in ("p", "q"))
    properties = (
        Property("one", "", Kind.ALWAYS, ("cell",), is_nine),
        Property("two", "", Kind.EVENTUALLY, ("cell",), is_ten),
    )
    return Model({"cell": cell, "other": Cell("other")}, processes, properties, {"stale": 1, "loss": 2})


def with_process(**changes: Any) -> Model:
    model = cells()
    first, *others = model.processes
    return replace(model, processes=(replace(first, **changes), *others))


def with_property(**changes: Any) -> Model:
    model = cells()
    first, *others = model.properties
    return replace(model, properties=(replace(first, **changes), *others))


OTHERS: dict[str, Callable[[], Model]] = {
    "a property's code": lambda: with_property(violation=is_ten),
    "a property's kind": lambda: with_property(kind=Kind.STEP),
    "what a property reads": lambda: with_property(reads=("cell", "other")),
    "properties in another order": lambda: replace(cells(), properties=cells().properties[::-1]),
    "fewer properties": lambda: replace(cells(), properties=cells().properties[:1]),
    "no property": lambda: replace(cells(), properties=()),
    "a component's value": lambda: cells(Cell("cell", 2)),
    "a component's code": lambda: cells(OtherCell("cell")),
    "a role": lambda: with_process(role=double_step),
    "a process that is not owed": lambda: with_process(owed=False),
    "a process that ends": lambda: with_process(repeats=False),
    "a crash that does not restart": lambda: with_process(crashes=(Crash("loss", restarts=False),)),
    "a crash without consequences": lambda: with_process(crashes=(Crash("loss"),)),
    "processes in another order": lambda: replace(cells(), processes=cells().processes[::-1]),
    "a larger budget": lambda: replace(cells(), budgets={"stale": 1, "loss": 3}),
    "budgets in another order": lambda: replace(cells(), budgets={"loss": 2, "stale": 1}),
    "a quiet period": lambda: replace(cells(), quiet=True),
    "names that are interchangeable": lambda: replace(cells(), interchangeable=("p", "q")),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_a_checkpoint_of_another_model_is_refused(tmp_path: Path, other: Callable[[], Model]) -> None:
    file = tmp_path / "search"
    saved_at(file, cells(), 20)
    with pytest.raises(CheckpointError, match="is of another scenario, or of a protocol that has changed since"):
        auto.explore(other(), SearchOptions(checkpoint=file))
    assert facts(auto.explore(cells(), SearchOptions(checkpoint=file))) == facts(python.explore(cells()))


def test_a_checkpoint_that_another_version_saved_says_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "search"
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "_code", lambda: "deadheat 0.0.9 on cpython 3.99, 0123")
        saved_at(file)
    with pytest.raises(CheckpointError, match=r"another version: deadheat 0.0.9 on cpython 3.99 saved it; go on with"):
        auto.explore(SMALL, SearchOptions(checkpoint=file))


def test_the_code_of_the_engine_is_part_of_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import deadheat.sim

    (tmp_path / "kernel.py").write_text("x = 1")
    monkeypatch.setattr(deadheat.sim, "__path__", [str(tmp_path)])
    one = checkpoint._code.__wrapped__()
    (tmp_path / "kernel.py").write_text("x = 2")
    assert checkpoint._code.__wrapped__() != one


MORE = f"{tempfile.gettempdir()}/deadheat-test-more-{os.getpid()}"


class Outside(Component):
    """A component that depends on whether there is a file, in a way that no look at its code finds."""

    initial = 0

    @operation
    def add(self, value: int) -> Steps:
        return (Step(None, min(value + 1, 60) + getattr(os.path, "exists")(MORE)),)  # noqa: B009


def test_a_model_that_does_something_else_with_the_same_code_is_refused(tmp_path: Path) -> None:
    cell = Outside("cell")
    never = Property("never", "", Kind.ALWAYS, ("cell",), is_ten)
    model = Model({"cell": cell}, (Process("p", step, (cell,), repeats=True),), (never,))
    file = tmp_path / "search"
    saved_at(file, model, 5)
    Path(MORE).touch()
    try:
        with pytest.raises(CheckpointError, match="is of the same code, and yet that does something else now"):
            auto.explore(model, SearchOptions(checkpoint=file))
    finally:
        Path(MORE).unlink()


# Changed while it is read


def put_another_there(file: Path) -> None:
    other = file.with_name("other")
    saved_at(other, SMALL, 20)
    other.replace(file)


CHANGES: dict[str, Callable[[Path, bytes], Any]] = {
    "the states": lambda file, content: file.write_bytes(content[:-40] + b"\xff" + content[-39:]),
    "the header": lambda file, content: file.write_bytes(content[:60] + b"\xff" + content[61:]),
    "shorter": lambda file, content: file.write_bytes(content[:-50]),
    "empty": lambda file, _: file.write_bytes(b""),
    "longer": lambda file, content: file.write_bytes(content + b"x"),
    "gone": lambda file, _: file.unlink(),
    "another": lambda file, _: put_another_there(file),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_file_that_is_changed_after_it_was_found_to_be_whole_is_refused(
    tmp_path: Path, change: Callable[[Path, bytes], Any]
) -> None:
    file = tmp_path / "search"
    content = saved_at(file)
    with opened(file, SMALL, merging=True) as opened_file:
        assert opened_file is not None
        tables, saved = opened_file.load()
        change(file, content)
        with pytest.raises(CheckpointError, match="was changed while it was being read; see who else uses it"):
            KernelSearch(tables, saved)


# Used by others


def test_a_second_search_with_the_same_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "search"
    with opened(file, SMALL, merging=True):
        with pytest.raises(CheckpointError, match="is in use by another search; wait for its end, or name another"):
            auto.explore(SMALL, SearchOptions(checkpoint=file))
        with pytest.raises(CheckpointError, match="is in use by another search"):
            kernel.explore(counting((3, 2), wanted=1), SearchOptions(checkpoint=file))
    assert auto.explore(SMALL, SearchOptions(checkpoint=file)).complete
    assert list(tmp_path.iterdir()) == []


def test_a_killed_search_leaves_nothing_that_is_in_the_way(tmp_path: Path) -> None:
    file = tmp_path / "search"
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from deadheat.sim.explore.saved.checkpoint import opened\n"
        "from tests.sim.test_checkpoint_refusals import SMALL\n"
        "with opened(Path(sys.argv[1]), SMALL, merging=True):\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(file)], cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == -signal.SIGKILL
    assert {each.name for each in tmp_path.iterdir()} == {".search.deadheat-lock", ".search.deadheat-part"}
    saved_at(file)
    assert [each.name for each in tmp_path.iterdir()] == ["search"]


def test_half_a_file_that_a_killed_search_has_left_is_not_taken_for_one(tmp_path: Path) -> None:
    file = tmp_path / "search"
    content = saved_at(file)
    file.unlink()
    (tmp_path / ".search.deadheat-part").write_bytes(content[:300])
    assert facts(auto.explore(SMALL, SearchOptions(checkpoint=file))) == facts(python.explore(SMALL))
    assert list(tmp_path.iterdir()) == []


# Not to be written


def never_asked(cell: Cell) -> Generator[Any, Any, None]:
    raise AssertionError("the search has begun")
    yield cell.add()


def put_a_file_there(file: Path) -> None:
    file.parent.rmdir()
    file.parent.write_text("")


def beside(file: Path) -> Path:
    return file.with_name(f".{file.name}.deadheat-part")


def lock(file: Path) -> Path:
    return file.with_name(f".{file.name}.deadheat-lock")


UNWRITABLE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no folder": (lambda file: file.parent.rmdir(), "cannot be written: No such file or directory"),
    "a folder": (lambda file: file.mkdir(), "is not a checkpoint"),
    "a pipe": (os.mkfifo, "is not a checkpoint"),
    "a folder in the place of the next file": (lambda file: beside(file).mkdir(), "is in the way"),
    "a folder in the place of the lock": (lambda file: lock(file).mkdir(), "Is a directory"),
    "a pipe in the place of the next file": (lambda file: os.mkfifo(beside(file)), "is in the way"),
    "a link in the place of the next file": (lambda file: beside(file).symlink_to(__file__), "symbolic link"),
    "a file of others in its place": (lambda file: beside(file).write_text("mine"), "is in the way, and no"),
    "a file of others in the place of the lock": (lambda file: lock(file).write_text("mine"), "is in the way"),
    "a file in the place of its folder": (put_a_file_there, "cannot be written: Not a directory"),
}  # fmt: skip


@pytest.mark.parametrize(("make", "message"), UNWRITABLE.values(), ids=UNWRITABLE)
@pytest.mark.parametrize("explore", [auto.explore, kernel.explore], ids=["auto", "kernel"])
def test_what_cannot_be_written_is_found_before_the_search_begins(
    tmp_path: Path, make: Callable[[Path], Any], message: str, explore: Callable[..., Any]
) -> None:
    file = tmp_path / "folder" / "search"
    file.parent.mkdir()
    make(file)
    with pytest.raises(CheckpointError, match=message):
        explore(with_process(role=never_asked), SearchOptions(checkpoint=file))
    left = [each.read_text() for each in (beside(file), lock(file)) if each.is_file() and each.stat().st_size]
    assert left in ([], ["mine"], [Path(__file__).read_text()])


@pytest.mark.parametrize("name", ["search.part", "search.lock", "search.tmp"])
def test_no_file_beside_a_checkpoint_is_touched_but_those_of_deadheat(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("of somebody else")
    saved_at(tmp_path / "search")
    assert auto.explore(SMALL, SearchOptions(checkpoint=tmp_path / "search")).complete
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == {name: "of somebody else"}


def test_a_model_that_cannot_be_told_from_others_is_refused_before_the_search_begins(tmp_path: Path) -> None:
    cell = Cell("cell")
    cell.generator = step(cell)  # type: ignore[attr-defined]
    with pytest.raises(FingerprintError, match=r"'generator' of .* holds a generator"):
        auto.explore(cells(cell), SearchOptions(checkpoint=tmp_path / "search"))
    assert list(tmp_path.iterdir()) == []


# At the end of a search


def test_a_search_stopped_after_its_last_state_goes_on_with_what_is_left(tmp_path: Path) -> None:
    class Stopped(KernelSearch):
        """Finds the first lasso, and then has no room to look for the second."""

        def _judge_in_hindsight(self, settled: Any, for_ever: Any) -> None:
            super()._judge_in_hindsight(settled, for_ever[:1])
            raise NoRoomError(Stop(Limit.DISK, "it is enough"))

    model = Scenario("status-check", properties=("eventually-cleaned", "nothing-stuck", "no-permanent-orphan")).model()
    file = tmp_path / "search"
    with opened(file, model, merging=True) as opened_file:
        begun = python.Search(Tables(model))
        search = Stopped(begun.tables, kernel.saved_of(begun))
        search.checkpoint = opened_file
        stopped = search.finish()
    assert stopped.stopped == Stop(Limit.DISK, "it is enough")
    assert set(stopped.counterexamples) == {"eventually-cleaned", "no-permanent-orphan"}
    finished = kernel.explore(model, SearchOptions(checkpoint=file))
    assert facts(finished) == facts(python.explore(model))
    assert finished.counterexamples["eventually-cleaned"].cycle_from is not None


def test_a_schedule_keeps_its_cycle(tmp_path: Path) -> None:
    schedule = python.explore(cells()).counterexamples["one"]
    looped = replace(schedule, cycle_from=1)
    begun = python.Search(Tables(cells()))
    begun.run(10)
    with opened(tmp_path / "search", cells(), merging=True) as file:
        assert file is not None
        file.save(begun.tables, replace(kernel.saved_of(begun), schedules={"two": looped}))
        assert file.load()[1].schedules == {"two": looped}


def test_states_come_back_as_they_were(tmp_path: Path) -> None:
    begun = python.Search(Tables(cells()))
    begun.run(30)
    saved = kernel.saved_of(begun)
    with opened(tmp_path / "search", cells(), merging=True) as file:
        assert file is not None
        file.save(begun.tables, saved)
        parts = [numpy.concatenate([*part, numpy.empty(0, numpy.uint64)]) for part in file.load()[1].parts]
    expected = [numpy.concatenate(list(part)) for part in saved.parts]
    assert [part.tolist() for part in parts] == [part.tolist() for part in expected]
