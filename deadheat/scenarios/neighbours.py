"""Neighbouring steps of a role that could happen in the other order: the first is put off until after the second.

Only where the role asks for the same second step whatever the first is answered, as far as was learned: else there is
no order to exchange. A step that changes something is also put off over looks that follow, whatever they show, until
after the next step that changes something. A step by which the role is given its work, or passes it on, is never put
off; nor is any until after one by which it is given its work.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TypeAlias

from deadheat.models.mutations import Mutation, PutOff, RequestSite
from deadheat.scenarios.behaviour import AnsweredRequest, Behaviour
from deadheat.sim.operations import Operation

__all__ = ["postponements"]

Looks: TypeAlias = tuple[tuple[str, str], ...]
"""Looks on the way to a step, each by its component and name."""


def postponements(place: RequestSite, answers: Sequence[AnsweredRequest], behaviour: Behaviour) -> Iterator[Mutation]:
    """Yield the mutations that put off the step at a place; `answers` is all that was ever told there."""
    first = answers[0]
    if not isinstance(first.operation, Operation) or first.of_choice or first.of_several:
        return
    if first.kind.hands_work or first.kind.passes_work_on:
        return
    looks_before: dict[RequestSite, Looks] = {}
    dependent: set[RequestSite] = set()
    for stood in dict.fromkeys(answer.stood for answer in answers):
        told = behaviour.at(stood)
        near, far = _alike_next(told), behaviour.alike_until_change(told)
        for answer in told:
            for following, looks in _ahead(answer, behaviour):
                looks_before[following] = tuple(dict.fromkeys((*looks_before.get(following, ()), *looks)))
                if not (far if looks else near):
                    dependent.add(following)
    for following, looks in looks_before.items():
        if following != place and following not in dependent:
            yield Mutation(place, PutOff(following, first.outcome, looks))


def _alike_next(told: Sequence[AnsweredRequest]) -> bool:
    """Return whether the role asks for the same next, whatever it was told."""
    return all((one.asks, one.asks_exactly) == (other.asks, other.asks_exactly) for one, other in pairwise(told))


def _ahead(answer: AnsweredRequest, behaviour: Behaviour, looks: Looks = ()) -> Iterator[tuple[RequestSite, Looks]]:
    """Yield the next step, and if that is a look and the first one is none, the next that is none, with the looks."""
    following, kind = answer.following, answer.following_kind
    if following is None or kind.hands_work:
        return
    if not looks or not kind.looks:
        yield following, looks
    look = (following.component, following.operation)
    if kind.looks and look not in looks and (looks or not answer.kind.looks):
        for each in behaviour.at(answer.stands):
            yield from _ahead(each, behaviour, (*looks, look))
