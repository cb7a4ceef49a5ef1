"""What a sweep of the cleanup was told to do, what it reports as it goes, and what it came to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from deadheat.models.components.status import TERMINAL, Status
from deadheat.sim.counting import counted

__all__ = ["Fate", "Orphan", "Record", "Rules", "Tally", "Words"]

WORDS_MAX = 20
WORD_LENGTH_MAX = 60
OTHERS = "(others)"


class Fate(StrEnum):
    """What was done about an orphan."""

    DELETED = "deleted"
    WOULD_BE_DELETED = "would be deleted"
    GONE = "gone meanwhile"
    REFUSED = "refused"
    FAILED = "failed"
    """It could not be asked for, and the Job is still there."""
    UNKNOWN = "unknown"
    """It was asked for, and not answered: the Job may be deleted."""
    LEFT = "left"
    """`max_deletions` was reached, or it changed again and again."""
    SPARED = "spared"
    """It was changed before the request arrived, and is no orphan that was asked for any more."""


@dataclass(frozen=True, slots=True)
class Orphan:
    """A Job whose evaluation has ended; `status` in the real system's own word."""

    name: str
    uid: str
    evaluation: str
    status: str


class Record(Protocol):
    """Is told of everything the moment it happens. What it raises ends the sweep before the next deletion."""

    def deleting(self, orphan: Orphan) -> None:
        """Say that the request to delete goes out now."""

    def settled(self, orphan: Orphan, fate: Fate, why: str) -> None:
        """Say what was done about an orphan; every `deleting` is followed by one, unless the program is killed."""

    def skipped(self, job: str, evaluation: str, why: str) -> None:
        """Say that a Job is left alone, because it or its status cannot be understood."""


@dataclass(frozen=True, slots=True)
class Words:
    """The real system's words for a status, in the terms of the models.

    The finished Job of a `completed` evaluation is its record, and no orphan. `active` are the words that are known to
    end nothing; any word beside them is counted as unknown, and ends nothing either.
    """

    terminal: frozenset[str] = frozenset(TERMINAL)
    completed: frozenset[str] = frozenset({Status.COMPLETED})
    active: frozenset[str] = frozenset(set(Status) - set(TERMINAL))

    def meaning(self, word: str) -> Status | None:
        """Return the model's status for a word; None for one that nobody knows."""
        if word in self.terminal:
            if word in self.completed:
                return Status.COMPLETED
            return Status.FAILED if word == Status.FAILED else Status.CANCELLED
        return Status.PROVISIONING if word in self.active or word in tuple(Status) else None


@dataclass(frozen=True, slots=True)
class Rules:
    """Which Jobs a sweep looks for, and how far it goes. Without `max_deletions` there is no limit."""

    dry_run: bool = True
    words: Words = Words()
    min_age_s: float = 0.0
    include_finished: bool = False
    max_deletions: int | None = None


@dataclass(slots=True)
class Tally:
    """What a sweep came to. `looked_at` counts the Jobs with the label, whatever became of them.

    Of these: `bad` could not be understood, `in_deletion` were on their way out, `young` younger than the minimal age,
    `finished` and not asked for, `spared` the finished Jobs of completed evaluations. `known`, `unknown`, `missing` and
    `unreadable` count statuses; `failures` counts what a server failed to do. `error` is what cut the sweep short.
    """

    looked_at: int = 0
    unlabelled: int = 0
    bad: int = 0
    in_deletion: int = 0
    young: int = 0
    finished: int = 0
    spared: int = 0
    known: int = 0
    unknown: int = 0
    missing: int = 0
    unreadable: int = 0
    failures: int = 0
    error: str | None = None
    interrupted: bool = False
    limit_reached: bool = False
    unknown_words: Counter[str] = field(default_factory=Counter)
    fates: Counter[Fate] = field(default_factory=Counter)

    @property
    def orphans(self) -> int:
        """How many orphans were found."""
        return self.fates.total() - self.fates[Fate.SPARED]

    @property
    def deleted(self) -> int:
        """How many the server said that it has deleted."""
        return self.fates[Fate.DELETED]

    def count_unknown(self, word: str) -> None:
        """Count a word that nobody knows; of very many different ones, not all are kept, nor all of a very long one."""
        self.unknown += 1
        word = word if len(word) <= WORD_LENGTH_MAX else f"{word[:WORD_LENGTH_MAX]}..."
        is_kept = word in self.unknown_words or len(self.unknown_words) < WORDS_MAX
        self.unknown_words[word if is_kept else OTHERS] += 1

    def complaints(self) -> tuple[str, ...]:
        """Return why this sweep cannot be relied on; nothing if it is healthy."""
        found = []
        if self.error is not None:
            found.append("it was cut short by an error")
        if self.interrupted:
            found.append("it was interrupted")
        if self.failures:
            found.append(f"{counted(self.failures, 'request was', 'requests were')} refused or not answered")
        if self.limit_reached:
            found.append("--max-deletions was reached, and orphans are left")
        elif self.fates[Fate.LEFT]:
            found.append("orphans are left that changed again and again")
        if self.error is None and not self.interrupted:
            if not self.looked_at:
                found.append("it saw no Job with the label (is the namespace right, and --label?)")
            elif not self.known:
                found.append("it saw no status that it knows (are --status and its words right?)")
        return tuple(found)
