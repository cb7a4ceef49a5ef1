"""The queue as a real Celery worker sees it: the worker delivers the task, and acknowledges it when the task returns.

The worker begins to consume when the schedule says that the message is delivered. While the task runs, its message is
unacknowledged; it is acknowledged late, by Celery itself, when the task returns. A worker that is killed leaves its
message to Redis's visibility timeout, and its successor gets it. Celery looks for such messages when it starts, and
then only every 100 seconds, so the successor starts once the timeout has passed.

A process of the model takes one message and ends, where a real worker would go on to the next one: so this one stops
consuming before its task returns, and what comes later is another worker's.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from deadheat.live.adapters.base import Adapter, BlockedError, poll
from deadheat.live.adapters.celery import TASK, CeleryAdapter, celery_app, queue_name
from deadheat.live.adapters.redis import connect
from deadheat.live.place import PREFIX
from deadheat.live.topology.config import ChildConfig

if TYPE_CHECKING:
    import redis

__all__ = ["VISIBILITY_TIMEOUT_S", "BrokerQueue", "WorkerQueue", "unacknowledged"]

VISIBILITY_TIMEOUT_S = 1
REDELIVERY_PATIENCE_S = 30.0


class BrokerQueue(CeleryAdapter):
    """The queues as the broker sees them, where the workers are programs of their own."""

    def __init__(self, broker: str, prefix: str, evaluations: Iterable[str], client: redis.Redis) -> None:
        super().__init__(broker, prefix, evaluations)
        self._prefix = prefix
        self._client = client

    def time_out_celery_redelivery(self, evaluation: str) -> None:
        """Wait until the visibility timeout of a taken message has passed, and let kombu give that message back."""
        for _ in poll(self.patience_s, f"no message of evaluation {evaluation} was taken, and stayed so"):
            for tag, taken in unacknowledged(self._client, self._prefix, evaluation).items():
                if time.time() > taken + VISIBILITY_TIMEOUT_S:
                    with self._lock:
                        self._channel.qos.restore_by_tag(tag)
                    return


def unacknowledged(client: redis.Redis, prefix: str, evaluation: str) -> dict[str, float]:
    """Return when (Unix time, s) the evaluation's unacknowledged messages were taken, by tag, the oldest first."""
    messages = cast(dict[str, str], client.hgetall(f"{prefix}unacked"))
    taken = cast(list[tuple[str, float]], client.zrange(f"{prefix}unacked_index", 0, -1, withscores=True))
    routing_key = f'"{queue_name(evaluation)}"'
    return {tag: at for tag, at in taken if routing_key in messages.get(tag, "")}


class WorkerQueue(Adapter):
    """The message of one evaluation, taken and acknowledged by a Celery worker in this program."""

    def __init__(self, config: ChildConfig) -> None:
        super().__init__("queue")
        self._config = config
        self._evaluation = config.process.partition("/")[2].partition("/")[0]
        self._prefix = f"{PREFIX}{config.run}:{config.namespace}:"
        self._told = threading.Event()
        self._delivered = threading.Event()
        self._returns = threading.Event()
        self._tag = ""
        self._is_over = False

    def deliver(self, evaluation: str, worker: str) -> None:
        """Let the worker consume, and wait for its task; a redelivery takes as long as the visibility timeout."""
        del worker  # it is the only one here
        self._told.set()
        if not self._delivered.wait(REDELIVERY_PATIENCE_S):
            raise BlockedError(f"the Celery worker was given no task of evaluation {evaluation}")

    def needs_another(self, evaluation: str, times: int) -> None:
        """Be there at once: the parent releases this worker only when it is needed."""

    def acknowledge(self, evaluation: str, worker: str) -> None:
        """Let the task return, and wait until Celery has acknowledged its message."""
        del worker
        self._returns.set()
        for _ in poll(self.patience_s, f"the message of evaluation {evaluation} stayed unacknowledged"):
            if not self._client.hexists(f"{self._prefix}unacked", self._tag):
                return

    def consume_when_told(self) -> None:
        """Wait until the message is to be delivered; then be a Celery worker until the process is over."""
        self._told.wait()
        if self._is_over:
            return
        self.wait_for_visibility()
        from celery.signals import worker_ready

        app = celery_app(self._config.redis_url, self._prefix, VISIBILITY_TIMEOUT_S)
        consumers: list[Any] = []
        worker_ready.connect(lambda sender, **_: consumers.append(sender), weak=False)

        @app.task(name=TASK, bind=True)  # type: ignore[untyped-decorator]
        def evaluate(task: Any, evaluation: str) -> None:
            del evaluation  # the role knows it
            self._tag = task.request.properties["delivery_tag"]
            self._delivered.set()
            self._returns.wait()
            for consumer in consumers:
                consumer.cancel_task_queue(queue_name(self._evaluation))

        app.worker_main(
            [
                "worker",
                "--pool=solo",
                f"--queues={queue_name(self._evaluation)}",
                "--loglevel=WARNING",
                "--without-gossip",
                "--without-mingle",
                "--without-heartbeat",
                f"--hostname={self._evaluation}@deadheat",
            ]
        )

    def wait_for_visibility(self) -> None:
        """Wait until Celery may give a message again that a killed worker took; return at once if there is none."""
        for _ in poll(REDELIVERY_PATIENCE_S, f"the message of evaluation {self._evaluation} stayed invisible"):
            latest = max(unacknowledged(self._client, self._prefix, self._evaluation).values(), default=0.0)
            if time.time() > latest + VISIBILITY_TIMEOUT_S:
                return

    @cached_property
    def _client(self) -> redis.Redis:
        return connect(self._config.redis_url)  # only here: most children are no workers

    def finish(self) -> None:
        """The role has returned, or the run is over: let go of the worker."""
        self._is_over = True
        self._told.set()
        self._returns.set()
