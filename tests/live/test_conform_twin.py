"""`deadheat conform` against what is known without it: runs of the model, and a slow twin that tries every order."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from deadheat.live.logs.conform import conform
from deadheat.live.logs.run_properties import InRun
from deadheat.live.logs.tape import COMPONENTS, Header, LiveEvent
from deadheat.live.logs.time_bounds import TimeBounds
from deadheat.scenarios.catalogue import DEFAULT_PROTOCOLS
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.errors import TraceError
from deadheat.sim.model import Kind
from deadheat.sim.run.simulation import Simulation, Transition
from tests.live.obvious_conform import is_explained
from tests.live.random_logs import changed, log_of, random_run

FAULTS = ("http-retry", "http-timeout", "worker-crash", "dispatcher-crash", "cancel-crash", "k8s-lost-answer",
          "celery-redelivery", "repeated-cancel", "completion", "resubmission", "lease-expiry")  # fmt: skip
TOLD = (COMPONENTS, ("status", "kubernetes"), ("kubernetes",), ("user", "status", "redis", "kubernetes"))

TRIES = 400
"""After so many tries of the twin, which is slow, a log is not compared."""


def drawn(seed: int, protocols: Sequence[str] = DEFAULT_PROTOCOLS) -> tuple[Scenario, Random]:
    generator = Random(seed)
    faults = tuple((kind, 1) for kind in generator.sample(FAULTS, generator.choice([0, 1])))
    return Scenario(generator.choice(protocols), 1, faults), generator


def header_of(scenario: Scenario, told: tuple[str, ...]) -> Header:
    return Header(scenario.protocol, ("e1",), dict(scenario.faults), told)


def require_every_run_accepted(seed: int) -> None:
    scenario, generator = drawn(seed)
    run = random_run(scenario.model(), generator, 60)
    for told in TOLD:
        for width in (0, 3):
            found = conform(header_of(scenario, told), log_of(run, told, generator, width)).unexplained
            assert found is None, (seed, told, width, found)


@pytest.mark.parametrize("seed", range(24))
def test_every_run_of_a_model_written_down_as_a_log_is_accepted(seed: int) -> None:
    require_every_run_accepted(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1_000, 1_400))
def test_every_run_of_many_written_down_as_a_log_is_accepted(seed: int) -> None:
    require_every_run_accepted(seed)


def differences_from_the_twin(seed: int) -> tuple[bool | None, str]:
    """Change one thing in a random log; return whether the twin explains it now, and how conform disagrees, if it does.

    None for what is no log, and for one that takes the twin too long.
    """
    scenario, generator = drawn(seed, ("baseline", "status-check", "creation-lock", "state-machine"))
    told = generator.choice(TOLD)
    log = log_of(random_run(scenario.model(), generator, 40), told, generator, generator.choice([0, 3]))[:6]
    events = changed(log, generator) if log else []
    try:
        mine = conform(header_of(scenario, told), events).unexplained is None
    except TraceError:  # it names what the model does not have
        return None, ""
    theirs = is_explained(scenario.model(), told, events, TRIES)
    return theirs, "" if theirs in (
        mine,
        None,
    ) else f"{seed}: {scenario}, {told}: {mine} {theirs} {list(map(str, events))}"


@pytest.mark.parametrize("seeds", [range(first, first + 10) for first in range(0, 60, 10)])
def test_a_log_with_one_thing_changed_is_accepted_or_refused_as_by_the_twin(seeds: range) -> None:
    compared = [differences_from_the_twin(seed) for seed in seeds]
    assert [each for _, each in compared if each] == []
    assert {explained for explained, _ in compared} >= {True, False}  # or nothing was compared


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [range(first, first + 50) for first in range(10_000, 12_000, 50)])
def test_many_logs_with_one_thing_changed_are_accepted_or_refused_as_by_the_twin(seeds: range) -> None:
    assert [each for _, each in map(differences_from_the_twin, seeds) if each] == []


def test_the_twin_notices_bounds_that_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    original = TimeBounds.told

    def careless(bounds: TimeBounds, moments: Any, matched: int, process: str, numbers: Sequence[int]) -> Any:
        found = original(bounds, moments._replace(free=()), matched, process, numbers)
        return found and found._replace(free=())

    monkeypatch.setattr(TimeBounds, "told", careless)
    assert any(differences_from_the_twin(seed)[1] for seed in range(60))


def violated_in(scenario: Scenario, run: Sequence[Transition]) -> dict[str, bool]:
    """Return which properties a run violates, that has ended for good."""
    model = scenario.model()
    simulation = Simulation(model)
    found = {
        each.name: each.kind is Kind.ALWAYS and bool(each.violated(simulation.values)) for each in model.properties
    }
    for step in run:
        before = dict(simulation.values)
        simulation.fire(step.choice)
        for each in model.properties:
            if each.kind is Kind.STEP:
                found[each.name] |= each.violated(before, simulation.values) is not None
            elif each.kind is Kind.ALWAYS:
                found[each.name] |= each.violated(simulation.values) is not None
    assert not simulation.transitions()
    for each in model.properties:
        if each.kind in (Kind.SETTLED, Kind.EVENTUALLY):
            found[each.name] = each.violated(simulation.values) is not None
    return found


def judged(scenario: Scenario, told: tuple[str, ...], events: Sequence[LiveEvent]) -> dict[str, InRun]:
    result = conform(header_of(scenario, told), events, properties=True)
    assert result.unexplained is None
    assert not result.not_judged
    return {each.property: each.verdict for each in result.judged}


ENDING = [each for each in DEFAULT_PROTOCOLS if "+orphan-cleanup" not in each]
"""The protocols that come to an end: no sweep goes on for ever."""


def require_properties_as_in_the_run(seed: int) -> int:
    """Compare what is said of a log with what the run did that it was made of; return how much was violated in it."""
    scenario, generator = drawn(seed, ENDING)
    run = random_run(scenario.model(), generator)
    violated = violated_in(scenario, run)
    for told in TOLD:
        events = log_of(run, told, generator, generator.choice([0, 3]))
        if not events:
            continue
        for name, verdict in judged(scenario, told, events).items():
            fitting = {InRun.VIOLATED, InRun.IN_SOME} if violated[name] else {InRun.HOLDS, InRun.IN_SOME}
            if not violated[name] and told != COMPONENTS:
                fitting.add(InRun.UNDECIDED)  # in another run that fits, there was more to be told of
            assert verdict in fitting, (seed, told, name, violated[name], verdict)
    return sum(violated.values())


@pytest.mark.parametrize("seeds", [range(first, first + 6) for first in range(0, 30, 6)])
def test_what_a_run_violates_is_said_of_its_log(seeds: range) -> None:
    assert sum(map(require_properties_as_in_the_run, seeds)) > 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2_000, 2_400))
def test_what_each_of_many_runs_violates_is_said_of_its_log(seed: int) -> None:
    require_properties_as_in_the_run(seed)
