"""A run that somebody makes by hand, step by step: what is enabled, what it does, and how every property then stands.

Each step is executed through simpy. What is ahead (lost, still possible, out of reach; the way to the next violation)
is looked up in the whole state graph, where that is small enough; of a larger one, only the present is told.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from deadheat.scenarios.check import Counterexample
from deadheat.scenarios.scenario import Scenario
from deadheat.scenarios.standing import Judged, Standing, for_ever, judged
from deadheat.scenarios.state_graph import VALUES_MAX, StateGraph, state_graph, too_large
from deadheat.scenarios.trace_file import save
from deadheat.sim.counting import counted
from deadheat.sim.errors import DeadheatError, ReplayDivergedError, UsageError, unknown_name
from deadheat.sim.explain.confirm import violation_of
from deadheat.sim.explore.stop import Stop
from deadheat.sim.model import UNLIMITED, Kind, Model, Property
from deadheat.sim.run.describing import described
from deadheat.sim.run.simulation import Simulation, event_of, replay
from deadheat.sim.trace import Choice, Event, Schedule

__all__ = ["STATES_MAX", "ByHand", "Enabled", "How", "Position", "Stands"]

STATES_MAX = 20_000
"""So many states are looked at ahead: some seconds."""


class How(StrEnum):
    """How a property stands; where several are so, the first of these.

    It is violated here, or was on the way; or, by what can come: every way on violates it, faults aside; some does;
    only some with a fault does; none does. What can come is open where there are too many states to look ahead.
    """

    VIOLATED = "violated"
    WAS_VIOLATED = "was-violated"
    LOST = "lost"
    POSSIBLE = "possible"
    BY_FAULT = "by-fault"
    HOLDS = "holds"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Stands:
    """How a property stands after a step: `why` is how it is violated, in a phrase, and `since` after which step."""

    property: str
    how: How
    why: str | None = None
    since: int | None = None


@dataclass(frozen=True, slots=True)
class Enabled:
    """A step that could be made, and what would then happen. What is not `owed` need not happen."""

    choice: Choice
    event: Event
    owed: bool


@dataclass(frozen=True, slots=True)
class Position:
    """Where a run stands: everything that there is to see, so that nothing of the user's runs while it is printed.

    `at` of its `steps` are made. `values` are what each component holds, in words, and `before` what it held before the
    last step. `sees_ahead` tells whether the state graph was small enough for what is ahead to be told.
    """

    scenario: Scenario
    model: Model
    at: int
    steps: int
    events: tuple[Event, ...]
    values: Mapping[str, str]
    before: Mapping[str, str]
    stands: tuple[Stands, ...]
    enabled: tuple[Enabled, ...]
    sees_ahead: bool

    @property
    def last(self) -> Event | None:
        """The last step, if one was made."""
        return self.events[-1] if self.events else None

    @property
    def is_violated(self) -> bool:
        """Whether some property is violated here."""
        return any(each.how is How.VIOLATED for each in self.stands)


class ByHand:
    """A run, of which `at` steps are made; those behind, that were made before or are a trace's, can be jumped to.

    What is done is done wholly or not at all: where a role fails meanwhile, or cannot be gone on with, the run stands
    where it stood before.
    """

    def __init__(
        self,
        scenario: Scenario,
        choices: Sequence[Choice] = (),
        states_max: int = STATES_MAX,
        values_max: int = VALUES_MAX,
    ) -> None:
        self.scenario = scenario
        self.choices = list(choices)
        self.at = 0
        self._states_max = states_max
        self._values_max = values_max
        self._begin(scenario)

    def _begin(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.model = scenario.model()
        self._graph: StateGraph | Stop | None = None
        self._judged: dict[str, Judged] = {}
        self._restart()

    def _restart(self) -> None:
        self.at = 0
        self._position: Position | None = None
        self._simulation = Simulation(self.model)
        self.events: list[Event] = []
        self._before: dict[str, Any] = {}
        self._wrong: list[dict[str, str]] = [self._violated({}, self._simulation.values)]

    # What there is to see

    @property
    def position(self) -> Position:
        """Where the run stands."""
        if self._position is None:
            self._position = self._seen()
        return self._position

    def _seen(self) -> Position:
        return Position(
            scenario=self.scenario,
            model=self.model,
            at=self.at,
            steps=len(self.choices),
            events=tuple(self.events),
            values=self._described(self._simulation.values),
            before=self._described(self._before),
            stands=tuple(self.stands),
            enabled=tuple(self.enabled),
            sees_ahead=self._ahead() is not None,
        )

    @property
    def enabled(self) -> list[Enabled]:
        """The steps that could be made, in the order of the model's processes."""
        values = self._simulation.values
        return [
            Enabled(each.choice, event_of(self.model, each.choice, each.operation, each.step, values), each.owed)
            for each in self._simulation.transitions()
        ]

    @property
    def stands(self) -> list[Stands]:
        """How every property stands."""
        graph = self._ahead()
        number = None if graph is None else graph.along(tuple(self.choices[: self.at]))[-1]
        return [self._stands(each, number) for each in self.model.properties]

    @property
    def counterexample(self) -> Counterexample | None:
        """What was run so far, as a counterexample to a property that it violates at its end.

        Where that is one of runs that never end, it is followed by what can go on for ever from here.
        """
        for prop in self.model.properties:
            schedule = Schedule(tuple(self.choices[: self.at]))
            if prop.kind is Kind.EVENTUALLY:
                schedule = Schedule((*schedule.choices, *self._for_ever(prop)), cycle_from=self.at)
            if (why := violation_of(self.model, prop.name, schedule)) is not None:
                scenario = replace(self.scenario, properties=(prop.name,))
                return Counterexample(scenario, prop.name, why, replay(self.model, schedule)[1])
        return None

    def _for_ever(self, prop: Property) -> list[Choice]:
        """Return what can be repeated for ever from here, a property violated; nothing where the run ends here."""
        graph = self._ahead()
        if graph is None:
            return []
        watch = next(each for each in graph.tables.watches if each.property.name == prop.name)
        return for_ever(graph, watch, graph.along(tuple(self.choices[: self.at]))[-1]) or []

    # What can be done

    def choose(self, number: int) -> None:
        """Make the enabled step of that number, from 1; raises UsageError where there is none."""
        enabled = self.enabled
        if not enabled:
            raise UsageError("No step is enabled here, the run has ended; go back, or allow a fault.")
        if not 1 <= number <= len(enabled):
            raise UsageError(f"There is no step {number} here; there are {len(enabled)}, from 1 on.")
        with self._wholly():
            self._take(enabled[number - 1].choice)

    def back(self, steps: int = 1) -> None:
        """Undo steps, which can be jumped to again."""
        if not 1 <= steps <= self.at:
            made = f"only {counted(self.at, 'step')} were made" if self.at else "no step was made yet"
            raise UsageError(f"{counted(steps, 'step')} cannot be undone; {made}.")
        self.jump(self.at - steps)

    def jump(self, at: int) -> None:
        """Go to where so many steps are made: of this run, or of the trace that it began with."""
        if not 0 <= at <= len(self.choices):
            raise UsageError(f"There is no step {at} in this run; it has {counted(len(self.choices), 'step')}.")
        with self._wholly():
            self._go_to(at)

    def inject(self, kind: str) -> list[Enabled]:
        """Allow one more fault of a kind, and make it happen where only one step meets it; return those that do."""
        faults = self.scenario.subject.faults
        if kind not in faults:
            raise unknown_name("fault", kind, faults)
        budget = self.scenario.budgets.get(kind, 0)
        with self._wholly():
            if budget != UNLIMITED and not self._meeting(kind):
                at = self.at
                self._begin(replace(self.scenario, faults=tuple({**self.scenario.budgets, kind: budget + 1}.items())))
                try:
                    self._go_to(at)
                except UsageError:
                    raise UsageError(
                        f"This run is not possible where {kind} is; begin anew with that fault allowed."
                    ) from None
            meeting = self._meeting(kind)
            if len(meeting) == 1:
                self._take(meeting[0].choice)
        return meeting

    def run(self, name: str | None = None) -> str | None:
        """Go the shortest way on to where a property (the named one) becomes violated; return which, or None."""
        if name is not None and name not in (names := [each.name for each in self.model.properties]):
            raise unknown_name("property", name, names)
        graph = self._ahead()
        if graph is None:
            assert isinstance(self._graph, Stop)
            advice = "ask for fewer evaluations or faults, or for more states"
            raise too_large(self._graph, self._states_max, "to look ahead", advice, about="states_max")
        already = {each.property for each in self.stands if each.how in (How.VIOLATED, How.WAS_VIOLATED)}
        wanted = [each for each in self.model.properties if each.name not in already and name in (None, each.name)]
        way = self._way_to(graph, wanted)
        if way is None:
            return None
        with self._wholly():
            for choice in way[0]:
                self._take(choice)
        return way[1]

    def save(self, path: Path) -> Counterexample:
        """Save the run so far as a trace; raises UsageError where nothing is violated at its end."""
        found = self.counterexample
        if found is None:
            raise UsageError(
                "Nothing is violated after these steps, and a trace is proof of a violation; run on to one, or keep "
                "the commands."
            )
        save(found, path)
        return found

    # How it is done

    @contextmanager
    def _wholly(self) -> Iterator[None]:
        """Do something, up to where the run then stands, or undo it: nothing goes on from a process that failed."""
        choices, at = list(self.choices), self.at
        before = self.scenario, self.model, self._graph, self._judged
        try:
            yield
            self._position = self._seen()
        except DeadheatError:
            self.choices = choices
            self.scenario, self.model, self._graph, self._judged = before
            self._restart()
            self._go_to(at)
            raise

    def _go_to(self, at: int) -> None:
        if at < self.at:
            self._restart()
        while self.at < at:
            try:
                self._make(self.choices[self.at])
            except ReplayDivergedError as error:
                raise UsageError(f"Step {self.at + 1} of this run cannot be made any more: {error}") from None

    def _take(self, choice: Choice) -> None:
        if self.choices[self.at : self.at + 1] != [choice]:  # another way than before: what came behind is no run
            del self.choices[self.at :]
            self.choices.append(choice)
        self._make(choice)

    def _make(self, choice: Choice) -> None:
        self._before = dict(self._simulation.values)
        self.events.append(self._simulation.record(choice))
        self.at += 1
        self._position = None
        self._wrong.append(self._violated(self._before, self._simulation.values))

    def _violated(self, before: dict[str, Any], after: dict[str, Any]) -> dict[str, str]:
        """Return how properties are violated at present, and by the last step."""
        found = {}
        for each in self.model.properties:
            if each.kind is not Kind.STEP:
                why = each.violated(after)
            else:
                why = each.violated(before, after) if before else None
            if why is not None:
                found[each.name] = why
        return found

    def _described(self, values: Mapping[str, Any]) -> dict[str, str]:
        return {name: described(self.model.component(name), each) for name, each in values.items()}

    def _meeting(self, kind: str) -> list[Enabled]:
        return [each for each in self.enabled if each.event.fault == kind]

    def _ahead(self) -> StateGraph | None:
        if self._graph is None:
            found = state_graph(self.model, self._states_max, values_max=self._values_max)
            if not isinstance(found, Stop):
                self._judged = {each.property.name: judged(found, each) for each in found.tables.watches}
            self._graph = found
        return None if isinstance(self._graph, Stop) else self._graph

    def _stands(self, prop: Property, number: int | None) -> Stands:
        name, now = prop.name, self._wrong[-1].get(prop.name)
        standing = None if number is None else self._judged[name].standings[number]
        if prop.kind in (Kind.ALWAYS, Kind.STEP):
            if now is not None:
                return Stands(name, How.VIOLATED, now, self.at)
            since = next((step for step, wrong in enumerate(self._wrong) if name in wrong), None)
            if since is not None:
                return Stands(name, How.WAS_VIOLATED, self._wrong[since][name], since)
        elif standing is not None and standing & Standing.VIOLATED:
            return Stands(name, How.VIOLATED, now, self.at)
        if standing is None:
            return Stands(name, How.OPEN, now)
        for flag, how in (
            (Standing.LOST, How.LOST),
            (Standing.REACHABLE, How.POSSIBLE),
            (Standing.BY_FAULT, How.BY_FAULT),
        ):
            if standing & flag:
                return Stands(name, how, now)
        return Stands(name, How.HOLDS, now)

    def _way_to(self, graph: StateGraph, wanted: Sequence[Property]) -> tuple[list[Choice], str] | None:
        """Return the shortest way on by which one of these becomes violated, and which does."""
        watches = {each.property.name: each for each in graph.tables.watches}
        steps = [watches[each.name] for each in wanted if each.kind is Kind.STEP]
        lasting = [each.name for each in wanted if each.kind is not Kind.STEP]
        start = graph.along(tuple(self.choices[: self.at]))[-1]
        came_by: dict[int, tuple[int, Choice]] = {}
        waiting = deque([start])
        while waiting:
            number = waiting.popleft()
            for move in graph.moves[number]:
                target, choice = move.target, move.successor.choice
                states = graph.states[number], graph.states[target]
                broken = [each.property.name for each in steps if each.violated_by(*states)]
                broken += [each for each in lasting if self._judged[each].standings[target] & Standing.VIOLATED]
                if broken:
                    way = [choice]
                    while number != start:
                        number, choice = came_by[number]
                        way.append(choice)
                    return way[::-1], broken[0]
                if target != start and target not in came_by:
                    came_by[target] = (number, choice)
                    waiting.append(target)
        return None
