"""What a delete of a Job leaves of its pods, by its propagation policy: the real API server and its controllers."""

from __future__ import annotations

from typing import Any

import pytest

from deadheat.live.adapters.base import poll
from deadheat.live.adapters.kubernetes import KubernetesAdapter
from deadheat.live.place import Place

pytestmark = pytest.mark.live

PATIENCE_S = 30.0


@pytest.mark.parametrize(
    ("policy", "pods_left"),
    [
        # "For back compatibility": the storage strategy of batch/v1 Jobs orphans what they own.
        (None, 1),
        ("Orphan", 1),
        ("Background", 0),
        ("Foreground", 0),
    ],
)
def test_a_delete_without_a_policy_keeps_the_pods_of_a_job(place: Place, policy: str | None, pods_left: int) -> None:
    with place.namespace() as namespace:
        adapter = KubernetesAdapter(place.cluster, namespace, ["e1"], run=place.run, held=False)
        adapter.create_job("e1")
        name = adapter.get_job("e1").name
        for _ in poll(PATIENCE_S, "the Job controller made no pod"):
            if place.cluster.pods_of(namespace, name):
                break
        options: dict[str, Any] = {} if policy is None else {"propagation_policy": policy}
        place.cluster.batch.delete_namespaced_job(name, namespace, **options)
        for _ in poll(PATIENCE_S, f"the Job {name} stayed"):
            if place.cluster.get_job(namespace, name) is None:
                break
        for _ in poll(PATIENCE_S, f"there were not {pods_left} pods left"):
            pods = place.cluster.pods_of(namespace, name)
            if len(pods) == pods_left:
                break
        assert all(pod.metadata and pod.metadata.deletion_timestamp is None for pod in pods)
        assert all(pod.metadata and not pod.metadata.owner_references for pod in pods)  # so nobody will collect them


def test_the_adapter_takes_the_pods_with_the_job(place: Place) -> None:
    with place.namespace() as namespace:
        adapter = KubernetesAdapter(place.cluster, namespace, ["e1"], run=place.run, held=False)
        adapter.create_job("e1")
        name = adapter.get_job("e1").name
        for _ in poll(PATIENCE_S, "the Job controller made no pod"):
            if place.cluster.pods_of(namespace, name):
                break
        adapter.delete_job("e1")
        for _ in poll(PATIENCE_S, f"the Job {name} stayed"):
            if place.cluster.get_job(namespace, name) is None:
                break
        assert place.cluster.pods_of(namespace, name) == []  # in the foreground: they go first
