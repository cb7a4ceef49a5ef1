"""What a protocol must be made of. A mistake in it is its author's, and told when it is made, not when it is run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from deadheat.models.steps import LABELS
from deadheat.sim.counting import a, with_article
from deadheat.sim.errors import ModelError

__all__ = ["require_kinds", "require_labels", "require_name", "require_roles", "require_tuple", "require_word"]


def require_name(kind: str, name: Any) -> None:
    """Raise ModelError for what is no name."""
    if not isinstance(name, str) or not name.strip():
        raise ModelError(f"The name of {with_article(kind)} is {name!r}; give it a text.")


def require_word(kind: str, name: Any) -> None:
    """Raise ModelError for what is no name of one word, as it is written in commands."""
    require_name(kind, name)
    if any(each.isspace() for each in name):
        raise ModelError(f"The name of {with_article(kind)} is {name!r}; give it one without spaces.")


def require_roles(whose: str, roles: Iterable[tuple[str, Any]]) -> None:
    """Raise ModelError for a role, by its name, that cannot be called."""
    for name, role in roles:
        if not callable(role):
            raise ModelError(f"The {name} of {whose} is no function but {_kind_of(role)}; give it one.")


def require_kinds(whose: str, classes: Iterable[tuple[str, Any, tuple[type, ...]]]) -> None:
    """Raise ModelError for what is no class of a kind, by its name."""
    for name, given, kinds in classes:
        if not (isinstance(given, type) and issubclass(given, kinds)):
            wanted = " or ".join(each.__name__ for each in kinds)
            raise ModelError(
                f"The {name} of {whose} is {_kind_of(given)}; give it {wanted}, or a class derived from it."
            )


def require_tuple(whose: str, name: str, given: Any, is_one: Callable[[Any], bool], of_what: str) -> None:
    """Raise ModelError for what is no tuple, or holds what does not belong there."""
    if not isinstance(given, tuple) or hasattr(given, "_fields"):  # a named tuple, such as a Fault, is one thing
        raise ModelError(f"The {name} of {whose} are no tuple but {_kind_of(given)}; write a tuple of {of_what}.")
    for each in given:
        if not is_one(each):
            raise ModelError(f"Among the {name} of {whose} is {_kind_of(each)}; write a tuple of {of_what}.")


def require_labels(whose: str, given: Any) -> None:
    """Raise ModelError for what is no tuple of the steps T0 to T8."""
    require_tuple(whose, "lacks", given, lambda each: each in LABELS, "steps of deadheat.models.steps, such as (T5,)")


def _kind_of(value: Any) -> str:
    return repr(value) if isinstance(value, str | int) else a(value)
