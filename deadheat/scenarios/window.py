"""The race window of a counterexample: which latencies make it possible, by how much, and what lease excludes it.

Exploration is untimed. Here its two sides meet: the steps of one found interleaving are the points of a simple
temporal network (`deadheat.sim.temporal`), their orders (`deadheat.sim.causality`) and the given latencies its bounds.

A latency is the time from when a step could first happen to when it does: from the step of its own process before
it, or, if its operation was not possible then, from the step that made it possible. Steps that nobody owes and faults
come when they like. A "possible" comes with times that were executed through simpy in their order, and violated the
property; an "impossible" is for this interleaving, with its independent steps in any order.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from deadheat.models.faults import LEASE_EXPIRY
from deadheat.models.redis import Redis
from deadheat.models.values import lookup
from deadheat.scenarios.check import Counterexample
from deadheat.scenarios.latency import Latency, latency_of, require_used
from deadheat.sim.causality import Causality, CausalStep, causality, left_waiting, run_in_order
from deadheat.sim.confirm import violation_of
from deadheat.sim.errors import InternalError, UsageError
from deadheat.sim.model import Kind, Model, Property
from deadheat.sim.operations import Operation
from deadheat.sim.temporal import START, Condition, Constraint, Network

__all__ = ["FreeStep", "Lease", "RaceWindow", "race_window"]

READINGS_MAX = 1_024


@dataclass(frozen=True, slots=True)
class FreeStep:
    """A step that comes when it likes, and the window in which it must come.

    `opens` are the pairs of steps (earlier, later) that it must come late enough for, `closes` those that it must
    come early enough for. The window lasts at most `widest_ns`, and at least `narrowest_ns`, over all latencies within
    the bounds.
    """

    number: int
    opens: tuple[tuple[int, int], ...]
    closes: tuple[tuple[int, int], ...]
    widest_ns: float
    narrowest_ns: float


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease that expires in the trace: by which step, set by which, and the longest time between the two."""

    number: int
    key: str
    set_by: int
    longest_ns: float


@dataclass(frozen=True, slots=True)
class RaceWindow:
    """Whether a counterexample can happen under given latencies, and why.

    `conditions` are those that the latencies bound, the tightest first; if there are none, those that they would have
    to meet. It can happen `relation` ("if and only if", or less where a trace has too many conditions or readings)
    they are met. `always` says that it can whatever the latencies within their bounds are. `times_ns` are times of the
    start and the steps at which it happens, if it can. `overdue` are other steps that had to happen before its end,
    and might have prevented it: they are taken to be slower than their bounds.
    """

    counterexample: Counterexample
    steps: tuple[CausalStep, ...]
    constraints: tuple[Constraint, ...]
    conditions: tuple[Condition, ...]
    relation: str
    possible: bool
    always: bool
    slack_ns: float
    times_ns: Mapping[int, int]
    free: tuple[FreeStep, ...]
    leases: tuple[Lease, ...]
    overdue: tuple[CausalStep, ...]


def race_window(counterexample: Counterexample, latencies: Sequence[Latency]) -> RaceWindow:
    """Return whether and why a counterexample can happen under the given latencies.

    Raises UsageError for a latency that names no step of it and for a run without an end, and InternalError if the
    times found do not work.
    """
    model = counterexample.scenario.model()
    prop = next(each for each in model.properties if each.name == counterexample.property)
    if prop.kind is Kind.EVENTUALLY:
        raise UsageError(
            f"{prop.name} is violated by a run that never ends, and only one that ends has a race window; save the "
            "counterexample of another property."
        )
    for strict in (False, True):
        causes = causality(model, prop, counterexample.trace.schedule, strict=strict)
        require_used(latencies, causes.steps)
        window = _window(counterexample, model, causes, latencies)
        if not window.possible:
            return window
        if _works(model, prop, window):
            return replace(window, overdue=tuple(_overdue(model, prop, window, latencies)))
    raise InternalError(
        f"The times found for {counterexample.property!r} do not violate it when they are executed. "
        "This is a defect of deadheat: please report it with the trace."
    )


def _window(
    counterexample: Counterexample, model: Model, causes: Causality, latencies: Sequence[Latency]
) -> RaceWindow:
    readings = list(_readings(causes, latencies))
    network, times = next(
        ((each, times) for each in map(Network, readings) if (times := each.earliest()) is not None),
        (Network(readings[0]), None),
    )
    found, complete = network.conditions()
    bounded = tuple(each for each in found if each.slack < math.inf)
    return RaceWindow(
        counterexample=counterexample,
        steps=causes.steps,
        constraints=network.constraints,
        conditions=bounded or tuple(found),
        relation=_relation(complete, len(readings)),
        possible=times is not None,
        always=times is not None and complete and all(each.worst_slack >= 0 for each in found),
        slack_ns=min((each.slack for each in bounded), default=math.inf),
        times_ns=times or {},
        free=tuple(_free_steps(causes, latencies, network, bounded or found)) if times else (),
        leases=tuple(_leases(model, causes, latencies)),
        overdue=(),
    )


def _relation(complete: bool, readings: int) -> str:
    """Return how the conditions of the first reading that can happen bear on whether the counterexample can."""
    if not complete:
        return "only if" if readings == 1 else "if, among other things,"
    return "if and only if" if readings == 1 else "if"


# The network


def _readings(causes: Causality, latencies: Sequence[Latency]) -> Iterator[tuple[Constraint, ...]]:
    """Yield the constraints of each reading; the counterexample can happen if those of any can be satisfied.

    A step that waits for two steps that may come in either order is bounded from above from the later one: a reading
    says which of the two that is, or is taken to be. The first reading is that of the trace itself.
    """
    bounded = {step.number for step in causes.steps if _highest(step, latencies) < math.inf}
    options = [step.waits_for if step.number in bounded else step.waits_for[:1] for step in causes.steps]
    if math.prod(map(len, options)) > READINGS_MAX:
        raise UsageError(
            f"What the steps of this trace wait for can be read in more than {READINGS_MAX:,} ways under these "
            "latencies; leave out some upper bounds."
        )
    orders = tuple(Constraint(*pair, reason="order") for pair in causes.orders)
    for chosen in product(*options):
        timed = (
            _constraint(step, each, latencies, is_last=each == last)
            for step, last in zip(causes.steps, chosen, strict=True)
            for each in step.waits_for
        )
        yield (*timed, *orders)


def _constraint(step: CausalStep, earlier: int, latencies: Sequence[Latency], *, is_last: bool) -> Constraint:
    latency = latency_of(step, latencies)
    if latency is not None:
        upper = latency.highest_ns if is_last else None
        return Constraint(earlier, step.number, latency.lowest_ns, upper, True, f"latency {latency.name}")
    if step.transition.owed:
        return Constraint(earlier, step.number, 0, math.inf if is_last else None, True, "any latency")
    return Constraint(earlier, step.number, reason="comes when it likes")


def _highest(step: CausalStep, latencies: Sequence[Latency]) -> float:
    latency = latency_of(step, latencies)
    return math.inf if latency is None else latency.highest_ns


def _works(model: Model, prop: Property, window: RaceWindow, extra: CausalStep | None = None, at_ns: float = 0) -> bool:
    """Return whether the steps, executed in the order of their times, violate the property.

    An `extra` step is executed at a time of its own.
    """
    ordered = sorted(window.steps, key=lambda step: (window.times_ns[step.number], step.number))
    if extra is not None:
        ordered.insert(sum(window.times_ns[step.number] <= at_ns for step in ordered), extra)
    if prop.kind is Kind.STEP:  # which the trace's last step violates, whatever comes after
        ordered = ordered[: ordered.index(window.steps[-1]) + 1]
    schedule = run_in_order(model, ordered, extra)
    return schedule is not None and violation_of(model, prop.name, schedule) is not None


# What follows from it


def _free_steps(
    causes: Causality,
    latencies: Sequence[Latency],
    network: Network,
    conditions: Sequence[Condition],
) -> Iterator[FreeStep]:
    for step in causes.steps:
        if step.transition.owed or latency_of(step, latencies) is not None:
            continue
        moved = {step.number}  # the steps that move with it
        for each in sorted(network.constraints, key=lambda constraint: constraint.points):
            if each.upper is not None and each.earlier in moved:
                moved.add(each.later)
        across = network.cycles_across(moved)
        crossing = conditions if across is None else across
        bounds = sorted({pair for each in crossing for pair in each.orders if pair[0] != START})
        yield FreeStep(
            number=step.number,
            opens=tuple(pair for pair in bounds if pair[1] in moved and pair[0] not in moved),
            closes=tuple(pair for pair in bounds if pair[0] in moved and pair[1] not in moved),
            widest_ns=network.room(moved),
            narrowest_ns=0 if across is None else max(0, min((each.worst_span for each in across), default=math.inf)),
        )


def _leases(model: Model, causes: Causality, latencies: Sequence[Latency]) -> Iterator[Lease]:
    for step in causes.steps:
        operation = step.transition.operation
        if step.transition.step.fault != LEASE_EXPIRY or not isinstance(operation, Operation):
            continue
        key = str(step.transition.step.outcome)
        setting = [each.number for each in causes.steps[: step.number - 1] if _sets(model, each, operation, key)]
        if setting:
            others = [each for each in latencies if latency_of(step, [each]) is None]
            possible = [each for each in map(Network, _readings(causes, others)) if each.earliest() is not None]
            set_by = setting[-1]
            longest = max((each.longest(set_by, step.number) for each in possible), default=-math.inf)
            yield Lease(step.number, key, set_by, longest)


def _sets(model: Model, step: CausalStep, expiry: Operation, key: str) -> bool:
    """Return whether a step set the key that expires: whether, answered as it was, it would where there is no key."""
    operation = step.transition.operation
    redis = model.component(expiry.component)
    if not isinstance(operation, Operation) or operation.component != expiry.component or not isinstance(redis, Redis):
        return False
    return any(
        each.outcome == step.transition.step.outcome and lookup(each.value.keys, key) is not None
        for each in redis.apply(redis.initial, operation)
    )


def _overdue(model: Model, prop: Property, window: RaceWindow, latencies: Sequence[Latency]) -> Iterator[CausalStep]:
    """Yield the steps that are left undone although their latencies say that they are done, unless it makes no odds.

    It makes none where the trace goes on as it did, and violates the property, after the step has happened.
    """
    end_ns = max(window.times_ns.values())
    for step in left_waiting(model, window.counterexample.trace.schedule):
        due_ns = max(window.times_ns[each] for each in step.waits_for) + _highest(step, latencies)
        if due_ns < end_ns and not _works(model, prop, window, step, due_ns):
            yield step
