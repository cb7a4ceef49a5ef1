"""Mutants of a protocol of the user's own: its components may name their operations as ours, and its roles may fail."""

from __future__ import annotations

import itertools
import json
import random
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.console import Console

from deadheat.models.components.kubernetes import Kubernetes, KubernetesState
from deadheat.models.components.redis import key_of
from deadheat.models.components.status import Status, StatusState, StatusStore
from deadheat.models.components.user import Cancellation
from deadheat.models.mutations import LeftOut, Weakened
from deadheat.models.protocols import PROTOCOLS, baseline
from deadheat.models.protocols.baseline import BASELINE
from deadheat.models.protocols.state_machine import STATE_MACHINE
from deadheat.models.roles import Steps
from deadheat.models.system import CancelRequest, DispatchRequest, Protocol, System
from deadheat.reports.mutants import mutants_to_json, print_mutants
from deadheat.scenarios import catalogue
from deadheat.scenarios.catalogue import MUTANT
from deadheat.scenarios.check import check
from deadheat.scenarios.mutants import _guards_of, guards_of
from deadheat.scenarios.mutate import Fate, Hunt, MutantResult, hunt_of, judge_all
from deadheat.scenarios.scenario import Scenario
from deadheat.sim import components
from deadheat.sim.components import Step, operation
from deadheat.sim.errors import ModelError, PurityError


class ReasonedStore(StatusStore):
    """A status store that compares for a reason, and can be looked at under a name of its own."""

    @operation
    def compare_and_set(  # type: ignore[override]
        self, value: StatusState, evaluation: str, expected: Status, status: Status, reason: str
    ) -> components.Steps:
        """Set the status if it is the expected one."""
        assert reason
        if value.status is not expected:
            return (Step(False, value),)
        return (Step(True, self._written(value, status)),)

    @operation
    def peek(self, value: StatusState, evaluation: str) -> components.Steps:
        """Answer the status."""
        return (Step(value.status, value),)


class SettingStore(StatusStore):
    """A status store that inherits what compares, and overrides what does not."""

    @operation
    def set(  # type: ignore[override]
        self, value: StatusState, evaluation: str, reason: str, status: Status
    ) -> components.Steps:
        """Set the status."""
        raise NotImplementedError


class ForcefulKubernetes(Kubernetes):
    """A cluster whose deletions can be forced, and that can be told things: never nothing."""

    @operation
    def delete_job(  # type: ignore[override]
        self, value: KubernetesState, evaluation: str, name: str | None, force: bool
    ) -> components.Steps:
        """Delete a Job."""
        assert isinstance(force, bool)
        return Kubernetes.delete_job.step(self, value, evaluation, name, None)

    @operation
    def set(self, value: KubernetesState, evaluation: str, annotation: str, content: str) -> components.Steps:
        """Set an annotation that nobody reads."""
        assert isinstance(content, str)
        return (Step(None, value),)


def own_dispatch(system: System, request: DispatchRequest) -> Steps:
    assert isinstance(system.store, ReasonedStore)
    if (yield system.store.peek(request.evaluation)) is Status.CANCELLED:
        return None
    return (yield from baseline.dispatch(system, request))


def own_cancel(system: System, request: CancelRequest) -> Steps:
    evaluation, store, cluster = request.evaluation, system.store, system.kubernetes
    assert isinstance(store, ReasonedStore)
    assert isinstance(cluster, ForcefulKubernetes)
    yield system.user.cancellation(evaluation, request.number)
    yield cluster.set(evaluation, "cancelled-by", request.handler)
    yield system.redis.acquire(key_of("flag", evaluation), request.handler)
    status = yield store.peek(evaluation)
    yield cluster.delete_job(evaluation, None, True)
    yield store.compare_and_set(evaluation, status, Status.CANCELLED, "asked for")
    yield system.user.answer(evaluation, request.number, Cancellation.CANCELLED)


OWN = replace(
    BASELINE,
    name="own",
    dispatch=own_dispatch,
    cancel=own_cancel,
    status=ReasonedStore,
    kubernetes=ForcefulKubernetes,
    leases=True,
)
SETTING = replace(STATE_MACHINE, name="setting", status=SettingStore)


def given(monkeypatch: pytest.MonkeyPatch, *protocols: Protocol) -> None:
    _guards_of.cache_clear()
    monkeypatch.setattr(catalogue, "PROTOCOLS", (*PROTOCOLS, *protocols))


def judged_without_faults(name: str) -> tuple[Hunt, list[MutantResult]]:
    hunt = Hunt(Scenario(name), guards_of(name), (check(Scenario(name)),))
    return hunt, list(judge_all(hunt))


def changes(name: str, role: str, operation: str) -> list[str]:
    places = ((each.place, each.change) for each in guards_of(name).mutations)
    return [str(change) for place, change in places if (place.role, place.operation) == (role, operation)]


def test_a_protocol_that_says_what_it_expects_has_the_mutants_that_it_has_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given(monkeypatch, replace(BASELINE, name="expecting", expects={"no-permanent-orphan": "violated"}))
    assert guards_of("expecting").mutations == guards_of("baseline").mutations


def test_a_name_that_stands_for_something_else_has_the_mutants_of_that(monkeypatch: pytest.MonkeyPatch) -> None:
    for protocol in (BASELINE, STATE_MACHINE):
        monkeypatch.setattr(catalogue, "PROTOCOLS", (*PROTOCOLS, replace(protocol, name="changing")))
        assert guards_of("changing").mutations == guards_of(protocol.name).mutations
        changed, expected = (check(Scenario(f"{name}{MUTANT}1")) for name in ("changing", protocol.name))
        assert changed.exploration.states == expected.exploration.states


def test_operations_that_are_only_named_as_ours_are_not_taken_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, OWN)
    mutations = guards_of("own").mutations
    assert not [each for each in mutations if isinstance(each.change, Weakened)]
    own = {"compare_and_set", "delete_job"}
    assert {each.place.operation for each in mutations if isinstance(each.change, LeftOut)} >= own
    _, results = judged_without_faults("own")
    assert {each.fate for each in results} <= {Fate.NOTICED, Fate.SURVIVED, Fate.NO_DIFFERENCE}


def test_an_operation_of_ones_own_that_never_changes_anything_is_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, OWN)
    assert "left out" not in changes("own", "dispatch", "peek")  # to leave it out is to mistake what it shows
    assert "takes cancelled for provisioning" in changes("own", "dispatch", "peek")
    assert "takes provisioning for queued" in changes("own", "cancel", "peek")  # a stale read, for a later comparison
    assert "happens only after kubernetes.delete_job" in changes("own", "cancel", "acquire")  # over that look


def test_an_operation_of_ours_has_no_twin_where_that_is_somebody_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, SETTING)
    assert "sets without comparing" in changes("state-machine", "worker", "compare_and_set")
    assert "sets without comparing" not in changes("setting", "worker", "compare_and_set")
    assert "left out" in changes("setting", "worker", "compare_and_set")


class LockedKubernetes(Kubernetes):
    """A cluster with a lock, of which only the holder may make use; its generation says whether it is held."""

    @operation
    def lock(self, value: KubernetesState, evaluation: str) -> components.Steps:
        """Answer whether it was free, and take it."""
        return (Step(value.generation == 1, value._replace(generation=2)),)

    @operation
    def unlock(self, value: KubernetesState, evaluation: str) -> components.Steps:
        """Give it back."""
        if value.generation != 2:
            raise ValueError("it is not held")
        return (Step(None, value._replace(generation=1)),)


def locking_cancel(system: System, request: CancelRequest) -> Steps:
    evaluation, cluster = request.evaluation, system.kubernetes
    assert isinstance(cluster, LockedKubernetes)
    yield system.user.cancellation(evaluation, request.number)
    if (yield cluster.lock(evaluation)):
        yield cluster.delete_job(evaluation)
        yield cluster.unlock(evaluation)
    yield system.store.set(evaluation, Status.CANCELLED)
    yield system.user.answer(evaluation, request.number, Cancellation.CANCELLED)


def test_a_mutant_that_breaks_a_rule_is_told_from_one_without_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    given(
        monkeypatch, replace(BASELINE, name="locking", cancel=locking_cancel, kubernetes=LockedKubernetes, leases=True)
    )
    hunt, results = judged_without_faults("locking")
    broken = {(each.mutation.place.operation, str(each.mutation.change)): each for each in results if each.error}
    assert {each.fate for each in broken.values()} == {Fate.CANNOT_RUN}
    result = broken["lock", "left out"]
    assert result.error is not None
    assert "unlock" in result.error
    assert "it is not held" in result.error
    assert result.noticed_by == ()
    [entry] = json.loads(mutants_to_json(hunt, [result]))["results"]
    assert (entry["fate"], entry["survived"], entry["error"]) == ("cannot run", False, result.error)
    console = Console(record=True, width=200)
    print_mutants(hunt, results, console)
    assert result.error in console.export_text()


def test_a_protocol_that_breaks_a_rule_itself_has_no_mutants(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(system: System, request: CancelRequest) -> Steps:
        yield system.user.cancellation(request.evaluation, request.number)
        raise KeyError("no such thing")

    given(monkeypatch, replace(BASELINE, name="failing", cancel=failing))
    with pytest.raises(ModelError, match=r"'cancel/e1' failed after 1 outcome in failing .*: KeyError"):
        hunt_of(Scenario("failing"))


seldom = itertools.count()

IMPURE: dict[str, Callable[[], bool]] = {
    "clock": lambda: time.perf_counter_ns() // 1_000 % 2 == 0,
    "chance": lambda: random.random() < 0.5,
    "now-and-then": lambda: next(seldom) % 50 == 0,
    "later": lambda: next(seldom) > 200,
}


@pytest.mark.parametrize("name", IMPURE)
def test_a_role_that_depends_on_anything_else_has_no_mutants(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asks_for_more = IMPURE[name]

    def impure(system: System, request: CancelRequest) -> Steps:
        yield system.user.cancellation(request.evaluation, request.number)
        if asks_for_more():
            yield system.kubernetes.delete_job(request.evaluation)
        yield system.store.set(request.evaluation, Status.CANCELLED)
        yield system.user.answer(request.evaluation, request.number, Cancellation.CANCELLED)

    given(monkeypatch, replace(BASELINE, name=name, cancel=impure))
    for wanted in (guards_of, lambda name: hunt_of(Scenario(name))):
        with pytest.raises(PurityError, match=r"cancel/e1|seldom|<lambda>.* reads a"):
            wanted(name)
