"""The language of the oracle: programs, components and properties as plain data.

A *system* is what deadheat calls a model. Its processes run *programs*: routines of statements, which ask operations of
components and are answered. The data alone say what happens; `interpreter` runs them, and `translation` turns them into
the Python generator functions that a user would have written. Neither knows of the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

WITHOUT_END = -1
"""A budget that is never used up."""

MODULUS = 3
"""Sums are taken modulo this, so that they stay small."""

# Expressions


@dataclass(frozen=True, slots=True)
class Const:
    """A value."""

    value: Any


@dataclass(frozen=True, slots=True)
class Var:
    """What a variable, or a parameter of the routine, holds."""

    name: str


@dataclass(frozen=True, slots=True)
class Repr:
    """`repr(...)`: tells apart what compares equal."""

    of: Expr


@dataclass(frozen=True, slots=True)
class Item:
    """An element of a tuple."""

    of: Expr
    index: int


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum of two integers, modulo MODULUS."""

    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Same:
    """`==`."""

    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Length:
    """The length of a list, modulo MODULUS."""

    of: Expr


@dataclass(frozen=True, slots=True)
class Joined:
    """A text with another one after it, such as the name of a component after that of whose it is."""

    of: Expr
    text: str


Expr: TypeAlias = Const | Var | Repr | Item | Sum | Same | Length | Joined

# Requests


@dataclass(frozen=True, slots=True)
class Op:
    """An operation on the component named by an expression."""

    component: Expr
    name: str
    arguments: tuple[Expr, ...] = ()
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Together:
    """Operations at one instant; each sees what those before it left."""

    operations: tuple[Op, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Whichever of these can happen and is chosen."""

    requests: tuple[Op | Together, ...]


Request: TypeAlias = Op | Together | Either

# Statements


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask, and keep the answer; of an `Either`, which one it was is kept in `<into>_which`."""

    request: Request
    into: str = "_"


@dataclass(frozen=True, slots=True)
class Let:
    """Assign; lists, iterators and closures are shared, not copied."""

    name: str
    value: Expr


@dataclass(frozen=True, slots=True)
class Make:
    """Make an object that changes: an iterator, a list, or a closure that keeps state.

    `what` is a kind of ITERABLES, with its items; "empty list"; or a closure: "counter", "switch" between two items,
    "memory" that answers what it was given the time before.
    """

    name: str
    what: str
    items: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Append:
    """Append to a list."""

    name: str
    value: Expr


@dataclass(frozen=True, slots=True)
class Next:
    """`into = next(iterator, default)`."""

    into: str
    iterator: str
    default: Any = None


@dataclass(frozen=True, slots=True)
class Tick:
    """Call a closure; a "memory" is given the argument."""

    into: str
    closure: str
    argument: Expr | None = None


@dataclass(frozen=True, slots=True)
class If:
    """A choice by the truth of an expression."""

    condition: Expr
    then: tuple[Statement, ...]
    otherwise: tuple[Statement, ...] = ()


@dataclass(frozen=True, slots=True)
class While:
    """A loop."""

    condition: Expr
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class For:
    """A loop over an iterable of some kind; "variable" goes through the iterator in the variable `items[0]`."""

    name: str
    kind: str
    items: tuple[Any, ...]
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Try:
    """`try` with a `finally`."""

    body: tuple[Statement, ...]
    final: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """`into = yield from routine(...)`."""

    routine: str
    arguments: tuple[Expr, ...] = ()
    into: str = "_"


@dataclass(frozen=True, slots=True)
class Return:
    """Return a value."""

    value: Expr = Const(None)


@dataclass(frozen=True, slots=True)
class Break:
    """Leave the loop."""


@dataclass(frozen=True, slots=True)
class Continue:
    """Go on with the loop."""


Statement: TypeAlias = (
    Ask | Let | Make | Append | Next | Tick | If | While | For | Try | Call | Return | Break | Continue
)

ITERABLES = (
    "tuple",
    "list",
    "range",
    "str",
    "bytes",
    "dict",
    "keys",
    "values",
    "items",
    "enumerate",
    "reversed",
    "zip",
    "map",
    "generator",
    "iter",
    "until",
)
"""Kinds of iterables; what each yields for some items is in `elements`, how it is written in `translation`."""


def elements(kind: str, items: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return what an iterable of this kind, made of these items, yields in turn."""
    keys = tuple("abcdefgh"[: len(items)])
    if kind in ("range", "bytes"):
        return tuple(range(len(items)))
    if kind in ("dict", "keys", "str"):
        return keys
    if kind == "items":
        return tuple(zip(keys, items, strict=True))
    if kind == "enumerate":
        return tuple(enumerate(items))
    if kind == "reversed":
        return items[::-1]
    if kind == "zip":
        return tuple(zip(items, items[::-1], strict=True))
    if kind == "map":
        return tuple(repr(each) for each in items)
    if kind == "until":  # iter(closure, sentinel), with a closure that counts
        return tuple(range(1, len(items) + 1))
    return items


# Systems


@dataclass(frozen=True, slots=True)
class Routine:
    """A generator function."""

    name: str
    parameters: tuple[str, ...]
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """Routines; the first is what a process runs."""

    routines: tuple[Routine, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A component: a cell, a holder or a line."""

    name: str
    kind: str = "cell"
    initial: Any = 0


@dataclass(frozen=True, slots=True)
class Kill:
    """A way in which a process can crash."""

    kind: str
    restarts: bool
    consequences: tuple[Op, ...] = ()


@dataclass(frozen=True, slots=True)
class Proc:
    """A process."""

    name: str
    program: Program
    arguments: tuple[Any, ...] = ()
    repeats: bool = False
    owed: bool = True
    kills: tuple[Kill, ...] = ()


@dataclass(frozen=True, slots=True)
class Bad:
    """What is bad: all of `is_now` hold; for a step, `was` held before it, and, if it `must_change`, something changed.

    Each is a component's name with the `repr` of its value.
    """

    is_now: tuple[tuple[str, str], ...]
    was: tuple[tuple[str, str], ...] = ()
    must_change: bool = True

    @property
    def reads(self) -> tuple[str, ...]:
        """The components that are looked at."""
        return tuple(dict.fromkeys(name for name, _ in (*self.is_now, *self.was)))


@dataclass(frozen=True, slots=True)
class Claim:
    """A property, of the kind "always", "step", "settled" or "eventually": none of its parts is bad so."""

    name: str
    kind: str
    parts: tuple[Bad, ...]


@dataclass(frozen=True, slots=True)
class System:
    """A model, with where it came from: a family of the generator and a seed."""

    parts: tuple[Part, ...]
    processes: tuple[Proc, ...]
    claims: tuple[Claim, ...]
    budgets: tuple[tuple[str, int], ...] = ()
    quiet: bool = False
    interchangeable: tuple[str, ...] = ()
    family: str = ""
    seed: int = 0


def statements(body: tuple[Statement, ...]) -> Iterator[Statement]:
    """Yield all statements of a block, and of the blocks in it."""
    for each in body:
        yield each
        for block in blocks(each):
            yield from statements(block)


def blocks(statement: Statement) -> Iterator[tuple[Statement, ...]]:
    """Yield the blocks of a statement."""
    names = {each.name for each in fields(statement)} & {"then", "otherwise", "body", "final"}
    for name in sorted(names):
        yield getattr(statement, name)
