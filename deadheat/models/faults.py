"""Every kind of fault: its name, what happens, and the documentation of the real component that it models.

A fault is off unless it is given a budget. What is merely slow needs no fault: a request, a reply, a pod, a watch
event or a sweep may always take as long as it likes.
"""

from __future__ import annotations

from deadheat.sim.faults import Fault

__all__ = [
    "CANCEL_CRASH",
    "CANCEL_LOSS",
    "CELERY_REDELIVERY",
    "CLEANUP_CRASH",
    "CLEANUP_LOSS",
    "COMPLETION",
    "DISPATCHER_CRASH",
    "DISPATCHER_LOSS",
    "FAULTS",
    "HTTP_LOSS",
    "HTTP_RETRY",
    "HTTP_TIMEOUT",
    "K8S_LOST_ANSWER",
    "K8S_REFUSAL",
    "LEASE_EXPIRY",
    "OVERLAPPING_SWEEPS",
    "REDIS_FAILOVER",
    "REPEATED_CANCEL",
    "RESUBMISSION",
    "STALE_LIST",
    "STALE_STATUS",
    "WATCH_DUPLICATE",
    "WATCH_LOSS",
    "WORKER_CRASH",
    "WORKER_LOSS",
    "Fault",
]

WORKER_CRASH = "worker-crash"
WORKER_LOSS = "worker-loss"
DISPATCHER_CRASH = "dispatcher-crash"
DISPATCHER_LOSS = "dispatcher-loss"
CANCEL_CRASH = "cancel-crash"
CANCEL_LOSS = "cancel-loss"
CLEANUP_CRASH = "cleanup-crash"
CLEANUP_LOSS = "cleanup-loss"
CELERY_REDELIVERY = "celery-redelivery"
HTTP_RETRY = "http-retry"
HTTP_LOSS = "http-loss"
HTTP_TIMEOUT = "http-timeout"
K8S_LOST_ANSWER = "k8s-lost-answer"
K8S_REFUSAL = "k8s-refusal"
WATCH_LOSS = "watch-loss"
WATCH_DUPLICATE = "watch-duplicate"
STALE_LIST = "stale-list"
STALE_STATUS = "stale-status"
LEASE_EXPIRY = "lease-expiry"
REDIS_FAILOVER = "redis-failover"
REPEATED_CANCEL = "repeated-cancel"
RESUBMISSION = "resubmission"
COMPLETION = "completion"
OVERLAPPING_SWEEPS = "overlapping-sweeps"


FAULTS: dict[str, Fault] = {
    fault.kind: fault
    for fault in (
        Fault(
            WORKER_CRASH,
            "the Celery worker is killed at any step and restarts; its unacknowledged task is delivered again",
            "Celery: Tasks, acks_late and reject_on_worker_lost",
            bounded=True,
        ),
        Fault(
            WORKER_LOSS,
            "the Celery worker is killed at any step and nothing restarts it; another one takes its task",
            "Celery: Tasks, acks_late and reject_on_worker_lost; Workers guide, process supervision",
            bounded=True,
        ),
        Fault(
            DISPATCHER_CRASH,
            "the dispatcher is killed at any step of a request and restarts; the caller sends the request again",
            "Kubernetes: Pod lifecycle, container restarts",
            bounded=True,
        ),
        Fault(
            DISPATCHER_LOSS,
            "the dispatcher is killed at any step of a request and stays down; the caller gives up",
            "Kubernetes: Pod lifecycle, CrashLoopBackOff",
        ),
        Fault(
            CANCEL_CRASH,
            "the cancel handler is killed at any step and restarts; the user's request begins anew",
            "Kubernetes: Pod lifecycle, container restarts",
        ),
        Fault(
            CANCEL_LOSS,
            "the cancel handler is killed at any step and nobody takes up the user's request",
            "Kubernetes: Pod lifecycle, termination of Pods",
        ),
        Fault(
            CLEANUP_CRASH,
            "the cleanup, or the listener, is killed in the middle of its work and starts anew",
            "Kubernetes: CronJob, missed and failed Jobs",
        ),
        Fault(
            CLEANUP_LOSS,
            "the cleanup, or the listener, is killed in the middle of its work and never starts again",
            "Kubernetes: CronJob, startingDeadlineSeconds and 100 missed schedules",
        ),
        Fault(
            CELERY_REDELIVERY,
            "the visibility timeout ends while the task still runs, and a second worker gets it too",
            "Celery: Using Redis, Visibility timeout",
            bounded=True,
        ),
        Fault(
            HTTP_RETRY,
            "the worker's HTTP call times out and is sent again, while the first delivery goes on",
            "HTTPX: Timeouts; urllib3: Retry",
            bounded=True,
        ),
        Fault(
            HTTP_LOSS,
            "a request or its reply is lost on the way; the caller notices in the end and sends it again",
            "RFC 9110, 9.2.2 Idempotent methods",
            bounded=True,
        ),
        Fault(
            HTTP_TIMEOUT,
            "the worker's HTTP call times out and the worker gives up, while the handler goes on",
            "HTTPX: Timeouts, read timeout",
        ),
        Fault(
            K8S_LOST_ANSWER,
            "Kubernetes creates or deletes what it was asked to, but the answer is lost",
            "Kubernetes: API concepts, request timeouts",
        ),
        Fault(
            K8S_REFUSAL,
            "Kubernetes refuses to create or delete: 409 Conflict, 429 Too Many Requests or 500",
            "Kubernetes: API priority and fairness; Resource quotas",
        ),
        Fault(
            WATCH_LOSS,
            "a watch event is never delivered",
            "Kubernetes: API concepts, 410 Gone and efficient detection of changes",
        ),
        Fault(
            WATCH_DUPLICATE,
            "a watch event is delivered twice",
            "Kubernetes: API concepts, watch reconnects with an older resourceVersion",
        ),
        Fault(
            STALE_LIST,
            "a list of Jobs shows an earlier moment",
            "Kubernetes: API concepts, resourceVersion semantics (resourceVersion=0)",
        ),
        Fault(
            STALE_STATUS,
            "a read of the status sees the value before the last write",
            "PostgreSQL: Hot standby, replication lag",
        ),
        Fault(
            LEASE_EXPIRY,
            "a Redis key's time to live runs out while its holder is still at work and counts on it",
            "Redis: EXPIRE; Distributed locks",
        ),
        Fault(
            REDIS_FAILOVER,
            "Redis fails over to a replica that lacks the last of the acknowledged writes",
            "Redis: Replication, asynchronous by default; Sentinel",
        ),
        Fault(
            REPEATED_CANCEL,
            "the user asks again for the cancellation, and a second handler runs",
            "the original analysis: step T3",
            bounded=True,
        ),
        Fault(
            RESUBMISSION,
            "the user submits the cancelled evaluation again, under the same id",
            "Kubernetes: Object names and IDs",
            bounded=True,
        ),
        Fault(
            COMPLETION,
            "the Job finishes and its completion is recorded, whatever the user asks for meanwhile",
            "Kubernetes: Jobs, Job termination and cleanup",
        ),
        Fault(
            OVERLAPPING_SWEEPS,
            "a sweep of the cleanup starts while another still runs",
            "Kubernetes: CronJob, concurrencyPolicy",
        ),
    )
}
"""The kinds of fault, in the order in which they are shown."""
