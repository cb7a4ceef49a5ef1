"""The runs of a model that do what a log says: how one goes on, step by step.

A *point* is how far such a run is. Steps of which the log does not tell are points too; so all that can be asked of the
runs, whether there is one, how far they get, what they violate, is asked of the graph of points.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from deadheat.live.forcing.free import is_the_end
from deadheat.live.logs.attribution import THE_ONE
from deadheat.live.logs.likeness import Bindings, Told, in_words_of, unify
from deadheat.live.logs.tape import LiveEvent
from deadheat.live.logs.time_bounds import Moments, TimeBounds
from deadheat.sim.components import operation
from deadheat.sim.learn.lessons import Successor
from deadheat.sim.learn.tables import Tables
from deadheat.sim.operations import Instant, Operation
from deadheat.sim.run.stepping import made_in, steps_of, touched
from deadheat.sim.trace import Choice

__all__ = ["THE_ONE", "Matching", "Point", "Taken"]


class Point(NamedTuple):
    """How far a run is: the model's packed state, which events are matched (a bit each), what is bound, and when."""

    state: int
    matched: int = 0
    bindings: Bindings = ()
    moments: Moments = Moments()


class Taken(NamedTuple):
    """One more step of a run: to which point, by which transition, and which events it is; none if it is not told."""

    point: Point
    successor: Successor
    events: tuple[int, ...] = ()


class Matching:
    """One evaluation's events, and the runs of the model that do them."""

    def __init__(self, tables: Tables, components: Sequence[str], evaluation: str, events: Sequence[LiveEvent]) -> None:
        self.tables = tables
        self.evaluation = evaluation
        self.events = events
        self.everything = (1 << len(events)) - 1
        self._components = components
        self._processes = {states.process.name: number for number, states in enumerate(tables.locals)}
        self._by_themselves = {each.process.name for each in tables.locals if each.process.is_environment}
        names = {in_words_of(evaluation, name): name for name in self._processes}
        processes = [names.get(each.process, each.process) if each.process else None for each in events]
        self.bounds = TimeBounds(events, processes)
        self._told: dict[tuple[int, int, int, int, int], tuple[Told, ...]] = {}
        self._of_kind: dict[tuple[str, str], list[int]] = {}
        for number, event in enumerate(events):
            self._of_kind.setdefault((event.component.partition("/")[0], event.operation), []).append(number)

    def start(self) -> Point:
        """Return where every run begins."""
        return Point(self.tables.initial())

    def steps(self, point: Point) -> Iterator[Taken]:
        """Yield how a run can go on; steps that are events come last."""
        matches: list[Taken] = []
        for successor, state in self.tables.choices(point.state):
            process = successor.choice.process
            told = self.told(point.state, successor)
            if told:
                matches.extend(self._matches(point, state, successor, told))
                continue
            if successor.choice.is_crash:
                moments = self.bounds.crash(point.moments, point.matched, process)
            elif process in self._by_themselves:
                moments = self.bounds.by_itself(point.moments, point.matched)
            else:
                moments = self.bounds.untold(point.moments, point.matched, process)
            if moments is not None:
                yield Taken(self._tidied(point._replace(state=state, moments=moments), process), successor)
        yield from matches

    def told(self, state: int, successor: Successor) -> tuple[Told, ...]:
        """Return what a log tells of a step; nothing of a crash, of what servers do, and of components left out."""
        choice = successor.choice
        if choice.is_crash or choice.process in self._by_themselves:
            return ()
        number = self._processes[choice.process]
        local = self.tables.field(state, number)
        request = self.tables.locals[number].states[local].operations[choice.alternative]
        mask = sum(
            self.tables.field_mask(self.tables.component_field(each))
            for each in set(touched(self.tables.model, request))
        )
        key = (number, local, choice.alternative, choice.branch, state & mask)
        known = self._told.get(key)
        if known is None:
            known = self._told[key] = tuple(self._learn(choice, request, state))
        return known

    def _learn(self, choice: Choice, request: Instant, state: int) -> Iterator[Told]:
        if is_the_end(request):
            return
        values = self.tables.view(state, touched(self.tables.model, request))
        step = list(steps_of(self.tables.model, request, values))[choice.branch]
        for each, answer in made_in(request, step):
            if self._is_told(each):
                yield Told(choice.process, each, self._names(each), answer)

    def _is_told(self, asked: Operation) -> bool:
        return asked.component.partition("/")[0] in self._components

    def _names(self, asked: Operation) -> tuple[str, ...]:
        marked = getattr(type(self.tables.model.component(asked.component)), asked.name)
        assert isinstance(marked, operation)
        return tuple(inspect.signature(marked.step).parameters)[2:]

    def _matches(self, point: Point, state: int, successor: Successor, told: Sequence[Told]) -> Iterator[Taken]:
        for numbers, bindings in self._assigned(point, told, point.bindings):
            moments = self.bounds.told(point.moments, point.matched, successor.choice.process, numbers)
            if moments is not None:
                matched = point.matched | sum(1 << each for each in numbers)
                after = Point(state, matched, bindings, moments)
                yield Taken(self._tidied(after, successor.choice.process), successor, numbers)

    def _assigned(
        self, point: Point, told: Sequence[Told], bindings: Bindings, taken: tuple[int, ...] = ()
    ) -> Iterator[tuple[tuple[int, ...], Bindings]]:
        """Yield which events the parts of a step can be, each another one, with what is then bound."""
        if not told:
            yield taken, bindings
            return
        kind = (told[0].operation.component.partition("/")[0], told[0].operation.name)
        for number in self._of_kind.get(kind, ()):
            if number not in taken and self.bounds.may_be_next(point.matched, number):
                bound = unify(told[0], self.events[number], self.evaluation, bindings)
                if bound is not None:
                    yield from self._assigned(point, told[1:], bound, (*taken, number))

    def _tidied(self, point: Point, process: str) -> Point:
        """Return the point without the moment from which a process is free that does nothing any more."""
        number = self._processes[process]
        if not self.tables.locals[number].states[self.tables.field(point.state, number)].finished:
            return point
        free = tuple(each for each in point.moments.free if each[0] != process)
        return point._replace(moments=point.moments._replace(free=free))
