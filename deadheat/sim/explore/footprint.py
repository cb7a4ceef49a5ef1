"""What properties can see of a model, as a few numbers: two models with one footprint cannot be told apart by any.

A property reads the components alone, whichever it likes; neither where processes stand, nor which of them moves, nor
what is left of budgets. Let c(s) be what the components hold in the state s, and V what some property forbids. Then

- ALWAYS is violated if c(s) is in V for some state s that can be reached;
- STEP is violated if (c(s), c(s')) is in V for some transition between two such states, be it idle: c(s) = c(s');
- SETTLED is violated if c(T) lies within V, T being the states of a terminal component of the graph of owed steps;
- EVENTUALLY is violated if c(U) lies within V, U being what some fair run sees again and again: the states of a
  strongly connected part of the graph in which no process is neglected (see `fairness`), or one in which the run ends.

So all c(s) and all (c(s), c(s')) tell what every property of the first two kinds says. Of all c(T) and all c(U), those
are enough of which no other is a part: if c(T) lies within V, the least part of it does. And they are needed: if c(T)
is least in one model, and no c(T') of the other lies within it, the property that forbids V = c(T) tells the two apart.
These families are the footprint, the idle steps for themselves. Models with the same one have the same verdicts,
whatever the property; where they are not the same, there is a property that holds for one and not for the other.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from deadheat.sim.explore.cycles.fairness import Edge, FairGraph
from deadheat.sim.explore.cycles.graphs import strong_components, terminal_components
from deadheat.sim.explore.cycles.lassos import edges_from, is_cyclic
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.freeze import freeze
from deadheat.sim.learn.tables import FIELD_BITS, FIELD_MASK, Tables
from deadheat.sim.model import Model

__all__ = ["IDLE", "Footprint", "footprint"]

IDLE = ("idle",)
"""In what two footprints differ that agree in all but the steps in which nothing changes."""

LEAST_MAX = 2_000
"""So many sets of contents are tried, at most, to find the least ones in which a run can stay for ever."""

LOOKED_AT_MAX = 1_000_000
"""So many states are looked at for that, at most, each as often as it is: some seconds."""

Contents: TypeAlias = frozenset[int]
"""What the components hold in several states, each as the bits of a packed state that are theirs."""


Owed: TypeAlias = dict[int, list[int]]
"""Where the owed steps of each state lead to."""


class Footprint(NamedTuple):
    """What properties of each kind can see. Equal numbers mean that it is the same, but for odds of 1 in 2**128."""

    always: int
    step: int
    idle: int
    settled: int
    eventually: int

    def differs_in(self, other: Footprint) -> tuple[str, ...]:
        """Return in what two footprints differ, by the names of the kinds of property that can tell; `idle` is a STEP.

        A property that forbids some idle steps, as such, would be a strange one.
        """
        return tuple(name for name in self._fields if getattr(self, name) != getattr(other, name))


def footprint(
    model: Model, options: SearchOptions = SearchOptions(), only: Collection[str] | None = None
) -> Footprint | None:
    """Return the footprint of a model.

    None if it has more states than the limit, or too many ways to stay in some, or if that was interrupted.

    A `quiet` model's liveness is that of runs on which faults stop. Properties look at the components that are named in
    `only`, or at all of them.
    """
    tables = Tables(replace(model, properties=()))
    seen = [name for name in model.components if only is None or name in only]
    components = sum(tables.field_mask(tables.component_field(name)) for name in seen)
    explored = _explored(tables, components, options)
    if explored is None:
        return None
    owed, steps = explored
    settled = _least({frozenset(state & components for state in part) for part in terminal_components(owed)})
    lasting = _Lasting(tables, components, owed, options).least()
    if lasting is None:
        return None
    digested = _Digested(tables, seen)
    known = {each: digested.contents(each) for each in {state & components for state in owed}}
    return Footprint(
        _sum(known.values()),
        _sum(_digest(known[before], known[after]) for before, after in steps if before != after),
        _sum(_digest(known[before]) for before, after in steps if before == after),
        _sum(_digest(*sorted(known[each] for each in contents)) for contents in settled),
        _sum(_digest(*sorted(known[each] for each in contents)) for contents in lasting),
    )


def _explored(tables: Tables, components: int, options: SearchOptions) -> tuple[Owed, set[tuple[int, int]]] | None:
    """Return all states with where owed steps lead, and the contents before and after each transition."""
    initial = tables.initial()
    owed: Owed = {initial: []}
    waiting = [initial]
    steps: set[tuple[int, int]] = set()
    processes = [(process * FIELD_BITS, rows) for process, rows in enumerate(tables.rows)]
    while waiting:
        state = waiting.pop()
        before, owing = state & components, owed[state]
        for shift, rows in processes:
            for mask, learned in rows[(state >> shift) & FIELD_MASK]:
                for successor in learned[state & mask]:
                    if successor.budget and not state & successor.budget:
                        continue
                    after = state + successor.delta
                    steps.add((before, after & components))
                    if successor.owed:
                        owing.append(after)
                    if after not in owed:
                        owed[after] = []
                        waiting.append(after)
        if len(owed) > options.states_max or options.asked():
            return None
    return owed, steps


class _TooLongError(Exception):
    """It would take too long, or was interrupted."""


class _Lasting:
    """The contents in which a fair run can stay for ever."""

    def __init__(self, tables: Tables, components: int, owed: Owed, options: SearchOptions) -> None:
        self._components = components
        self._asked = options.asked
        self._left = LOOKED_AT_MAX
        self._faults = not tables.model.quiet
        self._at: dict[int, dict[int, Sequence[Edge[int]]]] = defaultdict(dict)
        for state in _recurring(tables, owed):
            self._at[state & components][state] = edges_from(tables, state)

    def least(self) -> set[Contents] | None:
        """Return those of which no other is a part; None if that takes too long, or is interrupted."""
        try:
            return self._least()
        except _TooLongError:
            return None

    def _least(self) -> set[Contents]:
        """Return those of which no other is a part.

        Contents in which a run can stay without ever changing them are least, and no others contain them. Among the
        rest one that is least is found by leaving out what can be left out; and any other lacks something of it.
        """
        alone = {content for content in self._at if self._within((content,)) is not None}
        found = {frozenset((content,)) for content in alone}
        waiting, tried = [frozenset(self._at.keys() - alone)], set[Contents]()
        while waiting:
            allowed = waiting.pop()
            if allowed in tried:
                continue
            if len(tried) >= LEAST_MAX:
                raise _TooLongError
            tried.add(allowed)
            least = next((each for each in found if each <= allowed), None) or self._reduced(allowed)
            if least is not None:
                found.add(least)
                waiting.extend(allowed - {content} for content in least)
        return found

    def _reduced(self, allowed: Contents) -> Contents | None:
        """Return contents that are least, and are allowed; None if no fair run can stay in what is allowed."""
        least = self._within(allowed)
        for content in sorted(least or ()):
            least = self._within(least - {content}) or least if least else None
        return least

    def _within(self, allowed: Iterable[int]) -> Contents | None:
        """Return what a fair run that stays in these contents for ever sees of them; None if none does."""
        edges = {state: each for content in allowed for state, each in self._at[content].items()}
        self._left -= len(edges)
        if self._left < 0 or self._asked():
            raise _TooLongError
        components = FairGraph(edges, faults=self._faults).components()
        return frozenset(state & self._components for state in components[0]) if components else None


def _recurring(tables: Tables, owed: Owed) -> Iterator[int]:
    """Yield the states that a run can come back to, or end in."""
    processes = range(len(tables.locals))
    cyclic = [process for process in processes if is_cyclic(tables, process)]
    loops: dict[int, list[int]] = {}
    for state, owing in owed.items():
        following = [after for process in cyclic for _, after in tables.choices_of(state, process)]
        if following:
            loops[state] = following
        if not owing:
            yield state
    for component in strong_components(loops):
        [first, *others] = component
        if others or first in loops[first]:
            yield from component


def _least(family: Iterable[Contents]) -> set[Contents]:
    """Return the sets of a family of which no other of them is a part."""
    family = sorted(family, key=len)
    alone = {content for each in family if len(each) == 1 for content in each}
    more: list[Contents] = []  # few, where most runs end in one state
    for each in family:
        if alone.isdisjoint(each) and not any(other <= each for other in more):
            more.append(each)
    return {*(frozenset((content,)) for content in alone), *more}


class _Digested:
    """What components hold, as digests: one a value, and one of all that a state has of them."""

    def __init__(self, tables: Tables, seen: Sequence[str]) -> None:
        self._tables = tables
        self._fields = [tables.component_field(name) for name in seen]
        self._known: dict[tuple[int, int], bytes] = {}

    def contents(self, state: int) -> bytes:
        """Return the digest of all contents in a packed state."""
        return _digest(*(self._value(field, self._tables.field(state, field)) for field in self._fields))

    def _value(self, field: int, number: int) -> bytes:
        key = field, number
        if key not in self._known:
            self._known[key] = _digest(repr(freeze(self._tables.value(field, number))).encode())
        return self._known[key]


def _digest(*contents: bytes) -> bytes:
    digest = hashlib.sha256()
    for each in contents:
        digest.update(len(each).to_bytes(8, "big") + each)
    return digest.digest()


def _sum(digests: Iterable[bytes]) -> int:
    """Return one number for a set of digests, whatever their order."""
    return sum(int.from_bytes(each[:16], "big") for each in digests)
