"""Judging the incidents: is the defect there, does the fix hold, and which one more fault breaks it.

The fix is judged by what the incident was about: of the properties that its report complains about, those that the
protocol violated. What else either of them violates is told beside that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from deadheat.models.faults import FAULTS
from deadheat.scenarios.check import CheckResult, Options, Verdict, check_all
from deadheat.scenarios.incidents.incident import Incident
from deadheat.scenarios.scenario import Scenario

__all__ = ["Judgement", "judge"]


class Question(NamedTuple):
    """What one more fault of a kind does to an incident's fix."""

    incident: str
    kind: str
    scenario: Scenario

    @property
    def needs_more(self) -> bool:
        """Whether a fault of this kind needs processes of its own, which makes the search long."""
        return FAULTS[self.kind].bounded


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the checker says of an incident.

    `defect` is the check of the protocol as it was, and `fix` that of the protocol with the fix, under the faults
    under which it happened. `with_one_more` is, by kind, the check of what the fix mended with one more fault.
    """

    incident: Incident
    defect: CheckResult
    fix: CheckResult
    with_one_more: Mapping[str, CheckResult] = field(default_factory=dict)

    @property
    def violated(self) -> tuple[str, ...]:
        """The properties that the report complains about and that the protocol violated."""
        return tuple(each for each in _violated(self.defect) if each in self.incident.properties)

    @property
    def also_violated(self) -> tuple[str, ...]:
        """What else the protocol violated."""
        return tuple(each for each in _violated(self.defect) if each not in self.incident.properties)

    @property
    def reproduced(self) -> bool:
        """Whether the protocol violates everything that its report complains about."""
        return set(self.violated) == set(self.incident.properties)

    @property
    def mended(self) -> tuple[str, ...]:
        """Those of the violated properties that hold with the fix."""
        return tuple(each for each in self.violated if self.fix.outcome(each).verdict is Verdict.HOLDS)

    @property
    def fix_holds(self) -> bool:
        """Whether everything that was violated, of what the report complains about, holds with the fix.

        Not if it holds vacuously, nor if nothing was violated: then there was nothing to be mended.
        """
        return bool(self.violated) and self.mended == self.violated

    @property
    def broken_by(self) -> dict[str, tuple[str, ...]]:
        """Each kind of fault of which one more breaks the fix, with what it then violates of what it mended."""
        violated = {kind: _violated(result) for kind, result in self.with_one_more.items()}
        return {kind: names for kind, names in violated.items() if names}

    @property
    def not_applicable(self) -> tuple[str, ...]:
        """The kinds of fault that never happen with the fix, and so are not survived by it."""
        results = self.with_one_more.items()
        return tuple(kind for kind, each in results if each.is_whole and kind in each.faults_not_fired)

    @property
    def undecided(self) -> tuple[str, ...]:
        """The kinds of fault with which the search was cut short before it found anything."""
        results = self.with_one_more.items()
        return tuple(kind for kind, each in results if not each.exploration.complete and not _violated(each))

    @property
    def still_violated(self) -> tuple[str, ...]:
        """What was violated before the fix, and still is."""
        return tuple(each for each in _violated(self.fix) if each in _violated(self.defect))

    @property
    def newly_violated(self) -> tuple[str, ...]:
        """What is violated only since the fix."""
        return tuple(each for each in _violated(self.fix) if each not in _violated(self.defect))


def judge(incidents: Sequence[Incident], jobs: int = 1, say: Callable[[str], None] | None = None) -> list[Judgement]:
    """Judge incidents, in `jobs` operating-system processes; `say` is told how far it is.

    Raises what `check` raises.
    """
    scenarios = [Scenario(each.name, faults=item.faults) for item in incidents for each in item.protocols]
    results = list(check_all(scenarios, Options(), jobs))
    judged = [Judgement(*each) for each in zip(incidents, results[::2], results[1::2], strict=True)]
    # The kinds that need processes of their own take longest, and what comes last is begun first.
    asked = sorted((each for item in judged for each in _with_one_more_fault(item)), key=lambda each: each.needs_more)
    found: dict[tuple[str, str], CheckResult] = {}
    for number, (question, result) in enumerate(_answers(asked, jobs), start=1):
        found[question.incident, question.kind] = result
        if say is not None:
            say(f"incidents with one more fault: {number} of {len(asked)}")
    return [replace(item, with_one_more=_results_for(item, found)) for item in judged]


def _with_one_more_fault(judgement: Judgement) -> Iterator[Question]:
    """Yield, for each kind of fault, the question what one more of it does to what the fix mended."""
    if not judgement.mended:
        return
    _, fix = judgement.incident.protocols
    budgets = dict(judgement.incident.faults)
    for kind in FAULTS:
        more = {**budgets, kind: budgets.get(kind, 0) + 1}
        scenario = Scenario(fix.name, faults=tuple(more.items()), properties=judgement.mended)
        yield Question(judgement.incident.name, kind, scenario)


def _answers(asked: Sequence[Question], jobs: int) -> Iterator[tuple[Question, CheckResult]]:
    if asked:
        yield from zip(asked, check_all([each.scenario for each in asked], Options(), jobs), strict=True)


def _results_for(judgement: Judgement, found: Mapping[tuple[str, str], CheckResult]) -> dict[str, CheckResult]:
    name = judgement.incident.name
    return {kind: found[name, kind] for kind in FAULTS if (name, kind) in found}


def _violated(result: CheckResult) -> tuple[str, ...]:
    return tuple(each.property for each in result.outcomes if each.verdict is Verdict.VIOLATED)
