"""Every search of the engine against the oracle, on one system: what each says that it should not.

What must agree:

- the violated properties, for every search;
- the length of a counterexample to an ALWAYS or STEP property, for every search that promises a shortest one;
- that of the others (of a lasso, its stem), where both tell apart the same states: without merging, or where merging
  finds as many as the oracle. Elsewhere a state may be its own successor for one and not for the other, which makes it
  quiescent for the first alone;
- the states, transitions and depth without merging; with it, no fewer states than the oracle and no more than without;
- what the components hold in all of the states, and the labels and faults that were met;
- every counterexample, executed again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from unittest.mock import patch

from deadheat.sim.errors import DeadheatError
from deadheat.sim.explain.confirm import confirm
from deadheat.sim.explore import auto, kernel, python, reference
from deadheat.sim.explore.every_step import asking_every_step
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.reductions import partial_order, quotient
from deadheat.sim.explore.results import Exploration
from deadheat.sim.learn.tables import Tables
from deadheat.sim.model import Model, View
from tests.oracle import language as la
from tests.oracle.definitions import violations
from tests.oracle.rules import Rules
from tests.oracle.search import Space, TooLargeError, explore
from tests.oracle.translation import describe, model

HISTORIES_MAX = 600
"""So many states, as told apart without merging, are compared."""

REFERENCE_MAX = 60
"""So many of them are explored by the reference, which runs every prefix anew."""

LIMITS = SearchOptions(1_500)
SMALL_THRESHOLDS: dict[str, Any] = {"STATES_BEFORE_COMPOSITION": 8, "STATES_BEFORE_KERNEL": 16}
"""So that the searches for large spaces come in."""

FEW_RUNS: dict[str, Any] = {"RUNS": 3, "STEPS_MAX": 20}
"""So few random runs before partial order that it has something left to learn."""

Contents = set[str]


@dataclass(slots=True)
class Comparison:
    """What the searches and the oracle say of one system; `wrong` are sentences, none if all agree.

    One that is `unmergeable` holds iterators in a loop without end that the engine cannot look into, and so has more
    and more states for it; it is not compared. `merged_states` is how many states the engine finds by merging.
    """

    system: la.System
    space: Space
    expected: dict[str, int]
    separate: Space | None
    wrong: list[str] = field(default_factory=list)
    reductions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    remarks: dict[str, tuple[str, ...]] = field(default_factory=dict)
    merged_states: int = 0
    unmergeable: bool = False

    def __str__(self) -> str:
        return "\n".join((*self.wrong, describe(self.system)))


def compare(system: la.System, searches: frozenset[str] | None = None) -> Comparison:
    """Run the searches of these names, or all, and return what is wrong with what they say."""
    space = explore(system, Rules(), 2_000)
    try:
        separate: Space | None = explore(system, Rules(), HISTORIES_MAX, merged=False)
    except TooLargeError:
        separate = None
    comparison = Comparison(system, space, violations(space, Rules()), separate)
    with patch.multiple(auto, **SMALL_THRESHOLDS), patch.multiple(partial_order, **FEW_RUNS):
        run_all(comparison, searches)
    return comparison


def run_all(comparison: Comparison, searches: frozenset[str] | None) -> None:
    """Add to a comparison what is wrong with what the searches say."""
    made = model(comparison.system)
    checks = _Checks(comparison, made)
    for name, search, check in checks.searches():
        if searches is None or name in searches:
            try:
                found = search(made)
            except DeadheatError as error:
                comparison.wrong.append(f"{name} fails: {error}")
                continue
            if not found.complete and not comparison.reductions:
                comparison.unmergeable = True
                return
            comparison.reductions[name] = found.reductions
            comparison.remarks[name] = found.remarks
            comparison.wrong += [f"{name}: {each}" for each in (*check(found), *checks.unconfirmed(found))]


def lengths(found: Exploration) -> dict[str, int]:
    """Return the violated properties, with the length of each counterexample, or of its stem."""
    return {name: len(each.choices[: each.cycle_from]) for name, each in sorted(found.counterexamples.items())}


Search = Callable[[Model], Exploration]
Check = Callable[[Exploration], Iterator[str]]


class _Checks:
    """The searches, each with what must be true of what it finds."""

    def __init__(self, comparison: Comparison, made: Model) -> None:
        self._comparison = comparison
        self._expected = comparison.expected
        self._model = made
        self._merged: Exploration | None = None
        self._confirmed: dict[object, str | None] = {}

    def searches(self) -> Iterator[tuple[str, Search, Check]]:
        """Yield the name of each search, the search, and the check of what it finds."""
        few = self._comparison.separate
        yield "python", self._explore_merged, self._whole
        yield "python, partial order", partial(_python, partial_order=True), self._reduced
        yield "kernel", _kernel(symmetry=False), self._same_as_python
        yield "kernel, fingerprint", _kernel(symmetry=False, fingerprint=True), self._same_as_python
        yield "kernel, partial order", _kernel(symmetry=False, partial_order=True), self._shortest
        yield "auto", partial(auto.explore, options=LIMITS), self._shortest
        if self._comparison.system.interchangeable:
            yield "kernel, symmetry", _kernel(symmetry=True), self._shortest
            both = _kernel(symmetry=True, partial_order=True)
            yield "kernel, symmetry and partial order", both, self._shortest
            yield "quotient", partial(quotient.explore, options=LIMITS), self._shortest
        if few is not None:
            yield "python, no merging", partial(_python, merging=False), self._separate
            yield "kernel, no merging", _kernel(symmetry=False, merging=False), self._separate
            if len(few.states) <= REFERENCE_MAX:
                yield "reference", partial(reference.explore, options=LIMITS), self._separate
                merging = partial(reference.explore, options=replace(LIMITS, merging=True))
                yield "reference, merging", merging, self._same_as_python

    def unconfirmed(self, found: Exploration) -> Iterator[str]:
        """Yield what is wrong with counterexamples that were not executed yet."""
        for name, schedule in found.counterexamples.items():
            if (name, schedule) not in self._confirmed:
                self._confirmed[name, schedule] = None
                try:
                    confirm(self._model, name, schedule)
                except DeadheatError as error:
                    self._confirmed[name, schedule] = str(error)
            if self._confirmed[name, schedule]:
                yield f"the counterexample to {name} is none: {self._confirmed[name, schedule]}"

    # Checks

    def _verdicts(self, found: Exploration) -> Iterator[str]:
        if not found.complete:
            yield f"it stopped: {found.stopped}"
        got, expected = sorted(found.counterexamples), sorted(self._expected)
        if got != expected:
            yield f"it finds violated {got}, and the oracle {expected}"

    def _coverage(self, found: Exploration) -> Iterator[str]:
        moves = [edge.move for edges in self._comparison.space.edges for edge in edges]
        faults = {move.fault for move in moves if move.fault}
        if found.faults_fired != faults:
            yield f"it met the faults {sorted(found.faults_fired)}, and the oracle {sorted(faults)}"
        labels = {move.label for move in moves if move.label}
        if found.labels_reached != labels:
            yield f"it met the labels {sorted(found.labels_reached)}, and the oracle {sorted(labels)}"

    def _whole(self, found: Exploration) -> Iterator[str]:
        yield from self._verdicts(found)
        yield from self._coverage(found)
        merged, separate = self._comparison.space, self._comparison.separate
        if found.states < len(merged.states):
            yield f"it finds {found.states} states, and the oracle no fewer than {len(merged.states)}"
        if separate is not None and found.states > len(separate.states):
            yield f"it finds {found.states} states, and without merging there are {len(separate.states)}"
        alike = found.states == len(merged.states)
        yield from self._lengths(found, self._expected, all_kinds=alike)

    def _same_as_python(self, found: Exploration) -> Iterator[str]:
        yield from self._verdicts(found)
        if self._merged is not None:
            facts = [(each.states, each.transitions, each.depth, lengths(each)) for each in (found, self._merged)]
            if facts[0] != facts[1]:
                yield f"it finds {facts[0]}, and python {facts[1]}"
            if (found.labels_reached, found.faults_fired) != (self._merged.labels_reached, self._merged.faults_fired):
                yield "it covers something else than python"

    def _separate(self, found: Exploration) -> Iterator[str]:
        separate = self._comparison.separate
        assert separate is not None
        yield from self._verdicts(found)
        yield from self._coverage(found)
        counts = (len(separate.states), sum(map(len, separate.edges)), max(separate.depth))
        if (found.states, found.transitions, found.depth) != counts:
            yield f"it counts {(found.states, found.transitions, found.depth)}, and the oracle {counts}"
        yield from self._lengths(found, violations(separate, Rules()), all_kinds=True)

    def _shortest(self, found: Exploration) -> Iterator[str]:
        yield from self._verdicts(found)
        if self._merged is not None:
            yield from self._lengths(found, lengths(self._merged), all_kinds=True)
            if found.states > self._merged.states and "composition" not in found.reductions:
                yield f"it finds {found.states} states, and python {self._merged.states}"

    def _reduced(self, found: Exploration) -> Iterator[str]:
        yield from self._verdicts(found)
        yield from self._coverage(found)
        for name, length in lengths(found).items():
            if name.split()[0] in ("always", "step") and length < self._expected.get(name, 0):
                yield f"a counterexample to {name} has {length} steps, and none is shorter than {self._expected[name]}"

    def _lengths(self, found: Exploration, expected: dict[str, int], *, all_kinds: bool) -> Iterator[str]:
        got = lengths(found)
        for name in got.keys() & expected.keys():
            if got[name] != expected[name] and (all_kinds or name.split()[0] in ("always", "step")):
                yield f"the counterexample to {name} has {got[name]} steps, and should have {expected[name]}"

    # Searches

    def _explore_merged(self, made: Model) -> Exploration:
        search = _searched(made)
        self._merged = search.result()
        self._comparison.merged_states = self._merged.states
        held = {_content(search.tables.view(state, made.components)) for state in search.parents}
        space = self._comparison.space
        expected = {_content(space.semantics.view(state)) for state in space.states}
        if self._merged.complete and held != expected:
            some = min(held ^ expected)
            self._comparison.wrong.append(f"python: the components hold, for it or the oracle alone: {some}")
        return self._merged


@asking_every_step
def _searched(made: Model) -> python.Search:
    search = python.Search(Tables(made), LIMITS, None)
    search.run()
    search.tables.verify_purity()
    return search


def _content(view: View) -> str:
    return repr(sorted(view.items()))


def _kernel(*, symmetry: bool, partial_order: bool = False, merging: bool = True, fingerprint: bool = False) -> Search:
    options = replace(LIMITS, symmetry=symmetry, partial_order=partial_order, merging=merging, fingerprint=fingerprint)
    return partial(kernel.explore, options=options)


def _python(made: Model, *, merging: bool = True, partial_order: bool = False) -> Exploration:
    return python.explore(made, replace(LIMITS, merging=merging, partial_order=partial_order))
