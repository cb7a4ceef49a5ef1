"""What Python says of a mistake, said so that one knows what to do: with the nearest name, and in the user's words."""

from __future__ import annotations

import builtins
import difflib
import inspect
import re
import sys
import traceback
from collections.abc import Iterable, Mapping, Sequence
from enum import EnumType
from types import ModuleType
from typing import Any

from deadheat.sim.components import Component, operations_in

__all__ = ["did_you_mean", "not_taken", "said", "sentence"]

NO_ATTRIBUTE = "has no attribute"
NO_IMPORT = re.compile(r"cannot import name '(?P<name>\w+)' from '(?P<module>[\w.]+)'")
NO_KEYWORD = re.compile(r"(?P<called>[\w.]+)\(\) got an unexpected keyword argument '(?P<name>\w+)'$")
NOT_ITERABLE = re.compile(r"'(?:Operation|Outside|Atomic|Block|AnyOf)' object is not iterable$")
NO_ARGUMENT = re.compile(r"(?P<class>\w+)\.(?P<name>\w+)\(\) (?:missing|takes) ")


def said(error: BaseException) -> str | None:
    """Return what is wrong where Python itself has found a name, or an argument, that there is not; None for others."""
    match error:
        case AttributeError(name=str(name)) if NO_ATTRIBUTE in str(error) or isinstance(error.obj, EnumType):
            return _no_attribute(error.obj, name)
        case NameError(name=str(name)):
            frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
            near = [each for frame in frames[-1:] for each in (frame.f_locals, frame.f_globals, vars(builtins))]
            there = (did_you_mean(name, known) for known in near)
            return f"there is no {name!r}{next(filter(None, there), '')}"
        case ImportError() if found := NO_IMPORT.match(str(error)):
            there_is = did_you_mean(found["name"], _public(sys.modules.get(found["module"])))
            return f"there is no {found['name']!r} in {found['module']}{there_is}"
        case TypeError():
            return _wrong_call(error)
        case StopIteration():
            return "it raised StopIteration; write `return` in its place"
    return None


def not_taken(function: Any, arguments: Sequence[Any]) -> str | None:
    """Return the parameters of a function as text, where it does not take so many arguments."""
    try:
        taken = inspect.signature(function)
    except (TypeError, ValueError):
        return None
    try:
        taken.bind(*arguments)
    except TypeError:
        return f"({', '.join(taken.parameters)})"
    return None


def sentence(text: str) -> str:
    """Return a text with its full stop, if it does not end already."""
    return text if text.endswith(("?", ".")) else f"{text}."


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean get?`, or nothing where no name is near."""
    nearest = difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(nearest)}?" if nearest else ""


def _no_attribute(given: Any, name: str) -> str:
    if isinstance(given, Component) and name == "name":
        return f"a {type(given).__name__} has no name; call super().__init__(name) in {type(given).__name__}.__init__"
    if isinstance(given, Component):
        operations = list(operations_in(type(given)))
        there = did_you_mean(name, operations) or f"; it has {', '.join(operations) or 'none'}"
        return f"{type(given).__name__} has no operation {name!r}{there}"
    of = given.__name__ if isinstance(given, ModuleType | type) else type(given).__name__
    return f"{'None' if given is None else of} has no {name!r}{did_you_mean(name, _public(given))}"


def _wrong_call(error: TypeError) -> str | None:
    """Say what a call went wrong by: a misspelt parameter, or a step of a component that is no operation."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    known = {**frames[-1].f_globals, **frames[-1].f_locals} if frames else {}
    if found := NO_KEYWORD.search(str(error)):
        path = found["called"].removesuffix(".__init__")
        try:
            there = did_you_mean(found["name"], inspect.signature(_found(path, known)).parameters)
        except (TypeError, ValueError):
            there = ""
        return f"{path}() takes no {found['name']!r}{there}"
    if NOT_ITERABLE.search(str(error)):
        return "one request was taken for several; write `yield` before it, without `from`"
    found = NO_ARGUMENT.search(str(error))
    kind = known.get(found["class"]) if found else None
    if found and isinstance(kind, type) and issubclass(kind, Component):
        if kind.__module__.partition(".")[0] == __name__.partition(".")[0]:
            taken = [*inspect.signature(getattr(kind, found["name"])).parameters][1:]
            return f"{found['class']}.{found['name']} was called with the wrong arguments; it takes {', '.join(taken)}"
        return f"{found['class']}.{found['name']} is a method and no operation; write `@operation` above it"
    return None


def _found(path: str, known: Mapping[str, Any]) -> Any:
    """Return what a dotted name stands for: where it was called, or in what a user imports from us."""
    first, *others = path.split(".")
    found = known.get(first)
    for module in ("deadheat", "deadheat.library"):
        if found is None and module in sys.modules and first in getattr(sys.modules[module], "__all__", ()):
            found = getattr(sys.modules[module], first)
    for name in others:
        found = getattr(found, name, None)
    return found


def _public(value: Any) -> list[str]:
    names = getattr(value, "__all__", None) if isinstance(value, ModuleType) else None
    return [each for each in names or dir(value) if not each.startswith("_")]
