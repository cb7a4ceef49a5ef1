"""Ghost values: facts for properties and assumptions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deadheat.models.any_system import Components
from deadheat.models.claims import settled
from deadheat.models.components.ghost import Facts, Ghost, was_noted
from deadheat.models.components.row import Row
from deadheat.models.design import Design
from deadheat.models.roles import Steps, one_each
from deadheat.sim.operations import atomically
from tests.models.driver import Driver, violated

SEEN = Ghost("seen")


def test_facts_are_noted_once_and_in_no_order() -> None:
    one_way, other_way = Driver(SEEN), Driver(SEEN)
    for each in (SEEN.note("loaded", "order1"), SEEN.note("killed"), SEEN.note("killed")):
        one_way(each)
    for each in (SEEN.note("killed"), SEEN.note("loaded", "order1")):
        other_way(each)
    assert one_way.value == other_way.value
    assert SEEN.describe(one_way.value) == "killed, loaded order1"


def test_facts_are_kept_sorted_so_that_one_state_is_one_value() -> None:
    drive = Driver(SEEN)
    for each in "fbdaec":
        drive(SEEN.note(each))
    assert [fact for fact, _ in drive.value] == list("abcdef")


def test_what_comes_once_a_fact_was_noted_is_not_possible_before() -> None:
    drive = Driver(SEEN)
    assert drive.blocks(SEEN.once("loaded", "order1"))
    assert not drive.blocks(SEEN.before("loaded", "order1"))
    drive(SEEN.note("loaded", "order1"))
    assert drive.blocks(SEEN.once("loaded", "order2"))
    assert not drive.blocks(SEEN.once("loaded", "order1"))
    assert drive.blocks(SEEN.before("loaded", "order1"))


def test_no_operation_of_a_ghost_tells_a_role_anything() -> None:
    drive = Driver(SEEN)
    for each in (SEEN.note("loaded"), SEEN.once("loaded"), SEEN.before("killed")):
        assert drive(each) is None


@dataclass(frozen=True)
class Loading(Components):
    flag: Row = Row("flag", False, keyed=True)
    seen: Ghost = Ghost("seen", keyed=True)
    works: Row = Row("works", True, keyed=True)


def load(system: Loading, order: str) -> Steps:
    """Load, which resets the flag; look at it once; work."""
    yield atomically(system.flag.set(False, key=order), system.seen.note("loaded", key=order))
    if (yield system.flag.get(key=order)):
        yield system.works.set(False, key=order)


def load_and_wait(system: Loading, order: str) -> Steps:
    yield atomically(system.flag.set(False, key=order), system.seen.note("loaded", key=order))
    yield system.flag.wait_for(True, key=order)
    yield system.works.set(False, key=order)


def kill(system: Loading, order: str) -> Steps:
    yield atomically(system.flag.set(True, key=order), system.seen.note("killed", key=order))


def kill_once_loaded(system: Loading, order: str) -> Steps:
    assumed = system.seen.once("loaded", key=order)
    yield atomically(system.flag.set(True, key=order), system.seen.note("killed", key=order), assumed)


@settled
def a_kill_stops_it(works: bool, seen: Facts) -> bool:
    return works and was_noted(seen, "killed")


def design(loads: Any, kills: Any) -> Design[Loading]:
    roles = (one_each("worker", loads), one_each("user", kills, owed=False))
    return Design("loading", "a kill", "kestra issue 19684", Loading(), roles, (a_kill_stops_it,), key="order")


def test_an_assumption_hides_the_trivial_cause_so_that_the_other_shows() -> None:
    assert violated(design(load_and_wait, kill)) == {"a-kill-stops-it"}  # it comes before loading, which resets it
    assert violated(design(load_and_wait, kill_once_loaded)) == set()
    assert violated(design(load, kill_once_loaded)) == {"a-kill-stops-it"}  # it comes after the only look
