"""The bound on memory: a search ends by itself, with what it has covered."""

from __future__ import annotations

import pytest

from deadheat.commands.options import bytes_in
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.errors import UsageError
from deadheat.sim.explore import kernel, memory, python
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.results import Explorer
from deadheat.sim.explore.stop import Limit, Stop


@pytest.mark.parametrize("explore", [python.explore, kernel.explore], ids=["python", "kernel"])
def test_a_search_at_its_bound_of_memory_is_inconclusive(explore: Explorer) -> None:
    model = Scenario("event-sourcing", evaluations=2, properties=("no-permanent-orphan",)).model()
    found = explore(model, SearchOptions(memory_bytes_max=1))
    assert not found.complete
    assert found.stopped == Stop(Limit.MEMORY, "it reached 1 bytes of memory")
    assert 1 < found.states < 473_796


def test_without_a_bound_a_safe_share_of_the_machine_is_taken() -> None:
    import psutil

    assert 0 < memory.bound(0) < psutil.virtual_memory().total
    assert memory.bound(5) == 5


def test_a_kernel_says_what_a_state_takes() -> None:
    found = kernel.explore(Scenario("event-sourcing", evaluations=2).model())
    assert found.bytes_per_state is not None
    assert 8 < found.bytes_per_state <= 16


@pytest.mark.parametrize(
    ("text", "size"), [("512", 512), ("1k", 1 << 10), ("3M", 3 << 20), ("4G", 4 << 30), ("1T", 1 << 40)]
)
def test_sizes_are_read(text: str, size: int) -> None:
    assert bytes_in(text) == size


@pytest.mark.parametrize("text", ["", "G", "0", "-1G", "4GB", "1.5G"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a size; write a number with K, M, G or T, such as 4G"):
        bytes_in(text)


def test_sizes_are_shown_for_people() -> None:
    assert [memory.readable(size) for size in (5, 2048, 3 << 20, 3 << 29)] == ["5 bytes", "2 KiB", "3 MiB", "1.5 GiB"]
