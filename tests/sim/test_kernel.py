"""The compiled search against the plain one: the same states, counts, verdicts, lengths and coverage."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from deadheat.models.protocols import PROTOCOLS
from deadheat.scenarios.catalogue import DEFAULT_PROTOCOLS
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.components import BLOCKED, Component, Step, Steps, operation
from deadheat.sim.explain.confirm import confirm
from deadheat.sim.explore import python
from deadheat.sim.explore.compiled.layout import Layout
from deadheat.sim.explore.compiled.tuning import Tuning
from deadheat.sim.explore.kernel import explore, go_on
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.results import Exploration
from deadheat.sim.explore.stop import Limit, Stop
from deadheat.sim.learn.tables import Tables
from deadheat.sim.model import Kind, Model, Part, Process, Property, View
from deadheat.sim.operations import Request
from tests.breadth import tried_on
from tests.protocols import EACH
from tests.sim.classics import philosophers
from tests.sim.random_models import models
from tests.sim.test_agreement import coverage, verdicts

TWO_CORES = SearchOptions(cores=2)
UNBOUNDED = SearchOptions(values_max=0)
"""For counters that have a bound, and take on very many values."""
BY_HASH = Tuning(dense_bits=1)


def facts(found: Exploration) -> tuple[Any, ...]:
    """All that two searches of one model must agree on."""
    return verdicts(found), found.states, found.transitions, found.depth, found.complete, coverage(found)


def explore_with(model: Model, tuning: Tuning, options: SearchOptions = SearchOptions()) -> Exploration:
    return go_on(python.Search(Tables(model), options), tuning=tuning)


@tried_on(models(), few=40, many=150)
def test_the_kernel_finds_what_the_plain_loop_finds_and_simpy_confirms_it(model: Model) -> None:
    plain = facts(python.explore(model))
    assert facts(explore(model)) == plain
    assert facts(explore_with(model, BY_HASH)) == plain  # everything looked up by hash
    found = explore(model, TWO_CORES)
    assert facts(found) == plain
    assert found == explore(model, TWO_CORES)  # whichever core was faster
    for name, schedule in found.counterexamples.items():
        assert confirm(model, name, schedule)[1]


@pytest.mark.parametrize("name", DEFAULT_PROTOCOLS)
def test_every_protocol_is_judged_alike(name: str) -> None:
    require_alike(Scenario(name))


@pytest.mark.parametrize("name", EACH)
def test_every_protocol_is_judged_alike_under_faults(name: str) -> None:
    require_alike(Scenario(name, faults=(("worker-crash", 1), ("http-retry", 1))))


def require_alike(scenario: Scenario) -> None:
    model = scenario.model()
    plain = facts(python.explore(model))
    for cores in (1, 2):
        assert facts(explore(model, SearchOptions(cores=cores))) == plain


@pytest.mark.parametrize("name", [each.name for each in PROTOCOLS[:3]])
def test_two_evaluations_are_judged_alike(name: str) -> None:
    model = Scenario(name, evaluations=2).model()
    assert facts(explore(model, TWO_CORES)) == facts(python.explore(model))


def test_without_merging_too() -> None:
    model = Scenario("baseline", faults=(("http-retry", 1),)).model()
    separate = SearchOptions(merging=False)
    assert facts(explore(model, separate)) == facts(python.explore(model, separate))


class Counter(Component):
    """Counts to a limit, and begins again."""

    initial = 0

    def __init__(self, name: str, limit: int) -> None:
        super().__init__(name)
        self.limit = limit

    @operation
    def add(self, value: int, by: int) -> Steps:
        return (Step(None, (value + by) % self.limit),)

    @operation
    def at(self, value: int, wanted: int) -> Steps:
        return (Step(None, value),) if value == wanted else BLOCKED


def counting(limits: tuple[int, ...], wanted: int) -> Model:
    """Counters, each with a process that counts it for ever; violated where all of them hold `wanted`."""
    counters = tuple(Counter(f"counter {number}", limit) for number, limit in enumerate(limits))

    def count(counter: Counter) -> Generator[Request, Any, None]:
        yield counter.add(1)

    def all_there(view: View) -> str | None:
        return "all are there" if set(view.values()) == {wanted} else None

    names = tuple(each.name for each in counters)
    return Model(
        {each.name: each for each in counters},
        tuple(Process(f"counts {each.name}", count, (each,), repeats=True) for each in counters),
        (
            Property("never-there", "", Kind.ALWAYS, names, all_there),
            Property("never-stays", "", Kind.EVENTUALLY, names, all_there),
        ),
    )


@pytest.mark.parametrize("cores", [1, 2])
def test_a_component_with_thousands_of_values_outgrows_its_field_again_and_again(cores: int) -> None:
    # Nothing is known of the 2,000 values at first, so fields are widened, and all states packed anew, several times.
    model = counting((2_000, 2), wanted=1)
    found = explore(model, SearchOptions(cores=cores, values_max=0))
    assert facts(found) == facts(python.explore(model, UNBOUNDED))
    assert found.states == 4_000
    assert len(found.counterexamples["never-there"].choices) == 2


def _numbers_in_use(model: Model) -> list[int]:
    search = python.Search(Tables(model))
    search.run()
    return search.tables.numbers_in_use()


def test_a_state_wider_than_one_word_is_explored() -> None:
    # 1,000 values and 500 and two processes each, beside 30 that never move: more than 64 bits.
    model = counting((300, 40), wanted=39)
    idle = {f"idle {number}": Counter(f"idle {number}", 2) for number in range(60)}

    def touch_all(counters: tuple[Counter, ...]) -> Generator[Request, Any, None]:
        for each in counters:
            yield each.add(1)

    wide = Model(
        {**model.components, **idle},
        (*model.processes[1:], Process("touches all", touch_all, (tuple(idle.values()),))),
        model.properties,
    )
    found = explore(wide, TWO_CORES)
    assert Layout.fitting(_numbers_in_use(wide)).words > 1
    assert facts(found) == facts(python.explore(wide))
    assert found.states == 40 * 61


def test_an_action_that_reads_several_large_components_is_looked_up_by_hash() -> None:
    first, second = Counter("first", 200), Counter("second", 200)

    def both(first: Counter, second: Counter) -> Generator[Request, Any, None]:
        from deadheat.sim.operations import atomically

        yield atomically(first.add(1), second.add(3))

    model = Model({"first": first, "second": second}, (Process("both", both, (first, second), repeats=True),))
    assert explore(model).states == 200
    assert facts(explore(model)) == facts(python.explore(model))


def test_parts_of_a_property_are_evaluated_each_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []
    violated_in = Property.violated_in

    def counted(prop: Property, part: Part, *views: View) -> str | None:
        asked.append(part.reads)
        return violated_in(prop, part, *views)

    def part(name: str) -> Part:
        return Part((name,), lambda view: f"{name} is 4" if view[name] == 4 else None)

    monkeypatch.setattr(Property, "violated_in", counted)

    model = counting((5, 7), wanted=9)
    prop = Property.of_parts("parts", "", Kind.ALWAYS, [part("counter 0"), part("counter 1")])
    model = Model(model.components, model.processes, (prop,))
    found = explore(model)
    assert len(found.counterexamples["parts"].choices) == 4
    assert set(asked) == {("counter 0",), ("counter 1",)}
    assert len(asked) <= 12


def test_starving_philosophers_are_found_by_the_kernel() -> None:
    assert len(explore(philosophers(3, ordered=False), TWO_CORES).counterexamples["all-fed"].choices) == 3
    assert not explore(philosophers(3, ordered=True), TWO_CORES).counterexamples


def test_the_kernel_goes_on_where_the_plain_loop_stopped() -> None:
    model = Scenario("baseline", evaluations=2).model()
    plain = facts(python.explore(model))
    for states_max in (2, 100, 5_000):
        search = python.Search(Tables(model), SearchOptions(cores=2), None)
        search.run(states_max)
        assert 1 < len(search.parents) < 43_681
        assert facts(go_on(search)) == plain


def test_a_kernel_cut_short_says_by_what_and_decides_nothing_more() -> None:
    model = Scenario("status-check", evaluations=2, properties=("no-permanent-orphan",)).model()
    found = explore(model, SearchOptions(states_max=3_000))
    assert not found.complete
    assert found.stopped == Stop(Limit.STATES, "it reached 3,000 states")
    assert 3_000 < found.states < 40_000
    assert found.counterexamples == {}
