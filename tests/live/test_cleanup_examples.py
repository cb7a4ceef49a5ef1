"""Every example of the page and of the help is run, against servers at other addresses than it says."""

from __future__ import annotations

import json
import shlex
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import redis

from deadheat.commands.cleanup import EXAMPLES
from tests.live.cleanup_ground import command_line, run_cleanup
from tests.live.fake_api import FakeApi, fake_api
from tests.live.test_lookups import http_server

PAGE = Path(__file__).parents[2] / "docs" / "cleanup.md"
LINES = [line.strip().removeprefix("Example: ") for line in [*PAGE.read_text().splitlines(), *EXAMPLES.splitlines()]]
COMMANDS = sorted({line for line in LINES if line.startswith("deadheat cleanup ")})
ROWS = [("e000", "cancelled"), ("e001", "ABORTED"), ("e002", "DONE"), ("e003", "cancelled")]


@pytest.fixture
def stores(redis_url: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    def answer(path: str, headers: Any) -> tuple[int, dict[str, str], bytes]:
        status = dict(ROWS).get(path.removeprefix("/v1/evaluations/"))
        return (200, {}, json.dumps({"status": status}).encode()) if status else (404, {}, b"")

    with closing(sqlite3.connect(tmp_path / "evaluations.db")) as database:
        database.execute("CREATE TABLE evaluations (id TEXT, status TEXT)")
        database.executemany("INSERT INTO evaluations VALUES (?, ?)", ROWS)
        database.commit()
    (tmp_path / "evaluations").mkdir()
    (tmp_path / "evaluations" / "e004.status").touch()
    with redis.Redis.from_url(redis_url) as client, http_server(answer) as url:
        for evaluation, status in ROWS:
            (tmp_path / "evaluations" / f"{evaluation}.status").write_text(status)
            client.set(f"status:{evaluation}", status)
            client.set(f"evaluation:{evaluation}:status", status)
            client.hset(f"evaluation:{evaluation}", "status", status)
            client.hset("evaluations", evaluation, status)
            client.hset("all", evaluation, status)
        yield {
            "redis://127.0.0.1:6379/0": redis_url,
            "/var/lib": str(tmp_path),
            "https://evaluations.example": url,
            "9100": "0",
        }
        client.flushdb()


def test_there_are_examples_for_every_kind_of_store() -> None:
    kinds = ("redis://", "--status-field", "postgresql://", "sqlite:", "https://", "--status-command")
    assert all(any(kind in command for command in COMMANDS) for kind in kinds)


@pytest.mark.live
@pytest.mark.parametrize("command", COMMANDS)
def test_an_example_finds_the_orphans(
    stores: dict[str, str], tmp_path: Path, command: str, request: pytest.FixtureRequest
) -> None:
    if "postgresql://" in command:
        stores["postgresql://reader@127.0.0.1/evaluations"] = request.getfixturevalue("postgres_url")
        command = command.replace("FROM runs", f"FROM {TABLE}")
    for here, there in stores.items():
        command = command.replace(here, there)
    arguments = shlex.split(command.replace(" --metrics-address 0.0.0.0 --metrics-port 0", " --metrics-port 19100"))[2:]
    with fake_api(FakeApi(5), tmp_path) as kubeconfig:
        arguments += ["--kubeconfig", str(kubeconfig)]
        if "--every" in arguments:
            running = subprocess.Popen(command_line(*arguments), stdout=subprocess.PIPE, text=True)
            assert running.stdout is not None
            while "orphans among" not in (line := running.stdout.readline()):
                assert line
            running.send_signal(signal.SIGTERM)
            running.stdout.close()
            code, output = running.wait(60), line
        else:
            done = run_cleanup(*arguments)
            code, output = done.returncode, done.stdout
    assert code == 0
    assert "2 orphans among 5 Jobs" in output or '"orphans": 2' in output


TABLE = """(VALUES ('e000', 'cancelled'), ('e003', 'failed'), ('e002', 'DONE')) AS runs (run, state)"""
