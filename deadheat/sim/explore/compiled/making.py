"""How numba makes machine code of a function: of one that takes all its arguments back from where their numbers lie.

What numba itself would keep on disk, and read again, is more than the code; and it is read by pickle. What is taken of
it here is what it takes itself: the object file of a function that was compiled (`serialize_using_object_code`).
"""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

import numba
import numpy
from numba import extending
from numba.np import arrayobj

from deadheat.sim.explore.compiled.compiling import Compiled, Inlined, Instruction
from deadheat.sim.explore.compiled.machine_code import MachineCode

__all__ = ["by_numba", "machine_code_of"]

njit: Any = numba.njit
types: Any = numba.types
intrinsic: Any = extending.intrinsic
arrays: Any = arrayobj

OF_PARTS = {"nogil": True, "_nrt": False, "forceinline": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}

_real: dict[Inlined, Any] = {}
"""What numba makes of a function, by what stands for it; that lives as long as its module."""


def machine_code_of(function: Compiled, arguments: tuple[Any, ...]) -> MachineCode | None:
    """Return the machine code of a function for arguments of these types; None where this numba does not give it."""
    try:
        return _machine_code_of(function, arguments)
    except AttributeError:  # it is not called that any more
        return None


def by_numba(function: Compiled) -> Any:
    """Return what numba makes of a function, and calls itself."""
    return njit(nogil=True, _nrt=False)(_with_real_globals(function.function))


def _part_of_others(function: Inlined) -> Any:
    """Return what numba makes of a function that compiled ones call: compiled once, put there by LLVM.

    A call would hand over all arrays one by one, which can cost ten times as much as what is called. To have numba put
    it there, instruction by instruction, takes twice as long to compile; and from Python none of them is called.
    """
    if function not in _real:
        python = _with_real_globals(function.function)
        _real[function] = intrinsic(python) if isinstance(function, Instruction) else njit(**OF_PARTS)(python)
    return _real[function]


def _with_real_globals(function: Callable[..., Any]) -> FunctionType:
    """Return the function, with what numba makes of them in the place of the functions of ours that it names."""
    assert isinstance(function, FunctionType)
    own = dict(function.__globals__)
    for name in _names_in(function.__code__):
        if isinstance(own.get(name), Inlined):
            own[name] = _part_of_others(own[name])
    return FunctionType(function.__code__, own, function.__name__, function.__defaults__, function.__closure__)


def _names_in(code: CodeType) -> set[str]:
    inner = (each for each in code.co_consts if isinstance(each, CodeType))
    return set(code.co_names).union(*map(_names_in, inner))


def _machine_code_of(function: Compiled, arguments: tuple[Any, ...]) -> MachineCode:
    writer = _Writer()
    given = ", ".join(map(writer.take, arguments))
    lines = (
        "def from_numbers(address):",
        f"    numbers = array_at(address, {max(writer.count, 1)}, numpy.int64)",
        f"    return bits_of(function({given}))",
    )
    returned: list[Any] = []
    part_of_it = njit(**OF_PARTS)(_with_real_globals(function.function))
    made = {
        **writer.names,
        "numpy": numpy,
        "array_at": _array_at,
        "bits_of": _bits_of(returned),
        "function": part_of_it,
    }
    exec("\n".join(lines), made)
    whole = njit(nogil=True, _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)(made["from_numbers"])
    whole.compile((types.int64,))
    compiled = whole.overloads[types.int64,]
    _, _, (content, _) = compiled.library.serialize_using_object_code()
    return MachineCode(compiled.fndesc.llvm_func_name, _result_of(returned[-1]), bytes(content))


def _bits_of(returned: list[Any]) -> Any:
    """Return what makes 64 bits of a result, and notes its type."""

    @intrinsic  # type: ignore[untyped-decorator]
    def bits_of(_: Any, result: Any) -> Any:
        returned.append(result)

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            if signature.args[0] == types.none:
                return context.get_constant(types.int64, 0)
            return context.cast(builder, arguments[0], signature.args[0], types.int64)

        return types.int64(result), generate

    return bits_of


def _result_of(kind: Any) -> str:
    if kind == types.none:
        return "none"
    if kind == types.boolean:
        return "bool"
    if not isinstance(kind, types.Integer):
        raise TypeError(f"Compiled functions return whole numbers, not {kind}.")
    return "signed" if kind.signed else "unsigned"


class _Writer:
    """Writes the expressions by which arguments are taken back from their numbers, in the order of `compiling._put`."""

    def __init__(self) -> None:
        self.count = 0
        self.names: dict[str, Any] = {}

    def take(self, value: Any) -> str:
        """Return the expression for the next argument, which is like this value."""
        if isinstance(value, numpy.ndarray):
            return f"array_at({self._next()}, {self._next()}, numpy.{value.dtype.type.__name__})"
        if isinstance(value, bool):
            return f"({self._next()} != 0)"
        if isinstance(value, numpy.integer):
            return f"numpy.{value.dtype.type.__name__}({self._next()})"
        if isinstance(value, int):
            return self._next() if value < 1 << 63 else f"numpy.uint64({self._next()})"
        inside = "".join(f"{self.take(each)}, " for each in tuple.__iter__(value))
        if type(value) is tuple:
            return f"({inside})"
        name = f"{type(value).__name__}_"
        self.names[name] = type(value)
        return f"{name}({inside})"

    def _next(self) -> str:
        self.count += 1
        return f"numbers[{self.count - 1}]"


@intrinsic  # type: ignore[untyped-decorator]
def _array_at(_: Any, _address: Any, _size: Any, like: Any) -> Any:
    """Return the array of so many elements that begins at an address; nothing counts references to it."""
    kind = types.Array(like.instance_type, 1, "C")

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        del signature
        made = arrays.make_array(kind)(context, builder)
        element = context.get_data_type(kind.dtype)
        size = context.get_constant(types.intp, context.get_abi_sizeof(element))
        arrays.populate_array(
            made,
            data=builder.inttoptr(arguments[0], element.as_pointer()),
            shape=[arguments[1]],
            strides=[size],
            itemsize=size,
            meminfo=None,
            parent=None,
        )
        return made._getvalue()

    return kind(types.intp, types.intp, like), generate
