"""The gate itself: surveys every check, compares each with what was before, and says what got worse."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path

import msgspec

from deadheat.gate.base import Base, at
from deadheat.gate.cache import Cache
from deadheat.gate.claims import rewritten
from deadheat.gate.config import WITHOUT_END, Check, Config
from deadheat.gate.findings import (
    Finding,
    Kind,
    accept,
    findings,
    is_changed,
    is_refactored,
    undecided_rollout,
    unsafe_rollout,
)
from deadheat.gate.formerly import asked_at, narrowed, narrowed_since, widened_since
from deadheat.gate.identities import identities
from deadheat.gate.lock import Accepted, Lock, alone, read_lock, write_lock
from deadheat.gate.narrowing import narrower
from deadheat.gate.processes import ended_if_interrupted
from deadheat.gate.surveys import Survey
from deadheat.gate.worker import Answer, Question, answer
from deadheat.sim.counting import counted
from deadheat.sim.errors import DeadheatError, UsageError
from deadheat.version import VERSION

__all__ = ["Acceptance", "Gated", "gate", "gate_alone", "out_of_step"]

WITNESSES_MAX = 100
"""So many findings are told with a counterexample."""

NOT_IN_STEP = "not in step with the lock"
"""The detail of a finding that says that nothing is compared."""


@dataclass(frozen=True)
class Acceptance:
    """What somebody accepts: a finding by its id, why, and until the end of which day."""

    id: str
    reason: str
    until: dt.date


@dataclass(frozen=True)
class Gated:
    """What the gate says: the findings in the order of the checks, and the references that were only rewritten.

    `compared_with` says in words with what; `surveys` are what was found of each check by now, and `updated` tells that
    they were written to the lock. `new` are the checks of which there was nothing to be compared with; `rewritten` are
    the properties of each check that are written otherwise by now, if there are any.
    """

    config: Config
    findings: tuple[Finding, ...]
    refactored: tuple[str, ...]
    compared_with: str
    surveys: dict[str, Survey] = field(default_factory=dict)
    updated: bool = False
    new: tuple[str, ...] = ()
    rewritten: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def open(self) -> tuple[Finding, ...]:
        """The findings that nobody has accepted, or not for so long."""
        return tuple(each for each in self.findings if not each.is_accepted)

    @property
    def passed(self) -> bool:
        """Whether nothing got worse, but for what was accepted."""
        return not self.open


def _no_report(text: str) -> None:
    del text


def gate(
    config: Config,
    base: str | None = None,
    *,
    update: bool = False,
    accepting: Acceptance | None = None,
    today: dt.date | None = None,
    cache: Cache | None = None,
    report: Callable[[str], None] = _no_report,
    jobs: int = 0,
) -> Gated:
    """Survey the checks, compare them with the lock or with what is at a git ref, and return what got worse.

    With `update`, what is found by now becomes what later ones are compared with, and nothing counts but what is not as
    the configuration says. Raises UsageError where something cannot be surveyed, or compared: never is that a success.
    """
    asking = _Asking(config, cache or Cache(), report, jobs or os.cpu_count() or 1)
    lock = read_lock(config.lock, anew=update)
    if lock is None and base is None and not update:
        raise UsageError(
            f"There is no {config.lock.name} beside {config.file.name} to compare with; write it with deadheat gate "
            "--update and commit it, or compare with --base REF."
        )
    lock = lock or Lock()
    with nullcontext() if base is None else at(base, config.root) as copy:
        now = asking.surveys(config.checks)
        before = lock.checks if copy is None else asking.surveys_of(config.checks, copy)
        changed = [each for each in config.checks if is_changed(before.get(each.name), now[each.name])]
        unsafe = [] if copy is None else asking.all_beside(changed, copy, before, now)
        since = [] if copy is None else asking.asked_otherwise(copy)
    found = since + _found(config, {} if update else before, now, lock, is_base=copy is not None) + unsafe
    if copy is None and not update:
        found += [one for each in config.checks for one in _unlike_the_lock(config, each, lock)]
        found += _in_the_lock_alone(config, lock)
    today = today or dt.date.today()
    if update or accepting is not None:
        with alone(config.lock):  # somebody may have accepted something since it was read
            lock = read_lock(config.lock, anew=update) or Lock()
            if accepting is not None:
                lock = _accepted(lock, accepting, found, now)
            if update:
                accepted = _still_accepted(lock, found, today)
                lock = Lock(checks=now, asked={each.name: each for each in config.checks}, accepted=accepted)
            write_lock(config.lock, lock)
    found = accept(found, lock.accepted, today)
    refactored = [each.name for each in config.checks if is_refactored(before.get(each.name), now[each.name])]
    return Gated(
        config,
        asking.with_witnesses(sorted(found, key=lambda each: each.is_accepted)),
        tuple(dict.fromkeys(refactored)),
        _named(config, lock) if copy is None else f"{copy.ref} ({copy.commit[:10]})",
        now,
        update,
        tuple(each.name for each in config.checks if each.name not in before),
        {name: rewritten(before[name].claims, now[name].claims) for name in refactored},
    )


class _Asking:
    """Asks for surveys and witnesses, in processes of their own, or takes what was kept of them."""

    def __init__(self, config: Config, cache: Cache, report: Callable[[str], None], jobs: int) -> None:
        self._config, self._cache, self._report, self._jobs = config, cache, report, jobs
        self._identities: dict[tuple[Path, str], str] = {}

    def surveys(self, checks: Iterable[Check]) -> dict[str, Survey]:
        """Return what there is to say of each check by now."""
        found = self._all([Question("survey", each) for each in checks], None)
        return {name: each.survey for name, each in found.items() if each.survey is not None}

    def surveys_of(self, checks: Iterable[Check], base: Base) -> dict[str, Survey]:
        """Return the same of a copy, for those of which there was anything."""
        found = self._all([Question("survey", each, lenient=True) for each in checks], base)
        for each in found.values():
            base.require_own(each.files)
        return {name: each.survey for name, each in found.items() if each.survey is not None}

    def all_beside(
        self, checks: Iterable[Check], base: Base, before: Mapping[str, Survey], now: Mapping[str, Survey]
    ) -> list[Finding]:
        """Return what goes wrong while the old and the new of each of these run side by side."""
        return [
            finding
            for check in checks
            for finding in self.beside(check, base, _change(before[check.name], now[check.name]))
        ]

    def beside(self, check: Check, base: Base, change: str) -> list[Finding]:
        """Return what goes wrong while old and new run side by side; that it cannot be said is a finding, too."""
        question = Question("side-by-side", check, older=base.older)
        try:
            found = answer(question, self._config.root).require_found().side_by_side
        except DeadheatError as error:
            why = base.named_in(str(error).rstrip("."))
            return [undecided_rollout(check, why, change)]
        return [] if found is None else [base.named(each) for each in unsafe_rollout(check, found, change)]

    def asked_otherwise(self, base: Base) -> list[Finding]:
        """Return what is hidden by asking otherwise than at the ref: what is not asked, and what held as it was."""
        asked = asked_at(base, self._config)
        found = list(narrowed_since(base, asked, self._config))
        for check in widened_since(asked, self._config):
            before = self.surveys_of([check], base).get(check.name)
            now = self._all([Question("survey", check, lenient=True)], None)[check.name].survey
            if before is not None and now is not None:
                found += findings(replace(check, expect=(), must_reach=()), before, now, may_change=True)
        return found

    def with_witness(self, finding: Finding) -> Finding:
        """Return a finding with a shortest counterexample, if there is one to be shown."""
        if not finding.has_witness or finding.property_name is None:
            return finding
        check, more = finding.shown_under
        try:
            found = self._ask(Question("witness", check, finding.property_name, more), None)
        except UsageError:  # it takes longer, or more states, than was allowed: it is a finding all the same
            return finding
        return replace(finding, witness=found.witness)

    def with_witnesses(self, found: Sequence[Finding]) -> tuple[Finding, ...]:
        """Return findings with the witnesses of the first of them: nobody looks at hundreds."""
        first = [each for each in found if each.has_witness][:WITNESSES_MAX]
        shown: dict[str, Finding] = {}
        with ThreadPoolExecutor(self._jobs) as pool, ended_if_interrupted():
            for each in pool.map(self.with_witness, first):
                shown[each.id] = each
                self._report(f"looked for {len(shown)} of {counted(len(first), 'counterexample')}")
        return tuple(shown.get(each.id, each) for each in found)

    def _all(self, questions: list[Question], base: Base | None) -> dict[str, Answer]:
        """Return the answers by the names of the checks; raises the first error, when all others were said."""
        self._identify([each.check for each in questions], base)
        with ThreadPoolExecutor(max(1, min(self._jobs, len(questions)))) as pool, ended_if_interrupted():
            futures = {each.check.name: pool.submit(self._ask, each, base) for each in questions}
            found: dict[str, Answer] = {}
            errors: list[DeadheatError] = []
            for name, future in futures.items():
                try:
                    found[name] = future.result()
                except DeadheatError as error:
                    errors.append(error if base is not None else self._config.placed(name, error))
                self._report(f"surveyed {len(found)} of {len(questions)}, last {name}")
        told = {str(each): each for each in errors}  # of a file that is in several checks, once
        if len(told) == 1:
            raise errors[0]
        if told:
            raise UsageError("\n".join(told))
        return found

    def _identify(self, checks: Sequence[Check], base: Base | None) -> None:
        """Find out what checks name by now: before anything is searched, so that an edit meanwhile counts next time."""
        if self._cache.is_off:
            return
        root, paths = (self._config.root, None) if base is None else (base.root, base.paths)
        self._identities |= {(root, name): each for name, each in identities(checks, root, paths).items()}

    def _ask(self, question: Question, base: Base | None) -> Answer:
        root = self._config.root if base is None else base.root
        identity = self._identities.get((root, question.check.name))
        kept = self._cache.get(question, identity, root)
        if kept is not None:
            return kept
        found = answer(question, root, None if base is None else base.paths)
        if found.error is not None and base is not None:
            found = msgspec.structs.replace(found, error=f"At {base.ref}: {found.error}")
        found.require_found()
        self._cache.keep(question, identity, found)
        return found


def _found(
    config: Config, before: dict[str, Survey], now: dict[str, Survey], lock: Lock, *, is_base: bool
) -> list[Finding]:
    found: list[Finding] = []
    for check in config.checks:
        found += findings(check, before.get(check.name), now[check.name], lock.accepted, may_change=is_base)
    return found


def _change(before: Survey, now: Survey) -> str:
    """Return what tells one change of a protocol from others: what it did and does, or else its files."""
    if before.system is None or now.system is None or before.system == now.system:
        return f"{before.sources} {now.sources}"
    return f"{before.system} {now.system}"


def _still_accepted(lock: Lock, found: Iterable[Finding], today: dt.date) -> tuple[Accepted, ...]:
    """Return the acceptances of what is there by now, and of what only a comparison with a ref finds."""
    there = {each.id for each in found}
    return tuple(each for each in lock.accepted if each.id in there or (each.at_a_ref and each.until >= today))


def _named(config: Config, lock: Lock) -> str:
    """Return what the lock is called, and whether another version made it, which may have judged otherwise."""
    if lock.deadheat == VERSION:
        return config.lock.name
    return (
        f"{config.lock.name}, which deadheat {lock.deadheat} made; this is deadheat {VERSION}, and if nothing but that "
        "has changed, run deadheat gate --update"
    )


def _unlike_the_lock(config: Config, check: Check, lock: Lock) -> list[Finding]:
    """Return that the lock does not know a check, or knows it as one that asks for more."""
    if check.name not in lock.checks:
        text = f"{check.name} is not in the lock; if it is right, run deadheat gate --update."
        return [Finding(check, Kind.CHANGED, text, detail=NOT_IN_STEP)]
    less = narrower(lock.asked[check.name], check) if check.name in lock.asked else []
    return [narrowed(check, f"when {config.lock.name} was written", less)] if less else []


def _in_the_lock_alone(config: Config, lock: Lock) -> list[Finding]:
    """Return the checks that the lock has, and the configuration has no more."""
    names = {each.name for each in config.checks}
    found = []
    for name in lock.checks.keys() - names:
        text = (
            f"{name} is in the lock and no longer in {config.file.name}, so nothing is checked of it; put it back, "
            "or run deadheat gate --update."
        )
        found.append(Finding(Check(name.partition(" (")[0]), Kind.CHANGED, text, detail=NOT_IN_STEP))
    return sorted(found, key=lambda each: each.text)


def _accepted(lock: Lock, accepting: Acceptance, found: Iterable[Finding], now: Mapping[str, Survey]) -> Lock:
    known = {each.id: each for each in found}
    if accepting.id not in known:
        near = get_close_matches(accepting.id, known, n=1) or list(known)[:3]
        there = f"; there is {', '.join(near)}" if near else "; there is none"
        raise UsageError(f"There is no finding {accepting.id!r} to accept{there}.")
    finding = known[accepting.id]
    if finding.detail == NOT_IN_STEP:
        raise UsageError(f"{finding.text.rstrip('.')}; that cannot be accepted, since nothing would be compared.")
    entry = Accepted(
        finding.id,
        finding.check.name,
        str(finding.kind),
        finding.property_name,
        finding.faults,
        accepting.reason,
        accepting.until,
        system=now[finding.check.name].system if finding.check.name in now else None,
        at_a_ref=finding.is_of_rollout,
    )
    others = tuple(each for each in lock.accepted if each.id != entry.id)
    return msgspec.structs.replace(lock, accepted=tuple(sorted((*others, entry), key=lambda each: each.id)))


# One check alone


def gate_alone(
    config: Config, check: Check, *, today: dt.date | None = None, cache: Cache | None = None
) -> tuple[Finding, ...]:
    """Return what got worse of one check since the lock was written.

    Without a lock the check is held to what the configuration expects, which is that all holds where it does not say.
    Raises UsageError where the check cannot be surveyed.
    """
    lock = read_lock(config.lock)
    if lock is None and check.expected("") is None:
        check = replace(check, expect=(*check.expect, (WITHOUT_END, "holds")))
    asking = _Asking(config, cache or Cache(), _no_report, 1)
    now = asking.surveys([check])[check.name]
    accepted = () if lock is None else lock.accepted
    found = findings(check, None if lock is None else lock.checks.get(check.name), now, accepted)
    if lock is not None:
        found += _unlike_the_lock(config, check, lock)
    return asking.with_witnesses(accept(found, accepted, today or dt.date.today()))


def out_of_step(config: Config) -> tuple[Finding, ...]:
    """Return what the lock has and the configuration has no more; nothing without a lock."""
    lock = read_lock(config.lock)
    return () if lock is None else tuple(_in_the_lock_alone(config, lock))
