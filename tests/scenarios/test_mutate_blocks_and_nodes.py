"""Mutants of what is done in blocks and on nodes: operations are seen as their roles ask for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from deadheat.scenarios.check import Options, Outcome, Verdict, check
from deadheat.scenarios.mutants import guards_of
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.explore.options import SearchOptions

SHOP = """
from deadheat import Crash, Kind, Model, Process, Property
from deadheat.models.components.memory import Memory
from deadheat.models.nodes import Node, with_nodes
from deadheat.sim.blocks import atomic_block

orders, cache = Memory("orders", initially="new"), Memory("cache")

def claim(who):
    if (yield orders.get()) == "new":
        yield orders.set(who)
        return True
    return False

def receive(who):
    if (yield atomic_block(claim, who)):
        yield cache.set("seen")

def unclaimed(view):
    return "unclaimed" if view["orders"] == "new" else None

def shop():
    model = Model(
        {"orders": orders, "cache": cache},
        (Process("receive", receive, ("r1",)),),
        (Property("claimed", "", Kind.SETTLED, ("orders",), unclaimed),),
        {"node-crash": 0},
    )
    return with_nodes(model, Node("node", ("receive",), (Crash("node-crash"),), (cache,)))
"""


def test_a_role_on_a_node_is_mutated_and_its_blocks_are_reached(tmp_path: Path) -> None:
    file = tmp_path / "mutated_shop.py"
    file.write_text(SHOP)
    guards = guards_of(f"{file}:shop")
    assert [(each.place.what, str(each.change)) for each in guards.mutations] == [
        ("orders.claim", "takes False for True"),
        ("orders.claim", "left out"),
        ("cache.set", "left out"),
    ]
    assert guards.never_reached == ()


def test_a_block_that_is_left_out_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "unclaimed_shop.py"
    file.write_text(SHOP)
    verdicts = [check(Scenario(f"{file}:shop{mutant}")).outcome("claimed").verdict for mutant in ("", "~2", "~3")]
    assert verdicts == [Verdict.HOLDS, Verdict.VIOLATED, Verdict.HOLDS]


ROWS = """
from dataclasses import dataclass
from deadheat import Components, Design, Fault, Node, always, atomically, crash, one, settled
from deadheat.library import Row

LOST = Fault("lost", "the machine is lost", "of this test")

@dataclass(frozen=True)
class Rows(Components):
    a: Row = Row("a", 0)
    b: Row = Row("b", 0)

def work(rows):
    if (yield rows.a.get()) == 0:
        yield rows.a.set(1)
    yield rows.b.set(1)
    yield atomically(rows.a.set(2), rows.b.set(2))

@always
def b_first(a: int, b: int) -> bool:
    return b == 1 and a == 0

@always
def torn(a: int, b: int) -> bool:
    return a == 2 and b == 1

@settled
def unfinished(a: int, b: int) -> bool:
    return (a, b) != (2, 2)

CLAIMS = (b_first, torn, unfinished)

def on_a_machine(name, killed):
    return ALONE.variant(name, "on a machine", nodes=(Node("machine", ("work",), (killed,)),))

ALONE = Design("rows", "two rows", "this test", Rows(), (one("work", work),), CLAIMS, faults=(LOST,))
LOST_WITH = on_a_machine("lost-with", crash(LOST, restarts=False))
RESTARTED = on_a_machine("restarted", crash(LOST))
"""


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    file = tmp_path / "rows_on_a_node.py"
    file.write_text(ROWS)
    return file


def test_a_role_on_a_node_has_the_mutants_that_it_has_alone(rows: Path) -> None:
    alone, on_a_node = guards_of(f"{rows}:ALONE").mutations, guards_of(f"{rows}:LOST_WITH").mutations
    told = [(each.place.what, str(each.change)) for each in on_a_node]
    assert told == [(each.place.what, str(each.change)) for each in alone]
    assert ("a.set", "happens only after b.set") in told
    assert ("a.set and b.set", "not at one instant") in told
    for number in range(1, len(told) + 1):
        found = [check(Scenario(f"{rows}:{name}~{number}")) for name in ("ALONE", "LOST_WITH")]
        assert len({tuple(each.verdict for each in result.outcomes) for result in found}) == 1, told[number - 1]
    violated = check(Scenario(f"{rows}:LOST_WITH~{told.index(('a.set', 'happens only after b.set')) + 1}"))
    assert violated.outcome("b-first").verdict is Verdict.VIOLATED


@pytest.mark.parametrize("name", ["LOST_WITH", "RESTARTED"])
def test_all_mutants_of_a_role_on_a_node_die_with_it(rows: Path, name: str) -> None:
    for number in range(1, len(guards_of(f"{rows}:{name}").mutations) + 1):
        scenario = Scenario(f"{rows}:{name}~{number}", faults=(("lost", 1),))
        found = [check(scenario, Options(SearchOptions(explorer=explorer))) for explorer in ("python", "reference")]
        told = [[(each.verdict, _length(each)) for each in result.outcomes] for result in found]
        assert told[0] == told[1]
        unfinished = found[0].outcome("unfinished").verdict
        assert name == "RESTARTED" or unfinished is Verdict.VIOLATED


def _length(outcome: Outcome) -> int | None:
    return None if outcome.counterexample is None else len(outcome.counterexample.trace.schedule.choices)
