"""Fingerprints of models: another for whatever makes a model do something else, and the same for everything else."""

from __future__ import annotations

import copy
import importlib
import inspect
import itertools
import logging
import math
import os
import random
import re
import subprocess
import sys
import threading
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from enum import Enum, Flag
from fractions import Fraction
from functools import cached_property, lru_cache, partial, wraps
from pathlib import Path
from typing import Any, NamedTuple, get_type_hints

import pytest
from hypothesis import given, strategies as st

from deadheat.models.faults import FAULTS
from deadheat.scenarios.catalogue import DEFAULT_PROTOCOLS
from deadheat.scenarios.scenario import Scenario
from deadheat.sim import fingerprint as fingerprints
from deadheat.sim.errors import FingerprintError
from deadheat.sim.explore import python
from deadheat.sim.fingerprint import digest_of, fingerprint

HELPERS = '''
"""Helpers."""

FAR = 7
UNUSED = 1


def far(value):
    return value + FAR


def nearer(value):
    return far(value) - 1


class Shape:
    """A class that only an import inside a function brings."""

    side = 4
'''

PROTOCOL = '''
"""A protocol."""

import enum
import functools
import math
from dataclasses import dataclass, field
from typing import NamedTuple

import helpers
from deadheat.sim.components import Component, Step, operation
from deadheat.sim.model import Crash, Kind, Model, Part, Process, Property
from deadheat.sim.operations import Label, any_of, atomically
from helpers import nearer

LIMIT = 3
WANTED = frozenset({"b", "a", "c"})
SETTINGS = {"first": 1, "second": 2}
T1 = Label("T1", "the first step")


class Status(enum.StrEnum):
    """How far it is."""

    OPEN = "open"
    CLOSED = "closed"

    @property
    def is_final(self):
        return self in FINAL


FINAL = frozenset({Status.CLOSED})


class Sizes(NamedTuple):
    width: int = 5
    height: int = 6


@dataclass(frozen=True)
class Request:
    name: str
    again: bool = False
    tags: tuple = field(default=("x",))


class Counter(Component):
    """Counts."""

    initial = 0
    step = 1

    def __init__(self, name, most):
        super().__init__(name)
        self.most = most

    def room(self, value):
        return value < self.most

    @operation
    def add(self, value, amount=1):
        """Add."""
        return (Step(value, value + amount * self.step),) if self.room(value) else ()


class Careful(Counter):
    @operation
    def look(self, value):
        return (Step(value, value), Step(None, value, fault="stale"))


def by_attribute(counter):
    return helpers.far(counter) + math.floor(2.5)


def imported_late(counter):
    from helpers import Shape

    return Shape.side + counter


def making(bonus):
    def role(counter, request, sizes=Sizes(), *, patience=2):
        """Take steps."""
        found = yield T1(counter.add(nearer(1)))
        for name in ("one", "two"):
            if name in WANTED or found > LIMIT:
                found = yield any_of(counter.look(), counter.add(bonus))
        if found == SETTINGS["first"] or Status.OPEN.is_final:
            yield atomically(counter.look(), counter.add(by_attribute(1)))
        yield counter.add(imported_late(patience))
    return role


def helper_of_none():
    return 5


def violated(view, most):
    return "too many" if view["counter"] > most else None


def violated_otherwise(view):
    return "none" if view["counter"] < 0 else None


def model():
    counter = Careful("counter", 4)
    role = making(3)
    crash = Crash("loss", restarts=True, consequences=atomically(counter.add(8)))
    processes = (
        Process("p", role, (counter, Request("r")), crashes=(crash,)),
        Process("q", functools.partial(role, patience=9), (counter, Request("s"))),
    )
    properties = (
        Property.of_parts("few", "a meaning", Kind.ALWAYS, [
            Part(("counter",), functools.partial(violated, most=10)),
            Part(("counter",), lambda view: violated_otherwise(view)),
        ]),
        Property("settles", "another meaning", Kind.SETTLED, ("counter",), violated_otherwise),
    )
    budgets = {"stale": 1, "loss": 2}
    return Model({"counter": counter}, processes, properties, budgets, quiet=False, interchangeable=("p", "q"))
'''

CHANGES = {
    "a constant in a role": ("found > LIMIT", "found > LIMIT + 1"),
    "a constant in a loop of a role": ('("one", "two")', '("one", "two", "three")'),
    "a global": ("LIMIT = 3", "LIMIT = 4"),
    "a global of another type": ("LIMIT = 3", "LIMIT = 3.0"),
    "a member of a set": ('"b", "a", "c"', '"b", "a", "d"'),
    "a value in a dict": ('"second": 2', '"second": 3'),
    "the order of a dict": ('"first": 1, "second": 2', '"second": 2, "first": 1'),
    "a constant of a helper of a helper": ("FAR = 7", "FAR = 8"),
    "a helper of a helper": ("return value + FAR", "return value - FAR"),
    "a helper": ("far(value) - 1", "far(value) - 2"),
    "a helper by its module": ("helpers.far(counter) +", "helpers.nearer(counter) +"),
    "a function of a library": ("math.floor", "math.ceil"),
    "what an import inside a function brings": ("side = 4", "side = 5"),
    "a value in a closure": ("making(3)", "making(2)"),
    "a default": ("patience=2", "patience=3"),
    "a default of a named tuple": ("height: int = 6", "height: int = 7"),
    "the order of fields": ("width: int = 5\n    height: int = 6", "height: int = 6\n    width: int = 5"),
    "a default of a dataclass": ("again: bool = False", "again: bool = True"),
    "a field's default": ('("x",)', '("y",)'),
    "a frozen dataclass that is no longer": ("@dataclass(frozen=True)", "@dataclass"),
    "an enumeration's value": ('CLOSED = "closed"', 'CLOSED = "ended"'),
    "an enumeration's member": ("Status.OPEN.is_final", "Status.CLOSED.is_final"),
    "an enumeration's method": ("return self in FINAL", "return self not in FINAL"),
    "a set that a method names": ("frozenset({Status.CLOSED})", "frozenset({Status.OPEN})"),
    "a method of a component": ("value < self.most", "value <= self.most"),
    "an operation of a component": ("amount * self.step", "amount + self.step"),
    "a default of an operation": ("amount=1", "amount=2"),
    "a fault of a step": ('fault="stale"', 'fault="loss"'),
    "a class attribute": ("step = 1", "step = 2"),
    "an initial value": ("initial = 0", "initial = 1"),
    "an attribute of a component": ('Careful("counter", 4)', 'Careful("counter", 5)'),
    "the class of a component": ('counter = Careful("', 'counter = Counter("'),
    "a label": ('Label("T1"', 'Label("T2"'),
    "an argument of a process": ('Request("r")', 'Request("t")'),
    "a bound argument": ("patience=9", "patience=8"),
    "a process's name": ('Process("q"', 'Process("s"'),
    "a crash's kind": ('Crash("loss"', 'Crash("stale"'),
    "a crash that does not restart": ("restarts=True", "restarts=False"),
    "a crash's consequence": ("counter.add(8)", "counter.add(9)"),
    "no crash": ("crashes=(crash,)", "crashes=()"),
    "a property's name": ('Property("settles"', 'Property("settled"'),
    "a property's kind": ("Kind.SETTLED", "Kind.EVENTUALLY"),
    "a property's code": ('view["counter"] < 0', 'view["counter"] < 1'),
    "a part of a property": ("most=10", "most=11"),
    "what a part calls": ('view["counter"] > most', 'view["counter"] >= most'),
    "a budget": ('"loss": 2', '"loss": 1'),
    "the order of budgets": ('"stale": 1, "loss": 2', '"loss": 2, "stale": 1'),
    "quiet": ("quiet=False", "quiet=True"),
    "what is interchangeable": ('("p", "q"))', '("p",))'),
    "the order of processes": ("processes, properties", "processes[::-1], properties"),
    "fewer processes": ("processes, properties", "processes[:1], properties"),
    "the order of properties": ("processes, properties", "processes, properties[::-1]"),
    "fewer properties": ("processes, properties", "processes, properties[1:]"),
    "one component more": ('{"counter": counter}', '{"counter": counter, "other": Careful("other", 4)}'),
}
"""Each of these makes the model do something else, or may."""

NO_CHANGES = {
    "a comment": ("LIMIT = 3", "LIMIT = 3  # the most"),
    "lines": ("LIMIT = 3", "\n\n\n\nLIMIT = 3"),
    "how it is written": ("return value + FAR", "return (\n        value\n        + FAR\n    )"),
    "a docstring of a role": ('"""Take steps."""', '"""Take some steps."""'),
    "a docstring of an operation": ('"""Add."""', '"""Add so much."""'),
    "a docstring of a class": ('"""Counts."""', '"""Counts up."""'),
    "an annotation": ("name: str", "name: object"),
    "the meaning of a property": ("a meaning", "a better meaning"),
    "the order of a set": ('"b", "a", "c"', '"c", "b", "a"'),
    "what nothing uses": ("UNUSED = 1", "UNUSED = 2"),
    "a function that nothing calls": ("return 5", "return 6"),
    "the order of definitions": ("LIMIT = 3\n", "T0 = 1\nLIMIT = 3\n"),
}
"""None of these does."""


@pytest.fixture
def imported(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Return what writes the two files, with a change, into a folder of their own, and tells the fingerprint."""
    folders = (tmp_path / f"folder {number}" for number in itertools.count())

    def fingerprint_with(old: str = "", new: str = "") -> str:
        folder = next(folders)
        folder.mkdir()
        if old:
            assert (HELPERS + PROTOCOL).count(old) == 1, old
        (folder / "helpers.py").write_text(HELPERS.replace(old, new) if old else HELPERS)
        (folder / "protocol.py").write_text(PROTOCOL.replace(old, new) if old else PROTOCOL)
        sys.path.insert(0, str(folder))
        try:
            for name in ("helpers", "protocol"):
                sys.modules.pop(name, None)
            importlib.invalidate_caches()
            return fingerprint(importlib.import_module("protocol").model())
        finally:
            sys.path.remove(str(folder))

    yield fingerprint_with
    for name in ("helpers", "protocol"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_changes_what_a_model_does_changes_its_fingerprint(
    change: tuple[str, str], imported: Callable[..., str]
) -> None:
    assert imported(*change) != imported()


def test_the_changes_would_tell_of_a_fingerprint_that_does_not_follow_names(
    monkeypatch: pytest.MonkeyPatch, imported: Callable[..., str]
) -> None:
    monkeypatch.setattr(fingerprints, "references", lambda function: iter(()))
    unnoticed = {name for name, change in CHANGES.items() if imported(*change) == imported()}
    assert unnoticed > {"a helper of a helper", "what an import inside a function brings", "a global"}


def test_no_two_changes_give_one_fingerprint(imported: Callable[..., str]) -> None:
    assert len({imported(*change) for change in CHANGES.values()}) == len(CHANGES)


@pytest.mark.parametrize("change", NO_CHANGES.values(), ids=NO_CHANGES)
def test_what_a_model_does_not_do_is_not_in_its_fingerprint(
    change: tuple[str, str], imported: Callable[..., str]
) -> None:
    assert imported(*change) == imported()  # from another folder, too


def test_a_fingerprint_is_the_same_in_every_process(tmp_path: Path) -> None:
    program = "import protocol; from deadheat.sim.fingerprint import fingerprint; print(fingerprint(protocol.model()))"
    found = set()
    for number in range(4):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "helpers.py").write_text(HELPERS)
        (folder / "protocol.py").write_text(PROTOCOL)
        environment = {**os.environ, "PYTHONHASHSEED": str(number), "PYTHONPATH": str(folder)}
        for _ in range(2):  # the second time from compiled files
            done = subprocess.run(
                [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
            )
            found.add(done.stdout)
    assert len(found) == 1


def test_all_models_have_fingerprints_of_their_own_that_a_search_does_not_change() -> None:
    faults = tuple((kind, 1) for kind in FAULTS)
    models = [Scenario(name, faults=each).model() for name in DEFAULT_PROTOCOLS[::3] for each in ((), faults)]
    before = [fingerprint(each) for each in models]
    assert len(set(before)) == len(models)
    for each in models[::2]:
        python.explore(each)
    assert [fingerprint(each) for each in models] == before


def test_a_mutant_has_a_fingerprint_of_its_own() -> None:
    names = ("baseline", "baseline~1", "baseline~2")
    assert len({fingerprint(Scenario(name).model()) for name in names}) == len(names)


def test_the_version_of_deadheat_and_of_python_are_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Scenario("baseline").model()
    found = {fingerprint(model)}
    for name, value in (("VERSION", "0.0.0"), ("PYTHON", "cpython 3.99"), ("FORMAT", 0)):
        with monkeypatch.context() as patch:
            patch.setattr(fingerprints, name, value)
            found.add(fingerprint(model))
    assert len(found) == 4


# Values


class Colour(Enum):
    RED = 1
    BLUE = 2


class Bits(Flag):
    ONE = 1
    TWO = 2


class Pair(NamedTuple):
    first: int
    second: int


@dataclass(frozen=True, slots=True)
class Frozen:
    held: Any


class Plain:
    def __init__(self, held: Any) -> None:
        self.held = held

    def method(self) -> Any:
        return self.held


class Name(str):
    __slots__ = ()


class Partly(partial):  # type: ignore[type-arg]
    pass


class Hidden:
    """An object that says that it has no content."""

    def __init__(self, held: Any) -> None:
        self.held = held

    def __reduce__(self) -> str:
        return "nothing"

    def __repr__(self) -> str:
        return "Hidden"


def alone(value: Any) -> Any:
    return value


def iter_of_nothing() -> Iterator[None]:
    yield from ()


LOCK: Any = threading.Lock()


def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def around(*arguments: Any) -> Any:
        return function(*arguments)

    return around


def made(number: int) -> type:
    class Made:
        held = number

        def method(self) -> int:
            return number

    return Made


DIFFERENT: tuple[Callable[[], Any], ...] = (
    lambda: None, lambda: ..., lambda: False, lambda: True, lambda: 0, lambda: 1, lambda: 1.0, lambda: -0.0,
    lambda: 0.0, lambda: math.inf, lambda: 1j, lambda: 10**5_000, lambda: 10**5_000 + 1, lambda: "", lambda: "1",
    lambda: b"", lambda: b"1", lambda: bytearray(b"1"), lambda: "\ud800", lambda: (), list, dict,
    lambda: set(), lambda: frozenset(), lambda: (1,), lambda: ((1,),), lambda: (1, 2), lambda: [1, 2], lambda: {1, 2},
    lambda: Pair(1, 2), lambda: Pair(2, 1), lambda: {1: 2}, lambda: {2: 1}, lambda: {1: 2, 3: 4}, lambda: {3: 4, 1: 2},
    lambda: OrderedDict({1: 2}), lambda: defaultdict(int, {1: 2}), lambda: defaultdict(list, {1: 2}),
    lambda: deque([1]), lambda: deque([1], 2), lambda: range(3), lambda: range(4), lambda: slice(1, 2),
    lambda: Colour.RED, lambda: Colour.BLUE, lambda: Bits.ONE, lambda: Bits.ONE | Bits.TWO, lambda: Frozen(1),
    lambda: Frozen(2), lambda: Frozen(Frozen(1)), lambda: Plain(1), lambda: Plain(2), lambda: Hidden(1),
    lambda: Hidden(2), lambda: Name("1"), lambda: Name("2"), lambda: Decimal("1.0"), lambda: Decimal("1.00"),
    lambda: Fraction(1, 2), lambda: timedelta(1), lambda: re.compile("a"), lambda: re.compile("a", re.IGNORECASE),
    lambda: len, lambda: min, lambda: str.join, lambda: "a".join, lambda: "b".join, lambda: math, lambda: re,
    lambda: int, lambda: Plain, lambda: made(1), lambda: made(2), lambda: partial(alone, 1), lambda: partial(alone, 2),
    lambda: Partly(alone, 1), lambda: Partly(alone, 2), lambda: Plain(1).method, lambda: Plain(2).method,
    lambda: decorated(alone), lambda: decorated(made), lambda: lru_cache(alone), lambda: lru_cache(made),
    lambda: (lambda: 1), lambda: (lambda: 2), lambda: (lambda value=1: value), lambda: (lambda value=2: value),
    lambda: object(), lambda: [Plain(1)] * 2, lambda: [Plain(1), Plain(1)], lambda: ValueError(1),
    lambda: ValueError(2), lambda: itertools.count(1), lambda: itertools.count(2),
)  # fmt: skip
"""Each of these is another value than all others."""


def test_values_that_differ_are_told_apart() -> None:
    digests = [digest_of(each()) for each in DIFFERENT]
    for (number, one), (other_number, other) in itertools.combinations(enumerate(digests), 2):
        assert one != other, (DIFFERENT[number](), DIFFERENT[other_number]())


def test_a_value_made_again_is_the_same() -> None:
    assert [digest_of(each()) for each in DIFFERENT] == [digest_of(each()) for each in DIFFERENT]


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=3)
    | st.binary(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.lists(inner, max_size=3).map(tuple) | inner.map(Frozen) | inner.map(Plain)
    ),
    max_leaves=6,
)


@given(VALUES, VALUES)
def test_two_values_are_the_same_exactly_when_they_are_written_the_same(one: Any, other: Any) -> None:
    assert (digest_of(one) == digest_of(other)) is (written(one) == written(other))


def written(value: Any) -> str:
    if isinstance(value, Frozen | Plain):
        return f"{type(value).__name__}({written(value.held)})"
    if isinstance(value, list | tuple):
        return f"{type(value).__name__}({', '.join(map(written, value))})"
    return repr(value)


@given(st.lists(st.text(max_size=3) | st.integers() | st.tuples(st.integers(), st.booleans())), st.randoms())
def test_the_order_in_which_a_set_was_filled_makes_no_difference(values: list[Any], mixed: random.Random) -> None:
    unique = list({repr(each): each for each in values}.values())
    shuffled = mixed.sample(unique, len(unique))
    assert digest_of(set(unique)) == digest_of(set(shuffled))


def test_of_what_is_immutable_an_alias_is_as_good_as_a_copy() -> None:
    assert digest_of([Frozen(1)] * 2) == digest_of([Frozen(1), Frozen(1)])
    assert digest_of([Pair(1, 2)] * 2) == digest_of([Pair(1, 2), Pair(1, 2)])
    assert digest_of([[1]] * 2) != digest_of([[1], [1]])


def test_what_holds_itself_has_a_fingerprint() -> None:
    ring: list[Any] = [1]
    ring.append(ring)
    other: list[Any] = [1]
    other.append([1, other])
    assert digest_of(ring) != digest_of(other)


def test_what_was_computed_and_kept_counts_but_for_what_runs_may_have_computed() -> None:
    class Settings:
        @cached_property
        def limit(self) -> int:
            return 1

    def digests() -> tuple[bytes, bytes]:
        return digest_of(settings), digest_of(settings, kept_counts=False)

    settings = Settings()
    new = digests()
    assert settings.limit == 1
    computed = digests()
    settings.limit = 2
    told = digests()
    assert len({new[0], computed[0], told[0]}) == 3
    assert {new[1], computed[1], told[1]} == {new[1]}


def test_what_a_function_keeps_of_what_it_returned_is_not_looked_into() -> None:
    @lru_cache
    def kept(value: int) -> int:
        return value

    new = digest_of(kept)
    kept(3)
    with pytest.raises(FingerprintError, match="which keeps what it once returned where nobody can look at it"):
        digest_of(kept)
    assert digest_of(kept, kept_counts=False) == new


class Delay(timedelta):
    """One whose like is made without its attributes."""

    limit = 1


def told(delay: Delay) -> Delay:
    delay.limit = 2
    return delay


def test_attributes_count_that_another_is_not_made_of() -> None:
    assert digest_of(Delay(1)) == digest_of(Delay(1)) != digest_of(told(Delay(1)))
    assert told(Delay(1)).__reduce_ex__(4) == Delay(1).__reduce_ex__(4)


@pytest.mark.parametrize(
    ("change", "undo"),
    [
        (lambda log: log.setLevel("DEBUG"), lambda log: log.setLevel("NOTSET")),
        (lambda log: log.parent.setLevel("DEBUG"), lambda log: log.parent.setLevel("NOTSET")),
        (lambda log: logging.disable(logging.ERROR), lambda log: logging.disable(logging.NOTSET)),
    ],
    ids=["its level", "that of another", "that of all"],
)
def test_of_a_log_counts_what_it_would_write(change: Callable[[Any], None], undo: Callable[[Any], None]) -> None:
    logging.getLogger("of.a")
    log = logging.getLogger("of.a.model")
    before = digest_of(log)
    change(log)
    changed = digest_of(log)
    undo(log)
    assert changed != before == digest_of(log)


def test_what_python_notes_on_a_class_when_it_is_used_makes_no_difference() -> None:
    class Outcome(NamedTuple):
        value: int

    @dataclass(frozen=True)
    class Record:
        value: Outcome

    class Colour(Flag):
        RED = 1
        BLUE = 2

    def every_use() -> None:
        for each in (Outcome(1), Record(Outcome(2)), Colour.RED, Colour.RED | Colour.BLUE):
            copy.deepcopy(each)
            each.__reduce_ex__(2)  # as pickle does
            inspect.signature(type(each))
            get_type_hints(type(each), localns={"Outcome": Outcome})
            isinstance(each, Hashable)

    before = digest_of((Outcome, Record, Colour))
    assert "__slotnames__" not in vars(Record)
    every_use()
    assert "__slotnames__" in vars(Record)
    assert digest_of((Outcome, Record, Colour)) == before


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (threading.Lock(), "a lock, which has no content"),
        (iter_of_nothing(), "a generator, which has no content"),
        (memoryview(b""), "a memoryview, which has no content"),
        (sys._getframe(), "a frame, which has no content"),
        ([{"deep": Frozen(threading.Lock())}], "a lock, which has no content"),
        (lambda: LOCK.acquire(), "'LOCK' of <lambda> holds|a lock, which has no content"),
        ({lambda: 1, lambda: 1}, "that only their addresses tell apart"),
        (lambda: open("x"), r"calls open\(\)"),  # noqa: SIM115
        (lambda: eval("x"), r"calls eval\(\)"),
        (lambda: importlib.import_module("x"), r"calls import_module\(\)"),
    ],
)
def test_what_has_no_content_is_refused_in_one_sentence(value: Any, what: str) -> None:
    with pytest.raises(FingerprintError, match=what) as raised:
        digest_of(value)
    assert "0x" not in str(raised.value)


def test_what_is_nested_too_deeply_is_refused() -> None:
    nested: Any = ()
    for _ in range(100_000):
        nested = (nested,)
    with pytest.raises(FingerprintError, match="nested so deeply"):
        digest_of(nested)


def test_a_component_with_a_lock_is_refused_by_name() -> None:
    model = Scenario("baseline").model()
    component = next(iter(model.components.values()))
    component.lock = threading.Lock()  # type: ignore[attr-defined]
    with pytest.raises(FingerprintError, match="'lock' of"):
        fingerprint(replace(model))
