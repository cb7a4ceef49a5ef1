"""What the roles of a protocol were seen to do: what they asked for, what they were told, and how they went on then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

from deadheat.models.mutations import RequestSite
from deadheat.sim.components import Component
from deadheat.sim.freeze import freeze
from deadheat.sim.learn.locals import LocalState, LocalStates
from deadheat.sim.learn.tables import FIELD_BITS, Tables
from deadheat.sim.operations import Atomic, Block, Instant, Operation, Outside, operations_of, plain
from deadheat.sim.run.coverage import Site
from deadheat.sim.traits import GivesUp, Weaker, only_looks, traits_of, weaker_than

__all__ = ["AnsweredRequest", "Asks", "Behaviour", "OperationKind", "OperationKinds", "answers_of"]


class OperationKind(NamedTuple):
    """What is known of an operation of a component."""

    looks: bool = False
    hands_work: bool = False
    passes_work_on: bool = False
    weaker: tuple[Weaker, ...] = ()
    gives_up: GivesUp | None = None


class OperationKinds:
    """What is known of the operations that a search asked for."""

    def __init__(self, tables: Tables) -> None:
        self._components = tables.model.components
        self._changed = set(_changed(tables))

    def family(self, request: Instant) -> str:
        """Return the class of the component that an operation is of, or those of several."""
        return " and ".join(type(self._components[each.component]).__name__ for each in operations_of(request))

    def of(self, request: Instant) -> OperationKind:
        """Return what is known of an operation; nothing of several at one instant."""
        if not isinstance(request, Operation):
            return OperationKind()
        component: Component = self._components[request.component]
        traits = traits_of(component, request.name)
        return OperationKind(
            only_looks(component, request.name, ever_changed=(request.component, request.name) in self._changed),
            traits.hands_work,
            traits.passes_work_on,
            weaker_than(component, request),
            traits.gives_up,
        )


class AnsweredRequest(NamedTuple):
    """What a role was once told: where it stood and stands then, and for what it asks then, and for what exactly.

    `following` is the place where it stands then, if it asks for one operation there, and not outside of the role.
    `family` is the class of the component; several of one may be asked alike. An answer `of_choice` is that of one of
    several operations, any of which the role asked for: the `alternative` of that number. One `of_several` is that of
    one of several operations at one instant, which were answered together.
    """

    place: RequestSite
    family: str
    operation: Instant
    of_choice: bool
    of_several: bool
    alternative: int
    kind: OperationKind
    stood: tuple[Hashable, ...]
    outcome: Any
    stands: Hashable
    asks: str
    asks_exactly: tuple[str, ...]
    following: RequestSite | None
    following_kind: OperationKind


def answers_of(
    role: str, states: LocalStates, sites: set[Site], faults: Hashable, kinds: OperationKinds
) -> Iterator[AnsweredRequest]:
    """Yield what a process was told at the sites of its role, and not in what is around it."""
    name = states.process.name
    for answered in states.answered():
        state, successor = states.states[answered.state], states.states[answered.successor]
        if state.site not in sites or isinstance(answered.operation, Outside):
            continue
        operation = plain(answered.operation)
        asked = _asked_in(successor)
        following = _place(role, successor, sites)
        answer = AnsweredRequest(
            place=RequestSite(role, state.site, operation.component, operation.name),
            family=kinds.family(operation),
            operation=operation,
            of_choice=state.chooses,
            of_several=False,
            alternative=answered.alternative,
            kind=kinds.of(operation),
            stood=(faults, name, answered.state),
            outcome=answered.outcome,
            stands=(faults, name, answered.successor),
            asks=f"{successor.site} {' or '.join(each.name for each in asked)}",
            asks_exactly=tuple(map(str, asked)),
            following=following,
            following_kind=kinds.of(asked[0]) if following else OperationKind(),
        )
        yield answer
        if isinstance(operation, Atomic):
            yield from (_part(answer, number, kinds) for number in range(len(operation.operations)))


def _part(answer: AnsweredRequest, number: int, kinds: OperationKinds) -> AnsweredRequest:
    """Return the answer of one of several operations at one instant."""
    part = answer.operation.operations[number] if isinstance(answer.operation, Atomic) else answer.operation
    return answer._replace(
        place=answer.place._replace(component=part.component, operation=part.name),
        family=kinds.family(part),
        operation=part,
        of_several=True,
        kind=kinds.of(part),
        outcome=answer.outcome[number],
    )


def _asked_in(state: LocalState) -> list[Operation | Atomic | Block]:
    """Return what a role asks for where it stands, as it asks for it."""
    return [plain(each) for each in state.operations if not isinstance(each, Outside)]


def _place(role: str, state: LocalState, sites: set[Site]) -> RequestSite | None:
    asked = _asked_in(state)
    if state.site not in sites or state.chooses or not any(isinstance(each, Operation) for each in asked):
        return None
    [operation] = asked
    return RequestSite(role, state.site, operation.component, operation.name)


def _changed(tables: Tables) -> Iterator[tuple[str, str]]:
    """Yield the operations that some step of changed what a component holds, each by its component and name."""
    components = sum(tables.field_mask(tables.component_field(name)) for name in tables.model.components)
    for process, states in enumerate(tables.locals):
        for local, rows in tables.rows[process].items():
            for request, row in zip(states.states[local].operations, rows, strict=False):  # behind them, crashes
                for fields, successors in row.successors.items():
                    state = fields | local << (process * FIELD_BITS)
                    if any((state + each.delta ^ state) & components for each in successors):
                        yield from ((each.component, each.name) for each in operations_of(request))


Asks: TypeAlias = Callable[[AnsweredRequest], Hashable]
"""What a role asks for after an answer, as far as it is of interest."""


class Behaviour:
    """What roles do after one answer or another, by all that was learned of them."""

    def __init__(self, answers: Iterable[AnsweredRequest]) -> None:
        self._at: dict[Hashable, dict[Hashable, AnsweredRequest]] = defaultdict(dict)
        for answer in answers:
            if answer.of_several:
                continue
            self._at[answer.stood][answer.alternative, freeze(answer.outcome)] = answer

    def at(self, stood: Hashable) -> Sequence[AnsweredRequest]:
        """Return what a role was told where it stood."""
        return list(self._at.get(stood, {}).values())

    def groups(self, answers: Sequence[AnsweredRequest], asks: Asks) -> list[tuple[Any, ...]]:
        """Return the outcomes in groups, in the order in which they were learned; those of one group are all alike."""
        by_outcome: dict[Hashable, list[AnsweredRequest]] = {}
        for answer in answers:
            by_outcome.setdefault(freeze(answer.outcome), []).append(answer)
        groups: list[list[list[AnsweredRequest]]] = []
        for told in by_outcome.values():
            same = next((group for group in groups if all(self._same(told, each, asks) for each in group)), None)
            if same is None:
                groups.append([told])
            else:
                same.append(told)
        return [tuple(told[0].outcome for told in group) for group in groups]

    def _same(self, ones: list[AnsweredRequest], others: list[AnsweredRequest], asks: Asks) -> bool:
        """Return whether two outcomes are alike: wherever both were told, or else in what is asked for somewhere."""
        stood = {answer.stood: answer for answer in others}
        both = [(one, stood[one.stood]) for one in ones if one.stood in stood]
        if both:
            return all(self._alike(one, other, asks, set()) for one, other in both)
        return not {asks(one) for one in ones}.isdisjoint(asks(other) for other in others)

    def _alike(
        self, one: AnsweredRequest, other: AnsweredRequest, asks: Asks, assumed: set[tuple[Hashable, Hashable]]
    ) -> bool:
        """Return whether the role asks for the same from here on, whatever it is answered."""
        pair = (one.stands, other.stands)
        if one.stands == other.stands or pair in assumed:
            return True
        assumed.add(pair)
        here, there = self._at.get(one.stands, {}), self._at.get(other.stands, {})
        return asks(one) == asks(other) and all(
            self._alike(here[outcome], there[outcome], asks, assumed) for outcome in here if outcome in there
        )

    def alike_until_change(self, told: Sequence[AnsweredRequest]) -> bool:
        """Return whether the role asks for exactly the same after each answer, up to a step that is not a look."""
        return all(self._alike_over_looks(one, other, set()) for one, other in pairwise(told))

    def _alike_over_looks(
        self, one: AnsweredRequest, other: AnsweredRequest, assumed: set[tuple[Hashable, Hashable]]
    ) -> bool:
        pair = (one.stands, other.stands)
        if one.stands == other.stands or pair in assumed:
            return True
        assumed.add(pair)
        if (one.asks, one.asks_exactly) != (other.asks, other.asks_exactly):
            return False
        here, there = self._at.get(one.stands, {}), self._at.get(other.stands, {})
        return not one.following_kind.looks or all(
            self._alike_over_looks(here[outcome], there[outcome], assumed) for outcome in here if outcome in there
        )
