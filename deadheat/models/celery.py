"""The Celery queue between the API and the workers, with late acknowledgement.

`acks_late=True` with `task_reject_on_worker_lost=True`: a message is acknowledged after the task, and goes back to the
queue when its worker is lost. With Redis as the broker it also goes back when the visibility timeout ends, although
its worker may still be at work. Source: Celery user guide, "Tasks", `Task.acks_late` and `Task.reject_on_worker_lost`;
"Using Redis", "Visibility timeout".
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from deadheat.models.faults import CELERY_REDELIVERY
from deadheat.sim.components import BLOCKED, Component, Step, Steps, operation

__all__ = ["WAITING", "CeleryQueue", "Message", "Messages"]


class Message(NamedTuple):
    """A message that is not yet acknowledged. `worker` is who has it; None while it waits."""

    worker: str | None = None


Messages: TypeAlias = tuple[Message, ...]
"""The messages of one evaluation, oldest first."""

WAITING = Message()


class CeleryQueue(Component):
    """The messages for one evaluation's task: one from the start, and one more each time it is submitted again."""

    keyed = True
    initial: Messages = (WAITING,)

    def describe(self, value: Messages) -> str:
        """Return who has each message."""
        return ", ".join(f"with {each.worker}" if each.worker else "waiting" for each in value) or "empty"

    @operation
    def deliver(self, value: Messages, evaluation: str, worker: str) -> Steps:
        """Wait for a message, and take it without acknowledging it."""
        return (Step(None, _replace(value, WAITING, Message(worker))),) if WAITING in value else BLOCKED

    @operation
    def acknowledge(self, value: Messages, evaluation: str, worker: str) -> Steps:
        """Tell the broker that the task is done; it has forgotten who had a message that went back to the queue."""
        return (Step(None, _replace(value, Message(worker), None)),)

    @operation
    def requeue(self, value: Messages, evaluation: str, worker: str) -> Steps:
        """Put an unacknowledged message back: its worker was lost."""
        return (Step(None, _replace(value, Message(worker), WAITING)),)

    @operation
    def time_out(self, value: Messages, evaluation: str) -> Steps:
        """Put a delivered message back, although its worker is at work: the fault `celery-redelivery`."""
        return [
            Step(None, _replace(value, each, WAITING), fault=CELERY_REDELIVERY) for each in value if each is not WAITING
        ]

    @operation
    def publish(self, value: Messages, evaluation: str) -> Steps:
        """Put a new message into the queue."""
        return (Step(None, (*value, WAITING)),)


def _replace(value: Messages, old: Message, new: Message | None) -> Messages:
    """Return the messages with the first `old` one replaced, or taken out; unchanged if there is none."""
    if old not in value:
        return value
    index = value.index(old)
    return (*value[:index], *((new,) if new is not None else ()), *value[index + 1 :])
