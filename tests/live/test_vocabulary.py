"""`deadheat list operations`: what it says may stand in a log is read there, and nothing that happens is left out."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest

from deadheat.live.forcing.free import is_the_end
from deadheat.live.logs.conform import conform
from deadheat.live.logs.likeness import in_words_of
from deadheat.live.logs.tape import read_tape
from deadheat.live.logs.vocabulary import Tellable, vocabulary
from deadheat.live.values import encode
from deadheat.models.faults import FAULTS
from deadheat.scenarios.catalogue import DEFAULT_PROTOCOLS, find_protocol
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.operations import Atomic
from deadheat.sim.run.simulation import Simulation
from tests.command import deadheat
from tests.live.environment import is_environment

FEW = ("http-retry", "http-timeout", "completion", "resubmission")
HEADER = {"format": "deadheat-live-trace", "version": 1, "evaluations": ["17"]}


@cache
def tellable(protocol: str) -> tuple[Tellable, ...]:
    return vocabulary([find_protocol(protocol)], FEW)


WATCHFUL = """
from dataclasses import replace
from deadheat.library import BASELINE, baseline, key_of

def worker(system, task):
    flag, count = key_of("cancelled", task.evaluation), key_of("begun", task.evaluation)
    yield system.redis.watch(flag, task.worker)
    if (yield system.redis.hget(flag, "by")) is None:
        yield system.redis.execute(task.worker, system.redis.incr(count), system.redis.pexpire(count, task.worker))
    yield from baseline.worker(system, task)

def cancel(system, request):
    answer = yield from baseline.cancel(system, request)
    yield system.redis.hset(key_of("cancelled", request.evaluation), "by", "user")
    return answer

WATCHFUL = replace(BASELINE, name="watchful", worker=worker, cancel=cancel, leases=True)
"""


def test_what_the_roles_of_a_users_file_ask_redis_for_is_listed_and_read_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("watchful.py").write_text(WATCHFUL)
    listed = {each.operation: each for each in tellable("watchful.py:WATCHFUL") if each.component == "redis"}
    assert sorted(listed) == ["exec", "hget", "hset", "watch"]
    assert listed["exec"].outcomes == ("null", "[1, true]", "[2, true]")
    assert listed["hget"].outcomes == ("null", '"user"')
    read_back(tmp_path, "watchful.py:WATCHFUL", tuple(listed.values()))


@pytest.mark.parametrize("protocol", DEFAULT_PROTOCOLS)
def test_every_example_and_every_outcome_is_read_back_and_attributed(tmp_path: Path, protocol: str) -> None:
    read_back(tmp_path, protocol, tellable(protocol))


def read_back(tmp_path: Path, protocol: str, listed: tuple[Tellable, ...]) -> None:
    lines = [json.loads(each.example) for each in listed]
    lines += [{**json.loads(each.example), "outcome": json.loads(text)} for each in listed for text in each.outcomes]
    path = tmp_path / "log.jsonl"
    for line in lines:  # one by one: together they are no run
        path.write_text(json.dumps({**HEADER, "protocol": protocol}) + "\n" + json.dumps(line) + "\n")
        header, [event] = read_tape(path)
        assert conform(header, [event]).events == 1
        assert encode(event.outcome) == line["outcome"]
    assert all(each.meaning and each.processes and each.arguments for each in listed)


@pytest.mark.parametrize("protocol", DEFAULT_PROTOCOLS)
def test_what_happens_in_random_runs_with_faults_is_listed(protocol: str) -> None:
    known = {(each.component, each.operation): each for each in tellable(protocol)}
    fault_kinds = [kind for kind, fault in FAULTS.items() if kind in FEW]
    for seed in range(8):
        generator = Random(seed)
        faults = tuple((kind, 1) for kind in generator.sample(fault_kinds, 1))
        simulation = Simulation(Scenario(protocol, 1, faults, properties=()).model())
        for _ in range(60):
            enabled = simulation.transitions()
            if not enabled:
                break
            done = simulation.fire(generator.choice(enabled).choice)
            if done.operation is None or is_environment(done.choice.process) or is_the_end(done.operation):
                continue
            whole = isinstance(done.operation, Atomic)
            operations = done.operation.operations if isinstance(done.operation, Atomic) else (done.operation,)
            for asked, outcome in zip(operations, done.step.outcome if whole else (done.step.outcome,), strict=True):
                entry = known[asked.component.partition("/")[0], asked.name]
                assert json.dumps(encode(in_words_of("17", outcome))) in entry.outcomes
                assert len(asked.arguments) == len(entry.arguments)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return deadheat("list", *arguments, env={"COLUMNS": "80", "PATH": ""})


def test_the_command_lists_the_operations_of_a_protocol_for_people_and_for_machines() -> None:
    text, machine = run("operations", "baseline"), run("operations", "baseline", "--json")
    assert (text.returncode, machine.returncode) == (0, 0)
    results: list[dict[str, Any]] = json.loads(machine.stdout)["results"]
    assert [each["operation"] for each in results if each["component"] == "status"] == ["get", "reset", "set"]
    [write] = [each for each in results if (each["component"], each["operation"]) == ("status", "set")]
    assert write["arguments"] == [
        {"name": "evaluation", "types": ["str"], "optional": False},
        {"name": "status", "types": ["Status"], "optional": False},
    ]
    assert write["outcomes"] == [None]
    lines = text.stdout.splitlines()
    assert "status.set(evaluation: str, status: Status)" in lines
    for each in results:  # in one piece, however narrow the terminal is
        assert f"  {json.dumps(each['example'])}" in lines
    assert all(len(line) <= 80 for line in lines if not line.startswith('  {"process"'))


def test_json_goes_with_operations_alone() -> None:
    for arguments in (["faults", "--json"], ["--json"]):
        done = run(*arguments)
        assert done.returncode == 2
        assert "goes with `deadheat list operations` alone" in done.stderr
    assert "did you mean operations" in run("operation").stderr
    assert "no protocol 'baselin'" in run("operations", "baselin").stderr
