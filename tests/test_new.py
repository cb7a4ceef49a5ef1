"""`deadheat new`, and a protocol of one's own through the commands, as a user meets them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.command import deadheat


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
