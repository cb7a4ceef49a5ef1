"""What lasts, asked of one state, is what a check says of all of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from deadheat.scenarios.scenario import Scenario
from deadheat.sim.explore.explorers import explore
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.learn.tables import Tables
from deadheat.sim.model import UNLIMITED, Kind, Model
from deadheat.sim.sample import lasting as module
from deadheat.sim.sample.lasting import Lasting
from deadheat.sim.sample.path_counts import explored
from deadheat.sim.sample.strategies import Strategy
from deadheat.sim.sample.walker import Walker
from tests.sim.needles import going_round
from tests.sim.random_models import models

LASTING = (Kind.SETTLED, Kind.EVENTUALLY)


def of_what_lasts(model: Model) -> Model:
    return replace(model, properties=tuple(each for each in model.properties if each.kind in LASTING))


def lasting_in(model: Model) -> set[str]:
    """Return the properties of which some state is found to violate them for good."""
    tables = Tables(model)
    lasting, space = Lasting(tables), explored(tables, 20_000)
    assert space is not None
    return {
        watch.property.name
        for watch in tables.watches
        for state in space
        if any(part.violated(state) and lasting.violated(part, state) for part in watch.parts)
    }


def checked(model: Model) -> set[str]:
    return set(explore(model, SearchOptions(explorer="python", partial_order=False)).counterexamples)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(models())
def test_random_models_violate_for_good_what_a_check_says(model: Model) -> None:
    model = of_what_lasts(model)
    assert lasting_in(model) == checked(model)


@pytest.mark.parametrize(
    ("name", "faults"),
    [("event-sourcing", ()), ("owner-tombstone", ()), ("baseline+orphan-cleanup", (("k8s-refusal", UNLIMITED),))],
)
def test_protocols_violate_for_good_what_a_check_says(name: str, faults: tuple[tuple[str, int], ...]) -> None:
    model = of_what_lasts(Scenario(name, faults=faults).model())
    assert lasting_in(model) == checked(model)


def test_compiled_runs_violate_for_good_where_states_do_one_by_one() -> None:
    """What is passed over in compiled code is what is not found in plain Python either."""
    model = of_what_lasts(Scenario("event-sourcing", faults=(("http-retry", 1),)).model())

    def counts() -> dict[str, int]:
        walker = Walker(Tables(model), 60)
        walker.walk(Strategy.UNIFORM, 1, 0, 400, lambda _: None)
        return walker.counts()

    found = counts()
    assert found["nothing-stuck"] > 0
    tables = Tables(model)
    lasting, walker = Lasting(tables), Walker(tables, 60)
    met = dict.fromkeys(found, 0)
    for run in range(400):
        state, seen = tables.initial(), set[str]()
        for choice in (None, *walker.choices(Strategy.UNIFORM, 1, run)):
            if choice is not None:
                [state] = {after for each, after in tables.choices(state) if each.choice == choice}
            for watch in tables.watches:
                if any(part.violated(state) and lasting.violated(part, state) for part in watch.parts):
                    seen.add(watch.property.name)
        for name in seen:
            met[name] += 1
    assert found == met


def test_a_mutant_that_forgets_nothing_where_a_process_comes_back_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def found() -> int:
        walker = Walker(Tables(going_round()), 100)
        walker.walk(Strategy.UNIFORM, 3, 0, 2_000, lambda _: None)
        return walker.counts()["needle"]

    assert found() > 0
    monkeypatch.setattr(module, "is_cyclic", lambda *_: False)
    assert found() == 0
