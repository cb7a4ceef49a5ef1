"""Writes random programs: every construct of the language, small enough to be explored whole."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import Any

from tests.oracle import language as la

FUNCTIONS_ARE_TOLD_BY_VALUE = True
"""Whether programs hold functions of their own: closures that keep state, and generator expressions.

Off while the engine tells functions by identity: then it merges two states of one closure, and never those of two
closures or generator expressions that are alike, so that an end of a run that is confirmed anew seems never to settle.
"""

HOLDING_FUNCTIONS = ("generator", "until")

PLAIN: tuple[Any, ...] = (0, 1, 2)
ALIKE: tuple[Any, ...] = (0, False, 0.0, -0.0, 1, True, 1.0, "1")
"""Values some of which compare equal, and are not the same."""

OPERATIONS = ("get", "set", "set", "add", "add", "wait_for", "take", "toss", "stale", "flaky", "hit")


@dataclass(frozen=True, slots=True)
class Style:
    """What programs are made of: values, operations, how many statements stand in a block, how deep blocks nest."""

    values: tuple[Any, ...] = PLAIN
    operations: tuple[str, ...] = OPERATIONS
    statements_max: int = 3
    depth_max: int = 2
    asks_max: int = 7
    loops_for_ever: float = 0.2
    joint: float = 0.25


class Writer:
    """Writes one program over these components, which may be named after the parameters of all its routines."""

    def __init__(
        self, random: Random, cells: tuple[la.Expr, ...], style: Style, parameters: tuple[str, ...] = ()
    ) -> None:
        self._random = random
        self._parameters = parameters
        self._cells = cells
        self._style = style
        self._routines: list[la.Routine] = []
        self._names = 0
        self._asks = 0

    def program(self) -> la.Program:
        """Return a program; it asks for something, whatever happens."""
        body = (self._ask("first"), *self._block(("first",), (), 0))
        return la.Program((la.Routine("role", self._parameters, body), *self._routines))

    def _fresh(self, stem: str) -> str:
        self._names += 1
        return f"{stem}{self._names}"

    # Blocks. `known` are variables that hold whatever was answered; `plain` hold what the program itself named.

    def _block(self, known: tuple[str, ...], plain: tuple[str, ...], depth: int) -> tuple[la.Statement, ...]:
        written: list[la.Statement] = []
        for _ in range(self._random.randint(1, self._style.statements_max)):
            if self._asks >= self._style.asks_max:
                break
            new, known = self._statement(known, plain, depth)
            written += new
        return tuple(written)

    def _statement(
        self, known: tuple[str, ...], plain: tuple[str, ...], depth: int
    ) -> tuple[list[la.Statement], tuple[str, ...]]:
        simple = [self._asked, self._asked, self._asked]
        nested = [self._branch, self._loop, self._loop, self._tried, self._called, self._hidden, self._hidden]
        write = self._random.choice(simple if depth >= self._style.depth_max else simple + nested)
        if write == self._asked:
            into = self._fresh("x")
            return [self._ask(into, known, plain)], (*known, into)
        return write(known, plain, depth), known

    def _asked(self, known: tuple[str, ...], plain: tuple[str, ...], depth: int) -> list[la.Statement]:
        return [self._ask("_", known, plain)]

    def _branch(self, known: tuple[str, ...], plain: tuple[str, ...], depth: int) -> list[la.Statement]:
        tested = la.Var(self._random.choice((*known, *plain)))
        condition = la.Same(tested, la.Const(self._value()))
        otherwise = self._block(known, plain, depth + 1) if self._random.random() < 0.5 else ()
        return [la.If(condition, self._block(known, plain, depth + 1), otherwise)]

    def _loop(self, known: tuple[str, ...], plain: tuple[str, ...], depth: int) -> list[la.Statement]:
        if self._random.random() < self._style.loops_for_ever:
            into = self._fresh("x")
            leave: tuple[la.Statement, ...] = ()
            if self._random.random() < 0.5:
                leave = (la.If(la.Same(la.Var(into), la.Const(self._value())), (la.Break(),)),)
            body = (self._ask(into, known, plain), *leave, *self._block((*known, into), plain, depth + 1))
            return [la.While(la.Const(True), body)]
        name = self._fresh("each")
        kind = _allowed(self._random.choice(la.ITERABLES))
        body = (self._ask("_", known, (*plain, name)), *self._block(known, (*plain, name), depth + 1))
        if self._random.random() < 0.2:
            leave = (self._random.choice((la.Break(), la.Continue())),)
            body = (body[0], la.If(la.Same(la.Var(name), la.Const(self._value())), leave), *body[1:])
        return [la.For(name, kind, self._items(), body)]

    def _tried(self, known: tuple[str, ...], plain: tuple[str, ...], depth: int) -> list[la.Statement]:
        body = self._block(known, plain, depth + 1)
        if self._random.random() < 0.4:
            body = (*body, la.If(la.Same(la.Var(known[-1]), la.Const(self._value())), (la.Return(),)))
        return [la.Try(body, (self._ask("_", known, plain),))]

    def _called(self, known: tuple[str, ...], plain: tuple[str, ...], depth: int) -> list[la.Statement]:
        name, into = self._fresh("part"), self._fresh("got")
        inner = (self._ask("got"), *self._block(("got", "given"), (), depth + 1))
        returned = la.Var(self._random.choice(("got", "given")))
        self._routines.append(la.Routine(name, ("given", *self._parameters), (*inner, la.Return(returned))))
        given = la.Var(self._random.choice((*known, *plain)))
        call = la.Call(name, (given, *map(la.Var, self._parameters)), into)
        return [call, self._ask("_", (*known, into), plain)]

    def _hidden(self, known: tuple[str, ...], plain: tuple[str, ...], depth: int) -> list[la.Statement]:
        write = self._random.choice((self._iterator, self._list, self._closure))
        if write == self._closure and not FUNCTIONS_ARE_TOLD_BY_VALUE:
            write = self._list
        return write(known, plain)

    def _iterator(self, known: tuple[str, ...], plain: tuple[str, ...]) -> list[la.Statement]:
        """An iterator that is advanced, and another name of the same one, or of one just like it."""
        one, other, into = self._fresh("it"), self._fresh("it"), self._fresh("got")
        kind = _allowed(self._random.choice(("tuple", "list", "enumerate", "iter", "reversed", "generator")))
        items = self._items()
        make = la.Make(other, kind, items)
        same: la.Statement = la.Let(other, la.Var(one)) if self._random.random() < 0.5 else make
        chosen = la.If(la.Same(la.Var(known[0]), la.Const(self._value())), (same,), (make,))
        first = la.Let(into, la.Const(0))
        return [
            la.Make(one, kind, items),
            chosen,
            first,
            la.Next(into, one),
            self._ask("_", known, (*plain, into)),
            la.Next(into, other),
            self._set(la.Repr(la.Var(into))),
        ]

    def _list(self, known: tuple[str, ...], plain: tuple[str, ...]) -> list[la.Statement]:
        """A list, and another name of it, or another empty one."""
        one, other = self._fresh("xs"), self._fresh("xs")
        share = la.If(
            la.Same(la.Var(known[0]), la.Const(self._value())),
            (la.Let(other, la.Var(one)),),
            (la.Make(other, "empty list"),),
        )
        return [
            la.Make(one, "empty list"),
            share,
            self._ask("_", known, plain),
            la.Append(one, la.Const(self._value())),
            self._ask("_", known, plain),
            self._set(la.Length(la.Var(other))),
        ]

    def _closure(self, known: tuple[str, ...], plain: tuple[str, ...]) -> list[la.Statement]:
        name, into = self._fresh("tick"), self._fresh("got")
        what = self._random.choice(("counter", "switch", "memory"))
        items = (self._value(), self._value()) if what == "switch" else ()
        argument = la.Const(self._value()) if what == "memory" else None
        body = (la.Tick(into, name, argument), self._ask("_", known, plain), self._set(la.Repr(la.Var(into))))
        return [la.Make(name, what, items), la.For(self._fresh("each"), "range", (0, 0), body)]

    # Requests

    def _ask(self, into: str, known: tuple[str, ...] = (), plain: tuple[str, ...] = ()) -> la.Ask:
        self._asks += 1
        drawn = self._random.random()
        first = self._operation(known, plain)
        if drawn < self._style.joint / 2:
            return la.Ask(self._together(first, self._operation(known, plain)), into)
        if drawn < self._style.joint:
            second: la.Op | la.Together = self._operation(known, plain)
            if self._random.random() < 0.2:
                second = self._together(self._operation(known, plain), self._operation(known, plain))
            return la.Ask(la.Either((first, second)), into)
        return la.Ask(first, into)

    def _together(self, first: la.Op, second: la.Op) -> la.Together:
        """What happens at one instant is one step, and has one label."""
        return la.Together((first, replace(second, label=None) if first.label else second))

    def _set(self, value: la.Expr) -> la.Ask:
        return la.Ask(la.Op(self._random.choice(self._cells), "set", (value,)))

    def _operation(self, known: tuple[str, ...], plain: tuple[str, ...]) -> la.Op:
        name = self._random.choice(self._style.operations)
        label = f"L{self._random.randint(0, 9)}" if self._random.random() < 0.2 else None
        arguments: tuple[la.Expr, ...] = ()
        if name == "add":
            arguments = (la.Const(self._random.randint(1, 2)),)
        elif name != "get":
            arguments = (self._expression(known, plain),)
        return la.Op(self._random.choice(self._cells), name, arguments, label)

    def _expression(self, known: tuple[str, ...], plain: tuple[str, ...]) -> la.Expr:
        drawn = self._random.random()
        if plain and drawn < 0.3:
            return la.Repr(la.Var(self._random.choice(plain)))
        if known and drawn > 0.9:
            return la.Var(self._random.choice(known))
        return la.Const(self._value())

    def _value(self) -> Any:
        return self._random.choice(self._style.values)

    def _items(self) -> tuple[Any, ...]:
        """Return two or three items; often all the same, so that only the iterator tells how far a loop is."""
        number = self._random.randint(2, 3)
        if self._random.random() < 0.5:
            return (self._value(),) * number
        return tuple(self._value() for _ in range(number))


def _allowed(kind: str) -> str:
    """Return a kind of iterable, or one that holds no function in its place; no other draw depends on which."""
    return kind if FUNCTIONS_ARE_TOLD_BY_VALUE or kind not in HOLDING_FUNCTIONS else "tuple"
