"""What protocols are made of, ready to use: components, steps, helpers, faults, and the protocols of the package.

The modules of the package's protocols (`baseline`, `state_machine`, ...) are here too, so that a protocol can be built
of their roles: `baseline.cancel`.
"""

from __future__ import annotations

from deadheat.lazy import exports

TYPE_CHECKING = False  # `typing` would take longer to import than all of this
if TYPE_CHECKING:  # the same names as below, for type checkers
    from deadheat.live.adapters.base import (
        Adapter as Adapter,
        BlockedError as BlockedError,
        poll as poll,
        steered as steered,
    )
    from deadheat.live.site import Site as Site
    from deadheat.models import faults as faults
    from deadheat.models.calls import call as call, has_failed as has_failed
    from deadheat.models.cancelling import cancel_by_comparing as cancel_by_comparing
    from deadheat.models.cluster import every_job as every_job, next_creation as next_creation
    from deadheat.models.components.advisory_lock import AdvisoryLock as AdvisoryLock, Held as Held
    from deadheat.models.components.assignment import Assigned as Assigned, Assignment as Assignment
    from deadheat.models.components.celery import CeleryQueue as CeleryQueue
    from deadheat.models.components.chance import Chance as Chance
    from deadheat.models.components.deadline import Deadline as Deadline
    from deadheat.models.components.expiring_set import ExpiringSet as ExpiringSet, Items as Items
    from deadheat.models.components.ghost import Facts as Facts, Ghost as Ghost, was_noted as was_noted
    from deadheat.models.components.http import GaveUp as GaveUp, HttpChannel as HttpChannel, TimedOut as TimedOut
    from deadheat.models.components.kubernetes import (
        ERRORS as ERRORS,
        Answer as Answer,
        Job as Job,
        JobPhase as JobPhase,
        JobReference as JobReference,
        Kubernetes as Kubernetes,
        KubernetesState as KubernetesState,
        job_name as job_name,
    )
    from deadheat.models.components.kubernetes_guards import BURIED as BURIED, GuardedKubernetes as GuardedKubernetes
    from deadheat.models.components.mailbox import Letters as Letters, Mailbox as Mailbox
    from deadheat.models.components.memory import Memory as Memory
    from deadheat.models.components.node import Tasks as Tasks
    from deadheat.models.components.one_or_each import OneOrEach as OneOrEach
    from deadheat.models.components.pubsub import (
        Disconnected as Disconnected,
        Listener as Listener,
        Listeners as Listeners,
        PubSub as PubSub,
    )
    from deadheat.models.components.redis import (
        Redis as Redis,
        RedisError as RedisError,
        RedisHash as RedisHash,
        RedisList as RedisList,
        RedisState as RedisState,
        key_of as key_of,
    )
    from deadheat.models.components.redis_scripts import Commands as Commands, script as script
    from deadheat.models.components.registry import Registry as Registry
    from deadheat.models.components.row import Row as Row
    from deadheat.models.components.signal import Signal as Signal, Signalled as Signalled, Stage as Stage
    from deadheat.models.components.sql import (
        Column as Column,
        Condition as Condition,
        Database as Database,
        DatabaseState as DatabaseState,
        Record as Record,
        RowLock as RowLock,
        Session as Session,
        SqlError as SqlError,
        column as column,
    )
    from deadheat.models.components.status import TERMINAL as TERMINAL, Status as Status, StatusStore as StatusStore
    from deadheat.models.components.stream import EventStream as EventStream
    from deadheat.models.components.tokens import Tokens as Tokens
    from deadheat.models.components.user import Cancellation as Cancellation, User as User, UserState as UserState
    from deadheat.models.periods import Clock as Clock, Period as Period, runs_out as runs_out
    from deadheat.models.protocols import (
        ADDITIONS as ADDITIONS,
        PROTOCOLS as PROTOCOLS,
        baseline as baseline,
        creation_lock as creation_lock,
        event_sourcing as event_sourcing,
        fenced_generation as fenced_generation,
        name_tombstone as name_tombstone,
        orphan_cleanup as orphan_cleanup,
        owner_tombstone as owner_tombstone,
        request_token as request_token,
        state_machine as state_machine,
        status_check as status_check,
        storage_worker as storage_worker,
        suspended_create as suspended_create,
        two_phase as two_phase,
    )
    from deadheat.models.protocols.baseline import BASELINE as BASELINE
    from deadheat.models.protocols.creation_lock import CREATION_LOCK as CREATION_LOCK
    from deadheat.models.protocols.event_sourcing import EVENT_SOURCING as EVENT_SOURCING
    from deadheat.models.protocols.fenced_generation import FENCED_GENERATION as FENCED_GENERATION
    from deadheat.models.protocols.name_tombstone import NAME_TOMBSTONE as NAME_TOMBSTONE
    from deadheat.models.protocols.orphan_cleanup import (
        ORPHAN_CLEANUP as ORPHAN_CLEANUP,
        ORPHAN_CLEANUP_BY_UID as ORPHAN_CLEANUP_BY_UID,
    )
    from deadheat.models.protocols.owner_tombstone import OWNER_TOMBSTONE as OWNER_TOMBSTONE
    from deadheat.models.protocols.request_token import REQUEST_TOKEN as REQUEST_TOKEN
    from deadheat.models.protocols.state_machine import STATE_MACHINE as STATE_MACHINE
    from deadheat.models.protocols.status_check import REFUSED as REFUSED, STATUS_CHECK as STATUS_CHECK
    from deadheat.models.protocols.storage_worker import STORAGE_WORKER as STORAGE_WORKER
    from deadheat.models.protocols.suspended_create import SUSPENDED_CREATE as SUSPENDED_CREATE
    from deadheat.models.protocols.two_phase import TWO_PHASE as TWO_PHASE
    from deadheat.models.steps import (
        LABELS as LABELS,
        T0 as T0,
        T1 as T1,
        T2 as T2,
        T3 as T3,
        T4 as T4,
        T5 as T5,
        T6 as T6,
        T7 as T7,
        T8 as T8,
    )
    from deadheat.models.system import (
        Addition as Addition,
        CancelRequest as CancelRequest,
        DispatchRequest as DispatchRequest,
        Protocol as Protocol,
        System as System,
        Task as Task,
    )

_NAMES = {
    "deadheat.live.adapters.base": ("Adapter", "BlockedError", "poll", "steered"),
    "deadheat.live.site": ("Site",),
    "deadheat.models.components.advisory_lock": ("AdvisoryLock", "Held"),
    "deadheat.models.components.assignment": ("Assigned", "Assignment"),
    "deadheat.models.components.deadline": ("Deadline",),
    "deadheat.models.components.expiring_set": ("ExpiringSet", "Items"),
    "deadheat.models.components.ghost": ("Facts", "Ghost", "was_noted"),
    "deadheat.models.components.node": ("Tasks",),
    "deadheat.models.components.memory": ("Memory",),
    "deadheat.models.components.mailbox": ("Letters", "Mailbox"),
    "deadheat.models.components.one_or_each": ("OneOrEach",),
    "deadheat.models.components.pubsub": ("Disconnected", "Listener", "Listeners", "PubSub"),
    "deadheat.models.components.registry": ("Registry",),
    "deadheat.models.components.row": ("Row",),
    "deadheat.models.components.signal": ("Signal", "Signalled", "Stage"),
    "deadheat.models.periods": ("Clock", "Period", "runs_out"),
    "deadheat.models": ("faults",),
    "deadheat.models.calls": ("call", "has_failed"),
    "deadheat.models.components.celery": ("CeleryQueue",),
    "deadheat.models.components.chance": ("Chance",),
    "deadheat.models.cancelling": ("cancel_by_comparing",),
    "deadheat.models.cluster": ("every_job", "next_creation"),
    "deadheat.models.components.http": ("GaveUp", "HttpChannel", "TimedOut"),
    "deadheat.models.components.kubernetes": (
        "Answer",
        "ERRORS",
        "Job",
        "JobPhase",
        "JobReference",
        "Kubernetes",
        "KubernetesState",
        "job_name",
    ),
    "deadheat.models.components.kubernetes_guards": ("BURIED", "GuardedKubernetes"),
    "deadheat.models.protocols": (
        "ADDITIONS",
        "PROTOCOLS",
        "baseline",
        "creation_lock",
        "event_sourcing",
        "fenced_generation",
        "name_tombstone",
        "orphan_cleanup",
        "owner_tombstone",
        "request_token",
        "state_machine",
        "status_check",
        "storage_worker",
        "suspended_create",
        "two_phase",
    ),
    "deadheat.models.protocols.baseline": ("BASELINE",),
    "deadheat.models.protocols.creation_lock": ("CREATION_LOCK",),
    "deadheat.models.protocols.event_sourcing": ("EVENT_SOURCING",),
    "deadheat.models.protocols.fenced_generation": ("FENCED_GENERATION",),
    "deadheat.models.protocols.name_tombstone": ("NAME_TOMBSTONE",),
    "deadheat.models.protocols.orphan_cleanup": ("ORPHAN_CLEANUP", "ORPHAN_CLEANUP_BY_UID"),
    "deadheat.models.protocols.owner_tombstone": ("OWNER_TOMBSTONE",),
    "deadheat.models.protocols.request_token": ("REQUEST_TOKEN",),
    "deadheat.models.protocols.state_machine": ("STATE_MACHINE",),
    "deadheat.models.protocols.status_check": ("REFUSED", "STATUS_CHECK"),
    "deadheat.models.protocols.storage_worker": ("STORAGE_WORKER",),
    "deadheat.models.protocols.suspended_create": ("SUSPENDED_CREATE",),
    "deadheat.models.protocols.two_phase": ("TWO_PHASE",),
    "deadheat.models.components.redis": ("Redis", "RedisError", "RedisHash", "RedisList", "RedisState", "key_of"),
    "deadheat.models.components.redis_scripts": ("Commands", "script"),
    "deadheat.models.components.sql": (
        "Column",
        "Condition",
        "Database",
        "DatabaseState",
        "Record",
        "RowLock",
        "Session",
        "SqlError",
        "column",
    ),
    "deadheat.models.components.status": ("Status", "StatusStore", "TERMINAL"),
    "deadheat.models.steps": ("LABELS", "T0", "T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8"),
    "deadheat.models.components.stream": ("EventStream",),
    "deadheat.models.system": (
        "Addition",
        "CancelRequest",
        "DispatchRequest",
        "Protocol",
        "System",
        "Task",
    ),
    "deadheat.models.components.tokens": ("Tokens",),
    "deadheat.models.components.user": ("Cancellation", "User", "UserState"),
}

__all__ = sorted(name for every in _NAMES.values() for name in every)

if not TYPE_CHECKING:  # or no name would be unknown to a type checker
    __getattr__ = exports(__name__, _NAMES)


def __dir__() -> list[str]:
    return __all__
