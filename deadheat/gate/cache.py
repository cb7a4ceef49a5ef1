"""Answers that were found before, by their question, by what was asked about (`identities`), and by files (`files`).

Each answer is a file of its own among what is kept between runs (`sim/kept`): two gates at once, or one that is killed,
leave no half of one, and what is damaged is as if it were not there.
"""

from __future__ import annotations

import hashlib
import os
import sys
from contextlib import suppress
from pathlib import Path

import msgspec

from deadheat.gate.files import package_hash, unchanged
from deadheat.gate.worker import Answer, Question
from deadheat.sim import kept

__all__ = ["Cache"]

FOLDER = "gate"
BYTES_MAX = 64 << 20
DIGITS = 32


class Cache:
    """The answers; none, where nothing can or shall be kept."""

    def __init__(self) -> None:
        self._folder = kept.folder(FOLDER)
        self._ours = f"{package_hash()} {sys.version} {sys.prefix} {sys.flags.optimize}"

    @property
    def is_off(self) -> bool:
        """Whether nothing is kept."""
        return self._folder is None

    def get(self, question: Question, identity: str | None, root: Path) -> Answer | None:
        """Return the answer to a question in a folder, if one was kept and all that it depends on is as it was.

        None is the identity of what has none (see `identities`): nothing is kept of it.
        """
        for path in self._kept(question, identity):
            answer = _read(path)
            if answer is not None and unchanged(answer.files, root):
                with suppress(OSError):
                    os.utime(path)  # the oldest are the first to go
                return answer
        return None

    def keep(self, question: Question, identity: str | None, answer: Answer) -> None:
        """Keep an answer, unless it says why there is none."""
        if answer.error is not None or self._folder is None or identity is None:
            return
        content = msgspec.json.encode(answer, order="deterministic")
        digest = hashlib.sha256(msgspec.json.encode(answer.files, order="deterministic")).hexdigest()[:DIGITS]
        if kept.write(self._folder / f"{self._key(question, identity)}-{digest}", content):
            kept.remove_oldest(self._folder, BYTES_MAX)

    def _kept(self, question: Question, identity: str | None) -> list[Path]:
        if self._folder is None or identity is None:
            return []
        try:
            return sorted(self._folder.glob(f"{self._key(question, identity)}-*{kept.SUFFIX}"))
        except OSError:
            return []

    def _key(self, question: Question, identity: str) -> str:
        content = msgspec.json.encode(question, order="deterministic")
        return hashlib.sha256(f"{self._ours}\0{identity}\0".encode() + content).hexdigest()[:DIGITS]


def _read(path: Path) -> Answer | None:
    """Return what a file keeps; None for one that is damaged, or of another form."""
    content = kept.read(path.with_name(path.name.removesuffix(kept.SUFFIX)))
    try:
        return None if content is None else msgspec.json.decode(content, type=Answer)
    except msgspec.MsgspecError:
        return None
