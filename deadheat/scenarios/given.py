"""Protocols that were given as objects, and the references by which they are found again in this process.

One that a module gives a name to is found by that name in any process; one that was made on the way only in this one,
and in those that are forked from it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from deadheat.models.protocols import PROTOCOLS
from deadheat.models.system import Protocol
from deadheat.scenarios.user_code import SUFFIX
from deadheat.sim.places import shown

__all__ = ["given", "reference_to"]

_GIVEN: dict[str, Protocol] = {}


def given(reference: str) -> Protocol | None:
    """Return the object that was given under this reference, if one was."""
    return _GIVEN.get(reference)


def reference_to(protocol: Protocol) -> str:
    """Return a reference to an object, the same each time; from now on it means this object, in this process."""
    own = ((each.name, each) for each in PROTOCOLS)
    known = next((reference for reference, each in (*own, *_GIVEN.items()) if each is protocol), None)
    if known is not None:
        return known
    # A name that is bound again may have been given for another object.
    free = (each for each in _names_of(protocol) if each not in _GIVEN)
    reference = next(free, None) or _made_up(protocol)
    _GIVEN[reference] = protocol
    return reference


def _names_of(protocol: Protocol) -> Iterator[str]:
    """Yield where modules name the object: the module that it was made in, as far as that can be told, first."""
    modules = sorted(sys.modules.items(), key=lambda item: item[0] != protocol.worker.__module__)
    for module_name, module in modules:
        for name, value in list(getattr(module, "__dict__", {}).items()):
            if value is protocol and name.isidentifier():
                file = getattr(module, "__file__", None)
                spec = getattr(module, "__spec__", None)
                if module_name != "__main__" and spec is not None and spec.loader is not None:
                    yield f"{module_name}:{name}"
                elif file is not None and file.endswith(SUFFIX):
                    yield f"{shown(file)}:{name}"


def _made_up(protocol: Protocol) -> str:
    """Return a reference that no text of a user's means, and no other object has."""
    plain = protocol.name.replace("+", " and ").replace("~", " mutant ").replace(":", " ")
    names = (f"<{plain}>" if number == 1 else f"<{plain} {number}>" for number in range(1, len(_GIVEN) + 2))
    return next(name for name in names if name not in _GIVEN)
