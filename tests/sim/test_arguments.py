"""Operations refuse arguments of another type than they are written with: what never matches would hold vacuously."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import pytest

import deadheat.models.world  # noqa: F401 - with all components of the models
from deadheat.models.components.status import Status, StatusStore
from deadheat.models.components.stream import EventStream
from deadheat.models.components.user import Cancellation, User
from deadheat.models.system import System, Task
from deadheat.scenarios.check import check
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.arguments import wanted_types, wrong_argument
from deadheat.sim.components import Component, operation
from deadheat.sim.errors import ModelError
from tests.protocols import added, changed

STORE, STREAM, USER = StatusStore("status"), EventStream("status"), User("user")


@pytest.mark.parametrize(
    ("request_it", "refusal"),
    [
        (
            lambda: STORE.set("e1", "cancelled"),  # type: ignore[arg-type]
            "StatusStore.set cannot be asked for: its argument 'status' must be a Status, not the str 'cancelled'; "
            "write Status.CANCELLED.",
        ),
        (lambda: STORE.compare_and_set("e1", "queued", Status.FAILED), "'expected' must be a Status, not the str 'que"),  # type: ignore[arg-type]
        (lambda: STORE.compare_and_set("e1", Status.QUEUED, "done"), "'status' must be a Status, not the str 'done'."),  # type: ignore[arg-type]
        (lambda: STORE.set("e1", status=None), "must be a Status, not the NoneType None."),  # type: ignore[arg-type]
        (lambda: STREAM.append("e1", "failed"), "EventStream.append cannot be asked for"),  # type: ignore[arg-type]
        (lambda: STREAM.has_received("e1", "failed"), "write Status.FAILED."),  # type: ignore[arg-type]
        (lambda: USER.answer("e1", 1, "answered: cancelled"), "write Cancellation.CANCELLED."),  # type: ignore[arg-type]
        (lambda: USER.answer("e1", "0", Cancellation.CANCELLED), "'number' must be an int, not the str '0'."),  # type: ignore[arg-type]
    ],
)
def test_an_argument_of_another_type_is_refused_in_a_sentence(request_it: Callable[[], Any], refusal: str) -> None:
    with pytest.raises(ModelError) as raised:
        request_it()
    assert refusal in str(raised.value)


def operations() -> Iterator[tuple[str, operation[Any]]]:
    waiting = [Component]
    for kind in waiting:  # which grows
        waiting += [each for each in kind.__subclasses__() if each.__module__.startswith("deadheat.")]
        members = ((name, inspect.getattr_static(kind, name)) for name in dir(kind))
        yield from ((f"{kind.__name__}.{name}", each) for name, each in members if isinstance(each, operation))


ANYTHING = {
    "HttpChannel": {"content", "response"},
    "Mailbox": {"message"},
    "Memory": {"expected", "new"},
    "PubSub": {"message"},
    "Registry": {"entry"},
    "Row": {"content", "expected"},
}
"""The arguments that are the user's own, of whatever type: what a part of the library keeps or hands on."""


@pytest.mark.parametrize(("name", "marked"), list(operations()))
def test_every_argument_of_a_built_in_operation_is_held_to_its_type(name: str, marked: operation[Any]) -> None:
    anything = ANYTHING.get(name.partition(".")[0], set())
    names = [parameter.name for parameter in inspect.signature(marked.step).parameters.values()][2:]
    assert set(names) - set(wanted_types(marked.step)) == anything & set(names)


class Quacks(Protocol):
    def quack(self) -> None: ...


def test_what_no_type_stands_for_is_not_asked_for() -> None:
    def step(a: Any, b: object, c: Quacks, d: int | Any, e: float, f: tuple[int, ...] | None) -> None: ...

    wanted = wanted_types(step)
    assert wanted == {"e": (int, float), "f": (tuple, type(None)), "return": (type(None),)}
    assert wrong_argument(wanted, ["a", "e", "f"], ["x", 1, None]) is None
    assert wrong_argument(wanted, ["e"], ["x"]) == "its argument 'e' must be an int or a float, not the str 'x'"


def test_a_protocol_that_sets_a_plain_string_is_refused_by_the_name_of_its_process() -> None:
    def worker(system: System, task: Task) -> Any:
        yield system.queue.deliver(task.evaluation, task.worker)
        yield system.store.set(task.evaluation, "provisioning")  # type: ignore[arg-type]

    with added(changed("plain", worker=worker)), pytest.raises(ModelError) as raised:
        check(Scenario("plain"))
    assert "'worker/e1'" in str(raised.value)
    assert "write Status.PROVISIONING" in str(raised.value)
