"""The steps T0 to T8 of the original analysis ("Race Condition Scenario"), as labels for operations."""

from __future__ import annotations

from deadheat.sim.operations import Label

__all__ = ["LABELS", "T0", "T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8"]

T0 = Label("T0", "Celery worker picks up the evaluation task")
T1 = Label("T1", 'worker updates the status to "provisioning"')
T2 = Label("T2", "worker makes the HTTP call to the dispatcher")
T3 = Label("T3", "user requests cancellation")
T4 = Label("T4", "cancel handler checks the status")
T5 = Label("T5", "cancel handler tries to kill the Job")
T6 = Label("T6", 'cancel handler updates the status to "cancelled"')
T7 = Label("T7", "dispatcher receives the request")
T8 = Label("T8", "dispatcher creates the Kubernetes Job")

LABELS = (T0, T1, T2, T3, T4, T5, T6, T7, T8)
