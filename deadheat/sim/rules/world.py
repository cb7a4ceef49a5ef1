"""What lies outside a model: clocks, chance, the environment, files; no role, operation or property asks for it.

A role that asks is mostly found out when it does something else the second time. But a deadline of some seconds never
passes in a run that takes a millisecond, and a file stays as it is: one half of what such a role does would never be
seen, and all be called explored. So functions that name such things are refused as they stand, and with them those that
name what ends the program without an error: that would end a check without a verdict.
"""

from __future__ import annotations

import builtins
import dis
import os
import random
from collections.abc import Iterator
from functools import lru_cache
from types import BuiltinMethodType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

from deadheat.sim.errors import PurityError
from deadheat.sim.places import Place
from deadheat.sim.references import UnseenError, codes_in, references

__all__ = ["require_no_world"]

CLOCK, CHANCE, ENVIRONMENT = "reads a clock", "reads a random number", "reads the environment"
FILE, NETWORK = "reads or writes a file", "asks another machine"
PROGRAM, END = "starts another program", "ends the program"

ASKS: dict[str, tuple[tuple[str, str], ...]] = {
    "time": ((CLOCK, "time time_ns monotonic monotonic_ns perf_counter perf_counter_ns localtime gmtime"),),
    "datetime": ((CLOCK, "now utcnow today"),),
    "random": ((CHANCE, "random randint randrange choice choices sample shuffle uniform getrandbits Random"),),
    "secrets": ((CHANCE, "token_hex token_bytes token_urlsafe choice randbelow randbits"),),
    "uuid": ((CHANCE, "uuid1 uuid4"),),
    "os": (
        (CHANCE, "urandom"),
        (ENVIRONMENT, "environ environb getenv getenvb getpid getppid getuid getlogin getcwd cpu_count uname"),
        (FILE, "open listdir scandir stat walk remove unlink rename replace mkdir makedirs"),
        (END, "_exit abort kill execv execve execl execvp fork"),
    ),
    "os.path": ((FILE, "exists isfile isdir getmtime getsize"), (ENVIRONMENT, "expandvars expanduser")),
    "getpass": ((ENVIRONMENT, "getuser"),),
    "platform": ((ENVIRONMENT, "node uname platform system machine release"),),
    "io": ((FILE, "open"),),
    "pathlib": (
        (FILE, "open read_text read_bytes write_text write_bytes exists is_file is_dir iterdir glob rglob stat unlink"),
        (ENVIRONMENT, "cwd home"),
    ),
    "shutil": ((FILE, "copy copyfile move rmtree which"), (ENVIRONMENT, "get_terminal_size")),
    "tempfile": (
        (FILE, "mkdtemp mkstemp TemporaryDirectory TemporaryFile NamedTemporaryFile"),
        (ENVIRONMENT, "gettempdir"),
    ),
    "socket": ((NETWORK, "socket create_connection gethostname getaddrinfo"),),
    "urllib.request": ((NETWORK, "urlopen Request"),),
    "subprocess": ((PROGRAM, "run call check_call check_output Popen"),),
    "signal": ((END, "raise_signal pthread_kill"),),
}
"""What nobody must ask: modules, and what of them, or of their classes, does what."""

BY_CLASS = frozenset({"datetime", "pathlib"})
"""Modules whose classes are asked, by a method or an object of theirs."""

UNSEEN = {"open": FILE, "input": "waits for somebody to type"}
"""Functions that are there without an import."""


class _Asked(NamedTuple):
    """What is done, how it is called, and the last of the names by which it is."""

    does: str
    name: str
    last: str


def require_no_world(function: FunctionType) -> None:
    """Raise PurityError if a function of the user's asks for anything outside of the model."""
    for asked in _asked_by(function):
        where = _place(function.__code__, asked.last)
        raise PurityError(
            f"The function {function.__qualname__!r} {asked.does} ({asked.name}) in {where}. Roles may depend on "
            "arguments and outcomes alone, and operations on values and arguments; make it an operation of a component."
        )


def _asked_by(function: FunctionType) -> Iterator[_Asked]:
    """Yield what of the world a function names."""
    looked_up, attributes = _names_in(function.__code__)
    for name, does in UNSEEN.items():
        its_own = getattr(builtins, name)
        if name in looked_up and function.__globals__.get(name, its_own) is its_own:
            yield _Asked(does, name, name)
    try:
        named = list(references(function))
    except UnseenError:  # eval and the like, whatever that does
        return
    for name, value in named:
        module, member = _origin(value)
        for does, members in ASKS.get(module, ()):
            if member in members.split():
                yield _Asked(does, name, name.rpartition(".")[2])
        of_module = value.__name__ if isinstance(value, ModuleType) else _module_of_class(value)
        for does, members in ASKS.get(of_module, ()):  # of one that was imported in the function, or of a class
            asked = [each for each in members.split() if each in attributes]
            yield from (_Asked(does, f"{name}.{each}", each) for each in asked)


def _module_of_class(value: Any) -> str:
    """Return the module of a class that is asked by its methods, or of an object of one."""
    kind = value if isinstance(value, type) else type(value)
    module = kind.__module__.partition("._")[0]
    return module if module in BY_CLASS else ""


@lru_cache(maxsize=4_096)
def _names_in(code: CodeType) -> tuple[frozenset[str], frozenset[str]]:
    """Return what a code, and those in it, look up by a plain name, and the attributes that they ask of anything."""
    every = [each for one in codes_in(code) for each in dis.get_instructions(one)]
    plain = frozenset(each.argval for each in every if each.opname in ("LOAD_GLOBAL", "LOAD_NAME"))
    return plain, frozenset(each.argval for each in every if each.opname in ("LOAD_ATTR", "LOAD_METHOD"))


def _place(code: CodeType, name: str) -> Place:
    """Return the line on which a code looks a name up, or else where it begins."""
    for one in codes_in(code):
        for each in dis.get_instructions(one):
            if each.argval == name and each.positions is not None and each.opname != "IMPORT_NAME":
                return Place.in_code(one, each.positions.lineno)
    return Place.in_code(code)


def _origin(value: Any) -> tuple[str, str]:
    """Return the module that what a name stands for comes from, and its name there, as far as these can be told."""
    if isinstance(value, str):  # what is asked of a module that is known by its version: "python time.monotonic"
        module, _, member = value.rpartition(" ")[2].rpartition(".")
        return (_plain(module), member) if value.startswith("python ") else ("", "")
    if value is os.environ:
        return "os", "environ"
    if isinstance(value, BuiltinMethodType | MethodType) and isinstance(value.__self__, random.Random):
        return ("random", value.__name__) if value.__self__ is getattr(random, "_inst", None) else ("", "")
    return _plain(str(getattr(value, "__module__", ""))), str(getattr(value, "__name__", ""))


def _plain(module: str) -> str:
    """Return the name by which a module is imported: `os` is `posix` to its own functions."""
    return {"posix": "os", "nt": "os", "posixpath": "os.path", "ntpath": "os.path", "genericpath": "os.path"}.get(
        module, module.partition("._")[0]
    )
