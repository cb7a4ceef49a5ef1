"""A sweep goes past whatever others have written, and each of its removals is on record before it is asked for."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from deadheat.live.adapters.redis import connect as connect_redis
from deadheat.live.cluster import Cluster, connect
from deadheat.live.leavings import namespaces, redis_run
from deadheat.live.leavings.run_record import RunRecord, new_record
from deadheat.live.leavings.sweep import Choice, Fate, Found, sweep_cluster, sweep_redis
from deadheat.live.servers.redis_server import embedded_redis

DELETE = Choice(delete=True)


@pytest.fixture(scope="module")
def own_redis() -> Iterator[str]:
    with embedded_redis() as url:
        yield url


@pytest.fixture
def client(own_redis: str) -> Iterator[Any]:
    with closing(connect_redis(own_redis)) as connected:
        connected.flushall()
        yield connected


def dead_record() -> RunRecord:
    return replace(new_record(), lease_s=0.05)


def leave_keys(client: Any) -> RunRecord:
    record = dead_record()
    redis_run.begin(client, record)
    client.set(f"deadheat:{record.run}:key:a", "1")
    time.sleep(0.1)
    return record


def content(**changes: object) -> str:
    return json.dumps(asdict(replace(dead_record(), run="0" * 16)) | changes)


MALFORMED = [
    b"\xff\xfe",
    "[" * 100_000,
    "[]",
    content(key="\ud800"),
    content(host="\ud800"),
    content(host="\x1b[2Jyours"),
    content(lease_s=float("inf")),
    content(lease_s=float("nan")),
    content(lease_s=1e308),
    content(lease_s=1e-9),
    content(pid=None),
]


@pytest.mark.parametrize("record", MALFORMED, ids=range(len(MALFORMED)))
def test_a_sweep_goes_past_a_record_that_cannot_be_read(client: Any, own_redis: str, record: str | bytes) -> None:
    dead = leave_keys(client)
    name = "deadheat-run:" + "0" * 16
    readable = None if isinstance(record, bytes) else RunRecord.from_json(record)
    assert readable is None
    client.hset(name, mapping={"record": record, "mark": "x", "renewed": "1"})
    found = list(sweep_redis(client, own_redis, DELETE))
    assert [each.fate for each in found if name in each.what] == [Fate.SPARED]
    assert [each.fate for each in found if dead.run in each.what] == [Fate.BEGUN, Fate.REMOVED]
    assert client.exists(name)


@pytest.mark.parametrize("renewed", [b"\xff", "\u00b2", "9" * 5000, "9" * 400, ""])
@pytest.mark.parametrize("mark", [b"\xff", None])
def test_a_sweep_goes_past_a_record_of_ours_that_somebody_has_spoilt(
    client: Any, own_redis: str, renewed: Any, mark: bytes | None
) -> None:
    spoilt, dead = leave_keys(client), leave_keys(client)
    name = f"deadheat-run:{spoilt.run}"
    client.hset(name, mapping={"renewed": renewed} | ({} if mark is None else {"mark": mark}))
    found = list(sweep_redis(client, own_redis, DELETE))
    assert [each.fate for each in found if spoilt.run in each.what] == [Fate.SPARED]
    assert [each.fate for each in found if dead.run in each.what] == [Fate.BEGUN, Fate.REMOVED]
    assert client.exists(name, f"deadheat:{spoilt.run}:key:a") == 2


def test_keys_may_be_any_bytes_and_those_of_a_dead_run_go_as_they_are(client: Any, own_redis: str) -> None:
    dead = leave_keys(client)
    ours, others = b"deadheat:" + dead.run.encode() + b":\xff", b"deadheat-run:\xff\xfe\n"
    client.mset({ours: "1", others: b"\xff"})
    found = list(sweep_redis(client, own_redis, DELETE))
    assert {each.fate for each in found} == {Fate.BEGUN, Fate.REMOVED, Fate.SPARED}
    assert client.exists(ours) == 0
    assert client.exists(others) == 1
    assert all(str(each).isprintable() for each in found)


def run_sweep(url: str, folder: Path, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    options = {"stdout": subprocess.PIPE, **options}
    environment = {**os.environ, "TMPDIR": str(folder), "XDG_STATE_HOME": str(folder), "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "deadheat", "live", "sweep", "--redis", url, *arguments]
    return subprocess.run(
        command, stderr=subprocess.PIPE, text=True, env=environment, timeout=60, check=False, **options
    )


def test_the_command_tells_of_each_removal_twice_and_shows_names_that_cannot_be_shown(
    client: Any, own_redis: str, tmp_path: Path
) -> None:
    dead = leave_keys(client)
    client.set(b"deadheat-run:\xff\xc3\xa9", b"\xff")
    done = run_sweep(own_redis, tmp_path, "--delete")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"1 Redis keys of run {dead.run} (host ")
    assert "is being removed" in lines[0]
    assert ": removed (" in lines[1]
    assert lines[2].startswith("The Redis key deadheat-run:\\udcff")
    assert lines[3] == "1 removed, 1 spared."


@pytest.mark.parametrize("where", ["/dev/full", None])
def test_nothing_is_removed_that_cannot_be_written_down(
    client: Any, own_redis: str, tmp_path: Path, where: str | None
) -> None:
    dead = leave_keys(client)
    if where is None:
        done = run_sweep(own_redis, tmp_path, "--delete", stdout=None, preexec_fn=lambda: os.close(1))
    else:
        with Path(where).open("w") as full:
            done = run_sweep(own_redis, tmp_path, "--delete", stdout=full)
    assert done.returncode == 5
    assert "so nothing more is deleted" in done.stderr
    assert client.exists(f"deadheat-run:{dead.run}", f"deadheat:{dead.run}:key:a") == 2


def test_a_server_that_fails_in_mid_removal_leaves_it_on_record_as_not_known(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from deadheat.commands.sweep import _told

    found = [Found("the namespace a", Fate.BEGUN), Found("the cluster", Fate.UNSEEN, "it is away")]
    assert _told(iter(found)) == [Fate.UNSEEN, Fate.UNKNOWN]
    assert capsys.readouterr().out.splitlines()[-1] == ("The namespace a: may be removed or not, since no answer came.")


HELD = {"metadata": {"name": "theirs", "finalizers": ["example.com/hold"]}}


@pytest.fixture
def cluster(kubeconfig: Path) -> Iterator[Cluster]:
    with closing(connect(kubeconfig, None)) as connected:
        yield connected


@pytest.mark.live
def test_ctrl_c_names_what_was_asked_for_and_not_awaited(cluster: Cluster, kubeconfig: Path, tmp_path: Path) -> None:
    record = dead_record()
    name = f"deadheat-{record.run}-1"
    namespaces.create(cluster, record, name)
    cluster.create_config_map(name, HELD)
    time.sleep(1.1)
    command = [sys.executable, "-m", "deadheat", "live", "sweep", "--kubeconfig", str(kubeconfig)]
    environment = {**os.environ, "TMPDIR": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    running = subprocess.Popen(
        [*command, "--run", record.run, "--delete"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        assert running.stdout is not None
        assert running.stdout.readline().startswith(f"The namespace {name} of run {record.run} ")  # before the request
        time.sleep(0.7)
        running.send_signal(signal.SIGINT)
        _, complaint = running.communicate(timeout=20)
    finally:
        running.kill()
        patch = {"metadata": {"finalizers": None}}
        cluster.core.patch_namespaced_config_map("theirs", name, patch)
        namespaces.remove(cluster, name, _uid(cluster, name))
    assert running.returncode == 130
    assert complaint.startswith(f"deadheat: interrupted; asked for, and not seen to the end: the namespace {name} of ")


def _uid(cluster: Cluster, name: str) -> str:
    found = namespaces.read(cluster, name)
    assert found is not None
    assert found.metadata is not None
    return str(found.metadata.uid)


@pytest.mark.live
def test_no_namespace_is_deleted_before_its_deletion_was_told_of(cluster: Cluster) -> None:
    record = dead_record()
    name = f"deadheat-{record.run}-1"
    uid = namespaces.create(cluster, record, name)
    time.sleep(1.1)
    sweep = sweep_cluster(cluster, Choice(run=record.run, delete=True))
    assert next(sweep).fate is Fate.BEGUN
    found = namespaces.read(cluster, name)
    assert found is not None
    assert found.metadata is not None
    assert found.metadata.deletion_timestamp is None
    sweep.close()  # type: ignore[attr-defined]
    assert namespaces.remove(cluster, name, uid)
