"""What goes on around a protocol: its user, the cluster's controllers, clocks that run out, and a replica that lags."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from deadheat.models.roles import Steps
from deadheat.models.steps import T3, T7
from deadheat.models.system import DispatchRequest, Protocol, System, Task
from deadheat.sim.operations import atomically
from deadheat.sim.run.beginning import begun

__all__ = [
    "ask_for_cancellation",
    "at_work",
    "fail_over",
    "serve",
    "stand_by",
    "submit_again",
]


def ask_for_cancellation(system: System, evaluation: str) -> Steps:
    """The user: may ask for a cancellation at any time."""
    yield T3(system.user.cancel(evaluation))


def stand_by(system: System, task: Task, times: int, work: Callable[[System, Task], Steps]) -> Steps:
    """Another worker of the pool: takes part once it was needed so many times."""
    yield system.queue.needs_another(task.evaluation, times)
    yield from begun(work, system, task)


def submit_again(system: System, evaluation: str, protocol: Protocol) -> Steps:
    """The user: may submit a cancelled evaluation again, under the same id."""
    yield atomically(
        system.user.resubmit(evaluation),
        system.status.reset(evaluation),
        system.kubernetes.begin_submission(evaluation),
        system.queue.publish(evaluation),
        *protocol.resubmit(system, evaluation),
    )


def serve(
    system: System, dispatch: Callable[[System, DispatchRequest], Steps], evaluation: str, number: int, name: str
) -> Steps:
    """The dispatcher's endpoint: handles one delivery of a request."""
    caller, content = yield T7(system.http.accept(evaluation, number))
    response = yield from begun(dispatch, system, DispatchRequest(evaluation, content, caller, name))
    yield system.http.reply(evaluation, number, response)


def at_work(system: System, evaluation: str, name: str, role: Callable[..., Steps], *arguments: Any) -> Steps:
    """A process that may hold keys with a time to live: once it has done its work, it counts on none of them."""
    yield from begun(role, *arguments)
    yield system.redis.let_go(evaluation, name)


def fail_over(system: System) -> Steps:
    """Redis's replica: lags behind from some moment on, and is made master at another."""
    yield atomically(*(system.redis.lag(each) for each in system.evaluations))
    yield atomically(*(system.redis.fail_over(each) for each in system.evaluations))
