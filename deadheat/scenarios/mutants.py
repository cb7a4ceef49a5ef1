"""The mutants of a protocol: what its roles are answered tells which of their steps are guards, and what to change.

Every step that the roles take, without faults and with one fault of each kind, is explored. Outcomes after which a
role goes on in the same way are one *decision*. Of each place where a role asks for something, there is a mutant

- for each decision, which takes its outcomes for the usual one (or a timeout for the end of patience: no retry);
- which takes the usual outcome for that of another decision, so that the guard never lets pass;
- for each outcome of a look that is kept for later, which takes it for the first (a stale read);
- without a look of which the outcome never matters;
- in which an operation that tests something is replaced by one that does not;
- in which an operation that changes something is left out.

Behind all of these come the mutants in which a step is put off until after the next (see `neighbours`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from deadheat.models.components.http import GaveUp, TimedOut
from deadheat.models.faults import FAULTS
from deadheat.models.mutations import (
    ROLES,
    Change,
    LeftOut,
    Mistaken,
    Mutation,
    Place,
    Weakened,
    mutated,
    role_of,
)
from deadheat.models.system import Protocol
from deadheat.models.world import build
from deadheat.scenarios.behaviour import Answer, Behaviour, OperationKinds, answers_of
from deadheat.scenarios.catalogue import MUTANT, find_protocol
from deadheat.scenarios.neighbours import postponements
from deadheat.sim.errors import UsageError
from deadheat.sim.explore.python import Search
from deadheat.sim.explore.results import Limits
from deadheat.sim.freeze import freeze
from deadheat.sim.learn.tables import Tables
from deadheat.sim.model import Model
from deadheat.sim.operations import Operation
from deadheat.sim.run.coverage import Site, sites_of

__all__ = ["Guards", "Observation", "guards_of", "mutant"]

OBSERVED_STATES_MAX = 10_000
"""A longer search tells next to nothing new of what single roles do."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What an exploration of the unmutated protocol, with these faults, told of its roles."""

    faults: tuple[tuple[str, int], ...]
    answers: tuple[Answer, ...]
    complete: bool

    def tells_apart(self, mutation: Mutation) -> bool:
        """Return whether the mutation can make any difference under these faults."""
        return not self.complete or any(_changes(mutation.change, each) for each in self._answers_at(mutation.place))

    def _answers_at(self, place: Place) -> Iterator[Answer]:
        return (each for each in self.answers if each.place == place)


@dataclass(frozen=True, slots=True)
class Guards:
    """The mutations of a protocol, numbered from 1 in this order, and the steps of its roles that no run reached."""

    mutations: tuple[Mutation, ...]
    observations: tuple[Observation, ...]
    never_reached: tuple[tuple[str, Site], ...]


def guards_of(name: str) -> Guards:
    """Return the mutations of the named protocol.

    Raises UsageError if there is none of that name, and ModelError or PurityError where it breaks a rule of the engine.
    """
    return _guards_of(find_protocol(name))


@lru_cache(maxsize=8)
def _guards_of(protocol: Protocol) -> Guards:
    observations = tuple(_observe(protocol, faults) for faults in ((), *(((kind, 1),) for kind in FAULTS)))
    by_place: dict[Place, list[Answer]] = {}
    for observation in observations:
        for answer in observation.answers:
            by_place.setdefault(answer.place, []).append(answer)
    places = sorted(by_place, key=lambda place: _rank(place.role))  # otherwise in the order in which they were reached
    behaviour = Behaviour(answer for observation in observations for answer in observation.answers)
    mutations = [Mutation(place, change) for place in places for change in _changes_at(by_place[place], behaviour)]
    mutations.extend(put_off for place in places for put_off in postponements(place, by_place[place], behaviour))
    reached = {(place.role, place.site) for place in by_place}
    return Guards(tuple(mutations), observations, tuple(sorted(_all_sites(protocol) - reached)))


def mutant(name: str, number: str) -> Protocol:
    """Return a mutant of the named protocol by its number; raises UsageError if there is none."""
    mutations = guards_of(name).mutations
    if not number.isdecimal() or not 1 <= int(number) <= len(mutations):
        raise UsageError(
            f"{name} has no mutant {number!r}; its mutants are numbered from 1 to {len(mutations)}, as "
            f"`deadheat mutate {name}` lists them."
        )
    return mutated(find_protocol(name), mutations[int(number) - 1], f"{name}{MUTANT}{int(number)}")


def _observe(protocol: Protocol, faults: tuple[tuple[str, int], ...]) -> Observation:
    world = build(protocol, 1, dict(faults))
    tables = Tables(Model(world.components, world.processes, (), dict(faults)))
    search = Search(tables, Limits(OBSERVED_STATES_MAX), None)
    search.run()
    tables.verify_purity()
    answers: list[Answer] = []
    sites: dict[str, set[Site]] = {}
    kinds = OperationKinds(tables)
    for states in tables.locals:
        role = role_of(protocol, states.process)
        if role is not None:
            if role not in sites:
                sites[role] = sites_of(_functions(protocol, role))
            answers.extend(answers_of(role, states, sites[role], faults, kinds))
    return Observation(faults, tuple(answers), search.stopped is None)


def _functions(protocol: Protocol, role: str) -> list[Callable[..., Any]]:
    if role in ROLES:
        return [getattr(protocol, role)]
    return [function for each in protocol.roles if each.part == role for function in each.functions]


def _all_sites(protocol: Protocol) -> set[tuple[str, Site]]:
    """Return every place where a role can ask for something, whether a run reaches it or not."""
    roles = {*ROLES, *(each.part for each in protocol.roles)}
    return {(role, site) for role in roles for site in sites_of(_functions(protocol, role))}


def _rank(role: str) -> int:
    return ROLES.index(role) if role in ROLES else len(ROLES)


def _changes(change: Change, answer: Answer) -> bool:
    """Return whether a change makes a difference to what a role was told, or to what it did."""
    return not isinstance(change, Mistaken) or change.mistakes(answer.outcome)


# What to change at one place


def _changes_at(answers: Sequence[Answer], behaviour: Behaviour) -> Iterator[Change]:
    operation, usual = answers[0].operation, answers[0].outcome
    kind = answers[0].kind
    if not isinstance(operation, Operation) or kind.hands_work or kind.passes_work_on:
        return
    decisions = behaviour.groups(answers, lambda answer: answer.asks)
    for group in decisions[1:]:
        timed_out = any(isinstance(each, TimedOut) for each in group)
        yield Mistaken(group, GaveUp() if timed_out else usual)
    without_faults = {freeze(answer.outcome) for answer in answers if answer.stood[0] == answers[0].stood[0]}
    others = [each for group in decisions[1:] for each in group if freeze(each) in without_faults]
    if others:
        yield Mistaken(decisions[0], others[0])
    if kind.looks:
        ever_matters = len(decisions) > 1
        for decision in decisions:
            members = {freeze(each) for each in decision}
            of_it = [answer for answer in answers if freeze(answer.outcome) in members]
            kept = behaviour.groups(of_it, lambda answer: answer.asks_exactly)
            yield from (Mistaken(group, kept[0][0]) for group in kept[1:])
            ever_matters = ever_matters or len(kept) > 1
        if not ever_matters:
            yield LeftOut(usual)
        return
    yield from (Weakened(each) for each in kind.weaker)
    yield LeftOut(usual)
