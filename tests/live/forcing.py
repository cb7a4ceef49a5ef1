"""The pairs of the forcing campaign: each built-in protocol, with each fault that can happen to it and with none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from deadheat.live.forcing.replay import TOPOLOGIES, LiveOptions, compare_live, replay_live
from deadheat.live.place import Place
from deadheat.live.results import LiveResult
from deadheat.models import faults as kinds
from deadheat.models.components.stream import EventStream
from deadheat.models.faults import FAULTS
from deadheat.scenarios.catalogue import DEFAULT_PROTOCOLS, find_protocol
from deadheat.scenarios.check import Verdict, check
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.run.simulation import run_randomly
from deadheat.sim.trace import Trace
from tests.breadth import drawn

NO_FAULT = "none"
THREADS, PROGRAMS = TOPOLOGIES
STEPS_MAX = 60
SEEDS = 3_000

OF_A_CLEANUP = (kinds.CLEANUP_CRASH, kinds.CLEANUP_LOSS)
OF_SWEEPS = (kinds.STALE_LIST, kinds.OVERLAPPING_SWEEPS)
OF_A_WATCH = (kinds.WATCH_LOSS, kinds.WATCH_DUPLICATE)


@dataclass(frozen=True, slots=True)
class Pair:
    """A protocol and a fault, or NO_FAULT; `topology` is where it is forced."""

    protocol: str
    fault: str
    topology: str

    def __str__(self) -> str:
        return f"{self.protocol}-{self.fault}-{self.topology}"

    @property
    def scenario(self) -> Scenario:
        """What is checked: one evaluation, and the fault once."""
        return Scenario(self.protocol, faults=() if self.fault == NO_FAULT else ((self.fault, 1),))


def applies(protocol: str, fault: str) -> bool:
    """Return whether a fault can happen to a protocol; a test holds this to what is explored."""
    watches, sweeps = find_protocol(protocol).watches_jobs, "orphan-cleanup" in protocol
    if fault in OF_A_CLEANUP:
        return watches or sweeps
    if fault in OF_SWEEPS:
        return sweeps
    if fault in OF_A_WATCH:
        return watches
    if fault == kinds.LEASE_EXPIRY:
        return find_protocol(protocol).leases
    return not (fault == kinds.STALE_STATUS and issubclass(find_protocol(protocol).status, EventStream))


def pairs(topology: str) -> Iterator[Pair]:
    """Yield all pairs of the campaign."""
    for protocol in DEFAULT_PROTOCOLS:
        yield Pair(protocol, NO_FAULT, topology)
        yield from (Pair(protocol, fault, topology) for fault in FAULTS if applies(protocol, fault))


def part_of(day: str, counts: Mapping[str, int]) -> list[Pair]:
    """Return the part of the campaign that is forced on a day: so many pairs of each topology."""
    return [pair for topology, count in counts.items() for pair in drawn(day, topology, pairs(topology), count)]


def force_pair(place: Place, pair: Pair) -> list[LiveResult]:
    """Force every counterexample that meets the fault, and a random schedule that does; return what came of them.

    Programs take seconds to start, so of those it is the longest counterexample, or else the random schedule.
    """
    options = LiveOptions(topology=pair.topology)
    checked = check(pair.scenario)
    found = [each.counterexample for each in checked.outcomes if each.counterexample is not None]
    meeting = [each for each in found if meets(each.trace, pair.fault)]
    if pair.topology == PROGRAMS and meeting:
        return [replay_live(place, max(meeting, key=lambda each: len(each.trace.events)), options)]
    holding = [each.property for each in checked.outcomes if each.verdict is not Verdict.VIOLATED]
    drawn = compare_live(place, pair.scenario, random_run(pair).schedule, holding, options)
    return [*(replay_live(place, each, options) for each in meeting), drawn]


def random_run(pair: Pair) -> Trace:
    """Return the first random run, by its seed, that meets the fault."""
    model = pair.scenario.model()
    for seed in range(1, SEEDS):
        _, trace = run_randomly(model, seed, STEPS_MAX)
        if meets(trace, pair.fault):
            return trace
    raise AssertionError(f"no random run of {pair} meets the fault")


def meets(trace: Trace, fault: str) -> bool:
    """Return whether a run meets the fault, or any at all will do."""
    return fault == NO_FAULT or any(each.fault == fault for each in trace.events)
