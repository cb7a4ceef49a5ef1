"""Protocols that only tests know: variants of the baseline, findable by name while a test runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from deadheat.models.components.status import TERMINAL, Status
from deadheat.models.protocols import PROTOCOLS
from deadheat.models.protocols.baseline import BASELINE
from deadheat.models.roles import Steps
from deadheat.models.steps import T0, T1
from deadheat.models.system import Protocol, System, Task
from deadheat.scenarios import catalogue
from deadheat.scenarios.catalogue import DEFAULT_PROTOCOLS

__all__ = ["EACH", "NEVER_MATCHES", "SEVERAL", "added", "changed"]

SEVERAL = ("baseline", "creation-lock", "event-sourcing", "name-tombstone", "baseline+storage-worker")
"""Protocols that stand for all of them where each takes long: nothing is in the way of races, a lock with a lease, a
queue of its own beside the status, names that are taken for good, and roles that are added."""

EACH = [name if name in SEVERAL else pytest.param(name, marks=pytest.mark.slow) for name in DEFAULT_PROTOCOLS]
"""Each protocol, those that these stand for in the long campaign (`-m slow`)."""


@contextmanager
def added(*protocols: Protocol) -> Iterator[None]:
    """Let scenarios know these protocols, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "PROTOCOLS", (*PROTOCOLS, *protocols))
        yield


def changed(name: str, **changes: Any) -> Protocol:
    """Return the baseline with some of its parts changed, under a name."""
    return replace(BASELINE, name=name, **changes)


def _worker(system: System, task: Task) -> Steps:
    """Never calls the dispatcher, for it takes no status for the one that it waits for."""
    yield T0(system.queue.deliver(task.evaluation, task.worker))
    status = yield system.store.get(task.evaluation)
    if status not in TERMINAL and status is "".join(["que", "ued"]):
        yield T1(system.store.set(task.evaluation, Status.PROVISIONING))
    yield system.queue.acknowledge(task.evaluation, task.worker)


NEVER_MATCHES = changed("never-matches", worker=_worker)
"""T1, T2, T7 and T8 are never reached, and so nothing can go wrong."""
