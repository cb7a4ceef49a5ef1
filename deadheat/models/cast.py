"""Who takes part when a protocol runs its evaluations: its roles, how many processes each has, and who notices a crash.

As many processes as can have something to do (the count is told in `models/world`), and no more: what only a fault
brings about is there only if that fault has a budget.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from deadheat.models import faults as kinds
from deadheat.models.roles import Faults, Instance, Role, RoleCrash, Steps, crash
from deadheat.models.surroundings import ask_for_cancellation, at_work, fail_over, serve, stand_by, submit_again
from deadheat.models.system import CancelRequest, Protocol, System, Task
from deadheat.sim.operations import Operation

__all__ = ["roles_of"]

FIRST = (None,)
"""The numbers where there is one process alone, or the first of several, whose number is not written."""


def roles_of(protocol: Protocol, faults: Faults) -> tuple[Role[Any], ...]:
    """Return the roles that every protocol has, in their surroundings."""
    return (*_own(protocol, faults), *_surroundings(protocol, faults))


def _own(protocol: Protocol, faults: Faults) -> Iterator[Role[System]]:
    """Yield the protocol's roles, and their user."""
    more_cancels = faults.get(kinds.REPEATED_CANCEL, 0)
    killed = _worker_crashes(protocol)

    def take(system: System, me: Instance) -> tuple[Any, ...]:
        return system, Task(_key(me), me.name)

    def take_later(system: System, me: Instance) -> tuple[Any, ...]:
        return (*take(system, me), (me.number or 1) - 1, protocol.worker)

    def answer(system: System, me: Instance) -> tuple[Any, ...]:
        return system, CancelRequest(_key(me), me.number or 1, me.name)

    def handle(system: System, me: Instance) -> tuple[Any, ...]:
        return system, protocol.dispatch, _key(me), me.number, me.name

    yield _role(protocol, "worker", protocol.worker, FIRST, killed, take)
    yield _role(protocol, "worker", stand_by, _from(2, _workers(faults)), killed, take_later)
    yield Role("user", ask_for_cancellation, True, repeats=more_cancels > 0, owed=False)
    numbers = (*FIRST, *_from(2, 1 + more_cancels))
    yield _role(protocol, "cancel", protocol.cancel, numbers, _cancel_crashes(protocol), answer)
    numbers = _from(1, _deliveries(protocol, faults))
    yield _role(protocol, "dispatcher", serve, numbers, _dispatcher_crashes(protocol), handle)


def _surroundings(protocol: Protocol, faults: Faults) -> Iterator[Role[System]]:
    def submit(system: System, me: Instance) -> tuple[Any, ...]:
        return system, _key(me), protocol

    yield Role("resubmission", submit_again, True, repeats=True, owed=False, needs=kinds.RESUBMISSION, arguments=submit)
    yield Role("completion", protocol.complete, True, repeats=True, needs=kinds.COMPLETION)
    yield Role("replica", fail_over, repeats=True, owed=False, needs=kinds.REDIS_FAILOVER, is_environment=True)


def _role(
    protocol: Protocol,
    name: str,
    function: Callable[..., Steps],
    numbers: tuple[int | None, ...],
    crashes: tuple[RoleCrash[System], ...],
    arguments: Callable[[System, Instance], tuple[Any, ...]],
) -> Role[System]:
    """Return a role that can crash; with leases, one that lets go of its keys when it has done its work."""

    def with_leases(system: System, me: Instance) -> tuple[Any, ...]:
        return (system, _key(me), me.name, function, *arguments(system, me))

    if protocol.leases:
        return Role(name, at_work, True, numbers, crashes=crashes, arguments=with_leases)
    return Role(name, function, True, numbers, crashes=crashes, arguments=arguments)


def _key(me: Instance) -> str:
    assert me.key is not None
    return me.key


def _from(first: int, last: int) -> tuple[int, ...]:
    return tuple(range(first, last + 1))


def _workers(faults: Faults) -> int:
    """Return how many workers there can be at work: one, and another whenever the queue needs one (`again`)."""
    return 1 + sum(faults.get(kind, 0) for kind in (kinds.CELERY_REDELIVERY, kinds.RESUBMISSION, kinds.WORKER_LOSS))


def _deliveries(protocol: Protocol, faults: Faults) -> int:
    """Return how many deliveries there can be: one for each call of each run, and one for each that is sent again."""
    runs = _workers(faults) + faults.get(kinds.WORKER_CRASH, 0)
    again = sum(faults.get(kind, 0) for kind in (kinds.HTTP_RETRY, kinds.HTTP_LOSS, kinds.DISPATCHER_CRASH))
    return protocol.calls * runs + again


def _worker_crashes(protocol: Protocol) -> tuple[RoleCrash[System], ...]:
    """Return the crashes of a worker: its broker and its HTTP peer notice, and what it leased is forsaken.

    Its message goes back to the queue; one that restarts may take it itself, and for one that does not another stands
    by.
    """

    def crashed(system: System, me: Instance) -> tuple[Operation, ...]:
        hung_up = system.http.hang_up(_key(me), me.name)
        return system.queue.requeue(_key(me), me.name), hung_up, *_forsaken(protocol, system, me)

    def lost(system: System, me: Instance) -> tuple[Operation, ...]:
        hung_up = system.http.hang_up(_key(me), me.name)
        return system.queue.lose(_key(me), me.name), hung_up, *_forsaken(protocol, system, me, for_good=True)

    return crash(kinds.WORKER_CRASH, noticed=crashed), crash(kinds.WORKER_LOSS, restarts=False, noticed=lost)


def _cancel_crashes(protocol: Protocol) -> tuple[RoleCrash[System], ...]:
    def crashed(system: System, me: Instance) -> tuple[Operation, ...]:
        return _forsaken(protocol, system, me)

    def lost(system: System, me: Instance) -> tuple[Operation, ...]:
        return _forsaken(protocol, system, me, for_good=True)

    return crash(kinds.CANCEL_CRASH, noticed=crashed), crash(kinds.CANCEL_LOSS, restarts=False, noticed=lost)


def _dispatcher_crashes(protocol: Protocol) -> tuple[RoleCrash[System], ...]:
    """Return the crashes of a handler: its caller's connection breaks, and what it leased is forsaken.

    Neither resumes the request: a restarted dispatcher handles it when it is sent again, as another delivery.
    """

    def crashed(system: System, me: Instance) -> tuple[Operation, ...]:
        return system.http.reset(_key(me), me.number or 1), *_forsaken(protocol, system, me, for_good=True)

    def lost(system: System, me: Instance) -> tuple[Operation, ...]:
        return system.http.refuse(_key(me), me.number or 1), *_forsaken(protocol, system, me, for_good=True)

    return (
        crash(kinds.DISPATCHER_CRASH, restarts=False, noticed=crashed),
        crash(kinds.DISPATCHER_LOSS, restarts=False, noticed=lost),
    )


def _forsaken(protocol: Protocol, system: System, me: Instance, *, for_good: bool = False) -> tuple[Operation, ...]:
    """Return what Redis notices of a crash, where there may be leases."""
    return (system.redis.forsake(_key(me), me.name, for_good),) if protocol.leases else ()
