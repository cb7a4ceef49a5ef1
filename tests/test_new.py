"""`deadheat new`, and a protocol of one's own through the commands, as a user meets them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.command import deadheat
from tests.types import strictly_checked


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Return what runs deadheat in an empty folder."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        done = deadheat(*arguments, cwd=tmp_path)
        assert "Traceback" not in done.stderr
        return done

    return run


def results(run: Any, reference: str, *options: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run("check", reference, *options, "--json").stdout)["results"]
    assert {each.pop("protocol") for each in found} == {reference}
    for each in found:
        each.pop("seconds")
        each["not_reached"] = len(each["not_reached"])  # which lie in other lines of another file
    return found


def test_a_new_protocol_gives_the_same_results_as_what_it_came_from(run: Any) -> None:
    done = run("new", "ours.py", "--from", "state-machine")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == "Wrote ours.py and test_ours.py. Try next:"
    for command in ("deadheat check", "deadheat show"):
        assert f"  {command} ours.py:PROTOCOL\n" in done.stdout
    assert results(run, "ours.py:PROTOCOL") == results(run, "state-machine")


def test_a_new_design_is_checked_shown_and_tested_as_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Any
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    written = run("new", "jobs.py", "--design")
    commands = [line.strip() for line in written.stdout.splitlines() if line.startswith("  ")]
    assert commands == ["deadheat check jobs.py:PROTOCOL", "deadheat show jobs.py:PROTOCOL", "pytest test_jobs.py"]
    text = (tmp_path / "jobs.py").read_text()
    assert text.startswith('"""jobs, a first design: two workers')
    assert "first-design" not in text
    for command in commands[:2]:
        done = run(*command.split()[1:])
        assert (done.returncode, done.stderr) == (1, "")
        assert all(len(line) <= 80 for line in done.stdout.splitlines())
    assert "the race is lost here" in done.stdout
    assert [each["verdict"] for each in results(run, "jobs.py:MENDED")] == ["holds", "holds"]
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_jobs.py"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert "1 passed, 1 xfailed" in tests.stdout
    checked = strictly_checked(tmp_path)
    assert checked.returncode == 0, checked.stdout
    again = run("new", "jobs.py", "--design")
    assert (again.returncode, again.stderr[:21]) == (2, "deadheat: jobs.py is ")
    assert (tmp_path / "jobs.py").read_text() == text


def test_a_new_design_begins_from_no_protocol(run: Any) -> None:
    done = run("new", "jobs.py", "--design", "--from", "state-machine")
    assert done.returncode == 2
    assert done.stderr == (
        "deadheat: --design begins from no protocol, so leave --from state-machine out, or --design.\n"
    )


def test_nothing_is_overwritten(run: Any, tmp_path: Path) -> None:
    (tmp_path / "test_ours.py").write_text("mine")
    done = run("new", "ours.py")
    assert done.returncode == 2
    assert done.stderr.startswith("deadheat: test_ours.py is there, and nothing is overwritten")
    assert not (tmp_path / "ours.py").exists()
    assert (tmp_path / "test_ours.py").read_text() == "mine"


def test_what_is_no_place_for_a_file_is_told(run: Any) -> None:
    assert "ours is no Python file; give it a name that ends with .py." in run("new", "ours").stderr
    assert "There is no folder none; make it first." in run("new", "none/ours.py").stderr


def test_a_trace_of_ones_own_protocol_tells_that_it_has_changed(run: Any, tmp_path: Path) -> None:
    run("new", "ours.py")
    assert run("show", "ours.py:PROTOCOL", "--save", "orphan.json").returncode == 1
    assert "Reproduced: orphan.json does what it did, in 17 steps" in " ".join(
        run("replay", "orphan.json").stdout.split()
    )
    ours = tmp_path / "ours.py"
    text = ours.read_text()
    ours.write_text(text.replace("yield T5(system.kubernetes.delete_job(evaluation))", "pass"))
    done = run("replay", "orphan.json")
    assert done.returncode == 1
    assert "no longer reproduces: step" in done.stderr
    assert "the protocol has changed since the trace was saved" in done.stderr
    ours.write_text(text.replace("def ", "# another line\ndef "))
    assert run("replay", "orphan.json").stderr == ""  # what it does is as it was


def test_every_command_that_takes_a_name_takes_a_reference(run: Any) -> None:
    run("new", "ours.py", "--from", "status-check")
    assert run("show", "ours.py:PROTOCOL", "--save", "orphan.json").returncode == 1
    assert run("window", "orphan.json", "--latency", "default=1ms..2s").returncode == 1
    frontier = json.loads(run("frontier", "ours.py:PROTOCOL", "--up-to", "0", "--json").stdout)
    assert {each["protocol"] for each in frontier["results"]} == {"ours.py:PROTOCOL"}
    mutants = json.loads(run("mutate", "ours.py:PROTOCOL", "--json").stdout)
    names = [each["mutant"] for each in mutants["results"]]
    assert names == [f"ours.py:PROTOCOL~{number}" for number in range(1, len(names) + 1)]
    assert run("show", "ours.py:PROTOCOL~1").returncode in (0, 1)
