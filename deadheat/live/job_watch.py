"""A watch on Job creations that survives broken connections and forgotten resource versions.

Source: Kubernetes documentation, "API concepts", "Efficient detection of changes": a watch resumes from the last
resource version that it saw; when the server has forgotten that one (410 Gone), the client lists again, tells of what
it has not told of yet, and resumes from the list.
"""

from __future__ import annotations

import queue
import threading
from typing import Any

from deadheat.live.adapters.base import BlockedError
from deadheat.live.cluster import Cluster
from deadheat.live.job_reference import reference_of
from deadheat.live.redaction import redact
from deadheat.models.components.kubernetes import JobReference
from deadheat.sim.errors import LiveError

__all__ = ["JobWatch"]

GONE = 410
RETRY_S = 0.2


class JobWatch:
    """Tells of each Job with a label once, in the order of creation.

    It begins at the resource version `since`, or, if there is none, with what is created from now on. `relisted` counts
    how often the server had forgotten where the watch was.
    """

    def __init__(self, cluster: Cluster, namespace: str, label: str, since: str | None = None) -> None:
        self._cluster, self._namespace, self._label = cluster, namespace, label
        self._events: queue.Queue[JobReference | LiveError] = queue.Queue()
        self._told: set[str] = set()
        self._closed = threading.Event()
        self._stream: Any = None
        self.relisted = 0
        jobs, self.resource_version = cluster.list_jobs(namespace, label) if since is None else ([], since)
        self._told.update(str(job.metadata.uid) for job in jobs if job.metadata)
        self._thread = threading.Thread(target=self._follow, name="deadheat-watch", daemon=True)
        self._thread.start()

    def next(self, patience_s: float) -> JobReference:
        """Wait for the next creation; raises BlockedError when patience ends, LiveError if the server refuses."""
        try:
            event = self._events.get(timeout=patience_s)
        except queue.Empty:
            raise BlockedError(f"the watch told of no Job within {patience_s:g} s") from None
        if isinstance(event, LiveError):
            raise event
        return event

    def close(self) -> None:
        """End the watch."""
        self._closed.set()
        stream = self._stream
        if stream is not None:
            stream.stop()
        self._thread.join(RETRY_S)  # it ends by itself when the server next speaks; the thread is a daemon

    def _follow(self) -> None:
        from kubernetes.client import ApiException
        from urllib3.exceptions import HTTPError

        while not self._closed.is_set():
            try:
                self._watch_once()
            except ApiException as error:
                if error.status != GONE:
                    self._events.put(
                        LiveError(f"The watch on Jobs is refused: {error.status} {redact(str(error.reason))}.")
                    )
                    return
                self._list_again()
            except (HTTPError, OSError):
                self._closed.wait(RETRY_S)

    def _watch_once(self) -> None:
        from kubernetes.watch import Watch

        self._stream = Watch()
        events = self._stream.stream(
            self._cluster.batch.list_namespaced_job,
            self._namespace,
            label_selector=self._label,
            resource_version=self.resource_version,
            timeout_seconds=60,
        )
        for event in events:
            if self._closed.is_set():
                return
            self._take(event["object"])
            self.resource_version = str(event["object"].metadata.resource_version)

    def _list_again(self) -> None:
        self.relisted += 1
        jobs, self.resource_version = self._cluster.list_jobs(self._namespace, self._label)
        for job in sorted(jobs, key=_created):
            self._take(job)

    def _take(self, job: Any) -> None:
        if job.metadata.uid not in self._told:
            self._told.add(job.metadata.uid)
            self._events.put(reference_of(job, self._label))


def _created(job: Any) -> Any:
    return job.metadata.creation_timestamp
