"""What grows without a bound is named: a role's local, or a component's field."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import pytest

from deadheat.sim.components import Component, Step, Steps, operation
from deadheat.sim.errors import UnboundedError
from deadheat.sim.explore import auto, kernel, python
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.results import Exploration
from deadheat.sim.learn import interned, tables
from deadheat.sim.model import Kind, Model, Process, Property

Explore = Callable[..., Exploration]
EXPLORERS = [python.explore, kernel.explore, auto.explore]


@dataclass(frozen=True)
class Account:
    owner: str = "nobody"
    entries: int = 0


class Ledger(Component):
    initial = Account()

    @operation
    def add(self, account: Account) -> Steps:
        return (Step(None, replace(account, entries=account.entries + 1)),)

    @operation
    def look(self, account: Account) -> Steps:
        return (Step(account.owner, account),)


class Logged(NamedTuple):
    lines: tuple[int, ...] = ()


class Log(Component):
    initial = Logged()

    @operation
    def append(self, log: Logged) -> Steps:
        return (Step(None, Logged((*log.lines, 1))),)


def model_of(component: Component, role: Callable[..., Generator[Any, Any, Any]]) -> Model:
    never = Property("never", "", Kind.ALWAYS, (component.name,), lambda view: None)
    return Model({component.name: component}, (Process("p", role, (component,)),), (never,))


def counting(ledger: Ledger) -> Generator[Any, Any, Any]:
    attempts = 0
    while True:
        attempts += 1
        yield ledger.look()


def collecting(ledger: Ledger) -> Generator[Any, Any, Any]:
    answers = []
    while True:
        answers.append((yield ledger.look()))


def delegating(ledger: Ledger) -> Generator[Any, Any, Any]:
    yield from counting(ledger)


def adding(ledger: Ledger) -> Generator[Any, Any, Any]:
    while True:
        yield ledger.add()


def appending(log: Log) -> Generator[Any, Any, Any]:
    while True:
        yield log.append()


def counting_to_a_hundred(ledger: Ledger) -> Generator[Any, Any, Any]:
    for _ in range(100):
        yield ledger.add()


ENDLESS = [
    (Ledger("ledger"), counting, r"the local 'attempts' of counting \(tests/sim/test_growth\.py:\d+\)"),
    (Ledger("ledger"), collecting, r"the local 'answers' of collecting \(tests/sim/test_growth\.py:\d+\)"),
    (Ledger("ledger"), delegating, r"the local 'attempts' of counting \(tests/sim/test_growth\.py:\d+\)"),
    (Ledger("ledger"), adding, "the field entries of the component 'ledger'"),
    (Log("log"), appending, "the field lines of the component 'log'"),
]


@pytest.mark.parametrize("explore", EXPLORERS)
@pytest.mark.parametrize(("component", "role", "name"), ENDLESS)
def test_a_counter_without_a_bound_ends_the_search_and_is_named(
    component: Component, role: Callable[..., Any], name: str, explore: Explore
) -> None:
    found = explore(model_of(component, role), SearchOptions(values_max=120))
    assert not found.complete
    end = "and seems to have no bound; give it one, or raise the limit"
    assert re.fullmatch(rf"{name} took on 1[2-9]\d values, {end}", str(found.stopped))


@pytest.mark.parametrize(("component", "role", "name"), ENDLESS)
def test_another_limit_names_what_grew_until_then(component: Component, role: Callable[..., Any], name: str) -> None:
    found = python.explore(model_of(component, role), SearchOptions(states_max=150))
    reason = "it reached 150 states"
    assert re.fullmatch(rf"{reason}; {name} took on \d+ values, and may have no bound", str(found.stopped))


@pytest.mark.parametrize("explore", EXPLORERS)
def test_a_counter_with_a_bound_below_the_limit_is_explored_to_the_end(explore: Explore) -> None:
    found = explore(model_of(Ledger("ledger"), counting_to_a_hundred), SearchOptions(values_max=120))
    assert (found.complete, found.states, found.stopped) == (True, 101, None)


def test_more_values_than_can_be_told_apart_are_refused_by_the_name_of_what_grew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tables, "FIELD_MASK", 127)
    monkeypatch.setattr(interned, "FIELD_MASK", 127)
    with pytest.raises(UnboundedError, match=r"more than 128 local states; the local 'attempts' of counting"):
        python.explore(model_of(Ledger("ledger"), counting))
    with pytest.raises(UnboundedError, match="more than 128 values; the field entries of the component 'ledger' took"):
        python.explore(model_of(Ledger("ledger"), adding))
