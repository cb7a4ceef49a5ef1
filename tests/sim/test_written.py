from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deadheat.sim.errors import TraceError, UsageError
from deadheat.sim.written import Kind, Stream, begins_with, require_writable, write

LISTS = Kind("list", begins_with(b"list\n"))


def test_what_is_not_there_is_written_and_asking_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a"
    require_writable(path, LISTS)
    assert not path.exists()
    write(path, "list\n")
    assert path.read_bytes() == b"list\n"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("there", [b"", b"list\none\n"])
def test_an_empty_file_and_one_of_ours_are_written_anew(tmp_path: Path, there: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(there)
    path.chmod(0o640)
    require_writable(path, LISTS)
    assert path.read_bytes() == there
    write(path, b"list\ntwo\n")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"list\ntwo\n", 0o640)


def test_what_is_somebody_elses_stays(tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    path.write_text("# notes")
    with pytest.raises(UsageError, match=r"notes.md is there already and is no list; move it away"):
        require_writable(path, LISTS)
    with pytest.raises(TraceError):
        require_writable(path, LISTS._replace(error=TraceError))
    assert path.read_text() == "# notes"


@pytest.mark.parametrize("leads", ["somewhere", "nowhere"])
def test_a_link_stays_one(tmp_path: Path, leads: str) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    if leads == "somewhere":
        target.write_text("list\n")
    link.symlink_to(target)
    require_writable(link, LISTS)
    assert target.exists() == (leads == "somewhere")
    write(link, "list\ntwo\n")
    assert link.is_symlink()
    assert target.read_text() == "list\ntwo\n"


def test_a_link_to_somebody_elses_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("notes")
    (tmp_path / "link").symlink_to(tmp_path / "notes")
    with pytest.raises(UsageError, match="is no list"):
        require_writable(tmp_path / "link", LISTS)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (".", "Is a directory"),
        ("none/a", "No such file or directory"),
        ("file/a", "Not a directory"),
        ("x" * 300, "File name too long"),
        ("loop", "Too many levels of symbolic links"),
        ("pipe", "nobody reads from it"),
    ],
)
def test_where_nothing_can_be_written_is_told_at_once(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match=f"cannot be written: {reason}"):
        require_writable(tmp_path / name, LISTS)


def test_a_stream_is_written_to_as_it_is(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE) as reader:
        while True:
            try:
                require_writable(pipe, LISTS)
            except UsageError:  # it is not open there yet
                continue
            break
        time.sleep(0.1)  # in which a reader would see the end of a pipe that nobody has open
        write(pipe, "list\n")
        assert reader.communicate()[0] == b"list\n"
    require_writable(Path("/dev/null"), LISTS)
    write(Path("/dev/null"), "list\n")
    assert not Path("/dev/null").is_file()


FULL_DISK = Path("/dev/full")

FULL = """
import resource, signal, sys
from pathlib import Path
from deadheat.sim.written import write

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
write(Path(sys.argv[1]), "list\\n" + "x" * 1000)
"""


def test_what_finds_no_room_leaves_the_old_one_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("list\n")
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=False)
    assert "a cannot be written: File too large." in done.stderr
    assert path.read_text() == "list\n"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_in_a_folder_that_takes_no_others_is_written_in_its_place(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("list\n")
    tmp_path.chmod(0o500)
    try:
        require_writable(path, LISTS)
        write(path, "list\ntwo\n")
    finally:
        tmp_path.chmod(0o700)
    assert path.read_text() == "list\ntwo\n"


def test_what_no_file_can_be_called_is_refused_in_a_sentence() -> None:
    with pytest.raises(UsageError, match="is no name of a file"):
        require_writable(Path("a\0b"), LISTS)


@pytest.mark.skipif(not FULL_DISK.exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("much", [1, 1 << 20])
def test_what_is_written_as_things_happen_names_the_file_that_finds_no_room(much: int) -> None:
    with pytest.raises(UsageError, match=r"/dev/full cannot be written: No space left"), Stream(FULL_DISK) as stream:
        stream.write("x" * much)


@pytest.mark.skipif(not FULL_DISK.exists(), reason="this system has no device that is always full")
def test_what_has_failed_before_is_told_and_not_that_there_is_no_room_either() -> None:
    def failing() -> None:
        with Stream(FULL_DISK) as stream:
            stream.write("x")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
