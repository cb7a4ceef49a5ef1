"""A watch on Job creations, resumed after the server has forgotten where it was."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from deadheat.live.adapters.base import BlockedError
from deadheat.live.adapters.kubernetes import KubernetesAdapter
from deadheat.live.cleaning.creation_watch import CreationWatch
from deadheat.live.cleaning.job_pages import JobPages
from deadheat.live.cleaning.patience import Patience
from deadheat.live.job_watch import JobWatch
from deadheat.live.place import Place, Where, open_place
from deadheat.live.servers.control_plane import embedded_control_plane, missing_assets
from tests.live.cleanup_ground import LABEL, make_jobs


def adapter(place: Place, namespace: str) -> KubernetesAdapter:
    return KubernetesAdapter(
        place.cluster, namespace, [f"e{number}" for number in range(1, 7)], run=place.run, held=False
    )


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
def test_a_watch_for_the_cleanup_begins_anew_when_the_server_has_forgotten_where_it_was(
    forgetful: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    began: list[str | None] = []

    def forgotten(self: CreationWatch, version: str) -> str | None:
        began.append(watch_once(self, "1" if not began else version))
        return began[-1]

    watch_once = CreationWatch._watch
    monkeypatch.setattr(CreationWatch, "_watch", forgotten)
    with forgetful.namespace() as namespace:
        make_jobs(forgetful.cluster, namespace, [(f"before{number}", "e1") for number in range(3)])
        time.sleep(2.5)  # the server compacts every second
        watch = CreationWatch(JobPages(forgetful.cluster, namespace, LABEL, Patience()), 0, Patience())
        deadline = time.monotonic() + 30
        while not began and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)
        make_jobs(forgetful.cluster, namespace, [("after", "e1")])
        told = [watch.next(10)]
        while (name := watch.next(0.5)) is not None:
            told.append(name)
        assert told[-1] == "after"
        assert began[0] is None
        watch.close()
