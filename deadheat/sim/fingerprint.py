"""What a model does, as 64 digits: the same in every process, and another as soon as anything that it does is another.

A file that was made with a model carries its fingerprint, and so is never taken for one that was made with another.

Code is described by what runs (instructions, constants, names; not lines, files, comments, docstrings), its defaults,
what its closure holds, and all that it names, to the end; immutable data by value. What may change is described once,
where it is first met, so that an alias is told from a copy. What has no content that could be described is refused: no
address ever enters a fingerprint.

What was computed and kept (by `functools`) is what roles are given, and counts. It does not for a trace, which is saved
after roles may have computed it: then a model is described as if nothing had been kept yet.

What it cannot see: what a function reads of the world outside (a clock, a file, the environment) by functions that are
installed. A role that does is not pure, and is refused where its tables are learned.
"""

from __future__ import annotations

import copyreg
import dataclasses
import logging
import sys
from collections import deque
from collections.abc import Iterable, Mapping
from enum import Enum
from functools import cached_property, lru_cache
from hashlib import sha256
from itertools import pairwise
from types import (
    CodeType,
    FunctionType,
    GetSetDescriptorType,
    MappingProxyType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any

from deadheat.sim.components import Component, operation
from deadheat.sim.content import (
    CONTENT,
    HEAP_TYPE,
    attributes_of,
    closure_of,
    computed_by,
    is_immutable,
    is_of_python,
)
from deadheat.sim.errors import FingerprintError
from deadheat.sim.model import Model, Property
from deadheat.sim.references import (
    NOTED_BY_PYTHON,
    UnseenError,
    constants_loaded,
    is_found_by_name,
    references,
    version_of,
)
from deadheat.version import VERSION

__all__ = ["PYTHON", "digest_of", "digest_with_lines", "fingerprint"]

FORMAT = 2
"""Changes whenever the same model would get another fingerprint, or what a fingerprint vouches for does."""

PYTHON = f"{sys.implementation.name} {sys.version_info.major}.{sys.version_info.minor}"
"""The interpreter, as far as code looks different to another."""

PICKLE_PROTOCOL = 4
OF_A_MODULE = frozenset({
    "__annotations__", "__builtins__", "__cached__", "__conditional_annotations__", "__doc__", "__file__",
    "__loader__", "__name__", "__package__", "__path__", "__spec__",
})  # fmt: skip
"""The attributes of a module that say nothing of what it does."""

KEPT_BY_ENUM = frozenset({"_member_map_", "_member_names_", "_value2member_map_"})
"""The attributes of an enumeration that say again which members it has."""

BESIDE_WHAT_IT_DOES: Mapping[type, frozenset[str]] = {
    Property: frozenset({"meaning"}),
    operation: frozenset({"__doc__", "parameters", "traits"}),
    dataclasses.Field: frozenset({"type", "_field_type", "doc"}),
}
"""The attributes of objects that say nothing of what they do, or nothing that their others do not say."""


def fingerprint(model: Model, *, kept_counts: bool = True) -> str:
    """Return 64 hexadecimal digits that another model would share only by an accident of one in 2**128.

    Whether what was computed and kept counts is said by `kept_counts`. Raises FingerprintError, naming it, where the
    model is made of something that has no content to tell it by.
    """
    initial = [component.initial for component in model.components.values()]
    return digest_of((FORMAT, VERSION, PYTHON, model, initial), kept_counts=kept_counts).hex()


def digest_of(value: Any, *, trusts_models: bool = False, kept_counts: bool = True) -> bytes:
    """Return 32 bytes that say what a value is, and, as far as it is code, what it does (see the module's text).

    With `trusts_models`, whatever is deadheat's own is known by its name: somebody else knows what its files say.
    Raises FingerprintError where it holds something that has no content to tell it by.
    """
    return _digest(_Description(trusts_models=trusts_models, kept_counts=kept_counts), value)


def digest_with_lines(value: Any, *, trusts_models: bool) -> bytes:
    """Return what `digest_of` does, of code with the lines and the file that it is in too."""
    return _digest(_Description(with_lines=True, trusts_models=trusts_models), value)


def _digest(description: _Description, value: Any) -> bytes:
    try:
        return description.digest(value)
    except RecursionError:
        raise FingerprintError("No fingerprint can be taken of values nested so deeply; make them flatter.") from None


class _Description:
    """One traversal. With `by_name`, functions and classes are named and not followed: enough to put them in order."""

    def __init__(
        self,
        *,
        by_name: bool = False,
        with_lines: bool = False,
        trusts_models: bool = False,
        kept_counts: bool = True,
    ) -> None:
        self._by_name = by_name
        self._with_lines = with_lines
        self._trusts_models = trusts_models
        self._kept_counts = kept_counts
        self._digest = sha256()
        self._numbers: dict[int, int] = {}
        self._waiting: deque[tuple[Any, str]] = deque()
        self._kept: list[Any] = []  # so that no id is used twice
        self._of = "the model"

    def _version_of(self, module: str) -> str | None:
        if self._trusts_models and _is_ours(module):
            return "deadheat"
        return version_of(module)

    def digest(self, value: Any) -> bytes:
        self._value(value)
        while self._waiting:
            node, self._of = self._waiting.popleft()
            self._node(node)
        return self._digest.digest()

    def _say(self, *texts: str) -> None:
        said = "".join([f"{len(text)}:{text}" for text in texts])  # the lengths tell where each begins
        self._digest.update(said.encode("utf-8", "surrogatepass"))

    def _refuse(self, value: Any, reason: str) -> FingerprintError:
        return FingerprintError(
            f"No fingerprint can be taken of this model: {self._of} holds a {type(value).__name__}, {reason}; let "
            "roles, components and properties do without it."
        )

    # Values

    def _value(self, value: Any, name: str = "") -> None:
        """Describe what has no identity that matters; leave what has one to be described in its turn."""
        kind = type(value)
        if value is None or value is Ellipsis or value is NotImplemented or kind is bool or kind is bytes:
            self._say(kind.__name__, repr(value))
        elif kind is int:
            self._say("int", hex(value))
        elif kind is str:
            self._say("str", value)
        elif kind is float:
            self._say("float", value.hex())
        elif kind is complex:
            self._say("complex", value.real.hex(), value.imag.hex())
        elif kind is tuple:
            self._all("tuple", value)
        elif kind is frozenset:
            self._unordered(value)
        elif isinstance(value, Enum):
            self._all("enum", (value.name, value._value_, kind))
        elif kind is CodeType:
            self._code(value)
        elif kind is MethodType:
            self._all("method", (value.__func__, value.__self__))
        elif is_immutable(kind):
            self._instance(kind, value)
        else:
            self._numbered(value, name)

    def _numbered(self, value: Any, name: str) -> None:
        number = self._numbers.get(id(value))
        self._say("object", str(len(self._numbers) if number is None else number))
        if number is None:
            self._numbers[id(value)] = len(self._numbers)
            self._kept.append(value)
            self._waiting.append((value, _name_of(value) or name or f"a {type(value).__name__}"))

    def _all(self, what: str, values: Iterable[Any]) -> None:
        values = tuple(values)
        self._say(what, str(len(values)))
        for each in values:
            self._value(each)

    def _unordered(self, values: Iterable[Any]) -> None:
        keyed = sorted(((_Description(by_name=True).digest(each), each) for each in values), key=lambda pair: pair[0])
        for (one, value), (other, _) in pairwise(keyed):
            if one == other:
                raise self._refuse(value, "one of several in a set that only their addresses tell apart")
        self._all("set", (value for _, value in keyed))

    def _named(self, what: str, values: Mapping[str, Any]) -> None:
        """Describe attributes, the order of which does not matter."""
        self._say(what, str(len(values)))
        for name in sorted(values):
            self._say(name)
            self._value(values[name], f"{name!r} of {self._of}")

    # Objects

    def _node(self, value: Any) -> None:
        kind = type(value)
        if kind is FunctionType:
            self._function(value)
        elif isinstance(value, type):
            self._class(value)
        elif kind is ModuleType:
            self._module(value)
        elif kind is list or kind is bytearray:
            self._all(kind.__name__, value)
        elif kind is dict or kind is MappingProxyType:
            self._all("dict", value.items())
        elif kind is set:
            self._unordered(value)
        elif kind in (MemberDescriptorType, GetSetDescriptorType):
            self._say("slot", value.__name__)
        elif kind is property:
            self._all("property", (value.fget, value.fset, value.fdel))
        elif kind in (staticmethod, classmethod):
            self._all(kind.__name__, (value.__func__,))
        elif kind is cached_property:
            self._all("cached property", (value.func,))
        elif hasattr(kind, "cache_info") and hasattr(value, "__wrapped__"):  # functools.lru_cache
            self._cache(value)
        else:
            self._instance(kind, value)

    def _cache(self, value: Any) -> None:
        """Describe a function that keeps what it returned: what that is, nobody can look at."""
        function = value.__wrapped__
        module = str(getattr(function, "__module__", None))
        known = _is_ours(module) or self._version_of(module) is not None
        if self._kept_counts and not self._by_name and not known and value.cache_info().currsize:
            raise self._refuse(value, "which keeps what it once returned where nobody can look at it")
        self._all("cache", (function,))

    def _instance(self, kind: type, value: Any) -> None:
        left_out = BESIDE_WHAT_IT_DOES.get(kind)
        if left_out is None and (self._version_of(kind.__module__) is not None or not is_of_python(kind)):
            self._reduced(value)
            return
        self._say("instance")
        self._value(kind)
        content = next((each for each in CONTENT if isinstance(value, each)), None)
        if content is not None:
            self._all(content.__name__, CONTENT[content](value))
        elif isinstance(value, set | frozenset):
            self._unordered(value)
        attributes = attributes_of(value)
        computed = computed_by(kind, lambda each: not self._kept_counts or _is_ours(each.__module__))
        self._named(
            "attributes", {name: attributes[name] for name in attributes.keys() - computed - (left_out or set())}
        )

    def _reduced(self, value: Any) -> None:
        """Describe an object of a class that is not read by what makes another like it."""
        try:
            registered = copyreg.dispatch_table.get(type(value))
            parts = registered(value) if registered else value.__reduce_ex__(PICKLE_PROTOCOL)
            if isinstance(parts, tuple):
                parts = (*parts[:3], *(None if each is None else list(each) for each in parts[3:5]))
        except Exception:  # whatever it is that says so
            raise self._refuse(value, "which has no content to tell it by") from None
        if isinstance(parts, str):
            self._say("named", getattr(value, "__module__", None) or type(value).__module__, parts)
        else:
            self._all("made", parts)
        if isinstance(value, logging.Logger):  # which is made by its name alone
            self._all("logs", (value.getEffectiveLevel(), value.disabled, value.manager.disable))
        elif self._version_of(type(value).__module__) is None:  # what it was made of may not say what was added
            self._named("attributes", attributes_of(value))

    # Code

    def _function(self, function: FunctionType) -> None:
        code, module = function.__code__, str(function.__globals__.get("__name__"))
        version = None if code.co_filename == "<string>" else self._version_of(module)
        if version is not None or self._by_name:
            self._say("function named", version or "", module, code.co_qualname)
            if is_found_by_name(function, module, code.co_qualname) and version is not None:
                return
        else:
            self._say("function")
        self._code(code)
        self._value(function.__defaults__)
        self._named("keywords", function.__kwdefaults__ or {})
        if self._by_name:
            return
        self._named("closure", closure_of(function))
        self._named("function's attributes", vars(function))
        if version is None:
            try:
                self._named("globals", dict(references(function)))
            except UnseenError as error:
                raise FingerprintError(
                    f"No fingerprint can be taken of this model: {self._of} {error}, and what that does is told by no "
                    "look at the code; let roles, components and properties do without it."
                ) from None

    def _code(self, code: CodeType) -> None:
        self._say("code", _digest_of_code(code))
        if self._with_lines:
            self._say(code.co_filename, str(code.co_firstlineno), code.co_linetable.hex())
            for each in code.co_consts:
                if isinstance(each, CodeType):
                    self._code(each)

    def digest_of_code(self, code: CodeType) -> str:
        """Return a digest of what runs, and nothing else."""
        loaded = constants_loaded(code)
        names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
        counts = (code.co_flags, code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount)
        constants = [each if number in loaded else None for number, each in enumerate(code.co_consts)]
        self._say("code", code.co_name)
        self._all("parts", (code.co_code, code.co_exceptiontable, *names, *counts))
        self._all("constants", constants)  # those never loaded are docstrings
        return self._digest.hexdigest()

    def _class(self, kind: type) -> None:
        if not kind.__flags__ & HEAP_TYPE or self._by_name:
            self._say("class named", kind.__module__, kind.__qualname__)
            return
        version = self._version_of(kind.__module__)
        if version is not None and is_found_by_name(kind, kind.__module__, kind.__qualname__):
            self._say("class of", version, kind.__module__, kind.__qualname__)
            return
        self._say("class", kind.__name__)
        self._all("made of", (type(kind), *kind.__bases__))
        described = {name: value for name, value in vars(kind).items() if name not in NOTED_BY_PYTHON}
        if issubclass(kind, Component):
            described.pop("live", None)  # which is no part of the model
        if issubclass(kind, Enum):
            self._all("members", (_member(name, each) for name, each in kind.__members__.items()))
            left_out = kind.__members__.keys() | KEPT_BY_ENUM
            described = {name: value for name, value in described.items() if name not in left_out}
        self._named("class attributes", described)

    def _module(self, module: ModuleType) -> None:
        version = self._version_of(module.__name__)
        if version is not None or self._by_name:
            self._say("module", version or "", module.__name__)
        else:
            self._named("module", {name: value for name, value in vars(module).items() if name not in OF_A_MODULE})


@lru_cache(maxsize=8_192)
def _digest_of_code(code: CodeType) -> str:
    """Return a digest of what runs: the same wherever it is met, since a code holds nothing that may change."""
    return _Description().digest_of_code(code)


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] == "deadheat"


def _name_of(value: Any) -> str | None:
    name = getattr(value, "__name__", None) if isinstance(value, FunctionType | type | ModuleType) else None
    return name if isinstance(name, str) else None


def _member(name: str, member: Enum) -> tuple[Any, ...]:
    attributes = {name: value for name, value in vars(member).items() if name != "__objclass__"}
    return name, *sorted(attributes.items(), key=lambda pair: pair[0])
