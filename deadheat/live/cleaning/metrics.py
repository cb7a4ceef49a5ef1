"""The cleanup's metrics for Prometheus, and the threshold over which it raises the alarm."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

from deadheat.live.cleaning.tally import Fate, Orphan, Tally
from deadheat.sim.errors import UsageError

__all__ = ["Metrics"]

NOT_DELETED = (Fate.GONE, Fate.REFUSED, Fate.FAILED, Fate.UNKNOWN, Fate.LEFT)
JOBS = ("looked_at", "unlabelled", "bad", "in_deletion", "young", "finished", "spared")
STATUSES = ("known", "unknown", "missing", "unreadable")


class Metrics:
    """What a scrape sees: a record of deletions as they happen, and of each sweep at its end.

    The alert is on while the last sweep found more orphans than the threshold. The cleanup counts as unhealthy until a
    sweep was healthy.
    """

    def __init__(self, threshold: int | None) -> None:
        self.registry = CollectorRegistry()
        self._threshold = threshold
        self._found = self._counter("orphan_jobs_found", "Orphan Jobs found.")
        self._deleted = self._counter("orphan_jobs_deleted", "Orphan Jobs deleted.")
        self._not_deleted = self._counter("orphan_jobs_not_deleted", "Orphan Jobs not deleted, and why.", "reason")
        self._skipped = self._counter("cleanup_skipped_records", "Jobs or statuses that could not be understood.")
        self._sweeps = self._counter("cleanup_sweeps", "Sweeps that came to an end.")
        self._errors = self._counter("cleanup_errors", "Sweeps and watches that failed.")
        self._present = self._gauge("orphan_jobs", "Orphan Jobs found by the last sweep.")
        self._alert = self._gauge("orphan_jobs_alert", "1 while the last sweep found more than the threshold.")
        self._last = self._gauge("cleanup_last_sweep_timestamp_seconds", "When the last sweep came to its end.")
        self._healthy = self._gauge("cleanup_healthy", "1 while the last sweep was healthy.")
        self._jobs = self._gauge("cleanup_jobs", "Jobs that the last sweep looked at, and left out.", "what")
        self._statuses = self._gauge("cleanup_statuses", "Statuses that the last sweep read.", "what")
        for fate in NOT_DELETED:
            self._not_deleted.labels(fate.split()[0])
        if threshold is not None:
            self._gauge("orphan_jobs_alert_threshold", "The threshold.").set(threshold)

    def deleting(self, orphan: Orphan) -> None:
        """Nothing has happened yet."""

    def settled(self, orphan: Orphan, fate: Fate, why: str) -> None:
        """Count an orphan, and its deletion."""
        del orphan, why
        self._found.inc(fate is not Fate.SPARED)
        if fate is Fate.DELETED:
            self._deleted.inc()
        elif fate in NOT_DELETED:
            self._not_deleted.labels(fate.split()[0]).inc()

    def skipped(self, job: str, evaluation: str, why: str) -> None:
        """Count a bad record."""
        del job, evaluation, why
        self._skipped.inc()

    def swept(self, tally: Tally) -> bool:
        """Take in a sweep; return whether the alert is on."""
        self._healthy.set(not tally.complaints())
        for what in JOBS:
            self._jobs.labels(what).set(getattr(tally, what))
        for what in STATUSES:
            self._statuses.labels(what).set(getattr(tally, what))
        is_on = self._threshold is not None and tally.orphans > self._threshold
        self._alert.set(is_on)
        self._present.set(tally.orphans)
        if tally.error is not None or tally.interrupted:
            self.failed()
        else:
            self._sweeps.inc()
            self._last.set(time.time())
        return is_on

    def failed(self) -> None:
        """Count what failed."""
        self._errors.inc()

    def serve(self, address: str, port: int) -> None:
        """Serve the metrics over HTTP, in the background; raises UsageError if the port cannot be had."""
        try:
            start_http_server(port, address, registry=self.registry)
        except OSError as error:
            raise UsageError(f"The metrics cannot be served on {address}:{port}: {error.strerror}.") from None

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"deadheat_{name}", meaning, labels, registry=self.registry)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(f"deadheat_{name}", meaning, labels, registry=self.registry)
