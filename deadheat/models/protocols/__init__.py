"""The protocols: those of the original analysis, and what Kubernetes itself offers beyond them; one file each."""

from __future__ import annotations

from deadheat.models.protocols.baseline import BASELINE
from deadheat.models.protocols.creation_lock import CREATION_LOCK
from deadheat.models.protocols.event_sourcing import EVENT_SOURCING
from deadheat.models.protocols.fenced_generation import FENCED_GENERATION
from deadheat.models.protocols.name_tombstone import NAME_TOMBSTONE
from deadheat.models.protocols.orphan_cleanup import ORPHAN_CLEANUP, ORPHAN_CLEANUP_BY_UID
from deadheat.models.protocols.owner_tombstone import OWNER_TOMBSTONE
from deadheat.models.protocols.request_token import REQUEST_TOKEN
from deadheat.models.protocols.state_machine import STATE_MACHINE
from deadheat.models.protocols.status_check import STATUS_CHECK
from deadheat.models.protocols.storage_worker import STORAGE_WORKER
from deadheat.models.protocols.suspended_create import SUSPENDED_CREATE
from deadheat.models.protocols.two_phase import TWO_PHASE
from deadheat.models.system import Addition, Protocol

__all__ = ["ADDITIONS", "PROTOCOLS"]

PROTOCOLS: tuple[Protocol, ...] = (
    BASELINE,
    STATUS_CHECK,
    CREATION_LOCK,
    REQUEST_TOKEN,
    STATE_MACHINE,
    TWO_PHASE,
    EVENT_SOURCING,
    OWNER_TOMBSTONE,
    SUSPENDED_CREATE,
    NAME_TOMBSTONE,
    FENCED_GENERATION,
)

ADDITIONS: tuple[Addition, ...] = (ORPHAN_CLEANUP, STORAGE_WORKER, ORPHAN_CLEANUP_BY_UID)
