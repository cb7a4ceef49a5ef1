"""The orphan cleanup on a real control plane: what it takes, what it spares, and what it may do."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deadheat.live.adapter import BlockedError
from deadheat.live.cleanup import Cleanup, RedisStatuses
from deadheat.live.cluster import Cluster, connect
from deadheat.live.job_watch import JobWatch
from deadheat.live.kubernetes import KubernetesAdapter
from deadheat.live.metrics import Metrics
from deadheat.live.place import Place, Where, open_place
from deadheat.live.servers.control_plane import embedded_control_plane, missing_assets
from deadheat.live.servers.processes import free_port

BASE = Path(__file__).parents[2] / "k8s" / "base"
CRONJOB = "orphan-job-cleanup"

STATUSES = {"e1": "cancelled", "e2": "provisioning", "e3": "completed", "e4": "running", "e6": "failed"}


@pytest.fixture
def namespace(place: Place) -> Iterator[str]:
    with place.namespace() as name:
        yield name


def adapter(place: Place, namespace: str) -> KubernetesAdapter:
    return KubernetesAdapter(place.cluster, namespace, [*STATUSES, "e5"], run=place.run, held=False)


def names(cluster: Cluster, namespace: str) -> set[str]:
    jobs = cluster.batch.list_namespaced_job(namespace).items
    return {str(job.metadata.name) for job in jobs if job.metadata and not job.metadata.deletion_timestamp}


def with_jobs(place: Place, namespace: str) -> set[str]:
    jobs = adapter(place, namespace)
    for number in range(1, 6):
        jobs.create_job(f"e{number}")
    unlabelled = jobs._manifest("e1", "backup")
    del unlabelled["metadata"]["labels"]
    del unlabelled["spec"]["template"]["metadata"]["labels"]  # a Job without labels would be given its pods'
    place.cluster.create_job(namespace, unlabelled)
    return names(place.cluster, namespace)


@pytest.mark.live
def test_a_dry_run_tells_and_takes_nothing(place: Place, namespace: str) -> None:
    before = with_jobs(place, namespace)
    result = Cleanup(place.cluster, namespace, "eval-id", STATUSES.get, dry_run=True).sweep()
    assert [(each.name, each.status, each.fate) for each in result.found] == [
        ("evaluation-e1", "cancelled", "would be deleted"),
        ("evaluation-e3", "completed", "would be deleted"),
    ]
    assert result.looked_at == 5
    assert result.deleted == 0
    assert names(place.cluster, namespace) == before


@pytest.mark.live
def test_a_sweep_takes_orphans_and_spares_everything_else(place: Place, namespace: str) -> None:
    before = with_jobs(place, namespace)
    with place.namespace() as other:
        adapter(place, other).create_job("e1")
        result = Cleanup(place.cluster, namespace, "eval-id", STATUSES.get, dry_run=False).sweep()
        assert names(place.cluster, other) == {"evaluation-e1"}
    assert result.deleted == 2
    assert names(place.cluster, namespace) == before - {"evaluation-e1", "evaluation-e3"}
    assert Cleanup(place.cluster, namespace, "eval-id", STATUSES.get, dry_run=False).sweep().found == ()


@pytest.mark.live
def test_a_newer_job_of_the_same_name_is_never_taken(place: Place, namespace: str) -> None:
    jobs = adapter(place, namespace)
    jobs.create_job("e1")
    [first] = jobs.list_jobs("e1")

    def status(evaluation: str) -> str:
        # Between the list and the deletion, the Job is replaced by another one.
        jobs.delete_job("e1")
        deadline = time.monotonic() + 30
        while jobs.list_jobs("e1") and time.monotonic() < deadline:
            time.sleep(0.05)
        jobs.create_job(evaluation)
        return "cancelled"

    result = Cleanup(place.cluster, namespace, "eval-id", status, dry_run=False).sweep()
    assert [each.fate for each in result.found] == ["gone meanwhile"]
    [second] = jobs.list_jobs("e1")
    assert second.uid != first.uid
    assert names(place.cluster, namespace) == {"evaluation-e1"}


@pytest.mark.live
def test_the_listener_looks_at_each_new_job(place: Place, namespace: str) -> None:
    watch = JobWatch(place.cluster, namespace, "eval-id")
    cleanup = Cleanup(place.cluster, namespace, "eval-id", STATUSES.get, dry_run=False)
    jobs = adapter(place, namespace)
    for evaluation in ("e2", "e1", "e3"):  # the storage worker's protocol looks for cancelled evaluations alone
        jobs.create_job(evaluation)
    results = [cleanup.listen(watch) for _ in range(3)]
    assert [[each.name for each in result.found] for result in results] == [[], ["evaluation-e1"], []]
    assert names(place.cluster, namespace) == {"evaluation-e2", "evaluation-e3"}
    with pytest.raises(BlockedError):
        cleanup.listen(watch)
    watch.close()


@pytest.fixture
def forgetful(redis_url: str) -> Iterator[Place]:
    """A control plane that soon forgets old resource versions, and keeps none in a cache."""
    missing = missing_assets()
    if missing is not None:
        pytest.skip(f"no Kubernetes: {missing}")
    flags = ["--etcd-compaction-interval=1s", "--watch-cache-sizes=jobs.batch#0"]
    with embedded_control_plane(flags) as path, open_place(Where(redis_url=redis_url, kubeconfig=path)) as opened:
        yield opened


@pytest.mark.live
def test_a_watch_resumes_after_the_server_has_forgotten_where_it_was(forgetful: Place) -> None:
    with forgetful.namespace() as namespace:
        jobs = adapter(forgetful, namespace)
        jobs.create_job("e1")
        watch = JobWatch(forgetful.cluster, namespace, "eval-id")
        jobs.create_job("e2")
        assert watch.next(10).name == "evaluation-e2"
        deadline = time.monotonic() + 30
        while not watch.relisted and time.monotonic() < deadline:
            watch.resource_version = "1"
            watch._stream.stop()
            time.sleep(0.3)
        assert watch.relisted >= 1
        for evaluation in ("e3", "e4"):
            jobs.create_job(evaluation)
            assert watch.next(10).name == f"evaluation-{evaluation}"
        with pytest.raises(BlockedError):  # each was told of once
            watch.next(0.5)
        watch.close()


@pytest.mark.live
def test_metrics_count_and_raise_the_alarm_over_the_threshold(place: Place, namespace: str) -> None:
    with_jobs(place, namespace)
    metrics = Metrics(threshold=1)
    assert metrics.swept(Cleanup(place.cluster, namespace, "eval-id", STATUSES.get, dry_run=False).sweep())
    value = metrics.registry.get_sample_value
    assert value("deadheat_orphan_jobs_found_total") == 2
    assert value("deadheat_orphan_jobs_deleted_total") == 2
    assert value("deadheat_orphan_jobs") == 2
    assert value("deadheat_orphan_jobs_alert") == 1
    assert not metrics.swept(Cleanup(place.cluster, namespace, "eval-id", STATUSES.get, dry_run=False).sweep())
    assert value("deadheat_orphan_jobs_found_total") == 2
    assert value("deadheat_orphan_jobs") == 0
    assert value("deadheat_orphan_jobs_alert") == 0
    assert value("deadheat_cleanup_sweeps_total") == 2


def command_line(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "deadheat", "cleanup", *arguments]


@pytest.fixture
def servers(place: Place, namespace: str, redis_url: str, kubeconfig: Path) -> list[str]:
    for evaluation, status in STATUSES.items():
        place.redis.set(f"{place.prefix}{evaluation}", status)
    key = f"--status-key={place.prefix}{{evaluation}}"
    return ["--namespace", namespace, "--status", redis_url, key, "--kubeconfig", str(kubeconfig)]


@pytest.mark.live
def test_the_command_sweeps_once_and_fails_over_the_threshold(place: Place, namespace: str, servers: list[str]) -> None:
    before = with_jobs(place, namespace)
    done = subprocess.run(command_line(*servers), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert "for cancelled evaluation e1: would be deleted" in done.stdout
    assert done.stdout.endswith("2 orphans among 5 Jobs, 0 deleted.\n")
    assert names(place.cluster, namespace) == before
    deleting = command_line(*servers, "--delete", "--alert-threshold", "1")
    done = subprocess.run(deleting, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stdout.endswith("2 orphans among 5 Jobs, 2 deleted.\n")


@pytest.mark.live
def test_the_command_goes_on_until_it_is_told_to_stop(place: Place, namespace: str, servers: list[str]) -> None:
    port = free_port()
    options = ["--delete", "--every", "1s", "--watch", "--metrics-port", str(port)]
    running = subprocess.Popen(command_line(*servers, *options), stdout=subprocess.PIPE, text=True)
    try:
        first = running.stdout.readline() if running.stdout else ""
        assert first == "0 orphans among 0 Jobs, 0 deleted.\n"
        adapter(place, namespace).create_job("e1")
        deadline = time.monotonic() + 30
        while names(place.cluster, namespace) and time.monotonic() < deadline:
            time.sleep(0.1)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            assert "deadheat_orphan_jobs_deleted_total 1.0" in answer.read().decode()
        running.send_signal(signal.SIGTERM)
        output, _ = running.communicate(timeout=30)
    finally:
        running.kill()
        running.wait()
    assert running.returncode == 0
    assert "Found orphaned job evaluation-e1" in output


def kustomized() -> str:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("no kubectl on the PATH")
    done = subprocess.run([kubectl, "kustomize", str(BASE)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_kustomization_references_the_cronjob() -> None:
    manifest = kustomized()
    assert manifest.count("kind: CronJob\n") == 1
    assert f"name: {CRONJOB}\n" in manifest
    assert "concurrencyPolicy: Forbid" in manifest


@pytest.mark.live
def test_the_manifest_is_accepted_and_its_account_may_do_just_what_the_cleanup_needs(
    place: Place, namespace: str, kubeconfig: Path, tmp_path: Path
) -> None:
    manifest = kustomized()
    groups = json.loads(kubectl(kubeconfig, "get", "--raw", "/apis/batch/v1"))
    if "cronjobs" not in [each["name"] for each in groups["resources"]]:
        # Kubernetes before 1.21 has CronJobs of the same form in v1beta1 only.
        manifest = manifest.replace("apiVersion: batch/v1\nkind: CronJob", "apiVersion: batch/v1beta1\nkind: CronJob")
    kubectl(kubeconfig, "apply", "--namespace", namespace, "--validate=false", "-f", "-", stdin=manifest)
    cronjob = json.loads(kubectl(kubeconfig, "get", "cronjob", CRONJOB, "-n", namespace, "-o", "json"))
    assert cronjob["spec"]["schedule"] == "*/5 * * * *"
    assert cronjob["spec"]["concurrencyPolicy"] == "Forbid"

    with_jobs(place, namespace)
    cluster = connect(as_account(place, namespace, kubeconfig, tmp_path), None)
    result = Cleanup(cluster, namespace, "eval-id", STATUSES.get, dry_run=False).sweep()
    assert result.deleted == 2
    account = f"system:serviceaccount:{namespace}:{CRONJOB}"
    for verb, resource in [("list", "jobs"), ("delete", "jobs")]:
        assert may(kubeconfig, account, verb, resource, namespace)
        assert not may(kubeconfig, account, verb, resource, "default")
    for verb, resource in [("get", "secrets"), ("create", "jobs"), ("list", "pods"), ("deletecollection", "jobs")]:
        assert not may(kubeconfig, account, verb, resource, namespace)
    cluster.close()


def as_account(place: Place, namespace: str, kubeconfig: Path, folder: Path) -> Path:
    request: Any = {"spec": {"audiences": []}}
    token = place.cluster.core.create_namespaced_service_account_token(CRONJOB, namespace, request)
    assert token.status is not None
    content = json.loads(kubeconfig.read_text())
    content["users"][0]["user"] = {"token": token.status.token}
    path = folder / "kubeconfig"
    path.write_text(json.dumps(content))
    return path


def kubectl(kubeconfig: Path, *arguments: str, stdin: str | None = None) -> str:
    command = ["kubectl", "--kubeconfig", str(kubeconfig), *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def may(kubeconfig: Path, account: str, verb: str, resource: str, namespace: str) -> bool:
    command = ["kubectl", "--kubeconfig", str(kubeconfig), "auth", "can-i", verb, resource]
    asked = subprocess.run([*command, "--as", account, "-n", namespace], capture_output=True, text=True, timeout=60)
    assert asked.stdout in ("yes\n", "no\n")
    return asked.stdout == "yes\n"


@pytest.mark.live
def test_statuses_are_read_from_the_keys_of_a_real_system(place: Place, redis_url: str) -> None:
    place.redis.set(f"{place.prefix}evaluation:e1:status", "cancelled")
    statuses = RedisStatuses(place.redis, redis_url, f"{place.prefix}evaluation:{{evaluation}}:status")
    assert statuses("e1") == "cancelled"
    assert statuses("e2") is None


def test_a_time_that_makes_no_sense_is_a_sentence() -> None:
    arguments = ["--namespace", "n", "--status", "redis://127.0.0.1:1/0", "--every", "soon"]
    done = subprocess.run(command_line(*arguments), capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr == "deadheat: 'soon' is not a time; write 30s, 5m or 1h.\n"
