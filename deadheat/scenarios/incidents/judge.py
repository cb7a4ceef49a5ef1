"""Judging the incidents: is the defect there, does the fix hold, and which one more fault breaks it.

The fix is judged by what the incident was about: of the properties that its report complains about, those that the
protocol violated. What else either of them violates is told beside that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from deadheat.models.faults import FAULTS
from deadheat.scenarios.check import CheckResult, Options, Verdict, check_all
from deadheat.scenarios.frontier import Frontier, Tried, frontiers
from deadheat.scenarios.incidents.incident import Incident
from deadheat.scenarios.scenario import Scenario

__all__ = ["Judgement", "OneMore", "judge"]


@dataclass(frozen=True, slots=True)
class OneMore:
    """What one more fault does to a fix: what each kind that breaks it violates, of what the fix mended.

    `not_applicable` are the kinds that never happen with the fix, `undecided` those of which nothing is known.
    """

    broken_by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    not_applicable: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the checker says of an incident.

    `defect` is the check of the protocol as it was, and `fix` that of the protocol with the fix, under the faults
    under which it happened. `with_one_more` tells what one more fault does to what the fix mended.
    """

    incident: Incident
    defect: CheckResult
    fix: CheckResult
    with_one_more: OneMore = OneMore()

    @property
    def violated(self) -> tuple[str, ...]:
        """The properties that the report complains about and that the protocol violated."""
        return tuple(each for each in _violated(self.defect) if each in self.incident.properties)

    @property
    def also_violated(self) -> tuple[str, ...]:
        """What else the protocol violated."""
        return tuple(each for each in _violated(self.defect) if each not in self.incident.properties)

    @property
    def undecided(self) -> tuple[str, ...]:
        """Those properties that the report complains about of which it is not known whether they are violated."""
        return tuple(each for each in self.incident.properties if _is_open(self.defect, each))

    @property
    def not_found(self) -> tuple[str, ...]:
        """The properties that the report complains about and that the protocol does not violate."""
        return tuple(each for each in self.incident.properties if each not in (*self.violated, *self.undecided))

    @property
    def reproduced(self) -> bool | None:
        """Whether the protocol violates everything that its report complains about; None where that is not known."""
        return False if self.not_found else None if self.undecided else True

    @property
    def fix_undecided(self) -> tuple[str, ...]:
        """Those of the violated properties of which it is not known whether they hold with the fix."""
        return tuple(each for each in self.violated if _is_open(self.fix, each))

    @property
    def is_decided(self) -> bool:
        """Whether all that is asked of the incident is known."""
        return not (self.undecided or self.fix_undecided or self.with_one_more.undecided)

    @property
    def mended(self) -> tuple[str, ...]:
        """Those of the violated properties that hold with the fix."""
        return tuple(each for each in self.violated if self.fix.outcome(each).verdict is Verdict.HOLDS)

    @property
    def fix_holds(self) -> bool | None:
        """Whether everything that was violated, of what the report complains about, holds with the fix.

        Not if it holds vacuously, nor if nothing was violated: then there was nothing to be mended. None where that is
        not known.
        """
        if set(self.violated) - {*self.mended, *self.fix_undecided}:
            return False
        return None if self.undecided or self.fix_undecided else bool(self.violated)

    @property
    def still_violated(self) -> tuple[str, ...]:
        """What was violated before the fix, and still is."""
        return tuple(each for each in _violated(self.fix) if each in _violated(self.defect))

    @property
    def newly_violated(self) -> tuple[str, ...]:
        """What is violated only since the fix."""
        return tuple(each for each in _violated(self.fix) if each not in _violated(self.defect))


def judge(
    incidents: Sequence[Incident], jobs: int = 1, report: Callable[[Tried], None] | None = None
) -> list[Judgement]:
    """Judge incidents, in `jobs` operating-system processes; how far it is with one more fault is reported.

    Raises what `check` raises.
    """
    scenarios = [Scenario(each.name, faults=item.faults) for item in incidents for each in item.protocols]
    results = list(check_all(scenarios, Options(), jobs))
    judged = [Judgement(*each) for each in zip(incidents, results[::2], results[1::2], strict=True)]
    asked = [item for item in judged if item.mended]
    found = frontiers([_mended_by(item) for item in asked], 1, Options(), jobs, report) if asked else []
    more = {item.incident.name: _one_more([each for each in found if _is_of(each, item)]) for item in asked}
    return [replace(item, with_one_more=more.get(item.incident.name, OneMore())) for item in judged]


def _mended_by(judgement: Judgement) -> Scenario:
    """Return the scenario in which the fix is to be broken: what it mended, under the faults of the incident."""
    _, fix = judgement.incident.protocols
    return Scenario(fix.name, faults=judgement.incident.faults, properties=judgement.mended)


def _is_of(frontier: Frontier, judgement: Judgement) -> bool:
    return frontier.scenario.protocol == judgement.incident.protocols[1].name


def _one_more(found: Sequence[Frontier]) -> OneMore:
    broken: dict[str, tuple[str, ...]] = {}
    for kind in FAULTS:
        names = tuple(each.property for each in found if ((kind, 1),) in each.breaking)
        if names:
            broken[kind] = names
    undecided = {kind for each in found for faults in each.undecided for kind, _ in faults}
    return OneMore(
        broken, found[0].not_applicable, tuple(kind for kind in FAULTS if kind in undecided and kind not in broken)
    )


def _is_open(result: CheckResult, name: str) -> bool:
    return result.outcome(name).verdict is Verdict.INCONCLUSIVE


def _violated(result: CheckResult) -> tuple[str, ...]:
    return tuple(each.property for each in result.outcomes if each.verdict is Verdict.VIOLATED)
