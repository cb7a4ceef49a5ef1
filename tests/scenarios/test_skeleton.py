"""What `deadheat new` writes is checked at once, with the same result as what it was begun from."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from deadheat.scenarios.catalogue import DEFAULT_PROTOCOLS
from deadheat.scenarios.scenario import Scenario
from deadheat.scenarios.skeleton import skeleton_of
from deadheat.sim.errors import UsageError
from tests.scenarios.golden import GOLDEN, measured
from tests.types import strictly_checked

BEGUN_FROM = (*DEFAULT_PROTOCOLS, "request-token+orphan-cleanup")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder, in which we are."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return tmp_path


@pytest.mark.parametrize("reference", BEGUN_FROM)
def test_a_new_file_is_judged_as_what_it_was_begun_from(reference: str, folder: Path) -> None:
    (folder / "ours.py").write_text(skeleton_of(reference, "ours").protocol)
    assert measured(Scenario("ours.py:PROTOCOL")) == GOLDEN[reference]["no faults"]


def test_all_that_is_written_passes_a_strict_type_checker_and_its_own_tests(folder: Path) -> None:
    for number, reference in enumerate(BEGUN_FROM):
        skeleton = skeleton_of(reference, f"ours_{number}")
        (folder / f"ours_{number}.py").write_text(skeleton.protocol)
        (folder / f"test_ours_{number}.py").write_text(skeleton.test)
    checked = strictly_checked(folder)
    assert checked.returncode == 0, checked.stdout
    plain = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "."]
    done = subprocess.run([sys.executable, *plain], capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stdout
    assert f"{len(BEGUN_FROM)} passed" in done.stdout


def test_a_promise_that_is_kept_at_last_makes_its_test_fail(folder: Path) -> None:
    (folder / "ours.py").write_text(skeleton_of("name-tombstone", "ours").protocol)
    (folder / "test_ours.py").write_text(skeleton_of("baseline", "ours").test)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "test_ours.py"], capture_output=True, text=True, check=False, cwd=folder
    )
    assert done.returncode == 1
    assert "XPASS(strict)" in done.stdout


@pytest.mark.parametrize(
    ("reference", "stem", "message"),
    [
        ("baseline", "our-path", "our-path.py could not be imported by its test; name it with letters"),
        ("baseline", "queue", "queue.py would hide Python's own module 'queue'"),
        ("baselin", "ours", "There is no protocol 'baselin'; did you mean baseline"),
        ("incident:tekton-2381", "ours", "'incident:tekton-2381' is none of deadheat's own protocols"),
        ("baseline~1", "ours", "'baseline~1' is none of deadheat's own protocols"),
    ],
)
def test_what_cannot_be_begun_is_told(reference: str, stem: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        skeleton_of(reference, stem)
