"""The file of a checkpoint, whatever it holds: who may use it, what code it is of, and what is said if it fails."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

from deadheat.sim.errors import CheckpointError
from deadheat.sim.explore.saved.whole_file import Body, Buffer, DamagedError, InUseError, WholeFile
from deadheat.sim.fingerprint import PYTHON
from deadheat.version import VERSION

__all__ = ["CheckpointFile", "code_in"]

Header = TypeVar("Header", bound=msgspec.Struct)


class CheckpointFile:
    """A file that begins with `magic`, which nobody else may use as long as this is open.

    Raises CheckpointError where it could not be written in the end.
    """

    def __init__(self, path: Path, magic: bytes) -> None:
        self.path = path
        if path.exists() and not stat.S_ISREG(path.stat().st_mode):
            raise self.is_none()
        try:
            self._file = WholeFile(path, magic)
        except InUseError:
            raise CheckpointError(
                f"The checkpoint {path} is in use by another search; wait for its end, or name another file."
            ) from None
        except OSError as error:
            raise self._cannot("written", error) from None

    def close(self) -> None:
        """Let other searches use the file."""
        self._file.close()

    def exists(self) -> bool:
        """Return whether something is there that a search can go on with, or that is to be complained of."""
        return self.path.exists()

    def remove(self) -> None:
        """Remove the file, of a search that is done."""
        self.path.unlink(missing_ok=True)

    def write(self, header: msgspec.Struct, body: Iterable[Buffer] = ()) -> None:
        """Replace what is in the file; raises CheckpointError where that cannot be done."""
        try:
            self._file.write(msgspec.json.encode(header), body)
        except OSError as error:
            raise self._cannot("written", error) from None

    def read(self, form: type[Header]) -> tuple[Header, Body]:
        """Return what is in the file; raises CheckpointError if it cannot be read, or is damaged."""
        try:
            if not self._file.is_one():
                raise self.is_none()
            text, body = self._file.read()
            return msgspec.json.decode(text, type=form), body
        except OSError as error:
            raise self._cannot("read", error) from None
        except (DamagedError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise self.is_damaged() from None

    def require_code(self, saved_by: str, code: str) -> None:
        """Raise CheckpointError unless this very code (see `code_in`) saved it."""
        if saved_by != code:
            raise self._is_of_another(
                f"version: {saved_by.rpartition(',')[0]} saved it; go on with that one, or remove it to start anew"
            )

    def require_scenario(self, saved: str, fingerprint: str) -> None:
        """Raise CheckpointError unless it is of what has this fingerprint."""
        if saved != fingerprint:
            raise self._is_of_another(
                "scenario, or of a protocol that has changed since; name another file, or remove this one"
            )

    def is_none(self) -> CheckpointError:
        """Return the complaint that it is something else."""
        return CheckpointError(
            f"{self.path} is not a checkpoint, or not one that this version of deadheat can go on with; name another "
            "file, or remove this one."
        )

    def is_damaged(self) -> CheckpointError:
        """Return the complaint that what is in it makes no sense."""
        return CheckpointError(f"The checkpoint {self.path} is damaged; remove it to start anew.")

    def _cannot(self, what: str, error: OSError) -> CheckpointError:
        return CheckpointError(f"The checkpoint {self.path} cannot be {what}: {error.strerror}.")

    def _is_of_another(self, what: str) -> CheckpointError:
        return CheckpointError(f"The checkpoint {self.path} is of another {what}.")


def code_in(*folders: Path) -> str:
    """Return which deadheat this is, on which interpreter, for people, and what they cannot see of these folders."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            digest.update(f"{path.relative_to(folder)} {len(content := path.read_bytes())}\n".encode() + content)
    return f"deadheat {VERSION} on {PYTHON}, {digest.hexdigest()}"
