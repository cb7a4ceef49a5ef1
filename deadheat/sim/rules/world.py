"""What lies outside a model: a clock, a random number, the environment; no role, operation or property asks for it.

A role that asks is mostly found out when it does something else the second time. But a deadline of some seconds never
passes in a run that takes a millisecond: one half of what such a role does would never be seen, and all be called
explored. So functions that name such things are refused as they stand.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from types import BuiltinMethodType, FunctionType, MethodType
from typing import Any

from deadheat.sim.errors import PurityError
from deadheat.sim.references import UnseenError, codes_in, references

__all__ = ["require_no_world"]

NEVER_THE_SAME = {
    "time": ("a clock", "time time_ns monotonic monotonic_ns perf_counter perf_counter_ns localtime gmtime"),
    "datetime": ("a clock", "now utcnow today"),
    "random": ("a random number", "random randint randrange choice choices sample shuffle uniform getrandbits Random"),
    "secrets": ("a random number", "token_hex token_bytes token_urlsafe choice randbelow randbits"),
    "uuid": ("a random number", "uuid1 uuid4"),
    "os": ("the environment", "environ getenv urandom getpid"),
}
"""What nobody must ask: modules, what they answer, and what of them or of their classes answers that."""


def require_no_world(function: FunctionType) -> None:
    """Raise PurityError if a function of the user's asks a clock, for a random number, or the environment."""
    for what in _asked_by(function):
        code = function.__code__
        raise PurityError(
            f"The function {function.__qualname__!r} ({code.co_filename.rpartition('/')[2]}:{code.co_firstlineno}) "
            f"reads {what}. Roles may depend on arguments and outcomes alone, and operations on values and arguments."
        )


def _asked_by(function: FunctionType) -> Iterator[str]:
    """Yield what of the world a function names, each as what it answers, and how it is called."""
    try:
        named = list(references(function))
    except UnseenError:  # eval and the like, whatever that does
        return
    asked = {name for code in codes_in(function.__code__) for name in code.co_names}
    for name, value in named:
        module, member = _origin(value)
        what, members = NEVER_THE_SAME.get(module, ("", ""))
        if member in members.split():
            yield f"{what} ({name})"
        elif module == "datetime" and isinstance(value, type):
            yield from (f"{what} ({name}.{each})" for each in members.split() if each in asked)


def _origin(value: Any) -> tuple[str, str]:
    """Return the module that what a name stands for comes from, and its name there, as far as these can be told."""
    if isinstance(value, str):  # what is asked of a module that is known by its version: "python time.monotonic"
        module, _, member = value.rpartition(" ")[2].rpartition(".")
        return (module, member) if value.startswith("python ") else ("", "")
    if value is os.environ:
        return "os", "environ"
    if isinstance(value, BuiltinMethodType | MethodType) and isinstance(value.__self__, random.Random):
        return ("random", value.__name__) if value.__self__ is getattr(random, "_inst", None) else ("", "")
    return str(getattr(value, "__module__", "")), str(getattr(value, "__name__", ""))
