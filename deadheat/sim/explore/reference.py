"""The reference search: slow, obvious, and sharing nothing with the tables.

Each state is a schedule. To look at it, the whole system is run through simpy from the start; nothing is learned,
kept or packed. Histories are not merged unless asked for. What the other searches say must agree with this one.
"""

from __future__ import annotations

from collections.abc import Hashable

from deadheat.sim.coverage import Site, site_of
from deadheat.sim.explore.results import Exploration, Limits, Progress, Report
from deadheat.sim.graphs import terminal_components
from deadheat.sim.model import Kind, Model, Property
from deadheat.sim.simulation import Simulation, Transition
from deadheat.sim.trace import Choice, Schedule

__all__ = ["explore"]

Choices = tuple[Choice, ...]


def explore(
    model: Model, limits: Limits = Limits(), *, merging: bool = False, report: Report | None = None
) -> Exploration:
    """Explore a model breadth first, by running every prefix of every schedule anew (see `Explorer`)."""
    search = _Search(model, merging)
    complete = search.run(limits, report)
    if complete:
        search.check_settled()
    return search.result(complete)


class _Search:
    """One search at work: `edges` holds, for each state seen, the states that its owed steps lead to."""

    def __init__(self, model: Model, merging: bool) -> None:
        self.model = model
        self.merging = merging
        self.seen: dict[Hashable, Choices] = {}
        self.edges: dict[Hashable, list[Hashable]] = {}
        self.found: dict[str, Choices] = {}
        self.settled_violations: dict[str, list[Hashable]] = {}
        self.transitions = 0
        self.reached: set[Site] = set()
        self.labels: set[str] = set()
        self.faults: set[str] = set()

    def run(self, limits: Limits, report: Report | None) -> bool:
        """Search until there is nothing new, or a limit is reached; return whether all was seen."""
        start = Simulation(self.model)
        waiting: list[tuple[Hashable, Choices]] = [(start.state(merging=self.merging), ())]
        self.seen[waiting[0][0]] = ()
        for state, choices in waiting:
            simulation = self._run(choices)
            self._check_state(state, simulation, choices)
            self.edges[state] = []
            for transition in simulation.transitions():
                following = (*choices, transition.choice)
                after = self._take(transition, choices, following)
                if transition.owed:
                    self.edges[state].append(after)
                if after not in self.seen:
                    self.seen[after] = following
                    waiting.append((after, following))
            if report:
                report(Progress(len(self.seen), self.transitions, len(waiting) - len(self.edges), len(choices)))
            if len(self.seen) > limits.states_max:
                return False
        return True

    def check_settled(self) -> None:
        """Find the terminal components of the graph of owed steps in which a property is violated throughout."""
        terminal = terminal_components(self.edges)
        for name, states in self.settled_violations.items():
            violating = set(states)
            lost = [members for members in terminal if members <= violating]
            quiescent = [members for members in lost if len(members) == 1]
            settled = {state for members in (quiescent or lost) for state in members}
            if settled:
                self.found[name] = min((self.seen[state] for state in settled), key=len)

    def result(self, complete: bool) -> Exploration:
        """Return what was found."""
        return Exploration(
            explorer="reference",
            states=len(self.seen),
            transitions=self.transitions,
            depth=max(len(choices) for choices in self.seen.values()),
            complete=complete,
            counterexamples={name: Schedule(choices) for name, choices in self.found.items()},
            reached=frozenset(self.reached),
            labels_reached=frozenset(self.labels),
            faults_fired=frozenset(self.faults),
            reductions=("merging",) if self.merging else (),
        )

    def _run(self, choices: Choices) -> Simulation:
        simulation = Simulation(self.model)
        for choice in choices:
            simulation.fire(choice)
        return simulation

    def _take(self, transition: Transition, choices: Choices, following: Choices) -> Hashable:
        self.transitions += 1
        simulation = self._run(choices)
        before = dict(simulation.values)
        self._cover(simulation, transition)
        simulation.fire(transition.choice)
        for prop in self._undecided(Kind.STEP):
            if prop.violation(before, simulation.values) is not None:
                self.found[prop.name] = following
        return simulation.state(merging=self.merging)

    def _check_state(self, state: Hashable, simulation: Simulation, choices: Choices) -> None:
        for prop in self._undecided(Kind.ALWAYS):
            if prop.violation(simulation.values) is not None:
                self.found[prop.name] = choices
        for prop in self._undecided(Kind.SETTLED):
            if prop.violation(simulation.values) is not None:
                self.settled_violations.setdefault(prop.name, []).append(state)

    def _undecided(self, kind: Kind) -> list[Property]:
        return [each for each in self.model.properties if each.kind is kind and each.name not in self.found]

    def _cover(self, simulation: Simulation, transition: Transition) -> None:
        if transition.step.fault is not None:
            self.faults.add(transition.step.fault)
        generator = simulation.processes[transition.choice.process].generator
        if transition.operation is not None and generator is not None:
            self.reached.add(site_of(generator))
            if transition.operation.label is not None:
                self.labels.add(transition.operation.label)
