"""The cleanup as a program: one sweep, or one every so often with a watch between them, whatever the servers do."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from deadheat.live.cleaning.cleanup import Cleanup
from deadheat.live.cleaning.creation_watch import CreationWatch
from deadheat.live.cleaning.job_pages import JobPages
from deadheat.live.cleaning.patience import Patience, backoff_s
from deadheat.live.cleaning.tally import Record, Rules, Tally
from deadheat.live.cluster import Cluster, connect
from deadheat.live.forcing.runner import Stopped
from deadheat.live.lookups.base import Lookup
from deadheat.live.place import refuse_production
from deadheat.sim.errors import LiveError

__all__ = ["Errand", "Service"]

LISTEN_S = 1.0


@dataclass(frozen=True, slots=True)
class Errand:
    """Where to clean up, and by which rules."""

    namespace: str
    label: str
    rules: Rules
    kubeconfig: Path | None = None
    context: str | None = None
    yes_really: str | None = None


class Service:
    """Connects when it has to, and again after an error. Each tally is reported, those of failures as well."""

    def __init__(
        self,
        errand: Errand,
        lookup: Lookup,
        record: Record,
        patience: Patience,
        report: Callable[[Tally], None],
        failed: Callable[[str], None],
    ) -> None:
        self._errand, self._lookup, self._record = errand, lookup, record
        self._patience, self._report, self._failed = patience, report, failed
        self._cluster: Cluster | None = None
        self._cleanup: Cleanup | None = None
        self._watch: CreationWatch | None = None

    def once(self) -> Tally:
        """Sweep once. Raises UsageError for a context in which nothing may be deleted."""
        try:
            tally = self._connected().sweep()
        except LiveError as error:
            tally = Tally(error=str(error))
        if tally.error is not None:
            self.close()
        self._report(tally)
        return tally

    def for_ever(self, period_s: float, *, watches: bool) -> None:
        """Sweep again and again, until the run is to end; after an error sooner at first, and then ever later."""
        failures = 0
        with suppress(Stopped):
            while True:
                due = time.monotonic() + period_s
                tally = self.once()
                self._patience.require_time()
                failures = failures + 1 if tally.error is not None else 0
                if failures:
                    wait_s = backoff_s(failures, period_s)
                    self._patience.tell(f"The next sweep is in {wait_s:g} s.")
                    due = time.monotonic() + wait_s
                self._wait_until(due, watches)

    def close(self) -> None:
        """Let go of the connections to the cluster and the statuses."""
        if self._watch is not None:
            self._watch.close()
        if self._cluster is not None:
            self._cluster.close()
        self._watch = self._cluster = self._cleanup = None
        with suppress(LiveError):
            self._lookup.close()

    def _connected(self) -> Cleanup:
        if self._cleanup is None:
            errand = self._errand
            self._cluster = connect(errand.kubeconfig, errand.context)
            if not errand.rules.dry_run:
                refuse_production(self._cluster, errand.yes_really)
            self._jobs = JobPages(self._cluster, errand.namespace, errand.label, self._patience)
            self._cleanup = Cleanup(self._jobs, self._lookup, self._record, errand.rules, self._patience)
        return self._cleanup

    def _wait_until(self, due: float, watches: bool) -> None:
        while (left_s := due - time.monotonic()) > 0:
            if not watches or self._cleanup is None:
                self._patience.wait(left_s)
                return
            self._watch = self._watch or CreationWatch(self._jobs, self._errand.rules.min_age_s, self._patience)
            self._listen(self._watch, self._cleanup, min(left_s, LISTEN_S))

    def _listen(self, watch: CreationWatch, cleanup: Cleanup, patience_s: float) -> None:
        self._patience.require_time()
        try:
            name = watch.next(patience_s)
        except LiveError as error:
            self._failed(str(error))
            return
        tally = cleanup.look_at(name) if name is not None else Tally()
        if tally.error is not None:
            self._failed(tally.error)
            self._patience.wait(LISTEN_S)
