"""A worker node that keeps results in memory until they are uploaded, and crashes as a whole: which jobs are lost?

    deadheat check examples/worker_node.py --expected
    deadheat show examples/worker_node.py:DONE_EARLY

An invented system, as one would draw it on a whiteboard. Jobs wait in a list of Redis. A node has two slots, threads
that take a job, with a lease on it, and put the result into the node's memory; further threads upload results, one for
each job. A janitor elsewhere puts a job back whose lease has run out. The node can be killed: all its threads stop at
one instant, its memory is gone, and nobody counts on its leases any more, which run out.

`DONE_EARLY`: a slot marks its job as done when it has the result. A crash before the upload loses that, and nobody
looks after a job that is done. `CLAIMED_IN_STEPS`: it is marked after the upload, but popped by one command and leased
by another; a crash in between loses it, too. `OVERWRITTEN`: popped and leased by one script. Nothing is lost any more,
but whoever is not sure does a job again, after a crash or a lease that was too short, and writes over what somebody may
have fetched already. So the upload has to be conditional (`SOUND`).

Assumed: a script is one instant in Redis, whose keys all have one hash tag. Left out: a second node (it would do what
the second slot does), jobs that fail, a failover of Redis.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from deadheat import (
    Component,
    Components,
    Design,
    Fault,
    Label,
    Node,
    Operation,
    Outcomes,
    Step,
    Steps,
    always,
    atomic_block,
    crash,
    one_each,
    operation,
    settled,
    several,
)
from deadheat.library import Memory, Redis, RedisState, key_of

FARM, WORKER = "farm", "worker"
TAKEN, DONE = "taken", "done"
RESULT, NO_ANSWER = "result", "no answer"
QUEUE = key_of("queue", FARM)

Script: TypeAlias = Generator[Operation, Any, Any]
"""What happens at one instant in Redis."""

NODE_CRASH = Fault(
    "node-crash", "the node is killed, with all its threads and its memory, and starts anew", "our runbook"
)
ANSWER_LOST = Fault("answer-lost", "the store has the object, and its answer is lost", "our incident of 3 May")

W1 = Label("W1", "a job is put into the queue")
W2 = Label("W2", "a slot takes a job from the queue")
W3 = Label("W3", "a slot has a result, in the node's memory")
W4 = Label("W4", "a job is marked as done")
W5 = Label("W5", "a result is uploaded")
W6 = Label("W6", "the janitor looks whether the lease of a job has run out, and puts that back")


class FarmRedis(Redis):
    """A Redis in which all keys have one hash tag, so that a script may touch any of them."""

    keys = (FARM,)


class ResultStore(Component):
    """An object store; its value is how often the result of a job was written."""

    keyed = True
    initial = 0
    faults = (ANSWER_LOST,)

    @operation
    def put(self, versions: int, job: str) -> Outcomes:
        """PUT."""
        return (Step(True, versions + 1), Step(NO_ANSWER, versions + 1, fault=ANSWER_LOST))

    @operation
    def put_if_absent(self, versions: int, job: str) -> Outcomes:
        """PUT with If-None-Match: *; answer whether there was nothing."""
        after = versions or 1
        return (Step(versions == 0, after), Step(NO_ANSWER, after, fault=ANSWER_LOST))


@dataclass(frozen=True)
class Farm(Components):
    """Redis, the store, and the memory of the node: the results that are not uploaded yet, by job."""

    redis: FarmRedis = FarmRedis("redis")
    store: ResultStore = ResultStore("store")
    results: Memory = Memory("results", keyed=True)


def state_of(job: str) -> str:
    return key_of(f"state-{job}", FARM)


def lease_of(job: str) -> str:
    return key_of(f"lease-{job}", FARM)


def submit(farm: Farm, job: str) -> Steps:
    yield W1(farm.redis.rpush(QUEUE, job))


def slot_done_early(farm: Farm, number: int) -> Steps:
    """A thread of the node, for which a job is done once there is a result."""
    job = yield W2(atomic_block(claim, farm.redis))
    yield W3(farm.results.set(RESULT, key=job))
    yield W4(atomic_block(finish, farm.redis, job))


def slot_in_steps(farm: Farm, number: int) -> Steps:
    """The same, which takes a job by two commands, and leaves it to the uploader to say that it is done."""
    job = yield W2(farm.redis.blpop(QUEUE))
    yield from lease(farm.redis, job)
    yield W3(farm.results.set(RESULT, key=job))


def slot(farm: Farm, number: int) -> Steps:
    """The same, and takes it by a script."""
    job = yield W2(atomic_block(claim, farm.redis))
    yield W3(farm.results.set(RESULT, key=job))


def claim(redis: FarmRedis) -> Script:
    job: str = yield redis.blpop(QUEUE)
    yield from lease(redis, job)
    return job


def lease(redis: FarmRedis, job: str) -> Script:
    yield redis.set(lease_of(job), WORKER, WORKER)
    yield redis.set(state_of(job), TAKEN)


def finish(redis: FarmRedis, job: str) -> Script:
    yield redis.set(state_of(job), DONE)
    yield redis.delete_if_equal(lease_of(job), WORKER)


def upload_only(farm: Farm, job: str) -> Steps:
    """Another thread of the node, which uploads the result of a job that is done."""
    if (yield farm.results.get(key=job)):
        yield from put(farm.store.put_if_absent, job)
        yield farm.results.set(None, key=job)


def upload_over(farm: Farm, job: str) -> Steps:
    """The same, and a job is done when its result is uploaded.

    First it is out of the memory: when a lease was too short, another run may bring a result as soon as that.
    """
    if (yield farm.results.get(key=job)):
        yield from put(farm.store.put, job)
        yield farm.results.set(None, key=job)
        yield W4(atomic_block(finish, farm.redis, job))


def upload(farm: Farm, job: str) -> Steps:
    """The same, and no result is written over."""
    if (yield farm.results.get(key=job)):
        yield from put(farm.store.put_if_absent, job)
        yield farm.results.set(None, key=job)
        yield W4(atomic_block(finish, farm.redis, job))


def put(request: Callable[[str], Operation], job: str) -> Steps:
    """Try for as long as there is no answer."""
    while (yield W5(request(job))) == NO_ANSWER:
        pass


def clean(farm: Farm, job: str) -> Steps:
    """The janitor, elsewhere: a script for each job."""
    yield W6(atomic_block(put_back, farm.redis, job))


def put_back(redis: FarmRedis, job: str) -> Script:
    if (yield redis.get(state_of(job))) == TAKEN and (yield redis.get(lease_of(job))) is None:
        yield redis.delete(state_of(job))
        yield redis.rpush(QUEUE, job)


@settled("every-job-uploaded", "once everything has settled, the result of every job is in the store")
def every_job_uploaded(job: str, store: int) -> str | None:
    return None if store else f"{job} has no result"


@always("uploaded-once", "no result is written over, which somebody may have fetched")
def uploaded_once(job: str, store: int) -> str | None:
    return f"{job} has two results" if store > 1 else None


@settled("uploaded-is-done", "once everything has settled, every job that is uploaded is marked as done", across=True)
def uploaded_is_done(redis: Mapping[str, RedisState], store: Mapping[str, int]) -> str | None:
    states = {key: entry.content for key, entry in redis[FARM].keys}
    undone = [job for job, versions in store.items() if versions and states.get(state_of(job)) != DONE]
    return f"{', '.join(undone)} uploaded, and not done" if undone else None


DONE_EARLY = Design(
    name="worker-node-done-early",
    summary="a job is done when its result is in memory",
    source="a whiteboard",
    key="job",
    components=Farm(),
    roles=(
        one_each("submit", submit),
        several("slot", slot_done_early, 2, repeats=True),
        one_each("uploader", upload_only, repeats=True),
        one_each("janitor", clean, repeats=True),
    ),
    nodes=(
        Node(
            WORKER,
            runs=("slot", "uploader"),
            crashes=(crash(NODE_CRASH),),
            volatile=(Farm.results,),
        ),
    ),
    claims=(every_job_uploaded, uploaded_once, uploaded_is_done),
    budgets={"node-crash": 1},
    expects={"every-job-uploaded": "violated", "uploaded-once": "holds", "uploaded-is-done": "holds"},
)

CLAIMED_IN_STEPS = DONE_EARLY.variant(
    "worker-node-claimed-in-steps",
    "a job is done when its result is uploaded, and popped before it is leased",
    roles={"slot": slot_in_steps, "uploader": upload},
)

OVERWRITTEN = CLAIMED_IN_STEPS.variant(
    "worker-node-overwritten",
    "popped and leased by one script; a result is written over",
    roles={"slot": slot, "uploader": upload_over},
    expects={"every-job-uploaded": "holds", "uploaded-once": "violated", "uploaded-is-done": "holds"},
)

SOUND = OVERWRITTEN.variant(
    "worker-node-sound",
    "the same, and no result is written over",
    roles={"uploader": upload},
    budgets={"node-crash": 1, "lease-expiry": 1, "answer-lost": 1},
    expects={"every-job-uploaded": "holds", "uploaded-once": "holds", "uploaded-is-done": "holds"},
)
