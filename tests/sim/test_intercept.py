"""Interception: what is in between sees everything, changes what it says it does, and costs no state."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from deadheat.scenarios.scenario import Scenario
from deadheat.sim.explore.python import explore
from deadheat.sim.model import Model, Process
from deadheat.sim.operations import Operation, Request
from deadheat.sim.run.coverage import site_of, sites_of
from deadheat.sim.run.intercept import Running, intercepted
from tests.sim.classics import Variable

counter = Variable("counter", 0)


@dataclass(frozen=True)
class Nothing:
    """Changes nothing."""

    def asked(self, running: Running, request: Request) -> Request:
        return request

    def answered(self, running: Running, request: Request, outcome: Any) -> Any:
        return outcome


@dataclass(frozen=True)
class Doubled(Nothing):
    """Writes twice of what is written, and tells that what is read is one more."""

    def asked(self, running: Running, request: Request) -> Request:
        assert isinstance(request, Operation)
        return replace(request, arguments=tuple(2 * each for each in request.arguments))

    def answered(self, running: Running, request: Request, outcome: Any) -> Any:
        return outcome if outcome is None else outcome + 1


def copy_up() -> Running:
    read = yield counter.get()
    yield from write(read)


def write(value: int) -> Running:
    yield counter.set(value + 10)


def everything_intercepted(model: Model) -> Model:
    return replace(
        model, processes=tuple(replace(each, role=intercepted(each.role, Nothing())) for each in model.processes)
    )


@pytest.mark.parametrize("name", ["creation-lock", "name-tombstone", "baseline+orphan-cleanup", "event-sourcing"])
def test_an_interceptor_that_changes_nothing_costs_nothing(name: str) -> None:
    model = Scenario(name, faults=(("http-retry", 1),)).model()
    plain, through = explore(model), explore(everything_intercepted(model))
    assert (plain.states, plain.transitions, plain.depth) == (through.states, through.transitions, through.depth)
    assert plain.reached == through.reached
    assert plain.labels_reached == through.labels_reached
    assert plain.counterexamples == through.counterexamples


def test_what_is_asked_and_what_is_told_can_be_changed() -> None:
    running = intercepted(copy_up, Doubled())()
    assert next(running) == counter.get()
    assert running.send(5) == counter.set(2 * (5 + 1 + 10))


def test_an_intercepted_role_returns_what_the_role_does() -> None:
    def role() -> Running:
        return (yield counter.get())

    running = intercepted(role, Nothing())()
    next(running)
    with pytest.raises(StopIteration) as end:
        running.send("an answer")
    assert end.value.value == "an answer"


def test_coverage_looks_through_what_is_in_between() -> None:
    plain, through = copy_up(), intercepted(intercepted(copy_up, Nothing()), Nothing())()
    for answer in (None, 5):
        plain.send(answer), through.send(answer)
        assert site_of(plain) == site_of(through)
    assert site_of(through).function == "write"
    assert sites_of([intercepted(copy_up, Nothing())]) == sites_of([copy_up])


def test_what_was_answered_before_does_not_keep_histories_apart() -> None:
    def forgetful() -> Running:
        while True:
            yield counter.get()

    def changes() -> Running:
        for value in (1, 2, 3):
            yield counter.set(value)

    processes = (Process("p", forgetful), Process("q", changes))
    model = Model({"counter": counter}, processes)
    assert explore(everything_intercepted(model)).states == explore(model).states
