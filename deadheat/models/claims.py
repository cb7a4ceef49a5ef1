"""Claims: properties of a design, as functions of components by their plain names.

    @always
    def never_shipped_twice(warehouse: WarehouseState) -> str | bool | None:
        \"""No order is shipped twice.\"""
        return warehouse.shipped > 1

    @settled("every-order-arrives", "once everything has settled, every order was shipped")
    def arrives(order: str, orders: OrderState, warehouse: WarehouseState) -> str | None:
        return None if warehouse.shipped else f"{order} is {orders.status} and was never shipped"

A function returns what is wrong, in one phrase (or True), and None (or False) where nothing is. It is asked for each
key by itself, and is given the values of the components that its parameters name: of a keyed one, that of the key. A
parameter with the name of the key, as the design calls it, is given the key. With `across`, it is asked once for all
keys, and a keyed component is given as a mapping from key to value. What `each_step` marks is given a `Change` for each
component: its value before and after a step.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any, Generic, TypeVar, overload

from deadheat.models.any_system import Components
from deadheat.sim.components import Component
from deadheat.sim.counting import a
from deadheat.sim.errors import ModelError, unknown_name
from deadheat.sim.model import Kind, Part, Property, View
from deadheat.sim.places import place_of, text_of

__all__ = ["Change", "Claim", "always", "each_step", "eventually", "property_of", "settled"]

Value = TypeVar("Value")

Violation = Callable[..., str | bool | None]

POSITIONAL = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


@dataclass(frozen=True, slots=True, eq=False)
class Change(Generic[Value]):
    """A component's value before a step, and after it. It is neither true nor equal to anything but a change."""

    before: Value
    after: Value

    def __eq__(self, other: object) -> bool:
        """Compare two changes; raises ModelError for anything else, which no change ever is."""
        if not isinstance(other, Change):
            raise self._not_meant()
        return (self.before, self.after) == (other.before, other.after)

    def __bool__(self) -> bool:
        """Raise ModelError: a change is neither true nor false."""
        raise self._not_meant()

    def __contains__(self, each: object) -> bool:
        """Raise ModelError: nothing is in a change."""
        raise self._not_meant()

    def __lt__(self, other: object) -> bool:
        """Raise ModelError: no change is less than anything."""
        raise self._not_meant()

    __le__ = __gt__ = __ge__ = __lt__

    @staticmethod
    def _not_meant() -> ModelError:
        return ModelError("a step property is given a Change of each component; look at its .before and its .after")


class ByKey(dict[str, Value]):
    """What a keyed component holds for each key. It is equal to no single value, and compared with none."""

    def __eq__(self, other: object) -> bool:
        """Compare two mappings; raises ModelError for anything else, which no mapping ever is."""
        if not isinstance(other, Mapping):
            raise self._not_meant()
        return super().__eq__(other)

    def __ne__(self, other: object) -> bool:
        """Compare two mappings, as `__eq__` does: that of a plain dict would be asked otherwise."""
        return not self == other

    __hash__ = None

    def __contains__(self, each: object) -> bool:
        """Return that it is a key; raises ModelError for what is none, most likely one of the values."""
        if not super().__contains__(each):
            raise self._not_meant()
        return True

    def __lt__(self, other: object) -> bool:
        """Raise ModelError: no mapping is less than anything."""
        raise self._not_meant()

    __le__ = __gt__ = __ge__ = __lt__

    def get(self, key: str, default: Any = None) -> Any:
        """Return what is held for a key; raises ModelError for what is none."""
        return self[key] if key in self else default  # noqa: SIM401 - or it would call itself

    def _not_meant(self) -> ModelError:
        return ModelError(
            "a property that is asked across all is given a mapping from key to value of each keyed component "
            f"(its keys are {', '.join(self)}); look at what it holds for one of them, or at its .values()"
        )


@dataclass(frozen=True)
class Claim:
    """A property as it is declared; see the module's text."""

    name: str
    meaning: str
    kind: Kind
    violation: Violation
    across: bool = False

    def __post_init__(self) -> None:
        if not callable(self.violation):
            raise ModelError(f"The property {self.name!r} has no function but {a(self.violation)}; give it one.")
        if not isinstance(self.name, str) or not self.name.strip() or any(each.isspace() for each in self.name):
            raise ModelError(f"The name of a property is {self.name!r}; give it one without spaces, such as no-orphan.")
        if not isinstance(self.kind, Kind):
            raise ModelError(f"The kind of the property {self.name!r} is {self.kind!r}; give it one of Kind.")
        if not _returns_something(self.violation):
            raise ModelError(
                f"The property {self.name!r} ({self.place}) returns nothing, so nothing could violate it; let it "
                "return what is wrong."
            )
        for each in inspect.signature(self.violation).parameters.values():
            if each.kind not in POSITIONAL:
                raise ModelError(
                    f"The property {self.name!r} takes {str(each)!r}; let each parameter name a component."
                )
        if not self.parameters:
            raise ModelError(f"The property {self.name!r} takes nothing; let its parameters name what it reads.")

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of what its function takes."""
        return tuple(inspect.signature(self.violation).parameters)

    @property
    def place(self) -> str:
        """Where its function is written."""
        place = place_of(self.violation)
        return place.at if place is not None else type(self.violation).__name__

    def __call__(self, *values: Any, **named: Any) -> str | bool | None:
        """Call its function, as one calls it in a test."""
        return self.violation(*values, **named)


def _returns_something(function: Callable[..., Any]) -> bool:
    """Return whether a function returns anything, as far as its text shows; nothing is known of one without a text."""
    try:
        tree = ast.parse(text_of(function))
    except (OSError, TypeError, SyntaxError):
        return True
    returned = (each for each in ast.walk(tree) if isinstance(each, ast.Lambda | ast.Return))
    return any(isinstance(each, ast.Lambda) or each.value is not None for each in returned)


Decorator = Callable[[Violation], Claim]


def _decorator(kind: Kind, name: Violation | str | None, meaning: str | None, across: bool) -> Claim | Decorator:
    def declared(violation: Violation) -> Claim:
        if isinstance(violation, Claim):
            raise ModelError(
                f"{violation.name!r} ({violation.place}) is a property already, of kind {violation.kind}; choose one "
                "of its two decorators."
            )
        called = name if isinstance(name, str) else getattr(violation, "__name__", repr(violation)).replace("_", "-")
        told = meaning or inspect.cleandoc(violation.__doc__ or "").partition("\n")[0].rstrip(".")
        return Claim(called, told[:1].lower() + told[1:] if told else called.replace("-", " "), kind, violation, across)

    return declared(name) if callable(name) else declared


@overload
def always(name: Violation) -> Claim: ...
@overload
def always(name: str | None = None, meaning: str | None = None, *, across: bool = False) -> Decorator: ...
def always(
    name: Violation | str | None = None, meaning: str | None = None, *, across: bool = False
) -> Claim | Decorator:
    """Declare what must never be the case, in no state that can be reached."""
    return _decorator(Kind.ALWAYS, name, meaning, across)


@overload
def each_step(name: Violation) -> Claim: ...
@overload
def each_step(name: str | None = None, meaning: str | None = None, *, across: bool = False) -> Decorator: ...
def each_step(
    name: Violation | str | None = None, meaning: str | None = None, *, across: bool = False
) -> Claim | Decorator:
    """Declare what no step may do; the function is given a `Change` for each component that it names."""
    return _decorator(Kind.STEP, name, meaning, across)


@overload
def settled(name: Violation) -> Claim: ...
@overload
def settled(name: str | None = None, meaning: str | None = None, *, across: bool = False) -> Decorator: ...
def settled(
    name: Violation | str | None = None, meaning: str | None = None, *, across: bool = False
) -> Claim | Decorator:
    """Declare what must not be the case once everything has settled."""
    return _decorator(Kind.SETTLED, name, meaning, across)


@overload
def eventually(name: Violation) -> Claim: ...
@overload
def eventually(name: str | None = None, meaning: str | None = None, *, across: bool = False) -> Decorator: ...
def eventually(
    name: Violation | str | None = None, meaning: str | None = None, *, across: bool = False
) -> Claim | Decorator:
    """Declare what must not stay the case for ever, on any fair run."""
    return _decorator(Kind.EVENTUALLY, name, meaning, across)


def property_of(claim: Claim, components: Components, key_name: str) -> Property:
    """Return the property of a system that a claim means; raises ModelError for a parameter that names nothing."""
    named = components.named()
    for parameter in claim.parameters:
        if parameter != key_name and parameter not in named:
            nearest = unknown_name("component", parameter, [*named, key_name])
            raise ModelError(f"The property {claim.name!r} ({claim.place}) cannot be asked: {_lower(nearest)}")
    if claim.across and key_name in claim.parameters:
        raise ModelError(
            f"The property {claim.name!r} ({claim.place}) is asked across all, so it takes no {key_name!r}."
        )
    parts = tuple(_parts(claim, components, key_name))
    return Property.of_parts(claim.name, claim.meaning, claim.kind, parts)


def _parts(claim: Claim, components: Components, key_name: str) -> Iterator[Part]:
    read = [components.named()[each] for each in claim.parameters if each != key_name]
    keyed = {components.keys_of(each) for each in read if each.keyed}
    if key_name in claim.parameters:
        keyed.add(components.keys)
    if claim.across or not keyed:
        yield _part(claim, components, key_name, None)
        return
    if len(keyed) > 1:
        raise ModelError(
            f"The property {claim.name!r} ({claim.place}) reads components that are kept by different keys; ask it "
            "across all: across=True."
        )
    yield from (_part(claim, components, key_name, key) for key in keyed.pop())


def _part(claim: Claim, components: Components, key_name: str, key: str | None) -> Part:
    named = components.named()
    read = {each: named[each] for each in claim.parameters if each != key_name}

    def violation(*views: View) -> Any:
        given = {name: _seen(components, component, key, views) for name, component in read.items()}
        return claim.violation(**({key_name: key} if key_name in claim.parameters else {}), **given)

    update_wrapper(violation, claim.violation, assigned=(), updated=())  # whose place is told where it fails
    names = (instance for each in read.values() for instance in _instances(components, each, key))
    return Part(tuple(dict.fromkeys(names)), violation)


def _instances(components: Components, component: Component, key: str | None) -> tuple[str, ...]:
    if component.keyed and key is not None:
        return (f"{component.name}/{key}",)
    return components.instances_of(component)


def _seen(components: Components, component: Component, key: str | None, views: tuple[View, ...]) -> Any:
    seen = [_value(components, component, key, view) for view in views]
    return Change(*seen) if len(seen) > 1 else seen[0]


def _value(components: Components, component: Component, key: str | None, view: View) -> Any:
    if not component.keyed:
        return view[component.name]
    if key is not None:
        return view[f"{component.name}/{key}"]
    return ByKey({each: view[f"{component.name}/{each}"] for each in components.keys_of(component)})


def _lower(error: Exception) -> str:
    text = str(error)
    return text[:1].lower() + text[1:]
