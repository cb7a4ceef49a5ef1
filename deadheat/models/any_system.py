"""A system of any components: a dataclass with a field for each, of the user's or the library's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from typing import Self

from deadheat.sim.components import Component
from deadheat.sim.errors import ModelError

__all__ = ["Components"]


@dataclass(frozen=True)
class Components:
    """The components of a system, each a field of its own name; derive from it:

        @dataclass(frozen=True)
        class Shop(Components):
            orders: Orders = Orders("orders")
            outbox: Mailbox = Mailbox("outbox")

    `keys` are what there can be several of (orders, evaluations), each with an instance of every keyed component.
    Raises ModelError where a component is named otherwise than its field.
    """

    keys: tuple[str, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        its_own = type(self).__name__
        declared = {each.name for each in fields(self)}
        for name, annotation in type(self).__annotations__.items():
            if name not in declared and "ClassVar" not in str(annotation):
                raise ModelError(f"{its_own}.{name} is no field yet; write @dataclass(frozen=True) above {its_own}.")
            if isinstance(given := getattr(self, name, None), type) and issubclass(given, Component):
                raise ModelError(f"The component {name!r} of {its_own} is a class; write {given.__name__}({name!r}).")
        for each in fields(self):
            if each.default is not MISSING and getattr(type(self), each.name, each.default) is not each.default:
                raise ModelError(
                    f"{its_own}.{each.name} is given another component, which no field is; write "
                    f"@dataclass(frozen=True) above {its_own}, and the component's type behind the name."
                )
        for name, component in self.named().items():
            if component.name != name:
                raise ModelError(
                    f"The component {name!r} of {type(self).__name__} is named {component.name!r}; name it as its "
                    "field."
                )

    def named(self) -> dict[str, Component]:
        """Return the components by name."""
        values = ((each.name, getattr(self, each.name)) for each in fields(self) if each.name != "keys")
        return {name: value for name, value in values if isinstance(value, Component)}

    def instances(self) -> dict[str, Component]:
        """Return the component of each instance, by the instance's name."""
        return {name: each for each in self.named().values() for name in self.instances_of(each)}

    def instances_of(self, component: Component) -> tuple[str, ...]:
        """Return the names of the instances of a component: one, or one for each key."""
        return tuple(f"{component.name}/{key}" for key in self.keys_of(component)) or (component.name,)

    def keys_of(self, component: Component) -> tuple[str, ...]:
        """Return the keys of a component's instances; none if it is not keyed."""
        return (component.keys or self.keys) if component.keyed else ()

    def at(self, keys: tuple[str, ...], budgets: Mapping[str, int]) -> Self:
        """Return the components for so many keys, under these budgets of faults."""
        return replace(self, keys=keys, **{name: each.under(budgets) for name, each in self.named().items()})
