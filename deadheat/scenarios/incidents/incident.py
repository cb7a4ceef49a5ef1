"""What an incident is: a report, the protocol as it was, and the fix."""

from __future__ import annotations

from dataclasses import dataclass, replace

from deadheat.models.system import Protocol
from deadheat.scenarios.catalogue import INCIDENT

__all__ = ["FIXED", "Incident"]

FIXED = ":fixed"
"""How the name of its protocol with the fix ends."""


@dataclass(frozen=True, slots=True)
class Incident:
    """A reported case of the race: the protocol as it was, and with the fix as it was made or proposed.

    `reference` is the public report, `account` what happened, `remedy` what the fix does and where it is public;
    `faults` are the budgets under which it happened; `properties` are those that the report complains about. Whether
    the protocol violates them, and whether the fix mends that, is no part of an incident: the checker says it.
    """

    name: str
    reference: str
    account: str
    remedy: str
    protocol: Protocol
    fix: Protocol
    properties: tuple[str, ...]
    faults: tuple[tuple[str, int], ...] = ()

    @property
    def protocols(self) -> tuple[Protocol, Protocol]:
        """The protocol as it was and the one with the fix, by the names under which they can be checked."""
        was = replace(self.protocol, name=f"{INCIDENT}{self.name}", summary="as it was", source=self.reference)
        return was, replace(self.fix, name=f"{was.name}{FIXED}", summary=self.remedy, source=self.reference)
