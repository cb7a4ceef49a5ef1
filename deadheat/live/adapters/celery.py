"""The Celery queue for real: Celery's own messages on a Redis broker, acknowledged late.

Each evaluation has a queue of its own, so that a schedule can say whose message is delivered. Taking, acknowledging
and giving back a message are the steps of Celery's worker with `acks_late=True` and
`task_reject_on_worker_lost=True`, made one at a time through kombu, Celery's messaging library. With
`--topology processes`, a whole Celery worker makes them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from threading import Lock
from typing import TYPE_CHECKING, Any

from deadheat.live.adapters.base import Adapter, poll
from deadheat.sim.errors import LiveError

if TYPE_CHECKING:
    from celery import Celery

__all__ = ["TASK", "CeleryAdapter", "celery_app", "queue_name"]

TASK = "deadheat.evaluate"
VISIBILITY_TIMEOUT_S = 3600
ANSWER_PATIENCE_S = 4.0


def celery_app(broker: str, prefix: str, visibility_timeout_s: int = VISIBILITY_TIMEOUT_S) -> Celery:
    """Return a Celery application that acknowledges late, on a Redis broker whose keys carry the run's prefix."""
    from celery import Celery

    app = Celery("deadheat", broker=broker, set_as_current=False)
    app.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        worker_prefetch_multiplier=1,
        broker_connection_retry_on_startup=False,
        task_publish_retry=False,
        broker_transport_options={
            "visibility_timeout": visibility_timeout_s,
            "global_keyprefix": prefix,
            # A broker that does not answer is to be told of: kombu's own patience is a hundred times that of redis-py.
            "socket_timeout": ANSWER_PATIENCE_S,
            "socket_connect_timeout": ANSWER_PATIENCE_S,
            "max_retries": 0,
        },
    )
    return app


def queue_name(evaluation: str) -> str:
    """Return the name of the queue that holds the evaluation's task."""
    return f"evaluations.{evaluation}"


class CeleryAdapter(Adapter):
    """One task an evaluation, sent when the adapter is made."""

    def __init__(self, broker: str, prefix: str, evaluations: Iterable[str]) -> None:
        super().__init__("queue")
        self._lock = Lock()
        self._again: Counter[str] = Counter()
        self._messages: dict[tuple[str, str], Any] = {}
        self._app = celery_app(broker, prefix)
        for each in evaluations:
            self._send(each)
        self._connection = self._app.connection_for_read()
        self._channel = self._connection.channel()

    def deliver(self, evaluation: str, worker: str) -> None:
        """Take the task's message, without acknowledging it."""
        for _ in poll(self.patience_s, f"no message of evaluation {evaluation} was waiting"):
            with self._lock:
                message = self._channel.basic_get(queue_name(evaluation))
            if message is not None:
                self._messages[evaluation, worker] = message
                return

    def acknowledge(self, evaluation: str, worker: str) -> None:
        """Tell the broker that the task is done; it does not know a message that went back to the queue."""
        message = self._messages.pop((evaluation, worker), None)
        if message is not None:
            with self._lock:
                message.ack()

    def requeue(self, evaluation: str, worker: str) -> None:
        """Give the message back, if it was taken and not acknowledged."""
        message = self._messages.pop((evaluation, worker), None)
        if message is not None:
            with self._lock:
                message.requeue()

    def lose(self, evaluation: str, worker: str) -> None:
        """Give the message back, and let another worker take the place of the one that is lost."""
        self.requeue(evaluation, worker)
        self._again[evaluation] += 1

    def time_out_celery_redelivery(self, evaluation: str) -> None:
        """Give a taken message back, although its worker is at work, as the visibility timeout does."""
        worker = next(worker for each, worker in self._messages if each == evaluation)
        self.requeue(evaluation, worker)
        self._again[evaluation] += 1

    def publish(self, evaluation: str) -> None:
        """Send the task once more."""
        self._send(evaluation)
        self._again[evaluation] += 1

    def needs_another(self, evaluation: str, times: int) -> None:
        """Wait until another worker was needed so many times."""
        for _ in poll(self.patience_s, f"evaluation {evaluation} needed no further worker"):
            if self._again[evaluation] >= times:
                return

    def _send(self, evaluation: str) -> None:
        from kombu.exceptions import OperationalError

        try:
            self._app.send_task(TASK, args=[evaluation], queue=queue_name(evaluation))
        except OperationalError:  # what it says may quote the URL
            raise LiveError("The Celery broker does not answer, or refuses; check --redis.") from None

    def close(self) -> None:
        """Hang up."""
        with self._lock:
            self._connection.close()
        self._app.close()
