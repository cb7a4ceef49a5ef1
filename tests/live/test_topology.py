"""Each process a program of its own, and each crash a SIGKILL."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from deadheat.live.adapters.celery import CeleryAdapter
from deadheat.live.adapters.redis import connect
from deadheat.live.adapters.together import open_adapters
from deadheat.live.forcing.force import force
from deadheat.live.forcing.replay import LiveOptions, _ports, _stage, check_live, replay_live
from deadheat.live.leavings.redis_run import forget
from deadheat.live.place import PREFIX, Place
from deadheat.live.results import LiveOutcome
from deadheat.live.site import Site
from deadheat.live.topology.config import ChildConfig
from deadheat.live.topology.stage import ProcessStage
from deadheat.live.topology.worker_queue import VISIBILITY_TIMEOUT_S, WorkerQueue
from deadheat.scenarios.catalogue import find_protocol
from deadheat.scenarios.check import Counterexample, check
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.errors import UsageError
from deadheat.sim.operations import Instant
from deadheat.sim.trace import Choice, Schedule

PATIENCE_S = 60.0  # a machine that runs all tests at once may be slow, and that is no difference
PROGRAMS = LiveOptions(topology="processes", patience_s=PATIENCE_S)
DISPATCHER = "dispatcher/e1/1"


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    yield
    # Only our own: another run on this machine may have some.
    living = [each for each in psutil.Process().children(recursive=True) if each.status() != psutil.STATUS_ZOMBIE]
    assert [each for each in living if "deadheat.live.topology.child" in each.cmdline()] == []


def counterexample_of(scenario: Scenario) -> Counterexample:
    counterexample = check(scenario).outcomes[0].counterexample
    assert counterexample is not None
    return counterexample


@pytest.mark.live
@pytest.mark.parametrize("protocol", ["baseline", "event-sourcing", "baseline+storage-worker"])
def test_an_orphan_happens_between_programs(place: Place, protocol: str) -> None:
    scenario = Scenario(protocol, properties=("no-permanent-orphan",))
    result = replay_live(place, counterexample_of(scenario), PROGRAMS)
    assert result.outcome is LiveOutcome.CONFIRMED, result
    assert result.status == "cancelled"


@pytest.mark.live
@pytest.mark.parametrize(
    ("protocol", "prop", "fault"),
    [
        ("baseline", "at-most-one-job", "worker-crash"),
        ("two-phase", "uncancelled-gets-job", "worker-crash"),
        ("baseline", "at-most-one-job", "worker-loss"),
    ],
)
def test_a_killed_celery_workers_task_is_taken_again(place: Place, protocol: str, prop: str, fault: str) -> None:
    scenario = Scenario(protocol, faults=((fault, 1),), properties=(prop,))
    counterexample = counterexample_of(scenario)
    crash = next(number for number, each in enumerate(counterexample.trace.schedule.choices) if each.is_crash)
    later = counterexample.trace.events[crash:]
    assert [each for each in later if each.operation == "deliver"], "the counterexample has no redelivery"
    result = replay_live(place, counterexample, PROGRAMS)
    assert result.outcome is LiveOutcome.CONFIRMED, result


@pytest.mark.live
@pytest.mark.parametrize(
    ("prop", "fault"), [("nothing-stuck", "celery-redelivery"), ("uncancelled-gets-job", "resubmission")]
)
def test_a_second_task_is_given_to_a_second_worker(place: Place, prop: str, fault: str) -> None:
    counterexample = counterexample_of(Scenario("baseline", faults=((fault, 1),), properties=(prop,)))
    takers = [each.process for each in counterexample.trace.events if each.operation == "deliver"]
    assert takers == ["worker/e1", "worker/e1/2"]
    result = replay_live(place, counterexample, PROGRAMS)
    assert result.outcome is LiveOutcome.CONFIRMED, result


@pytest.mark.live
def test_a_successor_waits_until_its_killed_predecessors_message_may_be_given_again(redis_url: str) -> None:
    told: dict[str, Any] = {each.name: "" for each in dataclasses.fields(ChildConfig)}
    told |= {"redis_url": redis_url, "run": "visibility", "namespace": "here", "process": "worker/e1"}
    queue, other = (WorkerQueue(ChildConfig(**{**told, "process": each})) for each in ("worker/e1", "worker/e2"))
    broker = CeleryAdapter(redis_url, f"{PREFIX}visibility:here:", ["e1", "e2"])
    try:
        broker.deliver("e1", "worker/e1")
        taken = time.time()
        other.wait_for_visibility()
        assert time.time() < taken + VISIBILITY_TIMEOUT_S, "another evaluation's message was waited for"
        queue.wait_for_visibility()
        assert time.time() > taken + VISIBILITY_TIMEOUT_S
    finally:
        broker.close()
        forget(connect(redis_url), f"{PREFIX}visibility:")


@pytest.mark.live
def test_a_worker_that_acknowledges_does_not_wait_for_others_of_its_evaluation(redis_url: str) -> None:
    told: dict[str, Any] = {each.name: "" for each in dataclasses.fields(ChildConfig)}
    told |= {"redis_url": redis_url, "run": "acknowledgement", "namespace": "here", "process": "worker/e1/2"}
    queue = WorkerQueue(ChildConfig(**told))
    queue.patience_s = 0.5
    broker = CeleryAdapter(redis_url, f"{PREFIX}acknowledgement:here:", ["e1"])
    try:
        broker.deliver("e1", "worker/e1")
        queue.acknowledge("e1", "worker/e1/2")
    finally:
        broker.close()
        forget(connect(redis_url), f"{PREFIX}acknowledgement:")


@pytest.mark.live
def test_random_schedules_of_programs_end_as_in_the_model(place: Place) -> None:
    results = check_live(place, Scenario("creation-lock", properties=("at-most-one-job",)), 2, 5, PROGRAMS)
    assert [each.outcome for each in results] == [LiveOutcome.AGREES]


class KillingStage(ProcessStage):
    """Kills the dispatcher, where it is held, before the user's first step."""

    def pending(self, name: str) -> tuple[Instant, ...]:
        if name.startswith("user/") and DISPATCHER in self._children:
            assert super().pending(DISPATCHER)
            self.kill(DISPATCHER)
        return super().pending(name)


@pytest.mark.live
@pytest.mark.parametrize(
    ("protocol", "steps"),
    [*(("baseline", steps) for steps in range(3)), *(("state-machine", steps) for steps in range(6))],
)
def test_a_dispatcher_killed_at_any_step_leaves_what_the_model_says(place: Place, protocol: str, steps: int) -> None:
    scenario = Scenario(protocol)
    model = scenario.model()
    cancel = 5 if protocol == "baseline" else 6
    order = ["worker/e1"] * 3 + [DISPATCHER] * steps + ["user/e1"] + ["cancel/e1"] * cancel
    schedule = Schedule(tuple(map(Choice, order)))
    with place.namespace() as namespace:
        site = Site(place, namespace, ("e1",), ports=_ports(model))
        with open_adapters(site, find_protocol(protocol), held=True, lease_ms=60_000) as adapters:
            adapters.set_patience(PATIENCE_S)
            usual = _stage(site, scenario, adapters, PROGRAMS)
            assert isinstance(usual, ProcessStage)
            usual.stop()
            stage = KillingStage(adapters, usual._config)
            forced = force(model, schedule, stage)
    # The model's dispatcher makes no further step either; every component that can be observed is compared.
    assert forced.difference is None
    assert forced.steps == len(order)
    assert DISPATCHER not in stage._children
    assert forced.after["status/e1"].status == "cancelled"
    assert forced.after["kubernetes/e1"].live_jobs == ()  # the kill came after the creation, or there was none


CRASHES: dict[str, list[str | tuple[str, int]]] = {
    "dispatcher-crash": [*["worker/e1"] * 3, *[DISPATCHER] * 2, (DISPATCHER, 0), *["worker/e1"] * 2,
                         *["dispatcher/e1/2"] * 3, *["worker/e1"] * 2],
    "dispatcher-loss": [*["worker/e1"] * 3, *[DISPATCHER] * 2, (DISPATCHER, 1), *["worker/e1"] * 3],
    "cancel-crash": ["user/e1", *["cancel/e1"] * 2, ("cancel/e1", 0), *["cancel/e1"] * 5],
}  # fmt: skip
"""For each fault, the processes in the order of their steps; a pair is the crash of that number."""


@pytest.mark.live
@pytest.mark.parametrize("fault", CRASHES)
def test_a_killed_program_is_noticed_as_the_model_says(place: Place, fault: str) -> None:
    scenario = Scenario("baseline", faults=((fault, 1),))
    model = scenario.model()
    schedule = Schedule(
        tuple(Choice(each) if isinstance(each, str) else Choice.of_crash(*each) for each in CRASHES[fault])
    )
    with place.namespace() as namespace:
        site = Site(place, namespace, ("e1",), ports=_ports(model))
        with open_adapters(site, find_protocol("baseline"), held=True, lease_ms=60_000) as adapters:
            adapters.set_patience(PATIENCE_S)
            forced = force(model, schedule, _stage(site, scenario, adapters, PROGRAMS))
    assert forced.difference is None
    assert forced.steps == len(schedule.choices)


def test_an_unknown_topology_is_a_sentence() -> None:
    with pytest.raises(UsageError, match="no topology 'process'; did you mean processes"):
        LiveOptions(topology="process")
