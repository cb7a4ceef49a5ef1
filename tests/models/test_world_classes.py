"""The world of a protocol is made of the components that it names, each told as much as its class takes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from deadheat.models.components.kubernetes import Kubernetes
from deadheat.models.components.status import StatusStore
from deadheat.models.components.stream import EventStream
from deadheat.models.faults import STALE_LIST, STALE_STATUS
from deadheat.models.protocols.baseline import BASELINE
from deadheat.models.world import build


class Store(StatusStore):
    """A store that takes what ours does."""


class Closed(StatusStore):
    """A store that is made by its name alone."""

    def __init__(self, name: str) -> None:
        super().__init__(name)


class Open(StatusStore):
    """A store that takes whatever it is given."""

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(name, **options)


class Stream(EventStream):
    """A stream."""


class Cluster(Kubernetes):
    """A cluster that is told of stale lists, and not of watches."""

    def __init__(self, name: str, *, stale_lists: bool) -> None:
        super().__init__(name, stale_lists=stale_lists)


@pytest.mark.parametrize("status", [StatusStore, Store, Closed, Open, EventStream, Stream])
def test_the_status_lives_where_the_protocol_says(status: Any) -> None:
    world = build(replace(BASELINE, status=status), 1, {})
    assert type(world.system.status) is status
    assert world.components["status/e1"] is world.system.status


def test_a_store_has_replicas_where_they_may_be_stale_and_its_class_takes_them() -> None:
    for status in (StatusStore, Store, Open):
        for budget in (0, 1):
            store = build(replace(BASELINE, status=status), 1, {STALE_STATUS: budget}).system.store
            assert store.replicas is bool(budget)
    assert not build(replace(BASELINE, status=Closed), 1, {STALE_STATUS: 1}).system.store.replicas


def test_a_cluster_of_a_class_of_ones_own_is_told_what_it_takes() -> None:
    cluster = build(replace(BASELINE, kubernetes=Cluster, watches_jobs=True), 1, {STALE_LIST: 1}).system.kubernetes
    assert type(cluster) is Cluster
    assert (cluster.watched, cluster.stale_lists) == (False, True)
