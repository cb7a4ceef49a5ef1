"""Roles: the processes of a design, declared. How many there are, whether they repeat, and how each can be killed.

    one("relay", relay, repeats=True, crashes=(crash(RELAY_CRASH),))
    one_each("shop", place)                  # one for each key: place(components, key)
    several_each("worker", worker, count=2)  # so many for each key: worker(components, key, number)

Each is given a generator function; what that yields is the role's steps.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeAlias, TypedDict, TypeVar, Unpack

from deadheat.models.any_system import Components
from deadheat.models.protocol_rules import require_tuple, require_word
from deadheat.sim.counting import a
from deadheat.sim.errors import ModelError, UsageError, unknown_name
from deadheat.sim.faults import Fault, kind_of
from deadheat.sim.model import UNLIMITED, Crash, Process
from deadheat.sim.model_rules import require_types
from deadheat.sim.operations import Operation, Request, atomically
from deadheat.sim.places import place_of
from deadheat.sim.users_code import failed

__all__ = [
    "Faults",
    "Instance",
    "Role",
    "RoleCrash",
    "Steps",
    "crash",
    "instances_of",
    "one",
    "one_each",
    "processes_of",
    "several",
    "several_each",
]

Steps: TypeAlias = Generator[Request, Any, Any]
"""What a role function returns: its steps, one operation each."""

Faults: TypeAlias = Mapping[str, int]
"""The budget of each kind of fault."""

System = TypeVar("System", bound=Components, contravariant=True)
OfSystem = TypeVar("OfSystem", bound=Components)


class Instance(NamedTuple):
    """One process of a role: its name, and the key and the number that it is for, if there are several."""

    name: str
    key: str | None = None
    number: int | None = None


@dataclass(frozen=True)
class RoleCrash(Generic[System]):
    """The fault that kills a process of a role at any step; `noticed` is what others see of it at the same instant."""

    fault: Fault | str
    restarts: bool
    noticed: Callable[[System, Instance], tuple[Operation, ...]]

    def __post_init__(self) -> None:
        require_types("a crash", self)
        if not callable(self.noticed):
            raise ModelError(
                f"`noticed` of a crash is {a(self.noticed)}; give it a function of the components and the process."
            )

    def of(self, components: System, instance: Instance) -> Crash:
        """Return the crash of one process."""
        try:
            noticed = self.noticed(components, instance)
        except Exception as error:
            raise failed(f"What is noticed of a crash of {instance.name!r} failed", error, self.noticed) from None
        if not isinstance(noticed, tuple) or any(not isinstance(each, Operation) for each in noticed):
            raise ModelError(
                f"What is noticed of a crash of {instance.name!r}, in {place_of(self.noticed)}, is {a(noticed)}; "
                "return a tuple of operations: (system.redis.delete(key),)."
            )
        return Crash(self.fault, self.restarts, atomically(*noticed))


@dataclass(frozen=True)
class Role(Generic[System]):
    """What processes do, and which there are; best made by `one`, `one_each`, `several` and `several_each`.

    There is one `each_key`, or one in all, of each of the `numbers`, which may depend on the budgets of faults; None is
    a number that is not written. A role that `needs` a fault is there only if that has a budget, and is to begin with a
    step that draws on it; one that is `like` another, by its name, is another of its kind for mutants and reports.
    `is_environment` tells that it stands for what real servers do by themselves. `given` are further arguments;
    `arguments` says what a process is given, where that is something else than components, key and number.
    """

    name: str
    function: Callable[..., Steps]
    each_key: bool = False
    numbers: tuple[int | None, ...] | Callable[[Faults], tuple[int, ...]] = (None,)
    repeats: bool = False
    owed: bool = True
    optional: bool = False
    crashes: tuple[RoleCrash[System], ...] = ()
    needs: Fault | str | None = None
    like: str | None = None
    is_environment: bool = False
    given: tuple[Any, ...] = ()
    arguments: Callable[[System, Instance], tuple[Any, ...]] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        require_word("role", self.name)
        require_types(f"the role {self.name!r}", self)
        if not callable(self.function):
            raise ModelError(
                f"The role {self.name!r} has no function but {a(self.function)}; give it a generator function."
            )
        is_crash = lambda each: isinstance(each, RoleCrash)  # noqa: E731
        require_tuple(f"the role {self.name!r}", "crashes", self.crashes, is_crash, "what crash(...) returns")

    @property
    def part(self) -> str:
        """The name of the role, or of the one that it is like."""
        return self.like or self.name

    @property
    def functions(self) -> tuple[Callable[..., Any], ...]:
        """The functions that its processes run: its own, and those that they are given."""
        return (self.function, *(each for each in self.given if callable(each)))

    def instances(self, components: System, faults: Faults) -> Iterator[Instance]:
        """Yield the processes that there are of it, those of one key together."""
        if self.needs is not None and not faults.get(kind_of(self.needs)):
            return
        for key in components.keys if self.each_key else (None,):
            for number in self.numbers(faults) if callable(self.numbers) else self.numbers:
                written = (self.name, key, None if number is None else str(number))
                yield Instance("/".join(each for each in written if each is not None), key, number)

    def process(self, components: System, instance: Instance) -> Process:
        """Return one of its processes."""
        if self.arguments is not None:
            arguments = self.arguments(components, instance)
        else:
            arguments = (components, *(each for each in instance[1:] if each is not None), *self.given)
        crashes = tuple(each.of(components, instance) for each in self.crashes)
        return Process(
            instance.name,
            self.function,
            arguments,
            self.repeats,
            self.owed,
            crashes,
            optional=self.optional,
            part=self.part,
            key=instance.key,
            is_environment=self.is_environment,
        )


def crash(
    fault: Fault | str,
    *,
    restarts: bool = True,
    noticed: Callable[[Any, Instance], tuple[Operation, ...]] = lambda components, instance: (),  # noqa: ARG005
) -> RoleCrash[Any]:
    """Declare that a role's process can be killed, at any step that it has begun, by this fault.

    It begins anew, if it `restarts`, or is gone. `noticed(components, instance)` returns what components notice at the
    same instant: a lock that is released, a message that goes back, a transaction that is rolled back.
    """
    return RoleCrash(fault, restarts, noticed)


class RoleOptions(TypedDict, Generic[OfSystem], total=False):
    """What all four ways of declaring a role take; see `one`."""

    repeats: bool
    owed: bool
    optional: bool
    crashes: tuple[RoleCrash[OfSystem], ...]
    needs: Fault | str | None
    like: str | None


def one(name: str, function: Callable[[OfSystem], Steps], **options: Unpack[RoleOptions[OfSystem]]) -> Role[OfSystem]:
    """Declare one process, which runs `function(components)`.

    One that `repeats` begins anew each time it returns; one that is not `owed` may make its steps, but need not; one
    that is `optional` need not begin, and goes on once it has begun. `crashes` are the faults that kill it. One that
    `needs` a fault is there only if that has a budget, and begins with a step that draws on it, such as `occurs` of a
    `Chance`; one that is `like` another role, by its name, is another of its kind.
    """
    return _role(name, function, False, (None,), options)


def one_each(
    name: str, function: Callable[[OfSystem, str], Steps], **options: Unpack[RoleOptions[OfSystem]]
) -> Role[OfSystem]:
    """Declare one process for each key, which runs `function(components, key)`; see `one`."""
    return _role(name, function, True, (None,), options)


def several(
    name: str,
    function: Callable[[OfSystem, int], Steps],
    count: int | Callable[[Faults], int],
    **options: Unpack[RoleOptions[OfSystem]],
) -> Role[OfSystem]:
    """Declare so many processes, each of which runs `function(components, number)`, from 1; see `one`.

    The count may be a function of the budgets of faults.
    """
    return _role(name, function, False, numbered(count), options)


def several_each(
    name: str,
    function: Callable[[OfSystem, str, int], Steps],
    count: int | Callable[[Faults], int],
    **options: Unpack[RoleOptions[OfSystem]],
) -> Role[OfSystem]:
    """Declare so many processes for each key, each of which runs `function(components, key, number)`; see `several`."""
    return _role(name, function, True, numbered(count), options)


def _role(
    name: str,
    function: Callable[..., Steps],
    each_key: bool,
    numbers: tuple[None, ...] | Callable[[Faults], tuple[int, ...]],
    options: RoleOptions[OfSystem],
) -> Role[OfSystem]:
    for each in options:
        if each not in RoleOptions.__annotations__:
            raise ModelError(str(unknown_name("option of a role", each, RoleOptions.__annotations__)))
    return Role(name, function, each_key, numbers, **options)


class _Countable(dict[str, int]):
    """Budgets that are counted with: one without end is no number, and raises UsageError."""

    def __getitem__(self, kind: str) -> int:
        budget = super().__getitem__(kind)
        if budget == UNLIMITED:
            raise UsageError(
                f"How many processes there are depends on the fault {kind!r}, which cannot happen without end; give it "
                "a number of times."
            )
        return budget

    def get(self, kind: str, default: Any = None) -> Any:
        """Return a budget, or the default."""
        return self[kind] if kind in self else default  # noqa: SIM401 - or it would call itself


def numbered(count: int | Callable[[Faults], int]) -> Callable[[Faults], tuple[int, ...]]:
    """Return the numbers from 1 on, so many as the count says."""
    if not callable(count) and (type(count) is not int or count < 1):
        raise ModelError(f"The count of a role is {count!r}; give it a whole number, or a function of the faults.")

    def numbers(faults: Faults) -> tuple[int, ...]:
        counted = count(_Countable(faults)) if callable(count) else count
        if type(counted) is not int or counted < 0:
            raise ModelError(
                f"The count of a role, in {place_of(count)}, is {counted!r}; let it return a whole number."
            )
        return tuple(range(1, counted + 1))

    return numbers


def instances_of(
    roles: tuple[Role[Any], ...], components: Components, faults: Faults
) -> Iterator[tuple[Role[Any], Instance]]:
    """Yield which processes there are of roles: those of each key together, then those that are for all."""
    each_key = [(role, each) for role in roles if role.each_key for each in role.instances(components, faults)]
    for key in components.keys:
        yield from ((role, each) for role, each in each_key if each.key == key)
    for role in roles:
        if not role.each_key:
            yield from ((role, each) for each in role.instances(components, faults))


def processes_of(roles: tuple[Role[Any], ...], components: Components, faults: Faults) -> Iterator[Process]:
    """Yield the processes of roles: those of each key together, then those that are for all."""
    yield from (role.process(components, each) for role, each in instances_of(roles, components, faults))
