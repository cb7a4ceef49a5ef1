"""Which evaluation an event of a live trace belongs to, and whether the model has what it names at all.

That is read off where the models themselves write it: the component's key (`status/17`), the first argument of a
keyed component's operation, the second part of the name of a process (`worker/17`), or a Job in the outcome. A name
that turns up anywhere else says nothing: deliveries have numbers, answers have HTTP statuses, and an evaluation may be
called 1, 201 or user.

What no model has is refused, never passed over: a trace with a misspelt name would be explained for want of its event.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from deadheat.live.logs.tape import Header, LiveEvent, on_one_line
from deadheat.models.components.kubernetes import JobReference
from deadheat.models.faults import FAULTS
from deadheat.models.system import Protocol
from deadheat.models.world import build
from deadheat.sim.components import Component, operation, operations_in
from deadheat.sim.counting import counted
from deadheat.sim.errors import TraceError, unknown_name
from deadheat.sim.model import Process

__all__ = ["THE_ONE", "Attribution"]

THE_ONE = "e1"
"""What the model's only evaluation is called."""

LISTED = 20
"""How many names a message tells of."""


@dataclass(slots=True)
class _Role:
    """A role, and which numbers the names of its processes may end in: `dispatcher/E/1`; None stands for no number.

    `is_environment` tells that no role stands behind it, but what servers do by themselves.
    """

    is_keyed: bool
    numbers: set[int | None]
    is_environment: bool

    def may_end_in(self, rest: Sequence[str]) -> bool:
        if not rest:
            return None in self.numbers
        number = rest[0]
        lowest = min((each for each in self.numbers if each is not None), default=None)
        is_number = number.isascii() and number.isdigit() and not number.startswith("0")
        # Not the highest: whether there can be so many is for the search to say.
        return len(rest) == 1 and lowest is not None and is_number and len(number) < LISTED and int(number) >= lowest


class Attribution:
    """What events of one trace name, by its header and the protocol that it is matched against."""

    def __init__(self, header: Header, protocol: Protocol) -> None:
        self._evaluations = dict.fromkeys(header.evaluations)
        self._told = header.components
        world = build(protocol, 1, dict.fromkeys(FAULTS, 1))  # whoever can take part, if anything goes wrong
        self._components = {each.name: each for each in world.components.values()}
        self._roles: dict[str, _Role] = {}
        for process in world.processes:
            self._add(process)

    def of(self, event: LiveEvent) -> str | None:
        """Return the evaluation that an event belongs to, or None if it is about all of them.

        Raises TraceError, naming the line, for what the model does not have and for an event that belongs to none.
        """
        by_process, is_shared = self._of_process(event)
        component = self._component(event)
        by_component = self._of_component(event, component)
        found = by_component or by_process
        if found is None and isinstance(event.outcome, JobReference):
            found = self._known(event, event.outcome.evaluation)
        is_list = event.operation == "list_jobs" and not event.arguments
        if found is not None or is_list or (is_shared and not component.keyed):
            return found
        if len(self._evaluations) == 1:
            return next(iter(self._evaluations))
        told = on_one_line(str(event))
        raise TraceError(
            f"Line {event.line} ({told}) names none of the evaluations of the header; name it in the component, the "
            "first argument or the process."
        )

    def _add(self, process: Process) -> None:
        name, *rest = process.name.split("/")
        is_keyed = process.key is not None
        role = self._roles.setdefault(name, _Role(is_keyed, set(), process.is_environment))
        number = next(iter(rest[is_keyed:]), "")
        role.numbers.add(int(number) if number.isdecimal() else None)

    def _of_process(self, event: LiveEvent) -> tuple[str | None, bool]:
        """Return the evaluation of a process, and whether it is one that works for all evaluations."""
        if event.process is None:
            return None, False
        name, *rest = event.process.split("/")
        role = self._roles.get(name)
        if role is not None and role.is_environment:
            raise _refused(
                event,
                f"the process {event.process!r} stands for what servers do by themselves, of which no trace tells; "
                "leave the line out",
            )
        if role is None:
            known = (each for each, role in self._roles.items() if not role.is_environment)
            raise _refused(event, _unknown("process", name, known))
        if not role.may_end_in(rest[role.is_keyed :]) or len(rest) < role.is_keyed:
            shape = [name, *(["E"] if role.is_keyed else [])]
            shapes = sorted("/".join([*shape, *(["N"] if each else [])]) for each in role.numbers)
            raise _refused(
                event,
                f"there can be no process {event.process!r}; write {' or '.join(dict.fromkeys(shapes))}, E for the "
                "evaluation and N for a number",
            )
        return (self._known(event, rest[0]), False) if role.is_keyed else (None, True)

    def _component(self, event: LiveEvent) -> Component:
        """Return the component of an event, if it has such an operation."""
        name, slash, _ = event.component.partition("/")
        component = self._components.get(name)
        if component is None:
            raise _refused(event, _unknown("component", name, self._components))
        if name not in self._told:
            raise _refused(
                event,
                f"the component {name!r} is not among those that the header tells of; add it to `components`, or leave "
                "the line out",
            )
        if slash and not component.keyed:
            raise _refused(event, f"the component {name!r} is one for all evaluations; write it without what follows")
        marked = getattr(type(component), event.operation, None)
        if not isinstance(marked, operation):
            raise _refused(event, _unknown(f"operation of {name}", event.operation, _operations(component)))
        taken = list(inspect.signature(marked.step).parameters)[2:]
        if len(event.arguments) > len(taken):
            raise _refused(
                event,
                f"{name}.{event.operation} takes {counted(len(taken), 'argument')} ({', '.join(taken)}), and here are "
                f"{len(event.arguments)}",
            )
        return component

    def _of_component(self, event: LiveEvent, component: Component) -> str | None:
        """Return the evaluation that a keyed component's key and the first argument name; they must not differ."""
        if not component.keyed:
            return None
        _, slash, key = event.component.partition("/")
        by_key = self._known(event, key) if slash else None
        if not event.arguments:
            return by_key
        first = event.arguments[0]
        if not isinstance(first, str):
            raise _refused(event, f"the first argument of {event.operation} names the evaluation, as a text")
        by_argument = self._known(event, _tag(first) if component.name == "redis" else first)
        if by_key not in (None, by_argument):
            raise _refused(
                event, f"the component is of the evaluation {by_key!r} and the first argument of {by_argument!r}"
            )
        return by_argument

    def _known(self, event: LiveEvent, evaluation: str) -> str:
        if evaluation not in self._evaluations:
            raise _refused(event, _unknown("evaluation of the header", evaluation, self._evaluations))
        return evaluation


def _tag(key: str) -> str:
    """Return the evaluation in a Redis key, which is its hash tag: `lock:{17}`."""
    _, brace, rest = key.partition("{")
    return rest.removesuffix("}") if brace else key


def _operations(component: Component) -> list[str]:
    return list(operations_in(type(component)))


def _unknown(kind: str, name: str, known: Iterable[str]) -> str:
    known = list(known)
    text = str(unknown_name(kind, name, known)).removesuffix(".")
    if len(known) > LISTED and not text.endswith("?"):
        text = f"There is no {kind} {name!r} among the {len(known):,} there are"
    return text[0].lower() + text[1:]


def _refused(event: LiveEvent, reason: str) -> TraceError:
    end = "" if reason.endswith("?") else "."
    return TraceError(f"Line {event.line} cannot be matched: {on_one_line(reason)}{end}")
