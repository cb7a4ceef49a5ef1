"""`deadheat cleanup` as its operator meets it: exit codes, what is printed, and a record that is complete."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis

from deadheat.live.cluster import connect
from deadheat.live.place import Place, Where, open_place
from deadheat.live.servers.control_plane import embedded_control_plane, missing_assets
from deadheat.live.servers.processes import free_port
from deadheat.live.servers.redis_server import embedded_redis, redis_binary
from tests.following import rest_of
from tests.live.cleanup_ground import command_line, finish, make_jobs, names, run_cleanup
from tests.live.fake_api import FakeApi, failure, fake_api

STATUSES = {"e1": "cancelled", "e2": "provisioning", "e3": "completed", "e4": "running", "e6": "failed"}
NOW = ("--min-age", "0")


@pytest.fixture
def namespace(place: Place) -> Iterator[str]:
    with place.namespace() as name:
        yield name


@pytest.fixture
def servers(place: Place, namespace: str, redis_url: str, kubeconfig: Path) -> list[str]:
    for evaluation, status in STATUSES.items():
        place.redis.set(f"{place.prefix}{evaluation}", status)
    key = f"--status-key={place.prefix}{{evaluation}}"
    return ["--namespace", namespace, "--status", redis_url, key, "--kubeconfig", str(kubeconfig)]


def with_jobs(place: Place, namespace: str) -> set[str]:
    make_jobs(place.cluster, namespace, [(f"evaluation-e{number}", f"e{number}") for number in range(1, 6)])
    make_jobs(place.cluster, namespace, [("backup", None)])
    return names(place.cluster, namespace)


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def jobs_of(text: str, *kinds: str) -> set[str]:
    return {each["job"] for each in events(text) if each["event"] in kinds}


@pytest.mark.live
def test_one_sweep_says_what_it_saw_and_fails_over_the_threshold(
    place: Place, namespace: str, servers: list[str]
) -> None:
    before = with_jobs(place, namespace)
    done = run_cleanup(*servers, *NOW)
    assert (done.returncode, done.stderr) == (0, "")
    assert "for cancelled evaluation e1: would be deleted\n" in done.stdout
    assert done.stdout.endswith(
        "Statuses: 3 known, 1 unknown ('running' 1), 1 missing, 0 unreadable.\n"
        "Jobs left alone: 1 without the label eval-id, 0 finished, 0 too young, 0 in deletion, 0 the record of a "
        "completed evaluation, 0 not understood.\n"
        "2 orphans among 5 Jobs, 0 deleted.\n"
    )
    assert names(place.cluster, namespace) == before
    young = run_cleanup(*servers, "--delete")
    assert young.stdout.endswith("0 orphans among 5 Jobs, 0 deleted.\n")
    assert young.returncode == 0
    done = run_cleanup(*servers, *NOW, "--delete", "--alert-threshold", "1")
    assert done.returncode == 1
    assert done.stdout.endswith("2 orphans among 5 Jobs, 2 deleted.\n")


@pytest.mark.live
def test_json_has_a_line_for_everything_that_happens(place: Place, namespace: str, servers: list[str]) -> None:
    with_jobs(place, namespace)
    place.redis.delete(f"{place.prefix}e2")
    place.redis.lpush(f"{place.prefix}e2", "x")
    finish(place.cluster, namespace, "evaluation-e3")
    done = run_cleanup(*servers, *NOW, "--delete", "--json", "--include-finished", "--active-status", "running")
    told = events(done.stdout)
    assert [each["event"] for each in told] == ["deleting", "deleted", "skipped", "sweep"]
    deleted, skipped, sweep = told[1:]
    assert {deleted[key] for key in ("job", "evaluation", "status", "namespace")} == {
        "evaluation-e1",
        "e1",
        "cancelled",
        namespace,
    }
    assert deleted["uid"] == told[0]["uid"]
    assert skipped["evaluation"] == "e2"
    assert "holds another type" in skipped["why"]
    assert sweep["jobs"] == {
        "looked_at": 5,
        "unlabelled": 1,
        "bad": 0,
        "in_deletion": 0,
        "young": 0,
        "finished": 0,
        "spared": 1,
    }
    assert sweep["statuses"] == {"known": 3, "unknown": 0, "missing": 1, "unreadable": 1}
    assert sweep["healthy"]
    assert done.returncode == 0


@pytest.mark.live
def test_a_sweep_that_is_not_healthy_ends_with_3(place: Place, namespace: str, servers: list[str]) -> None:
    done = run_cleanup(*servers)
    assert done.returncode == 3
    assert done.stderr == (
        "deadheat: This sweep is not healthy: it saw no Job with the label (is the namespace right, and --label?).\n"
    )
    make_jobs(place.cluster, namespace, [("j1", "e1"), ("j2", "e3"), ("j3", "nobody")])
    done = run_cleanup(*servers, *NOW, "--terminal-status", "aborted", "--json")
    assert done.returncode == 0  # the words of the models are known, and end nothing here
    done = run_cleanup(*servers, "--status-key", "nowhere:{id}", *NOW)
    assert done.returncode == 3
    assert "it saw no status that it knows" in done.stderr
    done = run_cleanup(*servers, *NOW, "--delete", "--max-deletions", "1", "--alert-threshold", "0")
    assert done.returncode == 3
    assert done.stdout.endswith("2 orphans among 3 Jobs, 1 deleted.\n")
    assert "--max-deletions was reached" in done.stderr
    assert len(names(place.cluster, namespace)) == 2


@pytest.mark.live
@pytest.mark.parametrize("kind", ["hash", "sqlite", "http", "command"])
def test_every_kind_of_store_decides_the_same(
    place: Place, namespace: str, servers: list[str], tmp_path: Path, kind: str
) -> None:
    from tests.live.test_lookups import http_server

    before = with_jobs(place, namespace)
    where = [*servers[:2], *servers[-2:]]
    with ExitStack() as stack:
        if kind == "hash":
            for evaluation, status in STATUSES.items():
                place.redis.hset(f"{place.prefix}all", evaluation, status)
            store = [*servers[2:4], "--status-key", f"{place.prefix}all", "--status-field", "{id}"]
        elif kind == "sqlite":
            import sqlite3

            with closing(sqlite3.connect(tmp_path / "s.db")) as database:
                database.execute("CREATE TABLE runs (run TEXT, state TEXT)")
                database.executemany("INSERT INTO runs VALUES (?, ?)", STATUSES.items())
                database.commit()
            store = [f"--status=sqlite:{tmp_path}/s.db", "--status-query=SELECT state FROM runs WHERE run = {id}"]
        elif kind == "http":

            def answer(path: str, headers: Any) -> tuple[int, dict[str, str], bytes]:
                status = STATUSES.get(path.removeprefix("/"))
                return (200, {}, json.dumps({"status": status}).encode()) if status else (404, {}, b"")

            store = ["--status", stack.enter_context(http_server(answer)) + "/{id}#/status"]
        else:
            for evaluation, status in STATUSES.items():
                (tmp_path / evaluation).write_text(status)
            (tmp_path / "e5").write_text("")
            store = ["--status-command", f"cat {tmp_path}/{{id}}"]
        done = run_cleanup(*where, *store, *NOW, "--delete")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Statuses: 3 known, 1 unknown ('running' 1), 1 missing, 0 unreadable." in done.stdout
    assert names(place.cluster, namespace) == before - {"evaluation-e1", "evaluation-e3"}


@pytest.mark.live
def test_the_command_goes_on_until_it_is_told_to_stop(place: Place, namespace: str, servers: list[str]) -> None:
    port = free_port()
    options = ["--delete", "--every", "2s", "--watch", "--metrics-port", str(port), *NOW]
    running = subprocess.Popen(
        command_line(*servers, *options), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert running.stdout is not None
        first = [running.stdout.readline() for _ in range(3)]
        assert first[-1] == "0 orphans among 0 Jobs, 0 deleted.\n"
        make_jobs(place.cluster, namespace, [("evaluation-e1", "e1")])
        deadline = time.monotonic() + 30
        while names(place.cluster, namespace) and time.monotonic() < deadline:
            time.sleep(0.1)
        metrics = scraped(port)
        assert "deadheat_orphan_jobs_deleted_total 1.0" in metrics
        assert "deadheat_cleanup_healthy " in metrics
        running.send_signal(signal.SIGTERM)
        output, complaints = rest_of(running, 30)
    finally:
        running.kill()
        running.wait()
    assert running.returncode == 0
    assert "Found orphaned job evaluation-e1" in output
    assert "it saw no Job with the label" in complaints


def scraped(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        text: str = answer.read().decode()
    return text


@pytest.mark.live
def test_with_every_it_goes_on_while_a_server_is_away_and_says_so(
    place: Place, namespace: str, servers: list[str]
) -> None:
    make_jobs(place.cluster, namespace, [("evaluation-e1", "e1")])
    port, metrics = free_port(), free_port()
    options = ["--status", f"redis://127.0.0.1:{port}/0", "--delete", "--every", "5s", *NOW]
    running = subprocess.Popen(
        command_line(*servers, *options, "--json", "--metrics-port", str(metrics)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert running.stdout is not None
        first = json.loads(running.stdout.readline())
        assert (first["event"], first["healthy"]) == ("sweep", False)
        assert first["error"] == f"Redis at 127.0.0.1:{port} does not answer; check --status."
        assert "deadheat_cleanup_healthy 0.0" in scraped(metrics)
        with ExitStack() as stack:
            server = subprocess.Popen(
                [str(redis_binary()), "--port", str(port), "--save", "", "--bind", "127.0.0.1"],
                stdout=subprocess.DEVNULL,
            )
            stack.callback(server.wait)
            stack.callback(server.terminate)
            set_when_up(port, f"{place.prefix}e1", "cancelled")
            deadline = time.monotonic() + 30
            while names(place.cluster, namespace) and time.monotonic() < deadline:
                time.sleep(0.1)
            assert not names(place.cluster, namespace)
            running.send_signal(signal.SIGINT)
            output, complaints = rest_of(running, 30)
    finally:
        running.kill()
        running.wait()
    assert running.returncode == 130
    assert jobs_of(output, "deleted") == {"evaluation-e1"}
    assert "The next sweep is in 1 s." in complaints


def set_when_up(port: int, key: str, value: str) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            with redis.Redis("127.0.0.1", port) as client:
                client.set(key, value)
        except redis.ConnectionError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return


def started(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command_line(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
    )


def cut_short(running: subprocess.Popen[str], after: int, cut: Callable[[], None]) -> tuple[str, str]:
    """Do `cut` once so many lines were printed; return all that is printed."""
    assert running.stdout is not None
    lines = [running.stdout.readline() for _ in range(after)]
    cutting = threading.Thread(target=cut)
    cutting.start()
    try:
        rest, complaints = rest_of(running, 120)
    finally:
        running.kill()
        cutting.join()
    return "".join(lines) + rest, complaints


def many_jobs(place: Place, namespace: str, count: int) -> set[str]:
    make_jobs(place.cluster, namespace, [(f"j{number:05}", "e1") for number in range(count)])
    return names(place.cluster, namespace)


def require_complete(all_jobs: set[str], left: set[str], output: str) -> None:
    """Every deletion that really happened is in the record, and nothing is called deleted that is still there."""
    really = all_jobs - left
    assert jobs_of(output, "deleted") <= really
    untold = really - jobs_of(output, "deleted", "unknown")
    assert not untold, [each for each in events(output) if each.get("job") in untold]
    assert 0 < len(really) < len(all_jobs), "it was not cut in the middle"
    begun, ended = jobs_of(output, "deleting"), jobs_of(output, "deleted", "unknown", "failed", "gone-meanwhile")
    assert begun == ended
    assert events(output)[-1]["event"] == "sweep"
    assert not events(output)[-1]["healthy"]
    assert events(output)[-1]["deleted"] == len(jobs_of(output, "deleted"))


def sweep_with_redis_killed(place: Place, namespace: str, kubeconfig: Path, count: int) -> None:
    with ExitStack() as stack:
        url = stack.enter_context(embedded_redis())
        with redis.Redis.from_url(url) as client:
            client.set("status:e1", "cancelled")
        before = many_jobs(place, namespace, count)
        running = started(
            *("--namespace", namespace, "--status", url, "--kubeconfig", str(kubeconfig)), *NOW, "--delete", "--json"
        )
        output, complaints = cut_short(running, count // 10, stack.close)
    require_complete(before, names(place.cluster, namespace), output)
    assert running.returncode == 5
    assert "does not answer; check --status." in complaints
    assert "Traceback" not in complaints


@pytest.mark.live
def test_the_record_is_complete_when_redis_is_killed_in_mid_sweep(
    place: Place, namespace: str, kubeconfig: Path
) -> None:
    sweep_with_redis_killed(place, namespace, kubeconfig, 300)


@pytest.mark.live
@pytest.mark.slow
def test_the_record_of_2000_jobs_is_complete_when_redis_is_killed_in_mid_sweep(
    place: Place, namespace: str, kubeconfig: Path
) -> None:
    sweep_with_redis_killed(place, namespace, kubeconfig, 2000)


def sweep_with_the_api_server_killed(redis_url: str, count: int) -> None:
    missing = missing_assets()
    if missing is not None:
        pytest.skip(f"no Kubernetes: {missing}")
    with (
        embedded_control_plane() as kubeconfig,
        ExitStack() as restarted,
        open_place(Where(redis_url=redis_url, kubeconfig=kubeconfig)) as place,
        place.namespace() as namespace,
        redis.Redis.from_url(redis_url) as client,
    ):
        client.set("killed:e1", "cancelled")
        before = many_jobs(place, namespace, count)
        port = json.loads(kubeconfig.read_text())["clusters"][0]["cluster"]["server"].rsplit(":", 1)[1]
        [server] = [
            each
            for each in psutil.Process().children(recursive=True)
            if each.status() != psutil.STATUS_ZOMBIE
            and f"--secure-port={port}" in each.cmdline()
            and "kube-apiserver" in each.name()
        ]
        command = server.cmdline()
        where = ("--namespace", namespace, "--status", redis_url, "--status-key", "killed:{id}")
        running = started(*where, "--kubeconfig", str(kubeconfig), *NOW, "--delete", "--json")
        output, complaints = cut_short(running, count // 10, server.kill)
        again = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        restarted.callback(again.wait)
        restarted.callback(again.kill)  # asked to end, it would wait a minute for those who watch
        left = names_when_up(kubeconfig, namespace)
        require_complete(before, left, output)
        assert running.returncode == 5
        assert "The cluster of context 'deadheat-embedded' does not answer" in complaints
        assert "Traceback" not in complaints
        # The next sweep does the rest.
        done = run_cleanup(*where, "--kubeconfig", str(kubeconfig), *NOW, "--delete", "--json", timeout_s=120)
        assert done.returncode == 0
        assert jobs_of(done.stdout, "deleted") == left
        client.delete("killed:e1")


def names_when_up(kubeconfig: Path, namespace: str) -> set[str]:
    from deadheat.sim.errors import LiveError

    deadline = time.monotonic() + 60
    while True:
        try:
            with closing(connect(kubeconfig, None)) as cluster:
                cluster.list_jobs(namespace, "eval-id")
                return names(cluster, namespace)
        except LiveError:
            assert time.monotonic() < deadline
            time.sleep(0.2)


@pytest.mark.live
def test_the_record_is_complete_when_the_api_server_is_killed_in_mid_sweep(redis_url: str) -> None:
    sweep_with_the_api_server_killed(redis_url, 300)


@pytest.mark.live
@pytest.mark.slow
def test_the_record_of_2000_jobs_is_complete_when_the_api_server_is_killed_in_mid_sweep(redis_url: str) -> None:
    sweep_with_the_api_server_killed(redis_url, 2000)


@pytest.mark.live
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_record_is_complete_when_the_cleanup_itself_is_told_to_stop(
    place: Place, namespace: str, servers: list[str], how: signal.Signals
) -> None:
    before = many_jobs(place, namespace, 200)
    running = started(*servers, *NOW, "--delete", "--json")
    output, complaints = cut_short(running, 40, lambda: running.send_signal(how))
    left = names(place.cluster, namespace)
    if how != signal.SIGKILL:
        require_complete(before, left, output)
        assert running.returncode == 130
        assert "Traceback" not in complaints
        assert events(output)[-1]["interrupted"]
        return
    # It cannot say what came of the last one, but that it was about to ask for it.
    assert before - left <= jobs_of(output, "deleting")
    assert len(jobs_of(output, "deleting") - jobs_of(output, "deleted")) <= 1


def test_a_second_ctrl_c_does_not_wait_and_says_that_the_answer_is_unknown(tmp_path: Path) -> None:
    api, asked, answered = FakeApi(3), threading.Event(), threading.Event()

    def on_delete(name: str) -> None:
        asked.set()
        answered.wait(30)

    api.on_delete = on_delete
    with fake_api(api, tmp_path) as kubeconfig:
        command = "sh -c 'echo cancelled' {id}"
        running = started(
            *("--namespace", "n", "--status-command", command, "--kubeconfig", str(kubeconfig), "--delete", "--json")
        )
        assert asked.wait(60)
        running.send_signal(signal.SIGINT)
        time.sleep(0.5)
        assert running.poll() is None  # the first one waits for the answer
        running.send_signal(signal.SIGINT)
        output, complaints = running.communicate(timeout=20)
        answered.set()
    assert running.returncode == 130
    assert [(each["event"], each["job"]) for each in events(output)] == [("deleting", "j000"), ("unknown", "j000")]
    assert "Traceback" not in complaints


def test_a_port_that_is_taken_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run_cleanup("--namespace", "n", "--status-command", "cat {id}", "--metrics-port", port)
    assert done.returncode == 2
    assert done.stderr == f"deadheat: The metrics cannot be served on 127.0.0.1:{port}: Address already in use.\n"


def test_what_cannot_be_recorded_is_not_deleted(tmp_path: Path) -> None:
    api = FakeApi(50)
    with fake_api(api, tmp_path) as kubeconfig:
        arguments = ["--namespace", "n", "--status-command", "echo cancelled {id}", "--kubeconfig", str(kubeconfig)]
        arguments += ["--terminal-status", "cancelled", "--delete"]
        arguments[3] = "sh -c 'echo cancelled' {id}"
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                command_line(*arguments), stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False
            )
        assert done.returncode == 5
        assert done.stderr.splitlines()[0] == (
            "deadheat: The record cannot be written to standard output (No space left on device), "
            "so nothing more is deleted."
        )
        assert "Traceback" not in done.stderr
        assert not api.deletes
        running = subprocess.Popen(
            command_line(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
        )
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        complaints = running.stderr.read()
        running.stderr.close()
        assert running.wait(30) == 5
        assert "Broken pipe" in complaints
        assert "Traceback" not in complaints
        assert len(api.deletes) < 50


@pytest.mark.parametrize(
    ("answer", "code"),
    [(None, 0), ((403, failure(403, "no"), {}), 5), ((500, failure(500, "sick"), {}), 5), ((409, {}, {}), 5)],
)
def test_exit_codes_of_a_server_that_refuses(tmp_path: Path, answer: Any, code: int) -> None:
    api = FakeApi(3)
    api.on_delete = lambda name: answer
    with fake_api(api, tmp_path) as kubeconfig:
        command = "sh -c 'echo cancelled' {id}"
        where = ["--namespace", "n", "--status-command", command, "--kubeconfig", str(kubeconfig)]
        done = run_cleanup(*where, "--delete", "--json")
        assert done.returncode == code
        assert len(api.deletes) == 3
        assert events(done.stdout)[-1]["orphans"] == 3


def test_a_store_that_fails_is_exit_code_5_whatever_else_was_read(tmp_path: Path) -> None:
    with fake_api(FakeApi(2), tmp_path) as kubeconfig:
        where = ["--namespace", "n", "--kubeconfig", str(kubeconfig)]
        done = run_cleanup(*where, "--status-command", "sh -c 'test $0 = e000 && echo cancelled' {id}")
    assert done.returncode == 5
    assert "Left alone: evaluation e001: the command ended with 1 ('')\n" in done.stdout
    assert done.stdout.endswith("1 orphan among 2 Jobs, 0 deleted.\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--every", "soon"],
        ["--every", "0s"],
        ["--min-age", "old"],
        ["--watch"],
        ["--namespace", "No Such"],
        ["--label", "!eval-id"],
        ["--kubeconfig", "/nowhere/kubeconfig"],
        ["--status-command", "cat {id}"],
        ["--status", "redis://host:port"],
        ["--status-query", "SELECT {id}"],
        ["--completed-status", "well"],
        ["--terminal-status", "running", "--active-status", "running"],
    ],
)
def test_what_makes_no_sense_is_one_sentence_and_exit_code_2(arguments: list[str]) -> None:
    done = run_cleanup("--namespace", "n", "--status", "redis://127.0.0.1:1/0", *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("deadheat: ")
    assert done.stderr.endswith(".\n")
    assert done.stderr.count("\n") == 1


def test_an_open_quote_in_the_command_is_one_sentence() -> None:
    done = run_cleanup("--namespace", "n", "--status-command", "cat '{id}")
    assert done.returncode == 2
    assert done.stderr == 'deadheat: --status-command "cat \'{id}" cannot be read: no closing quotation.\n'


def test_a_cluster_that_does_not_answer_or_is_none_is_one_sentence_and_exit_code_5(tmp_path: Path) -> None:
    with fake_api(FakeApi(), tmp_path) as kubeconfig:
        pass
    where = ["--namespace", "n", "--status-command", "cat {id}", "--kubeconfig", str(kubeconfig)]
    done = run_cleanup(*where, "--json")
    assert done.returncode == 5
    assert done.stderr.startswith("deadheat: The cluster of context 'kind-fake' does not answer at http://127.0.0.1:")
    assert not events(done.stdout)[-1]["healthy"]
    from tests.live.test_lookups import http_server

    with http_server(lambda path, headers: (200, {}, b"<html>hello</html>")) as url:
        config = json.loads(kubeconfig.read_text())
        config["clusters"][0]["cluster"]["server"] = url
        kubeconfig.write_text(json.dumps(config))
        done = run_cleanup(*where)
    assert done.returncode == 5
    assert "Traceback" not in done.stderr
    assert "does not answer as an API server does" in done.stderr


def test_ten_thousand_jobs_are_swept_in_bounded_memory(tmp_path: Path) -> None:
    """Each Job is 20 kB large, so that all of them would be 200 MB as text, and several times that when decoded."""
    api = FakeApi(10_000)
    for each in api.jobs.values():
        each["spec"] = {"ballast": "x" * 20_000}
    limit = 1_000_000_000
    with fake_api(api, tmp_path) as kubeconfig:
        running = subprocess.Popen(
            command_line(
                *("--namespace", "n", "--status", f"sqlite:{statuses_of(api, tmp_path)}"),
                *("--kubeconfig", str(kubeconfig), "--json"),
            ),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        peak = 0
        while running.poll() is None:
            peak = max(peak, psutil.Process(running.pid).memory_info().rss)
            time.sleep(0.02)
        assert running.stderr is not None
        assert (running.stderr.read(), running.returncode) == ("", 0)
        running.stderr.close()
    assert len(api.lists) == 101
    assert peak < limit / 5, peak


def statuses_of(api: FakeApi, folder: Path) -> Path:
    import sqlite3

    path = folder / "statuses.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE evaluations (id TEXT PRIMARY KEY, status TEXT)")
        rows = [(each["metadata"]["labels"]["eval-id"], "cancelled") for each in api.jobs.values()]
        database.executemany("INSERT INTO evaluations VALUES (?, ?)", rows)
        database.commit()
    return path


def test_a_record_that_lacks_a_deletion_or_claims_one_is_noticed() -> None:
    sweep = {"event": "sweep", "healthy": False, "deleted": 1}

    def lines(*told: tuple[str, str]) -> str:
        return "\n".join(json.dumps(each) for each in [*({"event": e, "job": j} for e, j in told), sweep])

    jobs = {"a", "b", "c"}
    whole = lines(("deleting", "a"), ("deleted", "a"), ("deleting", "b"), ("unknown", "b"))
    require_complete(jobs, {"b", "c"}, whole)
    require_complete(jobs, {"c"}, whole)
    for left, text in (
        ({"c"}, lines(("deleting", "a"), ("deleted", "a"))),
        (jobs - {"b"}, whole),
        ({"c"}, lines(("deleting", "a"), ("deleted", "a"), ("deleting", "b"))),
    ):
        with pytest.raises(AssertionError):
            require_complete(jobs, left, text)
