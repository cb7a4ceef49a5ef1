"""Compiled walks make the runs that plain ones make through simpy, step for step."""

from __future__ import annotations

import pytest

from deadheat.scenarios.scenario import Scenario
from deadheat.sim.learn.tables import Tables
from deadheat.sim.model import Model
from deadheat.sim.run.simulation import replay
from deadheat.sim.sample.plain import PlainRun, run_plainly
from deadheat.sim.sample.strategies import Strategy
from deadheat.sim.sample.walker import Walker
from deadheat.sim.trace import Schedule
from tests.breadth import tried_on
from tests.protocols import EACH
from tests.sim.random_models import models

DRAWN = (Strategy.SWARM, Strategy.UNIFORM, Strategy.PCT, Strategy.POS, Strategy.PATHS)
STEPS_MAX = 60


def with_some_faults(name: str, evaluations: int = 1) -> Model:
    """Return the model of a protocol with one fault of each of two kinds."""
    kinds = list(Scenario(name).subject.faults)[:2]  # with more, most of the time goes into learning
    return Scenario(name, evaluations, tuple((kind, 1) for kind in kinds)).model()


def require_alike(model: Model, runs: int) -> None:
    walker = Walker(Tables(model), STEPS_MAX)
    for strategy in DRAWN:
        for run in range(runs):
            plain = PlainRun(model, strategy, 7, run, walker.measured, tables=walker.tables)
            expected = run_plainly(plain, STEPS_MAX)
            choices = walker.choices(strategy, 7, run)
            assert choices == expected.schedule.choices, f"{strategy}, run {run}"
            assert replay(model, Schedule(choices))[1].events == expected.events


@pytest.mark.parametrize("name", EACH)
def test_each_protocol_is_walked_as_simpy_runs_it(name: str) -> None:
    require_alike(with_some_faults(name), 2)


@tried_on(models(), few=15, many=40)
def test_random_models_are_walked_as_simpy_runs_them(model: Model) -> None:
    require_alike(model, 2)


def test_steps_are_told_apart_by_where_fields_lie_also_when_these_are_laid_out_anew() -> None:
    """A field of which one value is known has no bits, and may lie behind the last of a full word."""
    model = Scenario("baseline", 2, (("worker-crash", 1),)).model()
    walker = Walker(Tables(model), STEPS_MAX)
    walker.walk(Strategy.UNIFORM, 0, 0, 300, lambda _: None)
    assert walker.runs == 300
