"""The forms of all outputs for machines, as types, of which JSON Schemas are made (`deadheat schema`).

They describe, and make nothing: a test runs every command, and holds what it prints to its form, key by key. Keys may
be added to an output, so a reader shall pass over those that it does not know.
"""

from __future__ import annotations

from deadheat.reports.schemas.form import Form
from deadheat.reports.schemas.fuzz import Fuzz, FuzzRate
from deadheat.reports.schemas.searches import Check, Frontier, Gate, Incidents, Mutate, Rollout, Window
from deadheat.reports.schemas.servers import CleanupLine, Conform, Live, Operations, Stress

__all__ = ["FORMS"]

FORMS: dict[str, type[Form]] = {
    "check": Check,
    "cleanup": CleanupLine,
    "conform": Conform,
    "frontier": Frontier,
    "fuzz": Fuzz,
    "fuzz-rate": FuzzRate,
    "gate": Gate,
    "incidents": Incidents,
    "live": Live,
    "mutate": Mutate,
    "operations": Operations,
    "rollout": Rollout,
    "stress": Stress,
    "window": Window,
}
"""The form of each output, by the name that `deadheat schema` knows it by."""
