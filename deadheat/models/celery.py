"""The Celery queue between the API and the worker, with late acknowledgement.

`acks_late=True` with `task_reject_on_worker_lost=True`: the message is acknowledged after the task, and goes back to
the queue when its worker is lost. Source: Celery user guide, "Tasks", `Task.acks_late` and
`Task.reject_on_worker_lost`.
"""

from __future__ import annotations

from enum import StrEnum

from deadheat.sim.components import BLOCKED, Component, Step, Steps, operation

__all__ = ["CeleryQueue", "Message"]


class Message(StrEnum):
    """Where the task's message is."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    ACKNOWLEDGED = "acknowledged"


class CeleryQueue(Component):
    """One message an evaluation, waiting from the start."""

    keyed = True
    initial = Message.WAITING

    @operation
    def deliver(self, value: Message, evaluation: str) -> Steps:
        """Wait for the message, and take it without acknowledging it."""
        return (Step(None, Message.DELIVERED),) if value is Message.WAITING else BLOCKED

    @operation
    def acknowledge(self, value: Message, evaluation: str) -> Steps:
        """Tell the broker that the task is done."""
        return (Step(None, Message.ACKNOWLEDGED),)

    @operation
    def requeue(self, value: Message, evaluation: str) -> Steps:
        """Put an unacknowledged message back: its worker was lost."""
        return (Step(None, Message.WAITING if value is Message.DELIVERED else value),)
