"""What was given as an object, and the references by which it is found again in this process.

One that a module gives a name to is found by that name in any process; one that was made on the way only in this one,
and in those that are forked from it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, TypeAlias

from deadheat.models.design import Design
from deadheat.models.protocols import PROTOCOLS
from deadheat.models.system import Protocol
from deadheat.scenarios.user_code import SUFFIX
from deadheat.sim.model import Model
from deadheat.sim.places import shown

__all__ = ["given", "reference_to"]

Given: TypeAlias = Protocol | Design[Any] | Model

_GIVEN: dict[str, Given] = {}


def given(reference: str) -> Given | None:
    """Return the object that was given under this reference, if one was."""
    return _GIVEN.get(reference)


def reference_to(protocol: Given) -> str:
    """Return a reference to an object, the same each time; from now on it means this object, in this process."""
    own: list[tuple[str, Given]] = [(each.name, each) for each in PROTOCOLS]
    known = next((reference for reference, each in (*own, *_GIVEN.items()) if each is protocol), None)
    if known is not None:
        return known
    # A name that is bound again may have been given for another object.
    free = (each for each in _names_of(protocol) if each not in _GIVEN)
    reference = next(free, None) or _made_up(protocol)
    _GIVEN[reference] = protocol
    return reference


def _names_of(protocol: Given) -> Iterator[str]:
    """Yield where modules name the object: the module that it was made in, as far as that can be told, first."""
    modules = sorted(sys.modules.items(), key=lambda item: item[0] != _made_in(protocol))
    for module_name, module in modules:
        for name, value in list(getattr(module, "__dict__", {}).items()):
            if value is protocol and name.isidentifier():
                file = getattr(module, "__file__", None)
                spec = getattr(module, "__spec__", None)
                if module_name != "__main__" and spec is not None and spec.loader is not None:
                    yield f"{module_name}:{name}"
                elif file is not None and file.endswith(SUFFIX):
                    yield f"{shown(file)}:{name}"


def _made_in(protocol: Given) -> str:
    if isinstance(protocol, Protocol):
        return protocol.worker.__module__
    functions = (
        [each.function for each in protocol.roles]
        if isinstance(protocol, Design)
        else [each.role for each in protocol.processes]
    )
    return functions[0].__module__ if functions else ""


def _made_up(protocol: Given) -> str:
    """Return a reference that no text of a user's means, and no other object has."""
    plain = (
        getattr(protocol, "name", "model")
        .replace("+", " and ")
        .replace("~", " mutant ")
        .replace(":", " ")
        .replace("%", " ")
    )
    names = (f"<{plain}>" if number == 1 else f"<{plain} {number}>" for number in range(1, len(_GIVEN) + 2))
    return next(name for name in names if name not in _GIVEN)
