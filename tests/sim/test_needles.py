"""Each strategy finds a needle as often as a calculation by hand says; mutants of strategies do not."""

from __future__ import annotations

from itertools import product
from math import comb

import pytest

from deadheat.sim.explain.confirm import violation_of
from deadheat.sim.explore.compiled.walks import KINDS_MAX
from deadheat.sim.learn.tables import Tables
from deadheat.sim.model import Model
from deadheat.sim.random_words import RandomWords
from deadheat.sim.run.simulation import Transition
from deadheat.sim.sample import path_counts, plain
from deadheat.sim.sample.path_counts import counts_of, explored, thresholds_of
from deadheat.sim.sample.plain import PlainRun, run_plainly
from deadheat.sim.sample.portfolio import Portfolio
from deadheat.sim.sample.rates import rates
from deadheat.sim.sample.shrink import Gate, Shrinker, order_of
from deadheat.sim.sample.strategies import Strategy
from deadheat.sim.sample.walker import Failure, Walker
from deadheat.sim.sample.warm_up import warm_up
from deadheat.sim.trace import Schedule
from tests.sim.classics import lost_update
from tests.sim.needles import all_before, drowned, going_round, in_between, staircase

RUNS = 4_000


def share(model: Model, strategy: Strategy, depth: int = 0) -> float:
    """Return in how many of all runs the needle was found."""
    tables = Tables(model)
    walker = Walker(tables, 100)
    if strategy is Strategy.PATHS:
        space = explored(tables)
        assert space is not None
        walker.count_paths(thresholds_of(space, counts_of(space)))
    walker.walk(strategy, 3, 0, RUNS, lambda _: None, depth=depth)
    return walker.counts()["needle"] / RUNS


def is_near(observed: float, chance: float) -> bool:
    """Return whether a share lies in the interval in which 99 of 100 do."""
    margin: float = 2.576 * (chance * (1 - chance) / RUNS) ** 0.5
    return abs(observed - chance) <= margin


@pytest.mark.parametrize("steps", [2, 4])
def test_an_even_choice_finds_it_once_in_a_power_of_two(steps: int) -> None:
    exact = rates(all_before(steps), (Strategy.UNIFORM,))
    assert exact == {("needle", Strategy.UNIFORM): 2.0**-steps}
    assert is_near(share(all_before(steps), Strategy.UNIFORM), 2.0**-steps)


@pytest.mark.parametrize("steps", [2, 4])
def test_ways_that_are_counted_find_it_as_often_as_any_other_interleaving(steps: int) -> None:
    chance = 1 / comb(2 * steps, steps)
    exact = rates(all_before(steps), (Strategy.PATHS,))
    assert exact is not None
    assert exact["needle", Strategy.PATHS] == pytest.approx(chance)
    assert is_near(share(all_before(steps), Strategy.PATHS), chance)


def test_priorities_of_depth_one_find_an_order_of_two_processes_every_second_time() -> None:
    assert is_near(share(all_before(4), Strategy.PCT, depth=1), 1 / 2)
    assert share(in_between(8), Strategy.PCT, depth=1) == 0, "this one takes a change of priorities"


def test_priorities_are_never_below_their_bound() -> None:
    # n actors, k steps, depth 2: at least 1 in n k, where the actors are the processes and what befalls them
    actors, length = 4, 9
    assert share(in_between(8), Strategy.PCT, depth=2) >= 1 / (actors * length)


@pytest.mark.parametrize("steps", [2, 4])
def test_the_priorities_of_waiting_steps_find_an_order_as_often_as_a_least_of_some_draws_is_the_first(
    steps: int,
) -> None:
    # no two steps are in conflict: the first process's draw must be the least of it and all of the second's
    assert is_near(share(all_before(steps), Strategy.POS), 1 / (steps + 1))


def test_a_loop_without_an_end_is_found_as_often_as_a_run_comes_to_it() -> None:
    exact = rates(going_round(), (Strategy.UNIFORM,))
    assert exact is not None
    assert exact["needle", Strategy.UNIFORM] == pytest.approx(1 / 512)
    assert is_near(share(going_round(), Strategy.UNIFORM), 1 / 512)


def by_few_kinds(kinds: int) -> float:
    """Return how likely a run with few kinds of fault meets the first of so many at its only step, which none needs."""
    sets = [set(drawn) for few in range(KINDS_MAX + 1) for drawn in product(range(kinds), repeat=few)]
    sizes = [few for few in range(KINDS_MAX + 1) for _ in range(kinds**few)]
    weights = [1 / (KINDS_MAX + 1) / float(kinds**few) for few in sizes]
    return sum(weight / (1 + len(drawn)) for weight, drawn in zip(weights, sets, strict=True) if 0 in drawn)


def test_few_kinds_of_fault_find_one_of_them_as_often_as_it_is_drawn_and_happens() -> None:
    chance = by_few_kinds(4)
    assert is_near(share(drowned(4, 1), Strategy.SWARM), chance)
    assert not is_near(share(drowned(4, 1), Strategy.UNIFORM), chance), "all kinds at once, which is once in five"


def test_a_fault_that_must_come_alone_is_found_by_runs_with_few_kinds_and_hardly_by_others() -> None:
    model = drowned(8, 6)
    assert share(model, Strategy.SWARM) > 5 * share(model, Strategy.UNIFORM)


def climbed(runs: int) -> int:
    portfolio = Portfolio(staircase(14), 5, (Strategy.FEEDBACK,))
    while portfolio.runs < runs:
        portfolio.go_on(runs - portfolio.runs)
    return portfolio.counts()["needle"]


def test_what_did_something_new_is_gone_on_with_and_without_that_nothing_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert climbed(1_500) > 0
    monkeypatch.setattr(Portfolio, "_keep", lambda *_: None)
    assert climbed(1_500) == 0, "once in 16,384 runs"


def found_plainly(model: Model, strategy: Strategy, runs: int = 300) -> float:
    """Return the share of runs through simpy in which all steps of the second process come first."""
    tables = Tables(model)
    measured = warm_up(tables, 100)

    def found(run: int) -> bool:
        trace = run_plainly(PlainRun(model, strategy, 3, run, measured, tables=tables), 100)
        processes = [event.process for event in trace.events]
        return processes == sorted(processes, reverse=True)

    return sum(map(found, range(runs))) / runs


def test_an_even_choice_that_never_takes_the_last_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert abs(found_plainly(all_before(2), Strategy.UNIFORM) - 1 / 4) < 0.07
    monkeypatch.setattr(RandomWords, "one_of", lambda self, items: items[self.below(max(len(items) - 1, 1))])
    assert found_plainly(all_before(2), Strategy.UNIFORM) == 0


def test_priorities_that_are_not_drawn_again_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert abs(found_plainly(all_before(2), Strategy.POS) - 1 / 3) < 0.075
    monkeypatch.setattr(PlainRun, "_in_conflict", lambda *_: [])
    assert abs(found_plainly(all_before(2), Strategy.POS) - 1 / 2) < 0.08


def test_a_weight_that_is_off_by_one_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    real = path_counts.counts_of
    monkeypatch.setattr(
        "tests.sim.test_needles.counts_of", lambda space: {state: count + 1 for state, count in real(space).items()}
    )
    assert not is_near(share(all_before(4), Strategy.PATHS), 1 / comb(8, 4))


def test_priorities_that_never_change_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def unchanged(self: PlainRun, transitions: list[Transition]) -> Transition:
        return self._one_of(transitions, self._first(transitions, self._ranks))

    def found(run: int) -> bool:
        model = in_between(8)
        plainly = PlainRun(model, Strategy.PCT, 3, run, walker.measured, 2, tables=walker.tables)
        trace = run_plainly(plainly, 100)
        events = [event.process for event in trace.events]
        return events.index("second") == 4

    walker = Walker(Tables(in_between(8)), 100)
    assert sum(map(found, range(150))) > 0
    monkeypatch.setattr(plain.PlainRun, "_by_ranks", unchanged)
    assert sum(map(found, range(150))) == 0


def failures(model: Model) -> tuple[Walker, list[Failure]]:
    walker, met = Walker(Tables(model), 100), list[Failure]()
    walker.walk(Strategy.UNIFORM, 1, 0, 50, met.append)
    return walker, met


def test_what_is_shrunk_went_through_the_gate_and_a_worse_or_wrong_one_does_not_pass() -> None:
    walker, met = failures(lost_update())
    shrinker = Shrinker(walker.tables.model, walker.tables, "no-lost-update", walker.lasting)
    gate = shrinker.near(met[0].schedule)
    assert len(gate.best.choices) == 4
    held = Gate(walker.tables.model, "no-lost-update", gate.best, 0)
    assert not held.offer(gate.best, 0), "it is no lesser"
    assert not held.offer(Schedule(gate.best.choices[:3]), 0), "it violates nothing"
    assert not held.offer(Schedule(gate.best.choices[2:]), 0), "it is not possible"


def test_a_shrinker_that_skips_its_gate_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    walker, met = failures(lost_update())
    shrinker = Shrinker(walker.tables.model, walker.tables, "no-lost-update", walker.lasting)
    monkeypatch.setattr(Shrinker, "_without", lambda self, choices: choices[:1])
    monkeypatch.setattr(Shrinker, "_shortest", lambda *_: None)
    executed = shrinker.near(met[0].schedule)
    assert violation_of(walker.tables.model, "no-lost-update", executed.best), "what was wrong has passed"
    assert executed.attempts > 0

    def passes(self: Gate, schedule: Schedule, faults: int) -> bool:
        is_less = order_of(schedule, faults) < order_of(self.best, self.faults)
        if is_less:
            self.best, self.faults = schedule, faults
        return is_less

    monkeypatch.setattr(Gate, "offer", passes)
    assert violation_of(walker.tables.model, "no-lost-update", shrinker.near(met[0].schedule).best) is None
