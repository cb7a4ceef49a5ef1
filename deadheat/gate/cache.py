"""Answers that were found before, by their question and by the files that they were read from.

Each answer is a file of its own in the platform's folder for caches: a checksum, and JSON. It is written beside its
place and then moved there, so that two gates at once, or one that is killed, leave no half of one; what does not match
its checksum is as if it were not there. What cannot be written is not kept, and nothing else comes of it.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import msgspec
import platformdirs

from deadheat.gate.files import package_hash, sources_of, unchanged
from deadheat.gate.worker import Answer, Question

__all__ = ["FOLDER", "Cache"]

FOLDER = "DEADHEAT_CACHE"
"""The environment variable that names another folder."""

ANSWERS_MAX = 1_000

DIGITS = 32


class Cache:
    """The folder with the answers."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or Path(os.environ.get(FOLDER) or platformdirs.user_cache_dir("deadheat")) / "gate"
        self._ours = f"{package_hash()} {sys.version}"

    def get(self, question: Question, root: Path) -> Answer | None:
        """Return the answer to a question in a folder, if one was kept and no file that it was read from changed."""
        for path in self._kept(question):
            answer = _read(path)
            if answer is not None and unchanged(answer.files, root):
                with suppress(OSError):
                    os.utime(path)  # the oldest are the first to go
                return answer
        return None

    def keep(self, question: Question, answer: Answer) -> None:
        """Keep an answer, unless it says why there is none."""
        if answer.error is not None:
            return
        content = msgspec.json.encode(answer, order="deterministic")
        name = f"{self._key(question)}-{sources_of(answer.files)}.json"
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._folder, suffix=".part", delete=False) as file:
                file.write(_checksum(content) + b"\n" + content)
            os.replace(file.name, self._folder / name)
            self._make_room()

    def _kept(self, question: Question) -> list[Path]:
        try:
            return sorted(self._folder.glob(f"{self._key(question)}-*.json"))
        except OSError:
            return []

    def _key(self, question: Question) -> str:
        content = msgspec.json.encode(question, order="deterministic")
        return hashlib.sha256(self._ours.encode() + b"\0" + content).hexdigest()[:DIGITS]

    def _make_room(self) -> None:
        kept = sorted(self._folder.iterdir(), key=lambda each: each.stat().st_mtime)
        for path in kept[: max(0, len(kept) - ANSWERS_MAX)]:
            path.unlink(missing_ok=True)


def _checksum(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


def _read(path: Path) -> Answer | None:
    """Return what a file keeps; None for one that is damaged, or of another form."""
    try:
        checksum, _, content = path.read_bytes().partition(b"\n")
        return msgspec.json.decode(content, type=Answer) if checksum == _checksum(content) else None
    except (OSError, msgspec.MsgspecError):
        return None
