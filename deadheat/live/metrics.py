"""The cleanup's metrics for Prometheus, and the threshold over which it raises the alarm."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

from deadheat.live.cleanup import Result
from deadheat.sim.errors import LiveError

__all__ = ["Metrics"]


class Metrics:
    """What a scrape sees. The alert is on while the last sweep found more orphans than the threshold."""

    def __init__(self, threshold: int | None) -> None:
        self.registry = CollectorRegistry()
        self._threshold = threshold
        registry = self.registry
        self._found = Counter("deadheat_orphan_jobs_found", "Orphan Jobs found.", registry=registry)
        self._deleted = Counter("deadheat_orphan_jobs_deleted", "Orphan Jobs deleted.", registry=registry)
        self._sweeps = Counter("deadheat_cleanup_sweeps", "Sweeps that came to an end.", registry=registry)
        self._errors = Counter("deadheat_cleanup_errors", "Sweeps that failed.", registry=registry)
        self._present = Gauge("deadheat_orphan_jobs", "Orphan Jobs found by the last sweep.", registry=registry)
        self._alert = Gauge(
            "deadheat_orphan_jobs_alert", "1 while the last sweep found more than the threshold.", registry=registry
        )
        self._last = Gauge(
            "deadheat_cleanup_last_sweep_timestamp_seconds", "When the last sweep ended.", registry=registry
        )
        if threshold is not None:
            Gauge("deadheat_orphan_jobs_alert_threshold", "The threshold.", registry=registry).set(threshold)

    def swept(self, result: Result) -> bool:
        """Take in a sweep; return whether the alert is on."""
        self._sweeps.inc()
        self.looked(result)
        self._present.set(len(result.found))
        self._last.set(time.time())
        is_on = self._threshold is not None and len(result.found) > self._threshold
        self._alert.set(is_on)
        return is_on

    def looked(self, result: Result) -> None:
        """Take in what one event of the watch came to."""
        self._found.inc(len(result.found))
        self._deleted.inc(result.deleted)

    def failed(self) -> None:
        """Take in a sweep that failed."""
        self._errors.inc()

    def serve(self, address: str, port: int) -> None:
        """Serve the metrics over HTTP, in the background; raises LiveError if the port cannot be had."""
        try:
            start_http_server(port, address, registry=self.registry)
        except OSError as error:
            raise LiveError(f"The metrics cannot be served on {address}:{port}: {error.strerror}.") from None
