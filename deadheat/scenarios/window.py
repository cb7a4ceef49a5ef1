"""The race window of a counterexample: which latencies make it possible, by how much, and what lease excludes it.

Exploration is untimed. Here its two sides meet. All orders in which the steps of one found interleaving violate the
property (`sim/explain/cuts`) come in a few readings (`sim/explain/causality`), in each of which every step waits for
the same. So each reading is a simple temporal network (`sim/explain/temporal`), with the latencies as its bounds, and
the interleaving is possible if any of the networks can be satisfied.

A latency is the time from when a step could first happen, throughout from then on, to when it does: from the step of
its own process before it, or, if its operation was not possible then, from the step that made it possible. Steps that
nobody owes and faults come when they like. A "possible" comes with times that were executed through simpy in their
order, violated the property, and kept to every latency as measured there; an "impossible" is for the steps of this
interleaving, in any order.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deadheat.scenarios.check import Counterexample
from deadheat.scenarios.latency import Latency, latency_of, passed_over, require_used
from deadheat.scenarios.window_network import ANY_LATENCY, bounds_of, constraints_of, readings_of
from deadheat.scenarios.window_parts import FreeStep, Lease, free_steps, leases_of
from deadheat.sim.errors import InternalError, UsageError
from deadheat.sim.explain.causality import Reading
from deadheat.sim.explain.confirm import violation_of
from deadheat.sim.explain.cuts import CUTS_MAX, START, CausalStep, Cuts, cuts_of, schedules_of
from deadheat.sim.explain.temporal import Condition, Constraint, Network
from deadheat.sim.explain.waits import Wait, run_answered, waits_of
from deadheat.sim.model import Kind, Model, Property
from deadheat.sim.run.simulation import Transition
from deadheat.sim.trace import Schedule

__all__ = ["RaceWindow", "race_window"]


@dataclass(frozen=True, slots=True)
class RaceWindow:
    """Whether a counterexample can happen under given latencies, and why.

    `conditions` are those on the latencies that were given, the tightest first; if there are none, those that all
    latencies would have to meet. It can happen `relation` ("if and only if", or less where a trace has too many
    conditions, or can be read in several ways) they are met. `always` says that it can whatever the latencies within
    their bounds are. `slack_ns` is by how much the conditions are met, or not met, at best; `exact` tells whether it is
    that, or perhaps more.

    If it can happen, it does at `times_ns`, by step, in the `order` given, and each step then waits for the one in
    `waits_for`. `overdue` are other steps that had to happen before its end, and might have prevented it: they are
    taken to be slower than their bounds. `passed_over` are the steps that a latency names and does not bound, since
    they come when they like: each with that latency's name, and with one that would bound it.
    """

    counterexample: Counterexample
    steps: tuple[CausalStep, ...]
    constraints: tuple[Constraint, ...]
    conditions: tuple[Condition, ...]
    relation: str
    possible: bool
    always: bool
    slack_ns: float
    exact: bool
    times_ns: Mapping[int, int]
    order: tuple[int, ...]
    waits_for: Mapping[int, int]
    free: tuple[FreeStep, ...]
    leases: tuple[Lease, ...]
    overdue: tuple[Transition, ...]
    passed_over: Mapping[int, tuple[str, str]]


def race_window(counterexample: Counterexample, latencies: Sequence[Latency], cuts_max: int = CUTS_MAX) -> RaceWindow:
    """Return whether and why a counterexample can happen under the given latencies.

    Raises UsageError for a latency that names no step of it, for a run without an end and for one that can be read in
    too many ways, and InternalError if the times found do not work.
    """
    model = counterexample.scenario.model()
    prop = next(each for each in model.properties if each.name == counterexample.property)
    if prop.kind is Kind.EVENTUALLY:
        raise UsageError(
            f"{prop.name} is violated by a run that never ends, and only one that ends has a race window; save the "
            "counterexample of another property."
        )
    cuts = cuts_of(model, prop, counterexample.trace.schedule, cuts_max)
    require_used(latencies, cuts.steps)
    bounds = bounds_of(cuts.steps, latencies)
    ways = readings_of(cuts, bounds)
    networks = [Network(constraints_of(cuts, each, bounds)) for each in ways]
    timings = [each.earliest() for each in networks]
    feasible = [index for index, times in enumerate(timings) if times is not None]
    chosen = feasible[0] if feasible else 0
    network, times = networks[chosen], timings[chosen]
    conditions, complete, always = _conditions(network, bounds)
    slack_ns = min((each.slack for each in conditions), default=math.inf)
    if times is None and len(ways) > 1:  # each reading fails by that at least
        tightest = (each.tightest() for each in networks)
        slack_ns = max(each.slack for each in tightest if each is not None)
    order, waits = _executed(model, prop, cuts, ways[chosen], bounds, times) if times else ((), ())
    return RaceWindow(
        counterexample=counterexample,
        steps=cuts.steps,
        constraints=network.constraints,
        conditions=conditions,
        relation=_relation(complete, len(ways), len(feasible)),
        possible=times is not None,
        always=times is not None and always,
        slack_ns=slack_ns,
        exact=complete and len(ways) == 1,
        times_ns=times or {},
        order=order,
        waits_for=_waits_for(order, waits),
        free=tuple(free_steps(cuts, network)) if times else (),
        leases=tuple(leases_of(model, cuts, bounds)),
        overdue=tuple(_overdue(model, prop, cuts, order, waits, times, latencies)) if times else (),
        passed_over={
            each.number: found for each in cuts.steps if (found := passed_over(each.transition, latencies)) is not None
        },
    )


def _relation(complete: bool, ways: int, feasible: int) -> str:
    """Return how the conditions of one reading bear on whether the counterexample can happen within the bounds."""
    alone = ways == 1 or feasible == 1
    if not complete:
        return "only if" if alone else "if, among other things,"
    return "if and only if" if alone else "if"


def _conditions(network: Network, bounds: Mapping[int, Latency]) -> tuple[tuple[Condition, ...], bool, bool]:
    """Return the conditions on the latencies given, else on all, whether these are all, and whether they always hold.

    Where there are conditions on those that were given, the others take what time they need: they are mere orders.
    """
    everything, complete = network.conditions()
    always = complete and all(each.worst_slack >= 0 for each in everything)
    given = Network(
        [Constraint(*each.points) if bounds.get(each.later) is ANY_LATENCY else each for each in network.constraints]
    )
    on_given, all_given = given.conditions()
    return (tuple(on_given), all_given, always) if on_given else (tuple(everything), complete, always)


# The execution


def _executed(
    model: Model,
    prop: Property,
    cuts: Cuts,
    reading: Reading,
    bounds: Mapping[int, Latency],
    times: Mapping[int, int],
) -> tuple[tuple[int, ...], tuple[Wait, ...]]:
    """Return the order of the times found, and how long what could happen waited when they were executed in it.

    Raises InternalError unless they violate the property, and keep to every latency.
    """
    order = tuple(sorted(reading.order, key=lambda number: (times[number], reading.order.index(number))))
    at_ns = [times[START], *(times[number] for number in order)]
    for schedule in schedules_of(cuts, order):
        waits = tuple(waits_of(model, schedule))
        waited_ns = {order[each.until - 1]: at_ns[each.until] - at_ns[each.since] for each in waits if each.happened}
        in_time = all(each.lowest_ns <= waited_ns[step] <= each.highest_ns for step, each in bounds.items())
        if in_time and _violates(model, prop, schedule, order.index(len(order)) + 1 if order else 0):
            return order, waits
    raise InternalError(
        f"The times found for {prop.name!r} do not violate it, or not within the latencies, when they are executed. "
        "This is a defect of deadheat: please report it with the trace."
    )


def _violates(model: Model, prop: Property, schedule: Schedule, last: int) -> bool:
    """Return whether a schedule violates the property; one of single steps by its `last` step, whatever comes after."""
    if prop.kind is Kind.STEP:
        schedule = Schedule(schedule.choices[:last])
    return violation_of(model, prop.name, schedule) is not None


def _waits_for(order: Sequence[int], waits: Sequence[Wait]) -> dict[int, int]:
    numbers = (START, *order)
    return {numbers[each.until]: numbers[each.since] for each in waits if each.happened}


# What was left undone


def _overdue(
    model: Model,
    prop: Property,
    cuts: Cuts,
    order: Sequence[int],
    waits: Sequence[Wait],
    times: Mapping[int, int],
    latencies: Sequence[Latency],
) -> Iterator[Transition]:
    """Yield what could happen for longer than its latency allows, and did not, unless it makes no odds.

    It makes none where the trace goes on as it did, and violates the property, after the step has happened.
    """
    if not order:
        return
    at_ns = [times[START], *(times[number] for number in order)]
    last = len(order) if prop.kind is not Kind.STEP else order.index(len(order)) + 1
    found: set[Any] = set()
    for wait in waits:
        latency = latency_of(wait.transition, latencies)
        if wait.happened or not wait.transition.owed or latency is None:
            continue
        due_ns = at_ns[wait.since] + latency.highest_ns
        if due_ns < at_ns[min(wait.until, last)] and (wait.transition.choice, wait.transition.operation) not in found:
            transitions = [cuts.steps[number - 1].transition for number in order]
            place = sum(each <= due_ns for each in at_ns[1:])
            schedule = run_answered(
                model, [*transitions[:place], wait.transition, *transitions[place:]], wait.transition
            )
            if schedule is None or not _violates(model, prop, schedule, last + 1):
                found.add((wait.transition.choice, wait.transition.operation))
                yield wait.transition
