"""What a model must be made of. A mistake in it is told when it is made, where that is, and not when it is run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from deadheat.sim.arguments import Wanted, wanted_types
from deadheat.sim.components import Component
from deadheat.sim.counting import a, with_article
from deadheat.sim.errors import ModelError, unknown_name
from deadheat.sim.faults import Fault

__all__ = ["require_mapping", "require_own_names", "require_parts", "require_reads", "require_role", "require_types"]

PLAIN: Mapping[type, str] = {
    bool: "True or False",
    int: "a whole number",
    str: "a text",
    Fault: "a Fault",
    Mapping: "a dict",
    type(None): "None",
}
"""What stands for itself in a declaration, in words; what else there may be is looked at where it is used."""


def require_mapping(what: str, given: Any) -> None:
    """Raise ModelError for what is no mapping."""
    if not isinstance(given, Mapping):
        raise ModelError(f"The {what} of a model are {a(given)}; give it a dict, by their names.")


def require_parts(what: str, given: Any, kind: type) -> None:
    """Raise ModelError for what is no sequence, or holds what is not of the kind."""
    if not isinstance(given, tuple | list):
        raise ModelError(
            f"The {what} of a model are no tuple but {a(given)}; write a tuple, and (one,) where there is one alone."
        )
    for each in given:
        if not isinstance(each, kind):
            raise ModelError(f"Among the {what} of a model is {a(each)}; let each be {with_article(kind.__name__)}.")


def require_role(process: str, role: Any) -> None:
    """Raise ModelError for a role that is no function; most likely it was called where it was to be named."""
    if not callable(role):
        raise ModelError(
            f"The role of the process {process!r} is {a(role)}; name the function itself, and give its arguments "
            "beside it."
        )


def require_own_names(components: Mapping[str, Component]) -> None:
    """Raise ModelError for a component that is kept under another name than its own: its operations ask for that."""
    for name, component in components.items():
        its_own = getattr(component, "name", None)
        kind = type(component).__name__
        if its_own is None:
            raise ModelError(f"The component {name!r} has no name; call super().__init__(name) in {kind}.__init__.")
        if name != its_own and not name.startswith(f"{its_own}/"):
            raise ModelError(
                f"The component {its_own!r} of a model is kept under the name {name!r}, where its operations do not "
                f"find it; write {{{its_own!r}: {kind}({its_own!r})}}, and give two components two names."
            )


def require_reads(prop: str, reads: Any, components: Mapping[str, Component]) -> None:
    """Raise ModelError where what a property reads is no tuple of names of components."""
    if not isinstance(reads, tuple) or not all(isinstance(each, str) for each in reads):
        raise ModelError(
            f'What the property {prop!r} reads is {a(reads)}; write a tuple of names of components, such as ("store",).'
        )
    for name in reads:
        if name not in components:
            known = f"There is no component {name!r} for the property {prop!r} to read"
            nearest = str(unknown_name("component", name, components)).partition("; ")[2]
            raise ModelError(f"{known}; {nearest}")


def require_types(whose: str, declared: Any) -> None:
    """Raise ModelError for a plain field of a declaration (a text, a number, a truth value) that is something else."""
    kind: Any = type(declared)
    for name, allowed in _wanted(kind).items():
        given = getattr(declared, name)
        if all(each in PLAIN for each in allowed) and not isinstance(given, allowed):
            told = repr(given) if isinstance(given, str | int | float) else a(given)
            words = [PLAIN[each] for each in allowed]
            raise ModelError(f"`{name}` of {whose} is {told}; give it {' or '.join(words)}.")


@cache
def _wanted(kind: Any) -> Wanted:
    return wanted_types(kind)
