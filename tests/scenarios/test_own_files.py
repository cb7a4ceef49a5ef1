"""What is written for a user is written wholly or not at all, and nothing of his own is lost."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deadheat.scenarios import own_files
from deadheat.scenarios.own_files import require_own, write_whole
from deadheat.sim.errors import UsageError


def ours(beginning: bytes) -> bool:
    return beginning.startswith(b"ours")


def require(path: Path) -> None:
    require_own(path, ours, "is somebody's.")


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """As on a disk that is nearly full: what is larger cannot be written."""
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


def test_what_is_empty_or_ours_or_not_there_may_be_written_and_nothing_else(tmp_path: Path) -> None:
    for name, content in (("empty", b""), ("mine", b"ours, of last week"), ("yours", b"my notes")):
        (tmp_path / name).write_bytes(content)
    for name in ("empty", "mine", "new"):
        require(tmp_path / name)
    with pytest.raises(UsageError, match="yours is somebody's"):
        require(tmp_path / "yours")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["empty", "mine", "yours"]


def test_a_full_disk_leaves_what_was_there_and_nothing_beside_it(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("ours, of last week")
    with files_no_larger_than(4_096):
        for path in (old, new):
            with pytest.raises(UsageError, match="cannot be written: File too large"):
                write_whole(path, "x" * 10_000)
    assert old.read_text() == "ours, of last week"
    assert [each.name for each in tmp_path.iterdir()] == ["old"]


def test_writing_over_the_file_itself_would_be_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_files, "_write", Path.write_bytes)
    with pytest.raises(AssertionError):
        test_a_full_disk_leaves_what_was_there_and_nothing_beside_it(tmp_path)


def test_a_link_is_written_through_also_one_that_leads_nowhere_yet(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("target")
    require(link)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link"]
    for content in ("ours", "ours anew"):
        write_whole(link, content)
        assert (link.is_symlink(), (tmp_path / "target").read_text()) == (True, content)


def test_a_pipe_is_refused_without_waiting_for_a_reader_and_a_device_is_written_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="is a pipe"):
        require(tmp_path / "pipe")
    require(Path(os.devnull))
    write_whole(Path(os.devnull), "x")
    assert not Path(os.devnull).is_file()


def test_what_cannot_be_written_is_told_of_beforehand(tmp_path: Path) -> None:
    for path, why in (
        (tmp_path, "Is a directory"),
        (tmp_path / "no folder" / "file", "No such file"),
        (tmp_path / ("x" * 300), "File name too long"),
    ):
        with pytest.raises(UsageError, match=why):
            require(path)


def test_a_file_keeps_its_mode_and_a_new_one_has_the_usual_one(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.touch(0o600)
    usual = tmp_path / "usual"
    usual.touch()
    for path in (old, new):
        write_whole(path, "ours")
    assert old.stat().st_mode & 0o777 == 0o600
    assert new.stat().st_mode == usual.stat().st_mode
