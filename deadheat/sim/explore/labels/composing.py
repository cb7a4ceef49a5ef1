"""Composition for labelled searches: parts of a system that share nothing are searched each alone.

The argument is that of `reductions/composition`. What violates a property under a label that no smaller one explains is
one part of the system that uses all its faults; so the others need none, and where they have to settle, or to go on
for ever, they go the shortest way there without.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy

from deadheat.sim.explore.compiled.arrays import Int64
from deadheat.sim.explore.cycles.fairness import FairGraph
from deadheat.sim.explore.cycles.lassos import edges_from
from deadheat.sim.explore.labels.ends import End
from deadheat.sim.explore.labels.families import DividingError, Family
from deadheat.sim.explore.labels.hindsight import Lasting, RecentHindsight
from deadheat.sim.explore.labels.paths import cycle_from, stem_to
from deadheat.sim.explore.labels.search import LabelSearch
from deadheat.sim.explore.labels.sets import Kinds, parts_of
from deadheat.sim.explore.reductions.composition import Group, OutsideError, guessed_groups, part_of
from deadheat.sim.explore.reductions.partial_order import wander
from deadheat.sim.explore.stop import Stop
from deadheat.sim.learn.tables import Tables
from deadheat.sim.model import UNLIMITED, Kind, Model, Property
from deadheat.sim.trace import Choice, Schedule

__all__ = ["Composed", "JoinedError", "NotComposableError", "groups_of", "part_model"]


class NotComposableError(Exception):
    """The argument does not hold for a property."""


class JoinedError(Exception):
    """A process of a part named a component of another: the two components are of one part."""

    def __init__(self, component: str, other: str) -> None:
        super().__init__(component, other)
        self.components = (component, other)


class Rest(NamedTuple):
    """Where a part can stay while another violates something: a pair without faults, its distance, and its cycle."""

    length: int
    pair: int
    lasting: Lasting | None = None


def nothing_wrong() -> None:
    """Be violated by nothing: the share that a part has in a property of others."""


def part_model(model: Model, group: Group) -> Model:
    """Return a part of a model, with as many properties as the whole, in their order."""
    part = part_of(model, group)
    own = {each.name: each for each in part.properties}
    idle = (Property(each.name, each.meaning, each.kind, (), lambda *_: None) for each in model.properties)
    object.__setattr__(part, "properties", tuple(own.get(each.name, each) for each in idle))
    return part


def groups_of(
    family: Family, kinds: Sequence[str], base: Mapping[str, int], joined: Collection[tuple[str, str]] = ()
) -> list[Group]:
    """Return the parts of a family's model, as they look after some random runs; components that are joined in one.

    Raises DividingError for a process that joins parts, and that not all sets of the family have.
    """
    budgets = {**dict.fromkeys(kinds, UNLIMITED), **{kind: budget for kind, budget in base.items() if budget}}
    tables = Tables(replace(family.model, budgets=budgets))
    wander(tables)
    groups = guessed_groups(tables)
    for process in family.model.processes:
        if not all(process.name in present for present in family.present.values()):
            without = guessed_groups(tables, frozenset({process.name}))
            if len(without) > len(groups):
                raise DividingError(process.name)
    for components in joined:
        together = Group(frozenset(), frozenset(components))
        for each in [each for each in groups if not each.components.isdisjoint(components)]:
            groups.remove(each)
            together = together.joined(each)
        groups.append(together)
    return groups


class Composed:
    """The searches of all parts, as one; or the one of all."""

    def __init__(self, searches: Sequence[LabelSearch]) -> None:
        self.searches = searches
        self.ends: dict[tuple[str, Kinds], End] = {}
        self._ends_in: dict[tuple[str, Kinds], tuple[int, list[Rest | None]]] = {}
        self._rests: dict[tuple[Kind, int], list[Rest | None]] = {}
        self._first_new = [0] * len(searches)

    @property
    def pairs_found(self) -> int:
        """The number of pairs of all parts."""
        return sum(each.store.pairs_found for each in self.searches)

    @property
    def fired(self) -> set[str]:
        """The kinds of fault that happened."""
        return set().union(*(each.fired for each in self.searches))

    def is_cut(self, kinds: Kinds) -> bool:
        """Return whether not all that a set of faults can do was found, since some part of it was cut short."""
        return bool(self._reasons(kinds))

    def is_too_much_together(self, kinds: Kinds) -> bool:
        """Return whether a set of faults was cut short, and may be decided by itself."""
        reasons = self._reasons(kinds)
        return bool(reasons) and not any(reasons)

    def _reasons(self, kinds: Kinds) -> list[Stop | None]:
        every = (each.cuts.reasons for each in self.searches if each.cuts.reasons)
        return [reasons[part] for reasons in every for part in parts_of(kinds) if part in reasons]

    def run(self, size: int, asked: Mapping[int, int]) -> None:
        """Let all parts find what so many faults reach; see `LabelSearch`."""
        for search in self.searches:
            try:
                search.run(size, asked)
            except OutsideError as error:
                raise JoinedError(next(iter(search.tables.model.components)), error.name) from None
        if len(self.searches) > 1:
            for number, search in enumerate(self.searches):
                self._require_steady(number, search)
            if size == 0:
                self._find_rests()
        for number, search in enumerate(self.searches):
            for name, kinds in [key for key in search.ends if len(key[1]) == size]:
                self._take(number, name, kinds)

    def schedule_to(self, name: str, end: End) -> Schedule:
        """Return a shortest schedule that violates a property at an end."""
        key = name, end.label
        number, rests = self._ends_in[key]
        search = self.searches[number]
        stem = list(stem_to(search, end))
        cycle = list(cycle_from(search, name, end)) if self._kind(name) is Kind.EVENTUALLY else []
        for other, rest in zip(self.searches, rests, strict=True):
            if rest is not None:
                stem += stem_to(other, End((), rest.pair, rest.length))
                cycle += _tour(other, rest)
        lasting = self._kind(name) is Kind.EVENTUALLY
        return Schedule((*stem, *cycle), cycle_from=len(stem) if lasting else None)

    def _kind(self, name: str) -> Kind:
        return next(each.property.kind for each in self.searches[0].tables.watches if each.property.name == name)

    def _take(self, number: int, name: str, kinds: Kinds) -> None:
        """Take what one part violates as violated by the whole, if that is nearer than by another part."""
        kind = self._kind(name)
        for rank in (0, 1):
            own = self.searches[number].ranked.get((name, kinds, rank))
            rests: list[Rest | None] = [None] * len(self.searches)
            if own is None:
                continue
            if kind in (Kind.SETTLED, Kind.EVENTUALLY):
                rests = self._others_rest(number, kind, rank)
                if sum(each is None for each in rests) > 1:
                    continue
            length = own.length + sum(each.length for each in rests if each is not None)
            known = self.ends.get((name, kinds))
            if known is None or (rank, length) < (known.rank, known.whole):
                self.ends[name, kinds] = replace(own, rank=rank, whole=length)
                self._ends_in[name, kinds] = number, rests

    # Where the others rest

    def _others_rest(self, number: int, kind: Kind, rank: int) -> list[Rest | None]:
        if len(self.searches) == 1:
            return [None]
        return [each if other != number else None for other, each in enumerate(self._rests[kind, rank])]

    def _find_rests(self) -> None:
        for kind, rank in ((Kind.SETTLED, 0), (Kind.SETTLED, 1), (Kind.EVENTUALLY, 0), (Kind.EVENTUALLY, 1)):
            self._rests[kind, rank] = [self._rest(search, kind, rank) for search in self.searches]

    @staticmethod
    def _rest(search: LabelSearch, kind: Kind, rank: int) -> Rest | None:
        hindsight = RecentHindsight(search.dense, search.store, 0)
        every = numpy.arange(search.store.states, dtype=numpy.int64)
        if kind is Kind.SETTLED:
            numbers = hindsight.settled_among(every) if rank else hindsight.quiescent_among(every)
            return _nearest(search, numbers)
        found = [each for each in hindsight.lasting_among(every) if each.meets_faults is bool(rank)]
        rests = [(_nearest(search, each.numbers), each) for each in found]
        return next((rest._replace(lasting=each) for rest, each in rests if rest is not None), None)

    def _require_steady(self, number: int, search: LabelSearch) -> None:
        """Raise NotComposableError where a part can violate what must end again and again, but not all the time.

        Then two parts could take turns in it.
        """
        watches = [each for each in search.tables.watches if each.property.kind is Kind.EVENTUALLY]
        first, self._first_new[number] = self._first_new[number], search.store.states
        if not watches:
            return
        hindsight = RecentHindsight(search.dense, search.store, first)
        every = numpy.arange(first, search.store.states, dtype=numpy.int64)
        for lasting in hindsight.lasting_among(every):
            for single in (single for each in watches for single in each.singles):
                violating = numpy.isin(lasting.numbers, hindsight.violating(single))
                components = lasting.component_of
                if set(components[violating].tolist()) & set(components[~violating].tolist()):
                    raise NotComposableError


def _nearest(search: LabelSearch, numbers: Int64) -> Rest | None:
    """Return the nearest pair of the first size whose state is one of these."""
    wanted = numpy.zeros(search.store.states, dtype=numpy.bool_)
    wanted[numbers] = True
    layers = search.levels[0]
    states = search.store.pairs.state[: layers[-1][1]]
    places = numpy.flatnonzero(wanted[states])
    if not len(places):
        return None
    pair = int(places[0])
    return Rest(search.depth_of(pair), pair)


def _tour(search: LabelSearch, rest: Rest) -> list[Choice]:
    if rest.lasting is None:
        return []
    state = int(search.store.pairs.state[rest.pair])
    place = int(numpy.searchsorted(rest.lasting.numbers, state))
    members = rest.lasting.numbers[rest.lasting.component_of == rest.lasting.component_of[place]]
    states = search.dense.layout.unpack(search.store.states_at(members))
    graph = FairGraph({each: edges_from(search.tables, each) for each in states}, faults=rest.lasting.meets_faults)
    return graph.tour(set(states), search.state_of(rest.pair))
