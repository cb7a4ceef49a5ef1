"""A frontier that was ended anywhere is gone on with, and says what it would have said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from deadheat.scenarios import decided, minimal_sets
from deadheat.scenarios.check import Options, check
from deadheat.scenarios.decided import Decided
from deadheat.scenarios.frontier import Frontier, frontiers
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.errors import CheckpointError
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.saved.checkpoint_file import CheckpointFile
from deadheat.sim.explore.saved.whole_file import WholeFile
from tests.killed import kill_once_written

ONLY = ("http-retry",)
ASKED = [
    Scenario("state-machine", properties=("at-most-one-job", "terminal-is-final")),
    Scenario("baseline+orphan-cleanup", evaluations=2, properties=("at-most-one-job",)),
    Scenario("baseline", properties=("at-most-one-job",)),
]
"""The second is decided by two checks, a set each; the others by one search each."""


class Killed(BaseException):
    """As far as a test can tell, the process is gone."""


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write what is decided as soon as it is."""
    monkeypatch.setattr(decided, "BETWEEN_S", -1.0)


@pytest.fixture(scope="module")
def uninterrupted() -> list[Frontier]:
    return asked()


def asked(checkpoint: Path | None = None, jobs: int = 1, **options: Any) -> list[Frontier]:
    found = frontiers(options.pop("scenarios", ASKED), 1, checkpoint=checkpoint, jobs=jobs, only=ONLY, **options)
    return [replace(each, seconds=0) for each in found]


def killed_after(times: int, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask, and be killed as soon as this many things are kept."""
    write, written = Decided._write, [0]

    def write_and_die(self: Decided) -> None:
        write(self)
        written[0] += 1
        if written[0] == times:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Decided, "_write", write_and_die)
        with pytest.raises(Killed):
            asked(file)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(("times", "checks"), [(1, 2), (2, 1), (3, 0)])
def test_what_was_decided_is_not_asked_again(
    times: int, checks: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uninterrupted: list[Frontier]
) -> None:
    # What is kept, one after the other: a scenario, and two sets of faults of the second.
    file = tmp_path / "kept"
    killed_after(times, file, monkeypatch)
    monkeypatch.setattr(minimal_sets, "check", checked := Mock(wraps=check))
    assert asked(file) == uninterrupted
    assert checked.call_count == checks
    assert not file.exists()  # nothing is left to go on with


@pytest.mark.usefixtures("at_once")
def test_several_processes_keep_what_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uninterrupted: list[Frontier]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Decided, "add_alone", add := Mock())
        assert asked(tmp_path / "kept", jobs=2) == uninterrupted
    assert [number for (number, *_), _ in add.call_args_list] == [1, 1]


def test_a_frontier_that_is_killed_is_gone_on_with(tmp_path: Path, uninterrupted: list[Frontier]) -> None:
    """Also while the workers of the one that was killed are still there: they hold nothing."""
    file = tmp_path / "kept"
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from deadheat.scenarios import decided\n"
        "from tests.scenarios.test_decided import asked\n"
        "decided.BETWEEN_S = -1.0\n"
        "asked(Path(sys.argv[1]), jobs=2)\n"
    )
    kill_once_written(program, file)
    assert asked(file) == uninterrupted


@pytest.mark.usefixtures("at_once")
def test_a_disk_that_is_full_in_the_end_takes_no_answer(
    tmp_path: Path, uninterrupted: list[Frontier], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise CheckpointError("The checkpoint cannot be written: No space left on device.")

    monkeypatch.setattr(CheckpointFile, "write", full)
    unkept: list[CheckpointError] = []
    assert asked(tmp_path / "decided", unkept=unkept) == uninterrupted
    assert unkept == []  # there is nothing left to be kept
    cut: dict[str, Any] = {"options": Options(SearchOptions(states_max=1_400))}
    found = asked(tmp_path / "decided", unkept=unkept, **cut)
    assert found == asked(**cut)
    assert not all(each.is_complete() for each in found)
    assert [str(each) for each in unkept] == ["The checkpoint cannot be written: No space left on device."]
    with pytest.raises(CheckpointError, match="No space left"):
        asked(tmp_path / "decided", **cut)


def test_what_a_limit_left_open_is_asked_again(tmp_path: Path, uninterrupted: list[Frontier]) -> None:
    file = tmp_path / "kept"
    cut = asked(file, options=Options(SearchOptions(states_max=1_400)))
    assert not all(each.is_complete() for each in cut)
    assert any(each.is_complete() for each in cut)
    assert file.exists()
    assert asked(file) == uninterrupted


OTHERS: dict[str, Callable[[Path], object]] = {
    "other kinds": lambda file: frontiers(ASKED, 1, checkpoint=file, only=("cancel-loss",)),
    "larger sets": lambda file: frontiers(ASKED, 2, checkpoint=file, only=ONLY),
    "fewer protocols": lambda file: asked(file, scenarios=ASKED[:2]),
    "another order": lambda file: asked(file, scenarios=ASKED[::-1]),
    "other properties": lambda file: asked(file, scenarios=[Scenario("state-machine"), *ASKED[1:]]),
    "a fault that is allowed": lambda file: asked(
        file, scenarios=[replace(ASKED[0], faults=(("k8s-refusal", 1),)), *ASKED[1:]]
    ),
    "a protocol": lambda file: asked(file, scenarios=[replace(ASKED[0], protocol="two-phase"), *ASKED[1:]]),
    "what need not be reached": lambda file: asked(file, options=Options(allow_unreached=frozenset({"T1"}))),
}


@pytest.mark.usefixtures("at_once")
def test_a_file_of_another_question_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uninterrupted: list[Frontier]
) -> None:
    file = tmp_path / "kept"
    killed_after(1, file, monkeypatch)
    content = file.read_bytes()
    for other in OTHERS.values():
        with pytest.raises(CheckpointError, match="is of another scenario, or of a protocol that has changed since"):
            other(file)
        assert file.read_bytes() == content
    with monkeypatch.context() as patch:
        patch.setattr(decided, "code_in", lambda *_: "deadheat 0.0.9 on cpython 3.99, 0123")
        with pytest.raises(CheckpointError, match="is of another version: deadheat "):
            asked(file)
    assert asked(file) == uninterrupted


@pytest.mark.usefixtures("at_once")
def test_a_file_that_is_damaged_or_something_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "kept"
    killed_after(1, file, monkeypatch)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(CheckpointError, match="is damaged; remove it"):
        asked(file)
    file.write_text("deadheat checkpoint 3\n")
    with pytest.raises(CheckpointError, match="is not a checkpoint"):
        asked(file)
    with pytest.raises(CheckpointError, match="is not a checkpoint"):
        asked(tmp_path)


def test_a_file_that_another_frontier_uses_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "kept"
    other = WholeFile(file, b"magic\n")
    with pytest.raises(CheckpointError, match="is in use by another search"):
        asked(file)
    other.close()


def test_a_protocol_that_has_changed_is_another_question() -> None:
    def question(name: str) -> str:
        return decided.question_of([(Scenario(name, properties=("at-most-one-job",)), 1, ONLY, Options())])

    assert question("baseline") == question("baseline")
    assert question("baseline") != question("baseline~1")  # one guard fewer
