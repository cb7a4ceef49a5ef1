"""Faults: what may go wrong, declared beside the step or the process that it befalls."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Fault", "kind_of"]


class Fault(NamedTuple):
    """A kind of fault, off unless it is given a budget.

    `source` is the documentation of the real thing that it models. `bounded` tells that each one needs a process of its
    own, so there is no endless supply.
    """

    kind: str
    meaning: str
    source: str
    bounded: bool = False


def kind_of(fault: Fault | str) -> str:
    """Return the kind of a fault that is given as such, or by the name of its kind."""
    return fault.kind if isinstance(fault, Fault) else fault
