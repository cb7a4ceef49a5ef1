"""Schedules and traces: what was chosen, and what happened.

A schedule alone determines a run. A trace is the record of one: for people, and to notice when a replay differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Choice", "Event", "Schedule", "Trace"]


@dataclass(frozen=True, slots=True)
class Choice:
    """One transition: which process, which of its pending operations, and which of that operation's steps.

    For a crash, `alternative` counts the process's crashes down from -1, and `branch` is 0.
    """

    process: str
    alternative: int = 0
    branch: int = 0

    @property
    def is_crash(self) -> bool:
        """Whether the process is killed, rather than answered."""
        return self.alternative < 0

    @property
    def crash(self) -> int:
        """Which of the process's crashes it is, if it is one."""
        return -1 - self.alternative

    @classmethod
    def of_crash(cls, process: str, crash: int) -> Choice:
        """Return the choice of a crash by its number."""
        return cls(process, -1 - crash)


@dataclass(frozen=True, slots=True)
class Schedule:
    """An order of transitions; `seed` tells where it came from, if it was drawn at random.

    A schedule with a `cycle_from` stands for an infinite run, a *lasso*: the choices from that index (from 0) on are
    repeated for ever; if there are none, the run ends there.
    """

    choices: tuple[Choice, ...]
    seed: int | None = None
    cycle_from: int | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """What one transition did, as text that is the same on every machine.

    A crash has the operation "crash" and no component. `changes` gives, for each component whose value changed, a
    description of the new value.
    """

    process: str
    component: str
    operation: str
    arguments: tuple[str, ...]
    outcome: str
    label: str | None
    fault: str | None
    changes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Trace:
    """A schedule together with what happened under it, one event a choice."""

    schedule: Schedule
    events: tuple[Event, ...]
