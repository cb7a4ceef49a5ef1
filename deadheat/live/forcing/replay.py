"""Counterexamples made to happen on real servers, and schedules of what holds compared with them."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deadheat.live.adapters.kubernetes import JobTemplate
from deadheat.live.adapters.together import Adapters, Site, open_adapters
from deadheat.live.forcing.force import Forced, force
from deadheat.live.forcing.stage import Stage
from deadheat.live.job_reference import reference_of, uid_text
from deadheat.live.place import Place
from deadheat.live.results import JobSeen, LiveOutcome, LiveResult
from deadheat.live.servers.processes import free_port
from deadheat.models.components.kubernetes import KubernetesState, job_name
from deadheat.scenarios.catalogue import find_protocol
from deadheat.scenarios.check import Counterexample, Options, Verdict, check
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.errors import unknown_name
from deadheat.sim.model import Kind, Model
from deadheat.sim.run.simulation import run_randomly
from deadheat.sim.trace import Schedule

__all__ = ["TOPOLOGIES", "Settings", "check_live", "compare_live", "replay_live"]

TOPOLOGIES = ("threads", "processes")
"""Where the processes of a protocol run: in one program, or each in one of its own."""

RANDOM_STEPS_MAX = 60
ROUNDS = 3
"""How often the cycle of an infinite run is gone through on real servers, which have no infinity."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to force schedules: what Jobs run, how long blocking operations and leases last, and where processes run.

    Raises UsageError for an unknown topology.
    """

    template: JobTemplate = field(default_factory=JobTemplate)
    patience_s: float = 10.0
    lease_ms: int = 600_000
    topology: str = TOPOLOGIES[0]

    def __post_init__(self) -> None:
        if self.topology not in TOPOLOGIES:
            raise unknown_name("topology", self.topology, TOPOLOGIES)


def replay_live(place: Place, counterexample: Counterexample, settings: Settings = Settings()) -> LiveResult:
    """Force a counterexample's schedule on the servers, and say whether its property is violated there.

    The violation is looked for in what the servers say at the end, not in what the model says.
    """
    scenario = counterexample.scenario
    model = scenario.model()
    schedule = _unrolled(counterexample.trace.schedule)
    forced, job = _force(place, scenario, model, schedule, settings)
    violation = _violation(model, counterexample.property, forced) if forced.difference is None else None
    result = _result(scenario, counterexample.property, forced, job)
    if forced.difference is None and violation is None:
        got = "the property holds on what the servers say"
        return _diverged(result, forced.steps, f"at the end, {counterexample.violation}", got)
    return _replace(result, violation=violation)


def check_live(
    place: Place, scenario: Scenario, random_schedules: int, seed: int, settings: Settings = Settings()
) -> list[LiveResult]:
    """Check a scenario in the model, and hold the servers to each verdict.

    A counterexample is forced; if some property holds, as many random schedules as asked for are forced too, and
    must end as in the model, with none of the properties that hold violated on the servers.
    """
    checked = check(scenario, Options())
    results = [
        replay_live(place, outcome.counterexample, settings) for outcome in checked.outcomes if outcome.counterexample
    ]
    holding = [each.property for each in checked.outcomes if each.verdict in (Verdict.HOLDS, Verdict.VACUOUS)]
    if holding and random_schedules:
        results.append(_compare_randomly(place, scenario, holding, random_schedules, seed, settings))
    return results


def _unrolled(schedule: Schedule) -> Schedule:
    """Return a schedule that goes through the cycle of an infinite run a few times."""
    if schedule.cycle_from is None:
        return schedule
    return Schedule(schedule.choices + schedule.choices[schedule.cycle_from :] * (ROUNDS - 1))


def compare_live(
    place: Place, scenario: Scenario, schedule: Schedule, holding: Sequence[str], settings: Settings = Settings()
) -> LiveResult:
    """Force a schedule on the servers: AGREES, if each step and the end are the model's, and what holds holds there.

    `holding` names the properties that the model says hold.
    """
    model = scenario.model()
    forced, job = _force(place, scenario, model, schedule, settings)
    result = _result(scenario, None, forced, job)
    if forced.difference is not None:
        return result
    for name in holding:
        violation = _violation(model, name, forced)
        # Settled states and infinite runs are another matter: a random schedule ends anywhere.
        if violation is not None and _kind(model, name) in (Kind.ALWAYS, Kind.STEP):
            return _diverged(result, forced.steps, f"{name} holds", violation)
    return _replace(result, outcome=LiveOutcome.AGREES, job=None, status=None)


def _compare_randomly(
    place: Place, scenario: Scenario, holding: list[str], count: int, seed: int, settings: Settings
) -> LiveResult:
    model = scenario.model()
    results: list[LiveResult] = []
    for number in range(count):
        _, trace = run_randomly(model, seed + number, RANDOM_STEPS_MAX)
        results.append(compare_live(place, scenario, trace.schedule, holding, settings))
        if results[-1].outcome is LiveOutcome.DIVERGED:
            break
    return _replace(
        results[-1],
        steps=sum(each.steps for each in results),
        schedules=len(results),
        overhead_ms_median=round(statistics.median(each.overhead_ms_median for each in results), 3),
    )


def _force(
    place: Place, scenario: Scenario, model: Model, schedule: Schedule, settings: Settings
) -> tuple[Forced, JobSeen | None]:
    protocol = find_protocol(scenario.protocol)
    evaluations = tuple(f"e{number}" for number in range(1, scenario.evaluations + 1))
    with place.namespace() as namespace:
        ports = _ports(model) if settings.topology == "processes" else None
        site = Site(place, namespace, evaluations, ports=ports)
        with open_adapters(
            site, protocol, held=True, lease_ms=settings.lease_ms, template=settings.template
        ) as adapters:
            adapters.set_patience(settings.patience_s)
            forced = force(model, schedule, _stage(site, scenario, adapters, settings))
            return forced, _job_seen(place, namespace, forced.after, evaluations)


def _stage(site: Site, scenario: Scenario, adapters: Adapters, settings: Settings) -> Stage:
    if site.ports is None:
        return Stage(adapters)
    from deadheat.live.topology.config import ChildConfig
    from deadheat.live.topology.stage import ProcessStage

    place = site.place
    config = ChildConfig(
        process="",
        protocol=scenario.protocol,
        evaluations=scenario.evaluations,
        faults=scenario.budgets,
        redis_url=place.redis_url,
        status_url=place.status_url,
        kubeconfig=str(place.cluster.kubeconfig) if place.cluster.kubeconfig else None,
        context=place.cluster.context,
        run=place.run,
        namespace=site.namespace,
        lease_ms=settings.lease_ms,
        patience_s=settings.patience_s,
        image=settings.template.image,
        command=settings.template.command,
        ports=site.ports,
        watch_from=adapters.kubernetes.watch_from,
        control="",
        authkey="",
    )
    return ProcessStage(adapters, config)


def _ports(model: Model) -> dict[str, int]:
    """Return a free port for each process that serves HTTP."""
    names = [process.name for process in model.processes]
    return {name: free_port() for name in names if name.startswith(("dispatcher/", "cancel/"))}


def _job_seen(place: Place, namespace: str, after: Mapping[str, Any], evaluations: tuple[str, ...]) -> JobSeen | None:
    """Return the first real Job that is there at the end."""
    for evaluation in evaluations:
        job = place.cluster.get_job(namespace, job_name(evaluation))
        if job is not None:
            reference = reference_of(job)
            state = after.get(f"kubernetes/{evaluation}")
            phases = dict(state.jobs) if isinstance(state, KubernetesState) else {}
            phase = phases[reference.name].phase if reference.name in phases else "unknown"
            return JobSeen(reference.name, uid_text(reference.uid), evaluation, str(phase))
    return None


def _violation(model: Model, name: str, forced: Forced) -> str | None:
    prop = next(each for each in model.properties if each.name == name)
    if prop.kind is Kind.STEP:
        return prop.violation(forced.before, forced.after)
    return prop.violation(forced.after)


def _kind(model: Model, name: str) -> Kind:
    return next(each.kind for each in model.properties if each.name == name)


def _result(scenario: Scenario, name: str | None, forced: Forced, job: JobSeen | None) -> LiveResult:
    result = LiveResult(
        scenario.protocol,
        name,
        LiveOutcome.CONFIRMED,
        forced.steps,
        job=job,
        status=_status(forced.after, job.evaluation) if job else None,
        overhead_ms_median=_median_ms(forced.overheads_s),
    )
    if forced.difference is None:
        return result
    return _diverged(result, forced.difference.step, forced.difference.expected, forced.difference.got)


def _status(after: Mapping[str, Any], evaluation: str) -> str | None:
    status = after.get(f"status/{evaluation}")
    return None if status is None else str(status.status)


def _median_ms(seconds: Sequence[float]) -> float:
    return round(statistics.median(seconds) * 1000, 3) if seconds else 0.0


def _diverged(result: LiveResult, step: int, expected: str, got: str) -> LiveResult:
    return _replace(result, outcome=LiveOutcome.DIVERGED, step=step, expected=expected, got=got)


def _replace(result: LiveResult, **changes: Any) -> LiveResult:
    from dataclasses import replace

    return replace(result, **changes)
