"""The migration path of the original analysis: the cleanup first, then metrics, then the token, then no cleanup.

Each phase is a protocol, checked and simulated; between two of them old and new run side by side, as in a rollout. The
last phase is judged by what was gained before: what held with the cleanup, and does not hold without it, is lost.

Source: the original analysis, "Migration Path".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from deadheat.scenarios.check import CheckResult, Options, Verdict, check_all
from deadheat.scenarios.estimates import Estimate
from deadheat.scenarios.in_time import Question, Simulated
from deadheat.scenarios.rollout import Rollout, rollout
from deadheat.scenarios.scenario import Scenario
from deadheat.scenarios.simulate import simulate

__all__ = ["CLEANUP", "Between", "Condition", "Migration", "Phase", "migrate"]

CLEANUP = "orphan-cleanup"
"""The addition that is there in the meantime."""


OF_ORPHANS = frozenset({"no-permanent-orphan", "no-transient-orphan", "eventually-cleaned"})
"""The properties that say that there are no orphans, or none for ever."""


@dataclass(frozen=True)
class Phase:
    """A phase: which properties hold and which do not, and what was found of it in time."""

    number: int
    name: str
    protocol: str
    holds: tuple[str, ...]
    violated: tuple[str, ...]
    undecided: tuple[str, ...]
    simulated: Simulated


@dataclass(frozen=True)
class Between:
    """The way from one phase to the next; without a `rollout`, nothing differs. `lost` held before, and no more after.

    What is `violated` on every order of the roles holds in both phases.
    """

    before: int
    after: int
    rollout: Rollout | None
    lost: tuple[str, ...]

    @property
    def is_safe(self) -> bool:
        """Whether some order of the roles is safe."""
        return self.rollout is None or not self.rollout.roles or self.rollout.is_safe

    @property
    def is_unsafe(self) -> bool:
        """Whether no order is."""
        return self.rollout is not None and bool(self.rollout.roles) and self.rollout.is_unsafe


@dataclass(frozen=True)
class Condition:
    """What must be true before the cleanup may go, and whether it is; None where that is for people to say."""

    text: str
    is_met: bool | None


@dataclass(frozen=True)
class Migration:
    """The whole path. `may_end` tells whether the cleanup may be removed at its end; None where that is not decided."""

    old: str
    new: str
    faults: tuple[tuple[str, int], ...]
    simulated_faults: tuple[tuple[str, int], ...]
    bound: float | None
    phases: tuple[Phase, ...]
    between: tuple[Between, ...]
    conditions: tuple[Condition, ...]
    may_end: bool | None

    @property
    def is_safe(self) -> bool:
        """Whether each step of the path is safe, and so is its end."""
        return self.may_end is True and all(each.is_safe for each in self.between)

    @property
    def is_unsafe(self) -> bool:
        """Whether some step is not, or the end is a mistake."""
        return self.may_end is False or any(each.is_unsafe for each in self.between)


def migrate(
    new: str,
    question: Question,
    *,
    old: str = "baseline",
    faults: tuple[tuple[str, int], ...] = (),
    bound: float | None = None,
    options: Options = Options(),
    jobs: int = 1,
) -> Migration:
    """Check and simulate each phase, and the way from each to the next.

    Faults are checked; those of which `question` has a law are simulated too. `bound` is how many orphans a million
    cancellations are allowed without the cleanup. Raises UsageError as `Scenario`, `rollout` and `simulate` do.
    """
    named = (
        ("as it is", old),
        ("the cleanup", f"{old}+{CLEANUP}"),
        ("metrics", f"{old}+{CLEANUP}"),
        (new, f"{new}+{CLEANUP}"),
        ("no cleanup", new),
    )
    protocols = tuple(dict.fromkeys(protocol for _, protocol in named))
    scenarios = [Scenario(each, 1, faults) for each in protocols]
    checked = dict(zip(protocols, check_all(scenarios, options, jobs), strict=True))
    in_time = tuple(each for each in faults if each[0] in question.laws)
    found = simulate(protocols, replace(question, faults=in_time)).results
    simulated = {each.protocol: each for each in found}
    phases = tuple(
        _phase(number, name, checked[protocol], simulated[protocol]) for number, (name, protocol) in enumerate(named)
    )
    between = tuple(_between(before, after, faults, options, jobs) for before, after in pairwise(phases))
    left_out = tuple(kind for kind, budget in faults if budget and (kind, budget) not in in_time)
    allowed = _Allowed(phases[-1].simulated.orphans_per_million, bound, left_out)
    conditions = tuple(_conditions(phases, between, allowed))
    may_end = _may_end(phases[-2], phases[-1], allowed)
    return Migration(old, new, faults, in_time, bound, phases, between, conditions, may_end)


def _phase(number: int, name: str, checked: CheckResult, simulated: Simulated) -> Phase:
    def those(*verdicts: Verdict) -> tuple[str, ...]:
        return tuple(each.property for each in checked.outcomes if each.verdict in verdicts)

    return Phase(
        number,
        name,
        checked.scenario.protocol,
        those(Verdict.HOLDS),
        those(Verdict.VIOLATED),
        those(Verdict.INCONCLUSIVE, Verdict.VACUOUS),
        simulated,
    )


def _between(before: Phase, after: Phase, faults: tuple[tuple[str, int], ...], options: Options, jobs: int) -> Between:
    lost = tuple(each for each in before.holds if each in after.violated)
    if before.protocol == after.protocol:
        return Between(before.number, after.number, None, lost)
    found = rollout(before.protocol, after.protocol, 1, faults, options=options, jobs=jobs)
    return Between(before.number, after.number, found, lost)


# The end


@dataclass(frozen=True)
class _Allowed:
    """How many orphans a million cancellations are found to leave, and may: nothing is said where faults are left out.

    `left_out` are the faults that may happen, of which nobody has said how often.
    """

    orphans: Estimate
    bound: float | None
    left_out: tuple[str, ...]

    @property
    def is_kept(self) -> bool | None:
        """Whether there are no more than that; None where that is not known."""
        if self.bound is None or self.left_out:
            return None
        return None if self.orphans.low <= self.bound < self.orphans.high else self.orphans.high <= self.bound

    def __str__(self) -> str:
        most = "as many as you can live with" if self.bound is None else f"{self.bound:g}"
        text = (
            f"or orphans that are allowed: {self.orphans.low:,.0f} to {self.orphans.high:,.0f} of a million "
            f"cancellations leave one, and at most {most} may"
        )
        kinds = " and ".join(self.left_out)
        return f"{text}; that is without {kinds}, of which nobody has said how often" if kinds else text


def _may_end(with_cleanup: Phase, without: Phase, allowed: _Allowed) -> bool | None:
    """Return whether the cleanup may go: a bound on orphans stands for the properties that say there are none."""
    excused = frozenset() if allowed.bound is None else OF_ORPHANS
    lost = [each for each in with_cleanup.holds if each in without.violated and each not in excused]
    undecided = [each for each in (*without.undecided, *with_cleanup.undecided) if each not in excused]
    if lost or allowed.is_kept is False:
        return False
    return None if undecided or (excused and allowed.is_kept is None) else True


def _conditions(phases: Sequence[Phase], between: Sequence[Between], allowed: _Allowed) -> list[Condition]:
    with_cleanup, without = phases[-2], phases[-1]
    lost = between[-1].lost
    undecided = bool(without.undecided)
    found = [
        Condition(
            f"{without.protocol} alone, under these faults, violates nothing that holds with the cleanup"
            + (f": it violates {', '.join(lost)}" if lost else ""),
            False if lost else (None if undecided else True),
        )
    ]
    found.append(Condition(str(allowed), allowed.is_kept))
    step = between[-2].rollout
    at_once = step is not None and bool(step.roles) and step.all_at_once.is_safe
    found.append(
        Condition(
            f"nothing runs any more that {phases[0].protocol} has begun: no task, request or Job of before phase "
            f"{with_cleanup.number}" + ("; old and new together violate nothing that either keeps" if at_once else ""),
            None,
        )
    )
    return found
