"""A protocol put to work: the components and processes for a number of evaluations and a budget of faults.

Every evaluation has its user, its Celery worker, its cancel handler, its controllers in the cluster, and one
dispatcher handler for each delivery that its requests can have. So everything runs concurrently with everything else,
and no pool is ever too small. What only a fault brings about is there only if that fault has a budget.

That no pool is too small is counted so. A message waits at the start, after a new submission, and after its worker lost
it: by a visibility timeout, by a crash, or for good. Each of these but the crash lets one more worker stand by, and a
worker that crashes takes part again itself: so as many take a message as there are messages to be taken. Each taking is
one run, of so many calls as the protocol says, and whatever makes a call be sent again is a fault with a budget.
A test looks, for every protocol and fault, for messages that nobody takes and requests that nobody handles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from inspect import Parameter, signature
from typing import Any

from deadheat.models import faults as kinds
from deadheat.models.components.celery import CeleryQueue
from deadheat.models.components.chance import Chance
from deadheat.models.components.http import HttpChannel
from deadheat.models.components.redis import Redis
from deadheat.models.components.tokens import Tokens
from deadheat.models.components.user import User
from deadheat.models.surroundings import (
    ask_for_cancellation,
    at_work,
    control_jobs,
    expire_keys,
    fail_over,
    lose_events,
    serve,
    stand_by,
    submit_again,
    time_out_messages,
)
from deadheat.models.system import CancelRequest, Faults, Protocol, Steps, System, Task
from deadheat.sim.components import Component
from deadheat.sim.model import Crash, Process
from deadheat.sim.operations import Operation, atomically

__all__ = ["World", "build"]


@dataclass(frozen=True)
class World:
    """What a protocol consists of at one size."""

    system: System
    components: Mapping[str, Component]
    processes: tuple[Process, ...]

    @property
    def interchangeable(self) -> tuple[str, ...]:
        """The names that make no difference, as far as the world goes: those of the evaluations."""
        return self.system.evaluations


def build(protocol: Protocol, evaluations: int, faults: Faults) -> World:
    """Return the world of a protocol at one size; the fault budgets decide which processes it needs."""
    names = tuple(f"e{number}" for number in range(1, evaluations + 1))
    system = System(
        evaluations=names,
        user=User("user"),
        queue=CeleryQueue("queue"),
        status=_made(protocol.status, "status", replicas=bool(faults.get(kinds.STALE_STATUS))),
        http=HttpChannel("http"),
        redis=Redis("redis", leases=protocol.leases),
        tokens=Tokens("tokens"),
        kubernetes=_made(
            protocol.kubernetes,
            "kubernetes",
            watched=protocol.watches_jobs,
            stale_lists=bool(faults.get(kinds.STALE_LIST)),
        ),
        chance=Chance("chance"),
    )
    processes = [each for name in names for each in _processes_of(protocol, system, name, faults)]
    if faults.get(kinds.REDIS_FAILOVER):
        processes.append(Process("replica", fail_over, (system,), repeats=True, owed=False))
    for more in protocol.processes:
        processes.extend(more(system, faults))
    return World(system, _components(system), tuple(processes))


def _made(component: Callable[..., Any], name: str, **options: bool) -> Any:
    """Return a component of a class that a protocol names, told as much as that class takes."""
    taken = signature(component).parameters
    takes_all = any(each.kind is Parameter.VAR_KEYWORD for each in taken.values())
    return component(name, **{option: value for option, value in options.items() if takes_all or option in taken})


def _components(system: System) -> dict[str, Component]:
    every: tuple[Component, ...] = (
        system.user,
        system.queue,
        system.status,
        system.http,
        system.tokens,
        system.redis,
        system.kubernetes,
        system.chance,
    )
    instances: dict[str, Component] = {}
    for component in every:
        if component.keyed:
            instances.update((f"{component.name}/{evaluation}", component) for evaluation in system.evaluations)
        else:
            instances[component.name] = component
    return instances


def _processes_of(protocol: Protocol, system: System, evaluation: str, faults: Faults) -> Iterator[Process]:
    for times, name in enumerate(_names(f"worker/{evaluation}", _workers(faults))):
        task, crashes = Task(evaluation, name), _worker_crashes(protocol, system, evaluation, name)
        if times == 0:
            yield _process(protocol, system, evaluation, name, protocol.worker, (system, task), crashes)
        else:
            standing_by = (system, task, times, protocol.worker)
            yield _process(protocol, system, evaluation, name, stand_by, standing_by, crashes)
    more_cancels = faults.get(kinds.REPEATED_CANCEL, 0)
    yield Process(
        f"user/{evaluation}", ask_for_cancellation, (system, evaluation), repeats=more_cancels > 0, owed=False
    )
    for number, name in enumerate(_names(f"cancel/{evaluation}", 1 + more_cancels), start=1):
        request = CancelRequest(evaluation, number, name)
        crashes = _cancel_crashes(protocol, system, request)
        yield _process(protocol, system, evaluation, name, protocol.cancel, (system, request), crashes)
    for number in range(1, _deliveries(protocol, faults) + 1):
        name = f"dispatcher/{evaluation}/{number}"
        crashes = _dispatcher_crashes(protocol, system, evaluation, number, name)
        handling = (system, protocol.dispatch, evaluation, number, name)
        yield _process(protocol, system, evaluation, name, serve, handling, crashes)
    yield Process(f"controllers/{evaluation}", control_jobs, (system, evaluation), repeats=True)
    yield from _clocks(protocol, system, evaluation, faults)


def _clocks(protocol: Protocol, system: System, evaluation: str, faults: Faults) -> Iterator[Process]:
    """Yield what happens by itself, where there is something that it can happen to."""
    ours = (system, evaluation)
    if protocol.leases:
        yield Process(f"expiry/{evaluation}", expire_keys, ours, repeats=True)
    if faults.get(kinds.CELERY_REDELIVERY):
        yield Process(f"broker/{evaluation}", time_out_messages, ours, repeats=True, owed=False)
    if faults.get(kinds.WATCH_LOSS) and protocol.watches_jobs:
        yield Process(f"watch/{evaluation}", lose_events, ours, repeats=True, owed=False)
    if faults.get(kinds.RESUBMISSION):
        yield Process(f"resubmission/{evaluation}", submit_again, (*ours, protocol), repeats=True, owed=False)
    if faults.get(kinds.COMPLETION):
        yield Process(f"completion/{evaluation}", protocol.complete, ours, repeats=True)


def _process(
    protocol: Protocol,
    system: System,
    evaluation: str,
    name: str,
    role: Callable[..., Steps],
    arguments: tuple[Any, ...],
    crashes: tuple[Crash, ...],
) -> Process:
    """Return a process that can crash; with leases, one that lets go of its keys when it has done its work."""
    if not protocol.leases:
        return Process(name, role, arguments, crashes=crashes)
    return Process(name, at_work, (system, evaluation, name, role, *arguments), crashes=crashes)


def _names(name: str, count: int) -> list[str]:
    return [name, *(f"{name}/{number}" for number in range(2, count + 1))]


def _workers(faults: Faults) -> int:
    """Return how many workers there can be at work: one, and another whenever the queue needs one (`again`)."""
    return 1 + sum(faults.get(kind, 0) for kind in (kinds.CELERY_REDELIVERY, kinds.RESUBMISSION, kinds.WORKER_LOSS))


def _deliveries(protocol: Protocol, faults: Faults) -> int:
    """Return how many deliveries there can be: one for each call of each run, and one for each that is sent again."""
    runs = _workers(faults) + faults.get(kinds.WORKER_CRASH, 0)
    again = sum(faults.get(kind, 0) for kind in (kinds.HTTP_RETRY, kinds.HTTP_LOSS, kinds.DISPATCHER_CRASH))
    return protocol.calls * runs + again


def _worker_crashes(protocol: Protocol, system: System, evaluation: str, name: str) -> tuple[Crash, ...]:
    """Return the crashes of a worker: its broker and its HTTP peer notice, and what it leased is forsaken.

    Its message goes back to the queue; one that restarts may take it itself, and for one that does not another stands
    by.
    """
    hung_up = system.http.hang_up(evaluation, name)
    crashed = (system.queue.requeue(evaluation, name), hung_up, *_forsaken(protocol, system, evaluation, name))
    lost = (system.queue.lose(evaluation, name), hung_up, *_forsaken(protocol, system, evaluation, name, for_good=True))
    return (
        Crash(kinds.WORKER_CRASH, consequences=atomically(*crashed)),
        Crash(kinds.WORKER_LOSS, restarts=False, consequences=atomically(*lost)),
    )


def _cancel_crashes(protocol: Protocol, system: System, request: CancelRequest) -> tuple[Crash, ...]:
    evaluation, name = request.evaluation, request.handler
    crashed = _forsaken(protocol, system, evaluation, name)
    lost = _forsaken(protocol, system, evaluation, name, for_good=True)
    return (
        Crash(kinds.CANCEL_CRASH, consequences=atomically(*crashed)),
        Crash(kinds.CANCEL_LOSS, restarts=False, consequences=atomically(*lost)),
    )


def _dispatcher_crashes(
    protocol: Protocol, system: System, evaluation: str, number: int, name: str
) -> tuple[Crash, ...]:
    """Return the crashes of a handler: its caller's connection breaks, and what it leased is forsaken.

    Neither resumes the request: a restarted dispatcher handles it when it is sent again, as another delivery.
    """
    forsaken = _forsaken(protocol, system, evaluation, name, for_good=True)
    reset = (system.http.reset(evaluation, number), *forsaken)
    refuse = (system.http.refuse(evaluation, number), *forsaken)
    return (
        Crash(kinds.DISPATCHER_CRASH, restarts=False, consequences=atomically(*reset)),
        Crash(kinds.DISPATCHER_LOSS, restarts=False, consequences=atomically(*refuse)),
    )


def _forsaken(
    protocol: Protocol, system: System, evaluation: str, name: str, *, for_good: bool = False
) -> tuple[Operation, ...]:
    """Return what Redis notices of a crash, where there may be leases."""
    return (system.redis.forsake(evaluation, name, for_good),) if protocol.leases else ()
