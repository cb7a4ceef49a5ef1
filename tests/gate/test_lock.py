"""The lock on disk: whole, where it was, and by one at a time."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from deadheat.gate import lock
from deadheat.gate.lock import Lock, alone, read_lock, write_lock
from deadheat.sim.errors import UsageError


def test_a_link_stays_a_link_and_permissions_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "real.lock", tmp_path / "deadheat.lock"
    real.touch()
    real.chmod(0o640)
    link.symlink_to(real)
    write_lock(link, Lock())
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert read_lock(real) == Lock()


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(UsageError, match="No space left"):
        write_lock(tmp_path / "deadheat.lock", Lock())
    assert list(tmp_path.iterdir()) == []


def test_one_writes_after_the_other(tmp_path: Path) -> None:
    path, order = tmp_path / "deadheat.lock", []

    def second() -> None:
        with alone(path):
            order.append("second")

    with alone(path):
        waiting = threading.Thread(target=second)
        waiting.start()
        waiting.join(0.2)
        order.append("first")
    waiting.join()
    assert order == ["first", "second"]
    assert list(tmp_path.iterdir()) == []


def test_who_waits_in_vain_for_another_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "WAITS_S", 0.1)
    path = tmp_path / "deadheat.lock"
    told = r"Another process has had the folder of .* locked for 0\.1 s"
    with alone(path), pytest.raises(UsageError, match=told), alone(path):
        raise AssertionError("both have it")
