"""A watch on Job creations that is only a shortcut: what it misses, the next sweep finds.

So it remembers nothing (`JobWatch` remembers every Job that it has told of, which a program that runs for months
cannot): when the server has forgotten where it was (410), or the connection is lost, it begins anew from now.
"""

from __future__ import annotations

import queue
import threading
import time
from contextlib import suppress
from typing import Any

from deadheat.live.cleaning.job_pages import JobPages
from deadheat.live.cleaning.patience import Patience, backoff_s
from deadheat.live.forcing.runner import Stopped
from deadheat.sim.errors import LiveError

__all__ = ["CreationWatch"]

GONE = 410
WAITING_MAX = 10_000
STREAM_S = 60
SILENCE_S = 90.0
"""The server ends the stream after a minute; a connection that is silent for longer is dead."""


class CreationWatch:
    """Tells the name of each Job that is created from now on, once it is `min_age_s` old."""

    def __init__(self, jobs: JobPages, min_age_s: float, patience: Patience) -> None:
        self._jobs, self._min_age_s, self._patience = jobs, min_age_s, patience
        self._created: queue.Queue[tuple[float, str]] = queue.Queue(WAITING_MAX)
        self._complaints: queue.Queue[str] = queue.Queue(1)
        self._next: tuple[float, str] | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="deadheat-creations", daemon=True)
        self._thread.start()

    def next(self, patience_s: float) -> str | None:
        """Return the name of the next Job that is old enough, or None if there is none in a while.

        Raises LiveError if the server does not answer or refuses; the watch goes on trying.
        """
        try:
            raise LiveError(self._complaints.get_nowait())
        except queue.Empty:
            pass
        try:
            self._next = self._next or self._created.get(timeout=patience_s)
        except queue.Empty:
            return None
        due, name = self._next
        if (left_s := due - time.monotonic()) > 0:
            self._patience.wait(min(left_s, patience_s))
        if time.monotonic() < due:
            return None
        self._next = None
        return name

    def close(self) -> None:
        """End the watch; its thread ends by itself when the server next speaks."""
        self._closed.set()

    def _follow(self) -> None:
        failures = 0
        while not self._closed.is_set():
            try:
                self._watch_from_now()
                failures = 0
            except (LiveError, Stopped) as error:
                failures += 1
                self._complain(str(error))
                self._closed.wait(backoff_s(failures, 0))

    def _watch_from_now(self) -> None:
        version: str | None = self._jobs.resource_version()
        while version is not None and not self._closed.is_set():
            version = self._watch(version)

    def _watch(self, version: str) -> str | None:
        """Follow one stream to its end; return where the next has to begin, None if the server has forgotten that."""
        from kubernetes.client import ApiException
        from kubernetes.watch import Watch
        from urllib3.exceptions import HTTPError

        stream: Any = Watch()
        try:
            for event in stream.stream(
                self._jobs.cluster.batch.list_namespaced_job,
                self._jobs.namespace,
                label_selector=self._jobs.label,
                resource_version=version,
                timeout_seconds=STREAM_S,
                _request_timeout=SILENCE_S,
            ):
                if self._closed.is_set():
                    return None
                metadata = event["raw_object"]["metadata"]
                version = str(metadata["resourceVersion"])
                if event["type"] == "ADDED":
                    self._take(str(metadata["name"]))
        except ApiException as error:
            if error.status == GONE:
                return None
            raise LiveError(f"The watch on Jobs is refused: {error.status} {error.reason}.") from None
        except (HTTPError, OSError, KeyError, TypeError, ValueError) as error:
            raise LiveError(f"The watch on Jobs has broken off ({type(error).__name__}).") from None
        return version

    def _take(self, name: str) -> None:
        try:
            self._created.put_nowait((time.monotonic() + self._min_age_s, name))
        except queue.Full:  # the next sweep will find it
            self._complain("The watch has more than 10,000 Jobs to look at, and leaves the others to the next sweep.")

    def _complain(self, sentence: str) -> None:
        with suppress(queue.Full):  # the one before has not been read yet
            self._complaints.put_nowait(sentence)
