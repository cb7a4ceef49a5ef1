"""No store of statuses can make a sweep wait, swallow memory or leave files behind, whatever it does."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
import redis

from deadheat.live import cluster
from deadheat.live.lookups.base import STATUS_MAX, UnreadableError
from deadheat.live.lookups.sql import SqliteLookup
from deadheat.sim.errors import LiveError
from tests.live.test_lookups import lookup


@contextmanager
def dripping(answer: bytes, quickly: bytes = b"") -> Iterator[int]:
    """Serve an answer a byte at a time, ten a second, once what comes `quickly` is out; yield the port."""
    ended = threading.Event()
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                with connection, suppress(OSError):
                    connection.recv(1 << 16)
                    connection.sendall(quickly)
                    for byte in answer:
                        connection.send(bytes([byte]))
                        if ended.wait(0.1):
                            return

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield server.getsockname()[1]
    finally:
        ended.set()
        server.close()


@pytest.mark.parametrize(
    ("slowly", "quickly"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nfailed", b""),
        (b"X-Header: " + b"x" * 1_000, b"HTTP/1.1 200 OK\r\n"),
        (b"x" * 1_000, b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
    ],
    ids=["status line", "headers", "body"],
)
def test_an_answer_that_comes_byte_by_byte_has_as_long_as_any_other(slowly: bytes, quickly: bytes) -> None:
    with (
        dripping(slowly, quickly) as port,
        closing(lookup(f"http://127.0.0.1:{port}/{{id}}", timeout_s=0.7)) as statuses,
    ):
        for _ in range(2):  # also on whatever is left of the first connection
            started = time.monotonic()
            with pytest.raises(UnreadableError, match=r"did not answer within 0\.7 s") as slow:
                statuses("e1")
            assert slow.value.is_failure
            assert time.monotonic() - started < 3


@pytest.mark.live
def test_a_value_in_redis_that_is_too_long_to_be_a_status_is_not_read(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        try:
            client.set("status:long", b"x" * (STATUS_MAX + 1))
            client.set("status:e1", "failed")
            client.hset("all", mapping={"long": b"x" * (STATUS_MAX + 1), "e1": "failed"})
            client.acl_setuser("reader", enabled=True, nopass=True, commands=["+get", "+hget", "+ping"], keys=["*"])
            for options in ({}, {"key": "all", "field": "{id}"}):
                with closing(lookup(redis_url, **options)) as statuses:
                    with pytest.raises(UnreadableError, match="holds more than a megabyte"):
                        statuses("long")
                    assert statuses("e1") == "failed"
            reader = redis_url.replace("redis://", "redis://reader:any@")
            with closing(lookup(reader)) as statuses:  # who may only read is not asked for more
                assert statuses("e1") == "failed"
        finally:
            client.acl_deluser("reader")
            client.flushdb()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "statuses.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma journal_mode=wal")
        connection.execute("create table evaluations (id text, status text)")
        connection.execute("insert into evaluations values ('e1', 'failed'), ('long', printf('%.*c', 2000000, 'x'))")
        connection.commit()
    assert [each.name for each in tmp_path.iterdir()] == ["statuses.db"]
    return path


def test_a_database_that_nobody_has_open_stays_alone_in_its_folder(database: Path) -> None:
    with closing(lookup(f"sqlite:{database}")) as statuses:
        assert statuses("e1") == "failed"
        assert statuses("e2") is None
        with pytest.raises(UnreadableError, match="more than a megabyte"):
            statuses("long")
        assert [each.name for each in database.parent.iterdir()] == ["statuses.db"]


def test_what_an_application_writes_meanwhile_is_read(database: Path) -> None:
    with closing(lookup(f"sqlite:{database}")) as statuses, closing(sqlite3.connect(database)) as connection:
        connection.execute("update evaluations set status = 'cancelled' where id = 'e1'")
        connection.commit()
        assert statuses("e1") == "cancelled"
        connection.execute("update evaluations set status = 'completed' where id = 'e1'")
        connection.commit()
        assert statuses("e1") == "completed"


def test_what_an_application_writes_in_the_middle_of_a_query_is_not_missed(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It opens the file, writes and closes it again while it is read as one that nobody changes."""
    rows = SqliteLookup._rows

    def disturbed(self: SqliteLookup, connection: sqlite3.Connection, evaluation: str) -> object:
        found = rows(self, connection, evaluation)
        with closing(sqlite3.connect(database)) as other:
            other.execute("update evaluations set status = 'cancelled' where id = 'e1'")
            other.commit()
        return found

    statuses = lookup(f"sqlite:{database}")
    with closing(statuses):
        monkeypatch.setattr(SqliteLookup, "_rows", disturbed)
        assert statuses("e1") == "cancelled"


KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: c
contexts: [{{name: c, context: {{cluster: c, user: u}}}}]
clusters: [{{name: c, cluster: {{server: "https://127.0.0.1:1"}}}}]
users:
- name: u
  user: {{exec: {{apiVersion: client.authentication.k8s.io/v1, command: {python}, args: [-c, {script!r}]}}}}
"""


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Callable[[str], Path]:
    def made(script: str) -> Path:
        path = tmp_path / "kubeconfig"
        path.write_text(KUBECONFIG.format(python=sys.executable, script=script))
        return path

    return made


def test_a_program_for_credentials_that_never_returns_is_ended(
    kubeconfig: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "CREDENTIALS_PATIENCE_S", 1.5)
    mark = tmp_path / "pid"
    script = f'import os, time; open("{mark}", "w").write(str(os.getpid())); time.sleep(300)'
    with pytest.raises(LiveError, match=r"credentials has not answered in 1\.5 s; run it by hand, or log in\.$"):
        cluster.connect(kubeconfig(script), None)
    pid = int(mark.read_text())
    for _ in range(100):
        if not _is_alive(pid):
            break
        time.sleep(0.05)
    assert not _is_alive(pid)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIG_DFL)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
