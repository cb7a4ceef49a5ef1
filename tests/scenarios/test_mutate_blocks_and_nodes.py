"""Mutants of what is done in blocks and on nodes: operations are seen as their roles ask for them."""

from __future__ import annotations

from pathlib import Path

from deadheat.scenarios.check import Verdict, check
from deadheat.scenarios.mutants import guards_of
from deadheat.scenarios.scenario import Scenario

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
