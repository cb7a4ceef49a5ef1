"""Generator functions that are called and left alone: a forgotten `yield from` does nothing, and looks as if it did."""

from __future__ import annotations

import ast
import inspect
import linecache
import textwrap
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any

from deadheat.sim.errors import ModelError
from deadheat.sim.places import Place, source_of

__all__ = ["require_delegation"]


def require_delegation(function: FunctionType) -> None:
    """Raise ModelError if a function calls a generator function, and does nothing with the generator.

    That is so where the call is a statement of its own, or where of the generator no more is asked than whether it is
    true or the same as something, at once or under a name that it was given. Only what a function names by a global, by
    its closure or in a module is known; nothing is said without its source.
    """
    linecache.lazycache(function.__code__.co_filename, function.__globals__)
    for path, line in _calls_left_alone(function.__code__):
        if inspect.isgeneratorfunction(_found(function, path)):
            raise ModelError(
                f"The call of {'.'.join(path)} in {Place.in_code(function.__code__, line)} drops what it returns, so "
                "nothing of it happens; write `yield from` before it."
            )


@lru_cache(maxsize=4_096)
def _calls_left_alone(code: CodeType) -> tuple[tuple[tuple[str, ...], int], ...]:
    """Return the names of what is called for nothing that a generator could give, each with its line in the file."""
    try:
        tree = ast.parse(textwrap.dedent(source_of(code)))
    except (OSError, SyntaxError, TypeError):
        return ()
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_left_alone(node, parents))
    named = ((tuple(_names(call.func)), call.lineno + code.co_firstlineno - 1) for call in calls)
    return tuple((path, line) for path, line in named if path)


def _is_left_alone(node: ast.expr, parents: Mapping[ast.AST, ast.AST]) -> bool:
    """Return whether nothing is done with the value of an expression that could be done with a generator alone."""
    parent = parents[node]
    match parent:
        case ast.Expr() | ast.Compare() | ast.UnaryOp(op=ast.Not()):
            return True
        case ast.BoolOp(op=ast.And(), values=[*tested, _]) if node in tested:
            return True
        case ast.BoolOp():
            return _is_left_alone(parent, parents)
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) | ast.Assert(test=test):
            return test is node
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return _is_never_used(name, parent, parents)
    return False


def _is_never_used(name: str, assignment: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> bool:
    """Return whether the function in which a name is given to something asks for no more than whether it is true."""
    function = assignment
    while function in parents:
        function = parents[function]
    uses = [each for each in ast.walk(function) if isinstance(each, ast.Name) and each.id == name]
    arguments = [each for each in ast.walk(function) if isinstance(each, ast.arg) and each.arg == name]
    loads = [each for each in uses if isinstance(each.ctx, ast.Load)]
    return len(uses) == len(loads) + 1 and not arguments and all(_is_left_alone(each, parents) for each in loads)


def _names(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Attribute):
        before = list(_names(node.value))
        if before:
            yield from (*before, node.attr)
    elif isinstance(node, ast.Name):
        yield node.id


def _found(function: FunctionType, path: tuple[str, ...]) -> Any:
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    first, *others = path
    try:
        found = cells[first].cell_contents if first in cells else function.__globals__.get(first)
    except ValueError:  # an empty cell
        return None
    for name in others:
        found = inspect.getattr_static(found, name, None)
    return found
