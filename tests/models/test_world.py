"""No pool is too small: whatever waits, be it a message or a request, is taken by somebody in the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations_with_replacement

import pytest

from deadheat.models.calls import call
from deadheat.models.components.celery import WAITING, CeleryQueue, QueueState
from deadheat.models.components.http import Phase
from deadheat.models.components.redis import Redis, RedisState
from deadheat.models.faults import FAULTS
from deadheat.models.protocols.baseline import BASELINE
from deadheat.models.roles import Faults, Steps
from deadheat.models.system import Protocol, System, Task
from deadheat.models.world import build
from deadheat.scenarios.catalogue import DEFAULT_PROTOCOLS, find_protocol
from deadheat.sim.components import BLOCKED, Step, Steps as StepsOfComponent, operation
from deadheat.sim.explore.auto import explore
from deadheat.sim.model import Kind, Model, Property, View
from tests.breadth import campaign
from tests.protocols import EACH

MAKING_MORE = (
    *("worker-crash", "worker-loss", "celery-redelivery", "resubmission", "repeated-cancel", "cancel-crash"),
    *("http-retry", "http-loss", "http-timeout", "dispatcher-crash", "dispatcher-loss", "redis-failover"),
)
"""The faults that bring about messages, requests or keys, or take away who would take them."""

LOST = "worker-loss"
"""With this one after another fault, somebody new has to take what that has brought about."""


ON = {
    **dict.fromkeys(("cleanup-crash", "stale-list", "overlapping-sweeps"), "baseline+orphan-cleanup"),
    "cleanup-loss": "baseline+orphan-cleanup+storage-worker",
    **dict.fromkeys(("watch-loss", "watch-duplicate"), "baseline+storage-worker"),
    **dict.fromkeys(("lease-expiry", "redis-failover"), "creation-lock"),
    "stale-status": "status-check",
}
"""Where a fault can happen, if not to the baseline."""

WITH_A_SECOND_VICTIM = {
    "dispatcher-loss": "http-retry",
    "http-timeout": "worker-crash",
    "watch-loss": "http-retry",
    "cancel-loss": "repeated-cancel",
    "resubmission": "repeated-cancel",
}
"""What brings about a second request, run, Job or cancellation, which some faults need to happen twice."""


def left_waiting(view: View) -> str | None:
    """A message that no worker takes, or a request that no handler does."""
    queue: QueueState = view["queue/e1"]
    if WAITING in queue.messages:
        return "a message waits, and no worker takes it"
    sent = [number for number, each in enumerate(view["http/e1"], start=1) if each.phase is Phase.SENT]
    return f"request {sent[0]} waits, and no handler takes it" if sent else None


def left_in_redis(view: View) -> str | None:
    """A key with a time to live that stays for ever."""
    keys: RedisState = view["redis/e1"]
    return next((f"{key} never expires" for key, entry in keys.keys if entry.holder is not None), None)


NOBODY_WAITS = Property("taken", "", Kind.SETTLED, ("queue/e1", "http/e1"), left_waiting)
TIME_RUNS = Property("expires", "", Kind.SETTLED, ("redis/e1",), left_in_redis)


def violated(protocol: Protocol, faults: Faults) -> set[str]:
    world = build(protocol, 1, faults)
    found = explore(Model(world.components, world.processes, (NOBODY_WAITS, TIME_RUNS), faults))
    assert found.complete
    return set(found.counterexamples)


def budgets(*kinds: str) -> dict[str, int]:
    return {kind: kinds.count(kind) for kind in kinds}


@pytest.mark.parametrize("name", EACH)
def test_whatever_waits_is_taken_and_every_time_to_live_runs_out(name: str) -> None:
    for faults in ({}, *map(budgets, MAKING_MORE)):
        assert violated(find_protocol(name), faults) == set(), faults


PAIRS = [*((each, each) for each in MAKING_MORE), *((each, LOST) for each in MAKING_MORE if each != LOST)]


@pytest.mark.parametrize("pair", campaign("pairs of faults", PAIRS, 8), ids="-".join)
def test_whatever_waits_is_taken_under_two_faults(pair: tuple[str, str]) -> None:
    assert violated(BASELINE, budgets(*pair)) == set()


@pytest.mark.slow
@pytest.mark.parametrize("name", DEFAULT_PROTOCOLS)
def test_whatever_waits_is_taken_under_any_two_faults(name: str) -> None:
    for pair in combinations_with_replacement(FAULTS, 2):
        assert violated(find_protocol(name), budgets(*pair)) == set(), pair


Lose = Callable[[QueueState], QueueState]


@pytest.mark.parametrize("forgetful", ["nobody is called for", "only whoever had it is replaced"])
def test_a_message_that_nobody_takes_is_noticed(forgetful: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = CeleryQueue.lose.step

    def lose(self: CeleryQueue, value: QueueState, evaluation: str, worker: str) -> StepsOfComponent:
        [step] = right(self, value, evaluation, worker)
        had_it = step.value.messages != value.messages
        replaced = had_it and forgetful != "nobody is called for"
        return (Step(None, step.value if replaced else step.value._replace(again=value.again)),)

    wrong = operation(lose)
    wrong.__set_name__(CeleryQueue, "lose")
    monkeypatch.setattr(CeleryQueue, "lose", wrong)
    # A worker that stands by for a redelivery can be lost before it has taken the message.
    faults = budgets("worker-loss", "celery-redelivery")
    assert violated(BASELINE, faults) == {"taken"}


@pytest.mark.parametrize("name", ["request-token", "two-phase"])
def test_a_time_to_live_that_never_runs_out_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def hold_on(self: Redis, value: RedisState, tag: str, holder: str) -> StepsOfComponent:
        return BLOCKED

    wrong = operation(hold_on)
    wrong.__set_name__(Redis, "let_go")
    monkeypatch.setattr(Redis, "let_go", wrong)
    assert violated(find_protocol(name), budgets("http-timeout")) == {"expires"}


def states(name: str, faults: Faults) -> int:
    world = build(find_protocol(name), 1, faults)
    return explore(Model(world.components, world.processes, (), faults)).states


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_can_happen_as_often_as_its_budget_says(fault: str) -> None:
    more = [WITH_A_SECOND_VICTIM[fault]] if fault in WITH_A_SECOND_VICTIM else []
    once = budgets(fault, *more)
    name = ON.get(fault, "baseline")
    assert states(name, once | {fault: 2}) > states(name, once)


def call_twice(system: System, task: Task) -> Steps:
    yield system.queue.deliver(task.evaluation, task.worker)
    yield from call(system, task)
    yield from call(system, task)
    yield system.queue.acknowledge(task.evaluation, task.worker)


def test_a_worker_that_calls_more_often_than_its_protocol_says_is_noticed() -> None:
    assert violated(replace(BASELINE, worker=call_twice), {}) == {"taken"}
    assert violated(replace(BASELINE, worker=call_twice, calls=2), {}) == set()
