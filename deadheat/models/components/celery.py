"""The Celery queue between the API and the workers, with late acknowledgement.

`acks_late=True` with `task_reject_on_worker_lost=True`: a message is acknowledged after the task, and goes back to the
queue when its worker is lost, for another worker of the pool. With Redis as the broker it also goes back when the
visibility timeout ends, although its worker may still be at work. Source: Celery user guide, "Tasks", `Task.acks_late`
and `Task.reject_on_worker_lost`; "Using Redis", "Visibility timeout".
"""

from __future__ import annotations

from typing import NamedTuple

from deadheat.models.faults import CELERY_REDELIVERY, FAULTS
from deadheat.sim.components import BLOCKED, Component, Step, Steps, operation
from deadheat.sim.traits import by_itself, hands_work

__all__ = ["WAITING", "CeleryQueue", "Message", "QueueState"]


class Message(NamedTuple):
    """A message that is not yet acknowledged. `worker` is who has it; None while it waits."""

    worker: str | None = None


WAITING = Message()


class QueueState(NamedTuple):
    """The messages, oldest first; and how often another worker was needed.

    That is so for a redelivery, for a new submission, and for a worker that is lost: it may have had a message, or have
    been the one that would have taken it.
    """

    messages: tuple[Message, ...] = (WAITING,)
    again: int = 0


class CeleryQueue(Component):
    """The messages for one evaluation's task: one from the start, and one more each time it is submitted again."""

    keyed = True
    initial = QueueState()
    faults = (FAULTS[CELERY_REDELIVERY],)

    def describe(self, value: QueueState) -> str:
        """Return who has each message."""
        return ", ".join(f"with {each.worker}" if each.worker else "waiting" for each in value.messages) or "empty"

    @hands_work
    @operation
    def deliver(self, value: QueueState, evaluation: str, worker: str) -> Steps:
        """Wait for a message, and take it without acknowledging it."""
        return (Step(None, _replace(value, WAITING, Message(worker))),) if WAITING in value.messages else BLOCKED

    @operation
    def acknowledge(self, value: QueueState, evaluation: str, worker: str) -> Steps:
        """Tell the broker that the task is done; it has forgotten who had a message that went back to the queue."""
        return (Step(None, _replace(value, Message(worker), None)),)

    @operation
    def requeue(self, value: QueueState, evaluation: str, worker: str) -> Steps:
        """Put an unacknowledged message back: its worker crashed, and will be there again."""
        return (Step(None, _replace(value, Message(worker), WAITING)),)

    @operation
    def lose(self, value: QueueState, evaluation: str, worker: str) -> Steps:
        """Put an unacknowledged message back: its worker is lost, and another has to take its place."""
        return (Step(None, _replace(value, Message(worker), WAITING)._replace(again=value.again + 1)),)

    @by_itself("broker", owed=False, fault=CELERY_REDELIVERY)
    @operation
    def time_out(self, value: QueueState, evaluation: str) -> Steps:
        """Put a delivered message back, although its worker is at work: the fault `celery-redelivery`."""
        return [
            Step(None, _replace(value, each, WAITING)._replace(again=value.again + 1), fault=CELERY_REDELIVERY)
            for each in value.messages
            if each != WAITING
        ]

    @operation
    def publish(self, value: QueueState, evaluation: str) -> Steps:
        """Put a new message into the queue."""
        return (Step(None, QueueState((*value.messages, WAITING), value.again + 1)),)

    @operation
    def needs_another(self, value: QueueState, evaluation: str, times: int) -> Steps:
        """Wait until another worker was needed so many times."""
        return (Step(None, value),) if value.again >= times else BLOCKED


def _replace(value: QueueState, old: Message, new: Message | None) -> QueueState:
    """Return the queue with the first `old` message replaced, or taken out; unchanged if there is none."""
    if old not in value.messages:
        return value
    index = value.messages.index(old)
    changed = (*value.messages[:index], *((new,) if new is not None else ()), *value.messages[index + 1 :])
    return value._replace(messages=changed)
