"""Option 6: all state changes are events, and the dispatcher subscribes to the cancellations.

Source: the original analysis, "Option 6: Event Sourcing". Readings where the text is silent: an evaluation's status is
what its newest event says; the cancel handler reads the whole log, the dispatcher only what its subscription has
delivered so far; a cancellation event that arrives after the Job was created aborts nothing any more.
"""

from __future__ import annotations

from dataclasses import replace

from deadheat import Protocol, Steps, one_each
from deadheat.library import (
    REFUSED,
    T0,
    T1,
    T4,
    T5,
    T6,
    TERMINAL,
    Cancellation,
    CancelRequest,
    DispatchRequest,
    EventStream,
    Status,
    System,
    Task,
    baseline,
    call,
    has_failed,
)

__all__ = ["EVENT_SOURCING", "cancel", "complete", "dispatch", "subscription", "worker"]


def worker(system: System, task: Task) -> Steps:
    yield T0(system.queue.deliver(task.evaluation, task.worker))
    yield T1(system.stream.append(task.evaluation, Status.PROVISIONING))
    if has_failed((yield from call(system, task))):
        yield system.stream.append(task.evaluation, Status.FAILED)
    yield system.queue.acknowledge(task.evaluation, task.worker)


def subscription(system: System, evaluation: str) -> Steps:
    yield system.stream.receive(evaluation)


def dispatch(system: System, request: DispatchRequest) -> Steps:
    if (yield system.stream.has_received(request.evaluation, Status.CANCELLED)):
        return REFUSED
    return (yield from baseline.dispatch(system, request))


def cancel(system: System, request: CancelRequest) -> Steps:
    evaluation, number = request.evaluation, request.number
    yield system.user.cancellation(evaluation, number)
    if (yield T4(system.stream.get(evaluation))) in TERMINAL:
        yield system.user.answer(evaluation, number, Cancellation.TOO_LATE)
        return
    yield T5(system.kubernetes.delete_job(evaluation))
    yield T6(system.stream.append(evaluation, Status.CANCELLED))
    yield system.user.answer(evaluation, number, Cancellation.CANCELLED)


def complete(system: System, evaluation: str) -> Steps:
    yield system.kubernetes.finished(evaluation)
    if (yield system.stream.get(evaluation)) not in TERMINAL:
        yield system.stream.append(evaluation, Status.COMPLETED)


EVENT_SOURCING: Protocol = replace(
    baseline.BASELINE,
    name="event-sourcing",
    summary="the dispatcher aborts if the cancellation event has reached it",
    source="Option 6: Event Sourcing",
    worker=worker,
    dispatch=dispatch,
    cancel=cancel,
    complete=complete,
    status=EventStream,
    roles=(one_each("subscription", subscription, repeats=True),),
)
