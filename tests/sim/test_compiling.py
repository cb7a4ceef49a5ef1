"""Compiled functions that are kept on disk: by the content of all that they are made of, and whole or not at all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy
import pytest

from deadheat.sim import kept
from deadheat.sim.explore.compiled import machine_code, making
from deadheat.sim.explore.compiled.compiling import Compiled, compiled, inlined

PART = "def inner(x):\n    return x + 1\n"
WHOLE = (
    "from deadheat.sim.explore.compiled.compiling import compiled, inlined\n"
    "import part\n"
    "inner = inlined(part.inner)\n"
    "@compiled\n"
    "def outer(x):\n"
    "    return inner(x)\n"
)
PROGRAM = (
    "from pathlib import Path\n"
    "from deadheat.sim.explore.compiled import machine_code\n"
    "machine_code.HERE = Path.cwd()\n"
    "import sys, whole\n"
    "print(whole.outer(1), 'numba' in sys.modules)\n"
)


def answer_in(folder: Path, **others: str) -> tuple[int, bool]:
    """Return what the program computes, and whether it had numba compile anything."""
    path = os.pathsep.join([str(folder), str(Path(__file__).parents[2])])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **others}
    environment.pop("NUMBA_CACHE_DIR", None)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    number, has_numba = done.stdout.split()
    return int(number), has_numba == "True"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("part.py", PART), ("whole.py", WHOLE)):
        (tmp_path / name).write_text(text)
        os.utime(tmp_path / name, (1, 1))
    return tmp_path


def kept_in(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.kept"))


def test_what_is_on_disk_is_run_without_numba(folder: Path) -> None:
    assert answer_in(folder) == (2, True)
    assert len(kept_in(folder / "__pycache__")) == 1
    assert answer_in(folder) == (2, False)


def test_what_several_programs_want_at_once_is_made_by_one_of_them(folder: Path) -> None:
    with ThreadPoolExecutor(3) as threads:
        done = list(threads.map(lambda _: answer_in(folder), range(3)))
    assert sorted(done) == [(2, False), (2, False), (2, True)]


def test_another_is_waited_for_but_not_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_code, "folder", lambda: tmp_path)
    monkeypatch.setattr(machine_code, "WAITS_S", 0.2)

    def waited_s(name: str) -> float:
        began = time.monotonic()
        with machine_code.made_by_one(name, ("int",)):
            return time.monotonic() - began

    with machine_code.made_by_one("one", ("int",)):
        assert waited_s("one") >= 0.2
        assert waited_s("other") < 0.2
    assert waited_s("one") < 0.2, "it was let go of"


def test_a_part_that_was_changed_in_another_file_is_compiled_anew(folder: Path) -> None:
    assert answer_in(folder) == (2, True)
    (folder / "part.py").write_text(PART.replace("+ 1", "+ 7"))
    os.utime(folder / "part.py", (1, 1))  # as an installation does: the same time, the same size
    assert answer_in(folder) == (8, True)


def test_a_file_that_is_cut_off_or_damaged_is_compiled_anew(folder: Path) -> None:
    answer_in(folder)
    [path] = kept_in(folder)
    whole = path.read_bytes()
    for damaged in (whole[:-9], b"", whole[:-1] + bytes([whole[-1] ^ 1]), b"deadheat kept 2" + whole[15:]):
        path.write_bytes(damaged)
        assert answer_in(folder) == (2, True)
        assert path.read_bytes()[:16] == whole[:16]


def test_other_settings_of_numba_are_other_machine_code(folder: Path) -> None:
    answer_in(folder)
    assert answer_in(folder, NUMBA_OPT="1") == (2, True)
    assert answer_in(folder) == (2, False)


def test_machine_code_that_others_could_have_put_there_is_not_run(folder: Path) -> None:
    answer_in(folder)
    [path] = kept_in(folder)
    path.chmod(0o666)
    assert answer_in(folder) == (2, True)
    path.parent.chmod(0o777)
    assert answer_in(folder, DEADHEAT_CACHE="off") == (2, True)


def test_folders_of_other_versions_are_removed_but_for_the_last(folder: Path) -> None:
    names = [f"machine-{number:016x}" for number in range(9)]
    for number, name in enumerate([*names, "machine-photos"]):
        made = folder / "__pycache__" / name
        made.mkdir(parents=True)
        (made / "answer.kept").touch()
        os.utime(made, (number, number))
    (folder / "__pycache__" / names[0] / "of somebody else").touch()
    os.utime(folder / "__pycache__" / names[0], (0, 0))
    answer_in(folder)
    left = {each.name for each in (folder / "__pycache__").iterdir()}
    assert {*names[-3:], names[0], "machine-photos"} < left
    assert len(left) == machine_code.FOLDERS_MAX + 2
    assert [each.name for each in (folder / "__pycache__" / names[0]).iterdir()] == ["of somebody else"]
    assert (folder / "__pycache__" / "machine-photos" / "answer.kept").exists()


def test_any_change_of_any_file_is_another_content(tmp_path: Path) -> None:
    folder = tmp_path / "compiled"
    shutil.copytree(machine_code.HERE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    contents = {machine_code.content_of(folder)}
    assert contents == {machine_code.content_of(machine_code.HERE)}
    files = sorted(folder.rglob("*.py"))
    assert any(each.parent.name == "stored" for each in files)
    for path in files:
        path.write_text(path.read_text() + "\n")
        contents.add(machine_code.content_of(folder))
    assert len(contents) == 1 + len(files)


# Calls


class Two(NamedTuple):
    numbers: Any
    factor: int


@inlined
def times(number: Any, factor: Any) -> Any:
    return number * factor


def total(two: Two, counts: Any, first: int, wide: Any, flag: bool) -> Any:
    found = numpy.uint64(0)
    for each in range(first, len(two.numbers)):
        found += numpy.uint64(times(two.numbers[each], two.factor))
    if flag:
        counts[0] = len(counts)
    return found + numpy.uint64(wide[0]) + wide[1]


GIVEN: tuple[Any, ...] = (
    Two(numpy.array([1, 2, 3], dtype=numpy.int32), -2),
    numpy.zeros(5, dtype=numpy.uint8),
    1,
    (7, (1 << 64) - 9),
    True,
)


def test_a_function_is_given_what_numba_would_give_it_and_returns_what_that_would() -> None:
    ours, its = GIVEN[1].copy(), GIVEN[1].copy()
    function = Compiled(total)
    expected = making.by_numba(function)(GIVEN[0], its, *GIVEN[2:])
    assert function(GIVEN[0], ours, *GIVEN[2:]) == expected == (-10 + 7 - 9) % (1 << 64)
    assert ours.tolist() == its.tolist() == [5, 0, 0, 0, 0]


def nothing(counts: Any) -> None:
    counts[0] = 3


def whether(number: int) -> bool:
    return number > 3


def test_nothing_and_truth_are_returned_as_such() -> None:
    counts = numpy.zeros(1, dtype=numpy.int64)
    assert (compiled(nothing)(counts), counts[0]) == (None, 3)
    assert [compiled(whether)(number) for number in (3, 4)] == [False, True]
    assert type(compiled(whether)(4)) is bool


@pytest.mark.parametrize(
    "wrong", [numpy.zeros((2, 2)), numpy.zeros(8)[::2], numpy.zeros(2, dtype=">i8"), [1], None, "a"]
)
def test_what_has_no_place_in_one_piece_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match="Compiled functions take"):
        compiled(whether)(wrong)


def test_python_cannot_call_what_only_becomes_part_of_others() -> None:
    with pytest.raises(TypeError, match="by compiled functions only"):
        times(1, 2)


def test_a_numba_that_gives_no_machine_code_calls_the_function_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def gives_none(*_: Any) -> None:
        raise AttributeError

    monkeypatch.setattr(machine_code, "folder", lambda: None)
    monkeypatch.setattr(making, "_machine_code_of", gives_none)
    assert compiled(whether)(4) is True


def test_an_exception_in_machine_code_is_not_overlooked(monkeypatch: pytest.MonkeyPatch) -> None:
    def share(number: int, by: int) -> int:
        return number // by

    monkeypatch.setattr(machine_code, "folder", lambda: None)
    function = compiled(share)
    assert function(7, 2) == 3
    with pytest.raises(AssertionError, match=r"share has raised"):
        function(7, 0)


def test_what_is_kept_is_off_or_elsewhere_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(kept.VARIABLE, str(tmp_path / "there"))
    assert kept.folder("things") == tmp_path / "there" / "things"
    (tmp_path / "there").chmod(0o777)
    assert kept.folder("things") is None
    monkeypatch.setenv(kept.VARIABLE, "off")
    assert kept.folder("things") is None
    monkeypatch.setenv(kept.VARIABLE, "/dev/null/nowhere")
    assert kept.folder("things") is None
    monkeypatch.delenv(kept.VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "caches"))
    assert sys.platform == "darwin" or kept.folder("things") == tmp_path / "caches" / "deadheat" / "things"


def test_a_full_disk_is_no_failure_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert not kept.write(tmp_path / "one", b"content")
    assert list(tmp_path.iterdir()) == []
    assert not kept.write(tmp_path / "no" / "folder", b"content")


def test_files_that_were_used_least_lately_are_removed(tmp_path: Path) -> None:
    for number in range(6):
        assert kept.write(tmp_path / f"{number}", bytes(1000))
        os.utime(tmp_path / f"{number}.kept", (number, number))
    (tmp_path / "of somebody else").write_bytes(bytes(9000))
    kept.remove_oldest(tmp_path, 3500)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["3.kept", "4.kept", "5.kept", "of somebody else"]
    assert kept.read(tmp_path / "5") == bytes(1000)


def sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, kept.FILE_BYTES_MAX + 1)


@pytest.mark.parametrize(
    "make",
    [
        os.mkfifo,
        lambda path: path.symlink_to("/dev/zero"),
        sparse,
        lambda path: path.mkdir(),
    ],
    ids=["a pipe that nobody writes to", "a device without an end", "a huge file", "a folder"],
)
def test_what_never_ends_in_the_place_of_what_was_kept_counts_as_none(
    tmp_path: Path, make: Callable[[Path], Any]
) -> None:
    make(tmp_path / "one.kept")
    assert kept.read(tmp_path / "one") is None
