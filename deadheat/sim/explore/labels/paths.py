"""From a labelled end back to a schedule: the way to it, and the cycle behind it where something goes on for ever."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy

from deadheat.sim.explore.cycles.fairness import FairGraph
from deadheat.sim.explore.cycles.lassos import edges_from
from deadheat.sim.explore.labels.ends import End
from deadheat.sim.explore.labels.search import LabelSearch
from deadheat.sim.explore.labels.sets import Kinds
from deadheat.sim.model import Kind
from deadheat.sim.trace import Choice, Schedule

__all__ = ["cycle_from", "schedule_to", "stem_to"]


def schedule_to(search: LabelSearch, name: str, end: End) -> Schedule:
    """Return a shortest schedule that violates a property at an end that the search has found."""
    stem = stem_to(search, end)
    kinds: Mapping[str, Kind] = {each.property.name: each.property.kind for each in search.tables.watches}
    if kinds[name] is not Kind.EVENTUALLY:
        return Schedule(stem)
    return Schedule(stem + tuple(cycle_from(search, name, end)), cycle_from=len(stem))


def _choice(search: LabelSearch, before: tuple[int, Kinds], after: tuple[int, Kinds]) -> Choice:
    """Return a transition between two pairs, of which the second may have one fault more."""
    tables = search.tables
    more = list(after[1])
    for kind in before[1]:
        more.remove(kind)
    wanted = tables.kinds[more[0]] if more else None
    found = (each for each in tables.labelled(before[0]) if each.after == after[0] and each.kind == wanted)
    return next(found).successor.choice


def _chain(search: LabelSearch, pair: int) -> list[tuple[int, Kinds]]:
    """Return the states and labels on the way to a pair, the initial one first."""
    pairs = []
    while pair >= 0:
        pairs.append(pair)
        pair = int(search.store.pairs.parent[pair])
    pairs.reverse()
    labels = search.store.pairs.label[pairs].tolist()
    return list(zip(search.states_of(numpy.array(pairs)), (search.labels.sets[each] for each in labels), strict=True))


def stem_to(search: LabelSearch, end: End) -> tuple[Choice, ...]:
    """Return a shortest way to an end."""
    way = _chain(search, end.pair)
    if end.after is not None:
        way.append((end.after, end.label))
    return tuple(_choice(search, before, after) for before, after in pairwise(way))


def cycle_from(search: LabelSearch, name: str, end: End) -> list[Choice]:
    """Return a cycle on which a property is violated for ever, from an end of liveness on."""
    state = int(search.store.pairs.state[end.pair])
    for lasting in search.lasting[name]:
        place = int(numpy.searchsorted(lasting.numbers, state))
        if lasting.meets_faults is not bool(end.rank) or place == len(lasting.numbers):
            continue
        if lasting.numbers[place] != state:
            continue
        members = lasting.numbers[lasting.component_of == lasting.component_of[place]]
        states = search.dense.layout.unpack(search.store.states_at(members))
        graph = FairGraph({each: edges_from(search.tables, each) for each in states}, faults=lasting.meets_faults)
        return graph.tour(set(states), search.state_of(end.pair))
    raise AssertionError("a lasso that no component has")
