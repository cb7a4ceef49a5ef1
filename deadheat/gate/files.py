"""Which files an answer depends on: all that was read while it was made, by their contents."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import sysconfig
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from deadheat.sim.references import INSTALLED

__all__ = ["Files", "Reading", "package_hash", "sources_of", "unchanged"]

OURS = Path(__file__).parents[1]

STANDARD = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib"))


class Files(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The files that were read: those in the project's folder, with a hash each, and others, with size and time.

    Of the project's, names are relative, so that a copy of it elsewhere is the same.
    """

    own: dict[str, str]
    others: dict[str, tuple[int, int]]


def unchanged(files: Files, root: Path) -> bool:
    """Return whether all these files are there, and hold what they held."""
    return all(_hash(root / name) == content for name, content in files.own.items()) and all(
        _stat(Path(name)) == known for name, known in files.others.items()
    )


def sources_of(files: Files) -> str:
    """Return one text for the contents of the project's files."""
    digest = hashlib.sha256()
    for name, content in sorted(files.own.items()):
        digest.update(f"{name}\0{content}\n".encode())
    return digest.hexdigest()[:32]


class Reading:
    """Notes every file that this process opens to read, and every module that it imports, from now on."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._seen: set[str] = set()
        self._before = set(sys.modules)
        sys.addaudithook(self._note)

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event != "open" or not isinstance(arguments[0], str | bytes):
            return
        _, mode, flags = arguments
        writes = (isinstance(mode, str) and not mode.startswith("r")) or (
            mode is None and isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR)
        )
        if not writes:
            self._seen.add(os.fsdecode(arguments[0]))

    def files(self) -> Files:
        """Return what was read so far."""
        modules = (getattr(sys.modules[name], "__file__", None) for name in set(sys.modules) - self._before)
        own: dict[str, str] = {}
        others: dict[str, tuple[int, int]] = {}
        for name in {*self._seen, *filter(None, modules)}:
            path = _source(Path(name))
            if path.is_relative_to(OURS) or not path.is_file():
                continue
            if path.is_relative_to(self._root) and not any(each in path.parts for each in INSTALLED):
                own[path.relative_to(self._root).as_posix()] = _hash(path) or ""
            elif path.suffix == ".py" and not _is_standard(path):
                others[str(path)] = _stat(path) or (0, 0)
        return Files(dict(sorted(own.items())), dict(sorted(others.items())))


def _is_standard(path: Path) -> bool:
    return any(path.is_relative_to(each) for each in STANDARD) and not any(each in path.parts for each in INSTALLED)


def _source(path: Path) -> Path:
    """Return the source of a compiled module, and any other file as it is."""
    if path.suffix == ".pyc":
        with suppress(ValueError, NotImplementedError):
            path = Path(importlib.util.source_from_cache(str(path)))
    return path.resolve()


def _hash(path: Path) -> str | None:
    """Return a hash of a text, whatever its line ends; None where there is none."""
    try:
        return hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()[:32]
    except OSError:
        return None


def _stat(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def package_hash() -> str:
    """Return a hash of deadheat itself: another one may find something else."""
    digest = hashlib.sha256()
    for path in sorted(OURS.rglob("*.py")):
        digest.update(f"{path.relative_to(OURS).as_posix()}\0{_hash(path)}\n".encode())
    return digest.hexdigest()[:32]
