"""A protocol in time: what is asked of it, its clocks and its graph, and what is found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from deadheat.models.system import System
from deadheat.models.world import build
from deadheat.scenarios.estimates import Comparison, Estimate, widened
from deadheat.scenarios.measures import measures_of, with_pending
from deadheat.scenarios.scenario import Scenario
from deadheat.scenarios.subjects import OfEvaluations
from deadheat.scenarios.timing import Clocks, layered, layers_of
from deadheat.sim.errors import UsageError
from deadheat.sim.model import Model
from deadheat.sim.timed.endings import Endings, endings_of
from deadheat.sim.timed.graph import Graph, Measures, graph_of
from deadheat.sim.timed.laws import Kind, Law

__all__ = [
    "SHARES",
    "Question",
    "Simulated",
    "Simulation",
    "Timed",
    "chosen_in",
    "memoryless",
    "priced",
    "timed",
    "together",
]

SHARES = (0.5, 0.9, 0.99)
"""The quantiles that are found."""


@dataclass(frozen=True)
class Question:
    """What is to be simulated: laws by name, how, and how often.

    `price_per_hour` is of a Job that runs; `arrivals_per_day` is how many evaluations are submitted.
    """

    laws: Mapping[str, Law]
    given: Mapping[str, Any]
    method: str = "auto"
    cancellations: int = 1_000_000
    seed: int = 0
    faults: tuple[tuple[str, int], ...] = ()
    price_per_hour: float | None = None
    arrivals_per_day: float | None = None
    cores: int = 1


@dataclass(frozen=True)
class Timed:
    """A protocol with its clocks: what all three methods work on."""

    reference: str
    model: Model
    clocks: Clocks
    measures: Measures
    graph: Graph
    endings: Endings


@dataclass(frozen=True)
class Simulated:
    """What was found of one protocol. Times are in seconds, of one evaluation that is cancelled, or of one orphan.

    `calls` and `to_job_s` are of one evaluation; `extra_calls` and `extra_to_job_s` what they are more than the
    baseline's. `chosen` are the steps of which nobody has said how they go, or how long they take: then there are only
    a least and a greatest answer. `by_splitting`: orphans are too rare to be sampled, and were estimated so.
    """

    protocol: str
    method: str
    runs: int
    cancellations: float
    orphans_per_million: Estimate
    false_answers_per_million: Estimate
    wanted_lost_per_million: Estimate
    orphan_lifetime_s: Mapping[float, Estimate | None]
    cancel_to_gone_s: Mapping[float, Estimate | None]
    job_seconds_after_cancel: Estimate
    calls: Estimate
    to_job_s: Estimate
    extra_calls: float | None
    extra_to_job_s: float | None
    cost: Estimate | None
    orphans_per_day: Estimate | None
    cost_per_day: Estimate | None
    chosen: tuple[str, ...]
    by_splitting: bool = False
    splitting_failed: bool = False


@dataclass(frozen=True)
class Simulation:
    """What was found of all protocols, and how each compares with the first."""

    question: Question
    results: tuple[Simulated, ...]
    comparisons: tuple[Comparison, ...]


def timed(reference: str, laws: Mapping[str, Law], faults: tuple[tuple[str, int], ...] = ()) -> Timed:
    """Return a protocol with its clocks; raises UsageError where it is none for evaluations."""
    scenario = Scenario(reference, faults=faults)
    subject = scenario.subject
    if not isinstance(subject, OfEvaluations):
        raise UsageError(f"{reference} does not start and cancel evaluations, and only that is simulated in time.")
    model = scenario.model()
    system: System = build(subject.protocol, 1, scenario.budgets).system
    clocks, measures = Clocks(model, laws), measures_of(model, system)
    graph = with_pending(graph_of(model, clocks, measures))
    return Timed(reference, model, clocks, measures, graph, endings_of(graph))


def memoryless(laws: Mapping[str, Law]) -> Mapping[str, Law]:
    """Return each law as an exponential one of the same mean; what takes no time still takes none.

    What comes once a period comes as often.
    """
    return layered(*({name: _memoryless(law) for name, law in each.items()} for each in layers_of(laws)))


def _memoryless(law: Law) -> Law:
    if law.is_exponential or law.kind is Kind.CHANCE:
        return law
    if law.kind is Kind.CONSTANT and law.first == 0:
        raise UsageError("What comes at once or never has no exponential law of the same mean; give it some time.")
    mean = law.first if law.kind is Kind.PERIODIC else law.mean_ns
    return replace(Law.exponential(mean), never=law.never)


def chosen_in(subject: Timed) -> tuple[str, ...]:
    """Return the names of the steps of which nobody has said how they go, or how long they take."""
    clocks = subject.graph.clocks
    return tuple(
        dict.fromkeys(
            [clocks[each].name for each in subject.graph.chosen] + [each.name for each in subject.graph.untimed]
        )
    )


def priced(found: Simulated, question: Question, share_asked: float) -> Simulated:
    """Return it with what it costs, and what that comes to in a day."""
    cost = orphans = per_day = None
    if question.price_per_hour is not None:
        cost = found.job_seconds_after_cancel.scaled(question.price_per_hour / 3600)
    if question.arrivals_per_day is not None:
        cancellations = question.arrivals_per_day * share_asked
        orphans = found.orphans_per_million.scaled(cancellations / 1e6)
        per_day = cost.scaled(cancellations) if cost is not None else None
    return replace(found, cost=cost, orphans_per_day=orphans, cost_per_day=per_day)


def together(found: list[Simulated]) -> Simulated:
    """Return the least and the greatest of what was found, for each way to choose."""
    if len(found) == 1:
        return found[0]
    changes: dict[str, Any] = {"extra_calls": None, "extra_to_job_s": None}
    for name in ("by_splitting", "splitting_failed"):
        changes[name] = any(getattr(one, name) for one in found)
    for name in (
        "orphans_per_million",
        "false_answers_per_million",
        "wanted_lost_per_million",
        "job_seconds_after_cancel",
        "calls",
        "to_job_s",
        "cost",
        "orphans_per_day",
        "cost_per_day",
    ):
        each = [getattr(one, name) for one in found]
        changes[name] = None if each[0] is None else widened(each)
    for name in ("orphan_lifetime_s", "cancel_to_gone_s"):
        changes[name] = {
            share: widened(given) if (given := [v for one in found if (v := getattr(one, name)[share])]) else None
            for share in SHARES
        }
    return replace(found[0], **changes)
