"""`deadheat window`, as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.test_cli import run

BOUNDS = ("http.send=..1ms", "dispatcher.http=5ms..2s", "dispatcher.kubernetes=10ms..1s")


@pytest.fixture(scope="module")
def orphan(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("traces") / "orphan.json"
    run("show", "baseline", "--property", "no-transient-orphan", "--save", str(path))
    return str(path)


@pytest.fixture(scope="module")
def expiry(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("traces") / "expiry.json"
    run("show", "creation-lock", "-p", "no-permanent-orphan", "--faults", "lease-expiry=1", "--save", str(path))
    return str(path)


def latencies(*bounds: str) -> list[str]:
    return [part for each in bounds for part in ("--latency", each)]


def window_json(path: str, *bounds: str) -> tuple[int, dict[str, Any]]:
    done = run("window", path, *latencies(*bounds), "--json")
    content: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, content


def test_what_can_happen_is_said_with_an_example(orphan: str) -> None:
    done = run("window", orphan, *latencies(*BOUNDS, "T5=212ms.."), columns=120)
    assert done.returncode == 1
    assert "Possible under these latencies, with 2.789 s to spare." in done.stdout
    assert "Possible if and only if T1 to T8 takes at least as long as T4 to T5." in done.stdout
    assert "T3 must come in a window of at most 2.789 s" in done.stdout
    assert "T8 create job → 201 Created" in done.stdout


def test_what_cannot_happen_is_said_with_by_how_much(orphan: str) -> None:
    done = run("window", orphan, *latencies(*BOUNDS, "T5=3.1s.."), columns=120)
    assert done.returncode == 0
    assert "Impossible under these latencies: it fails by 99 ms." in done.stdout
    assert "For example" not in done.stdout


def test_the_json_of_a_window_is_the_contract(orphan: str) -> None:
    code, content = window_json(orphan, *BOUNDS, "T5=212ms..")
    assert code == 1
    assert content["schema"] == 1
    assert content["possible"] is True
    assert content["inequality"] == "Possible if and only if T1 to T8 takes at least as long as T4 to T5."
    assert content["slack_s"] == 2.789
    assert content["excluding_ttl_s"] is None
    assert {"earlier": 3, "later": 9, "at_least_s": 0.005, "at_most_s": 2.0, "reason": "latency dispatcher.http"} in (
        content["constraints"]
    )
    assert content["free_steps"][0]["window_s_max"] == 2.789
    assert [each["step"] for each in content["example"]] == list(range(1, 11))
    code, content = window_json(orphan, *BOUNDS, "T5=3.1s..")
    assert (code, content["possible"], content["slack_s"], content["example"]) == (0, False, -0.099, None)


def test_without_a_limit_the_json_says_null(orphan: str) -> None:
    code, content = window_json(orphan)
    assert (code, content["possible"], content["slack_s"]) == (1, True, None)
    assert content["constraints"][0]["at_most_s"] is None


def test_the_json_tells_the_lease_that_excludes_an_expiry(expiry: str) -> None:
    code, content = window_json(expiry, "default=1ms..200ms", "kubernetes=10ms..1s")
    assert (code, content["excluding_ttl_s"]) == (1, 1.398)
    assert [(each["key"], each["set_by"]) for each in content["leases"]] == [("lock:{e1}", 6)]
    assert window_json(expiry)[1]["excluding_ttl_s"] is None


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ("kubernets=1s", "There is no step of this trace named 'kubernets'; did you mean kubernetes"),
        ("http", "write NAME=LO..HI"),
        ("http=2s..1s", "ends before it begins; write the shorter first: 1s..2s"),
    ],
)
def test_a_mistake_gets_one_sentence(orphan: str, bounds: str, message: str) -> None:
    done = run("window", orphan, "--latency", bounds)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_missing_trace_is_a_mistake(tmp_path: Path) -> None:
    done = run("window", str(tmp_path / "nothing.json"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot be read" in done.stderr


def test_the_help_gives_an_example() -> None:
    assert "Example: deadheat window" in run("window", "--help").stdout
