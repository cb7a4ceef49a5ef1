"""A sweep does no harm: it takes the leavings of dead runs, and nothing that lives, looks like them, or is a copy."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deadheat.live.adapters.redis import connect as connect_redis
from deadheat.live.cluster import Cluster, connect
from deadheat.live.leavings import namespaces, redis_run
from deadheat.live.leavings.heartbeat import Heartbeat, LeaseLostError
from deadheat.live.leavings.run_record import RunRecord, new_record
from deadheat.live.leavings.sweep import Choice, Fate, Found, sweep_cluster, sweep_folders, sweep_redis
from deadheat.live.place import Where, open_place
from deadheat.live.servers import folders
from deadheat.live.servers.control_plane import CONTEXT
from deadheat.live.servers.folders import server_folder
from deadheat.live.servers.redis_server import embedded_redis
from deadheat.sim.errors import LiveError
from tests.command import deadheat
from tests.following import rest_of

LEASE_S = 2.0
NAMESPACE_LABEL = "deadheat.dev/run"
DELETE = Choice(delete=True)


def eventually(condition: Callable[[], Any], patience_s: float = 60.0) -> Any:
    deadline = time.monotonic() + patience_s
    while not (value := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return value


def fates(found: Iterator[Found], name: str) -> list[Fate]:
    return [each.fate for each in found if name in each.what and each.fate is not Fate.BEGUN]


def namespace_names(cluster: Cluster) -> set[str]:
    listed = cluster.core.list_namespace().items
    return {str(each.metadata.name) for each in listed if each.metadata}


def dead_record(lease_s: float = 0.05) -> RunRecord:
    return replace(new_record(), lease_s=lease_s)


def leave_namespace(cluster: Cluster, record: RunRecord, name: str = "") -> str:
    name = name or f"deadheat-{record.run}-1"
    namespaces.create(cluster, record, name)
    held = {
        "metadata": {"name": "held", "labels": {"eval-id": "e1"}, "finalizers": ["deadheat.dev/hold"]},
        "spec": {
            "parallelism": 0,
            "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "e", "image": "busybox"}]}},
        },
    }
    cluster.create_job(name, held)
    owner = {"metadata": {"name": "owner", "finalizers": ["deadheat.dev/hold"]}}
    cluster.create_config_map(name, owner)
    return name


def leave_keys(client: Any, record: RunRecord) -> str:
    redis_run.begin(client, record)
    client.set(f"deadheat:{record.run}:key:a", "1")
    return record.run


@pytest.fixture
def cluster(kubeconfig: Path) -> Iterator[Cluster]:
    with closing(connect(kubeconfig, None)) as connected:
        yield connected


@pytest.fixture
def client(redis_url: str) -> Iterator[Any]:
    with closing(connect_redis(redis_url)) as connected:
        yield connected


RUN = """
import sys
from pathlib import Path
from deadheat.live.leavings import run_record
run_record.LEASE_S = {lease_s}
from deadheat.live.interruption import listen
from deadheat.live.place import Where, open_place
listen()
with open_place(Where(redis_url={url!r}, kubeconfig=Path({kubeconfig!r}))) as place, place.namespace() as namespace:
    place.redis.set(place.prefix + "key:a", "1")
    place.cluster.create_config_map(namespace, {{"metadata": {{"name": "a", "finalizers": ["deadheat.dev/hold"]}}}})
    print(place.run, namespace, flush=True)
    sys.stdin.readline()
    is_there = place.cluster.get_config_map(namespace, "a") is not None
    print("still there:", place.redis.get(place.prefix + "key:a"), is_there)
"""


@pytest.mark.live
def test_of_two_runs_at_once_the_killed_one_is_swept_and_the_other_is_unharmed(
    redis_url: str, kubeconfig: Path, cluster: Cluster, client: Any
) -> None:
    program = RUN.format(lease_s=LEASE_S, url=redis_url, kubeconfig=str(kubeconfig))
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    one, other = (subprocess.Popen([sys.executable, "-c", program], **pipes) for _ in range(2))
    try:
        assert one.stdout is not None
        assert other.stdout is not None
        (dead, dead_namespace), (living, living_namespace) = (
            one.stdout.readline().split(),
            other.stdout.readline().split(),
        )
        for choice in (Choice(), DELETE):
            lively = [*sweep_cluster(cluster, choice), *sweep_redis(client, redis_url, choice)]
            for run in (dead, living):
                assert fates(iter(lively), run) == [Fate.SPARED, Fate.SPARED], lively
        one.kill()
        one.wait()
        time.sleep(LEASE_S + 1.5)
        swept = [*sweep_cluster(cluster, DELETE), *sweep_redis(client, redis_url, DELETE)]
        assert fates(iter(swept), dead) == [Fate.REMOVED, Fate.REMOVED], swept
        assert fates(iter(swept), living) == [Fate.SPARED, Fate.SPARED], swept
        assert dead_namespace not in namespace_names(cluster)
        assert list(client.scan_iter(match=f"*{dead}*")) == []
        again = [*sweep_cluster(cluster, DELETE), *sweep_redis(client, redis_url, DELETE)]
        assert fates(iter(again), dead) == []
        rest, _ = rest_of(other, 60, "\n")
        assert rest == "still there: 1 True\n"
        assert other.returncode == 0
        eventually(lambda: living_namespace not in namespace_names(cluster))
        assert list(client.scan_iter(match=f"*{living}*")) == []
    finally:
        for each in (one, other):
            each.kill()
            each.communicate()


@pytest.mark.live
def test_namespaces_that_only_look_like_a_runs_are_spared(cluster: Cluster) -> None:
    dead = dead_record()
    name = leave_namespace(cluster, dead)
    found = namespaces.read(cluster, name)
    assert found is not None
    assert found.metadata is not None
    copied, label = dict(found.metadata.annotations or {}), {NAMESPACE_LABEL: dead.run}
    own = dead_record()
    look_alikes: dict[str, dict[str, Any]] = {
        "only-the-label": {"labels": {NAMESPACE_LABEL: "left"}},
        "the-label-of-a-dead-run": {"labels": label},
        "all-of-a-dead-run": {"labels": label, "annotations": copied},
        f"deadheat-{dead.run}-2": {"labels": label, "annotations": copied},
        "another-runs-mark": {
            "labels": {NAMESPACE_LABEL: own.run},
            "annotations": {**copied, "deadheat.dev/record": own.to_json()},
        },
        "another-label": {"labels": {NAMESPACE_LABEL: own.run}, "annotations": copied},
        "no-time": {
            "labels": {NAMESPACE_LABEL: own.run},
            "annotations": {
                "deadheat.dev/record": own.to_json(),
                "deadheat.dev/owner": own.mark("namespace no-time"),
                "deadheat.dev/renewed": "long ago",
            },
        },
        "nonsense": {
            "labels": label,
            "annotations": {**copied, "deadheat.dev/record": json.dumps({"run": dead.run, "key": 5})},
        },
    }
    try:
        for each, metadata in look_alikes.items():
            cluster.core.create_namespace({"metadata": {"name": each, **metadata}})  # type: ignore[arg-type]
        time.sleep(1.5)
        swept = list(sweep_cluster(cluster, DELETE))
        assert set(look_alikes) <= namespace_names(cluster)
        assert name not in namespace_names(cluster)
        for each in look_alikes:
            [told] = [found for found in swept if found.what.startswith(f"the namespace {each}")]
            assert told.fate is Fate.SPARED
            assert told.why
    finally:
        for each in look_alikes:
            cluster.core.delete_namespace(each)


@pytest.mark.live
def test_keys_that_only_look_like_a_runs_are_spared(client: Any, redis_url: str) -> None:
    dead, other = dead_record(), dead_record()
    leave_keys(client, dead)
    name = f"deadheat-run:{dead.run}"
    client.copy(name, f"deadheat-run:{other.run}")
    client.copy(name, "deadheat-run:mine")
    client.copy(name, "mine")
    spared = {
        f"deadheat:{other.run}:key:a": "under the prefix of a run whose record is a copy",
        "deadheat:mine:key:a": "under the prefix of a user's own",
        "deadheat:settings": "a user's",
        "deadheatx": "a user's",
        "deadheat-run:text": "not even a hash",
    }
    client.mset(spared)
    planted = [*spared, f"deadheat-run:{other.run}", "deadheat-run:mine", "mine"]
    try:
        time.sleep(0.1)
        swept = list(sweep_redis(client, redis_url, DELETE))
        assert client.exists(*planted) == len(planted)
        assert list(client.scan_iter(match=f"*{dead.run}*")) == []
        assert fates(iter(swept), dead.run) == [Fate.REMOVED]
        assert fates(iter(swept), f"deadheat-run:{other.run}") == [Fate.SPARED]
        assert fates(iter(swept), "deadheat-run:mine") == [Fate.SPARED]
        assert fates(iter(swept), "deadheat-run:text") == [Fate.SPARED]
    finally:
        client.delete(*planted)


@pytest.mark.live
def test_nothing_is_removed_without_delete_and_the_choice_is_kept(
    cluster: Cluster, client: Any, redis_url: str
) -> None:
    one, other = dead_record(), dead_record()
    names = {each.run: leave_namespace(cluster, each) for each in (one, other)}
    for record in (one, other):
        leave_keys(client, record)
    time.sleep(1.5)

    def sweep(choice: Choice) -> list[Found]:
        return [*sweep_cluster(cluster, choice), *sweep_redis(client, redis_url, choice)]

    assert fates(iter(sweep(Choice())), one.run) == [Fate.WOULD_BE] * 2
    assert fates(iter(sweep(Choice(older_than_s=3600, delete=True))), one.run) == [Fate.SPARED] * 2
    assert set(names.values()) <= namespace_names(cluster)
    swept = sweep(Choice(run=one.run, delete=True))
    assert [each.fate for each in swept] == [Fate.BEGUN, Fate.REMOVED] * 2
    assert names[other.run] in namespace_names(cluster)
    assert client.get(f"deadheat:{other.run}:key:a") == "1"
    assert fates(iter(sweep(DELETE)), other.run) == [Fate.REMOVED] * 2


@pytest.mark.live
def test_two_sweeps_at_once_remove_everything_once(
    kubeconfig: Path, cluster: Cluster, client: Any, redis_url: str
) -> None:
    # A sweep that does nothing for as long as a lease lasts loses it, as it should; on a busy machine that is soon.
    records = [dead_record(lease_s=0.5) for _ in range(4)]
    names = [leave_namespace(cluster, each) for each in records[:2]]  # each takes seconds to go
    for record in records:
        leave_keys(client, record)
        client.mset({f"deadheat:{record.run}:key:{number}": "1" for number in range(2000)})
    time.sleep(2)
    results: list[list[Found]] = []

    def sweep() -> None:
        with closing(connect(kubeconfig, None)) as own_cluster, closing(connect_redis(redis_url)) as own:
            results.append([*sweep_redis(own, redis_url, DELETE), *sweep_cluster(own_cluster, DELETE)])

    threads = [threading.Thread(target=sweep) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 2
    assert not any(found.fate is Fate.LEFT for result in results for found in result), results
    assert not set(names) & namespace_names(cluster)
    assert [key for record in records for key in client.scan_iter(match=f"*{record.run}*")] == []
    removals = [found for result in results for found in result if found.fate is Fate.REMOVED and "keys" in found.what]
    assert len(removals) == len(records), "each run's keys were removed by one of the two"


@pytest.mark.live
def test_a_run_that_renews_its_lease_in_the_moment_of_the_sweep_keeps_its_namespace(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = replace(new_record(), lease_s=1.0)
    name = f"deadheat-{record.run}-1"
    uid = namespaces.create(cluster, record, name)
    time.sleep(2.5)
    remove = namespaces.remove

    def renewed_before(*arguments: Any) -> bool:
        namespaces.renew(cluster, name, uid)
        return remove(*arguments)

    monkeypatch.setattr(namespaces, "remove", renewed_before)
    begun, found = sweep_cluster(cluster, Choice(run=record.run, delete=True))
    assert begun.fate is Fate.BEGUN
    assert found.fate is Fate.SPARED, found
    assert name in namespace_names(cluster)
    monkeypatch.undo()
    assert namespaces.remove(cluster, name, uid)


@pytest.mark.live
def test_a_run_and_a_sweep_cannot_both_have_the_lease(client: Any, redis_url: str) -> None:
    record = dead_record(lease_s=0.3)
    leave_keys(client, record)
    assert not redis_run.claim(client, record, "sweep a")
    time.sleep(0.4)
    redis_run.renew(client, record)  # late, and nobody has taken it
    assert not redis_run.claim(client, record, "sweep a")
    time.sleep(0.4)
    assert redis_run.claim(client, record, "sweep a")
    with pytest.raises(LeaseLostError):
        redis_run.renew(client, record)
    assert not redis_run.claim(client, record, "sweep b")
    assert [each.fate for each in sweep_redis(client, redis_url, Choice(run=record.run, delete=True))] == [Fate.SPARED]
    time.sleep(0.4)  # the sweep that had it was killed
    assert [each.fate for each in sweep_redis(client, redis_url, Choice(run=record.run, delete=True))][1:] == [
        Fate.REMOVED
    ]
    with pytest.raises(LeaseLostError):
        redis_run.renew(client, record)


@pytest.mark.live
def test_a_run_that_was_swept_notices_and_says_nothing_of_its_servers(
    redis_url: str, kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deadheat.live.leavings.run_record.LEASE_S", 1.0)

    def be_swept() -> None:
        with open_place(Where(redis_url=redis_url, kubeconfig=kubeconfig)) as place, place.namespace():
            place.redis.delete(f"deadheat-run:{place.run}")
            time.sleep(1.0)

    with pytest.raises(LeaseLostError, match="could not say within 1 s that it is alive"):
        be_swept()


@pytest.mark.live
@pytest.mark.parametrize("lost", ["keys", "namespace"])
def test_what_a_run_says_counts_only_if_its_servers_still_have_its_lease_at_the_end(
    redis_url: str, kubeconfig: Path, lost: str
) -> None:
    def lose_it() -> None:  # long before the next beat
        with open_place(Where(redis_url=redis_url, kubeconfig=kubeconfig)) as place, place.namespace() as name:
            if lost == "keys":
                place.redis.delete(f"deadheat-run:{place.run}")
            else:
                place.cluster.core.delete_namespace(name)
                eventually(lambda: namespaces.read(place.cluster, name) is None)

    with pytest.raises(LeaseLostError, match="is gone"):
        lose_it()


@pytest.mark.live
def test_a_run_may_outlive_its_namespaces_on_a_cluster_of_the_users(
    redis_url: str, kubeconfig: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deadheat.live.leavings.run_record.LEASE_S", 6.0)
    monkeypatch.setattr("deadheat.live.place.EMBEDDED", "none")
    with open_place(Where(redis_url=redis_url, kubeconfig=kubeconfig, yes_really=CONTEXT)) as place:
        with place.namespace() as first:
            pass
        eventually(lambda: first not in namespace_names(cluster))
        time.sleep(3)
        with place.namespace() as second:
            renewed = namespaces.read(cluster, second)
            eventually(lambda: namespaces.read(cluster, second) != renewed)
    assert second not in namespace_names(cluster), "the end waits until all is gone"


def test_a_lease_survives_a_server_that_fails_for_a_moment_and_not_one_that_fails_for_long() -> None:
    is_down = threading.Event()

    def renew() -> None:
        if is_down.is_set():
            raise LiveError("Nobody answers.")

    heartbeat = Heartbeat(renew, 0.6, "r")
    is_down.set()
    time.sleep(0.25)
    heartbeat.require()
    is_down.clear()
    time.sleep(0.4)
    heartbeat.require()
    is_down.set()
    time.sleep(0.8)
    with pytest.raises(LeaseLostError, match=r"\(Nobody answers\)"):
        heartbeat.require()
    heartbeat.close()


ACCOUNT = "sweeper"


@pytest.fixture
def may_not_list_jobs(kubeconfig: Path, cluster: Cluster, tmp_path: Path) -> Path:
    """The kubeconfig of an account that may make and delete namespaces, and nothing else."""
    rules = [{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["*"]}]
    command = ["kubectl", "--kubeconfig", str(kubeconfig), "apply", "--validate=false", "-f", "-"]
    subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": "default"}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": ACCOUNT}
    items = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT, "namespace": "default"}},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": ACCOUNT},
            "rules": rules,
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": ACCOUNT},
            "roleRef": role,
            "subjects": [subject],
        },
    ]
    if shutil.which("kubectl") is None:
        pytest.skip("no kubectl on the PATH")
    manifest = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    subprocess.run(command, input=manifest, text=True, check=True, capture_output=True, timeout=60)
    token = cluster.core.create_namespaced_service_account_token(ACCOUNT, "default", {"spec": {"audiences": []}})  # type: ignore[arg-type]
    assert token.status is not None
    content = json.loads(kubeconfig.read_text())
    content["users"][0]["user"] = {"token": token.status.token}
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps(content))
    return path


@pytest.mark.live
def test_namespaces_are_removed_without_the_right_to_list_jobs(
    redis_url: str, may_not_list_jobs: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = Where(redis_url=redis_url, kubeconfig=may_not_list_jobs, yes_really=CONTEXT)
    with open_place(where) as place, place.namespace() as name:
        pass
    eventually(lambda: name not in namespace_names(cluster))
    record = dead_record()
    free, held = f"deadheat-{record.run}-1", f"deadheat-{record.run}-2"
    namespaces.create(cluster, record, free)
    leave_namespace(cluster, record, held)
    time.sleep(1.5)
    monkeypatch.setattr("deadheat.live.leavings.sweep.REMOVAL_PATIENCE_S", 10.0)
    with closing(connect(may_not_list_jobs, None)) as limited:
        swept = {each.what.split()[2]: each for each in sweep_cluster(limited, Choice(run=record.run, delete=True))}
    assert swept[free].fate is Fate.REMOVED
    assert swept[held].fate is Fate.LEFT
    assert "still in deletion after 10 s" in swept[held].why
    assert "forbids this to the user of the context (listing Jobs)" in swept[held].why
    # What is in deletion and held is swept by who may do it.
    assert [each.fate for each in sweep_cluster(cluster, Choice(run=record.run, delete=True))][1:] == [Fate.REMOVED]


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


FOLDER = """
import sys, tempfile
tempfile.tempdir = sys.argv[1]
from deadheat.live.servers.folders import ServerFolder
folder = ServerFolder("plane")
(folder.path / "etcd").mkdir()
(folder.path / "etcd" / "wal").write_bytes(b"0" * 5_000_000)
(folder.path / "admin.key").write_text("a key")
print(folder.path, flush=True)
sys.stdin.readline()
"""


def leave_folder(temporary: Path, *, kill: bool = True) -> tuple[Path, subprocess.Popen[str]]:
    command = [sys.executable, "-c", FOLDER, str(temporary)]
    running = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    path = Path(running.stdout.readline().strip())
    if kill:
        running.kill()
        running.communicate()
    return path, running


def test_a_killed_runs_folder_is_swept_and_a_living_ones_is_not(temporary: Path) -> None:
    left, _ = leave_folder(temporary)
    lived_in, running = leave_folder(temporary, kill=False)
    try:
        with server_folder("redis") as ours:
            [would] = [each for each in sweep_folders(Choice()) if str(left) in each.what]
            assert (would.what, would.fate) == (f"the folder {left} with 5 MB", Fate.WOULD_BE)
            assert left.exists()
            assert fates(sweep_folders(Choice(older_than_s=3600, delete=True)), str(left)) == [Fate.SPARED]
            swept = list(sweep_folders(DELETE))
            assert fates(iter(swept), str(left)) == [Fate.REMOVED]
            assert fates(iter(swept), str(lived_in)) == fates(iter(swept), str(ours)) == [Fate.SPARED]
            assert not left.exists()
            assert (lived_in / "admin.key").exists()
        assert not ours.exists()
        assert fates(sweep_folders(DELETE), str(left)) == []
    finally:
        running.kill()
        running.communicate()
    assert fates(sweep_folders(DELETE), str(lived_in)) == [Fate.REMOVED]


def test_a_folder_in_which_a_killed_runs_server_lives_on_is_spared(temporary: Path) -> None:
    left, _ = leave_folder(temporary)
    server = subprocess.Popen([sys.executable, "-c", "input()", f"--data-dir={left}/etcd"], stdin=subprocess.PIPE)
    try:
        [found] = [each for each in sweep_folders(DELETE) if str(left) in each.what]
        assert (found.fate, found.why) == (Fate.SPARED, f"process {server.pid} still uses it")
    finally:
        server.communicate(b"\n")
    assert fates(sweep_folders(DELETE), str(left)) == [Fate.REMOVED]


def test_folders_that_only_look_like_a_runs_are_spared(
    temporary: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    left, _ = leave_folder(temporary)
    copy, moved = temporary / "deadheat-plane-copy", temporary / "deadheat-plane-kept"
    shutil.copytree(left, copy)
    left.rename(moved)
    precious = tmp_path_factory.mktemp("precious")
    (precious / "notes").write_text("mine")
    (temporary / "deadheat-plane-link").symlink_to(precious)
    (temporary / "deadheat-notes").mkdir()
    (temporary / "deadheat-plane-broken").mkdir()
    (temporary / "deadheat-plane-broken" / "deadheat-folder.json").write_text("[")
    (temporary / "deadheat-a-file").write_text("mine")
    before = set(temporary.iterdir())
    swept = list(sweep_folders(DELETE))
    assert {each.fate for each in swept} == {Fate.SPARED}
    assert fates(iter(swept), str(copy)) == fates(iter(swept), str(moved)) == [Fate.SPARED]
    assert set(temporary.iterdir()) == before
    assert (precious / "notes").exists()


def test_what_cannot_be_removed_of_a_folder_is_told_and_found_again(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, _ = leave_folder(temporary)
    monkeypatch.setattr(folders, "REMOVAL_PATIENCE_S", 0.1)

    def refused(path: Path) -> None:
        raise PermissionError(1, "Operation not permitted", str(path))

    with monkeypatch.context() as patched:
        patched.setattr("shutil.rmtree", refused)
        _, found = [each for each in sweep_folders(DELETE) if str(left) in each.what]
    assert found.fate is Fate.LEFT
    assert found.why == f"Operation not permitted: {left / 'etcd'}"
    assert fates(sweep_folders(DELETE), str(left)) == [Fate.REMOVED]


def test_a_run_whose_folder_cannot_be_removed_says_so(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "REMOVAL_PATIENCE_S", 0.1)

    def refused(path: Path) -> None:
        raise PermissionError(1, "Operation not permitted", str(path))

    def use() -> None:
        with server_folder("redis") as path, monkeypatch.context() as patched:
            (path / "data").mkdir()
            patched.setattr("shutil.rmtree", refused)
            raise ZeroDivisionError

    def use_and_end() -> None:
        monkeypatch.setattr("shutil.rmtree", refused)
        with server_folder("redis") as path:
            (path / "data").mkdir()

    with pytest.raises(ZeroDivisionError):
        use()
    with pytest.raises(
        LiveError, match=r"The folder .*deadheat-redis-.* could not be removed: Operation not permitted"
    ):
        use_and_end()
    monkeypatch.undo()


def command_line(*arguments: str, temporary: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "TMPDIR": str(temporary), "XDG_STATE_HOME": str(temporary / "state")}
    done = deadheat("live", "sweep", *arguments, env=environment)
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.live
def test_the_command_says_what_it_would_do_and_does_it_with_delete(
    tmp_path: Path, kubeconfig: Path, cluster: Cluster, client: Any, redis_url: str
) -> None:
    record = dead_record()
    name = leave_namespace(cluster, record)
    leave_keys(client, record)
    time.sleep(1.5)
    options = ["--kubeconfig", str(kubeconfig), "--redis", redis_url, "--run", record.run]
    told = command_line(*options, temporary=tmp_path)
    assert told.returncode == 0
    assert f"The namespace {name} of run {record.run} (host " in told.stdout
    assert told.stdout.endswith("2 would be removed.\nNothing of that was removed yet; --delete does it.\n")
    assert name in namespace_names(cluster)
    done = command_line(*options, "--delete", temporary=tmp_path)
    assert done.returncode == 0
    assert f"1 Redis keys of run {record.run}" in done.stdout
    assert done.stdout.endswith("2 removed.\n")
    assert command_line(*options, "--delete", temporary=tmp_path).stdout == "Nothing was found.\n"


def test_the_command_sweeps_folders_at_once_and_tells_of_what_up_made(tmp_path: Path) -> None:
    left, _ = leave_folder(tmp_path)
    state = tmp_path / "state" / "deadheat"
    state.mkdir(parents=True)
    content = {"kubeconfig": str(tmp_path / "absent"), "context": "kind-deadheat", "redis_url": "redis://127.0.0.1:1/0"}
    (state / "up.json").write_text(json.dumps(content))
    assert left.exists()
    done = command_line("--dry-run", temporary=tmp_path)
    assert f"The folder {left} with 5 MB: would be removed." in done.stdout
    assert left.exists()
    done = command_line(temporary=tmp_path)
    assert f"The folder {left} with 5 MB: removed." in done.stdout
    assert "`deadheat live up` made it; `deadheat live down` removes it" in done.stdout
    assert not left.exists()
    # The servers of `live up` are looked at, and do not answer; the folder was swept all the same.
    assert done.returncode == 5
    assert "The Redis: could not be looked at (Redis at redis://127.0.0.1:1 does not answer" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--delete", "--dry-run"], "contradict each other"),
        (["--run", "x"], "'x' is not the id of a run"),
        (
            ["--older-than", "soon"],
            "'soon' in --older-than is not a duration; write a number and its unit: 250ms, 1.5s or 2h.",
        ),
    ],
)
def test_options_that_make_no_sense_are_a_sentence(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    done = command_line(*arguments, temporary=tmp_path)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stdout == ""


INTERRUPTED = """
import sys, time
from deadheat.live import place
from deadheat.live.leavings import namespaces
removal = namespaces.wait_until_gone
def slow(cluster, name, uid, patience_s):
    print("removing", file=sys.stderr, flush=True)
    time.sleep(2)
    {then}
    return removal(cluster, name, uid, patience_s)
namespaces.wait_until_gone = slow
place.EMBEDDED = "none"
from deadheat.cli import main

main()
"""


def interrupted(then: str, cluster: Cluster, kubeconfig: Path, redis_url: str) -> tuple[int, str]:
    arguments = ["live", "check", "baseline", "--random", "1000", "--yes-really", CONTEXT]
    command = [sys.executable, "-c", INTERRUPTED.format(then=then), *arguments]
    servers = ["--redis", redis_url, "--kubeconfig", str(kubeconfig)]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    before = namespace_names(cluster)
    running = subprocess.Popen([*command, *servers], **pipes)
    try:
        eventually(lambda: namespace_names(cluster) - before)
        running.send_signal(signal.SIGINT)
        assert running.stderr is not None
        assert running.stderr.readline() == "removing\n"
        for _ in range(3):
            running.send_signal(signal.SIGINT)
            time.sleep(0.2)
        running.send_signal(signal.SIGTERM)
        _, errors = rest_of(running, 120)
    finally:
        running.kill()
        running.communicate()
    return running.returncode, errors


@pytest.mark.live
def test_further_interrupts_do_not_keep_the_cleanup_from_its_end(
    cluster: Cluster, kubeconfig: Path, redis_url: str, client: Any
) -> None:
    before = namespace_names(cluster)
    code, errors = interrupted("pass", cluster, kubeconfig, redis_url)
    assert code == 130
    assert errors.splitlines()[-1] == "deadheat: interrupted; everything that this run made was removed."
    assert set(errors.splitlines()[:-1]) == {"deadheat: still removing what this run made; that ends by itself."}
    assert namespace_names(cluster) <= before
    assert list(client.scan_iter(match="deadheat*")) == []


@pytest.mark.live
def test_what_an_interrupted_run_cannot_remove_is_named_and_not_called_removed(
    cluster: Cluster, kubeconfig: Path, redis_url: str
) -> None:
    code, errors = interrupted("return 'the reason'", cluster, kubeconfig, redis_url)
    assert code not in (0, 130)
    last = errors.splitlines()[-1]
    assert "everything" not in last.partition("Not everything")[2]
    assert last.startswith("deadheat: Interrupted. Not everything that the run made could be removed: the namespace ")
    assert " (the reason); run `deadheat live sweep --delete --run " in last


@pytest.mark.live
def test_a_server_that_dies_meanwhile_leaves_a_message_that_names_what_is_left(kubeconfig: Path) -> None:
    with embedded_redis() as url, pytest.raises(LiveError) as raised:
        _lose_redis(Where(redis_url=url, kubeconfig=kubeconfig))
    assert "Not everything that the run made could be removed: the Redis keys deadheat:" in str(raised.value)


def _lose_redis(where: Where) -> None:
    with open_place(where) as place, connect_redis(place.redis_url) as client:
        client.shutdown(nosave=True)
