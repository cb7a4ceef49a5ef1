"""What got worse between two surveys of a check, or is not as the configuration says: each thing a *finding*.

A finding is known again by what it is, never by a line: by its check, its kind, the property and the faults.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from deadheat.gate.config import Check
from deadheat.gate.lock import Accepted
from deadheat.gate.surveys import Budgets, Judged, SideBySide, Survey, Witness, contains
from deadheat.gate.words import broken_by, faults_text, gains, steps_text
from deadheat.sim.counting import counted

__all__ = [
    "UNDECIDED",
    "Finding",
    "Kind",
    "accept",
    "findings",
    "is_changed",
    "is_refactored",
    "undecided_rollout",
    "unsafe_rollout",
]

UNDECIDED = ("vacuous", "inconclusive")

IS = {"holds": "holds", "violated": "is violated", "vacuous": "is vacuous", "inconclusive": "is inconclusive"}


SIDE_BY_SIDE = "side by side"
"""What the details begin with of what was not decided about old and new at work together."""


ENOUGH = "enough"
"""The detail of a finding about a property that is violated under fewer of the faults of its check than before."""


class Kind(StrEnum):
    """What kind of thing a finding is.

    LOST: a property that held, or is to hold, is violated. WEAKER: a smaller set of faults breaks it. VACUOUS,
    INCONCLUSIVE: it is no longer shown to hold. MUTANT: a guard can be taken away and nobody notices any more.
    CHANGED: the protocol does something else than the lock says, for better or for worse. UNSAFE_ROLLOUT: old and new
    side by side violate what each alone does not. MUST_REACH: what some run has to reach is not reached.
    """

    LOST = "lost"
    WEAKER = "weaker"
    VACUOUS = "vacuous"
    INCONCLUSIVE = "inconclusive"
    MUTANT = "mutant"
    CHANGED = "changed"
    UNSAFE_ROLLOUT = "unsafe-rollout"
    MUST_REACH = "must-reach"


@dataclass(frozen=True)
class Finding:
    """One thing that got worse; `detail` tells it from others of its kind, `accepted_until` the end of an acceptance.

    `expired` says that it was accepted until a day that is over. `witness` is a shortest counterexample, for those that
    have one.
    """

    check: Check
    kind: Kind
    text: str
    property_name: str | None = None
    faults: Budgets = field(default_factory=dict)
    detail: str = ""
    accepted_until: dt.date | None = None
    reason: str | None = None
    expired: bool = False
    witness: Witness | None = None

    @property
    def id(self) -> str:
        """A short name that is the same as long as it is the same finding."""
        faults = sorted((kind, str(budget)) for kind, budget in self.faults.items())
        parts = (self.check.name, str(self.kind), self.property_name, faults, self.detail)
        return f"{self.kind}-{hashlib.sha256(repr(parts).encode()).hexdigest()[:10]}"

    @property
    def is_accepted(self) -> bool:
        """Whether somebody has accepted it, until a day that is not over."""
        return self.accepted_until is not None and not self.expired

    @property
    def is_of_rollout(self) -> bool:
        """Whether it is about old and new side by side, and so found only where there is an old one."""
        return self.kind is Kind.UNSAFE_ROLLOUT or self.detail.startswith(SIDE_BY_SIDE)

    @property
    def asked_by(self) -> str | None:
        """The key of the configuration that says that it is wrong, and goes on saying so whatever the lock says."""
        if self.kind is Kind.MUST_REACH or (self.detail and self.detail in self.check.must_reach):
            return "must_reach"
        is_expected = self.property_name is not None and self.check.expected(self.property_name) is not None
        judged = (Kind.LOST, Kind.VACUOUS, Kind.INCONCLUSIVE, Kind.CHANGED)
        return "expect" if is_expected and self.kind in judged and not self.detail else None

    @property
    def has_witness(self) -> bool:
        """Whether there is a counterexample to be shown."""
        return self.kind in (Kind.LOST, Kind.WEAKER) and self.property_name is not None and self.detail in ("", ENOUGH)

    @property
    def shown_under(self) -> tuple[Check, Budgets]:
        """The check, and the further faults, under which there is one."""
        if self.kind is not Kind.WEAKER:
            return self.check, {}
        if self.detail != ENOUGH:
            return self.check, self.faults
        enough = tuple((kind, self.faults.get(kind, 0)) for kind in {**dict(self.check.faults), **self.faults})
        return replace(self.check, faults=enough), {}


def findings(
    check: Check, before: Survey | None, now: Survey, accepted: Iterable[Accepted] = (), *, may_change: bool = False
) -> list[Finding]:
    """Return what got worse since a survey, if there is one, and what is not as the check says.

    `accepted` are the findings that were accepted: they stay for as long as what they say is so, whatever the survey
    before says by now. Behaviour `may_change` where nothing was to be kept in step with it.
    """
    found = [*_not_as_asked(check, now)]
    if before is not None:
        found += _worse(check, before, now)
    found += _still(check, now, accepted)
    found = list({each.id: each for each in reversed(found)}.values())[::-1]
    if before is not None and not may_change and not _is_same(before, now):
        known = {each.id: each.system for each in accepted if each.check == check.name}
        if all(each.id in known for each in found) and (now.system is None or now.system not in known.values()):
            detail = now.system or now.sources
            found.append(Finding(check, Kind.CHANGED, _changed_text(before, now), detail=detail))
    return found


def unsafe_rollout(check: Check, found: SideBySide, change: str) -> Iterator[Finding]:
    """Yield what goes wrong while old and new run side by side; the `change` tells one rollout from another."""
    orders = " or ".join(", then ".join(each) for each in found.safe_orders[:3])
    way = f"safe is to roll out {orders}, each to its end" if orders else "no order of the roles is safe"
    for each in found.hazards:
        where = "; or ".join(each.stops)
        what = each.fails if each.property is None else f"{each.property} is violated, which holds of both"
        text = f"While old and new run side by side ({where}), {(what or '').rstrip('.')}; {way}."
        detail = f"{change} {each.fails or ''}"
        yield Finding(check, Kind.UNSAFE_ROLLOUT, text, each.property, detail=detail, witness=each.witness)
    for name in found.undecided:
        yield undecided_rollout(check, f"{name} was not decided", change, name)


def undecided_rollout(check: Check, why: str, change: str, name: str | None = None) -> Finding:
    """Return that it is not known whether old and new can run side by side; the `change` tells rollouts apart."""
    text = f"Whether old and new can run side by side was not decided: {why}."
    return Finding(check, Kind.INCONCLUSIVE, text, name, detail=f"{SIDE_BY_SIDE} {change} {why}")


def is_changed(before: Survey | None, now: Survey) -> bool:
    """Return whether a protocol was there before, in other words.

    One that does the same by itself may still not understand what the other one writes.
    """
    return before is not None and before.sources != now.sources


def is_refactored(before: Survey | None, now: Survey) -> bool:
    """Return whether the files are others than before, and what the protocol does is the same."""
    return before is not None and is_changed(before, now) and _is_same(before, now)


def accept(found: Iterable[Finding], accepted: Iterable[Accepted], today: dt.date) -> list[Finding]:
    """Return findings with what was accepted of them, until when and why."""
    known = {each.id: each for each in accepted}
    return [
        replace(each, accepted_until=by.until, reason=by.reason, expired=by.until < today)
        if (by := known.get(each.id)) is not None
        else each
        for each in found
    ]


def _is_same(before: Survey, now: Survey) -> bool:
    """Return whether two surveys are of one transition system, as far as that is known."""
    if before.system is not None and now.system is not None:
        return before.system == now.system
    return before.sources == now.sources


def _not_as_asked(check: Check, now: Survey) -> Iterator[Finding]:
    for name, judged in now.properties.items():
        wanted = check.expected(name)
        if wanted is None or judged.verdict == wanted:
            continue
        if judged.verdict == "violated":
            yield _lost(check, name, judged, f"{name} is violated, and expected is that it {IS[wanted]}")
        elif judged.verdict in UNDECIDED:
            yield _undecided(check, name, judged, now, f"expected is that it {IS[wanted]}")
        else:
            text = f"{name} holds by now, and expected is that it {IS[wanted]}; say so in `expect`."
            yield Finding(check, Kind.CHANGED, text, name)
    for name in now.not_reached:
        yield Finding(check, Kind.MUST_REACH, f"No run reaches {name}, which some run has to reach.", detail=name)
    for name in now.undecided_reach:
        text = f"Whether any run reaches {name} was not decided: there are too many states; check something smaller."
        yield Finding(check, Kind.INCONCLUSIVE, text, detail=name)


def _worse(check: Check, before: Survey, now: Survey) -> Iterator[Finding]:
    yield from _asked_less_by_itself(check, before, now)
    for name, was in before.properties.items():
        judged = now.properties.get(name)
        if judged is None:
            text = f"{name} is not checked any more; before, it {_was(was)}."
            yield Finding(check, Kind.LOST, text, name, detail="not checked")
            continue
        if was.verdict != "holds" or judged.verdict == "holds":
            if judged.verdict != "violated":
                yield from _weaker(check, name, was, judged)
            elif was.verdict in UNDECIDED:
                yield _lost(check, name, judged, f"{name} is violated; before, it {_was(was)}")
            else:
                yield from _easier(check, name, was, judged)
        elif judged.verdict == "violated":
            yield _lost(check, name, judged, f"{name} no longer holds")
        else:
            yield _undecided(check, name, judged, now, "before, it held")
    yield from _untested(check, before, now)


def _asked_less_by_itself(check: Check, before: Survey, now: Survey) -> Iterator[Finding]:
    """Yield what the protocol itself, and not the configuration, lets happen no more."""
    own = [
        {kind: each.faults[kind] for kind in each.faults if kind not in dict(check.faults)} for each in (before, now)
    ]
    less = []
    if not contains(own[1], own[0]):
        less.append(f"the faults that the protocol allows were {faults_text(own[0])}, and are {faults_text(own[1])}")
    gone = sorted(set(before.kinds) - set(now.kinds))
    if gone:
        less.append(f"there is no fault {' or '.join(gone)} any more")
    if now.quiet and not before.quiet:
        less.append("the protocol is judged only where faults stop")
    if less:
        text = f"Less can happen to {check.name} than before: {'; '.join(less)}."
        yield Finding(check, Kind.CHANGED, text, detail=f"narrower: {'; '.join(less)}")


def _untested(check: Check, before: Survey, now: Survey) -> Iterator[Finding]:
    """Yield the guards that properties noticed, and notice no more; some may be called otherwise by now."""
    violated = {name for name, judged in now.properties.items() if judged.verdict == "violated"}
    # What is violated notices no guard any more, and is told by itself.
    noticed = {
        name for name, each in before.mutants.items() if each.fate == "noticed" and not violated.issuperset(each.by)
    }
    for name in sorted(noticed & now.mutants.keys()):
        fate = now.mutants[name].fate
        if fate in ("survived", "no difference"):
            text = f"A guard is no longer tested by any property: {name}; without it, everything holds that held."
            yield Finding(check, Kind.MUTANT, text, detail=name)
        elif fate == "inconclusive":
            text = f"Whether a guard is still tested was not decided: {name}; before, it was."
            yield Finding(check, Kind.INCONCLUSIVE, text, detail=name)
    gone = sorted(noticed - now.mutants.keys())
    untested = sorted(
        name
        for name, each in now.mutants.items()
        if name not in before.mutants and each.fate not in ("noticed", "cannot run")
    )
    if gone and untested:
        text = (
            f"Gone: {counted(len(gone), 'guard')} that some property tested, such as {gone[0]}; and of those "
            f"that are new, nothing tests {untested[0]}."
        )
        yield Finding(check, Kind.MUTANT, text, detail=f"{gone} {untested}")


def _lost(check: Check, name: str, judged: Judged, what: str) -> Finding:
    faults = dict(check.faults)
    under = f" under {faults_text(faults)}" if faults else ""
    return Finding(check, Kind.LOST, f"{what}: it breaks{under} in {steps_text(judged.length)}.", name, faults)


def _undecided(check: Check, name: str, judged: Judged, now: Survey, otherwise: str) -> Finding:
    if judged.verdict == "vacuous":
        missed = ", ".join(now.missed)
        text = f"{name} holds vacuously: no run reaches {missed}; {otherwise}."
        return Finding(check, Kind.VACUOUS, text, name, detail=missed)
    text = f"{name} was not decided ({now.why or 'a limit'}); {otherwise}."
    return Finding(check, Kind.INCONCLUSIVE, text, name)


def _weaker(check: Check, name: str, was: Judged, now: Judged) -> Iterator[Finding]:
    """Yield the fault sets that break a property and did not before, or of which that is no longer decided."""

    def held(faults: Budgets) -> bool:
        return not any(contains(faults, smaller) for smaller in (*was.breaking, *was.undecided))

    for faults in now.breaking:
        if held(faults):
            yield Finding(check, Kind.WEAKER, broken_by(name, faults, was, check), name, faults)
    for faults in now.undecided:
        if held(faults):
            text = f"Whether {faults_text(faults)} breaks {name} was not decided; before, it did not."
            yield Finding(check, Kind.INCONCLUSIVE, text, name, faults)


def _easier(check: Check, name: str, was: Judged, now: Judged) -> Iterator[Finding]:
    """Yield the sets of the check's own faults that break by now what was broken before, but not by them alone."""
    if not was.breaking:
        return
    for faults in now.breaking:
        if not any(contains(faults, smaller) for smaller in was.breaking):
            yield Finding(check, Kind.WEAKER, broken_by(name, faults, was, check), name, faults, ENOUGH)


def _still(check: Check, now: Survey, accepted: Iterable[Accepted]) -> Iterator[Finding]:
    """Yield the accepted findings that are still so, although what was before may be forgotten by now."""
    for each in accepted:
        judged = now.properties.get(each.property or "")
        if each.check != check.name or judged is None:
            continue
        name = each.property or ""
        if each.kind == Kind.LOST and judged.verdict == "violated":
            yield _lost(check, name, judged, f"{name} is violated")
        elif each.kind == Kind.WEAKER and any(contains(each.faults, smaller) for smaller in judged.breaking):
            text = f"{faults_text(each.faults)} breaks {name}."
            yield Finding(check, Kind.WEAKER, text[0].upper() + text[1:], name, each.faults)
        elif each.kind == judged.verdict and judged.verdict in UNDECIDED:
            yield _undecided(check, name, judged, now, "before, it held")


def _was(judged: Judged) -> str:
    return {"holds": "held", "violated": "was violated"}.get(judged.verdict, f"was {judged.verdict}")


def _changed_text(before: Survey, now: Survey) -> str:
    better = gains(before, now)
    states = f"{counted(before.states, 'state')} before, {now.states:,} now"
    what = f"What the protocol does has changed ({states}), and nothing that was guaranteed is lost"
    more = f"; gained: {'; '.join(better)}" if better else ""
    return f"{what}{more}. If that is meant, run deadheat gate --update."
