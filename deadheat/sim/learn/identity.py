"""What must be the same for what was learned of a model to be true of it: a key, or None where none would say it all.

It covers the model by value and by what its code does, with lines (`fingerprint`); the files of all modules that are
loaded and neither installed nor Python's; the files of deadheat; what is installed; and the interpreter. So a helper
that is reached in a way that no look at the code shows is covered too, as it is some module's file.

Where nobody's code but deadheat's is loaded, that stays as its files say, and is not read again, function by function.
Where somebody's is, there is no key if it has put functions of its own into modules of deadheat, or if an installed
package takes part that deadheat itself does not need: that may have been told anything by the environment, by a file or
by a test, and nothing here looks into it.
"""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from deadheat.sim.errors import FingerprintError
from deadheat.sim.fingerprint import digest_with_lines
from deadheat.sim.model import Model
from deadheat.sim.references import INSTALLED, STDLIB

__all__ = ["is_patched", "key_of", "key_of_part"]

FORMAT = "learned 2"

OURS = Path(__file__).parents[2]
TAKES_PART = ("sim", "models", "scenarios")
"""The folders of deadheat from which anything that a search does can come; imports go no other way."""

KNOWN = frozenset(
    (
        *("annotated_doc", "annotated_types", "charset_normalizer", "click", "colorama", "llvmlite", "markdown_it"),
        *("mdurl", "msgspec", "networkx", "numba", "numpy", "platformdirs", "psutil", "pydantic", "pydantic_core"),
        *("pygments", "rich", "scipy", "shellingham", "simpy", "typer", "typing_extensions", "typing_inspection"),
        *("yaml",),
    )
)
"""The installed packages that deadheat needs, and what these load: none of them is told how a protocol works."""

OF_INSTALLERS = ("_", "sitecustomize")
"""How modules are called by which installers let packages be found, and that extensions make."""

OF_EXTENSIONS = ("cython_runtime", "_cython_")
"""Modules that extensions make for themselves, and that hold no Python."""

PYTHONS = sys.stdlib_module_names - {"__main__"}

PROGRAM = frozenset({"main", "re", "sys"})
"""What the script that starts the program `deadheat` has by name."""


def key_of(model: Model, *, merging: bool) -> str | None:
    """Return 64 digits for a model, or None."""
    trusts_models = not _foreign_modules()
    try:
        described = digest_with_lines((model, _initial(model), merging), trusts_models=trusts_models)
    except FingerprintError:
        return None
    foreign = _foreign_modules()  # and what the description has imported, since functions would
    files = [_content_of(each) for each in foreign]
    if None in files or trusts_models is bool(foreign) or _is_told_by_others() or (foreign and is_patched()):
        return None
    interpreter = (sys.version, sys.implementation.name, sys.flags.optimize, sys.flags.dev_mode)
    parts = (FORMAT, interpreter, _ours(), _installed(tuple(sys.path)), sorted(map(str, files)), described.hex())
    return sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()


def key_of_part(key: str | None, part: Model) -> str | None:
    """Return the key of a part of a model, which is made of the names of what is in it."""
    if key is None:
        return None
    properties = [(each.name, [one.reads for one in each.judged]) for each in part.properties]
    names = (sorted(part.components), [each.name for each in part.processes], properties)
    return sha256(repr((key, names)).encode("utf-8", "surrogatepass")).hexdigest()


def _initial(model: Model) -> list[Any]:
    return [component.initial for component in model.components.values()]


def _foreign_modules() -> list[ModuleType]:
    """Return the modules that are neither Python's, nor deadheat's, nor installed."""
    return [module for name, module in list(sys.modules.items()) if _is_foreign(name, module)]


def _is_foreign(name: str, module: Any) -> bool:
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names and name != "__main__":
        return False
    is_program = name in ("__main__", "__mp_main__")  # the same, once multiprocessing is imported
    if not isinstance(module, ModuleType) or (is_program and _is_our_program(module)):
        return False
    file = getattr(module, "__file__", None)
    if file is not None:
        return not (_is_installed(file) or _is_ours(file) or _is_pythons(file))
    about = getattr(sys.modules.get(top), "__file__", None)
    if name.startswith(OF_EXTENSIONS):
        return False
    return not (_is_empty_package(module) or (about is not None and _is_installed(about)))


def _is_told_by_others() -> bool:
    """Return whether an installed package is loaded that deadheat does not need."""
    for name, module in list(sys.modules.items()):
        top = name.partition(".")[0]
        file = getattr(module, "__file__", None)
        if (
            top not in KNOWN
            and top != "deadheat"
            and file
            and _is_installed(file)
            and not top.startswith(OF_INSTALLERS)
        ):
            return True
    return False


def _is_empty_package(module: ModuleType) -> bool:
    """Return whether a module is a folder without a file of its own, and holds no more than other modules."""
    held = (value for name, value in vars(module).items() if not name.startswith("__"))
    return hasattr(module, "__path__") and all(isinstance(each, ModuleType) for each in held)


def _is_our_program(module: ModuleType) -> bool:
    """Return whether what was started is the program `deadheat`, and nothing else."""
    if getattr(module.__spec__, "name", None) == "deadheat.__main__":
        return True
    named = {each for each in vars(module) if not each.startswith("__")}
    return named <= PROGRAM and getattr(vars(module).get("main"), "__module__", None) == "deadheat.__main__"


@lru_cache(maxsize=4_096)
def _is_installed(file: str) -> bool:
    return any(each in Path(file).parts for each in INSTALLED)


@lru_cache(maxsize=4_096)
def _is_pythons(file: str) -> bool:
    return Path(file).is_relative_to(STDLIB) and not _is_installed(file)


@lru_cache(maxsize=4_096)
def _is_ours(file: str) -> bool:
    return Path(file).is_relative_to(OURS)


def _content_of(module: ModuleType) -> str | None:
    """Return a digest of a module's file; None where it has none."""
    file = getattr(module, "__file__", None)
    if file is None:
        return None
    try:
        return f"{module.__name__} {sha256(Path(file).read_bytes()).hexdigest()}"
    except OSError:
        return None


def is_patched() -> bool:
    """Return whether a module of deadheat has, in the place of something of its own, what somebody else has made."""
    return any(
        isinstance(value, FunctionType | type) and not _is_from_elsewhere_or_ours(value)
        for name, module in list(sys.modules.items())
        if name.startswith("deadheat.") and name.split(".")[1] in TAKES_PART
        for held in (vars(module).values(), *_inside(module))
        for value in list(held)
    )


def _inside(module: ModuleType) -> list[Any]:
    """Return what the classes of a module hold."""
    classes = (each for each in list(vars(module).values()) if isinstance(each, type))
    return [vars(each).values() for each in classes if each.__module__ == module.__name__]


def _is_from_elsewhere_or_ours(value: Any) -> bool:
    top = str(value.__module__).partition(".")[0]
    if top in ("deadheat", "builtins") or top in PYTHONS:
        return not isinstance(value, FunctionType) or top != "deadheat" or _is_named_so(value)
    file = getattr(sys.modules.get(top), "__file__", None)
    return file is not None and _is_installed(file)


def _is_named_so(function: FunctionType) -> bool:
    """Return whether a function that says that it is ours has code of ours."""
    file = function.__code__.co_filename
    return _is_ours(file) or file.startswith("<") or _is_pythons(file)


@lru_cache(maxsize=1)
def _ours() -> str:
    """Return a digest of the files of deadheat that take part in a search."""
    digest = sha256()
    paths = [path for name in TAKES_PART for path in (OURS / name).rglob("*.py")]
    for path in sorted([*paths, *OURS.glob("*.py")]):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(OURS).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()


@lru_cache(maxsize=4)
def _installed(path: tuple[str, ...]) -> str:
    """Return a digest of what is installed: each distribution, its version, and when its files were written."""
    found = []
    for folder in sorted(set(path)):
        if not _is_installed(folder):
            continue
        try:
            names = sorted(name for name in os.listdir(folder) if name.endswith((".dist-info", ".egg-info", ".pth")))
        except OSError:
            continue
        for name in names:
            record = os.path.join(folder, name, "RECORD") if name.endswith(".dist-info") else os.path.join(folder, name)
            try:
                about = os.stat(record)
                found.append((folder, name, about.st_mtime_ns, about.st_size))
            except OSError:
                found.append((folder, name, 0, 0))
    return sha256(repr(found).encode("utf-8", "surrogatepass")).hexdigest()
