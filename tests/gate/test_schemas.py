"""Every output for machines has a schema, and is as it says: no key more, none less, none of another type."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import typer

from deadheat.cli import app
from deadheat.gate.config import CHECK, SHARED, VERDICTS
from deadheat.gate.findings import Kind
from deadheat.gate.formats import Screen, rendered
from deadheat.gate.lock import Lock
from deadheat.gate.tables import CheckTable, Configuration
from deadheat.live.cleaning.tally import Fate, Orphan, Tally
from deadheat.live.results import JobSeen, LiveOutcome, LiveResult
from deadheat.reports.cleanup import JsonRecord
from deadheat.reports.live import live_to_json, stress_to_json
from deadheat.reports.schemas import FORMS
from tests.command import deadheat
from tests.gate.results import gated_of, of_every_kind

EXAMPLES = Path(__file__).parents[2] / "examples"


@cache
def schema_of(name: str) -> Any:
    done = deadheat("schema", name)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def closed(schema: Any) -> Any:
    """Return a schema that takes no key which it does not know; the published one does, for there may be more."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: closed(value) for key, value in schema.items()}
    return {**found, "additionalProperties": False} if isinstance(schema.get("properties"), dict) else found


def require(name: str, text: str) -> Any:
    found = json.loads(text)
    wrong = jsonschema.Draft202012Validator(closed(schema_of(name))).iter_errors(found)
    assert [f"{each.json_path}: {each.message}" for each in wrong] == []
    return found


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("trace") / "orphan.json"
    deadheat("show", "baseline", "-p", "no-transient-orphan", "--save", str(path))
    return path


@pytest.mark.parametrize("name", [*FORMS, "config", "lock"])
def test_a_schema_is_one(name: str) -> None:
    schema = schema_of(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["title"] == f"deadheat {name}"
    assert schema["type"] == "object"


def test_without_a_name_all_are_listed() -> None:
    done = deadheat("schema")
    assert done.returncode == 0
    names = [line.split()[0] for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert names == sorted([*FORMS, "config", "lock"])


def test_a_name_that_is_none_is_told_the_nearest() -> None:
    done = deadheat("schema", "gat")
    assert (done.returncode, done.stdout) == (2, "")
    assert "did you mean gate" in done.stderr


def test_every_command_with_json_has_a_schema() -> None:
    """A new one is noticed here: give it a form, and a test below that runs it."""
    known = {
        "check", "cleanup", "conform", "explore", "frontier", "fuzz", "gate", "incidents", "latencies", "list",
        "live check", "live replay", "live stress", "migrate", "mutate", "rollout", "simulate", "window",
    }  # fmt: skip
    found = set()

    def look(command: Any, path: tuple[str, ...]) -> None:
        if any("--json" in each.opts for each in command.params):
            found.add(" ".join(path))
        for name in getattr(command, "list_commands", lambda _: ())(None):
            look(command.get_command(None, name), (*path, name))

    look(typer.main.get_command(app), ())
    assert found == known


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("check", ["check", "baseline"]),
        ("check", ["check", "baseline", "--faults", "k8s-refusal=*", "-p", "no-transient-orphan"]),
        ("check", ["check", "name-tombstone", "-p", "nothing-stuck", "--fingerprint", "--faults", "watch-loss=1"]),
        ("check", ["check", "baseline", "--max-states", "50"]),
        ("frontier", ["frontier", "baseline", "creation-lock", "-p", "no-transient-orphan"]),
        ("incidents", ["incidents", "kueue-12820", "airflow-69762"]),
        ("fuzz", ["fuzz", "baseline", "--schedules", "100", "-p", "terminal-is-final", "-p", "nothing-stuck"]),
        ("fuzz-rate", ["fuzz", "--rate", "baseline"]),
        ("rollout", ["rollout", "baseline", "name-tombstone", "--faults", "http-retry=1"]),
        ("migrate", ["migrate", "--cancellations", "2000"]),
        ("simulate", ["simulate", "baseline+orphan-cleanup", "--curve", "--cancellations", "500", "--arrivals", "9/h"]),
        ("simulate", ["simulate", "baseline", "request-token", "--cancellations", "2000", "--price-per-hour", "1"]),
        ("explore", ["explore", "baseline", "--do", "run; back; inject k8s-refusal; jump 0"]),
        ("conform", ["conform", str(EXAMPLES / "inspect-k8s-sandbox-75.jsonl")]),
        ("operations", ["list", "operations", "baseline"]),
    ],
)
def test_what_a_command_prints_is_as_its_schema_says(name: str, arguments: list[str]) -> None:
    done = deadheat(*arguments, "--json")
    assert done.returncode in (0, 1, 3), done.stderr
    require(name, done.stdout)


def test_an_example_that_charges_a_card_prints_the_same_form(tmp_path: Path) -> None:
    """Mutants of a small design: the form is the same as of a protocol."""
    from tests.gate.project import CLOUD

    (tmp_path / "cloud.py").write_text(CLOUD)
    require("mutate", deadheat("mutate", "cloud.py:PROTOCOL", "--json", cwd=tmp_path).stdout)
    require("check", deadheat("check", "cloud.py:PROTOCOL", "--json", cwd=tmp_path).stdout)


@pytest.mark.parametrize("latencies", [[], ["http.accept=5ms..2s"], ["http.accept=..1ms"]])
def test_a_window_is_as_its_schema_says(latencies: list[str], trace: Path) -> None:
    options = [part for each in latencies for part in ("--latency", each)]
    require("window", deadheat("window", str(trace), *options, "--json").stdout)


def test_what_the_gate_prints_is_as_its_schema_says(tmp_path: Path) -> None:
    found = require("gate", rendered(gated_of(tmp_path, *of_every_kind("x")), "json", Screen()))
    assert {each["kind"] for each in found["findings"]} == set(Kind)
    require("gate", rendered(gated_of(tmp_path), "json", Screen()))
    kinds = schema_of("gate")["$defs"]["GateFinding"]["properties"]["kind"]["enum"]
    assert sorted(kinds) == sorted(Kind)


def test_a_lock_is_as_its_schema_says(tmp_path: Path) -> None:
    gated = gated_of(tmp_path)
    require("lock", msgspec.json.encode(Lock(checks=gated.surveys)).decode())


def test_what_live_commands_print_is_as_their_schemas_say() -> None:
    from deadheat.live.forcing.stress import StressResult

    job = JobSeen("evaluation-e1", "1-2", "e1", "finished")
    results = [
        LiveResult("baseline", "no-permanent-orphan", LiveOutcome.CONFIRMED, 17, job=job, status="cancelled"),
        LiveResult("baseline", None, LiveOutcome.DIVERGED, 17, step=3, expected="a", got="b", unobserved=("x",)),
    ]
    require("live", live_to_json(results))
    require(
        "stress", stress_to_json(StressResult("baseline", LiveOutcome.AGREES, 9, (), 0, 0, 0.3, 1.5), "stress.jsonl")
    )


def test_what_the_cleanup_prints_is_as_its_schema_says(capsys: pytest.CaptureFixture[str]) -> None:
    record = JsonRecord("evaluations")
    orphan = Orphan("evaluation-e1", "1-2", "e1", "cancelled")
    record.deleting(orphan)
    record.settled(orphan, Fate.DELETED, "")
    record.settled(orphan, Fate.REFUSED, "403")
    record.skipped("", "e1", "why")
    record.swept(Tally())
    for line in capsys.readouterr().out.splitlines():
        require("cleanup", line)


# The configuration


def test_the_schema_of_the_configuration_has_the_keys_that_are_read() -> None:
    assert set(CheckTable.__struct_fields__) == set(CHECK)
    assert set(Configuration.__struct_fields__) == {*SHARED, "lock", "check"}
    verdicts = schema_of("config")["$defs"]["CheckTable"]["properties"]["expect"]
    assert sorted(verdicts["anyOf"][0]["enum"]) == sorted(VERDICTS)


FULL = """
up_to = 2
lock = "locks/deadheat.lock"

[[check]]
protocol = "ours.py:PROTOCOL"
evaluations = 2
faults = { worker-crash = 1, http-retry = "*" }
properties = ["no-permanent-orphan"]
expect = { no-permanent-orphan = "holds" }
must_reach = ["T8"]
settings = { managers = 3 }
allow_unreached = ["T5"]
quiet = true
mutants = false
max_states = 100
time_limit = "90s"

[[check]]
protocol = "baseline"
expect = "violated"
"""


def test_a_configuration_that_is_read_is_as_its_schema_says(tmp_path: Path) -> None:
    from deadheat.gate.config import read_config

    path = tmp_path / "deadheat.toml"
    path.write_text(FULL)
    assert len(read_config(path).checks) == 2
    require("config", json.dumps(tomllib.loads(FULL)))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("up_to = 2", "up_to = 6"),
        ("up_to = 2", "upto = 2"),
        ("evaluations = 2", "evaluations = 0"),
        ("worker-crash = 1", 'worker-crash = "1"'),
        ('expect = "violated"', 'expect = "broken"'),
        ('protocol = "baseline"\n', ""),
        ("quiet = true", "quiet = 1"),
        ("max_states = 100", "max_states = true"),
    ],
)
def test_what_is_not_read_is_not_as_the_schema_says_either(before: str, after: str, tmp_path: Path) -> None:
    from deadheat.gate.config import read_config
    from deadheat.sim.errors import UsageError

    assert before in FULL
    path = tmp_path / "deadheat.toml"
    path.write_text(FULL.replace(before, after))
    with pytest.raises(UsageError):
        read_config(path)
    with pytest.raises(AssertionError):
        require("config", json.dumps(tomllib.loads(path.read_text())))
