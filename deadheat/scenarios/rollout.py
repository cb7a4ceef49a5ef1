"""Rolling a new version out role by role: what breaks while old and new run side by side, and in which order nothing.

A *stop* is a set of roles that are new, and a set of roles of which old and new replicas run at one time. Each is
checked like any protocol (see `stops`). What counts are the properties that hold of both versions alone: what either
violates by itself is no matter of the rollout, and is listed apart.

The way from the old version to the new one is a path through these stops: while a role is rolled out it is mixed, and
then it is new. An *order* of the roles is safe if every stop on its path is. What was begun before a role is rolled out
has ended by then, or meets at most that role's two versions; who does not wait for that is at the stop in which all
roles are mixed at once, and what holds there holds in every order, without waiting. Rolling back is the same path the
other way.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations, pairwise, permutations
from typing import TypeAlias

import networkx as nx

from deadheat.models.side_by_side import Roles, as_before, plain_name
from deadheat.scenarios.catalogue import BETWEEN
from deadheat.scenarios.check import CheckResult, Counterexample, Options, Verdict, each_checked
from deadheat.scenarios.given import reference_to
from deadheat.scenarios.scenario import EVERY, Scenario
from deadheat.scenarios.stops import Stop, pair_of
from deadheat.scenarios.subject import Subject
from deadheat.scenarios.subjects import OfDesign, OfEvaluations
from deadheat.sim.errors import ModelError, UsageError

__all__ = ["Order", "Rollout", "StopResult", "rollout"]

ROLES_MAX = 7
"""So many roles have 577 stops; of more, nobody reads the table."""

SAME_SERVERS_STATES_MAX = 50_000

Order: TypeAlias = tuple[str, ...]
"""Roles, by name, in the order in which they are rolled out."""

Said: TypeAlias = Callable[[int, int], None]
"""Receives how many stops of how many were checked."""


@dataclass(frozen=True)
class StopResult:
    """What was found at a stop: which of the properties that count are violated there, and what was not decided.

    One of two readings is violated if either is (see `as_before`).
    `missed` are steps that both versions come to alone, and nobody at this stop. `fails` says which role, component or
    property raised an exception on what the other version wrote, and where.
    """

    stop: Stop
    violated: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    fails: str | None = None
    counterexamples: Mapping[str, Counterexample] | None = None
    states: int = 0

    @property
    def is_unsafe(self) -> bool:
        """Whether something goes wrong there that neither version does wrong alone."""
        return bool(self.violated or self.fails)

    @property
    def is_safe(self) -> bool:
        """Whether nothing does."""
        return not (self.is_unsafe or self.undecided or self.missed)


@dataclass(frozen=True)
class Rollout:
    """What was found of a rollout from `old` to `new`, references both.

    `rolled` are the roles that were, and `idle` those that have nothing to do under the faults of the scenario.
    `judged` are the properties that count; `old_anyway` and `new_anyway` those that a version violates by itself, and
    `not_judged` those of which that was not decided. `same_servers` says whether it was decided that the servers of
    both do for each version what its own do.
    """

    old: str
    new: str
    scenario: Scenario
    rolled: Roles
    idle: tuple[str, ...]
    judged: tuple[str, ...]
    old_anyway: tuple[str, ...]
    new_anyway: tuple[str, ...]
    not_judged: tuple[str, ...]
    results: tuple[StopResult, ...]
    same_servers: bool = True
    seconds: float = 0.0

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that are rolled out."""
        return self.rolled.names

    def at(self, stop: Stop) -> StopResult:
        """Return what was found at a stop, in whichever order its roles are named."""
        return self._found[frozenset(stop.new), frozenset(stop.mixed)]

    @cached_property
    def _found(self) -> Mapping[tuple[frozenset[str], frozenset[str]], StopResult]:
        return {(frozenset(each.stop.new), frozenset(each.stop.mixed)): each for each in self.results}

    @property
    def all_at_once(self) -> StopResult:
        """What was found where all roles that can be mixed are, or at the first stop within it that is not safe.

        Each request may meet any version of any role then; but where one waits for what the other version does at once,
        that a process may begin as either does not show what becomes of it as that one.
        """
        found = self.at(all_at_once(self.rolled))
        return found if not found.is_safe else next((each for each in self.results if not each.is_safe), found)

    @cached_property
    def safe_orders(self) -> tuple[Order, ...]:
        """The orders of the roles in which every stop is safe."""
        return self._orders(lambda each: each.is_safe)

    @property
    def safe_orders_back(self) -> tuple[Order, ...]:
        """The orders in which the roles can be rolled back, one by one."""
        return tuple(each[::-1] for each in self.safe_orders)

    @property
    def is_safe(self) -> bool:
        """Whether some order is safe."""
        return bool(self.judged and self.safe_orders and self.same_servers)

    @property
    def is_unsafe(self) -> bool:
        """Whether some stop on every order is unsafe."""
        return not self._orders(lambda each: not each.is_unsafe)

    @cached_property
    def least_unsafe(self) -> tuple[Order, tuple[StopResult, ...]]:
        """The order that comes through the fewest unsafe stops, and these."""
        unsafe = {order: tuple(each for each in self.on(order) if each.is_unsafe) for order in permutations(self.roles)}
        order = min(unsafe, key=lambda each: len(unsafe[each]))
        return order, unsafe[order]

    def on(self, order: Order) -> tuple[StopResult, ...]:
        """Return the stops that an order comes through, from the old version to the new one."""
        stops = [Stop()]
        for number, role in enumerate(order):
            stops.extend((*self.between(order[:number], role), Stop(order[: number + 1])))
        return tuple(map(self.at, stops))

    def _orders(self, allows: Callable[[StopResult], bool]) -> tuple[Order, ...]:
        """Return the paths from no role to all of them that come through allowed stops only."""
        graph: nx.DiGraph[frozenset[str]] = nx.DiGraph()
        none, last = frozenset[str](), frozenset(self.roles)
        graph.add_nodes_from((none, last))
        for size in range(len(self.roles)):
            for new in combinations(self.roles, size):
                for role in last.difference(new):
                    stops = (Stop(new), *self.between(new, role), Stop((*new, role)))
                    if all(allows(self.at(each)) for each in stops):
                        graph.add_edge(frozenset(new), frozenset((*new, role)))
        if none == last:
            return ((),) if allows(self.at(Stop())) else ()
        paths = nx.all_simple_paths(graph, none, last)
        orders = (tuple(next(iter(after - before)) for before, after in pairwise(path)) for path in paths)
        return tuple(sorted(orders, key=lambda order: [self.roles.index(each) for each in order]))

    def between(self, new: Order, role: str) -> tuple[Stop, ...]:
        """Return the stop at which a role is rolled out, where some are new; none for one that is not there before."""
        return (Stop(new, (role,)),) if role in self.rolled.mixable else ()


def no_word(done: int, total: int) -> None:
    """Say nothing of how far it is."""
    del done, total


def rollout(
    old: Subject | str,
    new: Subject | str,
    evaluations: int = 1,
    faults: tuple[tuple[str, int], ...] = (),
    properties: tuple[str, ...] = EVERY,
    options: Options = Options(),
    *,
    quiet: bool = False,
    jobs: int = 1,
    report: Said = no_word,
) -> Rollout:
    """Check every stop between two protocols, or two designs, given as such or by reference.

    Raises UsageError where one cannot take the other's place, for the same one twice, and as `Scenario` does; and
    ModelError where one of them breaks a rule of the engine by itself.
    """
    started = time.perf_counter()
    names = [each if isinstance(each, str) else _reference(each) for each in (old, new)]
    pair = pair_of(*names)
    readings = tuple(as_before(each) for each in properties if each in pair.two_readings)
    first = Scenario(_named(names, Stop()), evaluations, faults, tuple(dict.fromkeys((*properties, *readings))), quiet)
    roles = pair.at_work(evaluations, first.budgets)
    if len(roles.names) > ROLES_MAX:
        raise UsageError(
            f"{len(roles.names)} roles differ between {names[0]} and {names[1]}, of {ROLES_MAX} at most; roll out "
            "fewer at a time, by a version in between."
        )
    same_servers = pair.require_same_servers(first.evaluations, first.budgets, SAME_SERVERS_STATES_MAX)
    ends = (Stop(), Stop(roles.names)) if roles.names else (Stop(),)
    alone = [_or_raise(each) for each in each_checked([_at(first, names, each) for each in ends], options, jobs)]
    anyway = [_with(each, Verdict.VIOLATED) for each in (alone[0], alone[-1])]
    not_decided = {name for each in alone for name in _with(each, Verdict.INCONCLUSIVE)}
    judged = tuple(
        each for each in first.properties if each not in not_decided and not any(each in names for names in anyway)
    )
    missed_anyway = {name for each in alone for name in each.labels_not_reached}
    stops = list(stops_of(roles))
    scenarios = [_at(replace(first, properties=judged), names, each) for each in stops]
    results = []
    for number, (stop, found) in enumerate(zip(stops, each_checked(scenarios, options, jobs), strict=True), start=1):
        results.append(_result(stop, found, missed_anyway))
        report(number, len(stops))
    return Rollout(
        old=names[0],
        new=names[1],
        scenario=first,
        rolled=roles,
        idle=tuple(each for each in pair.roles.names if each not in roles.names),
        judged=judged,
        old_anyway=anyway[0],
        new_anyway=anyway[1],
        not_judged=tuple(each for each in first.properties if each in not_decided),
        results=tuple(results),
        same_servers=same_servers,
        seconds=time.perf_counter() - started,
    )


def stops_of(rolled: Roles) -> Iterator[Stop]:
    """Yield the stops: every set of new roles, each with no other role mixed, and with each; and all mixed at once."""
    roles, mixable = rolled.names, rolled.mixable
    for size in range(len(roles) + 1):
        for new in combinations(roles, size):
            yield Stop(new)
            yield from (Stop(new, (each,)) for each in mixable if each not in new)
    if len(mixable) > 1:
        yield all_at_once(rolled)


def all_at_once(rolled: Roles) -> Stop:
    """Return the stop at which all roles that can be mixed are, and those that are added are there, too."""
    return Stop(rolled.added, rolled.mixable)


def _reference(subject: Subject) -> str:
    if isinstance(subject, OfEvaluations):
        return reference_to(subject.protocol)
    if isinstance(subject, OfDesign):
        return reference_to(subject.design)
    raise UsageError(f"A {type(subject).__name__} is neither a protocol nor a design; roll out one of these.")


def _named(names: Sequence[str], stop: Stop) -> str:
    return BETWEEN.join((*names, stop.parts))


def _at(scenario: Scenario, names: Sequence[str], stop: Stop) -> Scenario:
    return replace(scenario, protocol=_named(names, stop))


def _or_raise(found: CheckResult | ModelError) -> CheckResult:
    if isinstance(found, ModelError):
        raise found
    return found


def _with(result: CheckResult, verdict: Verdict) -> tuple[str, ...]:
    return tuple(each.property for each in result.outcomes if each.verdict is verdict)


def _result(stop: Stop, found: CheckResult | ModelError, missed_anyway: set[str]) -> StopResult:
    if isinstance(found, ModelError):
        return StopResult(stop, fails=str(found))
    missed = tuple(each for each in found.labels_not_reached if each not in missed_anyway)
    shown: dict[str, Counterexample] = {}
    for each in found.outcomes:
        if each.counterexample is not None:
            shown.setdefault(plain_name(each.property), each.counterexample)
    return StopResult(
        stop,
        _plain(_with(found, Verdict.VIOLATED)),
        _plain(_with(found, Verdict.INCONCLUSIVE)),
        missed if found.is_whole else (),
        None,
        shown,
        found.exploration.states,
    )


def _plain(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return properties by the names that both versions have for them, each once, in whichever reading."""
    return tuple(dict.fromkeys(map(plain_name, names)))
