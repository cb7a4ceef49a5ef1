"""How the worker calls the dispatcher over HTTP, and what it takes for a failure."""

from __future__ import annotations

from typing import Any

from deadheat.models.components.http import GaveUp, TimedOut
from deadheat.models.components.kubernetes import ERRORS
from deadheat.models.roles import Steps
from deadheat.models.steps import T2
from deadheat.models.system import System, Task

__all__ = ["call", "has_failed"]


def call(system: System, task: Task, content: Any = None) -> Steps:
    """Send a request (T2) and wait for the response, sending the same request again whenever it times out."""
    number = yield T2(system.http.send(task.evaluation, task.worker, content))
    while isinstance(response := (yield system.http.response(task.evaluation, number)), TimedOut):
        number = yield T2(system.http.send(task.evaluation, task.worker, content))
    return response


def has_failed(response: Any) -> bool:
    """Return whether a response is an error (HTTP 500, for the dispatcher's client raised one), or none came."""
    return isinstance(response, GaveUp) or response in ERRORS
