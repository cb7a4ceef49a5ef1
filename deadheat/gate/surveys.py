"""What a survey finds of one check: all that a lock keeps and two versions are compared by.

Everything in it is a text, a number, or a sorted collection of these: the same survey is the same bytes, whenever and
wherever it is made.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

__all__ = ["Budgets", "Hazard", "Judged", "Mutant", "SideBySide", "Step", "Survey", "Witness", "contains"]

Verdict: TypeAlias = Literal["holds", "violated", "vacuous", "inconclusive"]
Fate: TypeAlias = Literal["noticed", "survived", "no difference", "cannot run", "inconclusive"]

Budgets: TypeAlias = dict[str, int | str]
"""How often each kind of fault happens; "*" for any number of times."""


def contains(faults: Budgets, smaller: Budgets) -> bool:
    """Return whether a set of faults has all of another one in it."""

    def times(budget: int | str) -> float:
        return float("inf") if isinstance(budget, str) else budget

    return all(times(faults.get(kind, 0)) >= times(budget) for kind, budget in smaller.items())


class Judged(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was found of one property.

    `length` is that of a shortest counterexample under the faults of the check, where it is violated. `breaking` are
    the smallest sets of further faults that break it, `undecided` those of which that was not decided; where it is
    violated, `breaking` are the smallest sets that do, of the faults of the check.
    """

    verdict: Verdict
    length: int | None = None
    breaking: tuple[Budgets, ...] = ()
    undecided: tuple[Budgets, ...] = ()


class Mutant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What became of a protocol without one of its guards, and which properties noticed."""

    fate: Fate
    by: tuple[str, ...] = ()


class Survey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was found of one check.

    `system` is a fingerprint of the transition system (see `sim/explore/bisimulation`), or None where that is too
    large; `sources` one of the user's files that were read. `missed` is what makes holding vacuous, `not_reached` what
    must be reached and was not, and `undecided_reach` that of which it was not decided. `mutants` tells of each guard
    what became of the protocol without it. `why` says, where something was not decided, what limit it was. `faults`
    were allowed, by the check or by the protocol itself, and are of the `kinds` that there are. `claims` tells of each
    property what it says, as a digest of its text.
    """

    system: str | None
    sources: str
    states: int
    transitions: int
    properties: dict[str, Judged]
    missed: tuple[str, ...] = ()
    not_reached: tuple[str, ...] = ()
    undecided_reach: tuple[str, ...] = ()
    mutants: dict[str, Mutant] = {}
    why: str | None = None
    faults: Budgets = {}
    kinds: tuple[str, ...] = ()
    quiet: bool = False
    claims: dict[str, str] = {}


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A step of a counterexample, in words, and where in the user's files it is asked for, if it is there."""

    process: str
    text: str
    label: str | None = None
    fault: str | None = None
    file: str | None = None
    line: int | None = None


class Witness(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A shortest counterexample to a property under a set of faults, and where the protocol is defined.

    `lost_at` is the number, from 1, of the step after which the violation can no longer be avoided; `avoided_by` says
    what, in its place, leads to a run that holds.
    """

    faults: Budgets
    violation: str
    steps: tuple[Step, ...]
    timeline: str
    lost_at: int | None = None
    avoided_by: str | None = None
    file: str | None = None
    line: int | None = None


class Hazard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What goes wrong of one property while old and new run side by side, and where: some stops, in words.

    Where a role fails on what the other version wrote, there is no property, and `fails` says how.
    """

    property: str | None
    stops: tuple[str, ...]
    witness: Witness | None = None
    fails: str | None = None


class SideBySide(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was found of old and new side by side: the hazards, the orders without any, and what was not decided."""

    hazards: tuple[Hazard, ...] = ()
    safe_orders: tuple[tuple[str, ...], ...] = ()
    undecided: tuple[str, ...] = ()
