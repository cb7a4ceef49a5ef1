"""The namespaces of runs: made with a proof of whose they are, kept alive by their run, and removed with care.

Record, mark and the time of the last renewal are annotations, so that one request makes a namespace together with its
proof. A deletion has the uid and the resource version that were judged as its preconditions: a run that renews its
lease in that very moment keeps its namespace.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from deadheat.live.cluster import Cluster
from deadheat.live.job_reference import HOLD, RUN_LABEL
from deadheat.live.leavings.heartbeat import LeaseLostError
from deadheat.live.leavings.run_record import RunRecord
from deadheat.sim.errors import LiveError

if TYPE_CHECKING:
    from kubernetes.client import V1Namespace

__all__ = [
    "Judged",
    "create",
    "judge",
    "lift_holds",
    "list_marked",
    "read",
    "remove",
    "renew",
    "wait_until_gone",
    "was_refused",
]

RECORD = "deadheat.dev/record"
OWNER = "deadheat.dev/owner"
RENEWED = "deadheat.dev/renewed"

ALL_JOBS = ""
LOOK_S = 0.2
LIFT_S = 1.0


@dataclass(frozen=True, slots=True)
class Judged:
    """A namespace as a sweep sees it. `record` is None if nothing proves that a run made it; `why` says what is wrong.

    `silent_s` is how long ago its run last said that it is alive, by the cluster's own clock.
    """

    name: str
    uid: str
    version: str
    label: str
    record: RunRecord | None
    silent_s: float
    is_deleted: bool
    why: str = ""


def create(cluster: Cluster, record: RunRecord, name: str) -> str:
    """Make a namespace that is provably the run's, and return its uid."""
    annotations = {RECORD: record.to_json(), OWNER: record.mark(_subject(name)), RENEWED: cluster.now().isoformat()}
    metadata = {"name": name, "labels": {RUN_LABEL: record.run}, "annotations": annotations}
    with cluster.explained("creating a namespace"):
        made = cluster.core.create_namespace({"metadata": metadata})  # type: ignore[arg-type]
    assert made.metadata is not None
    return str(made.metadata.uid)


def was_refused(error: LiveError) -> bool:
    """Return whether the server answered, and refused, so that nothing was made."""
    from kubernetes.client import ApiException

    cause = error.__context__
    return isinstance(cause, ApiException) and 400 <= (cause.status or 0) < 500


def renew(cluster: Cluster, name: str, uid: str) -> None:
    """Say that the run of a namespace is alive; raises LeaseLostError if the namespace is not there any more."""
    from kubernetes.client.exceptions import ConflictException, NotFoundException

    patch = {"metadata": {"uid": uid, "annotations": {RENEWED: cluster.now().isoformat()}}}
    try:
        cluster.patch_namespace(name, patch)
    except (NotFoundException, ConflictException):  # a 409 is another namespace of the same name
        raise LeaseLostError(f"the namespace {name} is gone") from None


def list_marked(cluster: Cluster) -> list[Judged]:
    """Return every namespace with the label of a run, by name: judged, since anybody may have put the label there."""
    now = cluster.now()
    with cluster.explained("listing namespaces"):
        listed = cluster.core.list_namespace(label_selector=RUN_LABEL, _request_timeout=30.0).items
    return sorted((judge(each, now) for each in listed), key=lambda each: each.name)


def judge(namespace: V1Namespace, now: datetime) -> Judged:
    """Say whose a namespace is."""
    metadata = namespace.metadata
    assert metadata is not None
    name, annotations = str(metadata.name), metadata.annotations or {}
    label = (metadata.labels or {}).get(RUN_LABEL, "")
    record = RunRecord.from_json(annotations.get(RECORD, ""))
    renewed = _time(annotations.get(RENEWED, ""))
    if record is None:
        why = "it has the label, and no record of a run"
    elif record.run != label or not record.owns(_subject(name), annotations.get(OWNER, "")):
        why = "its record is that of another namespace"
    elif renewed is None:
        why = "it does not say when its run was last alive"
    else:
        why = ""
    silent_s = (now - renewed).total_seconds() if renewed is not None else 0.0
    return Judged(
        name,
        str(metadata.uid),
        str(metadata.resource_version),
        label,
        None if why else record,
        silent_s,
        metadata.deletion_timestamp is not None,
        why,
    )


def read(cluster: Cluster, name: str) -> V1Namespace | None:
    """GET a namespace, or None if there is none of that name."""
    from kubernetes.client.exceptions import NotFoundException

    try:
        with cluster.explained("reading a namespace"):
            return cluster.core.read_namespace(name, _request_timeout=30.0)
    except NotFoundException:
        return None


def remove(cluster: Cluster, name: str, uid: str, version: str | None = None) -> bool:
    """DELETE the namespace that has this uid (and, if given, this version); return whether that was still so.

    A namespace of this uid that is gone, or in deletion, counts as removed. Raises LiveError if the server refuses.
    """
    from kubernetes.client.exceptions import ConflictException, NotFoundException

    preconditions = {"uid": uid} | ({"resourceVersion": version} if version is not None else {})
    options: Any = {"preconditions": preconditions}
    try:
        with cluster.explained("deleting a namespace"):
            cluster.core.delete_namespace(name, body=options, _request_timeout=30.0)
    except NotFoundException:
        return True
    except ConflictException:
        found = read(cluster, name)
        if found is None or found.metadata is None or found.metadata.uid != uid:
            return True
        return found.metadata.deletion_timestamp is not None
    return True


def lift_holds(cluster: Cluster, name: str) -> list[str]:
    """Take deadheat's finalizers off what is in a namespace that is in deletion; return why some may be left."""
    return [reason for lift in (_lift_jobs, _lift_config_maps) if (reason := _tried(lift, cluster, name))]


def wait_until_gone(cluster: Cluster, name: str, uid: str, patience_s: float) -> str:
    """Wait for the end of a namespace in deletion, taking finalizers off meanwhile; return why it is still there.

    Returns nothing if it is gone.
    """
    deadline, lift_at, reasons = time.monotonic() + patience_s, 0.0, list[str]()
    while True:
        if time.monotonic() >= lift_at:
            reasons, lift_at = lift_holds(cluster, name), time.monotonic() + LIFT_S
        try:
            found = read(cluster, name)
        except LiveError as error:
            return f"whether it is gone cannot be seen: {error}"
        if found is None or found.metadata is None or found.metadata.uid != uid:
            return ""
        if time.monotonic() > deadline:
            return " ".join([f"it is still in deletion after {patience_s:.0f} s.", *reasons]).rstrip(".")
        time.sleep(LOOK_S)


def _lift_jobs(cluster: Cluster, name: str) -> None:
    jobs, _ = cluster.list_jobs(name, ALL_JOBS)
    for job in jobs:
        if job.metadata is not None and HOLD in (job.metadata.finalizers or []):
            _if_there(lambda each=str(job.metadata.name): cluster.remove_finalizer(name, each, HOLD))  # type: ignore[misc]


def _lift_config_maps(cluster: Cluster, name: str) -> None:
    with cluster.explained("listing ConfigMaps"):
        listed = cluster.core.list_namespaced_config_map(name, _request_timeout=30.0).items
    for owner in listed:
        if owner.metadata is not None and HOLD in (owner.metadata.finalizers or []):
            _if_there(lambda each=str(owner.metadata.name): cluster.release_config_map(name, each))  # type: ignore[misc]


def _if_there(change: Callable[[], None]) -> None:
    from kubernetes.client.exceptions import ConflictException, NotFoundException

    try:
        change()
    except (NotFoundException, ConflictException):  # it is gone, or somebody else is at it; we come again
        return


def _tried(lift: Callable[[Cluster, str], None], cluster: Cluster, name: str) -> str:
    from kubernetes.client.exceptions import NotFoundException

    try:
        lift(cluster, name)
    except NotFoundException:
        return ""
    except LiveError as error:
        return str(error)
    return ""


def _subject(name: str) -> str:
    return f"namespace {name}"


def _time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC) if time.tzinfo is not None else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # the year 1 in another time zone, say
        return None
