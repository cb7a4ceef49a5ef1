"""A protocol put to work: the components and processes for a number of evaluations and a budget of faults.

Every evaluation has its user, its Celery worker, its cancel handler, its controllers in the cluster, and one
dispatcher handler for each delivery that its requests can have. So everything runs concurrently with everything else,
and no pool is ever too small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from deadheat.models.celery import CeleryQueue
from deadheat.models.http import HTTP_RETRY, HttpChannel
from deadheat.models.kubernetes import Kubernetes
from deadheat.models.redis import LEASE_EXPIRY, Redis
from deadheat.models.steps import T3, T7
from deadheat.models.system import DispatchRequest, Protocol, Steps, System, job_name
from deadheat.models.tokens import Tokens
from deadheat.models.user import User
from deadheat.sim.components import Component
from deadheat.sim.model import Crash, Process
from deadheat.sim.operations import atomically

__all__ = ["FAULTS", "WORKER_CRASH", "World", "build"]

WORKER_CRASH = "worker-crash"

FAULTS: Mapping[str, str] = {
    WORKER_CRASH: "the Celery worker is killed at any step and restarts; its unacknowledged task is delivered again",
    HTTP_RETRY: "the worker's HTTP call times out and is sent again, while the first delivery goes on",
    LEASE_EXPIRY: "a Redis key's time to live runs out while the process that set it still counts on it",
}
"""The kinds of fault, each with its line of explanation."""


@dataclass(frozen=True)
class World:
    """What a protocol consists of at one size."""

    system: System
    components: Mapping[str, Component]
    processes: tuple[Process, ...]


def build(protocol: Protocol, evaluations: int, faults: Mapping[str, int]) -> World:
    """Return the world of a protocol at one size; the fault budgets decide how many deliveries it needs."""
    names = tuple(f"e{number}" for number in range(1, evaluations + 1))
    system = System(
        evaluations=names,
        user=User("user"),
        queue=CeleryQueue("queue"),
        status=protocol.status("status"),
        http=HttpChannel("http"),
        redis=Redis("redis"),
        tokens=Tokens("tokens"),
        kubernetes=Kubernetes("kubernetes", watched=protocol.watches_jobs),
    )
    deliveries = protocol.calls * (1 + faults.get(WORKER_CRASH, 0)) + faults.get(HTTP_RETRY, 0)
    return World(system, _components(system), tuple(_processes(protocol, system, deliveries, faults)))


def _components(system: System) -> dict[str, Component]:
    every: tuple[Component, ...] = (
        system.user,
        system.queue,
        system.status,
        system.http,
        system.tokens,
        system.redis,
        system.kubernetes,
    )
    instances: dict[str, Component] = {}
    for component in every:
        if component.keyed:
            instances.update((f"{component.name}/{evaluation}", component) for evaluation in system.evaluations)
        else:
            instances[component.name] = component
    return instances


def _processes(protocol: Protocol, system: System, deliveries: int, faults: Mapping[str, int]) -> Iterator[Process]:
    for evaluation in system.evaluations:
        crashes = (_worker_crash(system, evaluation),)
        yield Process(f"worker/{evaluation}", protocol.worker, (system, evaluation), crashes=crashes)
        yield Process(f"user/{evaluation}", ask_for_cancellation, (system, evaluation), owed=False)
        yield Process(f"cancel/{evaluation}", protocol.cancel, (system, evaluation))
        for number in range(deliveries):
            name = f"dispatcher/{evaluation}/{number + 1}"
            yield Process(name, serve, (system, protocol.dispatch, evaluation, number, name))
        yield Process(f"controllers/{evaluation}", control_job, (system, evaluation), repeats=True)
    if faults.get(LEASE_EXPIRY) or faults.get(WORKER_CRASH):
        yield Process("expiry", expire_keys, (system,), repeats=True)
    for processes in protocol.processes:
        yield from processes(system)


def _worker_crash(system: System, evaluation: str) -> Crash:
    """Return the crash of a worker: its broker and its HTTP peer notice, and what it leased is forsaken."""
    return Crash(
        WORKER_CRASH,
        consequences=atomically(
            system.queue.requeue(evaluation),
            system.http.hang_up(evaluation),
            system.redis.forsake(f"worker/{evaluation}"),
        ),
    )


def ask_for_cancellation(system: System, evaluation: str) -> Steps:
    """The user: may ask for a cancellation at any time, once."""
    yield T3(system.user.cancel(evaluation))


def serve(
    system: System, dispatch: Callable[[System, DispatchRequest], Steps], evaluation: str, number: int, name: str
) -> Steps:
    """The dispatcher's endpoint: handles one delivery of a request."""
    content = yield T7(system.http.accept(evaluation, number))
    response = yield from dispatch(system, DispatchRequest(evaluation, content, name))
    yield system.http.reply(evaluation, number, response)


def control_job(system: System, evaluation: str) -> Steps:
    """The Job controller, the kubelet and the garbage collector, for the evaluation's Job."""
    yield system.kubernetes.progress(job_name(evaluation))


def expire_keys(system: System) -> Steps:
    """Redis's own clock."""
    yield system.redis.expire()
