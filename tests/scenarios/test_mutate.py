"""Mutants: what is taken away, which property notices, and what it means if none does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deadheat.models.components.redis import key_of
from deadheat.models.components.status import Status
from deadheat.models.components.user import Cancellation
from deadheat.models.mutations import LeftOut, Mistaken, PutOff, Weakened
from deadheat.models.protocols import PROTOCOLS
from deadheat.models.protocols.baseline import BASELINE
from deadheat.models.roles import Steps
from deadheat.models.steps import LABELS, T3
from deadheat.models.system import CancelRequest, Protocol, System, Task
from deadheat.scenarios import catalogue, interruption, mutants, mutate
from deadheat.scenarios.catalogue import DEFAULT_PROTOCOLS, find_protocol
from deadheat.scenarios.check import CheckResult, Options, Verdict, check
from deadheat.scenarios.mutants import guards_of
from deadheat.scenarios.mutate import Fate, Hunt, MutantResult, hunt_of, judge_all
from deadheat.scenarios.originals import OfProtocol
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.errors import UsageError
from deadheat.sim.explore import reference
from deadheat.sim.explore.options import SearchOptions

EXAMPLES = Path(__file__).parents[2] / "examples"
ORPHAN = {"no-permanent-orphan", "no-transient-orphan", "eventually-cleaned"}
PERMANENT = {"no-permanent-orphan", "eventually-cleaned"}
NO_JOB = {"uncancelled-gets-job", "nothing-stuck"}


# A protocol by hand: whoever changes the status first has it, and every guard is the only thing that protects something


def worker(system: System, task: Task) -> Steps:
    evaluation = task.evaluation
    yield system.queue.deliver(evaluation, task.worker)
    if (yield system.redis.get(key_of("paused", evaluation))) is not None:  # nobody ever pauses it: dead code
        return
    if (yield system.store.compare_and_set(evaluation, Status.QUEUED, Status.PROVISIONING)):
        yield system.kubernetes.create_job(evaluation)


def cancel(system: System, request: CancelRequest) -> Steps:
    evaluation, number = request.evaluation, request.number
    yield system.user.cancellation(evaluation, number)
    if (yield system.store.compare_and_set(evaluation, Status.QUEUED, Status.CANCELLED)):
        yield system.user.answer(evaluation, number, Cancellation.CANCELLED)
    else:
        yield system.user.answer(evaluation, number, Cancellation.TOO_LATE)


def locking_worker(system: System, task: Task) -> Steps:
    evaluation, lock = task.evaluation, key_of("lock", task.evaluation)
    yield system.queue.deliver(evaluation, task.worker)
    yield system.redis.acquire(lock, task.worker)
    if (yield system.store.get(evaluation)) is Status.QUEUED:
        yield system.store.set(evaluation, Status.PROVISIONING)
        yield system.kubernetes.create_job(evaluation)
    yield system.redis.delete_if_equal(lock, task.worker)


def locking_cancel(system: System, request: CancelRequest) -> Steps:
    evaluation, lock = request.evaluation, key_of("lock", request.evaluation)
    yield system.user.cancellation(evaluation, request.number)
    yield system.redis.acquire(lock, request.handler)
    answer = Cancellation.TOO_LATE
    if (yield system.store.get(evaluation)) is Status.QUEUED:
        yield system.store.set(evaluation, Status.CANCELLED)
        answer = Cancellation.CANCELLED
    yield system.redis.delete_if_equal(lock, request.handler)
    yield system.user.answer(evaluation, request.number, answer)


UNNAMED = tuple(label for label in LABELS if label is not T3)  # neither puts a name on its steps
CLAIMED = replace(BASELINE, name="claimed", worker=worker, cancel=cancel, lacks=UNNAMED)
LOCKED = replace(BASELINE, name="locked", worker=locking_worker, cancel=locking_cancel, leases=True, lacks=UNNAMED)


@pytest.fixture(autouse=True)
def protocols_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "PROTOCOLS", (*PROTOCOLS, CLAIMED, LOCKED))


def without_faults(name: str) -> Hunt:
    """Judge without faults only."""
    scenario = Scenario(name)
    return Hunt(scenario, guards_of(name), (check(scenario),))


def number_of(name: str, role: str, operation: str, change: str, which: int = 0) -> int:
    """Return the number of a mutant; `which` of them, if the role asks for that operation at several sites."""
    found = [
        number
        for number, each in enumerate(guards_of(name).mutations, start=1)
        if (each.place.role, each.place.operation, str(each.change)) == (role, operation, change)
    ]
    return found[which]


def judge(hunt: Hunt, number: int) -> MutantResult:
    [result] = judge_all(hunt, only=number)
    return result


def noticing(result: MutantResult) -> set[str]:
    return {each.property for each in result.noticed_by}


# (protocol, role, operation, change) -> what notices it without faults, exactly
NOTICED = {
    # Both believe that they were first.
    ("claimed", "worker", "compare_and_set", "takes False for True"): ORPHAN | {"cancelled-means-stopped"},
    ("claimed", "cancel", "compare_and_set", "takes False for True"): {"cancelled-means-stopped"},
    # The worker believes that it was too late.
    ("claimed", "worker", "compare_and_set", "takes True for False"): NO_JOB,
    # "provisioning" replaces "cancelled"; the Job is wanted by the status, and not by the user.
    ("claimed", "worker", "compare_and_set", "sets without comparing"): {
        "cancelled-means-stopped",
        "terminal-is-final",
    },
    # "cancelled" replaces "provisioning".
    ("claimed", "cancel", "compare_and_set", "sets without comparing"): ORPHAN | {"cancelled-means-stopped"},
    ("claimed", "worker", "create_job", "left out"): NO_JOB,
    ("claimed", "cancel", "answer", "left out"): {"cancel-answered"},
    # Both look before either writes.
    ("locked", "worker", "acquire", "left out"): ORPHAN | {"cancelled-means-stopped", "terminal-is-final"},
    ("locked", "cancel", "acquire", "left out"): ORPHAN | {"cancelled-means-stopped", "terminal-is-final"},
    # Check and creation no longer exclude the cancellation.
    ("creation-lock", "dispatch", "acquire", "left out"): ORPHAN,
    ("creation-lock", "cancel", "acquire", "left out"): ORPHAN,
    ("creation-lock", "dispatch", "get", "takes cancelled or failed for provisioning"): ORPHAN,
    # The first look, the second look and its kill (see WHICH): a flag raised after the first is found by the second.
    ("state-machine", "dispatch", "get", "takes raised for None"): PERMANENT,
    ("state-machine", "dispatch", "delete_job", "left out"): PERMANENT,
    ("state-machine", "cancel", "set", "left out"): PERMANENT,
    # A request that is still under way finds the name free.
    ("name-tombstone", "cancel", "create_tombstone", "left out"): ORPHAN | {"cancelled-means-stopped"},
    # The lock is free, or not yet taken, while what it protects happens.
    ("creation-lock", "cancel", "set", "happens only after redis.delete_if_equal"): ORPHAN,
    ("creation-lock", "dispatch", "create_job", "happens only after redis.delete_if_equal"): ORPHAN,
    ("creation-lock", "dispatch", "acquire", "happens only after status.get"): ORPHAN,
    # The Job is created after the kill, and the flag not yet raised when the dispatcher looks for it.
    ("state-machine", "cancel", "set", "happens only after kubernetes.delete_job"): PERMANENT,
    # The flag is raised after the dispatcher looked for it the second time, and before it creates the Job.
    ("state-machine", "dispatch", "create_job", "happens only after redis.get"): PERMANENT,
    # A token that is taken for none is always refused.
    ("request-token", "dispatch", "get", "takes token-e1-1 for None"): NO_JOB,
}
WHICH = {("state-machine", "dispatch", "get", "takes raised for None"): 1}

# (protocol, role, operation, change), fault -> what notices it only with that fault
NOTICED_WITH = {
    # The second delivery of the request creates a second Job after the first was killed.
    (("state-machine", "dispatch", "set_if_absent", "sets, although it is there already"), "http-retry"): {
        "at-most-one-job"
    },
    # The handler is lost in between, and nobody kills the Job of a cancelled evaluation.
    (
        ("state-machine", "cancel", "delete_job", "happens only after status.compare_and_set"),
        "cancel-loss",
    ): PERMANENT,
    # The worker gives up, writes "failed", and the request that timed out creates the Job.
    (("state-machine", "worker", "response", "takes timed out for gave up"), "http-retry"): {
        "no-permanent-orphan",
        "eventually-cleaned",
    },
}

# (protocol, role, operation, change) -> what becomes of it without faults, and why nobody notices
UNNOTICED = {
    # Nobody is ever paused.
    ("claimed", "worker", "get", "left out"): Fate.NO_DIFFERENCE,
    # No property says that the answer to the user must be true, if it is "too late".
    ("claimed", "cancel", "compare_and_set", "takes True for False"): Fate.SURVIVED,
    # The second look finds all that the first does.
    ("state-machine", "dispatch", "get", "takes raised for None"): Fate.SURVIVED,
    # What the comparison prevents happens anyway, in the time between it and the creation.
    ("request-token", "dispatch", "get", "takes None for token-e1-1"): Fate.SURVIVED,
    # A key that its owner deletes is its own, as long as no lease expires.
    ("creation-lock", "dispatch", "delete_if_equal", "deletes whatever is there"): Fate.NO_DIFFERENCE,
    # A lock that is never released keeps the other one out until its time to live has run out, and no longer.
    ("locked", "worker", "delete_if_equal", "left out"): Fate.SURVIVED,
}


@pytest.mark.parametrize("mutant", NOTICED, ids=" ".join)
def test_a_guard_is_missed_by_exactly_the_properties_that_it_protects(mutant: tuple[str, str, str, str]) -> None:
    result = judge(without_faults(mutant[0]), number_of(*mutant, WHICH.get(mutant, 0)))
    assert noticing(result) == NOTICED[mutant]
    assert result.fate is Fate.NOTICED


@pytest.mark.parametrize(("mutant", "fault"), NOTICED_WITH, ids=lambda each: each if isinstance(each, str) else each[0])
def test_a_guard_against_a_fault_is_missed_with_that_fault_alone(mutant: tuple[str, str, str, str], fault: str) -> None:
    scenario, number = Scenario(mutant[0], faults=((fault, 1),)), number_of(*mutant)
    assert judge(without_faults(mutant[0]), number).fate is not Fate.NOTICED
    hunt = hunt_of(scenario)
    assert noticing(judge(hunt, number)) >= NOTICED_WITH[mutant, fault]


@pytest.mark.parametrize("mutant", UNNOTICED, ids=" ".join)
def test_a_guard_that_nobody_misses_is_told_from_dead_code(mutant: tuple[str, str, str, str]) -> None:
    result = judge(without_faults(mutant[0]), number_of(*mutant))
    assert result.fate is UNNOTICED[mutant]
    assert result.noticed_by == ()
    assert result.differs_under == (() if result.fate is Fate.SURVIVED else None)


def test_without_given_faults_each_fault_is_tried_and_named() -> None:
    hunt = hunt_of(Scenario("claimed"))
    results = {each.number: each for each in judge_all(hunt)}
    assert list(results) == list(range(1, len(guards_of("claimed").mutations) + 1))
    completion = results[number_of("claimed", "complete", "set", "left out")]
    assert (completion.fate, completion.differs_under) == (Fate.SURVIVED, (("completion", 1),))
    [trial] = hunt.trials_of(completion.number)  # where the Job's completion is never recorded, nothing else differs
    assert trial.scenario.faults == (("completion", 1),)
    assert hunt.never_reached[0][0] == "dispatch"  # this worker creates the Job itself


def test_a_property_that_the_protocol_itself_violates_cannot_notice() -> None:
    hunt = without_faults("baseline")
    violated = {each.property for each in hunt.originals[0].outcomes if each.verdict is Verdict.VIOLATED}
    assert "no-permanent-orphan" in violated
    for number in range(1, len(hunt.guards.mutations) + 1):
        assert not violated & {name for trial in hunt.trials_of(number) for name in trial.scenario.properties}
    left_out = judge(hunt, number_of("baseline", "cancel", "delete_job", "left out"))
    assert left_out.fate is Fate.SURVIVED


def test_a_mutant_without_an_end_is_inconclusive() -> None:
    # It raises the generation again and again, for it always expects a status that is not there any more.
    number = number_of("fenced-generation", "cancel", "get", "takes provisioning for queued")
    assert judge(without_faults("fenced-generation"), number).fate is Fate.INCONCLUSIVE


def test_a_search_cut_short_never_says_that_nobody_notices() -> None:
    hunt, number = without_faults("claimed"), number_of("claimed", "complete", "get", "left out")
    assert judge(hunt, number).fate is Fate.NO_DIFFERENCE
    [result] = judge_all(hunt, Options(SearchOptions(states_max=3)), only=number)
    assert result.fate is Fate.NO_DIFFERENCE  # it is not even tried
    number = number_of("claimed", "cancel", "compare_and_set", "takes True for False")
    [result] = judge_all(hunt, Options(SearchOptions(states_max=3)), only=number)
    assert result.fate is Fate.INCONCLUSIVE


def test_a_mutant_whose_counterexample_was_not_confirmed_is_inconclusive(monkeypatch: pytest.MonkeyPatch) -> None:
    hunt = without_faults("claimed")
    number = number_of("claimed", "worker", "compare_and_set", "takes False for True")
    assert judge(hunt, number).fate is Fate.NOTICED

    def interrupted(scenario: Scenario, options: Options) -> CheckResult:
        result = check(scenario, options)
        assert result.exploration.complete
        open_ones = (
            replace(each, verdict=Verdict.INCONCLUSIVE, counterexample=None) if each.counterexample else each
            for each in result.outcomes
        )
        return replace(result, outcomes=tuple(open_ones))

    monkeypatch.setattr(mutate, "check", interrupted)
    assert [each.fate for each in judge_all(hunt, only=number)] == [Fate.INCONCLUSIVE]


def test_what_notices_is_seen_in_a_run_through_simpy_and_shortest() -> None:
    hunt = without_faults("claimed")
    result = judge(hunt, number_of("claimed", "worker", "compare_and_set", "takes False for True"))
    for notice in result.noticed_by:
        model = notice.scenario.model()
        schedule = reference.explore(model).counterexamples[notice.property]
        assert len(schedule.choices) == notice.steps


@pytest.mark.parametrize("name", DEFAULT_PROTOCOLS)
def test_every_guard_of_every_protocol_has_mutants(name: str) -> None:
    guards = guards_of(name)
    assert guards.never_reached == ()
    places = {each.place for each in guards.mutations}
    assert {place.role for place in places} >= {"worker", "dispatch", "cancel", "complete"}
    assert {type(each.change) for each in guards.mutations} >= {LeftOut, Mistaken}
    assert len(set(guards.mutations)) == len(guards.mutations)
    weakened = {each.place for each in guards.mutations if isinstance(each.change, Weakened)}
    tested = {each for each in places if each.operation in ("compare_and_set", "delete_if_equal", "set_if_absent")}
    assert weakened >= tested


@pytest.mark.parametrize("name", [*DEFAULT_PROTOCOLS, "claimed", "locked"])
def test_work_is_neither_put_off_nor_waited_for(name: str) -> None:
    put_off = [each for each in guards_of(name).mutations if isinstance(each.change, PutOff)]
    assert put_off
    given_work = {"deliver", "cancellation", "accept", "receive", "finished", "creation_event", "generate"}
    assert not {each.place.operation for each in put_off} & {*given_work, "send"}
    assert not {each.change.until.operation for each in put_off if isinstance(each.change, PutOff)} & given_work


def test_a_step_is_not_put_off_until_after_one_that_depends_on_its_outcome() -> None:
    put_off = {
        (each.place.role, each.place.operation, each.change.until.operation)
        for each in guards_of("claimed").mutations
        if isinstance(each.change, PutOff)
    }
    # What the user is told, and whether there is a Job to create, depends on the comparison.
    assert not {("worker", "compare_and_set"), ("cancel", "compare_and_set")} & {each[:2] for each in put_off}
    assert ("worker", "get", "compare_and_set") in put_off  # it is told the same whenever it looks


def test_what_cannot_be_compared_is_inconclusive(monkeypatch: pytest.MonkeyPatch) -> None:
    hunt, number = without_faults("claimed"), number_of("claimed", "cancel", "compare_and_set", "takes True for False")
    assert judge(hunt, number).fate is Fate.SURVIVED
    monkeypatch.setattr(mutate, "_footprint", lambda *_: None)
    assert judge(hunt, number).fate is Fate.INCONCLUSIVE


def test_a_mutant_merges_as_much_as_its_protocol() -> None:
    # Both dispatchers go their whole way in either; histories that were kept apart would make it many times as many.
    number = number_of("state-machine", "dispatch", "get", "takes raised for None", 1)
    original = check(Scenario("state-machine", faults=(("http-retry", 1),))).exploration.states
    states = check(Scenario(f"state-machine~{number}", faults=(("http-retry", 1),))).exploration.states
    assert states < 2 * original


def test_a_mutant_is_a_protocol_by_name() -> None:
    mutant: Protocol = find_protocol("state-machine~2")
    assert mutant.name == "state-machine~2"
    assert mutant.summary.startswith(find_protocol("state-machine").summary)
    assert mutants.mutant("state-machine", "02").name == "state-machine~2"
    for number in ("0", "x", ""):
        with pytest.raises(UsageError, match=f"'state-machine~{number}' names no mutant"):
            find_protocol(f"state-machine~{number}")
    for number in ("37", "99"):
        with pytest.raises(UsageError, match="its mutants are numbered from 1 to 36"):
            find_protocol(f"state-machine~{number}")


def test_a_step_that_is_left_out_is_seen_in_the_trace() -> None:
    number = number_of("creation-lock", "dispatch", "acquire", "left out")
    result = judge(without_faults("creation-lock"), number)
    counterexample = check(result.noticed_by[0].scenario).outcomes[0].counterexample
    assert counterexample is not None
    left_out = [each for each in counterexample.trace.events if each.operation == "leave_out"]
    assert {(each.process.partition("/")[0], *each.arguments) for each in left_out} == {("dispatcher", "redis.acquire")}


def test_who_asks_to_stop_before_there_are_mutants_need_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = iter([False, True])
    monkeypatch.setattr(interruption, "asked", lambda: next(asked))
    with pytest.raises(KeyboardInterrupt):
        mutants._guards(OfProtocol(CLAIMED))
    assert next(asked, None) is None  # at once, and not under each of the faults


def test_how_far_the_checks_of_the_protocol_itself_are_is_told() -> None:
    told = list[tuple[int, int]]()
    hunt_of(Scenario("claimed", faults=(("completion", 1),)), tell=lambda *each: told.append(each))
    assert told == [(1, 1)]


@pytest.mark.parametrize(
    "name", ["locked", "baseline", pytest.param(f"{EXAMPLES / 'onyx_13202.py'}:LOCKED", id="onyx-13202")]
)
def test_one_search_for_all_faults_leaves_out_only_checks_that_notice_nothing(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hunt, checked = hunt_of(Scenario(name)), list[Scenario]()

    def noted(scenario: Scenario, options: Options) -> CheckResult:
        checked.append(scenario)
        return check(scenario, options)

    monkeypatch.setattr(mutate, "check", noted)
    together, some = list(judge_all(hunt)), checked.copy()
    checked.clear()
    monkeypatch.setattr(mutate, "ONE_SEARCH_FROM", 1_000)
    assert list(judge_all(hunt)) == together
    assert set(some) < set(checked)
    assert {Fate.NOTICED, Fate.NO_DIFFERENCE} <= {each.fate for each in together}
    assert any(each.noticed_by and each.noticed_by[0].scenario.faults for each in together)


def test_several_processes_judge_as_one_does() -> None:
    hunt = without_faults("creation-lock")
    assert list(judge_all(hunt, jobs=2)) == list(judge_all(hunt))
