"""What can be compared by value: what components hold and roles are told, and where a generator stands.

Two histories of a process may be merged only if everything that can influence its future is equal (DESIGN, semantics
2): the instruction, the locals, the closure cells, the chain of `yield from`, and what lies on the evaluation stack.
CPython shows all of these to its garbage collector, in a fixed order, so `gc.get_referents` sees what `f_locals`
hides, such as the iterator of `for x in ("a", "a")`.

Whatever a run of a role may have made itself is compared by its content: functions and bound methods too, for they
can keep state in closures, defaults and attributes. Compared by identity are only modules, classes and functions that
can be imported, and what all runs of a role share: its arguments, and what its own closure holds. That none of these
changes is a rule of its own (see `purity`).

What cannot be compared by value is never equal to anything: `Unfreezable` is raised, and the caller does not merge.
"""

from __future__ import annotations

import dataclasses
import gc
import sys
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator
from enum import Enum, Flag
from functools import lru_cache
from types import BuiltinFunctionType, CellType, FrameType, FunctionType, GeneratorType, MethodType, ModuleType
from typing import Any

from deadheat.sim.counting import with_article
from deadheat.sim.errors import ModelError
from deadheat.sim.operations import Block

__all__ = [
    "Reordered",
    "Same",
    "Shared",
    "Unfreezable",
    "freeze",
    "freeze_call",
    "freeze_generator",
    "merging_is_safe",
    "require_immutable",
]


class Unfreezable(Exception):  # noqa: N818 - a signal between two functions, not an error of anyone
    """A value that cannot be compared by its content."""


class Reordered(frozenset[Any]):
    """A frozen set that is iterated over in the order in which it was given its members; otherwise like any other.

    A role that is told it in the place of that one must do the same (see `purity`).
    """

    def __new__(cls, members: Iterable[Any]) -> Reordered:
        """Make one of members in this order."""
        ordered = tuple(members)
        made = super().__new__(cls, ordered)
        made._ordered = ordered
        return made

    _ordered: tuple[Any, ...]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._ordered)


ATOMS = (type(None), bool, int, str, bytes, type(Ellipsis))

_ATOMS = frozenset(ATOMS)
"""The same, to look a type up in."""

MUTABLE = (list, dict, set, bytearray)

HEAP_TYPE, IMMUTABLE_TYPE = 1 << 9, 1 << 8
"""Flags of a class: the first is set and the second is not where a `class` statement has made it (Py_TPFLAGS_...).

One that the interpreter or an extension has made may have content that is in none of the fields of a dataclass derived
from it.
"""

# Iterators whose `__reduce__` tells the whole of their state without a copy of what they iterate over.
SAMPLES: tuple[Iterable[Any], ...] = ((), [], range(0), "", "é", b"")
ITERATORS = (*(type(iter(sample)) for sample in SAMPLES), enumerate, reversed)


def freeze(value: Any) -> Hashable:
    """Return a hashable that equals another's exactly when two immutable values can have no different future.

    Unlike `==`, it tells `1` from `True` and `1.0`, `0.0` from `-0.0`, and keeps the order of a frozen set (its
    iteration order can matter). Raises `Unfreezable` for what is mutable, or holds what is, at any depth, and for
    what is compared by identity.
    """
    return _OF_VALUES.freeze(value)


def freeze_call(function: Callable[..., Any], arguments: tuple[Any, ...], is_shared: Callable[[Any], bool]) -> Hashable:
    """Return a hashable that equals another's exactly when two calls of pure functions do the same.

    What `is_shared` by all runs is compared by identity. Raises `Unfreezable` for what can change.
    """
    return _CallFreezer(is_shared).freeze((function, arguments))


def freeze_generator(generator: Generator[Any, Any, Any], shared: Shared | None = None) -> Hashable:
    """Return where a suspended generator stands (see the module's text); raises `Unfreezable` where it cannot."""
    return _GeneratorFreezer(shared or Shared()).freeze(generator)


def require_immutable(what: str, value: Any) -> None:
    """Raise ModelError, which begins with what it is, for a value that cannot be frozen."""
    try:
        freeze(value)
    except Unfreezable as error:
        raise ModelError(f"{what} must be immutable: {error}.") from None


class Shared:
    """What all runs of a role have in common: itself, its arguments, and what these hold; compared by identity."""

    def __init__(self, role: Any = None, arguments: tuple[Any, ...] = ()) -> None:
        self._kept = list(_with_parts((role, *arguments), set()))  # so that no id is used twice
        self._name = getattr(role, "__qualname__", "")
        self.numbers = {id(each): number for number, each in enumerate(self._kept)}

    def has_class(self, kind: type) -> bool:
        """Return whether no run can have made this class: it can be imported, or stands around the role."""
        if not kind.__flags__ & HEAP_TYPE or _is_importable(kind):
            return True
        around = kind.__qualname__.rpartition(".")[0]
        return bool(around) and self._name.startswith(f"{around}.")


class _ValueFreezer:
    """One traversal of an immutable value."""

    def freeze(self, value: Any) -> Hashable:
        kind = type(value)
        if kind in _ATOMS:
            return (kind, value)
        if kind is float:
            return (kind, value.hex())
        if kind is complex:
            return (kind, value.real.hex(), value.imag.hex())
        return self._freeze_compound(kind, value)

    def _freeze_compound(self, kind: type, value: Any) -> Hashable:
        if kind is tuple:
            return (kind, self._freeze_all(value))
        if isinstance(value, Enum):
            return (kind, value._name_, value._value_ if isinstance(value, Flag) else None)
        if isinstance(value, tuple) and _is_named_tuple(value):
            return (kind, self._freeze_all(tuple.__iter__(value)))
        if kind is frozenset or kind is Reordered:
            return (frozenset, self._freeze_all(frozenset.__iter__(value)))
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return self._freeze_dataclass(kind, value)
        if kind is range:
            return (kind, value.start, value.stop, value.step)
        if kind is Block:
            return (kind, value.content, value.label)
        if isinstance(value, ModuleType | type | FunctionType | BuiltinFunctionType) and _is_importable(value):
            return Same(value)
        return self._freeze_object(kind, value)

    def _freeze_object(self, kind: type, value: Any) -> Hashable:  # noqa: ARG002 - other traversals look into it
        if kind in MUTABLE:
            raise Unfreezable(f"a {kind.__name__} can change; use a tuple, a frozenset or a frozen dataclass")
        raise Unfreezable(
            f"{with_article(kind.__name__)} cannot be compared by value; use plain values, tuples or frozen dataclasses"
        )

    def _freeze_all(self, values: Iterable[Any]) -> tuple[Hashable, ...]:
        freeze = self.freeze
        return tuple([freeze(each) for each in values])

    def _freeze_dataclass(self, kind: Any, value: Any) -> Hashable:
        parameters = kind.__dataclass_params__
        if not parameters.frozen:
            raise Unfreezable(f"the dataclass {kind.__name__} is not frozen; write @dataclass(frozen=True)")
        if not parameters.eq or kind.__eq__ is object.__eq__:
            raise Unfreezable(f"the dataclass {kind.__name__} is compared by identity (eq=False)")
        if not all(base.__flags__ & HEAP_TYPE and not base.__flags__ & IMMUTABLE_TYPE for base in kind.__mro__[:-1]):
            raise Unfreezable(f"the dataclass {kind.__name__} holds more than its fields: what it derives from")
        names = [field.name for field in dataclasses.fields(value)]
        if not _attributes_of(kind, value).issubset(names):
            raise Unfreezable(f"this {kind.__name__} holds more than its fields")
        return (kind, self._freeze_all(getattr(value, name, _MISSING) for name in names))


_OF_VALUES = _ValueFreezer()


class _CallFreezer(_ValueFreezer):
    """One traversal of a function and what it is called with: functions as their content, and what is shared as itself.

    So a function that each run of a role makes anew is the same in all of them.
    """

    def __init__(self, is_shared: Callable[[Any], bool]) -> None:
        self._is_shared = is_shared
        self._seen: dict[int, int] = {}

    def _freeze_object(self, kind: type, value: Any) -> Hashable:
        if isinstance(value, type) or self._is_shared(value):
            return Same(value)
        if kind is MethodType:
            return (kind, self.freeze(value.__func__), self.freeze(value.__self__))
        if kind is FunctionType:
            return self._freeze_function(value)
        return super()._freeze_object(kind, value)

    def _freeze_function(self, function: FunctionType) -> Hashable:
        if id(function) in self._seen:  # it calls itself
            return ("same as", self._seen[id(function)])
        self._seen[id(function)] = len(self._seen)
        cells = tuple(tuple(gc.get_referents(cell)) for cell in function.__closure__ or ())
        keywords = tuple((function.__kwdefaults__ or {}).items())
        return (FunctionType, function.__code__, self._freeze_all((cells, function.__defaults__, keywords)))


class _GeneratorFreezer(_ValueFreezer):
    """One traversal of all that a generator stands on; it remembers what can change, to tell aliases from copies."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._seen: dict[int, int] = {}
        self._kept: list[Any] = []  # so that no id is used twice

    def _freeze_compound(self, kind: type, value: Any) -> Hashable:
        if id(value) in self._shared.numbers:
            return ("shared", self._shared.numbers[id(value)])
        if id(value) in self._seen:
            return ("same as", self._seen[id(value)])
        if not self._shared.has_class(kind):
            raise Unfreezable(f"the class {kind.__name__} was made by the role itself")
        return super()._freeze_compound(kind, value)

    def _freeze_object(self, kind: type, value: Any) -> Hashable:
        self._seen[id(value)] = len(self._kept)
        self._kept.append(value)
        if kind is list:
            return (kind, self._freeze_all(value))
        if kind is dict:
            return (kind, self._freeze_all(each for item in value.items() for each in item))
        if kind in ITERATORS:
            return (kind, self.freeze(value.__reduce__()))
        if kind is CellType:
            return (kind, self._freeze_all(gc.get_referents(value)))
        if kind is MethodType:
            return (kind, self.freeze(value.__func__), self.freeze(value.__self__))
        if kind is BuiltinFunctionType and value.__self__ is not None:
            return (kind, value.__name__, self.freeze(value.__self__))
        if kind is FunctionType:
            return self._freeze_function(value)
        if kind is GeneratorType:
            return self._freeze_frame(value)
        raise Unfreezable(f"{with_article(kind.__name__)} cannot be compared by value")

    def _freeze_function(self, function: FunctionType) -> Hashable:
        """A function made by a run: as its code, with all in which it can keep state."""
        state = (function.__closure__, function.__defaults__, function.__kwdefaults__, function.__dict__)
        return (FunctionType, function.__code__, Same(function.__globals__), self._freeze_all(state))

    def _freeze_frame(self, generator: GeneratorType[Any, Any, Any]) -> Hashable:
        frame = generator.gi_frame
        if frame is None:
            return (GeneratorType, "finished")
        local_values = frame.f_locals
        content = [
            each
            for each in gc.get_referents(generator)
            # not the views that this look itself made, nor the code, which stands beside
            if not isinstance(each, FrameType) and each is not local_values and each is not generator.gi_code
        ]
        # The names tell bound locals from unbound ones, which the garbage collector leaves out. They are sorted: an
        # interpreter that keeps the view puts what is bound after an earlier look at its end.
        return (GeneratorType, generator.gi_code, frame.f_lasti, tuple(sorted(local_values)), self._freeze_all(content))


class Same:
    """An object compared by identity, whatever it says of being equal; it is kept, so that its id is not used twice."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)

    def __repr__(self) -> str:
        return getattr(self.value, "__qualname__", type(self.value).__name__)


class _Missing(Enum):
    MISSING = "missing"


_MISSING = _Missing.MISSING
"""What stands for a field that was never set, or was deleted."""


def _is_named_tuple(value: tuple[Any, ...]) -> bool:
    return hasattr(type(value), "_fields") and not hasattr(value, "__dict__")


def _attributes_of(kind: type, value: Any) -> set[str]:
    """Return the names under which an object can hold something: in its dictionary, and in slots."""
    slots = (vars(base).get("__slots__", ()) for base in kind.__mro__)
    named = {name for each in slots for name in ([each] if isinstance(each, str) else each)}
    return {*named, *getattr(value, "__dict__", {})} - {"__dict__", "__weakref__"}


@lru_cache(maxsize=4_096)
def _is_importable(value: Any) -> bool:
    """Return whether a module, class or function is the one that is found under its own name: no run has made it."""
    if isinstance(value, ModuleType):
        return True
    found: Any = sys.modules.get(getattr(value, "__module__", None) or "")
    for name in getattr(value, "__qualname__", "").split("."):
        found = getattr(found, name, None)
    return found is value


def _with_parts(values: Iterable[Any], seen: set[int]) -> Iterator[Any]:
    """Yield the values, with what the tuples, frozen dataclasses and closures of functions among them hold."""
    for value in values:
        if type(value) in (*ATOMS, float, complex) or id(value) in seen:
            continue
        seen.add(id(value))
        yield value
        if isinstance(value, tuple):
            yield from _with_parts(tuple.__iter__(value), seen)
        elif isinstance(value, FunctionType):
            yield from _with_parts((*(value.__closure__ or ()), value.__defaults__, value.__kwdefaults__), seen)
            yield from _with_parts(_constants_of(value), seen)
        elif isinstance(value, MethodType):
            yield from _with_parts((value.__func__, value.__self__), seen)
        elif isinstance(value, CellType):
            yield from _with_parts(gc.get_referents(value), seen)
        elif dataclasses.is_dataclass(value) and not isinstance(value, type):
            yield from _with_parts((getattr(value, each.name, None) for each in dataclasses.fields(value)), seen)


def _constants_of(function: FunctionType) -> Iterator[Any]:
    """Yield the functions, and the immutable values, that a function names: it may compare these by identity."""
    for name in function.__code__.co_names:
        value = function.__globals__.get(name)
        is_record = dataclasses.is_dataclass(value) and not isinstance(value, type)
        if is_record or isinstance(value, tuple | frozenset | FunctionType):
            yield value


def merging_is_safe() -> bool:
    """Return whether this interpreter shows what merging depends on: the stack, unbound names, aliases, closures.

    The order in which an interpreter shows a frame is no promise of the language; so it is tried, not assumed.
    """

    def hidden_iterator() -> Generator[int, None, None]:
        for _ in ("a", "a"):
            yield 0

    def hidden_alias(*, shared: bool) -> Generator[int, None, None]:
        first: list[int] = []
        second = first if shared else []
        del shared
        yield len(first) + len(second)

    def hidden_count(count: int) -> Generator[int, None, None]:
        yield (lambda: count)()

    iterating = hidden_iterator()
    stands = []
    for _ in range(2):
        next(iterating)
        stands.append(freeze_generator(iterating))
    others = [hidden_iterator(), *(hidden_alias(shared=each) for each in (True, False)), *map(hidden_count, (1, 2))]
    for each in others:
        next(each)
    again, aliased, copied, one, two = map(freeze_generator, others)
    return stands[0] != stands[1] and stands[0] == again and aliased != copied and one != two
