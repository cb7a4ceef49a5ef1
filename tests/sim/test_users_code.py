"""The user's code that never comes back is ended, and named; what it raises is told with its place."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest

from deadheat.sim.components import Component, Step, Steps, operation
from deadheat.sim.errors import ModelError
from deadheat.sim.explore import python
from deadheat.sim.model import Kind, Model, Process, Property
from deadheat.sim.users_code import Watch


class Clock(Component):
    initial = 0

    @operation
    def look(self, now: int) -> Steps:
        return (Step(now, now),)

    @operation
    def wind(self, now: int) -> Steps:
        while True:
            now += 1


Roles = Generator[Any, Any, Any]


def busy(clock: Clock) -> Roles:
    yield clock.look()
    while True:
        pass


def stubborn(clock: Clock) -> Roles:
    yield clock.look()
    while True:
        try:
            time.sleep(0.01)
        except Exception:
            continue


def helping(clock: Clock) -> Roles:
    yield clock.look()
    wait_for_ever()


def wait_for_ever() -> None:
    time.sleep(60)


def locked(clock: Clock) -> Roles:
    yield clock.look()
    threading.Event().wait()


def beginning(clock: Clock) -> Any:
    while clock:
        pass


def winding(clock: Clock) -> Roles:
    yield clock.wind()


def looking(clock: Clock) -> Roles:
    yield clock.look()


def endless(view: Any) -> str | None:
    while view:
        pass
    return None


def fine(view: Any) -> str | None:
    del view
    return None


def explore(role: Callable[..., Any], violation: Callable[..., str | None] = fine) -> None:
    clock = Clock("clock")
    prop = Property("never", "", Kind.ALWAYS, ("clock",), violation)
    python.explore(Model({"clock": clock}, (Process("p", role, (clock,)),), (prop,)))


@pytest.fixture
def asked() -> list[bool]:
    return [False]


@pytest.fixture
def watch(asked: list[bool]) -> Iterator[Watch]:
    watching = Watch(5, lambda: asked[0], lambda: None)
    watching.start(0.02)
    yield watching
    watching.stop()


@pytest.mark.usefixtures("watch")
@pytest.mark.parametrize(
    ("role", "violation", "what", "where"),
    [
        (busy, fine, "The process 'p' failed after 1 outcome", "busy"),
        (stubborn, fine, "The process 'p' failed after 1 outcome", "stubborn"),
        (helping, fine, "The process 'p' failed after 1 outcome", "wait_for_ever"),
        (locked, fine, "The process 'p' failed after 1 outcome", "locked"),
        (beginning, fine, "The role of the process 'p' cannot begin", "beginning"),
        (winding, fine, r"clock\.wind\(\) failed", "wind"),
        (looking, endless, "The property 'never' failed", "endless"),
    ],
)
def test_code_that_never_comes_back_is_ended_and_its_place_is_named(
    role: Callable[..., Any], violation: Callable[..., str | None], what: str, where: str
) -> None:
    place = rf"{where} \(tests/sim/test_users_code\.py:\d+\)"
    said = rf"{what}: it went on for 5 s in {place}; the usual cause is a loop without an end"
    with pytest.raises(ModelError, match=said):
        explore(role, violation)


@pytest.mark.usefixtures("watch")
def test_it_is_ended_sooner_where_the_user_asked_for_an_end(asked: list[bool]) -> None:
    asked[0] = True
    with pytest.raises(ModelError, match=r"it went on for 2 s until it was interrupted in busy"):
        explore(busy)


@pytest.mark.usefixtures("watch")
def test_what_takes_long_in_many_steps_is_left_alone() -> None:
    def many(clock: Clock) -> Roles:
        for number in range(40):
            time.sleep(0.01)
            del number
            yield clock.look()

    explore(many)


def test_what_the_users_code_raises_is_told_with_its_place() -> None:
    def dividing(clock: Clock) -> Roles:
        yield clock.look()
        boom()

    def boom() -> None:
        raise ValueError("boom")

    with pytest.raises(ModelError, match=r" in boom \(tests/sim/test_users_code\.py:\d+\): ValueError\('boom'\)\.\n"):
        explore(dividing)
