"""Whose a leaving is: the record of a run proves that the run made it, and says how long the run counts as alive.

A label, a key's prefix or a folder's name can be anybody's. So a run has an id and a secret key that nobody can guess,
and whatever it makes carries a *mark*: the HMAC of that thing's own name under the key. Who copies record and mark to
another thing has copied a mark of another name, which proves nothing.

A run is alive while its lease lasts: it renews it again and again, and the time is told by the server that holds the
lease, since two hosts' clocks need not agree. Process ids are shown to people and decide nothing: another host, another
container and a clone of a virtual machine have the same ones.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import socket
from dataclasses import asdict, dataclass

__all__ = ["LEASE_S", "RunRecord", "is_run_id", "new_record"]

LEASE_S = 60.0
"""How long a run counts as alive after its last sign of life."""


LEASE_MAX_S = 86400.0
HOST_MAX = 255


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run: its id, the secret key of its marks, how long its lease lasts, and where it runs (for people)."""

    run: str
    key: str
    lease_s: float
    host: str
    pid: int

    def mark(self, name: str) -> str:
        """Return the mark that only this run can have put on the thing of this name."""
        return hmac.new(self.key.encode(), f"{self.run} {name}".encode(), hashlib.sha256).hexdigest()

    def owns(self, name: str, mark: str) -> bool:
        """Return whether a mark is this run's, and was put on the thing of this name."""
        return hmac.compare_digest(self.mark(name).encode(), mark.encode(errors="backslashreplace"))

    def to_json(self) -> str:
        """Write it down."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> RunRecord | None:
        """Read what `to_json` wrote; None for anything else, whatever it is: anybody may have written it."""
        try:
            record = cls(**json.loads(text))
        except (TypeError, ValueError, RecursionError):
            return None
        fits = all(
            isinstance(getattr(record, name), kind)
            for name, kind in (("run", str), ("key", str), ("lease_s", float), ("host", str), ("pid", int))
        )
        return record if fits and record._is_sound() else None

    def _is_sound(self) -> bool:
        """Return whether it can be reckoned with, and shown: no half or control characters, no endless lease."""
        is_text = self.key.isprintable() and self.host.isprintable() and len(self.host) <= HOST_MAX
        return is_run_id(self.run) and is_text and 0.001 <= self.lease_s <= LEASE_MAX_S

    def __str__(self) -> str:
        return f"run {self.run} (host {self.host}, pid {self.pid})"


def new_record() -> RunRecord:
    """Return the record of a run that begins now."""
    return RunRecord(secrets.token_hex(8), secrets.token_hex(16), LEASE_S, socket.gethostname(), os.getpid())


def is_run_id(text: str) -> bool:
    """Return whether a text has the form of a run's id."""
    return re.fullmatch(r"[0-9a-f]{16}", text) is not None
