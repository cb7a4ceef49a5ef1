"""The files under examples/: each judges as it says, for the cause it was written for, and notices its mend gone."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from deadheat import Checked, Steps, Verdict, check
from deadheat.scenarios.mutants import guards_of
from tests.command import deadheat
from tests.types import strictly_checked

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


class Found(NamedTuple):
    """What a design violates, and a shortest way to it: the labels and the faults of its steps, in order."""

    violates: str
    steps: tuple[str, ...]


HOLDS = None

DESIGNS: dict[str, dict[str, Found | None]] = {
    "kestra_19684.py": {
        "AS_IT_WAS": Found("disabled-means-stopped", ("K1", "K2", "K3", "K4", "K5")),
        "KEPT": Found("enabled-means-running", ("K2", "K6", "K1", "K3", "K4")),
        "KEPT_IF_SENT": HOLDS,
        "FORGOTTEN_EARLY": Found("disabled-means-stopped", ("K1", "K2", "K3", "K4", "forgotten-early", "K5")),
    },
    "river_1358.py": {
        "AS_IT_WAS": Found("cancelled-job-stops", ("R1", "R2", "R4", "R3", "listener-lost", "R4")),
        "RELISTED": HOLDS,
        "THE_GAP": Found("cancelled-job-stops", ("R1", "R4", "R3", "R5", "R2")),
        "LOOKED_AGAIN": HOLDS,
    },
    "onyx_13202.py": {
        "AS_IT_WAS": Found("session-has-its-workspace", ("O1", "O2", "O4", "O5", "O3", "O6")),
        "GRACE_PERIOD": HOLDS,
        "SLOW_REQUEST": Found("session-has-its-workspace", ("O1", "O2", "O4", "early-expiry", "O5", "O3", "O6")),
        "LOCKED": HOLDS,
        "LOCK_TIMED_OUT": Found("session-has-its-workspace", ("O1", "O2", "lease-expiry", "O4", "O5", "O3", "O6")),
        "COMMITTED_FIRST": Found("no-orphaned-workspace", ("O1", "O2", "api-crash")),
    },
    "airflow_36090.py": {
        "AS_IT_WAS": Found("a-kill-cancels", ("A1", "A3", "A2")),
        "HOOKED": Found("only-a-kill-cancels", ("A1", "heartbeat-late", "A4", "A2", "A6")),
        "ASKED": HOLDS,
        "CRASHED": Found("a-kill-cancels", ("A1", "A3", "triggerer-crash")),
    },
    "kubernetes_125050.py": {
        "AS_IT_WAS": Found("told-before-start-does-nothing", ("K1", "K2", "K3", "K4", "K5")),
        "LOOKED": Found("told-before-start-does-nothing", ("K1", "K6", "K2", "K3", "K4", "K5")),
        "CANCELLED": HOLDS,
        "ASKED": HOLDS,
    },
    "outbox.py": {
        "OUTBOX": Found(
            "nothing-taken-twice", ("B1", "B3", "B2", "B5", "B6", "relay-crash", "B3", "B2", "B5", "B6", "B4")
        ),
        "WRITTEN_THEN_SENT": Found("every-order-served", ("B1", "shop-crash")),
        "SENT_THEN_WRITTEN": Found("nothing-taken-twice", ("B2", "shop-crash", "B5", "B6")),
        "DEDUPLICATED": HOLDS,
        "TWO_RELAYS": Found("nothing-taken-twice", ("B1", "B3", "B2", "B5", "B6", "B3", "B4", "B2", "B5", "B6", "B4")),
        "SKIP_LOCKED": HOLDS,
        "ALL_OF_IT": HOLDS,
    },
    "worker_node.py": {
        "DONE_EARLY": Found("every-job-uploaded", ("W1", "W2", "W3", "W4", "node-crash")),
        "CLAIMED_IN_STEPS": Found("every-job-uploaded", ("W1", "W2", "node-crash")),
        "OVERWRITTEN": Found("uploaded-once", ("W1", "W2", "W3", "W5", "node-crash", "W6", "W2", "W3", "W5")),
        "SOUND": HOLDS,
    },
}
"""The designs of each file, by name."""

OTHERS = {"two_phase_commit.py"}
"""Files that are no designs, and have tests of their own."""


class Mutant(NamedTuple):
    """A mend that `deadheat mutate` takes away: the role and the operation, what is done to it, and who notices."""

    design: str
    role: str
    operation: str
    change: str
    noticed_by: str


MUTANTS = (
    Mutant("kestra_19684.py:KEPT_IF_SENT", "stream", "pending_kills.add", "left out", "disabled-means-stopped"),
    Mutant(
        "kestra_19684.py:KEPT_IF_SENT",
        "stream",
        "pending_kills.add",
        "happens only after running_jobs.find",
        "disabled-means-stopped",
    ),
    Mutant("kestra_19684.py:KEPT_IF_SENT", "worker", "pending_kills.remove", "left out", "disabled-means-stopped"),
    Mutant(
        "kestra_19684.py:KEPT_IF_SENT",
        "worker",
        "running_jobs.register",
        "happens only after pending_kills.remove",
        "disabled-means-stopped",
    ),
    Mutant("kestra_19684.py:KEPT_IF_SENT", "user", "sent.get", "takes False for True", "enabled-means-running"),
    Mutant(
        "kestra_19684.py:KEPT_IF_SENT",
        "user",
        "enabled.set",
        "happens only after sent.get",
        "disabled-means-stopped",
    ),
    Mutant("river_1358.py:RELISTED", "notifier", "active_jobs.names", "takes (job1,) for ()", "cancelled-job-stops"),
    Mutant(
        "river_1358.py:LOOKED_AGAIN",
        "worker",
        "active_jobs.register",
        "happens only after jobs.get",
        "cancelled-job-stops",
    ),
    Mutant("river_1358.py:LOOKED_AGAIN", "worker", "context_cancelled.set", "left out", "cancelled-job-stops"),
    Mutant(
        "onyx_13202.py:GRACE_PERIOD",
        "sweep",
        "young.look",
        "takes off or running for expired",
        "session-has-its-workspace",
    ),
    Mutant("onyx_13202.py:GRACE_PERIOD", "sweep", "workspaces.remove", "left out", "no-orphaned-workspace"),
    Mutant("onyx_13202.py:LOCKED", "sweep", "redis.acquire", "left out", "session-has-its-workspace"),
    Mutant("onyx_13202.py:LOCKED", "request", "redis.acquire", "left out", "session-has-its-workspace"),
    Mutant("airflow_36090.py:ASKED", "first", "trigger.owner", "takes triggerer2 for None", "only-a-kill-cancels"),
    Mutant("airflow_36090.py:ASKED", "first", "trigger.owner", "takes None for triggerer2", "a-kill-cancels"),
    Mutant("airflow_36090.py:ASKED", "second", "job.set", "left out", "a-kill-cancels"),
    Mutant("kubernetes_125050.py:CANCELLED", "kubelet", "sync_pod.set", "left out", "deleted-pod-ends"),
    Mutant(
        "kubernetes_125050.py:ASKED",
        "container",
        "deleted.get",
        "takes True for False",
        "told-before-start-does-nothing",
    ),
    Mutant(
        "kubernetes_125050.py:ASKED",
        "container",
        "process.alive",
        "happens only after deleted.get",
        "told-before-start-does-nothing",
    ),
    Mutant("outbox.py:SKIP_LOCKED", "relay", "db.lock", "reads without FOR UPDATE", "nothing-taken-twice"),
    Mutant("outbox.py:SKIP_LOCKED", "relay", "db.execute", "happens only after db.commit", "nothing-taken-twice"),
    Mutant("outbox.py:DEDUPLICATED", "consumer", "warehouse.execute", "takes 0 for 1", "nothing-taken-twice"),
    Mutant(
        "outbox.py:DEDUPLICATED",
        "consumer",
        "warehouse.execute",
        "happens only after warehouse.commit",
        "nothing-taken-twice",
    ),
    Mutant("outbox.py:DEDUPLICATED", "consumer", "broker.deliver_again", "left out", "every-order-served"),
    Mutant("worker_node.py:SOUND", "janitor", "redis.put_back", "left out", "every-job-uploaded"),
    Mutant("worker_node.py:SOUND", "uploader", "redis.finish", "left out", "uploaded-is-done"),
)

VARIANTS = [(file, name) for file, designs in DESIGNS.items() for name in designs]


@cache
def module(file: str) -> ModuleType:
    spec = spec_from_file_location(f"examples_{Path(file).stem}", EXAMPLES / file)
    assert spec is not None
    assert spec.loader is not None
    found = module_from_spec(spec)
    sys.modules[spec.name] = found
    spec.loader.exec_module(found)
    return found


def steps_of(checked: Checked, name: str) -> tuple[str, ...]:
    """Return the labels and the faults of a counterexample, in order."""
    events = checked.counterexamples[name].trace.events
    return tuple(each for event in events for each in (event.label, event.fault) if each)


def judged(file: str, name: str, roles: Mapping[str, Callable[..., Steps]], **changes: Any) -> Mapping[str, Verdict]:
    """Return the verdicts on a design of a file, with other roles."""
    mutant = getattr(module(file), name).variant("mutant", "a mutant", roles=roles, expects={}, **changes)
    return check(mutant).verdicts


def test_every_file_of_designs_is_tried_here() -> None:
    assert {each.name for each in EXAMPLES.glob("*.py")} == DESIGNS.keys() | OTHERS


@pytest.mark.parametrize("keys", [1, 2])
@pytest.mark.parametrize("file", DESIGNS)
def test_a_file_is_judged_as_it_says(file: str, keys: int) -> None:
    done = deadheat("check", f"examples/{file}", "--expected", "-n", str(keys), cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("As expected.\n")


@pytest.mark.parametrize("file", DESIGNS)
def test_a_file_says_what_it_expects_of_each_property_of_each_of_its_designs(file: str) -> None:
    designs = {name: each for name, each in vars(module(file)).items() if type(each).__name__ == "Design"}
    assert list(designs) == list(DESIGNS[file])
    for name, each in designs.items():
        assert each.expects.keys() == {claim.name for claim in each.claims}, name


@pytest.mark.parametrize(("file", "name"), VARIANTS)
def test_a_design_fails_for_the_cause_that_it_is_about_or_not_at_all(file: str, name: str) -> None:
    checked = check(f"{EXAMPLES / file}:{name}")
    found = DESIGNS[file][name]
    if found is None:
        checked.require()
    else:
        assert {each: steps_of(checked, each) for each in checked.counterexamples} == {found.violates: found.steps}


@pytest.mark.parametrize(
    "mutant", MUTANTS, ids=lambda each: f"{each.design}, {each.role}: {each.operation} {each.change}"
)
def test_what_a_mend_consists_of_is_missed_when_it_is_taken_away(mutant: Mutant) -> None:
    """As `deadheat mutate` takes it away, which numbers the mutants."""
    reference = f"{EXAMPLES / mutant.design}"
    tried = [(each.place.role, each.place.what, str(each.change)) for each in guards_of(reference).mutations]
    number = tried.index((mutant.role, mutant.operation, mutant.change)) + 1
    assert check(f"{reference}~{number}").verdicts[mutant.noticed_by] is Verdict.VIOLATED


def test_the_lost_listener_is_what_loses_rivers_signal() -> None:
    check(f"{EXAMPLES / 'river_1358.py'}:AS_IT_WAS", faults={"listener-lost": 0}).require()


def test_a_client_of_river_that_looks_before_it_listens_loses_a_signal() -> None:
    river = module("river_1358.py")

    def look_and_listen(system: Any) -> Steps:
        for job in (yield system.active_jobs.names()):
            yield from river.look(system, job)
        yield river.R4(system.channel.subscribe(river.CLIENT))
        yield from river.hear(system)

    verdicts = judged("river_1358.py", "LOOKED_AGAIN", {"notifier": look_and_listen})
    assert verdicts["cancelled-job-stops"] is Verdict.VIOLATED


def test_a_client_of_river_that_looks_again_and_does_not_relist_loses_a_signal() -> None:
    verdicts = judged("river_1358.py", "LOOKED_AGAIN", {"notifier": module("river_1358.py").listen})
    assert verdicts["cancelled-job-stops"] is Verdict.VIOLATED


def test_a_sweep_of_onyx_that_asks_for_the_age_last_deletes_what_is_wanted() -> None:
    onyx = module("onyx_13202.py")

    def sweep(system: Any, session: str) -> Steps:
        found = yield onyx.O4(system.workspaces.names(key=session))
        owned = yield onyx.O5(system.db.select(onyx.BuildSession))
        if not owned and found and (yield system.young.look(key=session)) is onyx.Clock.EXPIRED:
            yield onyx.O6(system.workspaces.remove(session, key=session))

    verdicts = judged("onyx_13202.py", "GRACE_PERIOD", {"sweep": sweep})
    assert verdicts["session-has-its-workspace"] is Verdict.VIOLATED


def test_a_kill_of_kestra_is_lost_between_register_and_call_where_the_processor_does_not_remember_it() -> None:
    """What pull request 16147 mended."""
    kestra = module("kestra_19684.py")

    def work(system: Any, trigger: str) -> Steps:
        yield system.pool.receive(key=trigger)
        yield kestra.K4(system.running_jobs.register(kestra.JOB, key=trigger))
        yield system.killed.set(False, key=trigger)  # the callable is made, which knows nothing
        yield from kestra.call(system, trigger)

    verdicts = judged("kestra_19684.py", "KEPT_IF_SENT", {"worker": work})
    assert verdicts["disabled-means-stopped"] is Verdict.VIOLATED


def test_a_triggerer_of_airflow_that_is_never_late_kills_only_what_was_killed() -> None:
    check(f"{EXAMPLES / 'airflow_36090.py'}:HOOKED", faults={"heartbeat-late": 0}, allow_unreached=["A4"]).require()


def test_a_triggerer_of_airflow_that_asks_before_it_misses_a_trigger_kills_what_was_reassigned() -> None:
    airflow = module("airflow_36090.py")

    def poll_and_ask(system: Any, task: str) -> Steps:
        yield airflow.A1(system.trigger.assign(airflow.FIRST, key=task))
        yield system.ghost.note("polled", key=task)
        asked = airflow.FIRST
        while (yield airflow.A2(system.trigger.beat(airflow.FIRST, key=task))):
            asked = yield airflow.A5(system.trigger.owner(key=task))
        if asked in (None, airflow.FIRST):  # its own when it asked, and gone since
            yield airflow.A6(system.job.set(airflow.CANCELLED, key=task))

    verdicts = judged("airflow_36090.py", "ASKED", {"first": poll_and_ask})
    assert verdicts["only-a-kill-cancels"] is Verdict.VIOLATED


def test_a_kubelet_that_cancels_the_pull_and_does_not_wait_for_its_end_loses_a_signal() -> None:
    kubernetes = module("kubernetes_125050.py")

    def terminate(system: Any, pod: str) -> Steps:
        yield system.deleted.wait_for(True, key=pod)
        yield kubernetes.K7(system.cancelled.set(True, key=pod))
        yield kubernetes.K3(system.process.send(key=pod))

    verdicts = judged("kubernetes_125050.py", "CANCELLED", {"terminator": terminate})
    assert verdicts["told-before-start-does-nothing"] is Verdict.VIOLATED


def test_two_relays_that_lock_send_twice_where_one_of_them_crashes() -> None:
    file = EXAMPLES / "outbox.py"
    assert check(f"{file}:SKIP_LOCKED", faults={"relay-crash": 1}).verdicts["nothing-taken-twice"] is Verdict.VIOLATED
    check(f"{file}:ALL_OF_IT", faults={"relay-crash": 1}).require()


def test_an_outbox_without_the_relays_lock_is_mended_by_the_consumer_alone() -> None:
    file, outbox = "outbox.py", module("outbox.py")
    assert set(judged(file, "ALL_OF_IT", {"relay": outbox.relay}).values()) == {Verdict.HOLDS}


def test_a_result_is_written_over_after_a_lease_too_short_or_an_answer_lost_too() -> None:
    file = f"{EXAMPLES / 'worker_node.py'}"
    for fault in ("lease-expiry", "answer-lost"):
        assert check(f"{file}:OVERWRITTEN", faults={fault: 1}).verdicts["uploaded-once"] is Verdict.VIOLATED


def test_nothing_is_lost_on_a_node_that_does_not_crash() -> None:
    for name in ("DONE_EARLY", "CLAIMED_IN_STEPS"):
        check(f"{EXAMPLES / 'worker_node.py'}:{name}", faults={"node-crash": 0}, allow_unreached=["W6"]).require()


def test_a_worker_that_clears_its_memory_last_clears_a_result_unseen() -> None:
    worker = module("worker_node.py")

    def upload(system: Any, job: str) -> Steps:
        if (yield system.results.get(key=job)):
            yield from worker.put(system.store.put_if_absent, job)
            yield worker.W4(worker.atomic_block(worker.finish, system.redis, job))
            yield system.results.set(None, key=job)

    verdicts = judged("worker_node.py", "SOUND", {"uploader": upload})
    assert verdicts["uploaded-is-done"] is Verdict.VIOLATED


def test_a_worker_whose_memory_outlives_the_crash_loses_nothing_that_is_in_it() -> None:
    node = module("worker_node.py").DONE_EARLY.nodes[0]
    verdicts = judged("worker_node.py", "DONE_EARLY", {}, nodes=(replace(node, volatile=()),))
    assert verdicts["every-job-uploaded"] is Verdict.HOLDS


def test_the_examples_pass_a_strict_type_checker_as_a_user_would_run_it(tmp_path: Path) -> None:
    """In a folder of the user's own, without this repository's settings."""
    for each in EXAMPLES.glob("*.py"):
        shutil.copy(each, tmp_path)
    done = strictly_checked(tmp_path, *(each.name for each in sorted(tmp_path.glob("*.py"))))
    assert done.returncode == 0, done.stdout + done.stderr
