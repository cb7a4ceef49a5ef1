"""What is declared interchangeable and is not: it is noticed, said, and explored without symmetry."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any

import pytest

from deadheat.sim.components import Component, Step, Steps, operation
from deadheat.sim.errors import ModelError
from deadheat.sim.explore import auto, kernel, python
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.reductions import quotient
from deadheat.sim.explore.results import Exploration
from deadheat.sim.model import Crash, Kind, Model, Part, Process, Property, View
from deadheat.sim.operations import Request, any_of
from tests.sim.random_models import Cell
from tests.sim.symmetric_models import Holder
from tests.sim.test_agreement import coverage, verdicts

Role = Generator[Request, Any, None]
NAMES = ("e1", "e2", "e3")
BOTH = pytest.mark.parametrize("explore", [quotient.explore, kernel.explore])


class SortedCrowd(Component):
    """Who is there, in the order of the names."""

    initial: tuple[str, ...] = ()

    @operation
    def enter(self, value: tuple[str, ...], who: str) -> Steps:
        return (Step(None, tuple(sorted((*value, who)))),)


class Biased(Cell):
    """A cell to which some add more than they ask for."""

    @operation
    def add(self, value: int, by: int) -> Steps:
        return (Step(None, (value + by + (self.name == "cell/e2")) % 3),)


class Fragile(Cell):
    """A cell to which may be added more than was asked for, by one fault for the second and by another elsewhere."""

    @operation
    def add(self, value: int, by: int) -> Steps:
        fault = "right" if self.name == "cell/e2" else "left"
        return (Step(None, (value + by) % 3), Step(None, (value + by + 1) % 3, fault=fault))


class Text(Component):
    """Words, in which a name can stand within another."""

    initial = ""

    @operation
    def put(self, value: str, who: str) -> Steps:
        return (Step(None, {"x": "x y y", "x y": "x y"}[who]),)

    @operation
    def toss(self, value: str) -> Steps:
        return (Step(None, "x"), Step(None, "x y"))


def add_one(cell: Cell) -> Role:
    yield cell.add(1)


def cells(kind: type[Cell] = Cell) -> dict[str, Component]:
    return {f"cell/{name}": kind(f"cell/{name}") for name in NAMES}


def part(name: str, violated: Callable[[int], bool] = lambda value: value == 1) -> Part:
    def violation(view: View) -> str | None:
        return f"{name} is bad" if violated(view[f"cell/{name}"]) else None

    return Part((f"cell/{name}",), violation)


def safety(*parts: Part, kind: Kind = Kind.ALWAYS) -> Property:
    return Property.of_parts("fine", "", kind, parts)


def adders(components: dict[str, Component], **traits: Any) -> list[Process]:
    return [Process(f"adds/{name}", add_one, (components[f"cell/{name}"],), **traits) for name in NAMES]


def model(processes: list[Process], components: dict[str, Component], *properties: Property, **budgets: int) -> Model:
    return Model(components, tuple(processes), properties, budgets, interchangeable=NAMES)


def symmetric() -> Model:
    own = cells()
    return model(adders(own), own, safety(*(part(name, lambda value: value == 2) for name in NAMES)))


def a_role_knows_its_name() -> Model:
    def add_by_name(cell: Cell, name: str) -> Role:
        yield cell.add(1)
        yield cell.add(2 if name == "e3" else 1)

    own = cells()
    processes = [Process(f"adds/{name}", add_by_name, (own[f"cell/{name}"], name)) for name in NAMES]
    return model(processes, own, safety(*(part(name, lambda value: value == 2) for name in NAMES)))


def a_component_orders_by_name() -> Model:
    def enter(crowd: SortedCrowd, name: str) -> Role:
        yield crowd.enter(name)

    crowd = SortedCrowd("crowd")
    processes = [Process(f"enters/{name}", enter, (crowd, name)) for name in NAMES]

    def violation(view: View) -> str | None:
        return "two" if len(view["crowd"]) == 2 else None

    return model(processes, {"crowd": crowd}, Property("fine", "", Kind.ALWAYS, ("crowd",), violation))


def a_component_does_something_else_for_one() -> Model:
    def go_through_all(cell: Cell) -> Role:
        for value in (1, 2, 0):
            yield cell.set(value)
        yield cell.add(1)

    own = cells(Biased)
    processes = [replace(each, role=go_through_all) for each in adders(own)]

    def same(one: str, other: str) -> Part:
        names = (f"cell/{one}", f"cell/{other}")
        return Part(names, lambda view: "far" if [view[each] for each in names] == [2, 2] else None)

    return model(processes, own, safety(same("e1", "e2"), same("e2", "e3"), same("e1", "e3")))


def another_fault_befalls_one() -> Model:
    own = cells(Fragile)
    parts = (part(name, lambda value: value == 2) for name in NAMES)
    return model(adders(own), own, safety(*parts), left=1, right=1)


def a_component_has_a_value_for_one_only() -> Model:
    own = cells(Biased)
    return model(adders(own), own, safety(*(part(name, lambda value: value == 2) for name in NAMES)))


def somebody_prefers_the_first() -> Model:
    def look(holder: Holder, name: str) -> Role:
        yield holder.try_to_take(name)

    def empty(holder: Holder) -> Role:
        yield any_of(holder.release("e1"), holder.release("e2"))

    holder = Holder("holder")
    processes = [Process(f"looks/{name}", look, (holder, name)) for name in NAMES]
    processes.append(Process("empties", empty, (holder,)))
    return model(processes, {"holder": holder})


def one_begins_otherwise() -> Model:
    own = cells()
    own["cell/e2"].initial = 2
    return model(adders(own), own, safety(*(part(name, lambda value: value == 0) for name in NAMES)))


def a_property_looks_at_one_only() -> Model:
    own = cells()
    return model(adders(own), own, safety(part("e3")))


def a_property_judges_one_otherwise() -> Model:
    own = cells()
    strict = part("e3", lambda value: value == 1)
    lax = [part(name, lambda value: value == 2) for name in NAMES[:2]]
    return model(adders(own), own, safety(*lax, strict))


def a_step_is_judged_otherwise() -> Model:
    def of(name: str) -> Part:
        def violation(before: View, after: View) -> str | None:
            return "bad" if name == "e2" and after[f"cell/{name}"] > before[f"cell/{name}"] else None

        return Part((f"cell/{name}",), violation)

    own = cells()
    return model(adders(own), own, safety(*map(of, NAMES), kind=Kind.STEP))


def there_is_no_third_process() -> Model:
    own = cells()
    return model(adders(own)[:2], own, safety(*map(part, NAMES)))


def there_is_no_third_component() -> Model:
    own = cells()
    processes = [replace(each, arguments=(own["cell/e1"],)) for each in adders(own)]
    del own["cell/e3"]
    return model(processes, own, safety(part("e1"), part("e2")))


def one_owes_nothing() -> Model:
    own = cells()
    first, *others = adders(own)
    settled = safety(*(part(name, lambda value: value == 0) for name in NAMES), kind=Kind.SETTLED)
    return model([replace(first, owed=False), *others], own, settled)


def one_crashes_otherwise() -> Model:
    own = cells()
    crashes = (Crash("crash"),)
    *others, last = adders(own, crashes=crashes)
    return model([*others, replace(last, crashes=(Crash("crash", restarts=False),))], own, crash=1)


def liveness_is_asked_for() -> Model:
    own = cells()
    lost = Property("lives", "", Kind.EVENTUALLY, ("cell/e1",), lambda view: "no" if view["cell/e1"] == 0 else None)
    return model(adders(own), own, safety(*map(part, NAMES)), lost)


ASYMMETRIC = [
    (
        a_role_knows_its_name,
        "with e2 and e3 exchanged 'adds/e2' would ask for cell/e2.add(2), but asks for cell/e2.add(1)",
    ),
    (a_component_orders_by_name, "'(e2, e3)' in 'crowd' is never met with e2 and e3 exchanged"),
    (a_component_has_a_value_for_one_only, "'1' in 'cell/e1' is never met with e1 and e2 exchanged"),
    (a_component_does_something_else_for_one, "with e2 and e3 exchanged cell/e3.add(1) by 'adds/e3' leads elsewhere"),
    (another_fault_befalls_one, "with e1 and e2 exchanged cell/e1.add(1) by 'adds/e1' leads elsewhere"),
    (somebody_prefers_the_first, "with e2 and e3 exchanged 'empties' would ask for holder.release(e1) or holder"),
    (one_begins_otherwise, "with e1 and e2 exchanged the initial state is another"),
    (a_property_looks_at_one_only, "the property 'fine' does not say of e3 what it says of e2"),
    (a_property_judges_one_otherwise, "the property 'fine' is not the same with e2 and e3 exchanged"),
    (a_step_is_judged_otherwise, "the property 'fine' is not the same with e1 and e2 exchanged"),
    (there_is_no_third_process, "there is a process 'adds/e2', and no process 'adds/e3'"),
    (there_is_no_third_component, "there is a component 'cell/e2', and no component 'cell/e3'"),
    (one_owes_nothing, "the processes 'adds/e1' and 'adds/e2' repeat, owe or crash differently"),
    (one_crashes_otherwise, "the processes 'adds/e2' and 'adds/e3' repeat, owe or crash differently"),
    (liveness_is_asked_for, "it is not sound for liveness (lives)"),
]


def facts(found: Exploration) -> tuple[Any, ...]:
    return verdicts(found), found.states, found.transitions, found.depth, coverage(found)


@BOTH
@pytest.mark.parametrize(("make", "reason"), ASYMMETRIC, ids=[make.__name__ for make, _ in ASYMMETRIC])
def test_everything_is_explored_where_names_are_not_interchangeable_and_it_is_said_why(
    explore: Callable[[Model], Exploration], make: Callable[[], Model], reason: str
) -> None:
    found = explore(make())
    assert "symmetry" not in found.reductions
    assert f"That e1, e2 and e3 are interchangeable was not made use of: {reason}" in "".join(found.remarks)
    assert facts(found) == facts(python.explore(make()))


@BOTH
def test_symmetry_is_named_where_it_merged_something(explore: Callable[[Model], Exploration]) -> None:
    found = explore(symmetric())
    assert found.reductions == ("merging", "symmetry")
    [remark] = found.remarks
    assert remark.startswith("States that differ only by an exchange of e1, e2 and e3 were taken for one")
    assert found.states < python.explore(symmetric()).states


@BOTH
def test_steps_without_an_end_settle_up_to_symmetry_as_they_do_without(explore: Callable[[Model], Exploration]) -> None:
    def blink(cell: Cell) -> Role:
        yield cell.add(1)

    def crowded(view: View) -> str | None:
        return "never" if len(view) == 3 else None

    own = cells()
    processes = [Process(f"blinks/{name}", blink, (own[f"cell/{name}"],), repeats=True) for name in NAMES]
    lost = Property("lost", "", Kind.SETTLED, tuple(own), crowded)
    found = explore(model(processes, own, lost, Property("none", "", Kind.ALWAYS, tuple(own), lambda view: None)))
    assert found.states == 10  # the multisets of three values, of 27 states
    assert verdicts(found) == {"lost": 0}
    assert "symmetry" in found.reductions


@BOTH
def test_it_is_not_where_there_is_nothing_to_merge(explore: Callable[[Model], Exploration]) -> None:
    holder = Holder("holder")

    def idle(holder: Holder) -> Role:
        yield holder.release("nobody")

    found = explore(model([Process("idles", idle, (holder,))], {"holder": holder}))
    assert found.reductions == ("merging",)
    assert found.remarks == ()


@BOTH
def test_a_name_alone_is_interchangeable_with_nothing(explore: Callable[[Model], Exploration]) -> None:
    found = explore(replace(symmetric(), interchangeable=("e1",)))
    assert facts(found) == facts(python.explore(symmetric()))
    assert found.remarks == ()


@BOTH
def test_a_name_within_another_must_not_be_taken_for_it(explore: Callable[[Model], Exploration]) -> None:
    def put(text: Text, name: str) -> Role:
        yield text.put(name)

    def toss(text: Text) -> Role:
        yield text.toss()

    text = Text("text")
    names = ("x", "x y")
    processes = [*(Process(f"puts/{name}", put, (text, name)) for name in names), Process("tosses", toss, (text,))]
    ambiguous = Model({"text": text}, tuple(processes), interchangeable=names)
    found = explore(ambiguous)
    assert facts(found) == facts(python.explore(ambiguous))
    [remark] = found.remarks
    assert remark.endswith("with x and x y exchanged 'x y y' in 'text' is confused with another")


@BOTH
def test_what_breaks_for_one_name_breaks_as_it_does_without_symmetry(explore: Callable[[Model], Exploration]) -> None:
    def serve(holder: Holder) -> Role:
        who = yield holder.try_to_take("e3")
        yield {"e1": holder, None: holder}[who].release("e1")

    def take(holder: Holder, name: str) -> Role:
        yield holder.take(name)

    holder = Holder("holder")
    processes = [Process(f"takes/{name}", take, (holder, name)) for name in NAMES]
    broken = model([*processes, Process("serves", serve, (holder,))], {"holder": holder})
    with pytest.raises(ModelError, match=r"The process 'serves' failed after 1 outcome in serve .*: KeyError"):
        explore(replace(broken, interchangeable=("e1", "e2")))


def test_a_name_is_declared_once() -> None:
    with pytest.raises(ModelError, match="Two interchangeable names are named 'e1'"):
        replace(symmetric(), interchangeable=("e1", "e2", "e1"))


def test_the_search_that_fits_takes_symmetry_where_it_is_not_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto, "STATES_BEFORE_KERNEL", 2)
    for symmetry, used in ((None, True), (True, True), (False, False)):
        found = auto.explore(symmetric(), SearchOptions(composition=False, symmetry=symmetry))
        assert ("symmetry" in found.reductions) == used
        assert verdicts(found) == verdicts(python.explore(symmetric()))
