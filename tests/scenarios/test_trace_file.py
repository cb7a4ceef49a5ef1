"""Saved counterexamples: they replay, or say in one sentence why not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deadheat.scenarios import trace_file
from deadheat.scenarios.check import check
from deadheat.scenarios.scenario import DEFAULT_PROTOCOLS, Scenario
from deadheat.scenarios.trace_file import load, replay_file, save
from deadheat.sim.errors import DeadheatError, ReplayDivergedError, TraceError


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    counterexample = check(Scenario("baseline")).outcome("no-permanent-orphan").counterexample
    assert counterexample is not None
    path = tmp_path / "orphan.json"
    save(counterexample, path)
    return path


def rewrite(path: Path, **changes: Any) -> None:
    """Change a trace as a careful forger would: with a new checksum."""
    content = {**json.loads(path.read_text()), **changes}
    content.pop("checksum")
    path.write_text(json.dumps({**content, "checksum": trace_file._checksum(content)}))


@pytest.mark.parametrize("name", DEFAULT_PROTOCOLS)
def test_every_counterexample_replays_from_its_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / "trace.json"
    faults = (("worker-crash", 1), ("http-retry", 1))
    for outcome in check(Scenario(name, faults=faults)).outcomes:
        if outcome.counterexample is not None:
            save(outcome.counterexample, path)
            again = replay_file(path)
            assert again.trace == outcome.counterexample.trace
            assert again.violation == outcome.counterexample.violation


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is not a deadheat trace"),
        ("[1, 2]", "is not a deadheat trace"),
        ('{"format": "something"}', "is not a deadheat trace"),
        ('{"format": "deadheat-trace", "version": 99, "deadheat": "9.0"}', "format version 99.* deadheat 9.0"),
        ('{"format": "deadheat-trace", "version": 1}', "was changed after it was saved"),
    ],
)
def test_what_is_no_trace_of_ours_is_refused_in_one_sentence(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text(content)
    with pytest.raises(TraceError, match=message):
        load(path)


def test_a_missing_or_binary_file_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="cannot be read: No such file"):
        load(tmp_path / "nothing.json")
    with pytest.raises(TraceError, match="cannot be read: Is a directory"):
        load(tmp_path)
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TraceError, match="is not a deadheat trace"):
        load(binary)


def test_a_trace_edited_by_hand_is_refused(saved: Path) -> None:
    saved.write_text(saved.read_text().replace("404 Not Found", "200 OK"))
    with pytest.raises(TraceError, match="was changed after it was saved"):
        replay_file(saved)


def test_a_trace_that_lost_a_part_is_refused(saved: Path) -> None:
    rewrite(saved, schedule=None)
    with pytest.raises(TraceError, match="not a whole trace"):
        replay_file(saved)


def test_a_trace_of_an_unknown_protocol_is_refused(saved: Path) -> None:
    rewrite(saved, scenario={"protocol": "basline", "evaluations": 1, "faults": {}, "quiet": False})
    with pytest.raises(TraceError, match="did you mean baseline"):
        replay_file(saved)


def test_a_trace_whose_protocol_has_changed_says_at_which_step(saved: Path) -> None:
    rewrite(saved, scenario={"protocol": "status-check", "evaluations": 1, "faults": {}, "quiet": False})
    with pytest.raises(
        ReplayDivergedError, match=r"no longer reproduces: step \d+ was T8 .*create_job.* and now is .*get"
    ):
        replay_file(saved)


def test_a_step_that_is_no_longer_possible_is_named(saved: Path) -> None:
    content = json.loads(saved.read_text())
    repeated = {key: [*content[key], content[key][0]] for key in ("schedule", "events")}
    rewrite(saved, **repeated)
    with pytest.raises(ReplayDivergedError, match=r"step 18 was T0 .* and now is not possible"):
        replay_file(saved)


def test_a_trace_that_no_longer_violates_says_so(saved: Path) -> None:
    content = json.loads(saved.read_text())
    rewrite(saved, schedule=content["schedule"][:5], events=content["events"][:5])
    with pytest.raises(ReplayDivergedError, match="it runs as recorded, but no-permanent-orphan holds"):
        replay_file(saved)


def test_a_trace_cannot_be_written_where_there_is_no_folder(tmp_path: Path) -> None:
    counterexample = check(Scenario("baseline")).outcomes[0].counterexample
    assert counterexample is not None
    with pytest.raises(DeadheatError, match="cannot be written"):
        save(counterexample, tmp_path / "no" / "folder.json")
