"""What was once answered wrongly of these systems is answered rightly."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from deadheat.scenarios.check import check
from deadheat.scenarios.frontier import frontiers
from deadheat.scenarios.given import reference_to
from deadheat.scenarios.rollout import rollout
from deadheat.scenarios.scenario import Scenario
from deadheat.scenarios.subjects import OfDesign
from deadheat.sim.learn import identity
from tests.command import deadheat
from tests.scenarios.attacked import handed_over
from tests.scenarios.attacked.shared_budget import ORDERS


@pytest.mark.parametrize("base", [{}, {"first": 1}, {"first": -1}])
def test_keys_that_share_a_budget_are_broken_by_what_one_check_a_set_says(base: dict[str, int]) -> None:
    scenario = Scenario(reference_to(ORDERS), 2, tuple(base.items()))
    [found] = frontiers([scenario], 1)
    obvious = [
        kind
        for kind in ("", "first", "second")
        if check(replace(scenario, faults=tuple({**base, **({kind: 2} if kind else {})}.items())))
        .outcome("done")
        .counterexample
        is not None
    ]
    assert bool(found.breaking) is bool(obvious)
    if base:
        assert found.breaking == [()]


def test_all_at_once_is_not_safe_where_an_old_role_waits_for_what_the_new_one_does_not_do() -> None:
    found = rollout(OfDesign(handed_over.OLD), OfDesign(handed_over.NEW))
    assert found.safe_orders == (("payer", "giver"),)
    assert not found.all_at_once.is_safe


def test_what_was_not_decided_of_the_servers_makes_no_order_safe() -> None:
    found = rollout(OfDesign(handed_over.OLD), OfDesign(handed_over.NEW))
    assert found.is_safe
    assert not replace(found, same_servers=False).is_safe


LOCKED = """
from __future__ import annotations
from dataclasses import dataclass
from deadheat import Components, Design, Steps, always, one_each
from deadheat.library import Row

{module}

@dataclass(frozen=True)
class Shop(Components):
    {shared}
    first: Row = Row("first", False, keyed=True)
    second: Row = Row("second", False, keyed=True)
    times: Row = Row("times", 0, keyed=True)

def work(shop: Shop, order: str) -> Steps:
    if (yield getattr(shop, {named}).compare_and_set(False, True, key=order)):
        count = yield shop.times.get(key=order)
        yield shop.times.set(count + 1, key=order)

def other(shop: Shop, order: str) -> Steps:
    yield from work(shop, order)

@always("once", "nothing is done twice")
def once(times: int) -> bool:
    return times > 1

TWO = Design(name="two", summary="two workers and a lock", source="a test", key="order", components=Shop(),
             roles=(one_each("one", work), one_each("two", other)), claims=(once,))
"""


@pytest.mark.parametrize(
    ("module", "shared", "named"),
    [
        ("LOCK = {lock!r}", "", "LOCK"),
        ("", "LOCK = {lock!r}", "shop.LOCK"),
        ("", "lock = property(lambda self: {lock!r})", "shop.lock"),
        ("", "lock = staticmethod(lambda: {lock!r})", "shop.lock()"),
    ],
)
def test_a_constant_that_roles_use_is_part_of_them_wherever_it_is(
    tmp_path: Path, module: str, shared: str, named: str
) -> None:
    for version, lock in (("old", "first"), ("new", "second")):
        parts = {"module": module.format(lock=lock), "shared": shared.format(lock=lock) or "pass", "named": named}
        (tmp_path / f"{version}.py").write_text(LOCKED.format(**parts))
    done = deadheat("rollout", "old.py:TWO", "new.py:TWO", cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "No order is safe" in done.stdout


def test_with_an_installed_package_of_others_loaded_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    modules = {name: module for name, module in sys.modules.items() if name.startswith("deadheat")}
    others = ModuleType("limits")
    others.__file__ = "/somewhere/site-packages/limits.py"
    monkeypatch.setattr(sys, "modules", modules)
    assert not identity._is_told_by_others()
    monkeypatch.setitem(modules, "limits", others)
    assert identity._is_told_by_others()
