"""Runs the programs of `language`, one request at a time, with explicit program counters, variables and objects.

Where a program stands is a value: frames, each with its variables and a stack of what it has yet to do, and a heap of
the objects that change. Objects are numbered in the order in which they are come upon, so that two positions have equal
`repr`s exactly if the same is shared in both and all holds the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from tests.oracle import language as la
from tests.oracle.rules import Rules

FUEL = 2_000


class Ref(NamedTuple):
    """Names an object on the heap."""

    number: int


class Asked(NamedTuple):
    """An operation that is asked for, with the values of its arguments."""

    component: str
    name: str
    arguments: tuple[Any, ...]
    label: str | None


Alternative = tuple[Asked, ...]
"""Operations that happen together."""


class Position(NamedTuple):
    """Where a program stands when it waits: what it asks for, whether one operation or a tuple, and how it goes on."""

    alternatives: tuple[Alternative, ...]
    single: tuple[bool, ...]
    chooses: bool
    frames: tuple[Any, ...]
    heap: tuple[Any, ...]


@dataclass(slots=True)
class _Frame:
    variables: dict[str, Any]
    todo: list[tuple[Any, ...]]
    into: str


class Interpreter:
    """Runs one program. Blocks of statements are known by number, and a program counter is a block and a place."""

    def __init__(self, program: la.Program, arguments: tuple[Any, ...], rules: Rules) -> None:
        self._program = {each.name: each for each in program.routines}
        self._arguments = arguments
        self._rules = rules
        self._blocks: list[tuple[la.Statement, ...]] = []
        self._numbers: dict[int, int] = {}
        for routine in program.routines:
            self._number(routine.body)

    def _number(self, block: tuple[la.Statement, ...]) -> None:
        self._numbers.setdefault(id(block), len(self._blocks))
        self._blocks.append(block)
        for statement in block:
            for inner in la.blocks(statement):
                self._number(inner)

    def begin(self) -> Position | None:
        """Return where the program first waits; None if it returns without."""
        first = next(iter(self._program.values()))
        variables = dict(zip(first.parameters, self._arguments, strict=True))
        return _Run(self, [_Frame(variables, [self.enter(first.body)], "_")], []).go_on()

    def answer(self, position: Position, alternative: int, outcomes: tuple[Any, ...]) -> Position | None:
        """Return where the program waits next, once one of its alternatives was answered; None if it returned."""
        run = self._run_at(position)
        outcome = outcomes[0] if position.single[alternative] else outcomes
        run.assign_answer(outcome, alternative if position.chooses else None)
        return run.go_on()

    def abandon(self, position: Position) -> Position | None:
        """Return where the program waits next if it is made to return here, and its `finally` blocks run."""
        run = self._run_at(position)
        run.frames[-1].todo.pop()
        del run.frames[1:]
        run.unwind(("return", None))
        return run.go_on()

    def _run_at(self, position: Position) -> _Run:
        frames = [_Frame(dict(variables), list(todo), into) for variables, todo, into in position.frames]
        return _Run(self, frames, [list(each) for each in position.heap])

    def enter(self, block: tuple[la.Statement, ...]) -> tuple[Any, ...]:
        """Return the task of running a block."""
        return ("block", self._numbers[id(block)], 0)

    def block(self, number: int) -> tuple[la.Statement, ...]:
        """Return a block by its number."""
        return self._blocks[number]

    def routine(self, name: str) -> la.Routine:
        """Return a routine by its name."""
        return self._program[name]

    @property
    def rules(self) -> Rules:
        """The rules that it goes by."""
        return self._rules


class _Run:
    """A program at work, until it waits again."""

    def __init__(self, interpreter: Interpreter, frames: list[_Frame], heap: list[Any]) -> None:
        self.interpreter = interpreter
        self.frames = frames
        self.heap = heap

    # Going on

    def go_on(self) -> Position | None:
        for _ in range(FUEL):
            if not self.frames:
                return None
            todo = self.frames[-1].todo
            if not todo:
                self.unwind(("return", None))
                continue
            request = self._do(todo.pop())
            if request is not None:
                return self._position(request)
        raise AssertionError("a program that asks for nothing and does not end")

    def _do(self, task: tuple[Any, ...]) -> la.Request | None:
        todo = self.frames[-1].todo
        if task[0] == "block":
            _, number, place = task
            block = self.interpreter.block(number)
            if place < len(block):
                todo.append(("block", number, place + 1))
                return self._execute(block[place], (number, place))
        elif task[0] == "while":
            statement = self._statement(task)
            if self.evaluate(statement.condition):
                todo += [task, self.interpreter.enter(statement.body)]
        elif task[0] == "for":
            statement = self._statement(task)
            item = self._advance(task[3])
            if item:
                self.variables[statement.name] = item[0]
                todo += [task, self.interpreter.enter(statement.body)]
        elif task[0] == "finally":
            todo.append(self.interpreter.enter(self._statement(task).final))
        else:
            assert task[0] == "resume"
            self.unwind(task[1])
        return None

    def _statement(self, task: tuple[Any, ...]) -> Any:
        return self.interpreter.block(task[1])[task[2]]

    def unwind(self, completion: tuple[str, Any]) -> None:
        """Leave what is left by a return, a break or a continue, as far as the next `finally`."""
        frame = self.frames[-1]
        while frame.todo:
            task = frame.todo.pop()
            if task[0] == "finally":
                frame.todo += [("resume", completion), self.interpreter.enter(self._statement(task).final)]
                return
            if task[0] in ("for", "while") and completion[0] != "return":
                if completion[0] == "continue":
                    frame.todo.append(task)
                return
        self.frames.pop()
        if self.frames:
            self.variables[frame.into] = completion[1]

    @property
    def variables(self) -> dict[str, Any]:
        return self.frames[-1].variables

    # Statements

    def _execute(self, statement: la.Statement, at: tuple[int, int]) -> la.Request | None:  # noqa: C901 - a case each
        todo, variables = self.frames[-1].todo, self.variables
        match statement:
            case la.Ask(request, into):
                todo.append(("answer", into))
                return request
            case la.Let(name, value):
                variables[name] = self.evaluate(value)
            case la.Make(name, what, items):
                variables[name] = self._make(what, items)
            case la.Append(name, value):
                self.heap[variables[name].number].append(self.evaluate(value))
            case la.Next(into, advanced, default):
                item = self._advance(variables[advanced])
                variables[into] = item[0] if item else default
            case la.Tick(into, closure, argument):
                variables[into] = self._call(variables[closure], None if argument is None else self.evaluate(argument))
            case la.If(condition, then, otherwise):
                todo.append(self.interpreter.enter(then if self.evaluate(condition) else otherwise))
            case la.While():
                todo.append(("while", *at))
            case la.For(_, kind, items):
                todo.append(("for", *at, variables[items[0]] if kind == "variable" else self._make(kind, items)))
            case la.Try(body):
                todo += [("finally", *at), self.interpreter.enter(body)]
            case la.Call(name, arguments, into):
                called = self.interpreter.routine(name)
                given = dict(zip(called.parameters, map(self.evaluate, arguments), strict=True))
                self.frames.append(_Frame(given, [self.interpreter.enter(called.body)], into))
            case la.Return(value):
                self.unwind(("return", self.evaluate(value)))
            case la.Break():
                self.unwind(("break", None))
            case la.Continue():
                self.unwind(("continue", None))
        return None

    def _make(self, what: str, items: tuple[Any, ...]) -> Ref:
        if what == "empty list":
            self.heap.append(["list"])
        elif what in ("counter", "switch", "memory"):
            self.heap.append([what, items, 0])
        else:
            self.heap.append(["iterator", la.elements(what, items), 0])
        return Ref(len(self.heap) - 1)

    def _advance(self, iterator: Ref) -> tuple[Any, ...]:
        """Return the iterator's next item, as a tuple of it; empty if there is none."""
        content = self.heap[iterator.number]
        _, items, place = content
        content[2] = min(place + 1, len(items))
        return tuple(items[place : place + 1])

    def _call(self, closure: Ref, argument: Any) -> Any:
        content = self.heap[closure.number]
        what, items, kept = content
        if what == "counter":
            content[2] = (kept + 1) % la.MODULUS
            return content[2]
        if what == "switch":
            content[2] = 1 - kept
            return items[content[2]]
        content[2] = argument
        return kept

    # Expressions

    def evaluate(self, expression: la.Expr) -> Any:
        match expression:
            case la.Const(value):
                return value
            case la.Var(name):
                return self.variables[name]
            case la.Repr(of):
                return repr(self.evaluate(of))
            case la.Item(of, index):
                return self.evaluate(of)[index]
            case la.Sum(left, right):
                return (self.evaluate(left) + self.evaluate(right)) % la.MODULUS
            case la.Same(left, right):
                return self.evaluate(left) == self.evaluate(right)
            case la.Length(of):
                return (len(self.heap[self.evaluate(of).number]) - 1) % la.MODULUS
            case la.Joined(of, text):
                return self.evaluate(of) + text

    # Requests and answers

    def _position(self, request: la.Request) -> Position:
        requests = request.requests if isinstance(request, la.Either) else (request,)
        alternatives = tuple(
            tuple(map(self._asked, each.operations if isinstance(each, la.Together) else (each,))) for each in requests
        )
        single = tuple(not isinstance(each, la.Together) for each in requests)
        frames, heap = _Canonical(self.heap, self.interpreter.rules).of(self.frames)
        return Position(alternatives, single, isinstance(request, la.Either), frames, heap)

    def _asked(self, operation: la.Op) -> Asked:
        arguments = tuple(map(self.evaluate, operation.arguments))
        return Asked(self.evaluate(operation.component), operation.name, arguments, operation.label)

    def assign_answer(self, outcome: Any, which: int | None) -> None:
        frame = self.frames[-1]
        _, into = frame.todo.pop()
        frame.variables[into] = outcome
        if which is not None:
            frame.variables[f"{into}_which"] = which


class _Canonical:
    """Numbers the objects that frames lead to, in the order in which they are come upon."""

    def __init__(self, heap: list[Any], rules: Rules) -> None:
        self._heap = heap
        self._rules = rules
        self._met: dict[int, int] = {}

    def of(self, frames: list[_Frame]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Return the frames and their heap as values."""
        walked = tuple(
            (
                tuple((name, self._walk(value)) for name, value in sorted(frame.variables.items())),
                tuple(self._walk(task) for task in frame.todo),
                frame.into,
            )
            for frame in frames
        )
        return walked, tuple(self._content(number) for number in self._met)

    def _walk(self, value: Any) -> Any:
        if isinstance(value, Ref):
            if not self._rules.what_is_shared_matters:
                self._met[len(self._met)] = value.number
                return Ref(len(self._met) - 1)
            return Ref(self._met.setdefault(value.number, len(self._met)))
        if type(value) is tuple:
            return tuple(map(self._walk, value))
        return value

    def _content(self, number: int) -> tuple[Any, ...]:
        return tuple(self._heap[number if self._rules.what_is_shared_matters else self._met[number]])
