"""Traces of small random models that violate a property by construction, with random latencies."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from deadheat.scenarios.check import Counterexample
from deadheat.scenarios.latency import Latency, latency_of
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.explain.confirm import violation_of
from deadheat.sim.model import Crash, Kind, Model, Process, Property
from deadheat.sim.operations import Atomic, Operation, Request, any_of, atomically
from deadheat.sim.run.simulation import Transition, replay, run_randomly
from deadheat.sim.trace import Schedule
from tests.scenarios.every_order import Order, every_order, possible, taken
from tests.sim.random_models import CRASH, FAULT, Cell

STEPS = (3, 7)


@dataclass(frozen=True)
class Case:
    """A trace of a random model, which violates its property by construction, and random latencies."""

    counterexample: Counterexample
    model: Model
    prop: Property
    steps: Sequence[Transition]
    latencies: tuple[Latency, ...]

    @property
    def bounds(self) -> dict[int, tuple[int, float]]:
        return bounds_of(self.steps, self.latencies)

    @property
    def given(self) -> set[int]:
        """The steps that some latency names."""
        return {number for number, step in enumerate(self.steps, start=1) if latency_of(step, self.latencies)}


@dataclass(frozen=True)
class Given:
    """What stands for a scenario: its model is there already."""

    drawn: Model

    def model(self) -> Model:
        return self.drawn


def bounds_of(steps: Sequence[Transition], latencies: Sequence[Latency]) -> dict[int, tuple[int, float]]:
    found: dict[int, tuple[int, float]] = {}
    for number, step in enumerate(steps, start=1):
        latency = latency_of(step, latencies)
        if latency is not None:
            found[number] = (latency.lowest_ns, latency.highest_ns)
        elif step.owed:
            found[number] = (0, math.inf)
    return found


def drawn(seed: int) -> Case | None:
    generator = random.Random(seed)
    model = _model(generator)
    _, trace = run_randomly(model, seed, steps_max=generator.randint(*STEPS))
    schedule = Schedule(trace.schedule.choices)
    if len(schedule.choices) < STEPS[0]:
        return None
    prop = _property(generator, model, schedule)
    model = replace(model, properties=(prop,))
    if violation_of(model, prop.name, schedule) is None:
        return None  # its end is not settled
    steps = taken(model, schedule)
    counterexample = Counterexample(cast(Scenario, Given(model)), prop.name, "", replace(trace, schedule=schedule))
    return Case(counterexample, model, prop, steps, _latencies(generator, steps))


def _model(generator: random.Random) -> Model:
    cells = tuple(Cell(f"c{number}") for number in range(generator.randint(1, 3)))
    processes = []
    for number in range(generator.randint(2, 4)):
        requests = tuple(_request(generator, cells) for _ in range(generator.randint(1, 4)))
        crashes = [Crash(CRASH, restarts=generator.random() < 0.7, consequences=atomically(cells[0].add(1)))]
        processes.append(
            Process(
                f"p{number}",
                _role,
                (requests,),
                repeats=generator.random() < 0.1,
                owed=generator.random() < 0.75,
                crashes=tuple(crashes) if generator.random() < 0.15 else (),
            )
        )
    return Model({each.name: each for each in cells}, tuple(processes), (), {FAULT: 1, CRASH: 1})


def _role(requests: Sequence[Request]) -> Generator[Request, Any, None]:
    for request in requests:  # noqa: UP028 - a tuple cannot be sent outcomes
        yield request


def _request(generator: random.Random, cells: Sequence[Cell]) -> Request:
    cell = generator.choice(cells)
    kind = generator.choice(
        ["get", "set", "set", "set", "add", "wait", "wait", "wait", "toss", "glitch", "both", "either"]
    )
    value = generator.randrange(3)
    simple: dict[str, Callable[[], Operation]] = {
        "get": cell.get,
        "set": lambda: cell.set(value),
        "add": lambda: cell.add(value),
        "wait": lambda: cell.wait_for(value),
        "toss": lambda: cell.toss(value),
        "glitch": lambda: cell.glitch(value),
    }
    if kind in simple:
        return simple[kind]()
    other = generator.choice(cells)
    if kind == "both":
        return atomically(other.wait_for(generator.randrange(3)), cell.set(value))
    return any_of(other.wait_for(generator.randrange(3)), cell.wait_for(value))


def _property(generator: random.Random, model: Model, schedule: Schedule) -> Property:
    """Return a property that the schedule violates: some cells come to hold what they then do."""
    before, _ = replay(model, Schedule(schedule.choices[:-1]))
    after, _ = replay(model, schedule)
    names = tuple(name for name in model.components if generator.random() < 0.5)
    then = [(before.values[name], after.values[name]) for name in names]
    kind = generator.choice([Kind.ALWAYS, Kind.ALWAYS, Kind.STEP, Kind.SETTLED])

    def violation(*views: Mapping[str, Any]) -> str | None:
        found = [tuple(view[name] for view in views) for name in names]
        return "as it was" if found == [pair[-len(views) :] for pair in then] else None

    return Property("drawn", "", kind, names, violation)


def _latencies(generator: random.Random, steps: Sequence[Transition]) -> tuple[Latency, ...]:
    names = ["default"]
    for step in steps:
        role, operation = step.choice.process, step.operation
        parts = operation.operations if isinstance(operation, Atomic) else (operation,) if operation else ()
        names += [f"{role}.{each.component}.{each.name}" for each in parts]
        names += [step.step.fault] if step.step.fault else []
    share = generator.choice([0.4, 0.7, 1])
    found = []
    for name in dict.fromkeys(names):
        if generator.random() < share:
            low = generator.choice([0, 0, 1, 2, 4, 8])
            found.append(Latency(name, low, generator.choice([low, low, low + 1, low + 3, low + 6, math.inf])))
    return tuple(found)


def case_and_orders(seed: int) -> tuple[Case, tuple[Order, ...]] | None:
    """Return a case with all its orders; every third is impossible, if such latencies are found."""
    case = drawn(seed)
    if case is None:
        return None
    orders = tuple(every_order(case.model, case.prop, case.steps))
    generator = random.Random(seed)
    for _ in range(20 if seed % 3 == 0 else 0):
        if not possible(orders, case.bounds):
            break
        case = replace(case, latencies=_latencies(generator, case.steps))
    return case, orders


def cases(first: int, count: int) -> Iterator[tuple[Case, tuple[Order, ...]]]:
    seed = first
    while count:
        found = case_and_orders(seed)
        seed += 1
        if found is not None:
            count -= 1
            yield found
