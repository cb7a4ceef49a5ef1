"""What the tests of the cleanup share: Jobs that cost nothing, and a record that remembers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from deadheat.live.cleaning.cleanup import Cleanup
from deadheat.live.cleaning.job_pages import JobPages
from deadheat.live.cleaning.patience import Patience
from deadheat.live.cleaning.tally import Fate, Orphan, Rules
from deadheat.live.cluster import Cluster
from tests.command import deadheat

LABEL = "eval-id"


class Remembered:
    """A record that keeps everything."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.fates: list[tuple[str, str, str]] = []
        self.skips: list[tuple[str, str, str]] = []

    def deleting(self, orphan: Orphan) -> None:
        self.begun.append(orphan.name)

    def settled(self, orphan: Orphan, fate: Fate, why: str) -> None:
        self.fates.append((orphan.name, orphan.status, str(fate)))

    def skipped(self, job: str, evaluation: str, why: str) -> None:
        self.skips.append((job, evaluation, why))


def cleanup_of(
    cluster: Cluster,
    namespace: str,
    statuses: Callable[[str], str | None],
    rules: Rules,
    record: Any = None,
    patience: Patience | None = None,
) -> tuple[Cleanup, Remembered]:
    record = record or Remembered()
    patience = patience or Patience()
    jobs = JobPages(cluster, namespace, LABEL, patience)
    return Cleanup(jobs, statuses, record, rules, patience), record


def manifest(name: str, evaluation: str | None) -> dict[str, Any]:
    """Return a Job that makes no pods."""
    labels = {} if evaluation is None else {LABEL: evaluation}
    template = {
        "metadata": {"labels": {"app": "evaluation"}},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]},
    }
    labels = labels or {"app": "other"}  # a Job without labels would be given its pods'
    return {"metadata": {"name": name, "labels": labels}, "spec": {"parallelism": 0, "template": template}}


def make_jobs(cluster: Cluster, namespace: str, evaluations: Iterable[tuple[str, str | None]]) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda each: cluster.create_job(namespace, manifest(*each)), evaluations))


def finish(cluster: Cluster, namespace: str, name: str, condition: str = "Complete") -> None:
    status = {"status": {"conditions": [{"type": condition, "status": "True"}]}}
    cluster.batch.patch_namespaced_job_status(name, namespace, status, _content_type="application/merge-patch+json")


def names(cluster: Cluster, namespace: str) -> set[str]:
    jobs = cluster.batch.list_namespaced_job(namespace).items
    return {str(job.metadata.name) for job in jobs if job.metadata and not job.metadata.deletion_timestamp}


def command_line(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "deadheat", "cleanup", *arguments]


def run_cleanup(*arguments: str, timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
    return deadheat("cleanup", *arguments, timeout=timeout_s)
