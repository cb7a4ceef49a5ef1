"""Composition: parts of a system that share nothing are explored each alone, and their verdicts combined.

The argument. Let the processes and components of a model fall into parts such that no operation of one part's
processes, nor what follows from their crashes, ever names a component of another. What a process does depends on the
outcomes of its operations alone, so each part, whatever the others do, does exactly what it does alone; a run of the
whole is any interleaving of runs of the parts whose faults fit the budgets together. Hence, for a property that is
violated where one of its parts is, and each of these reads components of one part of the system only:

- ALWAYS, STEP: the whole violates it if and only if one part does; the shortest run is that part's, the others idle.
- SETTLED: the owed steps of the whole are the product of those of the parts, so its settled states are the tuples of
  settled states. If each part has one without a violation in its component, their tuple violates nothing; so the whole
  violates the property if and only if one part does. In a shortest run the others settle too.
- EVENTUALLY: a fair run of the whole is fair to each part. If in no part a violation can come and go for ever (each
  fair component of it violates throughout, or nowhere), the whole violates the property if and only if one part does.
  Otherwise two parts could take turns in violating it, and the argument is not used.

Budgets are shared, so the distances are kept for each way of spending them, and combined within what there is.

That the parts share nothing is proven, not assumed: a short search guesses them, each is then explored to its end as a
model of its own, and an operation that names anything else is caught, and joins the two parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

from deadheat.sim.errors import ModelError
from deadheat.sim.explore import python
from deadheat.sim.explore.cycles.fairness import FairGraph
from deadheat.sim.explore.cycles.graphs import strong_components, terminal_components
from deadheat.sim.explore.cycles.lassos import edges_from
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.results import Exploration, Progress
from deadheat.sim.learn.remembering import remembering
from deadheat.sim.learn.tables import FIELD_BITS, FIELD_MASK, Tables
from deadheat.sim.learn.watches import Watch
from deadheat.sim.model import Kind, Model, Part, Process, Property
from deadheat.sim.trace import Choice, Schedule

__all__ = ["PART_STATES_MAX", "Group", "OutsideError", "explore_parts", "guessed_groups", "part_of"]

PART_STATES_MAX = 50_000
"""A part with more states than this is not explored alone."""

Spent = tuple[int, ...]
"""How much of each budget a run has drawn."""


class Way(NamedTuple):
    """A state of a part that serves a purpose, and its distance."""

    distance: int
    state: int


Ways = Mapping[Spent, Way]
"""The nearest state for each way of spending the budgets."""


class _NotComposableError(Exception):
    """The argument does not hold for this model."""


class OutsideError(ModelError):
    """A process of a part named a component of another."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class _PartModel(Model):
    """A part of a model; a component that it lacks, but the whole has, is outside."""

    whole: Model

    def component(self, name: str) -> Any:
        if name not in self.components and name in self.whole.components:
            raise OutsideError(name)
        return super().component(name)

    def instances(self, component: str) -> tuple[str, ...]:
        return self.whole.instances(component)


def explore_parts(begun: python.Search) -> Exploration | None:
    """Return what the whole of a model does, from exploring its parts; None if there is but one, or one is too large.

    `begun` is a search of the whole that has gone some way; from it the parts are guessed.
    """
    model = begun.tables.model
    if any(each.every_step for each in model.properties):  # also of steps of other parts
        return None
    groups = guessed_groups(begun.tables)
    explored: dict[Group, _ExploredPart] = {}
    while len(groups) > 1 and len(explored) < len(groups):
        group = next(each for each in groups if each not in explored)
        try:
            explored[group] = _ExploredPart(part_of(model, group), begun.tables, begun.options)
        except OutsideError as error:
            nobodys = Group(frozenset(), frozenset({error.name}))  # as far as was known
            owner = next((each for each in groups if error.name in each.components), nobodys)
            explored.pop(owner, None)
            groups = [each for each in groups if each not in (group, owner)] + [group.joined(owner)]
        except _NotComposableError:
            return None
        if begun.report:
            searches = [part.search for part in explored.values()]
            states, transitions = (
                sum(len(each.parents) for each in searches),
                sum(each.transitions for each in searches),
            )
            begun.report(Progress(states, transitions, 0, 0))
    return _Composition(model, [explored[group] for group in groups]).result() if len(groups) > 1 else None


# The parts


class Group(NamedTuple):
    """The processes and components of a part, by name."""

    processes: frozenset[str]
    components: frozenset[str]

    def joined(self, other: Group) -> Group:
        """Return both as one."""
        return Group(self.processes | other.processes, self.components | other.components)


def guessed_groups(tables: Tables, without: frozenset[str] = frozenset()) -> list[Group]:
    """Return the parts as they look after what was learned so far: connected components of who touches what.

    Or as they would look without some processes.
    """
    touching: dict[tuple[str, str], set[tuple[str, str]]] = {
        ("component", name): set() for name in tables.model.components
    }

    def connect(one: tuple[str, str], other: tuple[str, str]) -> None:
        touching[one].add(other)
        touching[other].add(one)

    for process, states in enumerate(tables.locals):
        if states.process.name in without:
            continue
        node = ("process", states.process.name)
        touching[node] = set()
        named = {*_touched(tables, process), *_crash_components(states.process, tables.model)}
        for name in named:
            connect(node, ("component", name))
    for part in _parts_of_properties(tables.model):
        for one, other in pairwise(part.reads):
            connect(("component", one), ("component", other))
    groups = []
    for nodes_of_part in strong_components(touching):
        processes = frozenset(name for kind, name in nodes_of_part if kind == "process")
        components = frozenset(name for kind, name in nodes_of_part if kind == "component")
        if processes or any(set(part.reads) & components for part in _parts_of_properties(tables.model)):
            groups.append(Group(processes, components))
    return groups


def _touched(tables: Tables, process: int) -> Iterator[str]:
    """Yield the components that a process was seen to wait for; one that it turns out to need too joins their part."""
    touched = 0
    for rows in tables.rows[process].values():
        for row in rows:
            touched |= row.mask
    for name in tables.model.components:
        if tables.field_mask(tables.component_field(name)) & touched:
            yield name


def _crash_components(process: Process, model: Model) -> Iterator[str]:
    for crash in process.crashes:
        if model.budgets.get(crash.kind):
            yield from crash.request.components


def _parts_of_properties(model: Model) -> Iterator[Part]:
    for prop in model.properties:
        yield from prop.judged


def part_of(model: Model, group: Group) -> _PartModel:
    """Return a part of a model, with its share of the properties."""
    components = {name: each for name, each in model.components.items() if name in group.components}
    processes = tuple(each for each in model.processes if each.name in group.processes)
    properties = []
    for prop in model.properties:
        mine = [part for part in prop.judged if set(part.reads) <= group.components]
        if mine:
            properties.append(Property.of_parts(prop.name, prop.meaning, prop.kind, mine))
    part = _PartModel(components, processes, tuple(properties), model.budgets, model.quiet, declared=model.declared)
    object.__setattr__(part, "whole", model)
    return part


class _Whole(python.Search):
    """A search that goes on to the end, whatever it has found, and leaves what needs hindsight to others."""

    @property
    def at_work(self) -> bool:
        return bool(self.layer and not self.stopped)

    def _check_quiescent(self) -> None:
        self._quiescent.clear()

    def _check_settled(self) -> None:
        pass

    def _check_for_ever(self) -> None:
        pass


class _ExploredPart:
    """All states of a part, with the nearest of each kind."""

    def __init__(self, model: Model, whole: Tables, options: SearchOptions) -> None:
        merging, values_max = whole.merging, options.values_max
        self.tables = remembering(model, merging=merging, values_max=values_max, part_of=whole)
        self.search = _Whole(
            self.tables,
            replace(options, states_max=min(options.states_max, PART_STATES_MAX), memory_bytes_max=0),
        )
        self.search.run()
        if self.search.stopped:
            raise _NotComposableError
        self.tables.verify_purity()
        self.states = len(self.search.parents)
        self._budget_fields = range(self.tables.fields.every.stop, len(self.tables.numbers_in_use()))
        self._spent_before = self._left(self.search.initial)
        self._distances = [layer for layer, size in enumerate(self.search.layer_sizes) for _ in range(size)]
        self._edges = {state: edges_from(self.tables, state) for state in self.search.parents}
        owed = {state: [edge.target for edge in edges if edge.owed] for state, edges in self._edges.items()}
        self._settled = terminal_components(owed)
        self._quiescent = {state for state, targets in owed.items() if all(target == state for target in targets)}

    def watch(self, name: str) -> Watch | None:
        """Return the watch on the part's share of a property, if it has one."""
        return next((watch for watch in self.tables.watches if watch.property.name == name), None)

    def quiescent(self, watch: Watch | None = None) -> Ways:
        """Return the nearest quiescent states; with a watch, of those that violate."""
        return self._nearest(lambda state: state in self._quiescent and (watch is None or watch.violated(state)))

    def settled(self, watch: Watch | None = None) -> Ways:
        """Return the nearest settled states; with a watch, of those whose component violates throughout."""
        chosen: set[int] = set()
        for component in self._settled:
            if watch is None or any(all(map(each.violated, component)) for each in watch.singles):
                chosen |= component
        return self._nearest(lambda state: state in chosen)

    def lasting(self, faults: bool, watch: Watch | None = None) -> Ways:
        """Return the nearest states in which a fair run can stay; with a watch, violating all the time.

        Raises _NotComposableError if the watch can be violated again and again, but not all the time.
        """
        chosen: set[int] = set()
        for component in self._graph(faults).components():
            violated = [{each.violated(state) for state in component} for each in watch.singles] if watch else [{True}]
            if any(len(each) > 1 for each in violated):
                raise _NotComposableError
            if {True} in violated:
                chosen |= component
        return self._nearest(lambda state: state in chosen)

    def tour(self, state: int, faults: bool) -> list[Choice]:
        """Return a fair way from a state back to it."""
        graph = self._graph(faults)
        component = next(component for component in graph.components() if state in component)
        return graph.tour(component, state)

    def stem(self, state: int) -> tuple[Choice, ...]:
        """Return a shortest way to a state."""
        return self.search.path(self.search.parents[state], state)

    def _graph(self, faults: bool) -> FairGraph[int]:
        return FairGraph(self._edges, faults=faults)

    def _nearest(self, chosen: Callable[[int], bool]) -> Ways:
        ways: dict[Spent, Way] = {}
        for state, distance in zip(self._edges, self._distances, strict=True):
            if chosen(state):
                pairs = zip(self._spent_before, self._left(state), strict=True)
                ways.setdefault(tuple(before - left for before, left in pairs), Way(distance, state))
        return ways

    def _left(self, state: int) -> Spent:
        return tuple((state >> (field * FIELD_BITS)) & FIELD_MASK for field in self._budget_fields)


# The whole


class _Composition:
    """The parts, put together."""

    def __init__(self, model: Model, parts: Sequence[_ExploredPart]) -> None:
        self.model = model
        self.parts = parts
        self.budgets = tuple(abs(budget) for budget in model.budgets.values())

    def result(self) -> Exploration | None:
        """Return what the whole does; None where the argument does not hold for a property."""
        found = {}
        for prop in self.model.properties:
            try:
                schedule = self._counterexample(prop)
            except _NotComposableError:
                return None
            if schedule is not None:
                found[prop.name] = schedule
        searches = [part.search for part in self.parts]
        for search in searches:
            search.result()  # which covers what only faults reached
        merging = ("merging",) if searches[0].tables.merging else ()
        sizes = " + ".join(f"{part.states:,}" for part in self.parts)
        return Exploration(
            explorer="python",
            states=sum(part.states for part in self.parts),
            transitions=sum(search.transitions for search in searches),
            depth=max(search.depth for search in searches),
            complete=True,
            counterexamples=found,
            reached=frozenset().union(*(search.tables.reached for search in searches)),
            labels_reached=frozenset().union(*(search.tables.labels_reached for search in searches)),
            faults_fired=frozenset().union(*(search.tables.faults_in(search.budgets_drawn_on) for search in searches)),
            reductions=(*merging, "composition"),
            values={name: values for search in searches for name, values in search.tables.values().items()},
            remarks=(
                f"Composed of {len(self.parts)} parts, each explored alone ({sizes} states): no operation of one, nor "
                "what follows from its crashes, names a component of another, so all their interleavings are covered",
            ),
        )

    def _counterexample(self, prop: Property) -> Schedule | None:
        if prop.kind is Kind.SETTLED:
            return self._settled(prop)
        if prop.kind is Kind.EVENTUALLY:
            return self._for_ever(prop)
        schedules = [part.search.schedules()[prop.name] for part in self.parts if prop.name in part.search.found]
        return min(schedules, key=lambda schedule: len(schedule.choices), default=None)

    def _settled(self, prop: Property) -> Schedule | None:
        for kind in (_ExploredPart.quiescent, _ExploredPart.settled):
            ends = self._cheapest(prop, kind)
            if ends is not None:
                return Schedule(self._stems(ends))
        return None

    def _for_ever(self, prop: Property) -> Schedule | None:
        for faults in (False,) if self.model.quiet else (False, True):
            ends = self._cheapest(prop, lambda part, watch=None, faults=faults: part.lasting(faults, watch))
            if ends is not None:
                stem = self._stems(ends)
                tours = (part.tour(state, faults) for part, state in zip(self.parts, ends, strict=True))
                return Schedule(stem + tuple(choice for tour in tours for choice in tour), cycle_from=len(stem))
        return None

    def _stems(self, ends: Iterable[int]) -> tuple[Choice, ...]:
        stems = (part.stem(state) for part, state in zip(self.parts, ends, strict=True))
        return tuple(choice for stem in stems for choice in stem)

    def _cheapest(self, prop: Property, ways: Callable[..., Ways]) -> list[int] | None:
        """Return a state of each part, one of them violating, whose distances are least together; None if none is."""
        anywhere = [ways(part) for part in self.parts]
        best: tuple[int, list[int]] | None = None
        for number, part in enumerate(self.parts):
            watch = part.watch(prop.name)
            if watch is None:
                continue
            found = self._cheapest_of([*anywhere[:number], ways(part, watch), *anywhere[number + 1 :]])
            if found is not None and (best is None or found[0] < best[0]):
                best = found
        return best[1] if best else None

    def _cheapest_of(self, choices: Sequence[Ways]) -> tuple[int, list[int]] | None:
        """Return one way of each, the nearest together that the budgets allow, with their distance."""
        together: dict[Spent, tuple[int, list[int]]] = {(0,) * len(self.budgets): (0, [])}
        for ways in choices:
            following: dict[Spent, tuple[int, list[int]]] = {}
            for spent, (distance, states) in together.items():
                for more, way in ways.items():
                    total = tuple(one + other for one, other in zip(spent, more, strict=True))
                    if any(one > budget for one, budget in zip(total, self.budgets, strict=True)):
                        continue
                    longer = (distance + way.distance, [*states, way.state])
                    if total not in following or longer[0] < following[total][0]:
                        following[total] = longer
            together = following
        return min(together.values(), key=lambda each: each[0], default=None)
