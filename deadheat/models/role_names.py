"""How the roles of any model are called."""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any

from deadheat.sim.model import Model, Process

__all__ = ["named_roles"]


def named_roles(model: Model) -> Callable[[Process], str | None]:
    """Return how the roles of a model's processes are called: as its design calls them, or as their functions are.

    Processes that run one function run one role. Where functions of several files or lines have one name, these are
    told too.
    """
    places: dict[str, set[str]] = defaultdict(set)
    for process in model.processes:
        places[_name(process)].add(_place(process))

    def role(process: Process) -> str | None:
        if process.is_environment:
            return None
        name = _name(process)
        return name if process.part or len(places[name]) == 1 else f"{name} ({_place(process)})"

    return role


def _name(process: Process) -> str:
    return process.part or getattr(_function(process), "__name__", type(process.role).__name__)


def _place(process: Process) -> str:
    code = getattr(_function(process), "__code__", None)
    return f"{code.co_filename.rpartition('/')[2]}:{code.co_firstlineno}" if code else type(process.role).__name__


def _function(process: Process) -> Callable[..., Any]:
    function: Callable[..., Any] = process.role
    while isinstance(function, partial):
        function = function.func
    unwrapped: Callable[..., Any] = inspect.unwrap(function)
    return unwrapped
