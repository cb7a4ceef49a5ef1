"""What roles, operations and properties must not do is found out, and said in one sentence."""

from __future__ import annotations

import gc
import itertools
import logging
import os
import queue
import random
import re
import subprocess
import sys
import threading
import time
from array import array
from collections import ChainMap, OrderedDict, UserDict, deque
from collections.abc import Callable, Generator
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache, partial
from types import SimpleNamespace
from typing import Annotated, Any, NamedTuple

import pytest

from deadheat.sim.components import Component, Step, Steps, operation
from deadheat.sim.errors import DeadheatError, InternalError, ModelError, OperationError, PurityError
from deadheat.sim.explain.confirm import confirm
from deadheat.sim.explore import python, reference
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.model import Crash, Kind, Model, Part, Process, Property, View
from deadheat.sim.operations import Label, any_of, atomically
from deadheat.sim.rules.shared_state import SharedState
from deadheat.sim.trace import Choice, Schedule
from tests.sim.classics import Variable

HERE = r"\(tests/sim/test_purity\.py:\d+\)"
"""How a place in this file reads."""

Role = Generator[Any, Any, Any]
EXPLORERS: tuple[Any, ...] = (python.explore, reference.explore)

cell = Variable("cell", 0)


def model_of(role: Any, *arguments: Any, properties: tuple[Property, ...] = (), repeats: bool = False) -> Model:
    return Model({"cell": cell}, (Process("p", role, arguments, repeats=repeats),), properties)


def never_seven(view: View) -> str | None:
    return "seven" if view["cell"] == 7 else None


NEVER_SEVEN = Property("never-seven", "", Kind.ALWAYS, ("cell",), never_seven)


def counter() -> Callable[[], int]:
    numbers = itertools.count(1)
    held = [0]

    def count() -> int:
        held[0] = next(numbers)
        return held[0]

    return count


def plain_counter() -> Callable[[], int]:
    count = 0

    def bump() -> int:
        nonlocal count
        count += 1
        return count

    return bump


@pytest.mark.parametrize("factory", [counter, plain_counter])
@pytest.mark.parametrize("explore", EXPLORERS)
def test_a_role_that_counts_in_a_closure_of_its_own_is_not_merged_away(explore: Any, factory: Any) -> None:
    def role() -> Role:
        bump = factory()
        while True:
            yield cell.get()
            if bump() == 3:
                yield cell.set(7)
                return

    found = explore(model_of(role, properties=(NEVER_SEVEN,)), SearchOptions(100))
    assert len(found.counterexamples["never-seven"].choices) == 4


def test_a_lasso_through_functions_made_anew_each_round_is_confirmed() -> None:
    stays = Property("stays", "", Kind.EVENTUALLY, ("cell",), lambda view: "zero" if view["cell"] == 0 else None)

    def role() -> Role:
        while True:
            highest = max(each for each in (0, 1))

            def pick(highest: int = highest) -> int:
                return highest - 1

            yield cell.set(pick())

    model = model_of(role, properties=(stays,))
    schedule = python.explore(model).counterexamples["stays"]
    assert confirm(model, "stays", schedule)[1] == "zero"


# What runs share


RUNS: list[int] = []
TOTAL = 0


class Tally:
    count = 0


@dataclass(frozen=True)
class Notes:
    """Frozen, but it holds what is not."""

    kept: list[int] = field(default_factory=list)


def keeping_in_a_global_list() -> Role:
    RUNS.append(1)
    yield cell.get()


def keeping_in_a_global() -> Role:
    global TOTAL
    TOTAL += 1
    yield cell.get()


def keeping_in_a_class() -> Role:
    Tally.count += 1
    yield cell.get()


def keeping_in_an_attribute() -> Role:
    keeping_in_an_attribute.count = getattr(keeping_in_an_attribute, "count", 0) + 1  # type: ignore[attr-defined]
    yield cell.get()


def keeping_in_a_default(kept: list[int] = []) -> Role:  # noqa: B006 - the very point
    kept.append(1)
    yield cell.get()


def keeping_through_a_helper() -> Role:
    note_it()
    yield cell.get()


def note_it() -> None:
    RUNS.append(1)


def keeping_in_an_argument(notes: Notes) -> Role:
    notes.kept.append(1)
    yield cell.get()


def keeping_in_its_closure() -> Any:
    count = plain_counter()

    def role() -> Role:
        count()
        yield cell.get()

    return role


@pytest.mark.parametrize("explore", EXPLORERS)
@pytest.mark.parametrize(
    ("role", "arguments", "named"),
    [
        (keeping_in_a_global_list, (), r"the global 'RUNS' of the module 'tests\.sim\.test_purity'"),
        (keeping_in_a_global, (), "the global 'TOTAL'"),
        (keeping_in_a_class, (), "the class 'Tally'"),
        (keeping_in_an_attribute, (), "the function 'keeping_in_an_attribute'"),
        (keeping_in_a_default, (), "item 0 of the defaults of the function 'keeping_in_a_default'"),
        (keeping_through_a_helper, (), "the global 'RUNS'"),
        (keeping_in_an_argument, (Notes(),), "'kept' of argument 1 of the process 'p'"),
        (keeping_in_its_closure(), (), "'count' in the closure of"),
    ],
    ids=lambda each: getattr(each, "__name__", None),
)
def test_a_role_that_changes_what_its_runs_share_is_refused(
    explore: Any, role: Any, arguments: Any, named: str
) -> None:
    with pytest.raises(PurityError, match=f"share has changed: {named}"):
        explore(model_of(role, *arguments))


def test_a_role_that_puts_back_what_it_has_changed_is_refused_all_the_same() -> None:
    """Alone, a run of it is pure; but others run in between, and where it stands does not show what it has counted."""
    count, held = 1, [1]

    def by_closure() -> Role:
        nonlocal count
        count = 0
        while True:
            yield cell.get()
            count += 1
            if count == 3:
                yield cell.set(7)

    def by_list() -> Role:
        held.clear()
        while True:
            yield cell.get()
            held.append(1)
            if len(held) == 3:
                yield cell.set(7)

    for role in (by_closure, by_list):
        with pytest.raises(PurityError, match="share has changed"):
            python.explore(model_of(role, properties=(NEVER_SEVEN,)))


@pytest.mark.parametrize("shared", [itertools.count(), itertools.cycle((1, 2)), iter([1, 2]), (each for each in "ab")])
def test_an_iterator_that_runs_share_is_refused(shared: Any) -> None:
    def role() -> Role:
        next(shared)
        yield cell.get()

    for explore in EXPLORERS:
        with pytest.raises(
            PurityError, match="share an iterator, which the first of them uses up: 'shared' in the clos"
        ):
            explore(model_of(role))


def test_an_operation_that_keeps_something_in_its_component_is_refused() -> None:
    class Counting(Component):
        calls = 0

        @operation
        def look(self, value: None) -> Steps:
            self.calls += 1
            return (Step(None, value),)

    def role(counting: Counting) -> Role:
        yield counting.look()

    counting = Counting("counting")
    model = Model({"counting": counting}, (Process("p", role, (counting,)),))
    for explore in EXPLORERS:
        with pytest.raises(PurityError, match="share has changed"):
            explore(model)


def test_an_operation_that_answers_otherwise_when_asked_again_is_refused() -> None:
    numbers = random.Random(1)

    class Dice(Component):
        @operation
        def roll(self, value: None) -> Steps:
            return (Step(numbers.random(), value),)

    def role(dice: Dice) -> Role:
        yield dice.roll()

    dice = Dice("dice")
    with pytest.raises(PurityError, match=rf"dice\.roll\(\) in roll {HERE} is not pure: asked twice"):
        python.explore(Model({"dice": dice}, (Process("p", role, (dice,)),)))


@pytest.mark.parametrize("kind", [list, dict, set, bytearray])
def test_an_argument_that_can_change_is_refused(kind: Any) -> None:
    for arguments in ((kind(),), ((1, kind()),)):
        with pytest.raises(ModelError, match=f"argument of the process 'p' is a {kind.__name__}, which can change"):
            model_of(keeping_in_an_argument, *arguments)


# Values that can change


class Box(Component):
    """It can be made to hold and to answer anything."""

    def __init__(self, initial: Any = None, held: Any = None, told: Any = None) -> None:
        super().__init__("box")
        self.initial, self.held, self.told = initial, held, told

    @operation
    def open(self, value: Any, key: Any = None) -> Steps:
        return (Step(self.told, self.held),)


def opening(box: Box) -> Role:
    yield box.open()


MUTABLE = [[], {}, {1}, bytearray(), (1, [2]), Notes(), frozenset({1}) and (frozenset(), [])]


@pytest.mark.parametrize("explore", EXPLORERS)
@pytest.mark.parametrize("value", MUTABLE, ids=repr)
def test_a_value_that_can_change_is_refused_wherever_it_enters(explore: Any, value: Any) -> None:
    def explored(box: Box) -> None:
        explore(Model({"box": box}, (Process("p", opening, (box,)),)))

    with pytest.raises(
        ModelError, match=r"initial value of the component 'box' \(.*py:\d+\) must be immutable: a .* can change"
    ):
        explored(Box(initial=value))
    with pytest.raises(
        ModelError, match=r"value of the component 'box' after box\.open\(None\) in open .* must be immutable"
    ):
        explored(Box(held=value))
    with pytest.raises(ModelError, match=r"outcome of box\.open\(None\) in open .* must be immutable: a .* can change"):
        explored(Box(told=value))
    with pytest.raises(ModelError, match=r"arguments of Box\.open must be immutable: a .* can change"):
        Box().open(value)


def test_a_value_that_is_changed_in_place_all_the_same_is_noticed() -> None:
    @dataclass(frozen=True)
    class Count:
        number: int = 0

    class Counting(Component):
        initial = Count()

        @operation
        def count(self, value: Count) -> Steps:
            object.__setattr__(value, "number", 1)
            return (Step(None, value),)

    def role(counting: Counting) -> Role:
        yield counting.count()

    counting = Counting("counting")
    with pytest.raises(ModelError, match="changed"):
        python.explore(Model({"counting": counting}, (Process("p", role, (counting,)),)))


# The order of sets


class Bag(Component):
    """It holds a few names, in no order."""

    initial = frozenset({"a", "b", "c", "d"})

    @operation
    def names(self, value: frozenset[str]) -> Steps:
        return (Step(value, value),)

    @operation
    def take(self, value: frozenset[str], name: str) -> Steps:
        return (Step(None, value - {name}),)


def in_a_loop(bag: Bag) -> Role:
    for name in (yield bag.names()):
        yield bag.take(name)


def in_a_loop_over_its_own(bag: Bag) -> Role:
    for name in {"a", "b"}:
        yield bag.take(name)


def in_a_loop_over_numbered(bag: Bag) -> Role:
    for _, name in enumerate({"a", "b"}):
        yield bag.take(name)


def the_first(bag: Bag) -> Role:
    yield bag.take(next(iter((yield bag.names()))))


def as_a_list(bag: Bag) -> Role:
    names = list((yield bag.names()))
    for name in names:
        yield bag.take(name)


def sorted_first(bag: Bag) -> Role:
    for name in sorted((yield bag.names())):
        yield bag.take(name)


def looked_for(bag: Bag) -> Role:
    names = yield bag.names()
    if "b" in names and len(names | {"e"}) == 5 and any(each == "c" for each in names):
        yield bag.take("b")


@pytest.mark.parametrize("role", [in_a_loop, in_a_loop_over_its_own, in_a_loop_over_numbered, the_first, as_a_list])
def test_a_role_that_depends_on_the_order_of_a_set_is_refused(role: Any) -> None:
    bag = Bag("bag")
    with pytest.raises(PurityError, match="set"):
        python.explore(Model({"bag": bag}, (Process("p", role, (bag,)),)))


class Pool(Component):
    """It hands out one of its members, whichever comes first."""

    initial = frozenset({"a", "b"})

    @operation
    def take(self, value: frozenset[str]) -> Steps:
        taken = next(iter(value))
        return (Step(taken, value - {taken}),)

    @operation
    def first_of(self, value: frozenset[str], names: frozenset[str]) -> Steps:
        return (Step(next(iter(names)), value),)


def test_an_operation_or_a_property_that_depends_on_the_order_of_a_set_is_refused() -> None:
    pool = Pool("pool")

    def taking(pool: Pool) -> Role:
        yield pool.take()

    def choosing(pool: Pool) -> Role:
        yield pool.first_of(frozenset({"a", "b"}))

    def given(pool: Pool, names: frozenset[str]) -> Role:
        yield cell.set(7 if next(iter(names)) == "a" else 1)

    first = Property("first", "", Kind.ALWAYS, ("pool",), lambda view: "a" if next(iter(view["pool"])) == "a" else None)
    for role, arguments, properties in (
        (taking, (pool,), ()),
        (choosing, (pool,), ()),
        (given, (pool, frozenset({"a", "b"})), ()),
        (looked_for_nothing, (), (first,)),
    ):
        model = Model({"pool": pool, "cell": cell}, (Process("p", role, arguments),), properties)
        with pytest.raises(PurityError, match="order of a set"):
            python.explore(model)


@pytest.mark.parametrize("role", [sorted_first, looked_for])
def test_a_role_that_does_not_is_explored(role: Any) -> None:
    bag = Bag("bag")
    assert python.explore(Model({"bag": bag}, (Process("p", role, (bag,)),))).complete


# The world outside


def with_a_deadline() -> Role:
    started = time.monotonic()
    yield cell.get()
    if time.monotonic() - started > 5:
        yield cell.set(7)


def with_an_import_of_its_own() -> Role:
    from time import perf_counter

    yield cell.set(int(perf_counter() < 0))


def of_today() -> Role:
    yield cell.set(datetime.now().year)


def by_chance() -> Role:
    yield cell.set(random.randint(1, 1))


def by_the_environment() -> Role:
    if "NOBODY_HAS_THIS" in os.environ:
        yield cell.set(7)
    yield cell.get()


@pytest.mark.parametrize(
    ("role", "what"),
    [
        (with_a_deadline, r"a clock \(time.monotonic\)"),
        (with_an_import_of_its_own, r"a clock \(time.perf_counter\)"),
        (of_today, r"a clock \(datetime.now\)"),
        (by_chance, r"a random number \(random.randint\)"),
        (by_the_environment, r"the environment \(os.environ\)"),
    ],
)
def test_a_role_that_asks_the_world_is_refused_although_it_is_answered_alike(role: Any, what: str) -> None:
    with pytest.raises(PurityError, match=rf"'{role.__name__}' reads {what} in {role.__name__} {HERE}"):
        python.explore(model_of(role))


def test_waiting_is_no_question() -> None:
    def role() -> Role:
        time.sleep(0)
        yield cell.get()

    assert python.explore(model_of(role)).complete


# Never a defect of deadheat


def test_a_disagreement_that_a_role_is_to_blame_for_is_no_defect_of_ours() -> None:
    started = time.time()

    def waiting() -> Role:
        yield cell.get()
        if time.time() < started:  # never, but who knows that
            yield cell.set(7)

    with pytest.raises(PurityError, match=rf"waiting' reads a clock \(time\.time\) in waiting {HERE}"):
        confirm(model_of(waiting, properties=(NEVER_SEVEN,)), "never-seven", Schedule((Choice("p"), Choice("p"))))


def test_a_disagreement_that_comes_and_goes_is_no_defect_of_ours() -> None:
    numbers = random.Random(1)

    def wavering() -> Role:
        if numbers.random() < 0.5:
            yield cell.get()
        yield cell.get()

    with pytest.raises(PurityError, match="not pure"):
        confirm(model_of(wavering, properties=(NEVER_SEVEN,)), "never-seven", Schedule((Choice("p"), Choice("p"))))


def test_a_disagreement_without_such_a_reason_is_one() -> None:
    with pytest.raises(InternalError):
        confirm(model_of(looked_for_nothing, properties=(NEVER_SEVEN,)), "never-seven", Schedule((Choice("p"),)))


def looked_for_nothing() -> Role:
    yield cell.get()


# Requests that were forgotten


T1 = Label("T1", "")


def dropped() -> Role:
    cell.set(7)
    yield cell.get()


def dropped_with_a_label() -> Role:
    T1(cell.set(7))
    yield cell.get()


def compared() -> Role:
    asked: Any = cell.get()
    if asked == 7:
        yield cell.set(1)
    yield cell.get()


def kept_in_a_variable() -> Role:
    value: Any = cell.get()
    yield cell.set(1 if value == 7 else 2)


def dropped_at_the_end() -> Role:
    yield cell.get()
    cell.set(7)


def dropped_together() -> Role:
    atomically(cell.get(), cell.set(7))
    yield cell.get()


def dropped_choice() -> Role:
    any_of(cell.get(), cell.set(7))
    yield cell.get()


@pytest.mark.parametrize(
    "role",
    [
        dropped,
        dropped_with_a_label,
        compared,
        kept_in_a_variable,
        dropped_at_the_end,
        dropped_together,
        dropped_choice,
    ],
)
def test_a_forgotten_yield_is_noticed(role: Any) -> None:
    pattern = (
        rf"process 'p' made the request cell.* in {role.__name__} {HERE} and never yielded it; write `yield` before"
    )
    for explore in EXPLORERS:
        with pytest.raises(ModelError, match=pattern):
            explore(model_of(role))


def test_requests_that_are_yielded_later_again_or_as_parts_are_not_forgotten() -> None:
    def role() -> Role:
        first, second = T1(cell.get()), cell.get()
        for _ in range(2):
            yield second
        yield any_of(atomically(first, cell.set(3)), cell.get())

    assert python.explore(model_of(role)).complete


def test_what_a_role_makes_while_it_is_thrown_away_is_not_taken_for_forgotten() -> None:
    """Its `finally` runs when the garbage collector comes, which may be while another role runs."""

    def leaving() -> Role:
        try:
            yield cell.get()
            yield cell.set(3)
        finally:
            yield cell.set(9)

    def collecting() -> Role:
        gc.collect()
        yield cell.get()
        gc.collect()

    processes = (Process("p", leaving, crashes=(Crash("crash"),)), Process("q", collecting))
    model = Model({"cell": cell}, processes, (), {"crash": 1})
    gc.freeze()  # so that only what is made from here on is looked through, each time
    try:
        for explore in EXPLORERS:
            assert explore(model).complete
    finally:
        gc.unfreeze()


def helping(times: int) -> Role:
    for _ in range(times):
        yield cell.set(7)


def undelegated() -> Role:
    helping(2)
    yield cell.get()


def undelegated_in_a_helper() -> Role:
    yield cell.get()
    forgetting()


def forgetting() -> None:
    for _ in range(2):
        helping(1)


def undelegated_out_of_a_closure() -> Any:
    def inner() -> Role:
        yield cell.set(7)

    def role() -> Role:
        yield cell.get()
        inner()

    return role


@pytest.mark.parametrize("role", [undelegated, undelegated_in_a_helper, undelegated_out_of_a_closure()])
def test_a_forgotten_yield_from_is_noticed(role: Any) -> None:
    pattern = rf"call of (helping|inner) in \w+ {HERE} drops what it returns.* write `yield from` before it"
    for explore in EXPLORERS:
        with pytest.raises(ModelError, match=pattern):
            explore(model_of(role))


def assigned() -> Role:
    again = helping(1)  # noqa: F841
    yield cell.get()


def assigned_and_asked() -> Role:
    again = helping(1)
    if again:
        yield cell.get()


def in_a_condition() -> Role:
    if helping(1):
        yield cell.get()


def negated() -> Role:
    while not helping(1):
        pass
    yield cell.get()


def made_equal() -> Role:
    answer: Any = helping(1) == yet_another
    yield cell.set(int(answer))


yet_another: Any = 3


def behind_and() -> Role:
    answer = yield cell.get()
    answer and helping(1)


def before_and() -> Role:
    answer = yield cell.get()
    yield cell.set(helping(1) and answer)


@pytest.mark.parametrize(
    "role", [assigned, assigned_and_asked, in_a_condition, negated, made_equal, behind_and, before_and]
)
def test_a_forgotten_yield_from_is_found_out_wherever_its_value_is_of_no_use(role: Any) -> None:
    with pytest.raises(ModelError, match=rf"call of helping in {role.__name__} {HERE} drops what it returns"):
        python.explore(model_of(role))


def test_generators_that_are_delegated_to_later_are_not_forgotten() -> None:
    def chosen(work: Any = None) -> Role:
        work = work or helping(2)
        yield cell.get()
        yield from work

    assert python.explore(model_of(chosen)).complete

    def role() -> Role:
        work = helping(2)
        yield cell.get()
        yield from work
        yield from helping(1)

    assert python.explore(model_of(role)).complete


def test_a_step_has_one_label() -> None:
    with pytest.raises(ModelError, match=r"The label T2 was put on .*get\(\), which has the label T1; give it one"):
        Label("T2", "the second")(Label("T1", "the first")(cell.get()))


# Endings that would look like verdicts


def leaving() -> Role:
    yield cell.get()
    sys.exit(0)


def leaving_at_once() -> Any:
    sys.exit(0)


def going_too_deep() -> Role:
    yield cell.get()

    def deeper() -> None:
        deeper()

    deeper()


def no_generator() -> Any:
    return 5


@pytest.mark.parametrize("explore", EXPLORERS)
@pytest.mark.parametrize(
    ("role", "sentence"),
    [
        (leaving, rf"process 'p' failed after 1 outcome in leaving {HERE}: SystemExit\(0\)"),
        (
            leaving_at_once,
            rf"role of the process 'p' cannot begin in leaving_at_once {HERE}: SystemExit\(0\)",
        ),
        (
            going_too_deep,
            rf"process 'p' failed after 1 outcome in deeper {HERE}: RecursionError",
        ),
        (
            no_generator,
            rf"role no_generator {HERE} returned an int when it began; let it be a generator function",
        ),
        (
            opening,
            rf"role opening {HERE} takes \(box\), and is given \(\); let it take as many",
        ),
    ],
)
def test_a_role_ends_the_run_by_no_other_way_than_a_sentence(explore: Any, role: Any, sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence):
        explore(model_of(role))


@pytest.mark.parametrize("raised", [SystemExit(0), KeyError("x"), RecursionError(), ZeroDivisionError()])
def test_so_does_an_operation_and_a_property(raised: BaseException) -> None:
    class Broken(Component):
        @operation
        def ask(self, value: None) -> Steps:
            raise raised

    def asking(broken: Broken) -> Role:
        yield broken.ask()

    def judging(view: View) -> str | None:
        raise raised

    broken = Broken("broken")
    prop = Property("judged", "", Kind.ALWAYS, ("cell",), judging)
    for explore in EXPLORERS:
        with pytest.raises(OperationError, match=rf"broken\.ask\(\) failed in ask {HERE}: "):
            explore(Model({"broken": broken}, (Process("p", asking, (broken,)),)))
        with pytest.raises(ModelError, match="property 'judged'"):
            explore(model_of(looked_for_nothing, properties=(prop,)))


def test_an_operation_that_returns_no_steps_is_told_what_to_return() -> None:
    class Forgetful(Component):
        @operation
        def nothing(self, value: None) -> Any:
            return None

        @operation
        def pairs(self, value: None) -> Any:
            return ((None, None),)

    forgetful = Forgetful("forgetful")
    for request, sentence in (
        (
            forgetful.nothing,
            rf"forgetful\.nothing\(\) in nothing {HERE} returned None; return a tuple of Steps, or BLOCKED",
        ),
        (
            forgetful.pairs,
            rf"forgetful\.pairs\(\) in pairs {HERE} has a tuple among its steps; let each be a Step",
        ),
    ):

        def role(request: Any) -> Role:
            yield request()

        with pytest.raises(ModelError, match=sentence):
            python.explore(Model({"forgetful": forgetful}, (Process("p", role, (request,)),)))


def test_an_outcome_that_is_not_a_number_is_the_same_each_time() -> None:
    class Odd(Component):
        @operation
        def ask(self, value: None) -> Steps:
            return (Step(float("nan"), value),)

    def role(odd: Odd) -> Role:
        yield odd.ask()

    odd = Odd("odd")
    assert python.explore(Model({"odd": odd}, (Process("p", role, (odd,)),))).complete


def test_an_operation_takes_plain_parameters_of_the_types_that_it_is_written_with() -> None:
    class Plain(Component):
        @operation
        def annotated(self, value: None, number: Annotated[int, "how many"], ratio: complex = 0) -> Steps:
            return (Step(None, value),)

    assert Plain("plain").annotated(3, 1.5).arguments == (3, 1.5)
    with pytest.raises(ModelError, match="'number' must be an int"):
        Plain("plain").annotated("3")  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="has parameters that are not plain"):

        class Odd(Component):
            @operation
            def ask(self, value: None, *, key: int) -> Steps:
                return (Step(key, value),)


@pytest.mark.parametrize("budget", [2.0, None, "1", True, -2])
def test_a_budget_that_is_no_number_is_refused(budget: Any) -> None:
    with pytest.raises(ModelError, match="budget of the fault 'crash' is"):
        Model({"cell": cell}, (), (), {"crash": budget})


@pytest.mark.parametrize("arguments", [cell, None, [cell]])
def test_arguments_that_are_no_tuple_are_refused(arguments: Any) -> None:
    with pytest.raises(ModelError, match=r"arguments of the process 'p' are no tuple .* write \(argument,\)"):
        Model({"cell": cell}, (Process("p", looked_for_nothing, arguments),))


def test_an_argument_by_a_misspelt_name_is_refused() -> None:
    with pytest.raises(
        ModelError,
        match=r"Box\.open was called with the wrong arguments: it takes \(key\), and there is no 'kye'; write key",
    ):
        Box().open(kye=1)  # type: ignore[call-arg]


# Properties


def test_a_property_may_say_yes_or_no_and_must_say_something() -> None:
    def explored(found: Any) -> Any:
        prop = Property("said", "", Kind.ALWAYS, ("cell",), lambda view: found)
        return [explore(model_of(looked_for_nothing, properties=(prop,))).counterexamples for explore in EXPLORERS]

    assert all("said" in each for each in explored(True))
    assert all("said" in each for each in explored("a phrase"))
    assert not any("said" in each for each in (*explored(False), *explored(None)))
    with pytest.raises(
        ModelError,
        match=rf"property 'said' returned an int in <lambda> {HERE}; return what is wrong in a",
    ):
        explored(0)


@pytest.mark.parametrize("explore", EXPLORERS)
def test_a_property_that_reads_what_it_does_not_say_is_refused_by_every_explorer(explore: Any) -> None:
    other = Variable("other", 0)
    lying = Property("lying", "", Kind.ALWAYS, ("cell",), lambda view: "bad" if view["other"] else None)
    parts = Property.of_parts("in-parts", "", Kind.ALWAYS, [Part(("cell",), lying.violation)])
    for prop in (lying, parts):
        model = Model({"cell": cell, "other": other}, (Process("p", looked_for_nothing),), (prop,))
        with pytest.raises(
            ModelError,
            match=rf"'{prop.name}' reads the component 'other' in <lambda> {HERE} and does not say",
        ):
            explore(model)


def test_every_error_here_is_one_that_deadheat_raises_on_purpose() -> None:
    assert issubclass(PurityError, ModelError)
    assert issubclass(OperationError, ModelError)
    assert issubclass(ModelError, DeadheatError)


def test_the_verdict_is_the_same_under_every_hash_seed() -> None:
    code = (
        "from tests.sim import test_purity as t\n"
        "from deadheat.sim.explore import python\n"
        "for role in (t.in_a_loop, t.in_a_loop_over_its_own, t.the_first, t.sorted_first, t.looked_for):\n"
        "    bag = t.Bag('bag')\n"
        "    try:\n"
        "        print(python.explore(t.Model({'bag': bag}, (t.Process('p', role, (bag,)),))).states)\n"
        "    except t.PurityError:\n"
        "        print('refused')\n"
    )
    outputs = set()
    for seed in ("0", "1", "2", "3"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        outputs.add(done.stdout)
    assert outputs == {"refused\nrefused\nrefused\n6\n3\n"}


# Mutants of the checks: each check is what finds its kind out


def test_comparing_functions_by_identity_would_merge_away_what_they_count(monkeypatch: pytest.MonkeyPatch) -> None:
    def role() -> Role:
        bump = plain_counter()
        while True:
            yield cell.get()
            if bump() == 3:
                yield cell.set(7)

    monkeypatch.setattr(
        "deadheat.sim.freeze._GeneratorFreezer._freeze_function", lambda freezer, function: id(function)
    )
    found = python.explore(model_of(role, properties=(NEVER_SEVEN,)))
    assert (found.states, found.counterexamples) == (2, {})


def test_keeping_what_can_change_would_tell_each_run_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    class Lists(Component):
        @operation
        def fetch(self, value: None) -> Steps:
            return (Step([0], value),)

    def role(lists: Lists) -> Role:
        held = yield lists.fetch()
        held.append(1)
        yield cell.set(7 if len(held) == 2 else 1)

    lists = Lists("lists")
    model = Model({"lists": lists, "cell": cell}, (Process("p", role, (lists,)),), (NEVER_SEVEN,))
    with pytest.raises(ModelError, match="outcome"):
        python.explore(model)
    monkeypatch.setattr("deadheat.sim.learn.locals.freeze", repr)
    monkeypatch.setattr("deadheat.sim.run.stepping.freeze", repr)
    with pytest.raises(PurityError):  # at best: the second run is told the list that the first has changed
        python.explore(model)


@pytest.mark.parametrize(
    ("check", "mutant", "role"),
    [
        ("deadheat.sim.rules.shared_state.SharedState.require_unchanged", lambda state: None, keeping_in_a_global_list),
        ("deadheat.sim.rules.shared_state._Glance.sees_the_same", lambda glance: True, keeping_in_a_global),
        ("deadheat.sim.learn.locals.LocalStates.verify_purity", lambda states: None, as_a_list),
        ("deadheat.sim.run.environment.iterates_over_a_set", lambda generator: False, in_a_loop_over_its_own),
        ("deadheat.sim.forgotten.Unyielded.left", lambda unyielded: None, dropped_at_the_end),
        ("deadheat.sim.forgotten.Unyielded.dropped", lambda unyielded: None, compared),
    ],
)
def test_without_its_check_a_breach_is_not_found_out(
    monkeypatch: pytest.MonkeyPatch, check: str, mutant: Any, role: Any
) -> None:
    bag = Bag("bag")
    arguments = (bag,) if role.__code__.co_argcount else ()
    model = Model({"bag": bag, "cell": cell}, (Process("p", role, arguments),))
    with pytest.raises(ModelError):
        python.explore(model)
    monkeypatch.setattr(check, mutant)
    monkeypatch.setattr("deadheat.sim.forgotten.Unyielded.left", lambda unyielded: None)
    assert python.explore(model).complete


# What runs share, of classes that are not the user's


class Shared(NamedTuple):
    """Something to share, how a role changes it, and how one looks at it."""

    held: Any
    change: Callable[[Any], Any]


class Words(dict[str, int]):
    """A dictionary with something beside its items."""

    more = 0


class Private:
    __slots__ = ("__hidden",)

    def __init__(self) -> None:
        self.__hidden = 0

    def change(self) -> None:
        self.__hidden += 1


class Counted(type):
    """A metaclass, whose classes count."""

    count = 0


class OfCounted(metaclass=Counted):
    pass


@lru_cache
def remembered() -> int:
    RUNS.append(1)
    return 1


def set_attribute(name: str) -> Callable[[Any], None]:
    return lambda held: setattr(held, name, object())


@pytest.mark.parametrize(
    "shared",
    [
        Shared(SimpleNamespace(on=False), set_attribute("on")),
        Shared(threading.Event(), lambda held: held.set()),
        Shared(queue.Queue(), lambda held: held.put(1)),
        Shared(array("i", [1]), lambda held: held.append(2)),
        Shared(memoryview(bytearray(2)), lambda held: held.__setitem__(0, 7)),
        Shared(ContextVar("shared", default=0), lambda held: held.set(7)),
        Shared(UserDict({"a": 1}), lambda held: held.update(a=2)),
        Shared(ChainMap({}), lambda held: held.update(a=2)),
        Shared(OrderedDict(), lambda held: held.update(a=2)),
        Shared(deque(), lambda held: held.append(2)),
        Shared(Words(), set_attribute("more")),
        Shared(ValueError(), set_attribute("more")),
        Shared(Private(), lambda held: held.change()),
        Shared(Notes(), lambda held: held.kept.append(1)),
        Shared(OfCounted, lambda held: setattr(type(held), "count", object())),
        Shared(Tally, lambda held: setattr(held, "__odd__", object())),
        Shared(partial(print, [1]), lambda held: held.args[0].append(2)),
        Shared(remembered, lambda held: held()),
    ],
    ids=lambda shared: type(shared.held).__name__,
)
def test_whatever_runs_share_is_looked_into(shared: Shared) -> None:
    held, change = shared
    remembered.cache_clear()

    def role() -> Role:
        yield cell.get()
        change(held)
        yield cell.set(1)

    with pytest.raises(PurityError, match="share has changed"):
        python.explore(model_of(role))


def test_what_keeps_books_on_its_own_may_be_used() -> None:
    def role() -> Role:
        logging.getLogger("a.b").debug("asking")
        if re.match("a+", "aa") and Computing().doubled == 4:
            yield cell.get()

    assert python.explore(model_of(role)).complete


@dataclass(frozen=True)
class Computing:
    number: int = 2

    @cached_property
    def doubled(self) -> int:
        return 2 * self.number


# Mistakes in requests and properties


def test_a_choice_of_nothing_and_what_is_no_operation_are_refused() -> None:
    wrong: Any = any_of(cell.get(), cell.set(1))
    for make in (
        any_of,
        lambda: any_of(wrong),
        lambda: atomically(wrong),
        lambda: atomically(cell),  # type: ignore[arg-type]
        lambda: T1(wrong),
        lambda: T1(atomically(cell.get())),  # type: ignore[type-var]
    ):
        with pytest.raises(ModelError):
            make()


def test_two_properties_of_one_name_are_refused() -> None:
    with pytest.raises(ModelError, match="Two properties are named 'never-seven'"):
        model_of(looked_for_nothing, properties=(NEVER_SEVEN, NEVER_SEVEN))


def test_an_empty_phrase_says_that_nothing_is_wrong() -> None:
    parts = Property.of_parts("parts", "", Kind.ALWAYS, [Part(("cell",), lambda view: "")])
    whole = Property("whole", "", Kind.ALWAYS, ("cell",), lambda view: "")
    for explore in EXPLORERS:
        assert explore(model_of(looked_for_nothing, properties=(parts, whole))).counterexamples == {}


def test_a_part_sees_what_it_reads_and_no_more() -> None:
    other = Variable("other", 1)
    seen = Property.of_parts(
        "seen",
        "",
        Kind.ALWAYS,
        [Part((name,), lambda view: "too much" if len(view) > 1 else None) for name in ("cell", "other")],
    )
    model = Model({"cell": cell, "other": other}, (Process("p", looked_for_nothing),), (seen,))
    for explore in EXPLORERS:
        assert explore(model).counterexamples == {}


def test_a_property_that_fails_is_not_said_to_read_too_much() -> None:
    def failing(view: View) -> str | None:
        return {"a": "b"}[view["cell"]]

    with pytest.raises(ModelError, match=rf"property 'failing' failed in failing {HERE}: KeyError\(0\)"):
        python.explore(
            model_of(looked_for_nothing, properties=(Property("failing", "", Kind.ALWAYS, ("cell",), failing),))
        )


def test_a_property_with_parts_is_judged_by_them_alone() -> None:
    parts = (Part(("cell",), lambda view: "by a part" if view["cell"] == 0 else None),)
    prop = Property("judged", "", Kind.ALWAYS, ("cell",), lambda view: None, parts)
    for explore in EXPLORERS:
        model = model_of(looked_for_nothing, properties=(prop,))
        assert confirm(model, "judged", explore(model).counterexamples["judged"])[1] == "by a part"


def test_a_global_that_is_called_as_an_attribute_is_another_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    changing: list[int] = []
    monkeypatch.setitem(globals(), "get", changing)

    class Busy(Component):
        @operation
        def note(self, value: None) -> Steps:
            return (Step(None, value),)

    def role(busy: Busy) -> Role:
        yield busy.note()
        yield cell.get()  # an attribute of this name, not the global

    busy = Busy("busy")
    model = Model({"busy": busy, "cell": cell}, (Process("p", role, (busy,)),))
    shared = SharedState(model)
    changing.append(1)
    shared.require_unchanged()


def test_a_property_without_parts_is_refused() -> None:
    with pytest.raises(ModelError, match="has no parts, so nothing could violate it"):
        Property.of_parts("empty", "", Kind.ALWAYS, [])
