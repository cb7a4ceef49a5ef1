"""Option 6: all state changes are events, and the dispatcher subscribes to the cancellations.

Source: seed, "Option 6: Event Sourcing". Readings where the text is silent: an evaluation's status is what its newest
event says; the cancel handler reads the whole log, the dispatcher only what its subscription has delivered so far; a
cancellation event that arrives after the Job was created aborts nothing any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from deadheat.models.calls import call
from deadheat.models.protocols import baseline
from deadheat.models.protocols.status_check import REFUSED
from deadheat.models.status import TERMINAL, Status
from deadheat.models.steps import T0, T1, T4, T5, T6
from deadheat.models.stream import EventStream
from deadheat.models.system import DispatchRequest, Steps, System, job_name
from deadheat.models.user import Cancellation
from deadheat.sim.model import Process

__all__ = ["EVENT_SOURCING", "cancel", "dispatch", "subscription", "worker"]


def worker(system: System, evaluation: str) -> Steps:
    yield T0(system.queue.deliver(evaluation))
    yield T1(system.stream.append(evaluation, Status.PROVISIONING))
    yield from call(system, evaluation)
    yield system.queue.acknowledge(evaluation)


def subscription(system: System) -> Steps:
    yield system.stream.receive()


def dispatch(system: System, request: DispatchRequest) -> Steps:
    if (yield system.stream.has_received(request.evaluation, Status.CANCELLED)):
        return REFUSED
    return (yield from baseline.dispatch(system, request))


def cancel(system: System, evaluation: str) -> Steps:
    yield system.user.cancellation(evaluation)
    if (yield T4(system.stream.get(evaluation))) in TERMINAL:
        yield system.user.answer(evaluation, Cancellation.TOO_LATE)
        return
    yield T5(system.kubernetes.delete_job(job_name(evaluation)))
    yield T6(system.stream.append(evaluation, Status.CANCELLED))
    yield system.user.answer(evaluation, Cancellation.CANCELLED)


def processes(system: System) -> Sequence[Process]:
    return (Process("subscription", subscription, (system,), repeats=True),)


EVENT_SOURCING = replace(
    baseline.BASELINE,
    name="event-sourcing",
    summary="the dispatcher aborts if the cancellation event has reached it",
    source="Option 6: Event Sourcing",
    worker=worker,
    dispatch=dispatch,
    cancel=cancel,
    status=EventStream,
    processes=(processes,),
)
