"""The lock: what was found when somebody last said that it is right, and the findings that were accepted since.

JSON, sorted and without times, so that two people who write it write the same bytes, and a diff of it can be read.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from deadheat.gate.config import Check
from deadheat.gate.surveys import Budgets, Survey
from deadheat.sim.errors import UsageError
from deadheat.sim.locking import taken_within
from deadheat.sim.written import write
from deadheat.version import VERSION

__all__ = ["FORMAT", "FORMAT_VERSION", "Accepted", "Lock", "alone", "read_lock", "write_lock"]

FORMAT, FORMAT_VERSION = "deadheat-lock", 1

MEND = "mend it, take it from the last commit, or move it away and write one with deadheat gate --update"

WAITS_S = 10.0
"""So long one waits for another who writes the lock, which takes no time."""

MARKERS = (b"<<<<<<< ", b"=======\n", b">>>>>>> ")


class Accepted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A finding that the team lives with, until the end of a day; what it is, so that it is known again.

    `system` is the fingerprint of what the protocol did then: what it does else later is another matter. What is found
    `at_a_ref` is found only where the protocol is compared with an older one.
    """

    id: str
    check: str
    kind: str
    property: str | None
    faults: Budgets
    reason: str
    until: dt.date
    system: str | None = None
    at_a_ref: bool = False


class Lock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was found of each check, by its name, by which version of deadheat; and what was asked of each."""

    format: str = FORMAT
    version: int = FORMAT_VERSION
    deadheat: str = VERSION
    checks: dict[str, Survey] = {}
    asked: dict[str, Check] = {}
    accepted: tuple[Accepted, ...] = ()


def read_lock(path: Path, *, anew: bool = False) -> Lock | None:
    """Return the lock, or None where there is none; raises UsageError for a file that is none, or of another form.

    Where it is to be written anew, an empty one and one of another form count as none. Any other file that cannot be
    read may be something else, or hold acceptances that nobody has anywhere else: that is not overwritten.
    """
    try:
        return _read_lock(path)
    except _OtherFormError:
        if anew:
            return None
        raise


class _OtherFormError(UsageError):
    """A file has nothing in it, or is a lock that another version of deadheat has made."""


def _read_lock(path: Path) -> Lock | None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from None
    if all(marker in content for marker in MARKERS):
        raise UsageError(
            f"{path} has the marks of a merge conflict in it; take either side, and run deadheat gate --update."
        )
    if not content.strip():
        raise _OtherFormError(f"{path} is empty; write it with deadheat gate --update.")
    try:
        found: Any = json.loads(content)
    except ValueError as error:
        raise UsageError(f"{path} is no lock ({error}); {MEND}.") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise UsageError(f"{path} is no lock of deadheat; move it away, or give `lock` another name.")
    if found.get("version") != FORMAT_VERSION:
        raise _OtherFormError(
            f"{path} is a lock of form {found.get('version')!r}, made by deadheat {found.get('deadheat')}, and this is "
            f"deadheat {VERSION}, which reads form {FORMAT_VERSION}; compare with --base REF, and write it anew with "
            "--update."
        )
    try:
        return msgspec.convert(found, Lock, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(f"{path} is no lock ({error}); {MEND}.") from None


def write_lock(path: Path, lock: Lock) -> None:
    """Write the lock, all or nothing; raises UsageError where it cannot be written."""
    content = json.dumps(msgspec.to_builtins(lock), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    write(path, content)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Let nobody else write the lock meanwhile; it is its folder that is locked, so that no file is left.

    Raises UsageError where somebody else has it for too long.
    """
    try:
        folder = os.open(path.resolve().parent, os.O_RDONLY)
    except OSError:  # there is no such folder, which writing tells, or none that can be opened
        yield
        return
    try:
        if not taken_within(folder, WAITS_S):
            raise UsageError(
                f"Another process has had the folder of {path} locked for {WAITS_S:g} s; wait for its end, or end it, "
                "and try again."
            )
        yield
    finally:
        os.close(folder)
