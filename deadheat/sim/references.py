"""What a function names besides its own variables, and whose code that is.

The code of the user, and of the models, is read to its end: it may change at any time. What is installed (the standard
library, other distributions, the engine itself) is known by its version, and not read.
"""

from __future__ import annotations

import builtins
import dis
import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from functools import cache, lru_cache
from hashlib import sha256
from itertools import islice, takewhile
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

__all__ = [
    "INSTALLED",
    "NOTED_BY_PYTHON",
    "OF_A_FILE",
    "STDLIB",
    "Nothing",
    "UnseenError",
    "codes_in",
    "constants_loaded",
    "is_found_by_name",
    "is_the_users",
    "references",
    "version_of",
]

ENGINE = "deadheat.sim"
MODELS = "deadheat"
STDLIB = Path(os.__file__).parent
INSTALLED = ("site-packages", "dist-packages")

WHERE_PROTOCOLS_ARE = ("deadheat.models.protocols.", "deadheat.scenarios.incidents.")
"""Modules of ours that hold protocols, to which a user may have added one; the rest of ours keeps to the rules."""

NOTED_BY_PYTHON = frozenset({
    "__abstractmethods__", "__annotate__", "__annotate_func__", "__annotations__", "__annotations_cache__", "__dict__",
    "__doc__", "__firstlineno__", "__module__", "__orig_bases__", "__parameters__", "__qualname__", "__slotnames__",
    "__static_attributes__", "__type_params__", "__weakref__", "_abc_impl",
})  # fmt: skip
"""The attributes of a class that say nothing of what it does; some come only when it is pickled or looked at."""

OF_A_FILE = re.compile(r"_[0-9a-f]{12}$")
"""What the name of a module ends in that is known by its file, and that nobody imports by this name."""

BY_NAME = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"})
LOADS_CONSTANT = frozenset(dis.hasconst)
ATTRIBUTE = frozenset({"LOAD_ATTR", "LOAD_METHOD"})

UNSEEN: tuple[Callable[..., Any], ...] = (
    builtins.__import__,
    builtins.compile,
    builtins.eval,
    builtins.exec,
    builtins.globals,
    builtins.input,
    builtins.open,
    importlib.import_module,
)
"""Functions that reach what no look at the code can tell."""


class UnseenError(Exception):
    """Code that reaches what no look at it can tell; the message names how."""


class Nothing(Enum):
    """What stands for a name that means nothing."""

    NOTHING = "nothing"


def version_of(module: str) -> str | None:
    """Return by which version the code of a module is known; None for what is to be read."""
    top = module.partition(".")[0]
    if module == ENGINE or module.startswith(f"{ENGINE}."):
        return ENGINE
    if top == MODELS:
        return None
    return _version_in(top, getattr(sys.modules.get(module), "__file__", None))


@lru_cache(maxsize=4_096)
def _version_in(top: str, file: str | None) -> str | None:
    if top in sys.stdlib_module_names:
        return "python" if file is None or Path(file).is_relative_to(STDLIB) else None
    return _distributed(top) if file is not None and _is_installed(file) else None


@cache
def _distributed(top: str) -> str | None:
    """Return a digest of what the distributions of a top-level module have installed; None where that is not known."""
    from importlib import metadata

    digest = sha256()
    names = metadata.packages_distributions().get(top, [])
    for name in sorted(set(names)):
        record = metadata.distribution(name).read_text("RECORD")
        if not record:
            return None
        files = [line for line in record.splitlines() if ".dist-info/" not in line and not line.startswith("..")]
        digest.update("\n".join(sorted(line for line in files if "__pycache__" not in line)).encode())
    return digest.hexdigest() if names else None


def is_found_by_name(value: Any, module: str, qualname: str) -> bool:
    """Return whether this very object is what a module has under that name."""
    found: Any = sys.modules.get(module)
    for name in qualname.split("."):
        found = getattr(found, name, Nothing.NOTHING)
    return found is value


def references(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """Yield what a function, with the functions and classes inside it, names: each name and what that means now.

    A module is followed to the attribute that is asked of it. What has no value yet means NOTHING. Raises UnseenError.
    """
    found: dict[str, Any] = {}
    for each in _looked_up_in(function.__code__):
        if isinstance(each, _Import):
            found.update(_imported(function, each))
        else:
            found.update([_followed(each.name, _global(function, each.name), each.asked)])
    for value in found.values():
        if any(value is each for each in UNSEEN):
            raise UnseenError(f"calls {value.__name__}()")
    yield from sorted(found.items())


def codes_in(code: CodeType) -> Iterator[CodeType]:
    """Yield a code and those of the functions and classes inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from codes_in(constant)


def constants_loaded(code: CodeType) -> set[int]:
    """Return the numbers of the constants that a code loads; `dis` would describe all instructions for that."""
    loaded, longer = set(), 0
    for opcode, argument in zip(code.co_code[::2], code.co_code[1::2], strict=True):
        if opcode == dis.EXTENDED_ARG:
            longer = (longer | argument) << 8
            continue
        if opcode in LOADS_CONSTANT:
            loaded.add(longer | argument)
        longer = 0
    return loaded


def _global(function: FunctionType, name: str) -> Any:
    return function.__globals__.get(name, getattr(builtins, name, Nothing.NOTHING))


class _Name(NamedTuple):
    """A name that a code looks up, and the attributes that it then asks for, one of the other."""

    name: str
    asked: tuple[str, ...]


class _Import(NamedTuple):
    """An import inside a function: of what, which names of it (None: of the module itself), and from how far up."""

    name: str
    asked: tuple[str, ...] | None
    level: int


@lru_cache(maxsize=4_096)
def _looked_up_in(code: CodeType) -> tuple[_Name | _Import, ...]:
    """Return all that a code and those inside it look up and import, in their order; to read them takes long."""
    found: list[_Name | _Import] = []
    for one in codes_in(code):
        instructions = [each for each in dis.get_instructions(one) if each.opname != "EXTENDED_ARG"]
        for place, instruction in enumerate(instructions):
            if instruction.opname in BY_NAME:
                attributes = takewhile(lambda each: each.opname in ATTRIBUTE, islice(instructions, place + 1, None))
                found.append(_Name(instruction.argval, tuple(each.argval for each in attributes)))
            elif instruction.opname == "IMPORT_NAME":
                loads = (each.argval for each in reversed(instructions[:place]) if each.opname.startswith("LOAD_"))
                asked, level = islice(loads, 2)
                found.append(_Import(instruction.argval, asked, level))
    return tuple(found)


def _followed(name: str, value: Any, asked: Sequence[str]) -> tuple[str, Any]:
    """Return what a name stands for, or, if that is a module, what is asked of it, under its longer name."""
    for each in asked:
        if not isinstance(value, ModuleType):
            break
        name, value = f"{name}.{each}", _attribute(value, each)
    return name, value


def _imported(function: FunctionType, found: _Import) -> Iterator[tuple[str, Any]]:
    """Yield what an import inside a function brings, each under the name of its module."""
    try:
        name = importlib.util.resolve_name(
            "." * found.level + found.name, function.__globals__.get("__package__") or ""
        )
        module = importlib.import_module(name)
    except ImportError:
        yield found.name, Nothing.NOTHING
        return
    if found.asked is None:
        yield name, module
        top = name.partition(".")[0]  # which is what `import a.b` binds, and whose attributes are then used
        yield top, sys.modules[top]
    for each in found.asked or ():
        yield f"{name}.{each}", _attribute(module, each)


def _attribute(module: ModuleType, name: str) -> Any:
    """Return what a module has under a name; what does something, in a module known by its version, by that name."""
    value = getattr(module, name, Nothing.NOTHING)
    version = version_of(module.__name__)
    if version is not None and callable(value) and not any(value is each for each in UNSEEN):
        return f"{version} {module.__name__}.{name}"
    return value


def is_the_users(module: str | None) -> bool:
    """Return whether a module is none of ours but for protocols, nor of the standard library, nor an installed one."""
    top = (module or "").partition(".")[0]
    if top in sys.stdlib_module_names or (top == MODELS and not f"{module}.".startswith(WHERE_PROTOCOLS_ARE)):
        return False
    return top == MODELS or not _is_installed(getattr(sys.modules.get(module or ""), "__file__", None) or "")


@lru_cache(maxsize=4_096)
def _is_installed(file: str) -> bool:
    parts = Path(file).parts
    return any(each in parts for each in INSTALLED)
