"""The race window against every order of the steps, tried one by one: whatever it says must be true of them."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace
from functools import cache
from itertools import islice
from typing import Any

import pytest

from deadheat.scenarios import window as window_module, window_network, window_parts
from deadheat.scenarios.catalogue import DEFAULT_PROTOCOLS
from deadheat.scenarios.check import Counterexample, check
from deadheat.scenarios.latency import Latency, latency_of, names_of, parse_latencies
from deadheat.scenarios.scenario import Scenario
from deadheat.scenarios.window import RaceWindow, race_window
from deadheat.scenarios.window_parts import FreeStep, Lease
from deadheat.scenarios.window_words import condition_text
from deadheat.sim.errors import InternalError
from deadheat.sim.explain import causality
from deadheat.sim.explain.causality import Reading
from deadheat.sim.explain.cuts import START, Cuts
from deadheat.sim.explain.temporal import Condition, Constraint, Network
from deadheat.sim.model import Kind
from deadheat.sim.run.simulation import Simulation, Transition, replay
from deadheat.sim.trace import Choice, Schedule
from tests.breadth import campaign
from tests.protocols import EACH
from tests.scenarios.every_order import (
    Bounds,
    Difference,
    Order,
    order_of,
    possible,
    satisfiable,
    shortest_paths,
    some_orders,
    taken,
    violates,
)
from tests.scenarios.random_traces import Case, cases

CASES = 1_000
CASES_OF_A_MUTANT = 300
"""In so many of the first each mutant is noticed."""


# What must be true


def hold(case: Case, orders: Sequence[Order], window: RaceWindow, generator: random.Random) -> None:
    """Hold all that is said against the orders."""
    assert window.possible is possible(orders, case.bounds)
    if window.possible:
        hold_times(case.bounds, orders, window)
    hold_slack(case, orders, window)
    for _ in range(4):
        hold_inequality(case, orders, window, generator)
    if window.possible:
        hold_overdue(case, window)
        for free in window.free:
            hold_free_step(case, orders, window, free, generator)


def hold_times(bounds: Bounds, orders: Sequence[Order], window: RaceWindow) -> None:
    same = [order for order in orders if order.numbers == window.order and order.waits_for == window.waits_for]
    assert any(order.keeps(bounds, window.times_ns) for order in same)


def hold_slack(case: Case, orders: Sequence[Order], window: RaceWindow) -> None:
    """Each bound alone may be moved by the slack, and the tightest by no more; or has to be moved by so much."""
    if window.slack_ns == math.inf:
        return
    slack = int(abs(window.slack_ns))
    for number in case.bounds if _mentioned(window) - case.given else case.given:
        shortest, longest = case.bounds[number]
        if not window.possible:
            assert not possible(orders, {**case.bounds, number: (max(0, shortest - slack + 1), longest)})
            assert not possible(orders, {**case.bounds, number: (shortest, longest + slack - 1)})
            continue
        if shortest + slack <= longest:
            assert possible(orders, {**case.bounds, number: (shortest + slack, longest)})
        tightest = {each.later for each in window.conditions[0].backward}
        if window.exact and shortest + slack + 1 <= longest and number in tightest:
            assert not possible(orders, {**case.bounds, number: (shortest + slack + 1, longest)})
        if longest < math.inf and longest - slack >= shortest:
            assert possible(orders, {**case.bounds, number: (shortest, longest - slack)})


def _mentioned(window: RaceWindow) -> set[int]:
    """Return the steps of whose latencies the conditions speak."""
    return {each.later for one in window.conditions for each in (*one.forward, *one.backward) if each.measured}


def hold_inequality(case: Case, orders: Sequence[Order], window: RaceWindow, generator: random.Random) -> None:
    """Draw exact durations: they are possible if, or only if, they meet the conditions; and always, if that is said."""
    exact = {number: _duration(generator, *each) for number, each in case.bounds.items()}
    given, mentioned = case.given, _mentioned(window)
    all_exact: Bounds = {number: (each, each) for number, each in exact.items()}
    if window.always:
        assert possible(orders, all_exact)
    if not (mentioned <= given and window.conditions):
        bounds = all_exact  # the conditions are on all
    else:
        bounds = {**case.bounds, **{number: (exact[number], exact[number]) for number in given}}
    met = all(
        sum(exact[each.later] for each in one.forward)
        >= sum(exact[each.later] for each in one.backward if each.measured)
        for one in window.conditions
    )
    for one in window.conditions:
        forward, backward = (
            sum(exact[each.later] for each in side if each.measured) for side in (one.forward, one.backward)
        )
        assert is_true(condition_text(window, one), window, exact) is (forward >= backward)
    if window.relation in ("if and only if", "if") and met:
        assert possible(orders, bounds)
    if window.relation in ("if and only if", "only if") and not met:
        assert not possible(orders, bounds)


TIME = r"(?P<time>[\d.]+) (?P<unit>ns|ms)"
SENTENCES = (
    (rf"(?P<one>.*) takes? at least {TIME} longer than (?P<other>.*)", 1),
    (rf"(?P<one>.*) takes? at most {TIME} longer than (?P<other>.*)", -1),
    (rf"(?P<one>.*) takes? at least {TIME}", 1),
    (rf"(?P<one>.*) takes? at most {TIME}", -1),
    (r"(?P<one>.*) takes? at least as long as (?P<other>.*)", 1),
)
"""How a condition may be worded, and whether the one must be longer or shorter."""


def is_true(text: str, window: RaceWindow, exact: Mapping[int, int]) -> bool:
    """Return whether a condition, as it is worded, is met by exact durations."""
    found, sign = next((match, sign) for each, sign in SENTENCES if (match := re.fullmatch(each, text)) is not None)
    parts = found.groupdict()
    time_ns = float(parts.get("time") or 0) * {"ns": 1, "ms": 1_000_000}[parts.get("unit") or "ns"]
    waits_for = {each.later: each.earlier for each in window.constraints if each.measured}
    one, other = (_lasts(parts.get(side) or "", waits_for, exact) for side in ("one", "other"))
    return sign * (one - other - time_ns) >= 0


def _lasts(text: str, waits_for: Mapping[int, int], exact: Mapping[int, int]) -> int:
    """Return how long all durations in a text, such as `step 2 (set) to step 4 (get)`, last together."""
    point = r"(?:the start|step (\d+) \([^)]*\))"
    total = 0
    for first, last in re.findall(f"{point} to {point}", text):
        step = int(last)
        while step != int(first or 0):
            total += exact[step]
            step = waits_for[step]
    return total


def _duration(generator: random.Random, shortest: int, longest: float) -> int:
    return generator.randint(shortest, int(min(longest, shortest + 12)))


def hold_overdue(case: Case, window: RaceWindow) -> None:
    """What had been possible for longer than its bound is named, or would have made no odds; and nothing else is."""
    at = [0, *(window.times_ns[number] for number in window.order)]
    last = window.order.index(len(case.steps)) + 1 if case.prop.kind is Kind.STEP else len(case.steps)
    schedule = _schedule(case, window)
    since: dict[tuple[Any, ...], tuple[int, Transition]] = {}
    named = {(each.choice.process, each.choice.alternative, each.operation) for each in window.overdue}
    found = set()
    for place in range(last + 1):
        simulation, _ = replay(case.model, Schedule(schedule.choices[:place]))
        moved = schedule.choices[place - 1].process if place else None
        now = {
            (each.choice.process, each.choice.alternative, each.operation): each
            for each in reversed(simulation.transitions())
            if each.owed  # and so without a fault
        }
        since = {what: each for what, each in since.items() if what in now and what[0] != moved}
        for what, transition in now.items():
            since.setdefault(what, (at[place], transition))
        if place == last:
            break
        for what, (began, transition) in since.items():
            latency = latency_of(transition, case.latencies)
            choice, fault = schedule.choices[place], case.steps[window.order[place] - 1].step.fault
            happens = (choice.process, choice.alternative, fault) == (*what[:2], None)
            if latency is not None and began + latency.highest_ns < at[place + 1] and not happens:
                due = began + latency.highest_ns
                if not _makes_no_odds(case, schedule, sum(each <= due for each in at[1:]), transition, last):
                    found.add(what)
    assert found == named


def _schedule(case: Case, window: RaceWindow) -> Schedule:
    simulation = Simulation(case.model)
    choices = []
    for number in window.order:
        wanted = case.steps[number - 1]
        choice = next(
            each.choice
            for each in simulation.transitions()
            if (each.choice.process, each.choice.alternative) == (wanted.choice.process, wanted.choice.alternative)
            and (each.step.outcome, each.step.fault) == (wanted.step.outcome, wanted.step.fault)
        )
        simulation.fire(choice)
        choices.append(choice)
    return Schedule(tuple(choices))


def _makes_no_odds(case: Case, schedule: Schedule, place: int, extra: Transition, last: int) -> bool:
    simulation = Simulation(case.model)
    fired: list[Choice] = []
    wanted = [*taken(case.model, schedule)]
    for each in [*wanted[:place], extra, *wanted[place:]]:
        for enabled in simulation.transitions():
            same = (enabled.choice.process, enabled.choice.alternative, enabled.operation) == (
                each.choice.process,
                each.choice.alternative,
                each.operation,
            )
            answered = (enabled.step.outcome, enabled.step.fault) == (each.step.outcome, each.step.fault)
            if same and (answered or (each is extra and enabled.step.fault is None)):
                simulation.fire(enabled.choice)
                fired.append(enabled.choice)
                break
        else:
            return False
    return violates(case.model, case.prop, tuple(fired), last + 1)


def hold_free_step(
    case: Case, orders: Sequence[Order], window: RaceWindow, free: FreeStep, generator: random.Random
) -> None:
    """Move the free step, with what follows from it, from one possible timing to another, and see how far it goes."""
    feasible = [order for order in orders if order.is_possible(case.bounds)]
    must = window.relation.endswith("only if")
    if not free.opens and not free.closes:  # "may come at any time"
        assert free.widest_ns == math.inf
    if must:
        for order in feasible:
            for earlier, later in (*free.opens, *free.closes):
                assert order.numbers.index(earlier) < order.numbers.index(later)
    if len(feasible) > 8:
        feasible = generator.sample(feasible, 8)
        must_reach = False
    else:
        must_reach = True
    if must and free.widest_ns < math.inf:
        assert not _can_move(feasible, case.bounds, free.number, int(free.widest_ns) + 1)
    if must_reach:
        assert _can_move(feasible, case.bounds, free.number, int(min(free.widest_ns, 10_000)))
    if free.narrowest_ns:
        exact: Bounds = {n: (d, d) for n, each in case.bounds.items() for d in [_duration(generator, *each)]}
        if must_reach:
            assert _can_move(feasible, exact, free.number, int(min(free.narrowest_ns, 10_000)))


def _can_move(orders: Sequence[Order], bounds: Bounds, free: int, by: int) -> bool:
    return any(
        satisfiable([*one.differences(bounds), *_moved(other, bounds, free, by)])
        for one in orders
        for other in orders
        if all(one.waits_for[each] == other.waits_for[each] for each in bounds)
    )


def _moved(order: Order, bounds: Bounds, free: int, by: int) -> list[Difference]:
    """Return the differences of an order where the free step, with what follows from it, comes so much later."""
    moved = {free}
    for number in order.numbers:
        if number in bounds and order.waits_for[number] in moved:
            moved.add(number)
    return [
        (earlier, later, most - by * ((later in moved) - (earlier in moved)))
        for earlier, later, most in order.differences(bounds)
    ]


# The built-in protocols


@cache
def counterexamples(protocol: str) -> tuple[Counterexample, ...]:
    """Return the counterexamples of a protocol that end, without faults and with some."""
    found: dict[tuple[str, Schedule], Counterexample] = {}
    for faults in ((), (("worker-crash", 1), ("lease-expiry", 1))):
        for outcome in check(Scenario(protocol, faults=faults)).outcomes:
            each = outcome.counterexample
            if each is not None and each.trace.schedule.cycle_from is None:
                found.setdefault((each.property, each.trace.schedule), each)
    return tuple(found.values())


def case_of(counterexample: Counterexample, latencies: Sequence[Latency] = ()) -> Case:
    model = counterexample.scenario.model()
    prop = next(each for each in model.properties if each.name == counterexample.property)
    return Case(counterexample, model, prop, taken(model, counterexample.trace.schedule), tuple(latencies))


def drawn_latencies(generator: random.Random, steps: Sequence[Transition]) -> tuple[Latency, ...]:
    names = sorted({name for step in steps for name in names_of(step)} | {"default"})
    found = []
    for name in generator.sample(names, generator.randint(1, min(8, len(names)))):
        low = generator.choice([0, 1, 5, 20])
        found.append(Latency(name, low, generator.choice([low, low + 3, low + 30, math.inf])))
    return tuple(found)


def hold_some(case: Case, orders: Sequence[Order], window: RaceWindow, generator: random.Random) -> None:
    """Hold what is said against some of the orders, which may contradict it."""
    if window.possible:
        order = order_of(case.model, case.prop, case.steps, window.order)
        assert order is not None
        hold_times(case.bounds, [order], window)
        orders = [order, *orders]
        hold_overdue(case, window)
    else:
        assert not possible(orders, case.bounds)
    for _ in range(3):
        exact: Bounds = {number: (d, d) for number, each in case.bounds.items() for d in [_duration(generator, *each)]}
        met = all(
            sum(exact[each.later][0] for each in one.forward)
            >= sum(exact[each.later][0] for each in one.backward if each.measured)
            for one in window.conditions
        )
        if possible(orders, exact) and window.relation in ("if and only if", "only if"):
            assert met
    feasible = [order for order in orders if order.is_possible(case.bounds)]
    for free in window.free:
        if window.relation.endswith("only if") and free.widest_ns < math.inf:
            some = generator.sample(feasible, min(4, len(feasible)))
            assert not _can_move(some, case.bounds, free.number, int(free.widest_ns) + 1)
    for lease in window.leases:
        others = {number: each for number, each in case.bounds.items() if number != lease.number}
        assert longest_lease(case, orders, lease, others) <= lease.longest_ns


def longest_lease(case: Case, orders: Sequence[Order], lease: Lease, bounds: Bounds) -> float:
    """Return the longest time between the last setting of a key and its expiry, in any of the orders."""
    longest = -math.inf
    setting = [number for number, step in enumerate(case.steps, start=1) if _sets(step, lease.key)]
    for order in orders:
        end = order.numbers.index(lease.number)
        last = max((order.numbers.index(each) for each in setting if each in order.numbers[:end]), default=None)
        if last is not None and order.is_possible(bounds):
            lengths = shortest_paths(order.differences(bounds), order.numbers[last])
            assert lengths is not None
            longest = max(longest, lengths[lease.number])
    return longest


def _sets(step: Transition, key: str) -> bool:
    operation = step.operation
    return (
        operation is not None
        and operation.name in ("set", "set_if_absent", "acquire")
        and operation.arguments[0] == key
        and step.step.outcome is not False
    )


@pytest.mark.parametrize("protocol", EACH)
def test_what_is_said_of_a_protocol_is_not_contradicted_by_an_order(protocol: str) -> None:
    hold_protocol(protocol, tries=20, draws=3)


@pytest.mark.slow
@pytest.mark.parametrize("protocol", DEFAULT_PROTOCOLS)
def test_what_is_said_of_a_protocol_is_not_contradicted_by_many_orders(protocol: str) -> None:
    hold_protocol(protocol, tries=400, draws=30)


def hold_protocol(protocol: str, tries: int, draws: int) -> None:
    for counterexample in counterexamples(protocol):
        case = case_of(counterexample)
        orders = list(some_orders(case.model, case.prop, case.steps, seed=1, tries=tries))
        for number in range(draws):
            generator = random.Random(number)
            drawn_case = replace(case, latencies=drawn_latencies(generator, case.steps))
            window = race_window(counterexample, drawn_case.latencies)
            hold_some(drawn_case, orders, window, generator)


def test_another_order_of_independent_steps_may_be_the_one_that_is_possible() -> None:
    """The job is deleted (T5) so late that the status is read, and the event sourced, long before."""
    case = next(each for each in counterexamples("event-sourcing") if each.property == "no-permanent-orphan")
    latencies = parse_latencies(["subscription.status=..1ms", "T5=100ms.."])
    window = race_window(case, latencies)
    assert window.possible
    hold_some(case_of(case, latencies), (), window, random.Random(1))


# Random traces


@pytest.mark.parametrize("part", campaign("random traces", range(10), 4))
def test_what_is_said_of_random_traces_is_true_of_every_order(part: int) -> None:
    hold_all(part * 10_000, CASES // 10)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(20))
def test_what_is_said_of_many_random_traces_is_true_of_every_order(part: int) -> None:
    hold_all(1_000_000 + part * 10_000, 2_000)


def only_the_traces_own(cuts: Cuts, measured: Set[int]) -> Iterator[Reading]:
    return islice(causality.readings(cuts, measured), 1)


def without_the_start(self: Network, *, finite: bool) -> Iterator[Condition]:
    return (each for each in CYCLES(self, finite=finite) if START not in each.points)


def never_waiting(*_: Any) -> dict[int, int | None]:
    return {}


def without_orders(*_: Any) -> Iterator[tuple[int, int]]:
    return iter(())


def from_the_process_alone(cuts: Cuts, reading: Reading, bounds: Mapping[int, Latency]) -> Iterator[Constraint]:
    waits_for = {number: cuts.steps[number - 1].previous for number in reading.waits_for}
    return CONSTRAINTS(cuts, replace(reading, waits_for=waits_for), bounds)


def as_if_nothing_followed(step: int, free: int, measured: Mapping[int, int]) -> bool:
    return step == free


CYCLES, CONSTRAINTS = Network._cycles, window_network.constraints_of

MUTANTS: dict[str, tuple[object, str, object]] = {
    "only the trace's own order": (window_network, "readings", only_the_traces_own),
    "conditions on the start are dropped": (Network, "_cycles", without_the_start),
    "what ends a wait is a conflict for no one": (causality, "_waits", never_waiting),
    "nothing has to keep its order": (causality, "_reduced", without_orders),
    "a latency runs from the own process alone": (window_module, "constraints_of", from_the_process_alone),
    "what follows from a free step stays where it is": (window_parts, "_follows", as_if_nothing_followed),
    "nothing is overdue": (window_module, "_overdue", without_orders),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*MUTANTS[name])
    with pytest.raises((AssertionError, InternalError)):
        hold_all(0, CASES_OF_A_MUTANT)


def hold_all(first: int, count: int) -> None:
    for number, (case, orders) in enumerate(cases(first, count)):
        window = race_window(case.counterexample, case.latencies)
        try:
            hold(case, orders, window, random.Random(number))
        except AssertionError as error:
            told = [f"{each.choice.process}: {each.operation} {each.step[0]} {each.step[2]}" for each in case.steps]
            raise AssertionError(f"case {first}+{number}: {case.latencies}, {told}, {case.prop.kind}") from error
