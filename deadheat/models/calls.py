"""How the worker calls the dispatcher over HTTP."""

from __future__ import annotations

from typing import Any

from deadheat.models.http import TimedOut
from deadheat.models.steps import T2
from deadheat.models.system import Steps, System

__all__ = ["call"]


def call(system: System, evaluation: str, content: Any = None) -> Steps:
    """Send a request (T2) and wait for the response, sending the same request again whenever it times out."""
    number = yield T2(system.http.send(evaluation, content))
    while isinstance(response := (yield system.http.response(evaluation, number)), TimedOut):
        number = yield T2(system.http.send(evaluation, content))
    return response
