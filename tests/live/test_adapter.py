"""What every adapter has in common."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from deadheat.live.adapters.base import Adapter
from deadheat.live.forcing.runner import run_role_once
from deadheat.models.components.status import Status, StatusStore
from deadheat.sim.blocks import atomic_block
from deadheat.sim.errors import NoLiveFormError
from deadheat.sim.model import Process
from deadheat.sim.operations import Operation, any_of


def test_an_operation_without_a_live_form_is_named_and_says_nothing_about_the_servers() -> None:
    with pytest.raises(NoLiveFormError, match=r"no live form of redis\.bitcount"):
        Adapter("redis").perform(Operation("redis/e1", "bitcount"))
    with pytest.raises(NoLiveFormError, match=r"the fault 'rain' at redis\.get"):
        Adapter("redis").perform(Operation("redis/e1", "get", ("k",)), fault="rain")


class NoServer:
    """A gate at which nothing arrives."""

    def perform(self, process: Process, request: Any) -> Any:
        raise AssertionError(f"{process.name} came through with {request}")


def test_a_block_is_refused_before_any_server_is_asked() -> None:
    store = StatusStore("status")

    def finish() -> Generator[Operation, Any, None]:
        if (yield store.get("e1")) is Status.PROVISIONING:
            yield store.set("e1", Status.COMPLETED)

    def at_once() -> Generator[Any, Any, None]:
        yield atomic_block(finish)

    def or_else() -> Generator[Any, Any, None]:
        yield any_of(store.get("e1"), atomic_block(finish))

    for role in (at_once, or_else):
        with pytest.raises(NoLiveFormError, match=r"There is no live form of the block finish.*are not one instant"):
            run_role_once(Process("p", role), NoServer())
