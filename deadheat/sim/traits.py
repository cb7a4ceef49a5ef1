"""What is known of an operation, said where it is defined: decorators, to be written above `@operation`.

What mutants, windows, live runs and reports need to know of a component is said by the component itself:

    class Mailbox(Component):
        @looks
        @operation
        def size(self, value: Letters) -> Steps: ...

        @by_itself(fault=LOST)
        @operation
        def lose(self, value: Letters) -> Steps: ...
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from deadheat.sim.faults import Fault, kind_of

if TYPE_CHECKING:
    from deadheat.sim.components import operation

__all__ = ["ByItself", "Traits", "by_itself", "hands_work", "looks", "passes_work_on"]


@dataclass(frozen=True, slots=True)
class ByItself:
    """Somebody who is no role, `who`, makes the operation happen, again and again, wherever it is enabled.

    It is `owed` if it happens in the end (a controller, a clock), and not if it merely may (a broken connection). One
    with a `fault` is there only if that fault has a budget.
    """

    who: str | None = None
    owed: bool = True
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Traits:
    """What is known of one operation.

    One that `looks` changes nothing that anybody else could see: to leave it out is to mistake its outcome. One that
    `hands_work` gives a role its work, and one that `passes_work_on` gives it to another: no guards, either of them.
    """

    looks: bool = False
    hands_work: bool = False
    passes_work_on: bool = False
    by_itself: ByItself | None = None


AnyOperation = TypeVar("AnyOperation", bound="operation[...]")


def looks(marked: AnyOperation) -> AnyOperation:
    """Say that the operation changes nothing that anybody else could see."""
    marked.traits = replace(marked.traits, looks=True)
    return marked


def hands_work(marked: AnyOperation) -> AnyOperation:
    """Say that a role is given its work by the operation: without it, it would be no role."""
    marked.traits = replace(marked.traits, hands_work=True)
    return marked


def passes_work_on(marked: AnyOperation) -> AnyOperation:
    """Say that a role gives work to another by the operation."""
    marked.traits = replace(marked.traits, passes_work_on=True)
    return marked


def by_itself(
    who: str | None = None, *, owed: bool = True, fault: Fault | str | None = None
) -> Callable[[AnyOperation], AnyOperation]:
    """Say that the operation happens although no role asks for it; it takes nothing, or the key of its instance.

    `who` makes it happen, as timelines call it: "controllers", or `component.operation` if nothing is given. `owed`: it
    happens in the end, for as long as it is enabled. `fault`: it is there only if that has a budget.
    """
    kind = None if fault is None else kind_of(fault)

    def marked_so(marked: AnyOperation) -> AnyOperation:
        marked.traits = replace(marked.traits, by_itself=ByItself(who, owed, kind))
        return marked

    return marked_so
