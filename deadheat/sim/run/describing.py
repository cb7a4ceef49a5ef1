"""What a component's value reads like; the component's own `describe` is the user's code, like its operations."""

from __future__ import annotations

from typing import Any

from deadheat.sim.components import Component
from deadheat.sim.counting import a
from deadheat.sim.errors import ModelError
from deadheat.sim.places import place_of
from deadheat.sim.users_code import calls_users_code, failed

__all__ = ["described"]


@calls_users_code
def described(component: Component, value: Any) -> str:
    """Return a value as the component describes it; raises ModelError where that fails, or is no text."""
    kind = type(component)
    try:
        text: object = component.describe(value)
    except BaseException as error:
        what = f"{kind.__name__}.describe failed of a value of the component {component.name!r}"
        raise failed(what, error, kind.describe) from error
    if not isinstance(text, str):
        raise ModelError(
            f"{kind.__name__}.describe in {place_of(kind.describe)} returned {a(text)}; let it return a text."
        )
    return text
