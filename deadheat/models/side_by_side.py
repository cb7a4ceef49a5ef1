"""Two versions of one system at work together: the model of a moment at which some of its roles are new already.

Roles are rolled out one by one. Each process is made by the version that it is of, with the components as that version
knows them, for a request names its component and no more. A role that is *mixed* has old and new replicas: each of its
processes may be either, each time it begins (`sim/run/either`). Both versions talk to the same servers. So of a
component that both have, there is one: of the class that can do what both need.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from deadheat.models.design import Design
from deadheat.models.helpers import is_same, other_helpers, uses
from deadheat.models.roles import Role
from deadheat.models.system import Protocol
from deadheat.models.translation import NO_TRANSLATION, Translation, translation_between
from deadheat.sim.components import Component, operation, operations_in
from deadheat.sim.errors import UsageError
from deadheat.sim.freeze import freeze
from deadheat.sim.model import Model, Process
from deadheat.sim.references import NOTED_BY_PYTHON
from deadheat.sim.run.either import Version, either

__all__ = ["Roles", "alike", "as_before", "is_same", "plain_name", "side_by_side"]

BUILT_IN: Mapping[str, str] = {
    "worker": "worker",
    "dispatch": "dispatcher",
    "cancel": "cancel",
    "complete": "completion",
    "resubmit": "resubmission",
}
"""The roles that every protocol has, each with what its processes are called."""

BEFORE = "@before"
"""What stands behind the name of a property as the old version means it, where the new one means something else."""

MIGRATION = "which is a migration of what is stored there, and no rollout of roles; bring that about first, by itself"


@dataclass(frozen=True)
class Roles:
    """The roles in which two versions differ, in their order, each with the name of its processes.

    Those `added` are in the new version alone, those `removed` in the old one.
    """

    parts: Mapping[str, str]
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all of them."""
        return tuple(self.parts)

    @property
    def mixable(self) -> tuple[str, ...]:
        """Those of which there can be old and new replicas at one time: the others are there, or are not."""
        return tuple(each for each in self.parts if each not in self.added and each not in self.removed)

    def among(self, names: Collection[str | None]) -> Roles:
        """Return those of them that have one of these names."""
        parts = {name: part for name, part in self.parts.items() if name in names}
        kept = [tuple(each for each in some if each in names) for some in (self.added, self.removed)]
        return Roles(parts, *kept)

    def of(self, process: Process) -> str | None:
        """Return the role that a process is of, if it is one of these."""
        if process.is_environment:
            return None
        part = process.part or process.name.partition("/")[0]
        return next((role for role, its in self.parts.items() if its == part), None)


class Alike(NamedTuple):
    """Two versions that were brought to one form, and how they differ.

    `by_itself` are the two with the components that each has by itself, and nothing else that is not in that form.
    `translation` stands between the old one and the servers, where the two have classes of their own. Properties that
    both have by one name, and define otherwise, have `two_readings`.
    """

    old: Any
    new: Any
    roles: Roles
    by_itself: tuple[Any, Any]
    translation: Translation
    two_readings: frozenset[str] = frozenset()


def alike(old: Any, new: Any) -> Alike:
    """Return two protocols, or two designs, in one form; raises UsageError where one cannot take the other's place."""
    if isinstance(old, Protocol) and isinstance(new, Protocol):
        return _alike_protocols(old, new)
    if isinstance(old, Design) and isinstance(new, Design):
        return _alike_designs(old, new)
    raise UsageError(
        f"{_what(old)} cannot take the place of {_what(new, 'the')}; roll out a protocol for a protocol, or a design "
        "for a design."
    )


def _what(version: Any, article: str = "The") -> str:
    kind = "protocol" if isinstance(version, Protocol) else "design"
    return f"{article} {kind} {version.name!r}"


def _alike_protocols(old: Protocol, new: Protocol) -> Alike:
    """Let both have the same surroundings: as many requests as either makes, leases and watches if either has them."""
    shared: dict[str, Any] = {
        "calls": max(old.calls, new.calls),
        "leases": old.leases or new.leases,
        "watches_jobs": old.watches_jobs or new.watches_jobs,
    }
    classes: dict[str, Any] = {
        "status": _class("status", old.status, new.status),
        "kubernetes": _class("kubernetes", old.kubernetes, new.kubernetes),
        "redis": _class("redis", old.redis, new.redis),
    }
    helpers = other_helpers(old.components, new.components)
    changed = {
        name: part
        for name, part in BUILT_IN.items()
        if not is_same(getattr(old, name), getattr(new, name)) or uses(helpers, [getattr(new, name)])
    }
    own, added, removed = _own_roles(old.roles, new.roles, helpers)
    old, new = replace(old, **shared), replace(new, **shared)
    roles = Roles({**changed, **own}, added, removed)
    return _alike(replace(old, **classes), replace(new, **classes), roles, (old, new))


def _alike_designs(old: Design[Any], new: Design[Any]) -> Alike:
    if old.key != new.key:
        raise UsageError(
            f"The design {old.name!r} is of several {old.key}s and {new.name!r} of several {new.key}s, so neither can "
            "take the other's place; give both one key."
        )
    if not is_same(old.nodes, new.nodes):
        raise UsageError(
            f"The designs {old.name!r} and {new.name!r} run on different nodes, and what would run where meanwhile is "
            "in neither; let both have the same."
        )
    helpers = other_helpers(old.components, new.components)
    return _alike(old, new, Roles(*_own_roles(old.roles, new.roles, helpers)), (old, new))


def _alike(old: Any, new: Any, roles: Roles, by_itself: tuple[Any, Any]) -> Alike:
    before = {each.name: each for each in old.claims}
    readings = (
        each.name
        for each in new.claims
        if (other := before.get(each.name)) is not None
        and not is_same((other.violation, other.kind, other.across), (each.violation, each.kind, each.across))
    )
    return Alike(old, new, roles, by_itself, translation_between(_parts(old), _parts(new)), frozenset(readings))


def _parts(version: Any) -> list[Any]:
    """Return what a version is made of: functions, and the classes of its components."""
    components = version.components
    named = [type(each) for each in components.named().values()] if isinstance(version, Design) else []
    own = [getattr(version, name) for name in BUILT_IN] if isinstance(version, Protocol) else []
    kinds = [version.redis, version.kubernetes, version.status] if isinstance(version, Protocol) else []
    functions = [each for role in version.roles for each in role.functions]
    claims = [each.violation for each in version.claims]
    return [*own, *functions, *claims, *named, *kinds, components if isinstance(components, type) else type(components)]


def _own_roles(
    old: Iterable[Any], new: Iterable[Any], helpers: frozenset[str]
) -> tuple[dict[str, str], tuple[str, ...], tuple[str, ...]]:
    """Return the declared roles that differ; those of one kind, by `like`, are rolled out together."""
    before, after = _by_part(old), _by_part(new)
    changed = [
        part
        for part, roles in after.items()
        if not is_same(before.get(part), roles) or uses(helpers, [each for role in roles for each in _code_of(role)])
    ]
    removed = tuple(part for part in before if part not in after)
    added = tuple(part for part in changed if part not in before)
    return {part: part for part in (*changed, *removed)}, added, removed


def _code_of(role: Role[Any]) -> Iterator[Any]:
    """Yield all functions that a role is declared with."""
    yield from (*role.functions, role.arguments, role.numbers, *(each.noticed for each in role.crashes))


def _by_part(roles: Iterable[Any]) -> dict[str, tuple[Any, ...]]:
    found: dict[str, tuple[Any, ...]] = {}
    for role in roles:
        found[role.part] = (*found.get(role.part, ()), role)
    return found


# Components


def _class(name: str, old: type[Any], new: type[Any]) -> type[Any]:
    """Return the class that can do what both need; raises UsageError where there is none."""
    if issubclass(new, old):
        return new
    if issubclass(old, new):
        return old
    if new.__qualname__ == old.__qualname__ and new.__module__ != old.__module__:
        lost = [each for each in operations_in(old) if each not in operations_in(new)]
        if lost:
            raise UsageError(
                f"What is called {name!r} has no operation {lost[0]!r} any more, which an old role may ask for as long "
                "as there is one; keep it until then."
            )
        return new
    both = _joined(old, new)
    if both is None:
        raise UsageError(f"What is called {name!r} is {old.__name__} before and {new.__name__} after, {MIGRATION}.")
    return both


def _joined(old: type[Component], new: type[Component]) -> type[Component] | None:
    """Return a class that has the operations of both, where they have one base and add no more than these to it."""
    base: type = next(each for each in new.__mro__ if issubclass(old, each))
    before, after = _added_to(base, old), _added_to(base, new)
    added = {**before, **after}
    is_plain = all(isinstance(each, operation) and not hasattr(base, name) for name, each in added.items())
    if (
        base is Component
        or not is_plain
        or not all(is_same(before[name], after[name]) for name in before if name in after)
    ):
        return None
    return type(new.__name__, (new, old), {"__module__": new.__module__})


def _added_to(base: type, kind: type) -> dict[str, Any]:
    """Return what a class and those that it derives from define beyond one of these."""
    classes = kind.__mro__[: kind.__mro__.index(base)][::-1]
    return {name: each for of in classes for name, each in vars(of).items() if name not in NOTED_BY_PYTHON}


def _component(old: Component, new: Component, translation: Translation) -> Component:
    """Return the one of two components that can do what both need; raises UsageError where neither can."""
    kind = _class(old.name, type(old), type(new))
    for name in vars(old).keys() & vars(new).keys():
        if not _is_equal(translation.to_new(vars(old)[name]), vars(new)[name]):
            raise UsageError(f"The component {old.name!r} has another {name!r} before than after, {MIGRATION}.")
    if not _is_equal(translation.to_new(old.initial), new.initial):
        raise UsageError(f"The component {old.name!r} begins with another value before than after, {MIGRATION}.")
    if kind in (type(old), type(new)):
        return new if kind is type(new) else old
    both: Component = object.__new__(kind)
    vars(both).update({**vars(old), **vars(new)})
    return both


def _is_equal(one: Any, other: Any) -> bool:
    try:
        return one is other or freeze(one) == freeze(other)
    except Exception:  # what cannot be compared by value may still be defined alike
        return is_same(one, other)


# Models


def plain_name(name: str) -> str:
    """Return how a property is called in both versions, of whichever reading of it."""
    return name.removesuffix(BEFORE)


def as_before(name: str) -> str:
    """Return how a property is called as the old version means it, where the new one means something else by it."""
    return f"{name}{BEFORE}"


def side_by_side(
    old: Model,
    new: Model,
    roles: Roles,
    at_new: Collection[str],
    mixed: Collection[str],
    translation: Translation = NO_TRANSLATION,
    two_readings: Collection[str] = (),
) -> Model:
    """Return the model in which the roles `at_new` are new, those `mixed` either, and the others old.

    Raises UsageError where that cannot be: two components that are no one, or replicas that differ in how they crash.
    """
    both = [name for name in new.components if name in old.components]
    shared = {name: _component(old.components[name], new.components[name], translation) for name in both}
    before = [translation.property(each) for each in old.properties]
    before = [replace(each, name=as_before(each.name)) if each.name in two_readings else each for each in before]
    properties = {each.name: each for each in (*before, *new.properties)}
    old = replace(old, processes=tuple(map(translation.process, old.processes)))
    return Model(
        {**new.components, **{name: each for name, each in old.components.items() if name not in shared}, **shared},
        tuple(_processes(old, new, roles, at_new, mixed)),
        tuple(properties.values()),
        {**old.budgets, **new.budgets},
        old.quiet or new.quiet,
        new.interchangeable if new.interchangeable == old.interchangeable else (),
        old.declared | new.declared,
    )


def _processes(
    old: Model, new: Model, roles: Roles, at_new: Collection[str], mixed: Collection[str]
) -> Iterator[Process]:
    before, after = ({each.name: each for each in model.processes} for model in (old, new))
    for name in dict.fromkeys((*after, *before)):
        one, other = before.get(name), after.get(name)
        role = roles.of(other or before[name])
        if role is None:
            yield other or before[name]
        elif role in mixed:
            yield _either(one, other) if one is not None and other is not None else (other or before[name])
        elif (found := other if role in at_new else one) is not None:
            yield found


def _either(old: Process, new: Process) -> Process:
    for what, one, other in (
        ("is owed", old.owed, new.owed),
        ("may begin or not", old.optional, new.optional),
        ("crashes", old.crashes, new.crashes),
    ):
        if one != other:
            raise UsageError(
                f"The process {old.name!r} {what} otherwise before than after, so its replicas are not of one kind; "
                "declare that alike in both, or roll out the rest first."
            )
    versions = tuple(Version(each.role, each.arguments, each.repeats) for each in (old, new))
    functions = [each for version in versions for each in version if callable(each)]
    given = [each for version in versions for each in version.arguments if callable(each)]
    return replace(new, role=either(*versions), arguments=(*functions, *given), repeats=old.repeats and new.repeats)
