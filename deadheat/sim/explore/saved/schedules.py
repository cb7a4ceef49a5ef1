"""Schedules as they are saved."""

from __future__ import annotations

from typing import Annotated

import msgspec

from deadheat.sim.trace import Choice, Schedule

__all__ = ["Count", "SavedSchedule", "saved_schedule", "schedule_from"]

Count = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]


class SavedSchedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A schedule."""

    choices: tuple[tuple[str, int, Count], ...]
    cycle_from: Count | None


def saved_schedule(schedule: Schedule) -> SavedSchedule:
    """Return a schedule as it is saved."""
    choices = tuple((each.process, each.alternative, each.branch) for each in schedule.choices)
    return SavedSchedule(choices, schedule.cycle_from)


def schedule_from(saved: SavedSchedule) -> Schedule:
    """Return a schedule that was saved."""
    return Schedule(tuple(Choice(*each) for each in saved.choices), cycle_from=saved.cycle_from)
