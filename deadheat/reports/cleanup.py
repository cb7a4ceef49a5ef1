"""The record of a cleanup: a line for each thing that happens, written out before the next thing is done."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from deadheat.live.cleaning.tally import Fate, Orphan, Record, Tally
from deadheat.reports.output import write_record
from deadheat.sim.counting import counted

__all__ = ["Everybody", "JsonRecord", "TextRecord"]

SCHEMA = 1


class Everybody:
    """Several records as one. The first are told first: those that cannot fail belong there."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = records

    def deleting(self, orphan: Orphan) -> None:
        """Tell all."""
        for each in self._records:
            each.deleting(orphan)

    def settled(self, orphan: Orphan, fate: Fate, why: str) -> None:
        """Tell all."""
        for each in self._records:
            each.settled(orphan, fate, why)

    def skipped(self, job: str, evaluation: str, why: str) -> None:
        """Tell all."""
        for each in self._records:
            each.skipped(job, evaluation, why)


class TextRecord:
    """For people. A line whose end is missing is a deletion that the program did not live to see answered."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._is_open = False

    def deleting(self, orphan: Orphan) -> None:
        """Begin the line."""
        write_record(_found(orphan))
        self._is_open = True

    def settled(self, orphan: Orphan, fate: Fate, why: str) -> None:
        """End it."""
        begun = "" if self._is_open else _found(orphan)
        self._is_open = False
        write_record(f"{begun}{fate}{f' ({why})' if why else ''}\n")

    def skipped(self, job: str, evaluation: str, why: str) -> None:
        """Say which record is bad."""
        write_record(f"Left alone: {f'job {job}' if job else f'evaluation {evaluation}'}: {why}\n")

    def swept(self, tally: Tally) -> None:
        """Sum a sweep up; the last line is the shortest."""
        words = ", ".join(f"{word!r} {count}" for word, count in tally.unknown_words.most_common())
        write_record(
            f"Statuses: {tally.known} known, {tally.unknown} unknown{f' ({words})' if words else ''}, "
            f"{tally.missing} missing, {tally.unreadable} unreadable.\n"
            f"Jobs left alone: {tally.unlabelled} without the label {self._label}, {tally.finished} finished, "
            f"{tally.young} too young, {tally.in_deletion} in deletion, {tally.spared} the record of a completed "
            f"evaluation, {tally.bad} not understood.\n"
            f"{counted(tally.orphans, 'orphan')} among {counted(tally.looked_at, 'Job')}, {tally.deleted:,} deleted.\n"
        )


class JsonRecord:
    """For machines: one object a line, see `docs/cleanup.md`."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace

    def deleting(self, orphan: Orphan) -> None:
        """Write that the request goes out."""
        self._write("deleting", **_fields(orphan))

    def settled(self, orphan: Orphan, fate: Fate, why: str) -> None:
        """Write what came of it."""
        self._write(fate.replace(" ", "-"), **_fields(orphan), why=why or None)

    def skipped(self, job: str, evaluation: str, why: str) -> None:
        """Write which record is bad."""
        self._write("skipped", job=job or None, evaluation=evaluation or None, why=why)

    def swept(self, tally: Tally) -> None:
        """Sum a sweep up."""
        complaints = tally.complaints()
        self._write(
            "sweep",
            healthy=not complaints,
            complaints=list(complaints),
            error=tally.error,
            interrupted=tally.interrupted,
            orphans=tally.orphans,
            deleted=tally.deleted,
            fates={fate.replace(" ", "-"): tally.fates[fate] for fate in Fate},
            jobs={
                "looked_at": tally.looked_at,
                "unlabelled": tally.unlabelled,
                "bad": tally.bad,
                "in_deletion": tally.in_deletion,
                "young": tally.young,
                "finished": tally.finished,
                "spared": tally.spared,
            },
            statuses={
                "known": tally.known,
                "unknown": tally.unknown,
                "missing": tally.missing,
                "unreadable": tally.unreadable,
            },
            unknown_words=dict(tally.unknown_words),
        )

    def _write(self, event: str, **fields: Any) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        write_record(
            json.dumps({"schema": SCHEMA, "event": event, "time": now, "namespace": self._namespace, **fields}) + "\n"
        )


def _fields(orphan: Orphan) -> dict[str, Any]:
    return {"job": orphan.name, "uid": orphan.uid, "evaluation": orphan.evaluation, "status": orphan.status}


def _found(orphan: Orphan) -> str:
    return f"Found orphaned job {orphan.name} (uid {orphan.uid}) for {orphan.status} evaluation {orphan.evaluation}: "
