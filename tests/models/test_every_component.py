"""What holds of every component in the library: those of today, and whichever is added."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

import deadheat.models.components as room
from deadheat.models.components.advisory_lock import AdvisoryLock
from deadheat.models.components.chance import Chance
from deadheat.models.components.deadline import Deadline
from deadheat.models.components.http import HttpChannel
from deadheat.models.components.kubernetes import Kubernetes
from deadheat.models.components.mailbox import Mailbox
from deadheat.models.components.one_or_each import OneOrEach
from deadheat.models.components.pubsub import PubSub
from deadheat.models.components.signal import Signal
from deadheat.models.components.sql import Database, Record
from deadheat.models.components.status import StatusStore
from deadheat.models.components.user import User
from deadheat.models.faults import FAULTS
from deadheat.sim.components import BLOCKED, Component, Step, operation
from deadheat.sim.errors import ModelError
from deadheat.sim.faults import Fault, kind_of
from deadheat.sim.freeze import freeze, require_immutable
from deadheat.sim.operations import Operation
from deadheat.sim.render import render
from deadheat.sim.traits import by_itself, looks
from tests.models.drawing import argument
from tests.models.sql_models import Job

MADE_OTHERWISE: dict[type[Component], tuple[dict[str, Any], ...]] = {
    Deadline: ({"is_open": False},),
    Kubernetes: ({"watched": True, "stale_lists": True},),
    Mailbox: ({"ordered": False, "lossy": True}, {"lossy": True, "capacity": 2}),
    Signal: ({"begun": False},),
    StatusStore: ({"replicas": True},),
}
"""How components are made that can be made in several ways, beside the plain one."""

TABLES: dict[type[Component], tuple[type[Record], ...]] = {Database: (Job,)}

ASKED_IN_PLACE = (HttpChannel, User, Database)
"""Components that are asked for some things only by who was told: of another number, or a session that waits, they know
nothing.
"""

CHANGES_WHAT_NOBODY_SEES = {HttpChannel.response}
"""What only looks, but for what nobody else can see: a delivery whose response was heard is closed."""


def classes() -> Iterator[type[Component]]:
    """Every class of a component in the library."""
    for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
        found = vars(importlib.import_module(module.name)).values()
        yield from (
            each
            for each in found
            if inspect.isclass(each) and issubclass(each, Component) and each.__module__ == module.name
        )


def ways() -> Iterator[Any]:
    """Every way in which a component can be made."""
    for kind in classes():
        for options in ({}, *MADE_OTHERWISE.get(kind, ())):
            name = kind.__name__ + "".join(f" {option}={value}" for option, value in options.items())
            yield pytest.param(kind("it", *TABLES.get(kind, ()), **options), id=name)


EVERY = list(ways())


def operations_of(component: Component) -> dict[str, operation[...]]:
    named = ((name, getattr(type(component), name)) for name in dir(type(component)))
    return {name: marked for name, marked in named if isinstance(marked, operation)}


def parameters_of(marked: operation[...]) -> dict[str, inspect.Parameter]:
    return dict(list(inspect.signature(marked.step, eval_str=True).parameters.items())[2:])


def request(component: Component, name: str, data: st.DataObject) -> Operation:
    parameters = parameters_of(operations_of(component)[name]).values()
    asked: Operation = getattr(component, name)(*(data.draw(argument(component, each)) for each in parameters))
    return asked


def steps(component: Component, value: Any, asked: Operation) -> list[Step]:
    try:
        return list(component.apply(value, asked))
    except (IndexError, ModelError):
        assert isinstance(component, ASKED_IN_PLACE)
        return []


def check_value(component: Component, value: Any) -> None:
    require_immutable("A value", value)
    hash(value)
    assert component.describe(value) == component.describe(value)
    assert " at 0x" not in component.describe(value)


def check_steps(component: Component, value: Any, name: str, asked: Operation, found: list[Step]) -> None:
    declared = {each.kind for each in component.faults}
    traits = operations_of(component)[name].traits
    for step in found:
        require_immutable("An outcome", step.outcome)
        render(step.outcome)
        check_value(component, step.value)
        kinds = {step.kind} - {None}
        assert kinds <= declared or isinstance(component, Chance), f"{asked} meets what it does not declare"
        is_same = freeze(step.value) == freeze(value)
        if traits.looks and operations_of(component)[name] not in CHANGES_WHAT_NOBODY_SEES:
            assert is_same, f"{asked} looks, and changed {value}"
        if traits.by_itself is not None:
            assert not is_same, f"{asked} happens by itself, and changes nothing in {value}"


def check_run(component: Component, data: st.DataObject, length: int = 12) -> None:
    """Ask for operations one after another, and check each step that they may take."""
    value = component.initial
    check_value(component, value)
    names = sorted(operations_of(component))
    alone = [name for name in names if operations_of(component)[name].traits.by_itself is not None]
    for _ in range(length):
        for name in alone:
            asked = request(component, name, data)
            check_steps(component, value, name, asked, steps(component, value, asked))
        name = data.draw(st.sampled_from(names))
        asked = request(component, name, data)
        found = steps(component, value, asked)
        assert freeze(tuple(found)) == freeze(tuple(steps(component, value, asked)))
        check_steps(component, value, name, asked, found)
        if found:
            value = data.draw(st.sampled_from(found)).value


@pytest.mark.parametrize("component", EVERY)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_component_keeps_to_the_rules_whatever_it_is_asked(component: Component, data: st.DataObject) -> None:
    """Values and outcomes are immutable and can be shown; traits and faults are as declared."""
    if operations_of(component):
        check_run(component, data)


@pytest.mark.parametrize("component", EVERY)
def test_what_happens_by_itself_is_asked_with_nothing_or_the_key(component: Component) -> None:
    for name, marked in operations_of(component).items():
        if marked.traits.by_itself is None:
            continue
        needed = [each for each in parameters_of(marked).values() if each.default is each.empty]
        assert len(needed) == (1 if component.keyed else 0), name
        trait = marked.traits.by_itself
        assert trait.fault is None or trait.fault in {each.kind for each in component.faults}


@pytest.mark.parametrize("component", EVERY)
def test_a_fault_that_is_declared_has_a_meaning_and_a_source_and_one_of_each_kind(component: Component) -> None:
    assert len({each.kind for each in component.faults}) == len(component.faults)
    for each in component.faults:
        assert each.meaning, each.kind
        assert each.source, each.kind
        assert FAULTS.get(each.kind, each) == each


def test_no_two_components_declare_different_faults_of_one_kind() -> None:
    known: dict[str, Fault] = {}
    for each in (fault for parameter in EVERY for fault in parameter.values[0].faults):
        assert known.setdefault(kind_of(each), each) == each


@pytest.mark.parametrize("component", [each for each in EVERY if isinstance(each.values[0], OneOrEach)])
def test_a_component_that_is_one_or_each_takes_its_key_last_and_can_do_without(component: OneOrEach) -> None:
    for name, marked in operations_of(component).items():
        last = list(parameters_of(marked).values())[-1]
        assert (last.name, last.default, last.annotation) == ("key", None, str | None), name


@pytest.mark.parametrize(
    ("component", "requests"),
    [
        (AdvisoryLock("it"), lambda it: [it.end_session("a")]),
        (Deadline("it"), lambda it: [it.arm(), it.call_off(), it.open(), it.close()]),
        (Mailbox("it", lossy=True), lambda it: [it.clear()]),
        (PubSub("it"), lambda it: [it.unsubscribe("a")]),
        (Signal("it"), lambda it: [it.end(), it.ignore()]),
    ],
)
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_what_others_notice_of_a_crash_has_one_step_in_any_state(
    component: Any, requests: Any, data: st.DataObject
) -> None:
    value = component.initial
    for _ in range(8):
        assert [len(component.apply(value, each)) for each in requests(component)] == [1] * len(requests(component))
        found = steps(
            component, value, request(component, data.draw(st.sampled_from(sorted(operations_of(component)))), data)
        )
        value = data.draw(st.sampled_from(found)).value if found else value


UNDECLARED = Fault("undeclared", "it breaks", "a manual")


class Breaking(Component):
    """A component that breaks the rules, one by each of its operations."""

    initial = 0

    @looks
    @operation
    def look(self, value: int) -> list[Step]:
        return [Step(value, value + 1)]

    @by_itself()
    @operation
    def idle(self, value: int) -> list[Step]:
        return [Step(None, value)]

    @operation
    def fail(self, value: int) -> list[Step]:
        return [Step(None, value, fault=UNDECLARED)]

    @operation
    def mutable(self, value: int) -> list[Step]:
        return [Step([], value)]

    @operation
    def fine(self, value: int) -> Any:
        return BLOCKED


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("look", "looks, and changed 0"),
        ("idle", "happens by itself, and changes nothing in 0"),
        ("fail", "meets what it does not declare"),
        ("mutable", "must be immutable"),
    ],
)
def test_a_component_that_breaks_a_rule_is_noticed(name: str, told: str) -> None:
    breaking = Breaking("it")
    asked: Operation = getattr(breaking, name)()
    with pytest.raises((AssertionError, ModelError), match=told):
        check_steps(breaking, 0, name, asked, steps(breaking, 0, asked))
