"""How the compiled functions are compiled: once, kept on disk, without Python's lock and without reference counts.

The arrays belong to Python and live as long as a call; a compiled function allocates none. So counting references,
which costs more than all else in a loop over many arrays, is left out (`_nrt`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

__all__ = ["compiled", "inlined"]

njit: Any = numba.njit

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a function at its first call with arguments of these types, unless that is on disk.

    numba keeps it beside this file, or, where it may not write there, in the user's cache or in `NUMBA_CACHE_DIR`.
    """
    try:
        made: Function = njit(nogil=True, cache=True, _nrt=False)(function)
    except RuntimeError:  # there is no directory to keep it in
        made = njit(nogil=True, _nrt=False)(function)
    return made


def inlined(function: Function) -> Function:
    """Let a function become part of the compiled functions that call it."""
    made: Function = njit(nogil=True, inline="always", _nrt=False)(function)
    return made
