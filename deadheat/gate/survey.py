"""Making a survey: everything that the gate compares, of one check; and a witness to one thing that was found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from deadheat.gate.asked import scenario_of
from deadheat.gate.claims import texts_of
from deadheat.gate.config import UP_TO_MAX, WITHOUT_END, Check
from deadheat.gate.surveys import Budgets, Judged, Mutant, Step, Survey, Witness
from deadheat.scenarios.check import INTERRUPTIBLE, CheckResult, Counterexample, Options, Verdict, check
from deadheat.scenarios.frontier import Frontier, frontiers
from deadheat.scenarios.mutate import MutantResult, hunt_of, judge_all
from deadheat.scenarios.narrate import closing_sentence
from deadheat.scenarios.scenario import Scenario, require_steps_or_faults
from deadheat.sim.errors import UsageError, unknown_name
from deadheat.sim.explain.turning_point import can_be_avoided, turning_point
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.stop import Limit
from deadheat.sim.explore.system import Reached, transition_system
from deadheat.sim.model import UNLIMITED
from deadheat.sim.places import Place, is_users_frame, place_of
from deadheat.sim.run.coverage import chain_of
from deadheat.sim.run.simulation import Simulation
from deadheat.sim.trace import Schedule

__all__ = ["options_of", "survey", "witness", "witness_of"]

SYSTEM_STATES_MAX = 200_000
"""Of a system with more states, no fingerprint is made: that would take longer than the search."""

WIDTH = 100


def options_of(asked: Check) -> Options:
    """Return how a check is to be searched; raises UsageError for a step or fault that there is not."""
    allowed = require_steps_or_faults(asked.allow_unreached, [scenario_of(asked)])
    return Options(replace(INTERRUPTIBLE, states_max=asked.max_states), allowed, faults_must_fire=True)


def survey(asked: Check) -> Survey:
    """Check, break and mutate what a check names.

    Raises what `check` raises, and UsageError for what the check names and there is not.
    """
    scenario = scenario_of(asked)
    options = options_of(asked)
    result = check(scenario, options)
    model = scenario.model()
    system = transition_system(model, SearchOptions(min(SYSTEM_STATES_MAX, asked.max_states), values_max=0))
    reached = None if system is None else system.reached
    missing = dict(_missing(asked, scenario, result, reached))
    return Survey(
        system=None if system is None else system.fingerprint(),
        sources="",  # for whoever knows which files were read
        states=result.exploration.states,
        transitions=result.exploration.transitions,
        properties=_judged(result, _broken(asked, scenario, result, options)),
        missed=tuple(sorted(result.missed)),
        not_reached=tuple(name for name, decided in missing.items() if decided),
        undecided_reach=tuple(name for name, decided in missing.items() if not decided),
        mutants=dict(_mutants(scenario, options)) if asked.mutants else {},
        why=_why(result),
        faults=_budgets(scenario.faults),
        kinds=tuple(sorted(scenario.subject.faults)),
        quiet=scenario.quiet,
        claims=texts_of(model.properties),
    )


def _why(result: CheckResult) -> str | None:
    if all(each.verdict is not Verdict.INCONCLUSIVE for each in result.outcomes):
        return None
    stopped = result.exploration.stopped
    if stopped is not None:
        return stopped.told("max_states" if stopped.limit is Limit.STATES else None)
    return "; ".join(result.exploration.remarks) or "a limit"


def _broken(asked: Check, scenario: Scenario, result: CheckResult, options: Options) -> dict[str, Frontier]:
    """Return what breaks each property: of one that holds, what more is needed; of another, what is enough."""
    violated = tuple(each.property for each in result.outcomes if each.verdict is Verdict.VIOLATED)
    holding = tuple(each.property for each in result.outcomes if each.verdict is not Verdict.VIOLATED)
    options = replace(options, faults_must_fire=False)
    found: list[Frontier] = []
    if asked.up_to and holding:
        found += frontiers([replace(scenario, properties=holding)], asked.up_to, options)
    allowed = [(kind, budget) for kind, budget in scenario.faults if budget]
    if violated and allowed:
        most = min(UP_TO_MAX, sum(1 if budget == UNLIMITED else budget for _, budget in allowed))
        kinds = [kind for kind, _ in allowed]
        without = replace(scenario, properties=violated, faults=tuple((kind, 0) for kind in kinds))
        found += frontiers([without], most, options, only=kinds)
    return {each.property: each for each in found}


def _judged(result: CheckResult, broken: dict[str, Frontier]) -> dict[str, Judged]:
    judged = {}
    for outcome in sorted(result.outcomes, key=lambda each: each.property):
        found = broken.get(outcome.property)
        counterexample = outcome.counterexample
        judged[outcome.property] = Judged(
            verdict=outcome.verdict.value,
            length=None if counterexample is None else len(counterexample.trace.events),
            breaking=tuple(sorted((_budgets(each) for each in found.breaking), key=_order)) if found else (),
            undecided=tuple(sorted((_budgets(each) for each in found.undecided), key=_order)) if found else (),
        )
    return judged


def _budgets(faults: tuple[tuple[str, int], ...]) -> Budgets:
    return {kind: WITHOUT_END if budget == UNLIMITED else budget for kind, budget in sorted(faults)}


def _order(faults: Budgets) -> tuple[int, list[tuple[str, str]]]:
    return sum(each for each in faults.values() if isinstance(each, int)), sorted(
        (kind, str(budget)) for kind, budget in faults.items()
    )


def _mutants(scenario: Scenario, options: Options) -> Iterator[tuple[str, Mutant]]:
    """Yield what became of each mutant, by what it is: two that read alike are told apart by their order."""
    options = replace(options, search=replace(options.search, explorer="python"), faults_must_fire=False)
    hunt = hunt_of(scenario, options)
    seen: dict[str, int] = {}
    for each in judge_all(hunt, options):
        name = _name_of(each)
        seen[name] = seen.get(name, 0) + 1
        numbered = name if seen[name] == 1 else f"{name} (number {seen[name]})"
        yield numbered, Mutant(each.fate.value, tuple(sorted({one.property for one in each.noticed_by})))


def _name_of(result: MutantResult) -> str:
    place = result.mutation.place
    return f"{place.role}, {place.what}: {result.mutation.change}"


# What must be reached


def _missing(
    asked: Check, scenario: Scenario, result: CheckResult, reached: Reached | None
) -> Iterator[tuple[str, bool]]:
    """Yield what must be reached and was not; with whether that was decided."""
    found = set(scenario.subject.labels) - set(result.labels_not_reached) | result.exploration.faults_fired
    known = (*scenario.subject.steps_and_faults,)
    for name in asked.must_reach:
        if name in found or (reached is not None and _is_reached(name, reached)):
            continue
        if reached is None:
            yield name, result.is_whole and name in known
            continue
        _require_known(name, scenario, known)
        yield name, True


def _is_reached(name: str, reached: Reached) -> bool:
    what, equals, value = (part.strip() for part in name.partition("="))
    if not equals:
        return name in reached.steps
    if (what, value) in reached.outcomes:
        return True
    return any(value == text and what in (of, of.partition("/")[0]) for of, text in reached.states)


def _require_known(name: str, scenario: Scenario, known: tuple[str, ...]) -> None:
    """Raise UsageError for a name that no run of this protocol, whatever it did, could reach."""
    from deadheat.sim.components import operations_in

    model = scenario.model()
    operations = [f"{each.name}.{one}" for each in model.components.values() for one in operations_in(type(each))]
    what, equals, _ = (part.strip() for part in name.partition("="))
    components = [own for each, part in model.components.items() for own in (each, part.name)] if equals else []
    names = list(dict.fromkeys((*known, *operations, *components)))
    if what not in names:
        raise unknown_name(
            f"step, operation, component or fault of {scenario.protocol} (named by `must_reach`)", what, names
        )


# Witnesses


def witness(asked: Check, name: str, faults: Budgets) -> Witness:
    """Return a shortest counterexample to the named property, with the faults of the check and these as well.

    Raises UsageError where there is none (any more).
    """
    scenario = scenario_of(asked)
    together = dict(scenario.faults)
    for kind, budget in faults.items():
        if budget == WITHOUT_END:
            together[kind] = UNLIMITED
        elif together.get(kind) != UNLIMITED:
            together[kind] = together.get(kind, 0) + int(budget)
    scenario = replace(scenario, faults=tuple(together.items()), properties=(name,))
    counterexample = (
        check(scenario, Options(replace(INTERRUPTIBLE, states_max=asked.max_states))).outcome(name).counterexample
    )
    if counterexample is None:
        raise UsageError(f"{name} of {asked.name} is not violated any more; run the gate again.")
    return witness_of(counterexample)


def witness_of(counterexample: Counterexample) -> Witness:
    """Return a counterexample in words, with the places of its steps."""
    scenario, name = counterexample.scenario, counterexample.property
    schedule = counterexample.trace.schedule
    lost = turning_point(scenario.model(), name, schedule)
    defined = _defined(scenario)
    return Witness(
        faults=_budgets(tuple(each for each in scenario.faults if each[1])),
        violation=closing_sentence(counterexample),
        steps=tuple(_steps(counterexample)),
        timeline=_timeline(counterexample, lost),
        lost_at=lost,
        avoided_by=_avoided_by(scenario, name, schedule, lost),
        file=defined.file if defined else None,
        line=defined.line if defined else None,
    )


def _steps(counterexample: Counterexample) -> Iterator[Step]:
    """Yield the steps of a counterexample, each with the place in the user's files where it is asked for."""
    simulation = Simulation(counterexample.scenario.model())
    for choice, event in zip(counterexample.trace.schedule.choices, counterexample.trace.events, strict=True):
        generator = simulation.processes[choice.process].generator
        frames = [each.gi_frame for each in chain_of(generator) if each.gi_frame] if generator is not None else []
        own = [each for each in frames if is_users_frame(each)]
        place = Place.in_code(own[-1].f_code, own[-1].f_lineno) if own else None
        simulation.fire(choice)
        what = f"{event.component}.{event.operation}" if event.component else event.operation
        text = f"{what}({', '.join(event.arguments)})" if event.component else what
        yield Step(
            process=event.process,
            text=f"{text} -> {event.outcome}" if event.outcome != "None" else text,
            label=event.label,
            fault=event.fault,
            file=None if place is None else place.file,
            line=None if place is None else place.line,
        )


def _timeline(counterexample: Counterexample, lost: int | None) -> str:
    from io import StringIO

    from deadheat.reports.screen import Screen
    from deadheat.reports.timeline import print_plainly, print_timeline
    from deadheat.reports.wishes import is_plain

    text = StringIO()
    (print_plainly if is_plain() else print_timeline)(counterexample, Screen(file=text, width=WIDTH), lost)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines())


def _avoided_by(scenario: Scenario, name: str, schedule: Schedule, lost: int | None) -> str | None:
    """Return what, instead of the step that loses the race, still leads to a run that holds; None if nobody knows."""
    if not lost:
        return None
    model = scenario.model()
    simulation = Simulation(model)
    for choice in schedule.choices[: lost - 1]:
        simulation.fire(choice)
    at_fault = schedule.choices[lost - 1]
    for other in simulation.transitions():
        way = (*schedule.choices[: lost - 1], other.choice)
        if other.owed and other.choice != at_fault and can_be_avoided(model, name, Schedule(way)):
            event = simulation.record(other.choice)
            what = event.label or (f"{event.component}.{event.operation}" if event.component else event.operation)
            return f"the same up to step {lost - 1}, with {what} of {event.process} before step {lost}, can still hold"
    return None


def _defined(scenario: Scenario) -> Place | None:
    """Return the first place of the user's code that a role of the scenario stands in."""
    from deadheat.models.mutations import functions_of

    with suppress(Exception):
        for process in scenario.model().processes:
            for function in functions_of(process):
                place = place_of(function)
                if place is not None and Path(place.file).exists() and not place.file.startswith(("/", "..")):
                    return place
    return None
