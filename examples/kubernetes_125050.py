"""Kubernetes: a pod that is deleted while its image is pulled starts all the same, and works on for its grace period.

    deadheat check examples/kubernetes_125050.py --expected
    deadheat show examples/kubernetes_125050.py:AS_IT_WAS

https://github.com/kubernetes/kubernetes/issues/125050 (open since 2024-05-22). The pull goes on after the delete, and
the container starts, "missing the SIGTERM" (a comment of 2025-02-27): it works until SIGKILL, when
`terminationGracePeriodSeconds` is over. That hurts where the grace period is long:
https://github.com/screenappai/meeting-bot/pull/43 tells of three hours.

Read: the issue and its comments; https://github.com/kubernetes/kubernetes/pull/127122 and
https://github.com/kubernetes/kubernetes/pull/131260 (both closed), by which the context of the pod's worker reaches the
puller, so that the pull is cancelled; what users do meanwhile, also in that pull request of meeting-bot: the process
asks the API server at its start whether its own pod has a `deletionTimestamp`.

Inferred: when SIGTERM is sent. In the issue's own reproduction the container gets it once it runs, in the comments
never; here it may come at any time after the delete, and reaches nobody before the container is there. A kubelet that
just looks once more before the start is still too early (`LOOKED`), while a container that looks after it is in time
(`ASKED`). In `CANCELLED` the pull is cancelled and SIGTERM waits until the start is over; `deadheat mutate` says that
it is the waiting that mends, and that a cancelled pull alone saves nothing but the pull.

Assumed: the delete comes during the pull; before that the kubelet would not begin. Left out: restarts of containers and
of the kubelet, several containers, a preStop hook.
"""

from __future__ import annotations

from dataclasses import dataclass

from deadheat import Change, Components, Design, Label, Steps, any_of, atomically, each_step, one_each, settled
from deadheat.library import Clock, Ghost, Row, Signal, Signalled, Stage

WAITING, PULLING, RETURNED = "waiting", "pulling", "returned"
NOTHING, DONE = "nothing", "done"

K1 = Label("K1", "the kubelet begins to pull the image")
K2 = Label("K2", "the user deletes the pod: it gets a deletionTimestamp")
K3 = Label("K3", "the kubelet sends SIGTERM to the pod's container")
K4 = Label("K4", "the kubelet starts the container")
K5 = Label("K5", "the container works")
K6 = Label("K6", "somebody looks for a deletionTimestamp")
K7 = Label("K7", "the kubelet cancels the pull")


@dataclass(frozen=True)
class Cluster(Components):
    """For each pod: what the API server knows of it, how far the kubelet is, and the process and what it has done."""

    deleted: Row = Row("deleted", False, keyed=True)
    sync_pod: Row = Row("sync_pod", WAITING, keyed=True)
    cancelled: Row = Row("cancelled", False, keyed=True)
    process: Signal = Signal("process", keyed=True, begun=False)
    work: Row = Row("work", NOTHING, keyed=True)
    ghost: Ghost = Ghost("ghost", keyed=True)


def delete(cluster: Cluster, pod: str) -> Steps:
    """`kubectl delete`, during the pull."""
    yield atomically(cluster.ghost.once("pulling", key=pod), K2(cluster.deleted.set(True, key=pod)))


def sync(cluster: Cluster, pod: str) -> Steps:
    """`SyncPod`: whatever happens meanwhile, what was pulled is started."""
    yield from begin_to_pull(cluster, pod)
    yield K4(cluster.process.begin(key=pod))


def sync_after_a_look(cluster: Cluster, pod: str) -> Steps:
    """The same, unless the pod is deleted by the end of the pull."""
    yield from begin_to_pull(cluster, pod)
    if not (yield K6(cluster.deleted.get(key=pod))):
        yield K4(cluster.process.begin(key=pod))


def sync_with_context(cluster: Cluster, pod: str) -> Steps:
    """The same, where the pull ends with its context, and it is told when it is over."""
    yield from begin_to_pull(cluster, pod)
    yield any_of(cluster.cancelled.wait_for(True, key=pod), K4(cluster.process.begin(key=pod)))
    yield cluster.sync_pod.set(RETURNED, key=pod)


def begin_to_pull(cluster: Cluster, pod: str) -> Steps:
    yield atomically(K1(cluster.sync_pod.set(PULLING, key=pod)), cluster.ghost.note("pulling", key=pod))


def terminate(cluster: Cluster, pod: str) -> Steps:
    """`SyncTerminatingPod`: SIGTERM for whoever is there, and SIGKILL when the grace period is over."""
    yield cluster.deleted.wait_for(True, key=pod)
    yield K3(cluster.process.send(key=pod))


def terminate_after_sync(cluster: Cluster, pod: str) -> Steps:
    """The same, with the context of what still goes on cancelled, and once that is over."""
    yield cluster.deleted.wait_for(True, key=pod)
    yield K7(cluster.cancelled.set(True, key=pod))
    yield cluster.sync_pod.wait_for(RETURNED, key=pod)
    yield K3(cluster.process.send(key=pod))


def run(cluster: Cluster, pod: str) -> Steps:
    """The container: one piece of work, and a handler of SIGTERM that lets it end at once."""
    works = atomically(cluster.process.alive(key=pod), K5(cluster.work.set(DONE, key=pod)))
    if (yield any_of(cluster.process.wait(key=pod), works)).which == 1:
        yield cluster.process.wait(key=pod)
    yield cluster.process.end(key=pod)


def ask_and_run(cluster: Cluster, pod: str) -> Steps:
    """The same, unless the container finds that its own pod is deleted."""
    yield cluster.process.alive(key=pod)
    if (yield K6(cluster.deleted.get(key=pod))):
        yield cluster.process.end(key=pod)
    else:
        yield from run(cluster, pod)


@each_step("told-before-start-does-nothing", "no container works that was told to end before it started")
def told_before_start_does_nothing(pod: str, work: Change[str], process: Change[Signalled]) -> str | None:
    unaware = process.before.stage is Stage.RUNNING and process.before.grace.clock is not Clock.OFF
    return f"{pod} works, and has missed its SIGTERM" if unaware and work.before != work.after else None


@settled("deleted-pod-ends", "once everything has settled, no container of a deleted pod is there, or still to start")
def deleted_pod_ends(pod: str, deleted: bool, process: Signalled) -> str | None:
    is_over = process.stage in (Stage.ENDED, Stage.KILLED)
    return f"{pod} is deleted, and its container is {process.stage}" if deleted and not is_over else None


@settled("wanted-pod-works", "once everything has settled, each pod has done its work that is not deleted")
def wanted_pod_works(pod: str, deleted: bool, work: str) -> str | None:
    return f"{pod} is not deleted, and has done nothing" if work == NOTHING and not deleted else None


AS_IT_WAS = Design(
    name="kubernetes-125050",
    summary="the pull goes on, and the container starts",
    source="kubernetes issue 125050",
    key="pod",
    components=Cluster(),
    roles=(
        one_each("user", delete, owed=False),
        one_each("kubelet", sync),
        one_each("terminator", terminate),
        one_each("container", run),
    ),
    claims=(told_before_start_does_nothing, deleted_pod_ends, wanted_pod_works),
    expects={
        "told-before-start-does-nothing": "violated",
        "deleted-pod-ends": "holds",
        "wanted-pod-works": "holds",
    },
)

LOOKED = AS_IT_WAS.variant(
    "kubernetes-125050-looked",
    "the kubelet looks once more before it starts the container",
    roles={"kubelet": sync_after_a_look},
)

CANCELLED = AS_IT_WAS.variant(
    "kubernetes-125050-cancelled",
    "the pull is cancelled, and SIGTERM is sent when that is over",
    roles={"kubelet": sync_with_context, "terminator": terminate_after_sync},
    expects={"told-before-start-does-nothing": "holds", "deleted-pod-ends": "holds", "wanted-pod-works": "holds"},
)

ASKED = AS_IT_WAS.variant(
    "kubernetes-125050-asked",
    "the container asks first whether its own pod is deleted",
    roles={"container": ask_and_run},
    expects={"told-before-start-does-nothing": "holds", "deleted-pod-ends": "holds", "wanted-pod-works": "holds"},
)
