"""A step that is put off: what comes first happens second, each with its own outcome, and nothing else is another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import assume, strategies as st

from deadheat.scenarios.scenario import Scenario
from deadheat.sim.explore import reference
from deadheat.sim.explore.footprint import footprint
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.python import explore
from deadheat.sim.model import Kind, Model, Process, Property, View
from deadheat.sim.operations import Request
from deadheat.sim.run.coverage import site_of
from deadheat.sim.run.intercept import Running
from deadheat.sim.run.postpone import postponed
from tests.breadth import tried_on
from tests.sim import random_models
from tests.sim.classics import Variable

one, other, third = Variable("one", 0), Variable("other", 0), Variable("third", 0)


@dataclass(frozen=True)
class PutOff:
    """Puts off one request until after another."""

    first: Request
    until: Request
    looks: tuple[Request, ...] = ()
    meanwhile: Any = None

    def begins(self, running: Running, request: Request) -> bool:
        return request == self.first

    def passes(self, request: Request) -> bool:
        return request in self.looks

    def ends(self, running: Running, request: Request) -> bool:
        return request == self.until


def asked(running: Running, *answers: Any) -> list[Request]:
    """Return what a role asks for when it is answered so."""
    requests = [next(running)]
    for answer in answers:
        try:
            requests.append(running.send(answer))
        except StopIteration:
            break
    return requests


def looks_and_writes() -> Running:
    here = yield one.get()
    there = yield other.get()
    yield third.set((here, there))


def test_the_two_steps_are_exchanged_and_the_role_is_told_the_outcome_of_each() -> None:
    running = postponed(looks_and_writes, PutOff(one.get(), other.get()))()
    assert asked(running, "there", "here") == [other.get(), one.get(), third.set(("here", "there"))]


def test_what_does_not_begin_or_never_ends_goes_its_own_way() -> None:
    for put_off in (PutOff(third.get(), other.get()), PutOff(one.get(), third.get())):
        running = postponed(looks_and_writes, put_off)()
        assert asked(running, 1, 2) == [one.get(), other.get(), third.set((1, 2))]


def test_a_role_that_asks_for_something_else_after_all_is_not_kept_from_it() -> None:
    def depends() -> Running:
        if (yield one.get()) == 0:
            yield other.set(1)
        else:
            yield third.set(1)
            yield other.set(1)  # which is not what it was told ahead: that was too early

    put_off = PutOff(one.get(), other.set(1), meanwhile=0)
    assert asked(postponed(depends, put_off)(), None, 0) == [other.set(1), one.get()]
    asked_then = [other.set(1), one.get(), third.set(1), other.set(1)]
    assert asked(postponed(depends, put_off)(), None, 5, None, None) == asked_then


def test_a_step_is_put_off_over_looks_whose_outcomes_are_remembered() -> None:
    def writes_looks_writes() -> Running:
        yield one.set(1)
        seen = yield other.get()
        if seen:
            yield third.set(seen)
        yield other.set(9)

    put_off = PutOff(one.set(1), third.set(7), looks=(other.get(),))
    running = postponed(writes_looks_writes, put_off)()
    assert asked(running, 7, None, None, None) == [other.get(), third.set(7), one.set(1), other.set(9)]
    running = postponed(writes_looks_writes, put_off)()
    assert asked(running, 0, None, None) == [other.get(), one.set(1), other.set(9)]  # it does not come to that step


def test_a_look_that_is_repeated_is_not_waited_out() -> None:
    def waits() -> Running:
        yield one.set(1)
        while not (yield other.get()):
            pass
        yield third.set(1)

    running = postponed(waits, PutOff(one.set(1), third.set(1), looks=(other.get(),)))()
    assert asked(running, 0, None, 1, None) == [other.get(), one.set(1), other.get(), third.set(1)]


def test_it_is_put_off_each_time_that_the_role_comes_to_it() -> None:
    def again() -> Running:
        for _ in range(2):
            yield one.set(1)
            yield other.set(1)

    running = postponed(again, PutOff(one.set(1), other.set(1)))()
    assert asked(running, *[None] * 4) == [other.set(1), one.set(1)] * 2


def test_a_postponed_role_returns_what_the_role_does() -> None:
    def role() -> Running:
        yield one.set(1)
        return (yield one.get())

    running = postponed(role, PutOff(one.set(1), one.get()))()
    assert asked(running, "seen") == [one.get(), one.set(1)]
    with pytest.raises(StopIteration) as end:
        running.send(None)
    assert end.value.value == "seen"


def test_coverage_sees_each_step_where_the_role_asks_for_it() -> None:
    plain, running = looks_and_writes(), postponed(looks_and_writes, PutOff(one.get(), other.get()))()
    sites = []
    for answer in (None, 1, 2):
        plain.send(answer)
        sites.append(site_of(plain))
    [first, second, last] = sites
    exchanged = []
    for answer in (None, 1, 2):
        running.send(answer)
        exchanged.append(site_of(running))
    assert exchanged == [second, first, last]


@pytest.mark.parametrize("name", ["creation-lock", "baseline+orphan-cleanup", "event-sourcing"])
def test_what_is_never_put_off_costs_nothing(name: str) -> None:
    model = Scenario(name, faults=(("http-retry", 1),)).model()
    never = PutOff(one.get(), other.get())
    through = replace(
        model, processes=tuple(replace(each, role=postponed(each.role, never)) for each in model.processes)
    )
    plain, driven = explore(model), explore(through)
    assert (plain.states, plain.transitions, plain.depth) == (driven.states, driven.transitions, driven.depth)
    assert plain.reached == driven.reached
    assert plain.counterexamples == driven.counterexamples


def test_histories_merge_where_those_of_the_role_do_and_what_was_found_ahead_tells_them_apart() -> None:
    def forgets_and_exchanges(*, by_hand: bool) -> Running:
        while (yield one.get()) < 3:
            pass
        if by_hand:
            seen = yield other.get()
            yield one.set(9)
        else:
            yield one.set(9)
            seen = yield other.get()
        yield third.set(seen)

    def by_hand() -> Running:
        return forgets_and_exchanges(by_hand=True)

    def in_order() -> Running:
        return forgets_and_exchanges(by_hand=False)

    def counts() -> Running:
        for value in (1, 2, 3):
            yield one.set(value)
            yield other.set(value)

    def model(role: Any) -> Model:
        components = {each.name: each for each in (one, other, third)}
        return Model(components, (Process("p", role), Process("q", counts)))

    exchanged = model(postponed(in_order, PutOff(one.set(9), other.get())))
    assert explore(exchanged).states == explore(model(by_hand)).states
    assert footprint(exchanged) == footprint(model(by_hand)) != footprint(model(in_order))


def overwritten(view: View) -> str | None:
    return "both" if view["c0"] == view["c1"] == 1 else None


@tried_on(random_models.models(), st.data(), few=20, many=60)
def test_a_step_put_off_is_what_a_role_would_be_that_has_the_two_in_the_other_order(
    model: Model, data: st.DataObject
) -> None:
    process = replace(model.processes[0], role=random_models.run_forgetfully)
    system, program = process.arguments
    assume(len(program) > 1)
    at = data.draw(st.integers(0, len(program) - 2))
    requests = [next(random_models.run_forgetfully(system, (each,))) for each in program]
    assume(requests.count(requests[at]) == 1)
    put_off = PutOff(requests[at], requests[at + 1])
    by_hand = (*program[:at], program[at + 1], program[at], *program[at + 2 :])
    one_way, other_way = (
        replace(model, processes=(each, *model.processes[1:]))
        for each in (
            replace(process, role=postponed(process.role, put_off)),
            replace(process, arguments=(system, by_hand)),
        )
    )
    limits = SearchOptions(states_max=2_000)
    one_print, other_print = footprint(one_way, limits), footprint(other_way, limits)
    assume(one_print is not None)
    assert one_print == other_print
    always = (Property("always", "", Kind.ALWAYS, ("c0", "c1"), overwritten),)
    merged, unmerged = (
        found(replace(one_way, properties=always), limits).counterexamples for found in (explore, reference.explore)
    )
    assert {name: len(each.choices) for name, each in merged.items()} == {
        name: len(each.choices) for name, each in unmerged.items()
    }
