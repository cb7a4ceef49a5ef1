"""A design: any components, any roles, and what is claimed of them, as a user declares it.

    OUTBOX = Design(
        name="outbox",
        summary="an order and its message commit together; a relay sends what has committed",
        source="our ADR 12",
        key="order",
        components=Shop(),
        roles=(one_each("shop", place), one("relay", relay, repeats=True, crashes=(crash(RELAY_CRASH),))),
        claims=(never_shipped_twice, every_order_arrives),
    )

What a component has happen by itself (a clock, a controller, a broken connection) is there without being declared, and
so is every fault that a component's steps may meet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Generic, TypeVar

from deadheat.models.any_system import Components
from deadheat.models.claims import Claim, property_of
from deadheat.models.components.chance import Chance
from deadheat.models.connections import among, with_connections
from deadheat.models.faults import FAULTS
from deadheat.models.nodes import Node, nodes_of, require_nodes, with_nodes
from deadheat.models.protocol_rules import require_name, require_tuple
from deadheat.models.roles import Faults, Role, Steps, instances_of
from deadheat.sim.components import Component
from deadheat.sim.counting import a
from deadheat.sim.errors import ModelError, unknown_name
from deadheat.sim.faults import Fault, kind_of
from deadheat.sim.model import UNLIMITED, Model, Process
from deadheat.sim.model_rules import require_types
from deadheat.sim.operations import Label, Operation

__all__ = ["Design", "declared_faults", "processes_by_themselves"]

KIND = r"[\w.-]+"
"""How the kind of a fault is written."""

VERDICTS = ("holds", "violated", "vacuous", "inconclusive")
"""What can be expected of a property."""

System = TypeVar("System", bound=Components)


@dataclass(frozen=True)
class Design(Generic[System]):
    """A system of any components and roles, at as many keys as are asked for.

    `key` is what there can be several of, in the singular: `-n 2` of "order" makes order1 and order2. `nodes` are what
    roles run on, and die with. `faults` are those that no component, crash or role declares, and `budgets` the faults
    under which it is judged if nothing else is asked for. `lacks` are labels that its roles name and no run needs to
    reach. `expects` says of properties which verdict is expected. A `quiet` design judges liveness only on runs on
    which faults stop.
    """

    name: str
    summary: str
    source: str
    components: System
    roles: tuple[Role[System], ...]
    claims: tuple[Claim, ...] = ()
    key: str = "key"
    nodes: tuple[Node, ...] = ()
    faults: tuple[Fault, ...] = ()
    budgets: Mapping[str, int] | None = None
    lacks: tuple[Label, ...] = ()
    expects: Mapping[str, str] | None = None
    quiet: bool = False

    def __post_init__(self) -> None:
        require_name("design", self.name)
        whose = f"the design {self.name!r}"
        require_types(whose, self)
        if not isinstance(self.components, Components):
            raise ModelError(
                f"The components of {whose} are {a(self.components)}; give it an object of a class derived "
                "from Components."
            )
        if not self.key.isidentifier():
            raise ModelError(f"The key of {whose} is {self.key!r}; give it one word, such as 'order'.")
        self._require_parts(whose)
        self._require_expectations(whose)
        for claim in self.claims:
            property_of(claim, self.components.at((f"{self.key}1",), {}), self.key)

    def _require_parts(self, whose: str) -> None:
        require_tuple(
            whose, "roles", self.roles, lambda each: isinstance(each, Role), "roles, such as one('relay', relay)"
        )
        require_tuple(
            whose, "nodes", self.nodes, lambda each: isinstance(each, Node), "nodes, such as Node('worker', ...)"
        )
        require_tuple(
            whose, "claims", self.claims, lambda each: isinstance(each, Claim), "properties, such as @always makes"
        )
        require_tuple(whose, "faults", self.faults, lambda each: isinstance(each, Fault), "faults, such as (FAULT,)")
        if not self.claims:
            raise ModelError(f"There are no properties in {whose}, so all would be well; claim one, as with @always.")
        if not self.roles:
            raise ModelError(f"There are no roles in {whose}, so nothing would happen; give it one.")
        _require_different(f"roles of {whose}", (each.name for each in self.roles))
        _require_different(f"properties of {whose}", (each.name for each in self.claims))
        _require_different(f"nodes of {whose}", (each.name for each in self.nodes))
        require_nodes(self.nodes, self.roles, self.components.named(), whose)
        self._require_roles(whose)
        if self.key in self.components.named():
            raise ModelError(
                f"A component of {whose} is named {self.key!r}, as its key is; give one of them another name."
            )
        require_tuple(whose, "lacks", self.lacks, lambda each: isinstance(each, Label), "labels, such as (S1,)")

    def _require_roles(self, whose: str) -> None:
        """Raise ModelError for a role that is like none, or needs a fault that could never happen."""
        self.kinds  # raises for a fault that nobody declares  # noqa: B018
        names = [each.name for each in self.roles]
        without = tuple(replace(each, needs=None) for each in self.roles)
        drawn = declared_faults(self.components, without, self.faults, self._crashes)
        by_chance = any(isinstance(each, Chance) for each in self.components.named().values())
        for role in self.roles:
            if role.like is not None and role.like not in names:
                raise ModelError(f"The role {role.name!r} is like none: {unknown_name('role', role.like, names)}")
            if role.needs is not None and kind_of(role.needs) not in drawn and not by_chance:
                raise ModelError(
                    f"The role {role.name!r} of {whose} needs the fault {kind_of(role.needs)!r}, on which no step can "
                    "draw; let it begin with the operation `occurs` of a Chance among the components, or with a step "
                    "that meets that fault."
                )

    def _require_expectations(self, whose: str) -> None:
        kinds = self.kinds  # raises for one that nobody declares
        for kind, budget in (self.budgets or {}).items():
            if isinstance(kind, Fault):
                raise ModelError(f"The budgets of {whose} name a Fault; name its kind, {kind.kind!r}.")
            if kind not in kinds:
                raise ModelError(str(unknown_name(f"fault in {whose} of the kind", kind, kinds)))
            if type(budget) is not int or budget < UNLIMITED:
                raise ModelError(
                    f"The budget of {kind!r} in {whose} is {budget!r}; give it a whole number, or UNLIMITED."
                )
        claimed = [each.name for each in self.claims]
        for name, verdict in (self.expects or {}).items():
            if name not in claimed:
                raise ModelError(str(unknown_name(f"property of {whose} named", name, claimed)))
            if verdict not in VERDICTS:
                raise ModelError(f"What {whose} expects of {name!r} is {verdict!r}; write {' or '.join(VERDICTS)}.")

    @property
    def kinds(self) -> dict[str, Fault]:
        """The faults that may happen, by kind."""
        return declared_faults(self.components, self.roles, self.faults, self._crashes)

    @property
    def _crashes(self) -> list[Fault | str]:
        return [crash.fault for node in self.nodes for crash in node.crashes]

    def variant(
        self,
        name: str,
        summary: str,
        *,
        roles: Mapping[str, Callable[..., Steps] | Role[System]] | None = None,
        without: Iterable[str] = (),
        **changes: Any,
    ) -> Design[System]:
        """Return this design where roles, by name, do something else, and those named in `without` are not there.

        A role is changed to what another function does, or to another role of its name, of which there may be another
        number: `roles={"relay": several("relay", relay, 2)}`. `changes` are other fields. Raises ModelError for a role
        that there is not.
        """
        roles, without = roles or {}, tuple(without)
        known = [each.name for each in self.roles]
        for each in (*roles, *without):
            if each not in known:
                raise ModelError(str(unknown_name(f"role in the design {self.name!r} named", each, known)))
        taken = (*(each.name for each in fields(self)), "without")
        for each in changes:
            if each not in taken:
                raise ModelError(str(unknown_name("field of a design", each, taken)))
        left = (each for each in self.roles if each.name not in set(without))
        changed = tuple(_changed(each, roles.get(each.name, each.function)) for each in left)
        changes.setdefault("roles", changed)
        return replace(self, name=name, summary=summary, **changes)

    def keys(self, count: int) -> tuple[str, ...]:
        """Return the names of so many keys."""
        return tuple(f"{self.key}{number}" for number in range(1, count + 1))

    def model(self, count: int = 1, budgets: Faults | None = None, *, quiet: bool = False) -> Model:
        """Return the model of the design at so many keys, under these budgets of faults."""
        budgets = budgets or {}
        components = self.components.at(self.keys(count), budgets)
        there = tuple(instances_of(self.roles, components, budgets))
        own = tuple(role.process(components, each) for role, each in there)
        role_of = {each.name: role.name for role, each in there}
        nodes = tuple(nodes_of(self.nodes, components, own, role_of))
        names = (*(each.name for each in own), *(each.name for each in nodes))
        instances = among(components.instances(), names)
        homes = {name: node.name for node in nodes for name in node.runs}
        processes = (*with_connections(own, instances, homes), *processes_by_themselves(components, budgets))
        claims = tuple(property_of(each, components, self.key) for each in self.claims)
        declared = frozenset(self.kinds)
        model = Model(instances, processes, (), budgets, quiet or self.quiet, components.keys, declared)
        model = with_nodes(model, *nodes)
        return replace(model, properties=claims)


def _changed(role: Role[System], to: Callable[..., Steps] | Role[System]) -> Role[System]:
    if not isinstance(to, Role):
        return replace(role, function=to)
    if to.name != role.name:
        raise ModelError(f"The role {role.name!r} was changed to one that is named {to.name!r}; name it alike.")
    return to


def declared_faults(
    components: Components,
    roles: tuple[Role[Any], ...],
    faults: tuple[Fault, ...] = (),
    crashes: Iterable[Fault | str] = (),
) -> dict[str, Fault]:
    """Return the faults that components, crashes (also those of nodes) and roles declare, and those given, by kind.

    Raises ModelError for a kind that is only named, and that the library does not have either, and for two faults of
    one kind that mean different things.
    """
    found: dict[str, Fault] = {}
    crashes = [*crashes, *(each.fault for role in roles for each in role.crashes)]
    needed = [role.needs for role in roles if role.needs is not None]
    theirs = [fault for each in components.named().values() for fault in each.faults]
    for given in theirs:
        if type(given) is not Fault:
            raise ModelError(f"Among the `faults` of a component is {given!r}; write a tuple: faults = (FAULT,).")
    for each in (*theirs, *faults, *crashes, *needed):
        if isinstance(each, Fault) and not re.fullmatch(KIND, each.kind):
            raise ModelError(f"A fault is of the kind {each.kind!r}; give it one word, such as message-lost.")
        if isinstance(each, Fault) and found.setdefault(each.kind, each) != each:
            raise ModelError(f"Two different faults are of the kind {each.kind!r}; give one of them another name.")
    by_themselves = [
        trait.fault
        for component in components.named().values()
        for marked in component.operations()
        if (trait := marked.traits.by_itself) is not None and trait.fault is not None
    ]
    for kind in (each for each in (*crashes, *needed, *by_themselves) if not isinstance(each, Fault)):
        if kind not in found and kind not in FAULTS:
            known = unknown_name("fault", kind, [*found, *FAULTS])
            raise ModelError(f"{known} A fault of your own is declared as Fault({kind!r}, meaning, source).")
        found.setdefault(kind, FAULTS[kind] if kind in FAULTS else found[kind])
    return found


def processes_by_themselves(components: Components, budgets: Faults) -> Iterator[Process]:
    """Yield who makes happen what happens by itself: one process for each such operation of each instance."""
    for component in components.named().values():
        for marked in component.happening(budgets):
            trait = marked.traits.by_itself
            assert trait is not None
            who = trait.who or f"{component.name}.{marked.name}"
            for key in components.keys_of(component) or (None,):
                yield Process(
                    who if key is None else f"{who}/{key}",
                    happen,
                    (component, marked.name, key),
                    repeats=True,
                    owed=trait.owed,
                    part=who,
                    key=key,
                    is_environment=True,
                )


def happen(component: Component, operation: str, key: str | None) -> Steps:
    """Let an operation happen, by itself."""
    asked: Callable[..., Operation] = getattr(component, operation)
    yield asked() if key is None else asked(key)


def _require_different(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ModelError(f"Two {what} are named {name!r}; give each a name of its own.")
        seen.add(name)
