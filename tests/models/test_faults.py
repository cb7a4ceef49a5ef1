"""Each kind of fault is, somewhere, the only reason why a property is violated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from deadheat.models.cluster import every_job, next_creation
from deadheat.models.components.chance import Chance
from deadheat.models.components.redis import key_of
from deadheat.models.components.status import TERMINAL, Status
from deadheat.models.components.user import Cancellation
from deadheat.models.faults import FAULTS
from deadheat.models.protocols import name_tombstone
from deadheat.models.protocols.baseline import BASELINE
from deadheat.models.protocols.name_tombstone import NAME_TOMBSTONE
from deadheat.models.protocols.orphan_cleanup import ORPHAN_CLEANUP, periodic
from deadheat.models.protocols.storage_worker import STORAGE_WORKER
from deadheat.models.roles import Steps, one
from deadheat.models.system import CancelRequest, Protocol, System
from deadheat.models.world import build
from deadheat.scenarios.catalogue import find_protocol
from deadheat.scenarios.properties import properties_of
from deadheat.sim.components import Component, Steps as ComponentSteps
from deadheat.sim.explain.confirm import confirm
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.python import Search, explore
from deadheat.sim.learn.tables import Tables
from deadheat.sim.model import UNLIMITED, Model
from deadheat.sim.operations import Operation
from deadheat.sim.traits import traits_of


def write_then_kill(system: System, request: CancelRequest) -> Steps:
    """A cancel handler that writes the status before it kills, so that a listener finds what it left over."""
    yield system.user.cancellation(request.evaluation, request.number)
    yield system.store.set(request.evaluation, Status.CANCELLED)
    yield system.kubernetes.delete_job(request.evaluation)
    yield system.user.answer(request.evaluation, request.number, Cancellation.CANCELLED)


def answer_the_first(system: System, request: CancelRequest) -> Steps:
    """A cancel handler that thinks the user was answered when somebody else has cancelled already."""
    evaluation = request.evaluation
    yield system.user.cancellation(evaluation, request.number)
    if (yield system.store.get(evaluation)) in TERMINAL:
        return
    yield from name_tombstone.bury(system, evaluation)
    yield system.store.set(evaluation, Status.CANCELLED)
    yield system.user.answer(evaluation, request.number, Cancellation.CANCELLED)


def overwrite(system: System, request: CancelRequest) -> Steps:
    """A cancel handler that looks once, and then overwrites whatever the status has become."""
    evaluation = request.evaluation
    yield system.user.cancellation(evaluation, request.number)
    if (yield system.store.get(evaluation)) not in TERMINAL:
        yield from name_tombstone.bury(system, evaluation)
        yield system.store.set(evaluation, Status.CANCELLED)
    yield system.user.answer(evaluation, request.number, Cancellation.CANCELLED)


def allow_one_creation(system: System) -> Steps:
    """A listener that takes a second event for a second Job, and deletes what is there."""
    yield from next_creation(system)
    job = yield from next_creation(system)
    yield system.kubernetes.delete_job(job.evaluation, job.name)


def sweep_harder_after_a_crash(system: System) -> Steps:
    """A sweep that takes a mark left by another sweep for that of a crashed one, and then spares nothing."""
    mark = key_of("sweeping", "e1")
    fresh = yield system.redis.set_if_absent(mark, "sweeping")
    for job in (yield from every_job(system)):
        if not fresh or (yield system.status.get(job.evaluation)) in TERMINAL:
            yield system.kubernetes.delete_job(job.evaluation, job.name)
    yield system.redis.delete(mark)


SUSPICIOUS_LISTENER = replace(STORAGE_WORKER, roles=(one("listener", allow_one_creation, repeats=True),))
HARD_SWEEP = replace(ORPHAN_CLEANUP, roles=periodic(sweep_harder_after_a_crash))
STATUS_FIRST = replace(find_protocol("state-machine"), dispatch=BASELINE.dispatch, cancel=write_then_kill)


class Case(NamedTuple):
    """A protocol, the property that the fault breaks, and its budget."""

    protocol: str | Protocol
    property: str
    budget: int = 1


ONLY_CAUSE: dict[str, Case] = {
    # Two runs of the task make two requests.
    "worker-crash": Case("name-tombstone", "at-most-one-job"),
    # Another worker takes the task up again, and makes a second request.
    "worker-loss": Case("name-tombstone", "at-most-one-job"),
    # The request is sent again, and its Job was already created and killed.
    "dispatcher-crash": Case("name-tombstone", "at-most-one-job"),
    # The lock is never released, and after its lease the Job is there although the worker has given up.
    "dispatcher-loss": Case("creation-lock", "no-permanent-orphan"),
    # It dies between its write and its kill.
    "cancel-crash": Case("suspended-create", "no-permanent-orphan"),
    "cancel-loss": Case("name-tombstone", "cancel-answered"),
    # Killed in every sweep, it cleans nothing, for as long as that goes on.
    "cleanup-crash": Case("baseline+orphan-cleanup", "eventually-cleaned", UNLIMITED),
    "cleanup-loss": Case("baseline+orphan-cleanup", "no-permanent-orphan"),
    "celery-redelivery": Case("creation-lock", "at-most-one-job"),
    "http-retry": Case("two-phase", "uncancelled-gets-job"),
    "http-loss": Case("baseline", "at-most-one-job"),
    "http-timeout": Case("state-machine", "no-permanent-orphan"),
    "k8s-lost-answer": Case("state-machine", "no-permanent-orphan"),
    "k8s-refusal": Case("owner-tombstone", "no-permanent-orphan"),
    # The listener alone finds what is created after the kill.
    "watch-loss": Case(STATUS_FIRST.plus(STORAGE_WORKER), "no-permanent-orphan"),
    "watch-duplicate": Case(NAME_TOMBSTONE.plus(SUSPICIOUS_LISTENER), "wanted-job-survives"),
    # A list that is always as old as the world shows no Job.
    "stale-list": Case("baseline+orphan-cleanup", "eventually-cleaned", UNLIMITED),
    "stale-status": Case("suspended-create", "no-permanent-orphan"),
    "lease-expiry": Case("creation-lock", "no-permanent-orphan"),
    "redis-failover": Case("state-machine", "no-permanent-orphan"),
    "repeated-cancel": Case(replace(NAME_TOMBSTONE, cancel=answer_the_first), "cancel-answered"),
    "resubmission": Case("state-machine", "wanted-job-survives"),
    "completion": Case(replace(NAME_TOMBSTONE, cancel=overwrite), "terminal-is-final"),
    "overlapping-sweeps": Case(NAME_TOMBSTONE.plus(HARD_SWEEP), "wanted-job-survives"),
}


def model_of(case: Case, budgets: dict[str, int], *, quiet: bool = False) -> Model:
    protocol = find_protocol(case.protocol) if isinstance(case.protocol, str) else case.protocol
    world = build(protocol, 1, budgets)
    wanted = tuple(each for each in properties_of(world.system) if each.name == case.property)
    return Model(world.components, world.processes, wanted, budgets, quiet)


def test_every_kind_of_fault_has_its_case() -> None:
    assert set(ONLY_CAUSE) == set(FAULTS)


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_somewhere_the_only_cause_of_a_violation(fault: str) -> None:
    case = ONLY_CAUSE[fault]
    harmless = explore(model_of(case, {}))
    assert harmless.complete
    assert not harmless.counterexamples
    model = model_of(case, {fault: case.budget})
    found = explore(model)
    assert set(found.counterexamples) == {case.property}
    trace, _ = confirm(model, case.property, found.counterexamples[case.property])
    assert {event.fault for event in trace.events if event.fault} == {fault}


@pytest.mark.parametrize("fault", [each for each, case in ONLY_CAUSE.items() if case.budget == UNLIMITED])
def test_a_cleanup_that_is_hit_again_and_again_heals_once_that_stops(fault: str) -> None:
    case = ONLY_CAUSE[fault]
    assert not explore(model_of(case, {fault: UNLIMITED}, quiet=True)).counterexamples


Handler = Callable[[System, CancelRequest], Steps]


@pytest.mark.parametrize("cancel", [write_then_kill, answer_the_first, overwrite])
def test_the_hand_made_handlers_reach_all_their_steps(cancel: Handler) -> None:
    case = Case(replace(NAME_TOMBSTONE, cancel=cancel), "cancel-answered")
    assert not explore(model_of(case, {})).counterexamples


GUARDED = "fenced-generation+storage-worker+orphan-cleanup"


def test_a_component_declares_exactly_the_faults_that_its_steps_can_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    apply = Component.apply
    met: dict[type[Component], set[str]] = {}
    declared: dict[type[Component], set[str]] = {}

    def watched(component: Component, value: Any, request: Operation) -> ComponentSteps:
        steps = apply(component, value, request)
        kind, by_itself = type(component), traits_of(component, request.name).by_itself
        declared[kind] = {fault.kind for fault in component.faults}
        met.setdefault(kind, set()).update(each.kind for each in steps if each.kind is not None)
        if by_itself is not None:  # or it would happen for ever, for nothing
            assert all(each.value != value for each in steps), request
            assert by_itself.fault is None or {each.kind for each in steps} <= {by_itself.fault}, request
        return steps

    monkeypatch.setattr(Component, "apply", watched)
    for name in ("baseline+orphan-cleanup", "baseline+storage-worker", "creation-lock", GUARDED):
        for kind in FAULTS:
            world = build(find_protocol(name), 1, {kind: 1})
            Search(Tables(Model(world.components, world.processes, (), {kind: 1})), SearchOptions(3_000), None).run()
    assert met.pop(Chance) <= FAULTS.keys()  # which are others' to declare
    declared.pop(Chance)
    assert met == declared
