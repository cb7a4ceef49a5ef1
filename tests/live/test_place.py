"""Safe to point at a cluster: what a run makes goes with it, and nothing else does."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deadheat.live.adapters.base import poll
from deadheat.live.adapters.kubernetes_guards import GuardedKubernetesAdapter
from deadheat.live.adapters.redis import connect as connect_redis
from deadheat.live.cluster import Cluster, connect
from deadheat.live.place import Place, Where, open_place, refuse_production
from deadheat.live.servers.control_plane import CONTEXT
from deadheat.sim.errors import LiveError, UsageError
from tests.command import deadheat

RUN_LABEL = "deadheat.dev/run"


def living_namespaces(cluster: Cluster, selector: str | None = None) -> set[str]:
    listed = cluster.core.list_namespace(label_selector=selector).items
    return {str(each.metadata.name) for each in listed if each.metadata and not each.metadata.deletion_timestamp}


def eventually(condition: Any, patience_s: float = 30.0) -> None:
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.live
def test_a_run_that_fails_leaves_nothing_behind(redis_url: str, kubeconfig: Path) -> None:
    runs = []

    def fail(place: Place, namespace: str) -> None:
        runs.append(place.run)
        place.redis.set(f"{place.prefix}key:a", "1")
        place.cluster.create_job(namespace, held_job())
        raise ZeroDivisionError

    where = Where(redis_url=redis_url, kubeconfig=kubeconfig)
    with pytest.raises(ZeroDivisionError), open_place(where) as place, place.namespace() as namespace:
        fail(place, namespace)
    [run] = runs
    cluster = connect(kubeconfig, None)
    eventually(lambda: not cluster.core.list_namespace(label_selector=f"{RUN_LABEL}={run}").items)
    client = connect_redis(redis_url)
    assert list(client.scan_iter(match=f"deadheat:{run}:*")) == []
    client.close()
    cluster.close()


@pytest.mark.live
def test_an_interrupt_leaves_nothing_behind(redis_url: str, kubeconfig: Path) -> None:
    cluster, client = connect(kubeconfig, None), connect_redis(redis_url)
    command = [sys.executable, "-m", "deadheat", "live", "check", "baseline", "--random", "1000"]
    servers = ["--redis", redis_url, "--kubeconfig", str(kubeconfig)]
    running = subprocess.Popen([*command, *servers], stderr=subprocess.PIPE, text=True)
    try:
        eventually(lambda: living_namespaces(cluster, RUN_LABEL))
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=60)
    finally:
        running.kill()
        running.wait()
    assert running.returncode == 130
    assert errors == "deadheat: interrupted; everything that this run made was removed.\n"
    assert living_namespaces(cluster, RUN_LABEL) == set()
    assert list(client.scan_iter(match="deadheat:*")) == []
    client.close()
    cluster.close()


def held_job() -> dict[str, Any]:
    container = {"name": "evaluation", "image": "busybox"}
    return {
        "metadata": {"name": "held", "labels": {"eval-id": "e1"}, "finalizers": ["deadheat.dev/hold"]},
        "spec": {"parallelism": 0, "template": {"spec": {"restartPolicy": "Never", "containers": [container]}}},
    }


@pytest.mark.live
@pytest.mark.live
def test_a_namespace_goes_although_tombstones_in_it_are_held(place: Place) -> None:
    with place.namespace() as namespace:
        adapter = GuardedKubernetesAdapter(place.cluster, namespace, ["e1"], run=place.run, held=True)
        adapter.create_tombstone("e1")
        adapter.delete_job("e1")
    for _ in poll(60.0, f"the namespace {namespace} stayed"):
        if all(each.metadata and each.metadata.name != namespace for each in place.cluster.core.list_namespace().items):
            return


def test_a_context_that_looks_like_production_must_be_confirmed(kubeconfig: Path, tmp_path: Path) -> None:
    content = json.loads(kubeconfig.read_text())
    content["contexts"][0]["name"] = content["current-context"] = "prod-eu"
    renamed = tmp_path / "kubeconfig"
    renamed.write_text(json.dumps(content))
    cluster = connect(renamed, None)
    with pytest.raises(UsageError, match=r"'prod-eu' is neither .* say so with --yes-really prod-eu\."):
        refuse_production(cluster, None)
    with pytest.raises(UsageError, match="prod-eu"):
        refuse_production(cluster, "prod-us")
    refuse_production(cluster, "prod-eu")
    cluster.close()


@pytest.mark.live
def test_a_context_of_kind_and_our_own_need_no_confirmation(kubeconfig: Path) -> None:
    cluster = connect(kubeconfig, None)
    refuse_production(cluster, None)
    cluster.context = "kind-ci"
    refuse_production(cluster, None)
    cluster.close()


@pytest.fixture
def nobody(kubeconfig: Path, tmp_path: Path) -> Iterator[Path]:
    """The kubeconfig of a service account that may do nothing."""
    cluster = connect(kubeconfig, None)
    account = {"metadata": {"name": "nobody"}}
    cluster.core.create_namespaced_service_account("default", account)  # type: ignore[arg-type]
    token = cluster.core.create_namespaced_service_account_token("nobody", "default", {"spec": {"audiences": []}})  # type: ignore[arg-type]
    assert token.status is not None
    yield with_token(kubeconfig, tmp_path, str(token.status.token))
    cluster.core.delete_namespaced_service_account("nobody", "default")
    cluster.close()


def with_token(kubeconfig: Path, folder: Path, token: str) -> Path:
    content = json.loads(kubeconfig.read_text())
    content["users"][0]["user"] = {"token": token}
    path = folder / "kubeconfig"
    path.write_text(json.dumps(content))
    return path


@pytest.mark.live
def test_a_cluster_that_forbids_says_so_in_a_sentence(redis_url: str, nobody: Path) -> None:
    with (
        open_place(Where(redis_url=redis_url, kubeconfig=nobody, yes_really=CONTEXT)) as place,
        pytest.raises(LiveError, match=r"forbids this to the user of the context \(creating a namespace\)\.$"),
        place.namespace(),
    ):
        pass


@pytest.mark.live
def test_a_token_that_is_not_accepted_is_a_sentence_without_the_token(kubeconfig: Path, tmp_path: Path) -> None:
    secret = base64.b64encode(b"expired long ago").decode()
    with pytest.raises(LiveError, match=r"does not accept the credentials \(an expired token, for one\)") as raised:
        connect(with_token(kubeconfig, tmp_path, secret), None)
    assert secret not in str(raised.value)


def command_line(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    base = {"PATH": os.environ["PATH"], "HOME": os.devnull, "COLUMNS": "200"}  # where nothing can be made
    done = deadheat("live", *arguments, env={**base, **environment})
    assert "Traceback" not in done.stderr
    return done


def one_sentence(done: subprocess.CompletedProcess[str], code: int = 5) -> str:
    assert done.returncode == code
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_missing_binaries_are_named() -> None:
    sentence = one_sentence(command_line("check", "baseline"))
    assert "KUBEBUILDER_ASSETS is not set. Give --kubeconfig FILE, run `deadheat live up`" in sentence


def test_a_folder_without_the_binaries_is_named(tmp_path: Path) -> None:
    sentence = one_sentence(command_line("check", "baseline", KUBEBUILDER_ASSETS=str(tmp_path)))
    assert f"({tmp_path}) has no etcd and no kube-apiserver and no kube-controller-manager" in sentence


def test_a_kubeconfig_that_is_not_there_is_named(tmp_path: Path) -> None:
    sentence = one_sentence(command_line("check", "baseline", "--kubeconfig", str(tmp_path / "absent")), code=2)
    assert str(tmp_path / "absent") in sentence


def test_a_file_that_is_no_kubeconfig_is_named(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("{not yaml")
    assert "is not a kubeconfig" in one_sentence(command_line("check", "baseline", "--kubeconfig", str(path)))


def test_a_cluster_that_refuses_connections_is_named(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    cluster = {"name": "kind-x", "cluster": {"server": "https://127.0.0.1:1"}}
    context = {"name": "kind-x", "context": {"cluster": "kind-x", "user": "kind-x"}}
    content = {"current-context": "kind-x", "clusters": [cluster], "contexts": [context]}
    path.write_text(json.dumps({**content, "users": [{"name": "kind-x", "user": {"token": "secret"}}]}))
    sentence = one_sentence(command_line("check", "baseline", "--kubeconfig", str(path)))
    assert "The cluster of context 'kind-x' does not answer at https://127.0.0.1:1" in sentence
    assert "secret" not in sentence


@pytest.mark.live
@pytest.mark.parametrize(
    ("url", "reason", "code"),
    [
        ("redis://user:hunter2@127.0.0.1:1/0", "Redis at redis://127.0.0.1:1 does not answer", 5),
        ("http://user:hunter2@127.0.0.1:1", "--redis is not the URL of a Redis", 2),
    ],
)
def test_a_wrong_redis_is_named_without_its_password(kubeconfig: Path, url: str, reason: str, code: int) -> None:
    sentence = one_sentence(command_line("check", "baseline", "--kubeconfig", str(kubeconfig), "--redis", url), code)
    assert reason in sentence
    assert "hunter2" not in sentence


def test_an_unknown_protocol_is_found_before_any_server_starts() -> None:
    assert "did you mean baseline" in one_sentence(command_line("check", "baselin"), code=2)
