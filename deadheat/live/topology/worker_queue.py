"""The queue as a real Celery worker sees it: the worker delivers the task, and acknowledges it when the task returns.

The worker begins to consume when the schedule says that the message is delivered. While the task runs, its message is
unacknowledged; it is acknowledged late, by Celery itself, when the task returns. A worker that is killed leaves its
message to Redis's visibility timeout, and its successor gets it. Celery looks for such messages when it starts, and
then only every 100 seconds, so the successor starts once the timeout has passed.
"""

from __future__ import annotations

import threading
import time
from functools import cached_property
from typing import TYPE_CHECKING, cast

from deadheat.live.adapter import Adapter, BlockedError, poll
from deadheat.live.celery import TASK, celery_app, queue_name
from deadheat.live.place import PREFIX
from deadheat.live.redis import connect
from deadheat.live.topology.config import ChildConfig

if TYPE_CHECKING:
    import redis

__all__ = ["VISIBILITY_TIMEOUT_S", "WorkerQueue"]

VISIBILITY_TIMEOUT_S = 1
REDELIVERY_PATIENCE_S = 30.0


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
            if not self._unacknowledged():
                return

    def consume_when_told(self) -> None:
        """Wait until the message is to be delivered; then be a Celery worker until the process is over."""
        self._told.wait()
        if self._is_over:
            return
        self.wait_for_visibility()
        app = celery_app(self._config.redis_url, self._prefix, VISIBILITY_TIMEOUT_S)

        @app.task(name=TASK)  # type: ignore[untyped-decorator]
        def evaluate(evaluation: str) -> None:
            del evaluation  # the role knows it
            self._delivered.set()
            self._returns.wait()

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
            latest = max(self._unacknowledged().values(), default=0.0)
            if time.time() > latest + VISIBILITY_TIMEOUT_S:
                return

    @cached_property
    def _client(self) -> redis.Redis:
        return connect(self._config.redis_url)  # only here: most children are no workers

    def _unacknowledged(self) -> dict[str, float]:
        """Return when (Unix time, s) the evaluation's unacknowledged messages were taken, by tag."""
        messages = cast(dict[str, str], self._client.hgetall(f"{self._prefix}unacked"))
        taken = cast(
            list[tuple[str, float]], self._client.zrange(f"{self._prefix}unacked_index", 0, -1, withscores=True)
        )
        routing_key = f'"{queue_name(self._evaluation)}"'
        return {tag: at for tag, at in taken if routing_key in messages.get(tag, "")}

    def finish(self) -> None:
        """The role has returned, or the run is over: let go of the worker."""
        self._is_over = True
        self._told.set()
        self._returns.set()
