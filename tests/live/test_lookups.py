"""Where statuses may be kept: what is read, what is one bad record, and what is a store that fails."""

from __future__ import annotations

import gzip
import socketserver
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import redis
from hypothesis import given, settings, strategies as st

from deadheat.live.cleaning.patience import Patience
from deadheat.live.lookups.base import Lookup, UnreadableError
from deadheat.live.lookups.choose import Source, choose
from deadheat.live.servers.processes import free_port
from deadheat.live.servers.redis_server import embedded_redis
from deadheat.sim.errors import LiveError, UsageError


def lookup(url: str | None = None, **options: Any) -> Lookup:
    return choose(Source(url, **{"timeout_s": 2.0, **options}), Patience())


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client
        client.flushdb()


@pytest.mark.live
def test_redis_keys_and_hashes(redis_url: str, client: redis.Redis) -> None:
    client.set("status:e1", "cancelled")
    client.set("evaluation:e1:status", "failed")
    client.hset("evaluations:e1", "state", "completed")
    client.hset("all", "e1", "queued")
    for options, expected in (
        ({}, "cancelled"),
        ({"key": "evaluation:{evaluation}:status"}, "failed"),
        ({"key": "evaluations:{id}", "field": "state"}, "completed"),
        ({"key": "all", "field": "{id}"}, "queued"),
    ):
        with closing(lookup(redis_url, **options)) as statuses:
            assert statuses("e1") == expected
            assert statuses("e2") is None


@pytest.mark.live
def test_a_redis_key_of_another_type_or_encoding_is_one_bad_record(redis_url: str, client: redis.Redis) -> None:
    client.lpush("status:list", "cancelled")
    client.set("status:bytes", b"\xff\xfe")
    client.set("status:e1", "cancelled")
    with closing(lookup(redis_url)) as statuses:
        with pytest.raises(UnreadableError, match="status:list holds another type"):
            statuses("list")
        with pytest.raises(UnreadableError, match="not UTF-8"):
            statuses("bytes")
        assert statuses("e1") == "cancelled"
    with closing(lookup(redis_url, field="x")) as statuses, pytest.raises(UnreadableError, match="another type"):
        statuses("e1")


@pytest.mark.live
def test_redis_that_permits_nothing_or_has_no_such_user_is_a_sentence(redis_url: str, client: redis.Redis) -> None:
    client.acl_setuser("blind", enabled=True, passwords=["+hunter2"], commands=["+ping", "+get"], keys=["other:*"])
    where = redis_url.removeprefix("redis://")
    with (
        closing(lookup(f"redis://blind:hunter2@{where}")) as statuses,
        pytest.raises(LiveError, match=r"refuses to read the key status:e1: .*no permissions? ") as refused,
    ):
        statuses("e1")
    assert "hunter2" not in str(refused.value)
    with (
        closing(lookup(f"redis://nobody:hunter2@{where}")) as statuses,
        pytest.raises(LiveError, match="does not accept the user and password") as refused,
    ):
        statuses("e1")
    assert "hunter2" not in str(refused.value)
    client.acl_deluser("blind")


@pytest.mark.live
def test_a_read_only_replica_is_read_and_one_without_its_master_is_a_sentence(redis_url: str) -> None:
    with embedded_redis() as url, redis.Redis.from_url(url) as client, closing(lookup(url)) as statuses:
        client.set("status:e1", "cancelled")
        client.replicaof("127.0.0.1", str(free_port()))
        assert statuses("e1") == "cancelled"
        client.config_set("replica-serve-stale-data", "no")
        with pytest.raises(LiveError, match=r"^Redis at 127\.0\.0\.1:\d+ refuses to read .*MASTER|Link with MASTER"):
            statuses("e1")


@pytest.mark.live
def test_redis_that_goes_away_is_a_sentence_and_is_asked_again_when_it_is_back(redis_url: str) -> None:
    with embedded_redis() as url:
        statuses = lookup(url)
        assert statuses("e1") is None
    with pytest.raises(LiveError, match=r"^Redis at 127\.0\.0\.1:\d+ does not answer; check --status\.$"):
        statuses("e1")
    statuses.close()


def test_redis_that_accepts_and_says_nothing_is_not_waited_for_for_ever() -> None:
    with silent_server() as port, closing(lookup(f"redis://127.0.0.1:{port}", timeout_s=0.2)) as statuses:
        began = time.monotonic()
        with pytest.raises(LiveError, match="did not answer in time"):
            statuses("e1")
        assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"-CLUSTERDOWN The cluster is down\r\n", "The cluster is down"),
        (b"-MOVED 3999 127.0.0.1:6381\r\n", "is a node of a Redis Cluster"),
        (b"-LOADING Redis is loading the dataset in memory\r\n", "is still loading"),
        (b"-NOAUTH Authentication required.\r\n", "does not accept the user and password"),
        (b"-MASTERDOWN Link with MASTER is down\r\n", "MASTER"),
        (b"-ERR unknown command\r\n", "unknown command"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not answer"),
    ],
)
def test_whatever_redis_answers_is_a_sentence(answer: bytes, said: str) -> None:
    with (
        silent_server(answer) as port,
        closing(lookup(f"redis://127.0.0.1:{port}", timeout_s=0.5)) as statuses,
        pytest.raises(LiveError, match=said) as raised,
    ):
        statuses("e1")
    assert str(raised.value).endswith(".")
    assert "\n" not in str(raised.value)


@contextmanager
def silent_server(answer: bytes = b"") -> Iterator[int]:
    """Accept connections, and give every request the same answer, or none."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                while self.request.recv(4096):
                    if answer:
                        self.request.sendall(answer)

    with served(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)) as port:
        yield port


@contextmanager
def served(server: socketserver.TCPServer) -> Iterator[int]:
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield int(server.server_address[1])
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    "url",
    [
        "redis://host:port",
        "redis://:pa/hunter2@host/0",
        "redis://[::1/0",
        "redis://host:99999/0",
        "redis://host/many",
        "redis://host/0?colour=red",
        "redis://host/0?socket_timeout=soon",
    ],
)
def test_nonsense_for_redis_is_one_sentence_without_the_password(url: str) -> None:
    with pytest.raises(UsageError, match=r"^--status is ") as raised:
        lookup(url)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://host/db", "http:", "/var/lib/x", "postgresql:// ' x"])
def test_nonsense_is_one_sentence(url: str) -> None:
    with pytest.raises(UsageError, match=r"^(--status|A PostgreSQL)[^\n]*\.$"):
        lookup(url)


@settings(deadline=None, derandomize=True)
@given(st.text(max_size=30), st.sampled_from(["", "redis://", "http://", "https://{id}", "sqlite:"]))
def test_any_text_is_a_lookup_or_a_usage_error(text: str, scheme: str) -> None:
    with suppress(UsageError):
        lookup(scheme + text).close()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"url": "redis://h", "command": "cat {id}"},
        {"url": "redis://h", "key": "status"},
        {"url": "redis://h", "query": "SELECT {id}"},
        {"url": "sqlite:x", "query": "SELECT 1"},
        {"url": "sqlite:x", "key": "x{id}"},
        {"url": "https://h/evaluations"},
        {"url": "https://h/{id}#status"},
        {"url": "https://h/{id}", "headers": ("nonsense",)},
        {"command": "cat"},
        {"command": "cat '{id}"},
        {"command": "no-such-command {id}"},
    ],
)
def test_what_cannot_be_meant_is_one_sentence(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"^[^\n]+\.$"):
        lookup(**options)


@pytest.fixture
def database(tmp_path: Path) -> str:
    path = tmp_path / "evaluations.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE evaluations (id TEXT, status TEXT)")
        connection.execute("INSERT INTO evaluations VALUES ('e1', 'cancelled'), ('twice', 'a'), ('twice', 'b')")
        connection.execute("INSERT INTO evaluations VALUES ('null', NULL), ('bytes', CAST(x'ff' AS TEXT))")
        connection.commit()
    return f"sqlite:{path}"


@pytest.mark.parametrize("place", ["{id}", "'{id}'", "{evaluation}", "?", "%s"])
def test_sqlite_is_asked_with_a_parameter(database: str, place: str) -> None:
    with closing(lookup(database, query=f"SELECT status FROM evaluations WHERE id = {place}")) as statuses:
        assert statuses("e1") == "cancelled"
        assert statuses("e2") is None
        assert statuses("null") is None
        assert statuses("x' OR '1'='1") is None
        with pytest.raises(UnreadableError, match="more than one row"):
            statuses("twice")
        with pytest.raises(UnreadableError, match="not UTF-8"):
            statuses("bytes")
        assert statuses("e1") == "cancelled"


def test_sqlite_cannot_be_written_and_is_not_made(database: str, tmp_path: Path) -> None:
    with (
        closing(lookup(database, query="DELETE FROM evaluations WHERE id = {id}")) as statuses,
        pytest.raises(LiveError, match="readonly"),
    ):
        statuses("e1")
    with (
        closing(lookup(f"sqlite://{tmp_path}/none.db")) as statuses,
        pytest.raises(LiveError, match=r"none\.db cannot be asked: unable to open database file\.$"),
    ):
        statuses("e1")
    assert not (tmp_path / "none.db").exists()


@pytest.mark.live
@pytest.mark.parametrize("place", ["{id}", "'{id}'", "%s"])
def test_postgresql_is_asked_with_a_parameter_and_cannot_be_written(postgres_url: str, place: str) -> None:
    query = f"SELECT 'cancelled' WHERE {place} = 'e1'"
    with closing(lookup(postgres_url, query=query)) as statuses:
        assert statuses("e1") == "cancelled"
        assert statuses("e2") is None
    with (
        closing(lookup(postgres_url, query="CREATE TABLE written AS SELECT {id} AS x")) as statuses,
        pytest.raises(LiveError, match="refuses the query of --status-query: cannot execute CREATE TABLE"),
    ):
        statuses("e1")


@pytest.mark.live
def test_postgresql_tells_one_bad_record_from_a_query_that_is_wrong(postgres_url: str) -> None:
    with closing(lookup(postgres_url, query="SELECT 'failed' WHERE CAST({id} AS uuid) IS NOT NULL")) as statuses:
        with pytest.raises(UnreadableError, match="invalid input syntax for type uuid"):
            statuses("e1")
        assert statuses("11111111-1111-1111-1111-111111111111") == "failed"
    with (
        closing(lookup(postgres_url, query="SELECT 'a' FROM generate_series(1, 2) WHERE {id} <> ''")) as statuses,
        pytest.raises(UnreadableError, match="more than one row"),
    ):
        statuses("e1")
    slow = "SELECT CASE WHEN {id} = 'slow' THEN pg_sleep(9)::text ELSE 'failed' END"
    with closing(lookup(postgres_url, query=slow, timeout_s=0.3)) as statuses:
        with pytest.raises(UnreadableError, match="took too long"):
            statuses("slow")
        assert statuses("e1") == "failed"
    with (
        closing(lookup(postgres_url, query="SELECT status FROM nowhere WHERE id = {id}")) as statuses,
        pytest.raises(LiveError, match='relation "nowhere" does not exist'),
    ):
        statuses("e1")


@pytest.mark.live
def test_postgresql_is_connected_to_again_after_a_connection_was_lost(postgres_url: str) -> None:
    import psycopg

    named = f"{postgres_url}{'&' if '?' in postgres_url else '?'}application_name=lost"
    with closing(lookup(named, query="SELECT 'failed' WHERE {id} <> ''")) as statuses:
        assert statuses("e1") == "failed"
        with psycopg.connect(postgres_url, autocommit=True) as other:
            its_own = "FROM pg_stat_activity WHERE application_name = 'lost'"
            assert other.execute(f"SELECT pg_terminate_backend(pid) {its_own}").fetchall() == [(True,)]
        with pytest.raises(LiveError, match="does not answer any more"):
            statuses("e1")
        assert statuses("e1") == "failed"


def test_a_database_that_does_not_answer_is_a_sentence_without_the_password() -> None:
    with (
        closing(lookup("postgresql://user:hunter2@127.0.0.1:1/db")) as statuses,
        pytest.raises(LiveError, match=r"^PostgreSQL at 127\.0\.0\.1:1 does not answer") as raised,
    ):
        statuses("e1")
    assert "hunter2" not in str(raised.value)


@contextmanager
def http_server(answer: Callable[[str, Any], tuple[int, dict[str, str], bytes]]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = answer(unquote(urlsplit(self.path).path), self.headers)
            self.send_response(status)
            for name, content in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, content)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with served(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield f"http://127.0.0.1:{port}"


BODIES = {
    "e1": (200, b"cancelled\n"),
    "empty": (200, b""),
    "json": (200, b'{"evaluation": {"a/b": [{"state": "failed"}], "n": 7}}'),
    "broken": (200, b'{"evaluation": '),
    "gone": (410, b""),
    "forbidden": (403, b""),
    "elsewhere": (302, b""),
    "strange": (418, b""),
    "sick": (500, b""),
    "late": (408, b""),
    "squeezed": (200, gzip.compress(b"")[:12]),
}


@pytest.mark.live
def test_every_lookup_can_be_asked_again_after_it_has_hung_up(redis_url: str, database: str) -> None:
    with http_server(lambda path, headers: (404, {}, b"")) as url:
        for options in ({"url": redis_url}, {"url": database}, {"url": f"{url}/{{id}}"}, {"command": "true {id}"}):
            statuses = lookup(**options)
            for _ in range(3):
                assert statuses("nobody") is None
                statuses.close()


@pytest.mark.parametrize(
    ("evaluation", "pointer", "expected"),
    [
        ("e1", "", "cancelled"),
        ("empty", "", None),
        ("nobody", "", None),
        ("gone", "", None),
        ("json", "#/evaluation/a~1b/0/state", "failed"),
        ("json", "#/evaluation/none/0", None),
        ("json", "#/evaluation/n", UnreadableError("its status 7 is not text")),
        ("broken", "#/evaluation", UnreadableError("the answer is not JSON")),
        ("strange", "", UnreadableError("answers 418")),
        ("sick", "", UnreadableError("answers 500", is_failure=True)),
        ("late", "", UnreadableError("answers 408", is_failure=True)),
        ("squeezed", "", UnreadableError("cannot be decompressed", is_failure=True)),
        ("forbidden", "", LiveError("refuses to tell of evaluations: 403")),
        ("elsewhere", "", LiveError("redirects elsewhere")),
    ],
)
def test_http_answers(evaluation: str, pointer: str, expected: object) -> None:
    def answer(path: str, headers: Any) -> tuple[int, dict[str, str], bytes]:
        assert headers["Authorization"] == "Bearer t"
        status, body = BODIES.get(path.removeprefix("/v1/"), (404, b"no such evaluation"))
        told = {"Location": "/"} if status == 302 else {"Content-Encoding": "gzip"} if path.endswith("squeezed") else {}
        return status, told, body

    headers = ("Authorization: Bearer t",)
    with http_server(answer) as url, closing(lookup(f"{url}/v1/{{id}}{pointer}", headers=headers)) as statuses:
        if isinstance(expected, Exception):
            with pytest.raises(type(expected), match=str(expected)) as raised:
                statuses(evaluation)
            assert getattr(raised.value, "is_failure", None) == getattr(expected, "is_failure", None)
        else:
            assert statuses(evaluation) == expected


@pytest.mark.parametrize("header", ["Authorization: Bearer s\u00e9cret", "Authorization: a\r\nHost: b", "X\u00e9: y"])
def test_a_header_that_http_cannot_carry_is_a_sentence_without_its_secret(header: str) -> None:
    with pytest.raises(UsageError, match="characters that HTTP does not allow") as raised:
        lookup("http://h/{id}", headers=(header,))
    assert "cret" not in str(raised.value)


def test_a_wait_that_is_no_number_is_an_ordinary_one(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(Patience, "wait", lambda self, wait_s: waits.append(wait_s))
    for told in ("nan", "-nan", "inf", "-5", None, "soon"):
        Patience().wait_as_told(told, "it")
    assert waits == [1.0, 1.0, 30.0, 0.05, 1.0, 1.0]


def test_http_waits_as_it_is_told_and_asks_again() -> None:
    asked = []

    def answer(path: str, headers: Any) -> tuple[int, dict[str, str], bytes]:
        asked.append(time.monotonic())
        return (429, {"Retry-After": "0.3"}, b"") if len(asked) < 3 else (200, {}, b"failed")

    with http_server(answer) as url, closing(lookup(url + "/{id}")) as statuses:
        assert statuses("e1") == "failed"
    assert asked[2] - asked[0] >= 0.6


def test_http_that_does_not_answer_is_a_failure() -> None:
    with (
        silent_server() as port,
        closing(lookup(f"http://127.0.0.1:{port}/{{id}}", timeout_s=0.2)) as statuses,
        pytest.raises(UnreadableError, match="did not answer within"),
    ):
        statuses("e1")
    with (
        closing(lookup(f"http://127.0.0.1:{free_port()}/{{id}}")) as statuses,
        pytest.raises(LiveError, match=r"^127\.0\.0\.1:\d+ does not answer; check --status\.$"),
    ):
        statuses("e1")


@contextmanager
def dripping_server() -> Iterator[int]:
    """Answer with a long body, a byte at a time: each read is in time."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(1000)
            with suppress(OSError):
                self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n")
                for _ in range(100):
                    self.request.sendall(b"x")
                    time.sleep(0.05)

    with served(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)) as port:
        yield port


def test_a_server_that_drips_is_not_waited_for_beyond_the_time_of_one_status() -> None:
    began = time.monotonic()
    with (
        dripping_server() as port,
        closing(lookup(f"http://127.0.0.1:{port}/{{id}}", timeout_s=0.3)) as statuses,
        pytest.raises(UnreadableError, match=r"did not answer within 0\.3 s"),
    ):
        statuses("e1")
    assert time.monotonic() - began < 3


def test_a_query_of_sqlite_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    database = tmp_path / "statuses.db"
    sqlite3.connect(database).close()
    endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT max(x) FROM c WHERE x <> {id}"
    with closing(lookup(url=f"sqlite:{database}", query=endless, timeout_s=0.3)) as statuses:
        for _ in range(2):
            with pytest.raises(UnreadableError, match=r"took more than 0\.3 s"):
                statuses("e1")


def test_a_command_prints_the_status() -> None:
    with closing(lookup(command="printf ' %s-done\\n' {id}")) as statuses:
        assert statuses("e1") == "e1-done"
        assert statuses("$(id); x") == "$(id); x-done"  # no shell is involved
    with closing(lookup(command="true {id}")) as statuses:
        assert statuses("e1") is None
    for command, said in (
        (f"{sys.executable} -c 'import sys; sys.exit(\"{{id}} is unknown\")'", r"ended with 1 \('e1 is unknown'\)"),
        ("printf '\\377' {id}", "not UTF-8"),
    ):
        with closing(lookup(command=command)) as statuses, pytest.raises(UnreadableError, match=said):
            statuses("e1")


def test_a_command_that_takes_too_long_is_ended_with_all_that_it_has_started(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    with (
        closing(lookup(command=f"sh -c 'sleep 60 & echo $! > {pid}; wait' {{id}}", timeout_s=0.5)) as statuses,
        pytest.raises(UnreadableError, match=r"took more than 0\.5 s"),
    ):
        statuses("e1")
    deadline = time.monotonic() + 10
    while is_running(int(pid.read_text())):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("elsewhere", ["", ">/dev/null 2>&1"], ids=["holds the pipe", "does not"])
def test_what_a_command_leaves_running_ends_with_it_and_what_it_printed_counts(tmp_path: Path, elsewhere: str) -> None:
    pid = tmp_path / "pid"
    command = f"sh -c 'sleep 60 {elsewhere} & echo $! > {pid}; echo cancelled' {{id}}"
    began = time.monotonic()
    with closing(lookup(command=command, timeout_s=5)) as statuses:
        assert statuses("e1") == "cancelled"
    assert time.monotonic() - began < 4
    deadline = time.monotonic() + 4
    while is_running(int(pid.read_text())):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_command_that_closes_its_pipes_and_goes_on_is_ended_in_time() -> None:
    with (
        closing(lookup(command="sh -c 'exec >&- 2>&-; sleep 60' {id}", timeout_s=0.3)) as statuses,
        pytest.raises(UnreadableError, match="took more than"),
    ):
        statuses("e1")


def test_a_command_that_prints_without_end_is_ended_at_a_megabyte() -> None:
    with (
        closing(lookup(command="sh -c 'cat /dev/zero' {id}", timeout_s=30)) as statuses,
        pytest.raises(UnreadableError, match="more than a megabyte"),
    ):
        statuses("e1")


def is_running(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False
