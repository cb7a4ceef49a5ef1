"""Counterexamples made to happen on real servers, and schedules of what holds compared with them."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from deadheat.live.adapters.base import not_at_one_instant
from deadheat.live.adapters.kubernetes import JobTemplate
from deadheat.live.adapters.of_component import (
    components_of,
    keys_of,
    needs_cluster,
    own_components,
    require_adapters,
)
from deadheat.live.adapters.together import Adapters, open_adapters, open_adapters_of
from deadheat.live.forcing.force import Forced, force
from deadheat.live.forcing.stage import Stage
from deadheat.live.job_reference import reference_of, uid_text
from deadheat.live.place import Place
from deadheat.live.results import JobSeen, LiveOutcome, LiveResult
from deadheat.live.servers.folders import server_folder
from deadheat.live.servers.processes import free_port
from deadheat.live.site import Site
from deadheat.models.components.kubernetes import KubernetesState, job_name
from deadheat.scenarios.check import Counterexample, Options, Verdict, check
from deadheat.scenarios.scenario import Scenario
from deadheat.scenarios.subjects import OfEvaluations
from deadheat.sim.errors import UsageError, unknown_name
from deadheat.sim.model import Kind, Model
from deadheat.sim.operations import Accompanied, Block
from deadheat.sim.run.simulation import Simulation, run_randomly
from deadheat.sim.trace import Schedule

__all__ = [
    "TOPOLOGIES",
    "LiveOptions",
    "Plan",
    "check_live",
    "compare_live",
    "force_plan",
    "plan_check",
    "plan_replay",
    "replay_live",
]

TOPOLOGIES = ("threads", "processes")
"""Where the processes of a protocol run: in one program, or each in one of its own."""

RANDOM_STEPS_MAX = 60
ROUNDS = 3
"""How often the cycle of an infinite run is gone through on real servers, which have no infinity."""


@dataclass(frozen=True, slots=True)
class LiveOptions:
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


def replay_live(place: Place, counterexample: Counterexample, options: LiveOptions = LiveOptions()) -> LiveResult:
    """Force a counterexample's schedule on the servers, and say whether its property is violated there.

    The violation is looked for in what the servers say at the end, not in what the model says.
    """
    scenario = counterexample.scenario
    model = scenario.model()
    schedule = _unrolled(counterexample.trace.schedule)
    forced, job = _force(place, scenario, model, schedule, options)
    violation = _violation(model, counterexample.property, forced) if forced.difference is None else None
    result = _result(scenario, counterexample.property, forced, job)
    if forced.difference is None and violation is None:
        got = "the property holds on what the servers say"
        return _diverged(result, forced.steps, f"at the end, {counterexample.violation}", got)
    return _replace(result, violation=violation)


@dataclass(frozen=True)
class Plan:
    """What is to be forced of a scenario: known before a server is started."""

    scenario: Scenario
    counterexamples: tuple[Counterexample, ...]
    holding: tuple[str, ...] = ()
    random: tuple[Schedule, ...] = ()

    @property
    def needs_cluster(self) -> bool:
        """Whether it wants a Kubernetes."""
        is_one_of_evaluations = isinstance(self.scenario.subject, OfEvaluations)
        return is_one_of_evaluations or needs_cluster(components_of(self.scenario.model()).values())


def plan_check(scenario: Scenario, random_schedules: int, seed: int, options: LiveOptions = LiveOptions()) -> Plan:
    """Check a scenario in the model, and return what is to be forced.

    That is each counterexample, and, if some property holds, as many random schedules as asked for. Raises
    NoLiveFormError for a model of which something has no live form.
    """
    require_live(scenario, options)
    checked = check(scenario, Options())
    counterexamples = tuple(each.counterexample for each in checked.outcomes if each.counterexample)
    holding = tuple(each.property for each in checked.outcomes if each.verdict in (Verdict.HOLDS, Verdict.VACUOUS))
    random: tuple[Schedule, ...] = ()
    if holding:
        seeds = range(seed, seed + random_schedules)
        model = scenario.model()
        random = tuple(run_randomly(model, each, RANDOM_STEPS_MAX)[1].schedule for each in seeds)
    plan = Plan(scenario, counterexamples, holding, random)
    _refuse_blocks(plan)
    return plan


def plan_replay(counterexample: Counterexample, options: LiveOptions = LiveOptions()) -> Plan:
    """Return the plan to force one counterexample; raises NoLiveFormError as `plan_check` does."""
    require_live(counterexample.scenario, options)
    plan = Plan(counterexample.scenario, (counterexample,))
    _refuse_blocks(plan)
    return plan


def force_plan(place: Place, plan: Plan, options: LiveOptions = LiveOptions()) -> list[LiveResult]:
    """Hold the servers to a plan: each counterexample must happen there.

    Random schedules must end as in the model, with none of the properties that hold violated on the servers.
    """
    results = [replay_live(place, each, options) for each in plan.counterexamples]
    if plan.random:
        results.append(_compare_randomly(place, plan, options))
    return results


def check_live(
    place: Place, scenario: Scenario, random_schedules: int, seed: int, options: LiveOptions = LiveOptions()
) -> list[LiveResult]:
    """Check a scenario in the model, and hold the servers to each verdict."""
    return force_plan(place, plan_check(scenario, random_schedules, seed, options), options)


def require_live(scenario: Scenario, options: LiveOptions) -> None:
    """Raise NoLiveFormError for a component without a live form, and UsageError for a topology that wants more."""
    subject, components = scenario.subject, components_of(scenario.model()).values()
    if isinstance(subject, OfEvaluations):
        require_adapters(scenario.protocol, own_components(components))
        return
    if options.topology != TOPOLOGIES[0]:
        raise UsageError(
            f"{scenario.protocol} is no protocol of evaluations, so its processes run in threads; leave --topology out."
        )
    require_adapters(scenario.protocol, components)


def _refuse_blocks(plan: Plan) -> None:
    """Raise NoLiveFormError for what a process asks for on the way that is not one instant on real servers."""
    model = plan.scenario.model()
    for schedule in (*(each.trace.schedule for each in plan.counterexamples), *plan.random):
        simulation = Simulation(model)
        for choice in (*schedule.choices, None):
            for running in simulation.processes.values():
                for each in running.operations:
                    if isinstance(each, Block | Accompanied):
                        raise not_at_one_instant(each)
            if choice is not None:
                simulation.fire(choice)


def _unrolled(schedule: Schedule) -> Schedule:
    """Return a schedule that goes through the cycle of an infinite run a few times."""
    if schedule.cycle_from is None:
        return schedule
    return Schedule(schedule.choices + schedule.choices[schedule.cycle_from :] * (ROUNDS - 1))


def compare_live(
    place: Place, scenario: Scenario, schedule: Schedule, holding: Sequence[str], options: LiveOptions = LiveOptions()
) -> LiveResult:
    """Force a schedule on the servers: AGREES, if each step and the end are the model's, and what holds holds there.

    `holding` names the properties that the model says hold.
    """
    model = scenario.model()
    forced, job = _force(place, scenario, model, schedule, options, as_far_as_here=True)
    result = _result(scenario, None, forced, job)
    if forced.difference is not None:
        return result
    for name in holding:
        violation = _violation(model, name, forced)
        # Settled states and infinite runs are another matter: a random schedule ends anywhere.
        if violation is not None and _kind(model, name) in (Kind.ALWAYS, Kind.STEP):
            return _diverged(result, forced.steps, f"{name} holds", violation)
    return _replace(result, outcome=LiveOutcome.AGREES, job=None, status=None)


def _compare_randomly(place: Place, plan: Plan, options: LiveOptions) -> LiveResult:
    results: list[LiveResult] = []
    for schedule in plan.random:
        results.append(compare_live(place, plan.scenario, schedule, plan.holding, options))
        if results[-1].outcome is LiveOutcome.DIVERGED:
            break
    return _replace(
        results[-1],
        steps=sum(each.steps for each in results),
        schedules=len(results),
        overhead_ms_median=round(statistics.median(each.overhead_ms_median for each in results), 3),
    )


def _force(
    place: Place,
    scenario: Scenario,
    model: Model,
    schedule: Schedule,
    options: LiveOptions,
    *,
    as_far_as_here: bool = False,
) -> tuple[Forced, JobSeen | None]:
    with server_folder("files") as folder, place.namespace() as namespace:
        ports = _ports(model) if options.topology == "processes" else None
        site = Site(place, namespace, keys_of(model), ports=ports, folder=folder if ports is None else None)
        with _open(site, scenario, model, options) as adapters:
            adapters.set_patience(options.patience_s)
            forced = force(model, schedule, _stage(site, scenario, adapters, options), as_far_as_here=as_far_as_here)
            return forced, _job_seen(site, forced.after) if adapters.kubernetes is not None else None


def _open(site: Site, scenario: Scenario, model: Model, options: LiveOptions) -> AbstractContextManager[Adapters]:
    subject, lease_ms, template = scenario.subject, options.lease_ms, options.template
    if isinstance(subject, OfEvaluations):
        own = own_components(components_of(model).values())
        return open_adapters(site, subject.protocol, held=True, lease_ms=lease_ms, template=template, own=own)
    return open_adapters_of(components_of(model).values(), site, lease_ms, template)


def _stage(site: Site, scenario: Scenario, adapters: Adapters, options: LiveOptions) -> Stage:
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
        lease_ms=options.lease_ms,
        patience_s=options.patience_s,
        image=options.template.image,
        command=options.template.command,
        ports=site.ports,
        watch_from=adapters.kubernetes.watch_from if adapters.kubernetes is not None else None,
        control="",
        authkey="",
    )
    return ProcessStage(adapters, config)


def _ports(model: Model) -> dict[str, int]:
    """Return a free port for each process that serves HTTP."""
    return {process.name: free_port() for process in model.processes if process.part in ("dispatcher", "cancel")}


def _job_seen(site: Site, after: Mapping[str, Any]) -> JobSeen | None:
    """Return the first real Job that is there at the end."""
    for evaluation in site.keys:
        job = site.cluster.get_job(site.namespace, job_name(evaluation))
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
        return prop.violated(forced.before, forced.after)
    return prop.violated(forced.after)


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
        unobserved=_unobserved(scenario, name, forced),
    )
    if forced.difference is None:
        return result
    return _diverged(result, forced.difference.step, forced.difference.expected, forced.difference.got)


def _unobserved(scenario: Scenario, name: str | None, forced: Forced) -> tuple[str, ...]:
    """Return the components that matter, and that nobody can ask what they hold at the end."""
    model = scenario.model()
    unobserved = {each.partition("/")[0]: None for each in model.components if each in forced.unobserved}
    if name is not None:
        read = {each.partition("/")[0] for prop in model.properties if prop.name == name for each in prop.reads}
        return tuple(each for each in unobserved if each in read)
    if isinstance(scenario.subject, OfEvaluations):  # of the others, docs/live.md says it
        components = components_of(model)
        own = {each.name for each in own_components(components.values())}
        return tuple(each for each in unobserved if each in own)
    return tuple(unobserved)


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
