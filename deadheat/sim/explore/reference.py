"""The reference search: slow, obvious, and sharing nothing with the tables.

Each state is a schedule. To look at it, the whole system is run through simpy from the start; nothing is learned,
kept or packed. Histories are not merged unless asked for. What the other searches say must agree with this one.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from deadheat.sim.errors import PurityError, ReplayDivergedError
from deadheat.sim.explore.cycles.fairness import Edge, FairGraph
from deadheat.sim.explore.cycles.graphs import terminal_components
from deadheat.sim.explore.limits import limit_reached
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.results import Exploration, Progress, Report
from deadheat.sim.explore.stop import Stop
from deadheat.sim.freeze import freeze
from deadheat.sim.model import Kind, Model, Property
from deadheat.sim.rules.shared_state import SharedState
from deadheat.sim.run.coverage import Site, site_of
from deadheat.sim.run.simulation import Simulation, Transition
from deadheat.sim.trace import Choice, Schedule

__all__ = ["explore"]

Choices = tuple[Choice, ...]


def explore(model: Model, options: SearchOptions = SearchOptions(), report: Report | None = None) -> Exploration:
    """Explore a model breadth first, by running every prefix of every schedule anew (see `Explorer`)."""
    shared = SharedState(model)
    search = _Search(model, merging=bool(options.merging))
    try:
        stopped = search.run(options, report)
    except ReplayDivergedError as error:
        raise PurityError(f"Some role or component is not pure: the same steps led elsewhere. {error}") from error
    shared.require_unchanged()
    if not stopped:
        search.check_settled()
        search.check_for_ever()
    return search.result(stopped)


class _Search:
    """One search at work: `edges` holds, for each state seen, all its transitions."""

    def __init__(self, model: Model, *, merging: bool) -> None:
        self.model = model
        self.merging = merging
        self.seen: dict[Hashable, Choices] = {}
        self.edges: dict[Hashable, list[Edge[Hashable]]] = {}
        self.found: dict[str, Schedule] = {}
        self.violating: dict[tuple[str, int], list[Hashable]] = {}
        self.transitions = 0
        self.reached: set[Site] = set()
        self.labels: set[str] = set()
        self.faults: set[str] = set()
        self.values: dict[str, dict[Hashable, Any]] = {name: {} for name in model.components}

    def run(self, options: SearchOptions, report: Report | None) -> Stop | None:
        """Search until there is nothing new, or a limit is reached; return which one was."""
        start = Simulation(self.model)
        waiting: list[tuple[Hashable, Choices]] = [(start.state(merging=self.merging), ())]
        self.seen[waiting[0][0]] = ()
        for state, choices in waiting:
            simulation = self._run(choices)
            self._check_state(state, simulation, choices)
            self.edges[state] = []
            for number, transition in enumerate(simulation.transitions()):
                following = (*choices, transition.choice)
                # The first goes on in the run that was looked at; each other one has a run of its own.
                after = self._take(transition, simulation if number == 0 else self._run(choices), following)
                fault = transition.step.fault is not None
                self.edges[state].append(Edge(after, transition.choice, transition.owed, fault))
                if after not in self.seen:
                    self.seen[after] = following
                    waiting.append((after, following))
            if report:
                report(Progress(len(self.seen), self.transitions, len(waiting) - len(self.edges), len(choices)))
            stopped = limit_reached(options, len(self.seen))
            if stopped:
                return stopped
        return None

    def check_settled(self) -> None:
        """Find the terminal components of owed steps in which one part of a property is violated throughout."""
        owed = {state: [edge.target for edge in edges if edge.owed] for state, edges in self.edges.items()}
        terminal = terminal_components(owed)
        for prop in self._all_of(Kind.SETTLED):
            violating = [set(self.violating.get((prop.name, part), ())) for part in range(len(prop.singles))]
            lost = [members for members in terminal if any(members <= each for each in violating)]
            quiescent = [members for members in lost if len(members) == 1]
            settled = {state for members in (quiescent or lost) for state in members}
            if settled:
                self.found[prop.name] = Schedule(min((self.seen[state] for state in settled), key=len))

    def check_for_ever(self) -> None:
        """Find the fair cycles in which a part of a property is violated throughout."""
        for prop in self._all_of(Kind.EVENTUALLY):
            for faults in (False,) if self.model.quiet else (False, True):
                lassos = [self._lasso(prop.name, part, faults) for part in range(len(prop.singles))]
                found = [each for each in lassos if each is not None]
                if found and prop.name not in self.found:
                    self.found[prop.name] = min(found, key=lambda each: each.cycle_from or 0)

    def _lasso(self, name: str, part: int, faults: bool) -> Schedule | None:
        inside = {state: self.edges[state] for state in self.violating.get((name, part), ())}
        graph = FairGraph(inside, faults=faults)
        fair = {state: component for component in graph.components() for state in component}
        if not fair:
            return None
        first = min(fair, key=lambda state: len(self.seen[state]))
        stem = self.seen[first]
        return Schedule(stem + tuple(graph.tour(fair[first], first)), cycle_from=len(stem))

    def _all_of(self, kind: Kind) -> list[Property]:
        return [each for each in self.model.properties if each.kind is kind]

    def result(self, stopped: Stop | None) -> Exploration:
        """Return what was found."""
        return Exploration(
            explorer="reference",
            states=len(self.seen),
            transitions=self.transitions,
            depth=max(len(choices) for choices in self.seen.values()),
            complete=not stopped,
            stopped=stopped,
            counterexamples=dict(self.found),
            reached=frozenset(self.reached),
            labels_reached=frozenset(self.labels),
            faults_fired=frozenset(self.faults),
            reductions=("merging",) if self.merging else (),
            values={name: list(values.values()) for name, values in self.values.items()},
        )

    def _run(self, choices: Choices) -> Simulation:
        simulation = Simulation(self.model)
        for choice in choices:
            simulation.fire(choice)
        return simulation

    def _take(self, transition: Transition, simulation: Simulation, following: Choices) -> Hashable:
        self.transitions += 1
        before = dict(simulation.values)
        self._cover(simulation, transition)
        simulation.fire(transition.choice)
        for prop in self._undecided(Kind.STEP):
            if prop.violated(before, simulation.values) is not None:
                self.found[prop.name] = Schedule(following)
        return simulation.state(merging=self.merging)

    def _check_state(self, state: Hashable, simulation: Simulation, choices: Choices) -> None:
        for name, value in simulation.values.items():
            self.values[name].setdefault(freeze(value), value)
        for prop in self._undecided(Kind.ALWAYS):
            if prop.violated(simulation.values) is not None:
                self.found[prop.name] = Schedule(choices)
        for prop in (*self._undecided(Kind.SETTLED), *self._undecided(Kind.EVENTUALLY)):
            for number, single in enumerate(prop.singles):
                if single.violated(simulation.values) is not None:
                    self.violating.setdefault((prop.name, number), []).append(state)

    def _undecided(self, kind: Kind) -> list[Property]:
        return [each for each in self.model.properties if each.kind is kind and each.name not in self.found]

    def _cover(self, simulation: Simulation, transition: Transition) -> None:
        if transition.step.fault is not None:
            self.faults.add(transition.step.fault)
        generator = simulation.processes[transition.choice.process].generator
        if transition.operation is not None and generator is not None:
            self.reached.update((site_of(generator), *(made.site for made in transition.step.inside)))
            if transition.operation.label is not None:
                self.labels.add(transition.operation.label)
