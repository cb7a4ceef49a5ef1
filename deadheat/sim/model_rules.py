"""What a model must be made of. A mistake in it is told when it is made, where that is, and not when it is run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deadheat.sim.components import Component
from deadheat.sim.counting import a, with_article
from deadheat.sim.errors import ModelError, unknown_name

__all__ = ["require_mapping", "require_own_names", "require_parts", "require_reads", "require_role"]


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
