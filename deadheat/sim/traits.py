"""What is known of an operation, said where it is defined: decorators, to be written above `@operation`.

What mutants, windows, live runs and reports need to know of a component is said by the component itself:

    class Mailbox(Component):
        @looks
        @operation
        def size(self, value: Letters) -> Steps: ...

        @by_itself(owed=False, fault=LOST)
        @operation
        def lose(self, value: Letters) -> Steps: ...

        @operation
        def put(self, value: Letters, letter: str) -> Steps: ...

        @weaker("puts it although it is there", put)
        @operation
        def put_once(self, value: Letters, letter: str) -> Steps: ...

What is said belongs to this definition, not to the name: a subclass that overrides an operation says it anew, if it is
still so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from inspect import Parameter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from deadheat.sim.counting import counted
from deadheat.sim.errors import ModelError, unknown_name
from deadheat.sim.faults import Fault, kind_of
from deadheat.sim.freeze import require_immutable
from deadheat.sim.operations import Operation

if TYPE_CHECKING:
    from deadheat.sim.components import Component, operation

__all__ = [
    "ByItself",
    "Expires",
    "GivesUp",
    "Traits",
    "Twin",
    "Weaker",
    "assumes",
    "by_itself",
    "expires",
    "gives_up",
    "hands_work",
    "looks",
    "only_looks",
    "passes_work_on",
    "traits_of",
    "weaker",
    "weaker_than",
]


@dataclass(frozen=True, slots=True)
class ByItself:
    """Somebody who is no role, `who`, makes the operation happen, again and again, wherever it is enabled.

    It is `owed` if it happens in the end (a controller, a clock), and not if it merely may (a broken connection). One
    with a `fault` is there only if that fault has a budget.
    """

    who: str | None = None
    owed: bool = True
    fault: str | None = None


class Default(NamedTuple):
    """What a twin takes for an argument that it is not given."""

    value: Any


@dataclass(frozen=True, slots=True)
class Weaker:
    """An operation without its test: the name of its twin, the arguments of that, and how it reads.

    Each argument is one of the operation's own, by its position, or the twin's default. `told` is what the role is
    told, if not what the twin answers.
    """

    name: str
    arguments: tuple[int | Default, ...]
    meaning: str
    told: tuple[Any, ...] = ()

    def instead(self, request: Operation) -> Operation:
        """Return what is asked for in the place of a request."""
        arguments = (each.value if isinstance(each, Default) else request.arguments[each] for each in self.arguments)
        return replace(request, name=self.name, arguments=tuple(arguments))


@dataclass(frozen=True, slots=True)
class Twin:
    """A weaker twin, and the operation that it is; None for the operation itself, with less to go by."""

    weaker: Weaker
    operation: operation[...] | None


@dataclass(frozen=True, slots=True)
class GivesUp:
    """A role asks again after an outcome of the type `again`; one without patience is `told` this in its place."""

    again: type[Any]
    told: Any


@dataclass(frozen=True, slots=True)
class Expires:
    """The time to live of something is over; `unset` returns the value in which that has none, if not the initial."""

    unset: Callable[[Any, Any], Any] | None = None


@dataclass(frozen=True, slots=True)
class Traits:
    """What is known of one operation.

    One that `looks` changes nothing that anybody else could see: to leave it out is to mistake its outcome. One that
    `hands_work` gives a role its work, and one that `passes_work_on` gives it to another: no guards, either of them.
    One that tests something, or that something limits, has `twins` without that. After some outcomes a role asks again,
    for as long as it does not `gives_up`. By one that `expires` the time to live of something is over. One that
    `assumes` rules out runs, so that what holds, holds of the others only.
    """

    looks: bool = False
    hands_work: bool = False
    passes_work_on: bool = False
    by_itself: ByItself | None = None
    twins: tuple[Twin, ...] = ()
    gives_up: GivesUp | None = None
    assumes: bool = False
    expires: Expires | None = None


AnyOperation = TypeVar("AnyOperation", bound="operation[...]")


def looks(marked: AnyOperation) -> AnyOperation:
    """Say that the operation changes nothing that anybody else could see.

    A class that says so of one of its operations has said it of all that it defines; of the operations of another, one
    that has never changed anything is taken for a look.
    """
    return _marked(marked, "looks", looks=True)


def hands_work(marked: AnyOperation) -> AnyOperation:
    """Say that a role is given its work by the operation: without it, it would be no role."""
    return _marked(marked, "hands_work", hands_work=True)


def passes_work_on(marked: AnyOperation) -> AnyOperation:
    """Say that a role gives work to another by the operation."""
    return _marked(marked, "passes_work_on", passes_work_on=True)


def assumes(marked: AnyOperation) -> AnyOperation:
    """Say that the operation is an assumption: runs on which it is not enabled are not looked at."""
    return _marked(marked, "assumes", assumes=True)


def by_itself(
    who: str | None = None, *, owed: bool = True, fault: Fault | str | None = None
) -> Callable[[AnyOperation], AnyOperation]:
    """Say that the operation happens although no role asks for it; it takes nothing, or the key of its instance.

    `who` makes it happen, as timelines call it: "controllers", or `component.operation` if nothing is given. `owed`: it
    happens in the end, for as long as it is enabled. `fault`: it is there only if that has a budget.
    """
    _require_no_operation("by_itself", who)
    kind = None if fault is None else kind_of(fault)

    def marked_so(marked: AnyOperation) -> AnyOperation:
        _marked(marked, "by_itself(...)", by_itself=ByItself(who, owed, kind))
        for each in marked.parameters[1:]:
            if each.default is Parameter.empty:
                raise ModelError(
                    f"{_name(marked)} happens by itself, but takes {each.name!r}; let it take nothing, or the key of "
                    "its instance, or have a default for it."
                )
        return marked

    return marked_so


def _require_no_operation(called: str, given: object) -> None:
    """Raise ModelError where a decorator that is to be called was put on an operation as it is."""
    if hasattr(given, "traits"):
        raise ModelError(
            f"@{called} stands above an operation without parentheses; write @{called}(...), or @{called}() where "
            "there is nothing more to say."
        )


def expires(unset: Callable[[Any, Any], Any] | None = None) -> Callable[[AnyOperation], AnyOperation]:
    """Say that by the operation the time to live of something is over: of what it answers, or of all that there is.

    `unset` is given the component's value, and what has expired, and returns the value in which that has no time to
    live; by default, the initial value. Whatever leads from there to where it could expire has set its time.
    """
    _require_no_operation("expires", unset)
    return lambda marked: _marked(marked, "expires()", expires=Expires(unset))


def gives_up(again: type[Any], *, told: Any) -> Callable[[AnyOperation], AnyOperation]:
    """Say that a role asks again after an outcome of this type, and what one that has no patience is told instead."""
    _require_no_operation("gives_up", again)
    require_immutable("What a role without patience is told", told)
    return lambda marked: _marked(marked, "gives_up(...)", gives_up=GivesUp(again, told))


AS_ANSWERED = object()


def weaker(
    reads: str,
    twin: operation[...] | None = None,
    *,
    given: Sequence[str] | None = None,
    without: str | None = None,
    told: Any = AS_ANSWERED,
) -> Callable[[AnyOperation], AnyOperation]:
    """Say what the operation would be without its test, or its limit: `@weaker("sets without comparing", set)`.

    `reads` says in a few words what is then done. `twin` is another operation of the same component, defined above, and
    is given the arguments of the names that it takes; or `given`, those of this operation in the order in which the
    twin takes them. For what it takes beyond these it has defaults. Where there is no twin, it is the operation itself,
    with its argument `without` left to its default. The role is `told` what it would hear if the test had been passed;
    by default, what the twin answers. An operation may have several, each said above the other.

    Raises ModelError where the twin cannot be asked for so.
    """
    _require_no_operation("weaker", reads)

    def marked_so(marked: AnyOperation) -> AnyOperation:
        _require_operation(marked, "weaker(...)")
        arguments = _arguments(marked, twin, given, without)
        if told is not AS_ANSWERED:
            require_immutable(f"What the role is told instead of {_name(marked)}", told)
        answer = () if told is AS_ANSWERED else (told,)
        found = Twin(Weaker((twin or marked).step.__name__, arguments, reads, answer), twin)
        return _marked(marked, "weaker(...)", twins=(found, *marked.traits.twins))

    return marked_so


# What is asked of it


def traits_of(component: Component, name: str) -> Traits:
    """Return what is known of an operation, as the component's class, or the one that it inherits it from, says."""
    return _said_of(getattr(type(component), name, None))


def only_looks(component: Component, name: str, *, ever_changed: bool) -> bool:
    """Return whether an operation only looks: as its class says, or else whether it never changed anything."""
    if traits_of(component, name).looks:
        return True
    defining = next((each for each in type(component).__mro__ if name in vars(each)), None)
    has_said = defining is not None and any(_said_of(each).looks for each in vars(defining).values())
    return not ever_changed and not has_said


def weaker_than(component: Component, request: Operation) -> tuple[Weaker, ...]:
    """Return the weaker twins that a request has, as far as the component has them and they would do anything else."""
    marked = getattr(type(component), request.name, None)
    found = [
        each.weaker
        for each in _said_of(marked).twins
        if getattr(type(component), each.weaker.name, None) is (each.operation or marked)
    ]
    return tuple(each for each in found if each.instead(request) != request)


def _said_of(marked: Any) -> Traits:
    said = getattr(marked, "traits", None)
    return said if isinstance(said, Traits) else Traits()


def _marked(marked: AnyOperation, decorator: str, **said: Any) -> AnyOperation:
    _require_operation(marked, decorator)
    marked.traits = replace(marked.traits, **said)
    return marked


def _require_operation(marked: Any, decorator: str) -> None:
    if not isinstance(getattr(marked, "traits", None), Traits):
        name = getattr(marked, "__qualname__", type(marked).__name__)
        raise ModelError(f"@{decorator} was put on {name}, which is no operation; write it above @operation.")


# The arguments of a twin


def _arguments(
    marked: operation[...], twin: operation[...] | None, given: Sequence[str] | None, without: str | None
) -> tuple[int | Default, ...]:
    """Return where each argument of the twin comes from; raises ModelError where one comes from nowhere."""
    own = [each.name for each in marked.parameters]
    if (twin is None) is (without is None):
        raise ModelError(
            f"What is weaker than {_name(marked)} is either another operation of its component, or this one `without` "
            "one of its arguments; say which."
        )
    if twin is not None and not isinstance(getattr(twin, "traits", None), Traits):
        raise ModelError(
            f"What is weaker than {_name(marked)} is no operation but a {type(twin).__name__}; give one defined above."
        )
    for name in (*(given or ()), *([without] if without is not None else [])):
        if name not in own:
            raise ModelError(str(unknown_name(f"argument of {_name(marked)} named", name, own)))
    taken = (twin or marked).parameters
    if given is None:
        given = [each.name for each in taken]
    elif len(given) > len(taken):
        raise ModelError(
            f"What is weaker than {_name(marked)} takes {counted(len(taken), 'argument')}, not {len(given)}; "
            "give it no more."
        )
    sources = {each.name: name for each, name in zip(taken, given, strict=False) if name in own and name != without}
    return tuple(own.index(sources[each.name]) if each.name in sources else _default(marked, each) for each in taken)


def _default(marked: operation[...], parameter: Parameter) -> Default:
    if parameter.default is Parameter.empty:
        raise ModelError(
            f"What is weaker than {_name(marked)} takes {parameter.name!r}, which it is not given; say by `given` "
            "which argument that is, or let it have a default."
        )
    return Default(parameter.default)


def _name(marked: operation[...]) -> str:
    return marked.step.__qualname__
