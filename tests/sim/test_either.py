"""A role that may be either of two versions: all ways to say which is which, together, and as one writes it by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import Phase, assume, strategies as st

from deadheat.sim.errors import UsageError
from deadheat.sim.explore import reference
from deadheat.sim.explore.footprint import footprint
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.python import explore
from deadheat.sim.forgotten import note_used
from deadheat.sim.model import Kind, Model, Process
from deadheat.sim.operations import AnyOf, Chosen, any_of
from deadheat.sim.run import either as module
from deadheat.sim.run.coverage import site_of
from deadheat.sim.run.either import Version, either, version_met
from deadheat.sim.run.intercept import Running
from deadheat.sim.run.mortal import Again
from deadheat.sim.run.simulation import Simulation
from deadheat.sim.trace import Choice
from tests.breadth import tried_on
from tests.sim import random_models
from tests.sim.classics import Variable

one, other, third = Variable("one", 0), Variable("other", 0), Variable("third", 0)

LIMITS = SearchOptions(states_max=1_000)

WITHOUT_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)


def reads_one() -> Running:
    seen = yield one.get()
    yield third.set(("one", seen))
    return "read one"


def reads_other() -> Running:
    seen = yield other.get()
    yield third.set(("other", seen))
    return "read other"


def chooses() -> Running:
    chosen = yield any_of(one.get(), other.get())
    yield third.set((chosen.which, chosen.outcome))


def asks_nothing() -> Running:
    return
    yield


def mixed(*roles: Any) -> Running:
    return either(*(Version(each) for each in roles))()


@pytest.mark.parametrize(("which", "seen", "then"), [(0, 5, ("one", 5)), (1, 6, ("other", 6))])
def test_it_goes_on_as_the_version_whose_request_happened(which: int, seen: int, then: object) -> None:
    running = mixed(reads_one, reads_other)
    assert next(running) == AnyOf((one.get(), other.get()))
    assert running.send(Chosen(which, seen)) == third.set(then)
    with pytest.raises(StopIteration) as end:
        running.send(None)
    assert end.value.value == ("read one", "read other")[which]


@pytest.mark.parametrize(
    ("which", "then"), [(0, third.set(("one", 4))), (1, third.set((0, 4))), (2, third.set((1, 4)))]
)
def test_a_first_request_that_is_a_choice_itself_is_told_its_own_alternative(which: int, then: object) -> None:
    running = mixed(reads_one, chooses)
    assert next(running) == AnyOf((one.get(), one.get(), other.get()))
    assert running.send(Chosen(which, 4)) == then


def test_a_version_that_repeats_begins_anew_where_the_other_does_not() -> None:
    for which, told in ((0, "read one"), (1, Again.AGAIN)):
        running = either(Version(reads_one), Version(reads_other, repeats=True))()
        next(running)
        running.send(Chosen(which, 0))
        with pytest.raises(StopIteration) as end:
            running.send(None)
        assert end.value.value == told


def test_which_version_was_met_can_be_seen_before_and_after() -> None:
    running = mixed(reads_one, chooses)
    next(running)
    assert [version_met(running, alternative) for alternative in (0, 1, 2)] == [0, 1, 1]
    running.send(Chosen(2, 0))
    assert version_met(running, 0) == 1
    plain = reads_one()
    next(plain)
    assert version_met(plain, 0) is None


def test_a_version_that_asks_for_nothing_is_refused_with_its_place() -> None:
    with pytest.raises(UsageError, match=r"asks_nothing \(.*test_either.py:\d+\) asks for nothing"):
        next(mixed(reads_one, asks_nothing))


def test_coverage_sees_each_step_where_the_version_asks_for_it() -> None:
    plain, running = reads_other(), mixed(reads_one, reads_other)
    plain.send(None)
    plain.send(1)
    next(running)
    running.send(Chosen(1, 1))
    assert site_of(running) == site_of(plain)


def test_a_process_that_crashed_may_be_the_other_one() -> None:
    from deadheat.sim.model import Crash

    role = either(Version(reads_one), Version(reads_other))
    process = Process("p", role, crashes=(Crash("crash"),))
    components = {each.name: each for each in (one, other, third)}
    simulation = Simulation(Model(components, (process,), budgets={"crash": 1}))
    for choice in (Choice("p", 0), Choice.of_crash("p", 0), Choice("p", 1), Choice("p")):
        simulation.fire(choice)
    assert simulation.values["third"] == ("other", 0)


def test_histories_merge_where_those_of_the_version_do() -> None:
    def forgets() -> Running:
        while (yield one.get()) < 3:
            pass
        yield third.set(9)

    def also_forgets() -> Running:
        while (yield one.get()) < 3:
            pass
        yield third.set(8)

    def counts() -> Running:
        for value in (1, 2, 3):
            yield one.set(value)

    components = {each.name: each for each in (one, other, third)}
    both = Process("p", either(Version(forgets), Version(also_forgets)))
    merged = explore(Model(components, (both, Process("q", counts))))
    alone = explore(Model(components, (Process("p", forgets), Process("q", counts))))
    assert merged.complete
    assert merged.states <= 2 * alone.states


# Twins


def drawn(data: st.DataObject, model: Model) -> tuple[tuple[Process, Process], ...]:
    """Return each process of a model, and another version of it, which may run another program."""
    found = []
    for each in model.processes:
        system, _ = each.arguments
        program = data.draw(random_models.programs(tuple(range(len(system.cells)))))
        role = data.draw(st.sampled_from([random_models.run_program, random_models.run_forgetfully]))
        found.append((each, replace(each, role=role, arguments=(system, program))))
    return tuple(found)


def mixing(old: Process, new: Process) -> Process:
    versions = (Version(each.role, each.arguments, each.repeats) for each in (old, new))
    return replace(old, role=either(*versions), arguments=())


def once(process: Process) -> Process:
    """Return a process that begins once: then one assignment says all."""
    return replace(process, repeats=False, crashes=tuple(each for each in process.crashes if not each.restarts))


def shortest(model: Model) -> dict[str, int] | None:
    """Return the length of a shortest counterexample of each property of safety that is violated."""
    properties = tuple(each for each in model.properties if each.kind in (Kind.ALWAYS, Kind.STEP))
    found = explore(replace(model, properties=properties), LIMITS)
    if found.stopped:
        return None
    return {name: len(each.choices) for name, each in found.counterexamples.items()}


def agrees_with_assignments(model: Model, pairs: tuple[tuple[Process, Process], ...]) -> bool | None:
    pairs = tuple((once(old), once(new)) for old, new in pairs)
    together = shortest(replace(model, processes=tuple(mixing(*each) for each in pairs)))
    each_way = [shortest(replace(model, processes=tuple(chosen))) for chosen in product(*pairs)]
    if together is None or any(each is None for each in each_way):
        return None
    least: dict[str, int] = {}
    for found in each_way:
        for name, length in (found or {}).items():
            least[name] = min(length, least.get(name, length))
    return together == least


@tried_on(random_models.models(), st.data(), few=12, many=30)
def test_being_either_is_the_union_of_all_assignments_of_processes_to_versions(
    model: Model, data: st.DataObject
) -> None:
    agrees = agrees_with_assignments(model, drawn(data, model))
    assume(agrees is not None)
    assert agrees


def by_hand(old: Process, new: Process) -> Process:
    """Return a process that offers what both versions ask for first, and goes on from there, written once more."""

    def role() -> Running:
        runs = [old.role(*old.arguments), new.role(*new.arguments)]
        firsts = [next(each) for each in runs]
        for each in firsts:
            note_used(each)
        counts = [len(each.operations) if isinstance(each, AnyOf) else 1 for each in firsts]
        flat = [every for each in firsts for every in (each.operations if isinstance(each, AnyOf) else (each,))]
        which, told = yield any_of(*flat)
        number = 0 if which < counts[0] else 1
        within = which - (counts[0] if number else 0)
        running = runs[number]
        answer = Chosen(within, told) if isinstance(firsts[number], AnyOf) else told
        while True:
            try:
                request = running.send(answer)
            except StopIteration:
                return
            answer = yield request

    return replace(old, role=role, arguments=())


@tried_on(random_models.models(), st.data(), few=8, many=20)
def test_it_is_what_one_would_write_by_hand_for_every_kind_of_property(model: Model, data: st.DataObject) -> None:
    pairs = drawn(data, model)
    one_way, other_way = (replace(model, processes=tuple(made(*each) for each in pairs)) for made in (mixing, by_hand))
    one_print, other_print = footprint(one_way, LIMITS), footprint(other_way, LIMITS)
    # What is written by hand keeps both versions' first requests in its frame, so that it may grow beyond the limit
    # where the other, that forgets, does not.
    assume(one_print is not None and other_print is not None)
    assert one_print == other_print
    fast, slow = explore(one_way, LIMITS), reference.explore(one_way, SearchOptions(states_max=3_000))
    if fast.complete and slow.complete:
        assert {name: len(each.choices) for name, each in fast.counterexamples.items()} == {
            name: len(each.choices) for name, each in slow.counterexamples.items()
        }


@pytest.mark.parametrize("always", [0, 1])
def test_a_role_that_is_always_the_same_version_is_noticed(always: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = module._chosen
    monkeypatch.setattr(module, "_chosen", lambda versions: chosen((versions[always],)))
    components = {each.name: each for each in (one, other, third)}

    def seen(view: Any) -> str | None:
        return "seen" if view["third"] == (("other", "one")[always], 0) else None

    from deadheat.sim.model import Property

    pair = (Process("p", reads_one), Process("p", reads_other))
    model = Model(components, (), (Property("never", "", Kind.ALWAYS, ("third",), seen),))
    assert agrees_with_assignments(model, (pair,)) is False
