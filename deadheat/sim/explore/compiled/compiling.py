"""How the compiled functions are compiled: once, kept on disk, without Python's lock and without reference counts.

The arrays belong to Python and live as long as a call; a compiled function allocates none. So counting references,
which costs more than all else in a loop over many arrays, is left out (`_nrt`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

__all__ = ["compiled", "inlined"]

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a function at its first call with arguments of these types, unless that is on disk."""
    made: Function = njit(nogil=True, cache=True, _nrt=False)(function)
    return made


def inlined(function: Function) -> Function:
    """Let a function become part of the compiled functions that call it."""
    made: Function = njit(nogil=True, inline="always", _nrt=False)(function)
    return made
