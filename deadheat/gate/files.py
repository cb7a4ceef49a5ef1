"""What an answer depends on: every file that was read, or looked for in vain, and every environment variable."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from deadheat.sim import kept
from deadheat.sim.errors import UsageError
from deadheat.sim.references import INSTALLED

__all__ = ["TOP", "Files", "Reading", "package_hash", "sources_of", "unchanged"]

OURS = Path(__file__).parents[1]

STANDARD = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib"))

TOP = "DEADHEAT_GATE_TOP"
"""The environment variable that tells a process of the gate in which folder the copy of a repository is."""

OF_THE_SYSTEM = tuple(map(Path, ("/proc", "/sys", "/dev")))
"""What is no file of anybody's."""

LOOKED_UP = ("os.py", "_collections_abc.py", "os", "_collections_abc", "files.py")
"""Where reading an environment variable leads through; it is asked for by whoever is behind these."""


class Files(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The files of the project's folder with a hash each, others with size and time, and environment variables hashed.

    Of the project's, names are relative, so that a copy of it elsewhere is the same. None stands for what was looked
    for and is not there.
    """

    own: dict[str, str | None] = {}
    others: dict[str, tuple[int, int] | None] = {}
    environment: dict[str, str | None] = {}


def top_of(root: Path) -> Path:
    """Return the folder of the repository that a folder is in, or of the copy of it; or the folder itself."""
    copy = os.environ.get(TOP)
    if copy:
        return Path(copy)
    return next((each for each in (root, *root.parents) if (each / ".git").exists()), root)


def unchanged(files: Files, root: Path) -> bool:
    """Return whether all these files are there, or are not, and everything holds what it held."""
    return (
        all(_hash(root / name) == content for name, content in files.own.items())
        and all(_stat(Path(name)) == known for name, known in files.others.items())
        and all(_hash_of_variable(name) == known for name, known in files.environment.items())
    )


def sources_of(files: Files) -> str:
    """Return one text for the contents of the project's files."""
    digest = hashlib.sha256()
    for name, content in sorted(files.own.items()):
        if content is not None:
            digest.update(f"{name}\0{content}\n".encode())
    return digest.hexdigest()[:32]


class Reading:
    """Notes what this process opens to read, imports, and asks of the environment, from now on."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._top = top_of(self._root)
        self._seen: dict[str, tuple[int, int] | None] = {}
        self._imported: set[str] = set()
        self._variables: set[str] = set()
        self._before = set(sys.modules)
        sys.addaudithook(self._note)
        self._note_variables()

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "import":
            self._imported.add(str(arguments[0]))
        if event != "open" or not isinstance(arguments[0], str | bytes):
            return
        _, mode, flags = arguments
        writes = (isinstance(mode, str) and not mode.startswith("r")) or (
            mode is None and isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR)
        )
        if not writes:
            name = os.path.abspath(os.fsdecode(arguments[0]))
            if name not in self._seen:
                self._seen[name] = _stat(_uncompiled(Path(name)))

    def _note_variables(self) -> None:
        kind: Any = type(os.environ)
        get: Callable[[Any, str | bytes], str] = kind.__getitem__
        _kept_in()  # which asks for a variable itself

        def noted(environment: Any, name: str | bytes) -> str:
            if isinstance(name, str | bytes) and _asked_by_the_user():
                self._variables.add(os.fsdecode(name))
            return get(environment, name)

        kind.__getitem__ = noted

    def require_unchanged(self) -> None:
        """Raise UsageError if code was saved since it was read: what was found would be taken for the newer one's."""
        for name, known in self._seen.items():
            path = _uncompiled(Path(name))
            if path.suffix == ".py" and not _is_nobodys(path.resolve()) and _stat(path) != known:
                raise UsageError(f"{path} was saved while it was being checked; run the gate again.")

    def files(self) -> Files:
        """Return what was read so far."""
        modules = (getattr(sys.modules[name], "__file__", None) for name in set(sys.modules) - self._before)
        own: dict[str, str | None] = {}
        others: dict[str, tuple[int, int] | None] = {}
        for name in {*self._seen, *filter(None, modules), *self._looked_for()}:
            path = _source(Path(name))
            if path.is_dir() or _is_nobodys(path):
                continue
            if path.is_relative_to(self._top) and not _is_installed(path):
                own[Path(os.path.relpath(path, self._root)).as_posix()] = _hash(path)
            elif path.suffix == ".py" or not _is_installed(path):
                others[str(path)] = _stat(path)
        variables = {name: _hash_of_variable(name) for name in sorted(self._variables)}
        return Files(dict(sorted(own.items())), dict(sorted(others.items())), variables)

    def _looked_for(self) -> Iterator[str]:
        """Yield where modules would be that the project could have, or has: another one there would be another one."""
        folders = [each for each in map(os.path.abspath, sys.path) if Path(each).is_relative_to(self._top)]
        folders = [each for each in dict.fromkeys([*folders, str(self._root)]) if not _is_installed(Path(each))]
        for name in self._imported:
            module = sys.modules.get(name)
            file = getattr(module, "__file__", None)
            if module is not None and (
                file is None or _is_nobodys(Path(file)) or ("." in name and _is_installed(Path(file)))
            ):
                continue  # nothing in the project can come before these
            for folder in folders:
                inside = os.path.join(folder, *name.split("."))
                yield from (f"{inside}.py", os.path.join(inside, "__init__.py"))


def _asked_by_the_user() -> bool:
    """Return whether what reads a variable is code of the user's, and not of Python's, ours, or a library."""
    frame = sys._getframe(2)
    while frame is not None and Path(frame.f_code.co_filename.strip("<>").removeprefix("frozen ")).name in LOOKED_UP:
        if frame.f_back is None:
            return False
        frame = frame.f_back
    path = Path(frame.f_code.co_filename)
    return not (_is_nobodys(path) or _is_installed(path) or frame.f_code.co_filename.startswith("<frozen"))


def _is_installed(path: Path) -> bool:
    return any(each in path.parts for each in INSTALLED)


def _is_nobodys(path: Path) -> bool:
    """Return whether a file is Python's, ours, the system's, or one of those that we keep."""
    if any(path.is_relative_to(each) for each in STANDARD) and not _is_installed(path):
        return True
    return path.suffix == kept.SUFFIX or any(path.is_relative_to(each) for each in (OURS, *_kept_in(), *OF_THE_SYSTEM))


@cache
def _kept_in() -> tuple[Path, ...]:
    """Return the folders that are ours alone: what they are in may well be the project's."""
    return tuple(each.resolve() for each in map(kept.folder, ("gate", "learned")) if each is not None)


def _source(path: Path) -> Path:
    """Return the source of a compiled module, and any other file as it is."""
    return _uncompiled(path).resolve()


def _uncompiled(path: Path) -> Path:
    if path.suffix == ".pyc":
        with suppress(ValueError, NotImplementedError):
            return Path(importlib.util.source_from_cache(str(path)))
    return path


def _hash(path: Path) -> str | None:
    """Return a hash of a text, whatever its line ends; None where there is none."""
    try:
        return hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()[:32]
    except OSError:
        return None


def _hash_of_variable(name: str) -> str | None:
    value = os.environ.get(name)
    return None if value is None else hashlib.sha256(value.encode(errors="surrogateescape")).hexdigest()[:32]


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
