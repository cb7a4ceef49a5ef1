"""Broken variants of the engine: the comparison with the oracle notices each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from deadheat.sim import freeze
from deadheat.sim.explore.compiled.hindsight import Hindsight
from deadheat.sim.explore.cycles import fairness, settled
from deadheat.sim.explore.cycles.graphs import strong_components
from deadheat.sim.explore.reductions import composition, partial_order, swap
from deadheat.sim.learn import tables, watches
from deadheat.sim.learn.lessons import Successor
from deadheat.sim.learn.tables import Tables
from deadheat.sim.run import simulation
from deadheat.sim.run.stepping import JointStep
from tests.oracle.compare import compare
from tests.oracle.generator import BOUNDED, systems

Patch = pytest.MonkeyPatch


def only_owed_steps_are_turns(patch: Patch) -> None:
    fair = Hindsight._fair
    patch.setattr(Hindsight, "_fair", lambda self, of, owing, taken: fair(self, of, owing, taken.where(taken.owed)))


def nobody_is_neglected(patch: Patch) -> None:
    patch.setattr(fairness.FairGraph, "_neglected", lambda self, component: set())


def merging_does_not_look_into_iterators(patch: Patch) -> None:
    look = freeze._GeneratorFreezer._freeze_object

    def blind(self: Any, kind: type, value: Any) -> Any:
        return kind if kind in freeze.ITERATORS else look(self, kind, value)

    patch.setattr(freeze._GeneratorFreezer, "_freeze_object", blind)
    patch.setattr(tables, "merging_is_safe", lambda: True)


def merging_takes_copies_for_aliases(patch: Patch) -> None:
    look = freeze._GeneratorFreezer._freeze_object

    def forgetful(self: Any, kind: type, value: Any) -> Any:
        frozen = look(self, kind, value)
        self._seen.pop(id(value))
        return frozen

    patch.setattr(freeze._GeneratorFreezer, "_freeze_object", forgetful)
    patch.setattr(tables, "merging_is_safe", lambda: True)


def merging_takes_functions_for_their_code(patch: Patch) -> None:
    patch.setattr(freeze._GeneratorFreezer, "_freeze_function", lambda self, function: function.__code__)
    patch.setattr(tables, "merging_is_safe", lambda: True)


def values_that_compare_equal_are_one(patch: Patch) -> None:
    exactly = freeze._ValueFreezer.freeze

    def roughly(self: Any, value: Any) -> Any:
        return value if type(value) in (*freeze.ATOMS, float) else exactly(self, value)

    patch.setattr(freeze._ValueFreezer, "freeze", roughly)


def changes_alone_are_steps(patch: Patch) -> None:
    patch.setattr(watches.WatchedPart, "require_change", lambda self, state: None)


def changed_successors(patch: Patch, change: Callable[[Tables, Successor], Successor]) -> None:
    make = Tables._successor

    def changed(self: Tables, *arguments: Any, **named: Any) -> Successor:
        return change(self, make(self, *arguments, **named))

    patch.setattr(Tables, "_successor", changed)


def budgets_are_not_drawn_on(patch: Patch) -> None:
    def undrawn(_: Tables, successor: Successor) -> Successor:
        return successor._replace(delta=successor.delta + (successor.budget & -successor.budget))

    changed_successors(patch, undrawn)


def faults_are_owed(patch: Patch) -> None:
    changed_successors(patch, lambda _, successor: successor._replace(owed=successor.owed or bool(successor.budget)))


def everybody_owes(patch: Patch) -> None:
    changed_successors(patch, lambda _, successor: successor._replace(owed=not successor.budget))


def what_has_not_begun_can_crash(patch: Patch) -> None:
    patch.setattr(tables, "INITIAL", -1)


def a_crash_has_no_consequences(patch: Patch) -> None:
    for module in (tables, simulation):
        patch.setattr(module, "steps_of_crash", lambda _, crash, __: (JointStep(None, {}, crash.kind),))


def partial_order_forgets_cycles(patch: Patch) -> None:
    patch.setattr(partial_order, "_recurring", lambda graph: set())


def partial_order_forgets_what_is_seen(patch: Patch) -> None:
    watch = partial_order.Dependence._standings

    def unseen(self: Any, process: int) -> Any:
        self._seen_parts = []
        return watch(self, process)

    patch.setattr(partial_order.Dependence, "_standings", unseen)


def partial_order_forgets_dependence(patch: Patch) -> None:
    patch.setattr(partial_order.Standing, "disturbed_by", lambda self, other: False)


def symmetry_of_properties_is_believed(patch: Patch) -> None:
    patch.setattr(swap.Swap, "verify_verdict", lambda self, *_: None)


def settling_may_be_escaped(patch: Patch) -> None:
    patch.setattr(settled, "terminal_components", strong_components)


def composition_forgets_what_was_spent(patch: Patch) -> None:
    patch.setattr(composition._ExploredPart, "_left", lambda self, state: tuple(0 for _ in self._budget_fields))


def a_violation_may_go_from_part_to_part(patch: Patch) -> None:
    patch.setattr(watches.Watch, "singles", property(lambda self: (self,)))


MUTANTS: dict[Callable[[Patch], None], tuple[str, tuple[str, ...]]] = {
    only_owed_steps_are_turns: ("stubborn", ("kernel",)),
    nobody_is_neglected: ("stubborn", ("python",)),
    merging_does_not_look_into_iterators: ("hidden", ("python",)),
    merging_takes_copies_for_aliases: ("sharing", ("python",)),
    merging_takes_functions_for_their_code: ("closures", ("python",)),
    changes_alone_are_steps: ("at once", ("python",)),
    values_that_compare_equal_are_one: ("alike", ("python",)),
    budgets_are_not_drawn_on: ("at once", ("python",)),
    faults_are_owed: ("stubborn", ("python",)),
    everybody_owes: ("lasting", ("python",)),
    what_has_not_begun_can_crash: ("faulty", ("python",)),
    a_crash_has_no_consequences: ("faulty", ("python",)),
    partial_order_forgets_cycles: ("sparse", ("python, partial order",)),
    partial_order_forgets_what_is_seen: ("sparse", ("python, partial order",)),
    partial_order_forgets_dependence: ("sparse", ("kernel, partial order", "python, partial order")),
    symmetry_of_properties_is_believed: ("asymmetric", ("quotient",)),
    settling_may_be_escaped: ("stubborn", ("python",)),
    composition_forgets_what_was_spent: ("apart", ("python", "auto")),
    a_violation_may_go_from_part_to_part: ("waiting", ("python", "kernel")),
}


def noticed(family: str, searches: tuple[str, ...]) -> Iterator[int]:
    for system in systems(family, BOUNDED[family]):
        try:
            if compare(system, frozenset(searches)).wrong:
                yield system.seed
        except (AssertionError, KeyError, StopIteration):  # it fell over what it broke itself
            yield system.seed


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_broken_engine_is_noticed(mutant: Callable[[Patch], None], monkeypatch: Patch) -> None:
    mutant(monkeypatch)
    assert next(noticed(*MUTANTS[mutant]), None) is not None
