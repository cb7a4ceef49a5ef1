"""How the compiled functions are compiled: once, kept on disk as machine code, without Python's lock.

The machine code that numba makes is kept, and called again without numba: to import that, and to have it read what it
keeps itself, takes longer than most searches. A function is called with the addresses of its arrays (`_put`), through
one more compiled function that takes them back from there (`making`). Where that cannot be had, numba calls it.

The arrays belong to Python and live as long as a call; a compiled function allocates none. So counting references,
which costs more than all else in a loop over many arrays, is left out (`_nrt`).

What is kept is kept by the content of all files here, and by whatever else machine code depends on.
"""

from __future__ import annotations

import ctypes
import time
from _thread import allocate_lock
from array import array
from collections.abc import Callable
from typing import Any, TypeVar

import numpy

from deadheat.sim.explore.compiled import machine_code
from deadheat.sim.explore.compiled.machine_code import MachineCode

__all__ = ["Compiled", "Inlined", "Instruction", "compiled", "inlined", "instruction", "seconds_spent"]

Function = TypeVar("Function", bound=Callable[..., Any])

CALLED = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
"""How numba's own functions are called: where the result goes, where an exception goes, and the argument."""

SIGNED = 1 << 63

_spent_s = [0.0]


def seconds_spent() -> float:
    """Return how long this process has compiled so far: whoever has a time limit may leave that out."""
    return _spent_s[0]


def compiled(function: Function) -> Function:
    """Compile a function at its first call with arguments of these types, unless that is on disk."""
    return Compiled(function)  # type: ignore[return-value]


def inlined(function: Function) -> Function:
    """Let a function become part of the compiled functions that call it."""
    return Inlined(function)  # type: ignore[return-value]


def instruction(function: Callable[..., Any]) -> Any:
    """Let a function say what a compiled function does where it is called (numba's `intrinsic`)."""
    return Instruction(function)


class Inlined:
    """A function that only compiled functions call."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.__doc__ = function.__doc__

    def __call__(self, *_: Any) -> Any:
        """Raise TypeError: Python cannot call it."""
        raise TypeError(f"{self.function.__qualname__} can be called by compiled functions only.")


class Instruction(Inlined):
    """What stands for instructions of the processor."""


class Compiled(Inlined):
    """A function that runs as machine code, one for each combination of types that it is called with."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._ready: dict[tuple[str, ...], Callable[..., Any]] = {}
        self._lock = allocate_lock()

    def __call__(self, *arguments: Any) -> Any:
        """Run it."""
        kinds: list[str] = []
        numbers: list[int] = []
        for each in arguments:
            _put(each, kinds, numbers)
        run = self._ready.get(tuple(kinds))
        if run is None:
            with self._lock:
                run = self._ready[tuple(kinds)] = self._made(tuple(kinds), arguments)
        return run(numbers, arguments)

    def _made(self, kinds: tuple[str, ...], arguments: tuple[Any, ...]) -> Callable[..., Any]:
        name = f"{self.function.__module__.rpartition('.')[2]}.{self.function.__name__}"
        code = machine_code.kept(name, kinds) or self._machine_code(name, kinds, arguments)
        if code is None:
            from deadheat.sim.explore.compiled import making

            called_by_numba = making.by_numba(self)
            return lambda _, given: called_by_numba(*given)
        address, result = machine_code.loaded(code), code.result
        function = CALLED(address)

        def run(numbers: list[int], _: tuple[Any, ...]) -> Any:
            returned, raised = ctypes.c_int64(), ctypes.c_void_p()
            given = array("q", numbers)
            if function(ctypes.addressof(returned), ctypes.addressof(raised), given.buffer_info()[0]):
                raise AssertionError(f"{name} has raised an exception")
            return machine_code.RESULTS[result](returned.value)

        return run

    def _machine_code(self, name: str, kinds: tuple[str, ...], arguments: tuple[Any, ...]) -> MachineCode | None:
        """Return the machine code that is made now, by this process or by another; None where there can be none."""
        began = time.perf_counter()
        with machine_code.made_by_one(name, kinds):
            code = machine_code.kept(name, kinds)
            if code is None:
                from deadheat.sim.explore.compiled import making

                code = making.machine_code_of(self, arguments)
                if code is not None:
                    machine_code.keep(name, kinds, code)
        _spent_s[0] += time.perf_counter() - began
        return code


def _address_of(array: Any) -> int:
    """Return where an array lies: what numpy has for that takes four times as long, and there are dozens at a call."""
    if len(array) and array.flags.writeable:
        return ctypes.addressof(ctypes.c_char.from_buffer(array))
    address: int = array.ctypes.data
    return address


def _put(value: Any, kinds: list[str], numbers: list[int]) -> None:
    """Add a value to the arguments of a call: its type in words, and numbers that say where it is, or what."""
    kind = type(value)
    if kind is numpy.ndarray:
        if value.ndim != 1 or not value.flags.carray or not value.dtype.isnative:
            raise TypeError("Compiled functions take arrays of one dimension that lie in one piece.")
        kinds.append(value.dtype.str)
        numbers += (_address_of(value), len(value))
    elif kind is int:
        kinds.append("int" if value < SIGNED else "<u8")
        numbers.append(value if value < SIGNED else value - 2 * SIGNED)
    elif kind is bool:
        kinds.append("bool")
        numbers.append(value)
    elif isinstance(value, numpy.integer):
        kinds.append(f"one {value.dtype.str}")
        number = int(value)
        numbers.append(number if number < SIGNED else number - 2 * SIGNED)
    elif isinstance(value, tuple):
        kinds.append(f"{kind.__module__}:{kind.__qualname__} {len(value)}" if kind is not tuple else f"{len(value)}")
        for each in tuple.__iter__(value):
            _put(each, kinds, numbers)
    else:
        raise TypeError(f"Compiled functions take arrays, whole numbers and tuples of them, not {kind.__name__}.")
