"""The transition system of a model: a fingerprint by which a rewriting is told from a change, and what it reaches.

Two models have one fingerprint if they are *bisimilar*: whatever one does, the other can do too, and then again. What
counts is which process moves, the label and the fault of its step, whether the step is owed, and what each part of each
property says before and after. Where processes stand, what values are called, and how often one situation is there
under several descriptions do not count. So the fingerprint outlives a renamed variable and a helper that was
inlined, and no reordering, no guard taken away and no further look.

States are sorted into classes by rounds of refinement (Kanellakis and Smolka, PODC 1983): at first by what properties
say in them, then by the labels of their steps and the classes these lead to, until no round splits a class any more.
Classes are named by hashes of what told them apart. So they have the same names in every model, and two models of which
the last rounds give the initial states one name, and all states one set of names, after equally many rounds, are
bisimilar: in both together, that round would split no class either.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from deadheat.sim.explore.every_step import asking_every_step
from deadheat.sim.explore.limits import limit_reached
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.learn.lessons import Successor
from deadheat.sim.learn.locals import Answered
from deadheat.sim.learn.tables import Tables
from deadheat.sim.model import Kind, Model
from deadheat.sim.operations import operations_of
from deadheat.sim.render import render
from deadheat.sim.run.describing import described

__all__ = ["Reached", "TransitionSystem", "transition_system"]

Hashes: TypeAlias = NDArray[np.uint64]

ODD = np.uint64(0x9E3779B97F4A7C15)
FIRST, SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


class Reached(NamedTuple):
    """What some run does: names of steps, outcomes of operations, and what components are described as.

    `steps` are labels, operations (`redis.get`) and kinds of fault, `outcomes` pairs of an operation and an outcome,
    and `states` pairs of a component and a description.
    """

    steps: frozenset[str]
    outcomes: frozenset[tuple[str, str]]
    states: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class TransitionSystem:
    """Every state of a model, by what properties say in it, and every transition, by its label.

    State 0 is the initial one. `verdicts` has a hash a state; `sources`, `labels` (hashes) and `targets` an entry a
    transition.
    """

    verdicts: Hashes
    sources: NDArray[np.int64]
    labels: Hashes
    targets: NDArray[np.int64]
    reached: Reached

    def fingerprint(self) -> str:
        """Return the same text for bisimilar systems, and for no others, but for odds of 1 in 2**64 a pair of classes.

        The systems of two models compare only if these have the same properties.
        """
        classes = _mixed(self.verdicts)
        count = len(_distinct(classes))
        while True:
            refined = self._refined(classes)
            refined_count = len(_distinct(refined))
            if refined_count == count:
                break
            classes, count = refined, refined_count
        digest = hashlib.sha256(refined[:1].tobytes())
        digest.update(_distinct(refined).tobytes())
        return digest.hexdigest()[:32]

    def _refined(self, classes: Hashes) -> Hashes:
        """Return the classes by their own names and the set of labels and classes that steps lead to."""
        leads = _mixed(self.labels + ODD * classes[self.targets])
        order = np.lexsort((leads, self.sources))
        sources, leads = self.sources[order], leads[order]
        first = np.ones(len(leads), bool)  # of several equal ones: how many there are does not count
        first[1:] = (sources[1:] != sources[:-1]) | (leads[1:] != leads[:-1])
        sums = np.zeros(len(classes), np.uint64)
        np.add.at(sums, sources[first], _mixed(leads[first] ^ FIRST))
        return _mixed(_mixed(self.verdicts) + ODD * _mixed(sums + SECOND))


@asking_every_step
def transition_system(model: Model, options: SearchOptions = SearchOptions()) -> TransitionSystem | None:
    """Return the transition system of a model; None if it has more states than the limit."""
    exploring = _Exploring(Tables(model))
    if not exploring.explore(options):
        return None
    return exploring.system()


class _Exploring:
    """The plain search behind it: every state once, in the order in which they are met."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._numbers: dict[int, int] = {tables.initial(): 0}
        self._edges: tuple[list[int], list[int], list[int]] = ([], [], [])
        self._moves: set[tuple[int, int, int, int]] = set()
        self._faults: set[str] = set()
        self._step_parts = [part for each in tables.watches_of(Kind.STEP) for part in each.parts]
        self._state_parts = [
            part for each in tables.watches if each.property.kind is not Kind.STEP for part in each.parts
        ]
        self._label = lru_cache(maxsize=None)(self._label_of)

    def explore(self, options: SearchOptions) -> bool:
        """Meet every state; return whether that stayed within the limit."""
        tables, numbers = self._tables, self._numbers
        processes = range(len(tables.locals))
        waiting = [tables.initial()]
        while waiting:
            state = waiting.pop()
            for process in processes:
                local = tables.field(state, process)
                for successor, after in tables.choices_of(state, process):
                    if after not in numbers:
                        numbers[after] = len(numbers)
                        waiting.append(after)
                    self._note(state, after, process, local, successor)
            if limit_reached(options, len(numbers)) is not None:
                return False
        return True

    def _note(self, state: int, after: int, process: int, local: int, successor: Successor) -> None:
        for column, number in zip(
            self._edges,
            (self._numbers[state], self._label_of_step(state, after, process, local, successor), self._numbers[after]),
            strict=True,
        ):
            column.append(number)
        if not successor.choice.is_crash:
            self._moves.add((process, local, successor.choice.alternative, self._tables.field(after, process)))

    def _label_of_step(self, state: int, after: int, process: int, local: int, successor: Successor) -> int:
        violated = tuple(part.violated_by(state, after) for part in self._step_parts)
        return self._label(process, local, successor.choice.alternative, successor.budget, successor.owed, violated)

    def _label_of(
        self, process: int, local: int, alternative: int, budget: int, owed: bool, violated: tuple[bool, ...]
    ) -> int:
        states = self._tables.locals[process]
        crash = alternative < 0
        label = None if crash else states.states[local].operations[alternative].label
        faults = tuple(sorted(self._tables.faults_in(budget)))
        self._faults.update(faults)
        return _number_of(states.process.name, crash, label, faults, owed, violated)

    def system(self) -> TransitionSystem:
        """Return what was explored."""
        verdicts: dict[tuple[bool, ...], int] = {}
        names = [(each.property.name, str(each.property.kind), len(each.parts)) for each in self._tables.watches]
        hashes = []
        for state in self._numbers:
            violated = tuple(part.violated(state) for part in self._state_parts)
            if violated not in verdicts:
                verdicts[violated] = _number_of(names, violated, self._tables.model.quiet)
            hashes.append(verdicts[violated])
        sources, labels, targets = self._edges
        return TransitionSystem(
            np.array(hashes, np.uint64),
            np.array(sources, np.int64),
            np.array(labels, np.uint64),
            np.array(targets, np.int64),
            self._reached(),
        )

    def _reached(self) -> Reached:
        steps, outcomes = set(self._faults), set[tuple[str, str]]()
        for process, states in enumerate(self._tables.locals):
            for answered in states.answered():
                if (process, answered.state, answered.alternative, answered.successor) not in self._moves:
                    continue
                names = list(_names_of(answered))
                steps.update(names)
                outcomes.update((name, render(answered.outcome)) for name in names)
        return Reached(frozenset(steps), frozenset(outcomes), frozenset(self._contents()))

    def _contents(self) -> Iterator[tuple[str, str]]:
        tables = self._tables
        for name, component in tables.model.components.items():
            field = tables.component_field(name)
            for number in {tables.field(state, field) for state in self._numbers}:
                yield name, described(component, tables.value(field, number))


def _names_of(answered: Answered) -> Iterator[str]:
    """Yield the names of an operation: its label, and what it does to which kind of component."""
    operation = answered.operation
    parts = operations_of(operation)
    yield from {each for each in (operation.label, *(part.label for part in parts)) if each}
    yield from {f"{part.component.partition('/')[0]}.{part.name}" for part in parts}


def _number_of(*parts: Any) -> int:
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:8], "little")


def _distinct(numbers: Hashes) -> Hashes:
    """Return those that are there, in order: `numpy.unique`, for which masked arrays are imported."""
    ordered = np.sort(numbers)
    first = np.ones(len(ordered), bool)
    first[1:] = ordered[1:] != ordered[:-1]
    return ordered[first]


def _mixed(numbers: Hashes) -> Hashes:
    """Return hashes of numbers in which every bit depends on every bit (Stafford's mix 13, as in splitmix64)."""
    mixed = numbers.astype(np.uint64) + ODD
    mixed = (mixed ^ (mixed >> np.uint64(30))) * FIRST
    mixed = (mixed ^ (mixed >> np.uint64(27))) * SECOND
    return mixed ^ (mixed >> np.uint64(31))
