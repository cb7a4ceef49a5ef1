"""How a real Job is known to the models: by its name, its uid as a number, and the evaluation in its label."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from deadheat.models.components.kubernetes import JobReference

if TYPE_CHECKING:
    from kubernetes.client import V1Job

__all__ = ["EVALUATION_LABEL", "HOLD", "RUN_LABEL", "reference_of", "uid_number", "uid_text"]

EVALUATION_LABEL = "eval-id"
RUN_LABEL = "deadheat.dev/run"
HOLD = "deadheat.dev/hold"
"""The finalizer, and the label of the node that does not exist, that hold a Job where a schedule wants it."""


def uid_number(uid: str | None) -> int:
    """Return a uid as a number, which is what the models call a uid; nothing of it is lost."""
    return uuid.UUID(uid).int if uid else 0


def uid_text(number: int) -> str:
    """Return the uid of this number as Kubernetes writes it."""
    return str(uuid.UUID(int=number))


def reference_of(job: V1Job, label: str = EVALUATION_LABEL) -> JobReference:
    """Return what a list or a watch tells of a Job, whose evaluation is in this label."""
    assert job.metadata is not None
    labels = job.metadata.labels or {}
    return JobReference(labels.get(label, ""), str(job.metadata.name), uid_number(job.metadata.uid))
