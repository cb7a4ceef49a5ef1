"""Option 3: a token made by the worker, invalidated by the cancellation, validated by the dispatcher.

Source: the original analysis, "Option 3: Request Token Pattern". Readings where the text is silent: the worker stores
the token just before its call; the cancel handler invalidates it before it tries the kill; the dispatcher validates by
comparing the request's token with the stored one, which it leaves there. Validation and creation are two steps, as in
the text.
"""

from __future__ import annotations

from dataclasses import replace

from deadheat import Protocol, Steps
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
    Status,
    System,
    Task,
    baseline,
    call,
    has_failed,
    key_of,
)

__all__ = ["REQUEST_TOKEN", "cancel", "dispatch", "worker"]


def worker(system: System, task: Task) -> Steps:
    yield T0(system.queue.deliver(task.evaluation, task.worker))
    yield T1(system.store.set(task.evaluation, Status.PROVISIONING))
    token = yield system.tokens.generate(task.evaluation)
    yield system.redis.set(key_of("token", task.evaluation), token, holder=task.worker)
    if has_failed((yield from call(system, task, token))):
        yield system.store.set(task.evaluation, Status.FAILED)
    yield system.queue.acknowledge(task.evaluation, task.worker)


def dispatch(system: System, request: DispatchRequest) -> Steps:
    if (yield system.redis.get(key_of("token", request.evaluation))) != request.content:
        return REFUSED
    return (yield from baseline.dispatch(system, request))


def cancel(system: System, request: CancelRequest) -> Steps:
    evaluation, number = request.evaluation, request.number
    yield system.user.cancellation(evaluation, number)
    if (yield T4(system.store.get(evaluation))) in TERMINAL:
        yield system.user.answer(evaluation, number, Cancellation.TOO_LATE)
        return
    yield system.redis.delete(key_of("token", evaluation))
    yield T5(system.kubernetes.delete_job(evaluation))
    yield T6(system.store.set(evaluation, Status.CANCELLED))
    yield system.user.answer(evaluation, number, Cancellation.CANCELLED)


REQUEST_TOKEN: Protocol = replace(
    baseline.BASELINE,
    name="request-token",
    summary="the dispatcher creates only for a token that no cancellation has invalidated",
    source="Option 3: Request Token Pattern",
    worker=worker,
    dispatch=dispatch,
    cancel=cancel,
    leases=True,
)
