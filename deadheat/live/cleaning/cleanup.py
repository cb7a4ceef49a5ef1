"""The orphan cleanup for real: the model's own sweep and listener, on the cluster and the statuses of a real system.

The roles are those of `models/protocols/orphan_cleanup.py` (the sweep by uid) and `storage_worker.py`, unchanged. What
production asks for beyond them is put where it belongs: which Jobs there are to sweep (the minimal age, finished Jobs,
bad records) is decided where they are listed, and each page of the list is a sweep of its own, over the evaluations on
it. That only leaves Jobs out, as a sweep does that is killed and begins again, and the model allows that at any moment.

A deletion has the uid and the resource version of the Job that was judged as its preconditions, so that it takes
neither a newer Job of the same name nor one that has finished since it was listed, and become a record; the listener,
whose role deletes by name, is given them here. A Job that has changed is judged again. A dry run deletes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from deadheat.live.adapters.base import Adapter, not_at_one_instant
from deadheat.live.cleaning.job_pages import BadJob, Deletion, JobOutline, JobPages
from deadheat.live.cleaning.patience import Patience
from deadheat.live.cleaning.tally import Fate, Orphan, Record, Rules, Tally
from deadheat.live.forcing.runner import Stopped, run_role_once
from deadheat.live.lookups.base import UnreadableError
from deadheat.models.components.kubernetes import Answer, JobReference
from deadheat.models.components.status import TERMINAL, Status
from deadheat.models.protocols.orphan_cleanup import ORPHAN_CLEANUP_BY_UID
from deadheat.models.protocols.storage_worker import STORAGE_WORKER
from deadheat.models.roles import processes_of
from deadheat.models.system import Addition
from deadheat.models.world import build
from deadheat.scenarios.catalogue import find_protocol
from deadheat.sim.errors import LiveError
from deadheat.sim.model import Process
from deadheat.sim.operations import Accompanied, AnyOf, Atomic, Block, Chosen, Operation, Request

__all__ = ["Cleanup", "Statuses"]

FAILURES_IN_A_ROW_MAX = 20
"""One record that fails must not starve those behind it; a server that fails every time is not to be asked for ever."""

LOOKS_MAX = 5
"""How often a deletion is asked for whose Job changes each time between the look at it and the request."""

WEIGHTS = {Deletion.ERROR: 1, Deletion.NO_ANSWER: 7, Deletion.UNREACHED: 7}
"""A server that answers with an error is there; one that does not answer costs half a minute each time."""

FATES = {
    Deletion.DELETED: Fate.DELETED,
    Deletion.GONE: Fate.GONE,
    Deletion.REFUSED: Fate.REFUSED,
    Deletion.ERROR: Fate.UNKNOWN,
    Deletion.NO_ANSWER: Fate.UNKNOWN,
    Deletion.UNREACHED: Fate.FAILED,
}

ANSWERS = {
    Fate.GONE: Answer.NOT_FOUND,
    Fate.REFUSED: Answer.FORBIDDEN,
    Fate.FAILED: Answer.NO_ANSWER,
    Fate.UNKNOWN: Answer.NO_ANSWER,
}

PROBES_MAX = 20
"""How many Jobs that there was no reason to look at are asked for their status, to see that statuses can be read."""

Statuses = Callable[[str], str | None]
"""Reads the status of an evaluation from the real system; None if it knows of none."""


class _Enough(Exception):  # noqa: N818 - it is an event, not an error
    """The sweep has deleted as many Jobs as it may."""


class Cleanup:
    """The cleanup of one namespace. It never raises for what servers do: the tally says what went wrong."""

    def __init__(
        self, jobs: JobPages, statuses: Statuses, record: Record, rules: Rules, patience: Patience | None = None
    ) -> None:
        self._jobs, self._record, self._rules = jobs, record, rules
        self._patience = patience or Patience()
        self._statuses = statuses
        self._system = build(find_protocol("baseline"), 1, {}).system
        self._deletions = self._failures = 0

    def sweep(self) -> Tally:
        """Sweep once."""
        self._deletions = self._failures = 0
        tally = Tally()
        return self._guarded(tally, lambda: self._sweep(tally))

    def look_at(self, name: str) -> Tally:
        """Look once at a Job that a watch told of, as it is now."""
        tally = Tally()
        return self._guarded(tally, lambda: self._look_at(name, tally))

    def _sweep(self, tally: Tally) -> None:
        statuses = self._reader(tally)
        left_out: list[JobOutline] = []
        with suppress(_Enough):
            for page in self._jobs.pages():
                tally.looked_at += len(page.jobs)
                swept = self._swept(page.jobs, tally, left_out)
                self._run(ORPHAN_CLEANUP_BY_UID, swept, statuses)
        if not tally.known:
            self._probe(left_out, statuses)
        tally.unlabelled = self._jobs.count_without_label()

    def _look_at(self, name: str, tally: Tally) -> None:
        found = self._jobs.find(name)
        if found is None:
            return
        tally.looked_at = 1
        with suppress(_Enough):
            self._run(STORAGE_WORKER, self._swept((found,), tally, []), self._reader(tally))

    def _guarded(self, tally: Tally, work: Callable[[], None]) -> Tally:
        try:
            work()
        except Stopped:
            tally.interrupted = True
        except LiveError as error:
            tally.error = str(error)
        return tally

    def _reader(self, tally: Tally) -> _StatusReader:
        return _StatusReader(self._statuses, self._rules, self._record, tally)

    def _swept(
        self, jobs: tuple[JobOutline | BadJob, ...], tally: Tally, left_out: list[JobOutline]
    ) -> dict[str, JobOutline]:
        """Return the Jobs, by name, that the model's sweep is to see; count the others."""
        swept = {}
        for job in jobs:
            if isinstance(job, BadJob):
                tally.bad += 1
                self._record.skipped(job.name, "", job.why)
                continue
            if job.is_in_deletion:
                tally.in_deletion += 1
            elif job.age_s < self._rules.min_age_s:
                tally.young += 1
            elif self._must_stay_finished(job):
                tally.finished += 1
            else:
                swept[job.name] = job
                continue
            if len(left_out) < PROBES_MAX:
                left_out.append(job)
        return swept

    def _must_stay_finished(self, job: JobOutline) -> bool:
        return job.is_finished and not self._rules.include_finished

    def _run(self, addition: Addition, seen: dict[str, JobOutline], statuses: _StatusReader) -> None:
        if not seen:
            return
        jobs = _PinnedJobs(seen, statuses, self._delete)
        evaluations = tuple(dict.fromkeys(job.evaluation for job in seen.values()))
        [process] = processes_of(addition.roles, replace(self._system, keys=evaluations), {})
        run_role_once(process, _Gate(jobs, statuses, self._patience))

    def _delete(self, orphan: Orphan, job: JobOutline, statuses: _StatusReader) -> Fate:
        """Delete an orphan, or say why not; it is on record before the request goes out, and when it is answered."""
        limit, tally = self._rules.max_deletions, statuses.tally
        if self._rules.dry_run:
            return self._settle(orphan, Fate.WOULD_BE_DELETED, "", tally)
        if limit is not None and self._deletions >= limit:
            tally.limit_reached = True
            self._settle(orphan, Fate.LEFT, f"--max-deletions {limit} is reached", tally)
            raise _Enough
        self._record.deleting(orphan)
        try:
            fate, why = self._asked(job, statuses)
        except BaseException as error:  # an interrupt as well: what was begun is on record in any case
            is_there = isinstance(error, Stopped | LiveError)
            self._settle(orphan, Fate.FAILED if is_there else Fate.UNKNOWN, str(error) or "interrupted", tally)
            raise
        self._deletions += fate in (Fate.DELETED, Fate.UNKNOWN)
        self._settle(orphan, fate, why, tally)
        if self._failures >= FAILURES_IN_A_ROW_MAX:
            raise LiveError(f"{why}.")
        return fate

    def _asked(self, job: JobOutline, statuses: _StatusReader) -> tuple[Fate, str]:
        """Have the Job deleted as it was judged; judge it again whenever it is not that any more."""
        for _ in range(LOOKS_MAX):
            deletion, why = self._jobs.delete(job.name, job.uid, job.version)
            self._failures = self._failures + WEIGHTS[deletion] if deletion in WEIGHTS else 0
            if deletion is not Deletion.CONFLICT:
                return FATES[deletion], why
            found = self._jobs.find(job.name, whatever_label=True)
            if isinstance(found, BadJob):
                return Fate.SPARED, found.why
            if found is None or found.uid != job.uid or found.is_in_deletion:
                return Fate.GONE, ""
            if found.version == job.version:  # so this is not what the server objects to
                return Fate.REFUSED, why
            if spared := self._why_spared(found, job.evaluation, statuses):
                return Fate.SPARED, spared
            job = found
        return Fate.LEFT, "it changes again and again"

    def _why_spared(self, job: JobOutline, evaluation: str, statuses: _StatusReader) -> str:
        """Return why a Job that has changed is not to be deleted any more; nothing if it still is."""
        tally = statuses.tally
        if job.evaluation != evaluation:
            return "it is another evaluation's now"
        if self._must_stay_finished(job):
            tally.finished += 1
            return "it has finished meanwhile"
        if statuses.get(evaluation) not in TERMINAL:
            return "its evaluation has no terminal status any more"
        if statuses.spares(job):
            tally.spared += 1
            return "it is the record of a completed evaluation"
        return ""

    def _settle(self, orphan: Orphan, fate: Fate, why: str, tally: Tally) -> Fate:
        tally.fates[fate] += 1
        self._record.settled(orphan, fate, why)
        tally.failures += fate in (Fate.REFUSED, Fate.FAILED, Fate.UNKNOWN)
        return fate

    def _probe(self, left_out: list[JobOutline], statuses: _StatusReader) -> None:
        """See whether statuses can be read at all, where no Job has given a reason to ask for one."""
        for job in left_out:
            if statuses.tally.known:
                return
            statuses.get(job.evaluation)


@dataclass(frozen=True, slots=True)
class _Gate:
    """Does every request at once."""

    jobs: _PinnedJobs
    statuses: _StatusReader
    patience: Patience

    def perform(self, process: Process, request: Request) -> Any:
        """Do a request."""
        del process
        self.patience.require_time()
        if isinstance(request, AnyOf):
            return Chosen(0, self.jobs.creation_event())
        if isinstance(request, Atomic):
            return tuple(map(self._do, request.operations))
        if isinstance(request, Block | Accompanied):
            raise not_at_one_instant(request)
        return self._do(request)

    def _do(self, operation: Operation) -> Any:
        is_job = operation.component.startswith("kubernetes/")
        adapter: Adapter = self.jobs if is_job else self.statuses
        return adapter.perform(operation)


class _StatusReader(Adapter):
    """The statuses of the real system in the model's words; what is not known to be terminal is told as no status."""

    def __init__(self, statuses: Statuses, rules: Rules, record: Record, tally: Tally) -> None:
        super().__init__("status")
        self._statuses, self._rules, self._record, self.tally = statuses, rules, record, tally
        self._failures = 0
        self.word, self.meaning = "", Status.QUEUED  # of the last status that was read

    def get(self, evaluation: str) -> Status | None:
        """Read a status; one that cannot be read is reported, and its Jobs are left alone."""
        try:
            word = self._statuses(evaluation)
        except UnreadableError as error:
            self.tally.unreadable += 1
            self._record.skipped("", evaluation, str(error))
            self._bear(error)
            return None
        self._failures = 0
        if not word:
            self.tally.missing += 1
            return None
        meaning = self._rules.words.meaning(word)
        if meaning is None:
            self.tally.count_unknown(word)
            return None
        self.word, self.meaning = word, meaning
        self.tally.known += 1
        return meaning

    def spares(self, job: JobOutline) -> bool:
        """Return whether a Job is the record of the evaluation whose status was read last."""
        return job.is_finished and self.meaning is Status.COMPLETED

    def _bear(self, error: UnreadableError) -> None:
        if not error.is_failure:
            self._failures = 0
            return
        self.tally.failures += 1
        self._failures += 1
        if self._failures >= FAILURES_IN_A_ROW_MAX:
            raise LiveError(f"No status can be read: {error}.")


class _PinnedJobs(Adapter):
    """The Jobs that were found; each is deleted only as the one that it was. The model knows a uid as a number."""

    def __init__(
        self,
        seen: dict[str, JobOutline],
        statuses: _StatusReader,
        delete: Callable[[Orphan, JobOutline, _StatusReader], Fate],
    ) -> None:
        super().__init__("kubernetes")
        self._seen, self._statuses, self._delete = seen, statuses, delete
        self._references = tuple(
            JobReference(job.evaluation, job.name, number) for number, job in enumerate(seen.values(), 1)
        )

    def list_jobs(self, evaluation: str) -> tuple[JobReference, ...]:
        """Return the Jobs of an evaluation, as they were found."""
        return tuple(each for each in self._references if each.evaluation == evaluation)

    def creation_event(self) -> JobReference:
        """Return the Job that the watch told of."""
        return self._references[0]

    def delete_job(self, evaluation: str, name: str, uid: int | None = None) -> Answer:
        """DELETE the Job that was found, and no other of its name; the record of a completed evaluation is spared."""
        del uid  # that of the Job that was found, which the model knows by a number
        job = self._seen[name]
        if self._statuses.spares(job):
            self._statuses.tally.spared += 1
            return Answer.OK
        orphan = Orphan(name, job.uid, evaluation, self._statuses.word)
        return ANSWERS.get(self._delete(orphan, job, self._statuses), Answer.OK)
