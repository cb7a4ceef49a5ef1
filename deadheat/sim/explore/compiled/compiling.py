"""How the compiled functions are compiled: once, kept on disk, without Python's lock and without reference counts.

The arrays belong to Python and live as long as a call; a compiled function allocates none. So counting references,
which costs more than all else in a loop over many arrays, is left out (`_nrt`).

What is kept on disk is kept by the content of all files here. numba itself looks at the time and the size of the one
file that a function is in: not at what other files make part of it, and not at files that were installed anew with the
same time and size.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba

__all__ = ["compiled", "inlined"]

njit: Any = numba.njit
config: Any = numba.config

Function = TypeVar("Function", bound=Callable[..., Any])

HERE = Path(__file__).parent


def compiled(function: Function) -> Function:
    """Compile a function at its first call with arguments of these types, unless that is on disk.

    It is kept beside this file, or, where that may not be written to, in the user's cache; or in `NUMBA_CACHE_DIR`.
    """
    folder = _folder()
    if folder is not None:
        with _cache_at(folder):
            made: Function = njit(nogil=True, cache=True, _nrt=False)(function)
    else:
        made = njit(nogil=True, _nrt=False)(function)
    return made


def inlined(function: Function) -> Function:
    """Let a function become part of the compiled functions that call it."""
    made: Function = njit(nogil=True, inline="always", _nrt=False)(function)
    return made


@contextmanager
def _cache_at(folder: Path) -> Iterator[None]:
    """Let numba keep what is made in the meantime in a folder."""
    before = config.CACHE_DIR
    config.CACHE_DIR = str(folder)
    try:
        yield
    finally:
        config.CACHE_DIR = before


@cache
def _folder() -> Path | None:
    """Return the folder for what is made of the files as they are now; None where there can be none."""
    user = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "deadheat"
    for base in (config.CACHE_DIR, HERE / "__pycache__", user):
        if base:
            folder = Path(base) / f"numba-{content_of(HERE)}"
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError:
                continue
            if os.access(folder, os.W_OK):
                return folder
    return None


def content_of(folder: Path) -> str:
    """Return a digest of all that compiled functions are made of: the files of a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.py")):
        content = path.read_bytes()
        digest.update(f"{path.name} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]
