"""What the protocols of some checks are by now: a text each, which another protocol would not have.

Files and variables do not tell all that a user's file may make its protocol of: a clock, a database, whether another
file is there. So no kept answer is taken before the protocol was loaded anew, and is what it was when the answer was
found: by value, with all that its code reaches (`sim/fingerprint.py`). That costs a process that searches for nothing.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import msgspec

from deadheat.gate.config import Check
from deadheat.gate.processes import answering, ask

__all__ = ["identities"]

SECONDS = 60.0
"""So long may loading take; what takes longer has no identity, and whoever surveys it says what is wrong with it."""


def identities(checks: Sequence[Check], root: Path, paths: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the identities of what checks name in a folder, by the checks' names; without those that have none."""
    with suppress(subprocess.TimeoutExpired, msgspec.MsgspecError):
        out = ask("deadheat.gate.identities", msgspec.json.encode(checks), root, paths, SECONDS).out
        return msgspec.json.decode(out, type=dict[str, str])
    return {}


def _identity(check: Check) -> str:
    from deadheat.gate.asked import scenario_of
    from deadheat.sim.fingerprint import digest_of
    from deadheat.sim.learn.identity import is_patched

    scenario = scenario_of(check)
    more = tuple((kind, 1) for kind in scenario.subject.faults if kind not in scenario.budgets)
    models = [each.model() for each in (scenario, replace(scenario, faults=(*scenario.faults, *more)))]
    initial = [component.initial for each in models for component in each.components.values()]
    return digest_of((models, initial), trusts_models=not is_patched()).hex()


def _answered(question: bytes) -> bytes:
    found = {}
    for check in msgspec.json.decode(question, type=list[Check]):
        with suppress(Exception):  # a survey tells it
            found[check.name] = _identity(check)
    return msgspec.json.encode(found, order="deterministic")


if __name__ == "__main__":
    answering(_answered)
