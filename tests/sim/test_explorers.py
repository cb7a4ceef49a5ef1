"""All explorers have one face; what one of them cannot do is refused where it is asked for."""

from __future__ import annotations

import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from deadheat.scenarios import check as check_module
from deadheat.scenarios.check import Options, check
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.errors import UsageError
from deadheat.sim.explore import auto, explorers, kernel, python, reference
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.reductions import quotient
from deadheat.sim.explore.results import Exploration, Explorer
from deadheat.sim.model import Model
from tests.sim.classics import lost_update

CANNOT = [
    (SearchOptions(explorer="reference", symmetry=True), "knows no symmetry; use auto, kernel or python"),
    (SearchOptions(explorer="reference", partial_order=True), "knows no partial order; use auto, kernel or python"),
    (SearchOptions(explorer="kernel", composition=True), "explores no parts alone; use auto"),
    (SearchOptions(explorer="python", checkpoint=Path("x")), "saves no checkpoints; use auto or kernel"),
    (SearchOptions(explorer="python", fingerprint=True), "stores states exactly, never by fingerprint; use auto or"),
]


@pytest.mark.parametrize("module", [auto, python, kernel, reference, quotient, explorers])
def test_every_explorer_has_the_same_face(module: ModuleType) -> None:
    assert inspect.signature(module.explore) == inspect.signature(explorers.explore)


@pytest.mark.parametrize(("options", "answer"), CANNOT)
def test_what_an_explorer_cannot_do_is_refused_with_those_that_can(options: SearchOptions, answer: str) -> None:
    with pytest.raises(UsageError, match=f"^The explorer '{options.explorer}' {answer}"):
        explorers.explore(lost_update(), options)


@pytest.mark.parametrize("explorer", explorers.EXPLORERS)
def test_what_is_switched_off_is_never_refused(explorer: str) -> None:
    off = SearchOptions(explorer=explorer, merging=False, composition=False, partial_order=False, symmetry=False)
    assert explorers.explore(lost_update(), off).complete


def test_what_a_check_is_told_of_the_search_reaches_the_explorer_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []

    def listening(model: Model, options: SearchOptions, report: Any) -> Exploration:
        told.append(options)
        return python.explore(model, options, report)

    search = SearchOptions(states_max=50)
    monkeypatch.setattr(check_module, "explore", listening)
    check(Scenario("baseline"), Options(search))
    assert told == [search]
    assert told[0] is search


def test_a_search_that_another_one_hands_on_keeps_its_options() -> None:
    explorer: Explorer = auto.explore
    stopped = explorer(Scenario("baseline", evaluations=2).model(), SearchOptions(12_000, composition=False))
    assert not stopped.complete
    assert "12,000 states" in str(stopped.stopped)
