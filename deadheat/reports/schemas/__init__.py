"""The forms of all outputs for machines, as types, of which JSON Schemas are made (`deadheat schema`).

They describe, and make nothing: a test runs every command, and holds what it prints to its form, key by key. Keys may
be added to an output, so a reader shall pass over those that it does not know.
"""

from __future__ import annotations

from deadheat.reports.schemas.form import Form
from deadheat.reports.schemas.fuzz import Fuzz, FuzzRate
from deadheat.reports.schemas.searches import Check, Explore, Frontier, Gate, Incidents, Mutate, Rollout, Window
from deadheat.reports.schemas.servers import CleanupLine, Conform, Live, Operations, Stress
from deadheat.reports.schemas.timed import Latencies, Migrate, Simulate

__all__ = ["FORMS"]

FORMS: dict[str, type[Form]] = {
    "check": Check,
    "cleanup": CleanupLine,
    "conform": Conform,
    "explore": Explore,
    "frontier": Frontier,
    "fuzz": Fuzz,
    "fuzz-rate": FuzzRate,
    "gate": Gate,
    "incidents": Incidents,
    "latencies": Latencies,
    "live": Live,
    "migrate": Migrate,
    "mutate": Mutate,
    "operations": Operations,
    "rollout": Rollout,
    "simulate": Simulate,
    "stress": Stress,
    "window": Window,
}
"""The form of each output, by the name that `deadheat schema` knows it by."""
