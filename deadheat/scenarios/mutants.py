"""The mutants of a protocol, or of any other model: what its roles are answered tells what to change.

Every step that the roles take, without faults and with one fault of each kind, is explored. Outcomes after which a
role goes on in the same way are one *decision*. Of each place where a role asks for something, there is a mutant

- for each decision, which takes its outcomes for the usual one (or a timeout for the end of patience: no retry);
- which takes the usual outcome for that of another decision, so that the guard never lets pass;
- for each outcome of a look that is kept for later, which takes it for the first (a stale read);
- without a look of which the outcome never matters;
- in which an operation that tests something is replaced by one that does not;
- in which an operation that changes something is left out.

Behind all of these come the mutants in which a step is put off until after the next (see `neighbours`), and then those
of operations that happen at one instant: each is changed alone, and all happen one after the other. What can be changed
alike wherever a role asks several components of one class is changed at all of them (see `families`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from deadheat.models.mutations import Change, LeftOut, Mistaken, Mutation, RequestSite, Split, Weakened, mutated
from deadheat.models.system import Protocol
from deadheat.scenarios import catalogue, interruption
from deadheat.scenarios.behaviour import AnsweredRequest, Behaviour, OperationKinds, answers_of
from deadheat.scenarios.catalogue import MUTANT, find_protocol
from deadheat.scenarios.families import merged
from deadheat.scenarios.neighbours import postponements
from deadheat.scenarios.originals import AnyOriginal, Budgets, OfProtocol, Original
from deadheat.scenarios.subjects import OfEvaluations, Settings, subject_of
from deadheat.sim.errors import UsageError
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.python import Search
from deadheat.sim.freeze import Same, freeze
from deadheat.sim.learn.tables import Tables
from deadheat.sim.operations import Atomic
from deadheat.sim.run.coverage import Site, delegations_of, sites_of

__all__ = ["Guards", "Observation", "guards_of", "mutant", "mutation_of"]

OBSERVED_STATES_MAX = 10_000
"""A longer search tells next to nothing new of what single roles do."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What an exploration of the unmutated protocol, with these faults, told of its roles.

    `in_blocks` are the sites that were reached in atomic blocks, where no role stands.
    """

    faults: Budgets
    answers: tuple[AnsweredRequest, ...]
    complete: bool
    in_blocks: frozenset[Site] = frozenset()

    def tells_apart(self, mutation: Mutation) -> bool:
        """Return whether the mutation can make any difference under these faults."""
        return not self.complete or any(_changes(mutation.change, each) for each in self._answers_at(mutation.place))

    def _answers_at(self, place: RequestSite) -> Iterator[AnsweredRequest]:
        return (each for each in self.answers if place.covers(each.place))


@dataclass(frozen=True, slots=True)
class Guards:
    """The mutations of a protocol, numbered from 1 in this order, and the steps of its roles that no run reached."""

    mutations: tuple[Mutation, ...]
    observations: tuple[Observation, ...]
    never_reached: tuple[tuple[str, Site], ...]


def guards_of(reference: str, settings: Settings = ()) -> Guards:
    """Return the mutations of what a reference stands for, at the sizes that were asked for.

    Raises UsageError if there is no such thing, and ModelError or PurityError where it breaks a rule of the engine.
    """
    return _guards_of(reference, settings, Same(catalogue.base_of(reference)))


@lru_cache(maxsize=8)
def _guards_of(reference: str, settings: Settings, base: Same) -> Guards:
    """Remember the mutations as long as a reference begins with the very same object."""
    del base
    subject = subject_of(reference, settings)
    return _guards(OfProtocol(subject.protocol) if isinstance(subject, OfEvaluations) else AnyOriginal(subject))


def _guards(original: Original) -> Guards:
    observations = tuple(_observed(original))
    by_place: dict[RequestSite, list[AnsweredRequest]] = {}
    for observation in observations:
        for answer in observation.answers:
            if not _is_one_at_one_instant(answer):  # which is at the place of that one
                by_place.setdefault(answer.place, []).append(answer)
    roles = list(original.functions)
    places = sorted(by_place, key=lambda place: roles.index(place.role))  # and in the order in which they were reached
    behaviour = Behaviour(answer for observation in observations for answer in observation.answers)
    changes = {place: [*_changes_at(by_place[place], behaviour)] for place in places}
    put_off = {place: [*postponements(place, by_place[place], behaviour)] for place in places}
    families = {place: (place.role, place.site, by_place[place][0].family, place.operation) for place in places}
    reached = {(place.role, place.site) for place in by_place}
    every_site = {(role, site) for role, functions in original.functions.items() for site in sites_of(functions)}
    in_blocks = frozenset().union(*(each.in_blocks for each in observations))
    never = sorted(each for each in every_site - reached if each[1] not in in_blocks)
    joint = {place for place in places if all(_is_joint(each) for each in by_place[place])}
    alone = merged({place: changes[place] for place in places if place not in joint}, put_off, families)
    mutations = (*alone, *merged({place: changes[place] for place in places if place in joint}, {}, families))
    return Guards(mutations, observations, tuple(never))


def _observed(original: Original) -> Iterator[Observation]:
    """Yield what is observed under each fault; raises KeyboardInterrupt where somebody asks to stop before the last."""
    for faults in original.budgets:
        if interruption.asked():
            raise KeyboardInterrupt
        yield _observe(original, faults)


def mutation_of(reference: str, number: str, settings: Settings = ()) -> Mutation:
    """Return the mutation of this number; raises UsageError if there is none."""
    mutations = guards_of(reference, settings).mutations
    if number.isdecimal() and 1 <= int(number) <= len(mutations):
        return mutations[int(number) - 1]
    if not mutations:
        raise UsageError(f"{reference} has no mutants, so there is no {number!r}; leave it out.")
    raise UsageError(
        f"{reference} has no mutant {number!r}; its mutants are numbered from 1 to {len(mutations)}.", about="mutants"
    )


def mutant(reference: str, number: str) -> Protocol:
    """Return a mutant of a protocol for evaluations by its number; raises UsageError if there is none."""
    mutation = mutation_of(reference, number)
    return mutated(find_protocol(reference), mutation, f"{reference}{MUTANT}{int(number)}")


def _observe(original: Original, faults: Budgets) -> Observation:
    model = original.model(faults)
    tables = Tables(model)
    search = Search(tables, SearchOptions(OBSERVED_STATES_MAX, values_max=0))
    search.run()
    tables.verify_purity()
    answers: list[AnsweredRequest] = []
    sites = {role: sites_of(functions) | delegations_of(functions) for role, functions in original.functions.items()}
    kinds, role_of = OperationKinds(tables), original.roles_of(model)
    for states in tables.locals:
        role = role_of(states.process)
        if role is not None:
            answers.extend(answers_of(role, states, sites[role], faults, kinds))
    stood = {state.site for states in tables.locals for state in states.states}
    return Observation(faults, tuple(answers), search.stopped is None, frozenset(tables.reached - stood))


def _is_joint(answer: AnsweredRequest) -> bool:
    return answer.of_several or isinstance(answer.operation, Atomic)


def _is_one_at_one_instant(answer: AnsweredRequest) -> bool:
    return isinstance(answer.operation, Atomic) and len(answer.operation.operations) == 1


def _changes(change: Change, answer: AnsweredRequest) -> bool:
    """Return whether a change makes a difference to what a role was told, or to what it did."""
    return not isinstance(change, Mistaken) or change.mistakes(answer.outcome)


# What to change at one place


def _changes_at(answers: Sequence[AnsweredRequest], behaviour: Behaviour) -> Iterator[Change]:
    operation, usual = answers[0].operation, answers[0].outcome
    kind = answers[0].kind
    if isinstance(operation, Atomic):
        if len(operation.operations) > 1 and not answers[0].of_choice:
            yield Split()
        return
    if kind.hands_work or kind.passes_work_on:
        return
    decisions = behaviour.groups(answers, lambda answer: answer.asks)
    for group in decisions:
        if kind.gives_up and any(isinstance(each, kind.gives_up.again) for each in group):
            yield Mistaken(group, kind.gives_up.told)
        elif group is not decisions[0]:
            yield Mistaken(group, usual)
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
