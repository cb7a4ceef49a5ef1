"""Why a property is violated: which orders of steps decided it, which faults, and which guard stops it elsewhere.

Nothing here is a table of reasons; all of it is tried. An *order* decided it if, with the two steps the other way
round, one of them is answered otherwise, and the violation can be avoided from there. A fault is needed if without
that kind nothing violates the property. A *guard* is a step of another protocol, for which the property holds at the
same size under the same faults, and no longer holds once that step is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise

from deadheat.models.mutations import ROLES, LeftOut, Mutation, Weakened
from deadheat.models.system import Protocol
from deadheat.scenarios.catalogue import ADDED, DEFAULT_PROTOCOLS, MUTANT, OBJECT, all_in, find, names_stop
from deadheat.scenarios.check import INTERRUPTIBLE, CheckResult, Counterexample, Options, Verdict, check
from deadheat.scenarios.mutants import guards_of
from deadheat.scenarios.mutate import Hunt
from deadheat.scenarios.scenario import Scenario
from deadheat.scenarios.standing import Standing, judged
from deadheat.scenarios.state_graph import StateGraph, state_graph
from deadheat.sim.errors import DeadheatError, ReplayDivergedError
from deadheat.sim.explain.turning_point import can_be_avoided, turning_point
from deadheat.sim.explore.stop import Stop
from deadheat.sim.freeze import freeze
from deadheat.sim.model import Model
from deadheat.sim.render import render
from deadheat.sim.run.simulation import Simulation, Transition, replay
from deadheat.sim.trace import Choice, Event, Schedule

__all__ = ["Guard", "Order", "Sibling", "TooLate", "Why", "why"]

STATES_MAX = 20_000
OPTIONS = Options(replace(INTERRUPTIBLE, states_max=100_000))
"""A protocol with more states is not asked whether the property holds of it: there are many to be asked."""

SIBLINGS_MAX = 3
GUARDS_MAX = 2


@dataclass(frozen=True, slots=True)
class Order:
    """Two steps that came in the order that decided it, by their numbers.

    The other way round, the step of the number `changed` is `answered` otherwise; if that is None, both are answered as
    they were, and leave something else in the component that `answered` names. `is_safe` tells whether no run from
    there violates the property, without another fault; otherwise it can be avoided.
    """

    earlier: int
    later: int
    changed: int | None
    answered: str
    is_safe: bool


@dataclass(frozen=True, slots=True)
class TooLate:
    """A step of another process that could have been made before the one of the number `before`, and was not.

    Had it been, the violation could be avoided; `is_safe` tells whether no run from there violates the property then.
    """

    before: int
    event: Event
    is_safe: bool


@dataclass(frozen=True, slots=True)
class Guard:
    """A step that keeps the property: where it is, what it asks for, and what was changed for it to be violated.

    `steps` is the length of a shortest run that violates it then, and `mutant` the name by which that can be shown.
    """

    role: str
    site: str
    what: str
    change: str
    steps: int
    mutant: str


@dataclass(frozen=True, slots=True)
class Sibling:
    """A protocol for which the property holds, under the same faults and at the same size, with what makes it so."""

    name: str
    guards: tuple[Guard, ...]


@dataclass(frozen=True, slots=True)
class Why:
    """Why a property is violated. `faults` says of each kind that was met whether it takes one; None if undecided.

    `holding` are all the protocols that were asked for which it holds, and `siblings` the nearest of them; `undecided`
    those of which a limit, or somebody, cut the search short. `too_late` are looked for where there are no `orders`.
    """

    counterexample: Counterexample
    orders: tuple[Order, ...]
    faults: dict[str, bool | None]
    holding: tuple[str, ...]
    siblings: tuple[Sibling, ...]
    undecided: tuple[str, ...] = ()
    too_late: tuple[TooLate, ...] = ()


def why(
    counterexample: Counterexample, search: Options = OPTIONS, report: Callable[[str], None] = lambda _: None
) -> Why:
    """Return why a counterexample came about, and what stops it elsewhere; `report` is told what is being asked."""
    asked = _asked_of(counterexample, search, report)
    holding = [each.scenario.protocol for each in asked if _verdict(each) is Verdict.HOLDS]
    undecided = tuple(each.scenario.protocol for each in asked if _verdict(each) is Verdict.INCONCLUSIVE)
    found: list[Sibling] = []
    for name in holding:
        report(f"looking for what keeps it in {name}")
        is_like_one = ADDED in name and any(ADDED in each.name for each in found)
        if (
            len(found) < SIBLINGS_MAX
            and not is_like_one
            and (guards := tuple(_guards(_of(counterexample, name), search)))
        ):
            found.append(Sibling(name, guards))
    tried = _Tried.of(counterexample)
    orders = tuple(_orders(counterexample, tried))
    too_late = () if orders else tuple(_too_late(counterexample, tried))
    faults = _faults(counterexample, search)
    return Why(counterexample, orders, faults, tuple(holding), tuple(found), undecided, too_late)


# Orders


@dataclass(frozen=True)
class _Tried:
    """What other runs are tried in: the model, with its state graph if that is small enough."""

    model: Model
    graph: StateGraph | None
    name: str

    @classmethod
    def of(cls, counterexample: Counterexample) -> _Tried:
        model = replace(counterexample.scenario, properties=(counterexample.property,)).model()
        whole = state_graph(model, STATES_MAX)
        return cls(model, None if isinstance(whole, Stop) else whole, counterexample.property)

    def stands(self, choices: tuple[Choice, ...]) -> bool | None:
        return _stands(self.model, self.graph, self.name, choices)


def _orders(counterexample: Counterexample, tried: _Tried) -> Iterator[Order]:
    """Yield the orders that decided it, of two steps of different processes that ask one component."""
    steps = _steps(tried.model, counterexample.trace.schedule)
    for earlier, later in _meetings(counterexample):
        found = _other_way(tried.model, steps, earlier, later)
        if found is None:
            continue
        choices, changed, answered = found
        stands = tried.stands(choices)
        if stands is not None:
            yield Order(earlier, later, changed, answered, is_safe=stands)


def _too_late(counterexample: Counterexample, tried: _Tried) -> Iterator[TooLate]:
    """Yield what could have been made before the step by which it is lost, so that this step does not lose it.

    Such a step may come later in the run, and ask another component, or only after all that the run tells of.
    """
    schedule = counterexample.trace.schedule
    turning = turning_point(tried.model, tried.name, schedule)
    if not turning or tried.stands(schedule.choices[:turning]) is not None:
        return
    simulation = Simulation(tried.model)
    for choice in schedule.choices[: turning - 1]:
        simulation.fire(choice)
    lost_by = schedule.choices[turning - 1]
    for each in simulation.transitions():
        if each.choice.process == lost_by.process or each.step.fault is not None:
            continue
        with suppress(ReplayDivergedError):  # the other step cannot be made any more
            choices = (*schedule.choices[: turning - 1], each.choice, lost_by)
            event = replay(tried.model, Schedule(choices))[1].events[turning - 1]
            stands = tried.stands(choices)
            if stands is not None:
                yield TooLate(turning, event, is_safe=stands)


def _steps(model: Model, schedule: Schedule) -> list[Transition]:
    simulation = Simulation(model)
    return [simulation.fire(choice) for choice in schedule.choices]


def _meetings(counterexample: Counterexample) -> Iterator[tuple[int, int]]:
    """Yield each step with the last ones of other processes before it at a component that either of the two changes."""
    events = counterexample.trace.events
    seen: set[tuple[int, int]] = set()
    for later, event in enumerate(events, start=1):
        for component in {*event.component.split(" and "), *event.changes}:
            for earlier in range(later - 1, 0, -1):
                other = events[earlier - 1]
                changes = component in event.changes or component in other.changes
                asks = component in (*other.component.split(" and "), *other.changes)
                if asks and changes and other.process != event.process:
                    if (earlier, later) not in seen:
                        seen.add((earlier, later))
                        yield earlier, later
                    break


def _other_way(
    model: Model, steps: Sequence[Transition], earlier: int, later: int
) -> tuple[tuple[Choice, ...], int | None, str] | None:
    """Make the later step first; return what was chosen, and which of the two is answered otherwise, and how.

    None where the later step cannot come first, or that makes no difference. What comes between them, and cannot
    be made without the earlier one, or not with the same answer, is left out.
    """
    simulation = Simulation(model)
    made: list[Choice] = []
    waiting: set[str] = set()
    for number, step in enumerate(steps[: later - 1], start=1):
        if number == earlier:
            waiting.add(step.choice.process)
        if step.choice.process in waiting:
            continue
        again = _again(simulation, step)
        if again is None or _answer(again) != _answer(step):
            waiting.add(step.choice.process)
            continue
        made.append(simulation.fire(again.choice).choice)
    first, second = steps[later - 1], steps[earlier - 1]
    if first.choice.process in waiting:
        return None
    turned = _again(simulation, first)
    if turned is None:
        return None
    made.append(simulation.fire(turned.choice).choice)
    if _answer(turned) != _answer(first):
        return tuple(made), later, _answer(turned)
    after = _again(simulation, second)
    if after is None:
        return None
    made.append(simulation.fire(after.choice).choice)
    if _answer(after) != _answer(second):
        return tuple(made), earlier, _answer(after)
    for name in second.step.values:
        if name in first.step.values and freeze(simulation.values[name]) != freeze(first.step.values[name]):
            return tuple(made), None, name
    return None


def _again(simulation: Simulation, step: Transition) -> Transition | None:
    """Return the same request of the same process, answered as it was where that can be."""
    ways = [
        each
        for each in simulation.transitions()
        if (each.choice.process, each.choice.alternative) == (step.choice.process, step.choice.alternative)
        and each.step.fault == step.step.fault
        and _asked(each) == _asked(step)
    ]
    return next((each for each in ways if _answer(each) == _answer(step)), ways[0] if ways else None)


def _asked(step: Transition) -> str:
    return str(step.operation)


def _answer(step: Transition) -> str:
    return render(step.step.outcome)


def _stands(model: Model, graph: StateGraph | None, name: str, choices: tuple[Choice, ...]) -> bool | None:
    """Return whether after these steps no run violates the property; None where it cannot be avoided any more."""
    if graph is None:
        return False if can_be_avoided(model, name, Schedule(choices)) else None
    watch = next(each for each in graph.tables.watches if each.property.name == name)
    numbers = graph.along(choices)
    standing = judged(graph, watch).standings[numbers[-1]]
    violated_before = any(
        watch.violated_by(graph.states[before], graph.states[after]) for before, after in pairwise(numbers)
    )
    if violated_before or standing & (Standing.LOST | Standing.VIOLATED):
        return None
    return not standing & Standing.REACHABLE


# Faults


def _faults(counterexample: Counterexample, search: Options) -> dict[str, bool | None]:
    scenario, name = counterexample.scenario, counterexample.property
    needed: dict[str, bool | None] = {}
    for kind in dict.fromkeys(each.fault for each in counterexample.trace.events if each.fault):
        without = {**scenario.budgets, kind: 0}
        result = check(replace(scenario, faults=tuple(without.items()), properties=(name,)), search)
        verdict = result.outcome(name).verdict
        needed[kind] = None if verdict is Verdict.INCONCLUSIVE else verdict is not Verdict.VIOLATED
    return needed


# Guards elsewhere


def _of(counterexample: Counterexample, name: str) -> Scenario:
    scenario = counterexample.scenario
    return replace(scenario, protocol=name, properties=(counterexample.property,))


def _verdict(result: CheckResult) -> Verdict:
    return result.outcomes[0].verdict


def _asked_of(counterexample: Counterexample, search: Options, report: Callable[[str], None]) -> list[CheckResult]:
    """Return the checks of siblings, the nearest first."""
    protocol = counterexample.scenario.protocol
    if names_stop(protocol):
        return []
    found = []
    for name in _siblings(protocol):
        report(f"asking {name}")
        try:
            result = check(_of(counterexample, name), search)
        except DeadheatError:  # it does not know such a fault or property, or has no such size
            continue
        found.append(result)
    return sorted(found, key=lambda each: -_in_common(protocol, each.scenario.protocol))


def _siblings(protocol: str) -> list[str]:
    """Return what may be compared with a protocol: what is in the same file, and of evaluations those of our own."""
    where = OBJECT.match(protocol)
    names = list(all_in(where["where"])) if where is not None and where["where"].endswith(".py") else []
    if isinstance(find(protocol.partition(MUTANT)[0]), Protocol):
        names += DEFAULT_PROTOCOLS
    return [each for each in dict.fromkeys(names) if each != protocol]


def _in_common(one: str, other: str) -> int:
    """Return how many roles two protocols have in common."""
    pair = [find(each.partition(MUTANT)[0]) for each in (one, other)]
    if not all(isinstance(each, Protocol) for each in pair):
        return 0
    return sum(getattr(pair[0], role, None) is getattr(pair[1], role, None) for role in ROLES)


def _guards(scenario: Scenario, search: Options) -> Iterator[Guard]:
    """Yield guards of a protocol without which the property is violated, those that are plain to see first."""
    name = scenario.properties[0]
    guards = guards_of(scenario.protocol, scenario.settings)
    hunt = Hunt(scenario, guards, (check(scenario, search),))
    found = 0
    numbered = sorted(enumerate(guards.mutations, start=1), key=_plainest_first)
    for number, mutation in numbered:
        for trial, *_ in hunt.trials_of(number):
            try:
                outcome = check(trial, search).outcome(name)
            except (DeadheatError, ReplayDivergedError):  # it cannot run
                continue
            if outcome.counterexample is not None and found < GUARDS_MAX:
                found += 1
                place, steps = mutation.place, len(outcome.counterexample.trace.events)
                yield Guard(place.role, str(place.site), place.what, str(mutation.change), steps, trial.protocol)
        if found == GUARDS_MAX:
            return


def _plainest_first(numbered: tuple[int, Mutation]) -> tuple[int, int]:
    """Say where a mutation stands: a step left out, a test left out of one, and then what takes more words."""
    change = numbered[1].change
    return (0 if isinstance(change, LeftOut) else 1 if isinstance(change, Weakened) else 2, len(str(change)))
