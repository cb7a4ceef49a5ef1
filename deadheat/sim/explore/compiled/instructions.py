"""What numba has no words for, and the processor has an instruction for: written as LLVM's intermediate code.

See LLVM's language reference for `prefetch`, `cttz`, and comparing vectors. What writes it is imported where it is
written: whoever runs machine code that is on disk has no use for it.
"""

from __future__ import annotations

from typing import Any

from deadheat.sim.explore.compiled.compiling import instruction

__all__ = ["SIDE_BY_SIDE", "lowest_bit", "matches", "prefetch"]

SIDE_BY_SIDE = 16
"""How many numbers of 32 bits are compared at once: a cache line's."""


def _element(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    return builder.gep(context.make_array(kind)(context, builder, array).data, [index])


def _prefetch(_: Any, array: Any, index: Any) -> Any:
    """Ask the processor to fetch array[index] into its cache; it changes nothing but the time."""
    from llvmlite import ir
    from numba import types

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = _element(context, builder, signature.args[0], *arguments)
        byte_pointer = ir.IntType(8).as_pointer()
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte_pointer, number, number, number])
        function = builder.module.declare_intrinsic("llvm.prefetch", [byte_pointer], kind)
        builder.call(function, [builder.bitcast(pointer, byte_pointer), number(0), number(3), number(1)])
        return context.get_dummy_value()

    return types.void(array, index), generate


def _matches(_: Any, array: Any, first: Any, _mask: Any, _sought: Any) -> Any:
    """Return which of the SIDE_BY_SIDE elements from array[first] on are what is sought, under a mask, as bits."""
    from llvmlite import ir
    from numba import types

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array_value, first_value, mask_value, sought_value = arguments
        vector = ir.VectorType(ir.IntType(32), SIDE_BY_SIDE)
        pointer = _element(context, builder, signature.args[0], array_value, first_value)
        contents = builder.load(builder.bitcast(pointer, vector.as_pointer()), align=4)
        masked = builder.and_(contents, _everywhere(builder, vector, mask_value))
        same = builder.icmp_unsigned("==", masked, _everywhere(builder, vector, sought_value))
        return builder.zext(builder.bitcast(same, ir.IntType(SIDE_BY_SIDE)), ir.IntType(64))

    return types.int64(array, first, types.uint32, types.uint32), generate


def _everywhere(builder: Any, vector: Any, value: Any) -> Any:
    """Return a vector of which each element is the value."""
    from llvmlite import ir

    nothing = ir.Constant(vector, ir.Undefined)
    alone = builder.insert_element(nothing, value, ir.IntType(32)(0))
    return builder.shuffle_vector(alone, nothing, ir.Constant(ir.VectorType(ir.IntType(32), vector.count), None))


def _lowest_bit(_: Any, _number: Any) -> Any:
    """Return the place of the lowest bit that is set; the number must not be 0."""
    from llvmlite import ir
    from numba import types

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        del context, signature
        return builder.cttz(arguments[0], ir.IntType(1)(1))

    return types.int64(types.int64), generate


prefetch: Any = instruction(_prefetch)
matches: Any = instruction(_matches)
lowest_bit: Any = instruction(_lowest_bit)
