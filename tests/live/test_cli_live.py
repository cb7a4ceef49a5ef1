"""The live commands as a user meets them: run as a program, with JSON whose form is a contract."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deadheat.version import VERSION
from tests.command import deadheat

COMMANDS = (
    ["live", "replay"],
    ["live", "check"],
    ["live", "stress"],
    ["live", "sweep"],
    ["live", "up"],
    ["live", "down"],
    ["conform"],
    ["cleanup"],
)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    done = deadheat(*arguments)
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_explains_each_live_command_with_an_example(command: list[str]) -> None:
    done = run(*command, "--help")
    assert done.returncode == 0
    assert f"Example: deadheat {' '.join(command)}" in done.stdout


@pytest.fixture
def servers(redis_url: str, kubeconfig: Path) -> list[str]:
    return ["--redis", redis_url, "--kubeconfig", str(kubeconfig)]


def results_of(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    content = json.loads(done.stdout)
    assert content["schema"] == 1
    assert content["deadheat"] == VERSION
    results: list[dict[str, Any]] = content["results"]
    return results


@pytest.mark.live
def test_a_saved_counterexample_is_confirmed_with_its_job(servers: list[str], tmp_path: Path) -> None:
    trace = tmp_path / "orphan.json"
    run("show", "baseline", "--property", "no-permanent-orphan", "--save", str(trace))
    done = run("live", "replay", str(trace), "--json", *servers)
    assert done.returncode == 0
    [result] = results_of(done)
    assert result["protocol"] == "baseline"
    assert result["outcome"] == "confirmed"
    assert result["step"] is None
    assert result["job"]["name"] == "evaluation-e1"
    assert len(result["job"]["uid"]) == 36
    assert result["status"] == "cancelled"
    for_people = run("live", "replay", str(trace), *servers)
    assert for_people.stdout.startswith("CONFIRMED baseline no-permanent-orphan")
    assert "Job evaluation-e1, uid " in for_people.stdout
    secrets = (tmp_path / "orphan.json").read_text() + done.stdout + done.stderr + for_people.stdout
    assert "client-key" not in secrets
    assert "redis://" not in secrets


@pytest.mark.live
def test_what_holds_agrees(servers: list[str]) -> None:
    done = run("live", "check", "creation-lock", "--random", "2", "--json", *servers)
    assert done.returncode == 0
    results = results_of(done)
    assert {each["outcome"] for each in results} == {"confirmed", "agrees"}
    assert [each["schedules"] for each in results if each["outcome"] == "agrees"] == [2]


@pytest.mark.live
def test_a_stress_run_is_recorded_and_conforms(servers: list[str], tmp_path: Path) -> None:
    trace = tmp_path / "stress.jsonl"
    options = ["--cancellations", "8", "--latency", "http.accept=50ms..100ms", "--trace", str(trace), "--json"]
    done = run("live", "stress", "baseline", *options, *servers)
    assert done.returncode == 0
    [result] = results_of(done)
    assert result["cancellations"] == 8
    assert 0 <= result["per_thousand_low"] <= result["per_thousand"] <= result["per_thousand_high"] <= 1000
    assert len(result["lived_s"]) == len(result["jobs"]) == result["orphans"]
    [matched] = results_of(run("conform", str(trace), "--no-properties", "--json"))
    assert matched["outcome"] == "agrees"
    assert matched["events"] > 8
