"""Turns a system of the oracle's language into what a user of deadheat writes: generator functions and components."""

from __future__ import annotations

import linecache
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from deadheat.sim.components import BLOCKED, Component, Step, Steps, operation
from deadheat.sim.faults import Fault
from deadheat.sim.model import Crash, Kind, Model, Part, Process, Property, View
from deadheat.sim.operations import Atomic, Label, Operation, RoleFunction, any_of, atomically
from tests.oracle import language as la

# Components


class Cell(Component):
    """A value that is read, written, awaited, and fails at times."""

    faults = (Fault("glitch", "it fails at times", "a test"),)

    def __init__(self, name: str, initial: Any) -> None:
        super().__init__(name)
        self.initial = initial

    @operation
    def get(self, value: Any) -> Steps:
        return (Step(value, value),)

    @operation
    def set(self, value: Any, new: Any) -> Steps:
        return (Step(None, new),)

    @operation
    def add(self, value: Any, by: int) -> Steps:
        return (Step(None, (value + by) % 3 if isinstance(value, int) else value),)

    @operation
    def wait_for(self, value: Any, wanted: Any) -> Steps:
        return (Step(None, value),) if value == wanted else BLOCKED

    @operation
    def take(self, value: Any, new: Any) -> Steps:
        return BLOCKED if value == new else (Step(value, new),)

    @operation
    def toss(self, value: Any, other: Any) -> Steps:
        return (Step(0, value), Step(1, other))

    @operation
    def stale(self, value: Any, old: Any) -> Steps:
        return (Step(value, value), Step(old, value, fault="glitch"))

    @operation
    def flaky(self, value: Any, new: Any) -> Steps:
        return (Step(None, new), Step("failed", value, fault="glitch"))

    @operation
    def hit(self, value: Any, new: Any) -> Steps:
        return (Step(None, new, fault="glitch"),)


class Holder(Component):
    """Held by one name at a time."""

    @operation
    def take(self, value: str | None, who: str) -> Steps:
        return BLOCKED if value is not None else (Step(None, who),)

    @operation
    def try_(self, value: str | None, who: str) -> Steps:
        return (Step(value, value or who),)

    @operation
    def release(self, value: str | None, who: str) -> Steps:
        return (Step(None, value if value != who else None),)


class Line(Component):
    """Names that wait, in the order in which they came."""

    initial: tuple[str, ...] = ()

    @operation
    def join(self, value: tuple[str, ...], who: str) -> Steps:
        return (Step(None, (*value, who) if who not in value else value),)

    @operation
    def first(self, value: tuple[str, ...]) -> Steps:
        return (Step(value[0], value[1:]),) if value else BLOCKED

    @operation
    def least(self, value: tuple[str, ...]) -> Steps:
        return (Step(min(value), tuple(each for each in value if each != min(value))),) if value else BLOCKED

    @operation
    def any(self, value: tuple[str, ...]) -> Steps:
        return tuple(Step(who, tuple(each for each in value if each != who)) for who in value)


@dataclass(frozen=True)
class Shelf:
    """The components that a role talks to, by name."""

    parts: tuple[Component, ...]

    def __getitem__(self, name: str) -> Any:
        return next(each for each in self.parts if each.name == name)


def _component(part: la.Part) -> Component:
    if part.kind == "cell":
        return Cell(part.name, part.initial)
    return {"holder": Holder, "line": Line}[part.kind](part.name)


def _method(name: str) -> str:
    return "try_" if name == "try" else name


# Programs, as Python

PRELUDE = """
def counter():
    n = 0
    def tick():
        nonlocal n
        n = (n + 1) % 3
        return n
    return tick

def counting():
    n = 0
    def tick():
        nonlocal n
        n += 1
        return n
    return tick

def switch(first, second):
    on = 0
    def tick():
        nonlocal on
        on = 1 - on
        return second if on else first
    return tick

def memory():
    last = 0
    def tick(new):
        nonlocal last
        before, last = last, new
        return before
    return tick
"""


def source(program: la.Program) -> str:
    """Return a program as Python source."""
    return "\n".join(line for routine in program.routines for line in _routine(routine))


def _routine(routine: la.Routine) -> Iterator[str]:
    yield f"def {routine.name}({', '.join(('system', *routine.parameters))}):"
    yield from _block(routine.body, 1)
    if not any(isinstance(each, la.Ask | la.Call) for each in la.statements(routine.body)):
        yield "    if False: yield"
    yield ""


def _block(body: tuple[la.Statement, ...], depth: int) -> Iterator[str]:
    indent = "    " * depth
    if not body:
        yield f"{indent}pass"
    for statement in body:
        for line in _statement(statement):
            yield indent + line


def _statement(statement: la.Statement) -> Iterator[str]:  # noqa: C901 - a case each
    match statement:
        case la.Ask(request, into):
            told = f"{into}_which, {into}" if isinstance(request, la.Either) else into
            yield f"{told} = yield {_request(request)}"
        case la.Let(name, value):
            yield f"{name} = {_expression(value)}"
        case la.Make(name, what, items):
            yield f"{name} = {_made(what, items)}"
        case la.Append(name, value):
            yield f"{name}.append({_expression(value)})"
        case la.Next(into, iterator, default):
            yield f"{into} = next({iterator}, {default!r})"
        case la.Tick(into, closure, argument):
            yield f"{into} = {closure}({'' if argument is None else _expression(argument)})"
        case la.If(condition, then, otherwise):
            yield f"if {_expression(condition)}:"
            yield from _block(then, 1)
            if otherwise:
                yield "else:"
                yield from _block(otherwise, 1)
        case la.While(condition, body):
            yield f"while {_expression(condition)}:"
            yield from _block(body, 1)
        case la.For(name, kind, items, body):
            yield f"for {name} in {items[0] if kind == 'variable' else _iterable(kind, items)}:"
            yield from _block(body, 1)
        case la.Try(body, final):
            yield "try:"
            yield from _block(body, 1)
            yield "finally:"
            yield from _block(final, 1)
        case la.Call(routine, arguments, into):
            yield f"{into} = yield from {routine}({', '.join(('system', *map(_expression, arguments)))})"
        case la.Return(value):
            yield f"return {_expression(value)}"
        case la.Break():
            yield "break"
        case la.Continue():
            yield "continue"


def _request(request: la.Request) -> str:
    if isinstance(request, la.Either):
        return f"any_of({', '.join(map(_request, request.requests))})"
    if isinstance(request, la.Together):
        return f"atomically({', '.join(map(_request, request.operations))})"
    asked = f"system[{_expression(request.component)}].{_method(request.name)}"
    asked += f"({', '.join(map(_expression, request.arguments))})"
    return asked if request.label is None else f"label({request.label!r})({asked})"


def _expression(expression: la.Expr) -> str:
    match expression:
        case la.Const(complex() as value):
            return f"complex({value.real!r}, {value.imag!r})"  # its `repr` read again has other zeros
        case la.Const(value):
            return repr(value)
        case la.Var(name):
            return name
        case la.Repr(of):
            return f"repr({_expression(of)})"
        case la.Item(of, index):
            return f"{_expression(of)}[{index}]"
        case la.Sum(left, right):
            return f"(({_expression(left)} + {_expression(right)}) % {la.MODULUS})"
        case la.Same(left, right):
            return f"({_expression(left)} == {_expression(right)})"
        case la.Length(of):
            return f"(len({_expression(of)}) % {la.MODULUS})"
        case la.Joined(of, text):
            return f"({_expression(of)} + {text!r})"


def _made(what: str, items: tuple[Any, ...]) -> str:
    if what == "empty list":
        return "[]"
    if what in ("counter", "switch", "memory"):
        return f"{what}({', '.join(map(repr, items))})"
    return f"iter({_iterable(what, items)})"


def _iterable(kind: str, items: tuple[Any, ...]) -> str:
    keys = "abcdefgh"[: len(items)]
    mapping = "{" + ", ".join(f"{key!r}: {item!r}" for key, item in zip(keys, items, strict=True)) + "}"
    return {
        "tuple": repr(items),
        "list": repr(list(items)),
        "range": f"range({len(items)})",
        "str": repr(keys),
        "bytes": f"bytes(range({len(items)}))",
        "dict": mapping,
        "keys": f"{mapping}.keys()",
        "values": f"{mapping}.values()",
        "items": f"{mapping}.items()",
        "enumerate": f"enumerate({items!r})",
        "reversed": f"reversed({items!r})",
        "zip": f"zip({items!r}, {items[::-1]!r})",
        "map": f"map(repr, {items!r})",
        "generator": f"(each for each in {items!r})",
        "iter": f"iter({items!r})",
        "until": f"iter(counting(), {len(items) + 1})",
    }[kind]


_numbers = count()


def role(program: la.Program) -> RoleFunction:
    """Return the generator function that a program is."""
    text = PRELUDE + source(program)
    name = f"<program {next(_numbers)}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    names: dict[str, Any] = {
        "re": re,
        "any_of": any_of,
        "atomically": atomically,
        "label": lambda name: Label(name, name),
    }
    exec(compile(text, name, "exec"), names)
    made: RoleFunction = names[program.routines[0].name]
    return made


# Models


def model(system: la.System) -> Model:
    """Return the model that a system is."""
    components = {part.name: _component(part) for part in system.parts}
    shelf = Shelf(tuple(components.values()))
    roles: dict[int, RoleFunction] = {}  # by identity: programs that say 0 and False compare equal
    processes = []
    for proc in system.processes:
        made = roles[id(proc.program)] = roles.get(id(proc.program)) or role(proc.program)
        kills = tuple(Crash(each.kind, each.restarts, _consequences(each, components)) for each in proc.kills)
        processes.append(Process(proc.name, made, (shelf, *proc.arguments), proc.repeats, proc.owed, kills))
    return Model(
        components,
        tuple(processes),
        tuple(map(_property, system.claims)),
        dict(system.budgets),
        system.quiet,
        system.interchangeable,
    )


def _consequences(kill: la.Kill, components: dict[str, Component]) -> Atomic:
    return Atomic(tuple(_operation(each, components) for each in kill.consequences))


def _operation(operation: la.Op, components: dict[str, Component]) -> Operation:
    assert isinstance(operation.component, la.Const)
    arguments = [each.value for each in operation.arguments if isinstance(each, la.Const)]
    asked: Operation = getattr(components[operation.component.value], _method(operation.name))(*arguments)
    return asked


def _property(claim: la.Claim) -> Property:
    kind = Kind(claim.kind)
    return Property.of_parts(claim.name, "", kind, [Part(part.reads, _violation(kind, part)) for part in claim.parts])


def _violation(kind: Kind, bad: la.Bad) -> Callable[..., str | None]:
    def now(view: View) -> str | None:
        return "bad" if all(repr(view[name]) == text for name, text in bad.is_now) else None

    def step(before: View, after: View) -> str | None:
        if bad.must_change and [repr(before[name]) for name in bad.reads] == [repr(after[name]) for name in bad.reads]:
            return None
        if all(repr(before[name]) == text for name, text in bad.was):
            return now(after)
        return None

    return step if kind is Kind.STEP else now


def describe(system: la.System) -> str:
    """Return a system as text to read: what to replay it by, its programs as Python, and all that is around them."""
    lines = [f"family {system.family!r}, seed {system.seed}"]
    lines += [f"  {part.kind} {part.name} = {part.initial!r}" for part in system.parts]
    lines.append(f"  budgets {dict(system.budgets)}, quiet {system.quiet}, interchangeable {system.interchangeable}")
    lines += [f"  {claim.kind}: " + " or ".join(map(repr, claim.parts)) for claim in system.claims]
    for proc in system.processes:
        lines.append(
            f"  process {proc.name}{proc.arguments!r} repeats={proc.repeats} owed={proc.owed} kills={proc.kills!r}"
        )
        lines += ["    " + line for line in source(proc.program).splitlines()]
    return "\n".join(lines)
