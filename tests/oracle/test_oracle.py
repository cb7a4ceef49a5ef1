"""The engine against the oracle, on random systems that meet every clause of the definitions.

Of the bounded set, every run compares the first systems of each family, those that decide a clause, and the part of its
day (`tests.breadth.drawn`); `-m slow` compares all of it, and thousands more.
`DEADHEAT_ORACLE_SEED` and `DEADHEAT_ORACLE_COUNT` choose the seeds of the long campaign (`-m slow`): from which, and
how many of each family. A failure prints the system with its family and seed; `generator.system(family, seed)` makes it
again, and `compare.compare` compares it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import pytest

from tests.breadth import DAY, drawn
from tests.oracle.clauses import DECIDED, SITUATIONS, deciding, situations
from tests.oracle.compare import Comparison, compare
from tests.oracle.generator import BOUNDED, FAMILIES, systems
from tests.oracle.rules import CLAUSES

in_one_process = pytest.mark.xdist_group("oracle")
"""What all these tests look at is compared once a process."""

LONG = range(
    start := int(os.environ.get("DEADHEAT_ORACLE_SEED", "1000")),
    start + int(os.environ.get("DEADHEAT_ORACLE_COUNT", "400")),
)


def comparisons(seeds: Sequence[int], family: str) -> Iterator[Comparison]:
    for system in systems(family, seeds):
        yield compare(system)


FIRST, OF_A_DAY = 3, 2
"""So many systems of each family are compared in every run, and so many more each day."""

COMPOSED = ("apart", 3)
"""The first system of which the engine composes what it says."""


def seeds_of_today(family: str) -> list[int]:
    always = {seed for each, seed in (*DECIDED.values(), COMPOSED) if each == family}.union(BOUNDED[family][:FIRST])
    others = [seed for seed in BOUNDED[family] if seed not in always]
    return sorted(always.union(drawn(DAY, f"oracle, {family}", others, OF_A_DAY)))


@pytest.fixture(scope="module")
def compared() -> dict[str, list[Comparison]]:
    """The comparisons of today, by family."""
    return {family: list(comparisons(seeds_of_today(family), family)) for family in FAMILIES}


@in_one_process
@pytest.mark.parametrize("family", FAMILIES)
def test_every_search_says_what_the_oracle_says(compared: dict[str, list[Comparison]], family: str) -> None:
    wrong = [str(each) for each in compared[family] if each.wrong]
    assert not wrong, "\n\n".join(wrong[:3])


@in_one_process
def test_hardly_any_system_is_left_out(compared: dict[str, list[Comparison]]) -> None:
    everything = [each for family in compared.values() for each in family]
    assert len(everything) > 70
    assert sum(each.unmergeable for each in everything) < len(everything) / 20


@in_one_process
@pytest.mark.parametrize("clause", CLAUSES)
def test_every_clause_decides_something(compared: dict[str, list[Comparison]], clause: str) -> None:
    family, seed = DECIDED[clause]
    if family not in compared:
        pytest.skip(f"the family {family!r} is switched off (see tests.oracle.generator)")
    [comparison] = [each for each in compared[family] if each.system.seed == seed]
    assert not comparison.unmergeable
    assert list(deciding(comparison, [clause])) == [clause], "clauses.decisive finds others that it decides"


@in_one_process
def test_every_situation_is_met_and_not_met(compared: dict[str, list[Comparison]]) -> None:
    found = situations(each for family in compared.values() for each in family if not each.unmergeable)
    assert {name: values for name, values in found.items() if len(values) < 2} == {}
    assert sorted(found) == sorted(SITUATIONS)


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_so_they_do_in_a_long_campaign(family: str) -> None:
    for comparison in comparisons([*BOUNDED[family], *LONG], family):
        assert not comparison.wrong, str(comparison)
