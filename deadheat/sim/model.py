"""What the engine runs: components, processes, faults with their budgets, and properties."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, TypeAlias

from deadheat.sim.components import Component
from deadheat.sim.counting import a
from deadheat.sim.errors import ModelError, unknown_name
from deadheat.sim.faults import Fault, kind_of
from deadheat.sim.freeze import require_immutable
from deadheat.sim.model_rules import (
    require_mapping,
    require_own_names,
    require_parts,
    require_reads,
    require_role,
    require_types,
)
from deadheat.sim.nearest import not_taken
from deadheat.sim.operations import Atomic, Operation, RoleFunction
from deadheat.sim.places import in_place_of, place_of, place_of_class
from deadheat.sim.users_code import calls_users_code, failed

__all__ = ["UNLIMITED", "Crash", "Kind", "Model", "Part", "Process", "Property", "View"]

View: TypeAlias = Mapping[str, Any]
"""The component values of one state, by component name."""

UNLIMITED = -1
"""The budget of a fault that may happen again and again, for ever."""

NOTHING = Atomic(())


@dataclass(frozen=True, slots=True)
class Crash:
    """The fault that kills a process at any step that it has begun.

    `fault` names the budget it draws on. A process that `restarts` begins its role again; one that does not is gone.
    `consequences` are what the components notice at the same instant (a broken connection, an unacknowledged
    message): they must have exactly one step in any state. It happens `only_while` these operations are enabled, such
    as those of a machine that is up.
    """

    fault: Fault | str
    restarts: bool = True
    consequences: Atomic = NOTHING
    only_while: tuple[Operation, ...] = ()

    def __post_init__(self) -> None:
        require_types("a crash", self)
        if not isinstance(self.consequences, Atomic):
            raise ModelError(
                f"The consequences of a crash are {a(self.consequences)}; write atomically(...), of one operation too."
            )

    @property
    def kind(self) -> str:
        """The kind of the fault, by name."""
        return kind_of(self.fault)

    @property
    def request(self) -> Atomic:
        """All that happens at that instant."""
        return Atomic((*self.only_while, *self.consequences.operations))


@dataclass(frozen=True, slots=True)
class Process:
    """One running instance of a role.

    A process that `repeats` begins its role again each time it returns. Steps of a process that is not `owed` may
    happen, but nothing waits for them: a user who may cancel need not do it. One that is `optional` need not begin, and
    once it has begun, its steps are owed. `crashes` are the ways in which it can be
    killed. `part` is the role as its design calls it, of which this may be one of several processes, `key` the key that
    it is for, and `is_environment` tells that no role stands behind it, but what real servers do by themselves.
    """

    name: str
    role: RoleFunction
    arguments: tuple[Any, ...] = ()
    repeats: bool = False
    owed: bool = True
    crashes: tuple[Crash, ...] = ()
    optional: bool = False
    part: str = ""
    key: str | None = None
    is_environment: bool = False


class Kind(StrEnum):
    """What a property speaks of.

    ALWAYS: every reachable state. STEP: every transition, by the values before and after it. SETTLED: wherever the
    system has *settled*, in states to which the owed steps, faults aside, can always come back, the violation must not
    hold in all of them; a quiescent state, in which no owed step changes anything any more, is one by itself.
    EVENTUALLY: every fair infinite run, on which the violation must not hold from some point on for ever. A run is
    *fair* if every process that from some point on always has an owed step moves again and again (weak fairness), be
    it to meet a fault; a run that ends, because no owed step is left, stays in its last state.
    """

    ALWAYS = "always"
    STEP = "step"
    SETTLED = "settled"
    EVENTUALLY = "eventually"


class _UnreadError(KeyError):
    """A property looks at a component that it does not say it reads."""


class _Seen(dict[str, Any]):
    def __missing__(self, name: str) -> Any:
        raise _UnreadError(name)


@dataclass(frozen=True, slots=True)
class Part:
    """One of several things that must not happen: `violation` is a pure function of the components in `reads`."""

    reads: tuple[str, ...]
    violation: Callable[..., str | None]

    def seen(self, view: View) -> View:
        """Return as much of a view as the part reads."""
        return _Seen((name, view[name]) for name in self.reads)


@dataclass(frozen=True, slots=True)
class Property:
    """What must not happen.

    `violation` receives the view of a state (for STEP: the views before and after) and returns what is wrong in one
    phrase, or None; True is taken for "it is violated", and False and an empty phrase for None. It is a pure function
    of the components named in `reads`, and of nothing else. A step property of which it was found that it can be
    violated by a step that changes nothing of what it reads is asked of `every_step`, and costs more.

    A property that is violated wherever one of several parts is, such as one part an evaluation, is best made by
    `of_parts`: each part is evaluated once for what it reads itself, not for all combinations. For what lasts, in
    settled states and for ever, it takes that one and the same part is violated throughout.
    """

    name: str
    meaning: str
    kind: Kind
    reads: tuple[str, ...]
    violation: Callable[..., str | None]
    parts: tuple[Part, ...] = ()
    every_step: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.kind, Kind):
            raise ModelError(
                f"The kind of the property {self.name!r} is {self.kind!r}; give it one of Kind: "
                f"{', '.join(Kind.__members__)}."
            )

    @property
    def judged(self) -> tuple[Part, ...]:
        """What is judged by itself: its parts, or all of it as one."""
        return self.parts or (Part(self.reads, self.violation),)

    @property
    def singles(self) -> tuple[Property, ...]:
        """The property of each part alone; of kind SETTLED and EVENTUALLY, one and the same is violated throughout."""
        return tuple(replace(self, reads=each.reads, violation=each.violation, parts=(each,)) for each in self.judged)

    @classmethod
    def of_parts(cls, name: str, meaning: str, kind: Kind, parts: Iterable[Part]) -> Property:
        """Return the property that is violated wherever one of the parts is, by the first of them that is.

        Raises ModelError where there is none: that could never be violated.
        """
        parts = tuple(parts)
        if not parts:
            raise ModelError(f"The property {name!r} has no parts, so nothing could violate it; give it at least one.")
        reads = tuple(dict.fromkeys(component for part in parts for component in part.reads))

        def violation(*views: View) -> str | None:
            found = (part.violation(*(part.seen(view) for view in views)) for part in parts)
            return next((each for each in found if each), None)

        return cls(name, meaning, kind, reads, violation, parts)

    def violated(self, *views: View) -> str | None:
        """Return how the property, or the first of its parts that is, is violated in a state, or by a step.

        Raises ModelError where that fails, reads what it does not name in `reads`, or returns what is no phrase.
        """
        found = (self.violated_in(part, *views) for part in self.judged)
        return next((each for each in found if each is not None), None)

    @calls_users_code
    def violated_in(self, part: Part, *views: View) -> str | None:
        """Return how one of its parts is violated; see `violated`."""
        try:
            found = part.violation(*(part.seen(view) for view in views))
        except _UnreadError as error:
            raise ModelError(
                f"The property {self.name!r} reads the component {error.args[0]!r}"
                f"{in_place_of(error, part.violation)} and does not say so; name it in what the property reads."
            ) from error
        except BaseException as error:
            parameters = not_taken(part.violation, views) if isinstance(error, TypeError) else None
            if parameters is not None and not hasattr(part.violation, "__wrapped__"):
                given = "the views before and after" if self.kind is Kind.STEP else "the view of a state"
                raise ModelError(
                    f"The property {self.name!r} in {place_of(part.violation)} takes {parameters}, and one of kind "
                    f"{self.kind} is given {given}; let it take as many."
                ) from error
            returns = ", which is to return what is wrong and to assert nothing," * isinstance(error, AssertionError)
            raise failed(f"The property {self.name!r}{returns} failed", error, part.violation) from error
        if found is None or isinstance(found, str):
            return found or None  # an empty phrase says that nothing is wrong
        if isinstance(found, bool):
            return "it is violated" if found else None
        raise ModelError(
            f"The property {self.name!r} returned {a(found)} in {place_of(part.violation)}; return what is wrong in a "
            "phrase, or None."
        )


@dataclass(frozen=True)
class Model:
    """A closed system, ready to be simulated or explored.

    `budgets` says how often each kind of fault may happen, `UNLIMITED` for any number of times. In a `quiet` model
    faults stop at some point: a property of kind EVENTUALLY speaks only of runs on which they do. Names that are
    `interchangeable` are said to make no difference: exchange two of them, wherever they stand in the names and values
    of a run, and it is a run again. That is not believed, but verified where it is made use of. `declared` are kinds of
    fault that steps may meet although neither their component declares them nor a budget names them.
    """

    components: Mapping[str, Component]
    processes: tuple[Process, ...]
    properties: tuple[Property, ...] = ()
    budgets: Mapping[str, int] = field(default_factory=dict)
    quiet: bool = False
    interchangeable: tuple[str, ...] = ()
    declared: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        require_mapping("components", self.components)
        require_parts("components", tuple(self.components.values()), Component)
        require_parts("processes", self.processes, Process)
        require_parts("properties", self.properties, Property)
        require_mapping("budgets", self.budgets)
        require_own_names(self.components)
        _require_different("Two processes are", (each.name for each in self.processes))
        _require_different("Two properties are", (each.name for each in self.properties))
        _require_different("Two interchangeable names are", self.interchangeable)
        for kind, budget in self.budgets.items():
            if type(budget) is not int or budget < UNLIMITED:
                raise ModelError(
                    f"The budget of the fault {kind!r} is {budget!r}; give it a whole number, or UNLIMITED."
                )
        for process in self.processes:
            require_types(f"the process {process.name!r}", process)
            require_parts(f"crashes of the process {process.name!r}", process.crashes, Crash)
            require_role(process.name, process.role)
            _require_arguments(process)
        for name, component in self.components.items():
            what = f"The initial value of the component {name!r}"
            try:
                require_immutable(what, component.initial)
            except ModelError:  # to find the place reads the file
                require_immutable(f"{what}{place_of_class(type(component))}", component.initial)
        for each in self.properties:
            require_reads(each.name, each.reads, self.components)

    def component(self, name: str) -> Component:
        """Return the component of that name, or raise ModelError."""
        try:
            return self.components[name]
        except KeyError:
            raise ModelError(str(unknown_name("component", name, self.components))) from None

    def instances(self, component: str) -> tuple[str, ...]:
        """Return the names under which a component is there: its own, or one for each key."""
        return tuple(name for name, each in self.components.items() if component in (name, each.name))


def _require_different(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ModelError(f"{what} named {name!r}; give each a name of its own.")
        seen.add(name)


def _require_arguments(process: Process) -> None:
    if not isinstance(process.arguments, tuple):
        kind = type(process.arguments).__name__
        raise ModelError(
            f"The arguments of the process {process.name!r} are no tuple but a {kind}; write (argument,) for one alone."
        )
    _require_unchanging(f"argument of the process {process.name!r}", process.arguments)


def _require_unchanging(what: str, values: tuple[Any, ...]) -> None:
    """Raise ModelError for a container that can change among these values, or among those that tuples hold."""
    for value in values:
        if isinstance(value, list | dict | set | bytearray):
            kind = type(value).__name__
            raise ModelError(
                f"An {what} is a {kind}, which can change; give it a tuple, a frozenset or a frozen dataclass."
            )
        if isinstance(value, tuple):
            _require_unchanging(what, value)
