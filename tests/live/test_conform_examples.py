"""The logs in `examples/`, as a user would try them: what `deadheat conform` says is what stands beside them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.command import deadheat

EXAMPLES = Path(__file__).parents[2] / "examples"
LOGS = sorted(EXAMPLES.glob("*.jsonl"))


def conform(path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1"}
    return deadheat("conform", path.name, *options, cwd=path.parent, env=environment)


def result_of(path: Path) -> dict[str, Any]:
    [result] = json.loads(conform(path, "--json").stdout)["results"]
    assert isinstance(result, dict)
    return result


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.stem)
def test_an_example_log_is_answered_as_it_says(path: Path) -> None:
    done = conform(path)
    assert done.stdout == path.with_suffix(".out").read_text()
    assert done.returncode == 1


def test_a_leaked_helm_release_is_a_race_that_the_baseline_loses_and_a_lock_would_not(tmp_path: Path) -> None:
    """UKGovernmentBEIS/inspect_k8s_sandbox#75: an uninstall is answered "not found" while the install goes on."""
    log = EXAMPLES / "inspect-k8s-sandbox-75.jsonl"
    lost = result_of(log)
    verdicts = {each["property"]: each["verdict"] for each in lost["properties"]}
    assert lost["outcome"] == "agrees"
    assert [name for name, verdict in verdicts.items() if verdict == "violated"] == [
        "no-permanent-orphan",
        "no-transient-orphan",
        "eventually-cleaned",
    ]
    locked = tmp_path / log.name
    locked.write_text(log.read_text().replace('"baseline"', '"creation-lock"'))
    refused = result_of(locked)
    assert refused["outcome"] == "diverged"
    # Whoever comes second has to wait for the first: the kill finds the Job, or the creation comes too late.
    assert [(each["matched"], each["line"]) for each in refused["unexplained"][0]["furthest"]] == [([3], 2), ([2], 3)]
    steps = [each["allowed"][0] for each in refused["unexplained"][0]["furthest"]]
    assert [each["differs_in"] for each in steps] == [["time order"], ["outcome", "time order"]]
    assert steps[1]["step"].endswith("= 200 OK")


def test_the_events_of_an_example_say_what_was_read_and_what_was_inferred() -> None:
    for path in LOGS:
        header, *events = [json.loads(line) for line in path.read_text().splitlines()]
        assert "Read" in header["note"]
        assert "Inferred" in header["note"]
        assert all("Read" in each["note"] for each in events)
