"""Protocols of users: objects in their own files and modules, imported where they lie.

What goes wrong there is the user's own mistake, and is told as one: what, in which file and line.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable
from functools import reduce
from hashlib import sha256
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec, spec_from_file_location, spec_from_loader
from modulefinder import ModuleFinder
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, TypeVar

from deadheat.models.design import Design
from deadheat.models.system import Protocol
from deadheat.sim.errors import DeadheatError, UsageError, unknown_name
from deadheat.sim.model import Model
from deadheat.sim.nearest import said, sentence
from deadheat.sim.places import places_of, shown
from deadheat.sim.references import INSTALLED, OF_A_FILE
from deadheat.sim.users_code import OverdueError, calls_users_code

__all__ = ["SUFFIX", "found_in", "is_installed", "load", "look_again", "module_of", "named_in", "set_aside"]

Imported = TypeVar("Imported")

SUFFIX = ".py"
DIGITS = 12
NO_NAME = r"\W"

OURS = "deadheat"

NO_PARENT = "attempted relative import"

_LOADED: dict[Path, ModuleType] = {}
"""The module of each file, which stays the same during a command, however long that takes."""

_NAMED: dict[str, Path] = {}
"""The file of each module beside a file of the user's that was loaded."""

_READ: dict[str, bytes] = {}
"""What those files held then."""


def load(where: str, name: str) -> Any:
    """Return what a file (`dir/ours.py`) or module (`package.ours`) of the user's has under a name, maybe dotted.

    A file is imported once, until we `look_again` and it, or a module beside it that it imports, has changed. Raises
    UsageError where there is no such file, module or name, or where it cannot be imported.
    """
    module = _file(Path(where)) if where.endswith(SUFFIX) else _module(where)
    try:
        return reduce(getattr, name.split("."), module)
    except AttributeError:
        known = named_in(module, (Protocol, Design, Model)) or named_in(module)
        if not known:
            raise UsageError(f"There is nothing in {where} that has a name; define {name} there.") from None
        raise unknown_name(f"object in {where} named", name, known) from None


def named_in(module: ModuleType, kinds: tuple[type, ...] = (object,)) -> list[str]:
    """Return the public names that a module gives to objects of these kinds, those that it made itself first."""
    public = [name for name, value in vars(module).items() if not name.startswith("_") and isinstance(value, kinds)]
    return [name for name in public if not isinstance(getattr(module, name), ModuleType)]


def found_in(where: str) -> ModuleType:
    """Return the module of a file or module that was loaded."""
    return _file(Path(where)) if where.endswith(SUFFIX) else sys.modules[where]


def module_of(file: str) -> ModuleType:
    """Return the module of a file, imported as `load` does."""
    return _file(Path(file))


def look_again() -> None:
    """Have files that have changed since imported anew; until then, a file is what it was when first asked for."""
    _LOADED.clear()


def set_aside(folder: Path) -> None:
    """Have modules of these names found anew that were loaded from a folder: whoever has imported them keeps them.

    So another version of the same files can be loaded beside them. What was set aside has a name of its own from then
    on, as a file has that was named by its path, so that its classes and functions can still be told from others.
    """
    top = folder.resolve()
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file is None or not Path(file).resolve().is_relative_to(top) or OF_A_FILE.search(name):
            continue
        del sys.modules[name]
        if module.__name__ == name:
            own = f"{name}_{sha256(bytes(Path(file).resolve())).hexdigest()[:DIGITS]}"
            sys.modules[own] = module
            _rename(module, own)
    for name, path in list(_NAMED.items()):
        if path.is_relative_to(top):
            del _NAMED[name]
            _READ.pop(name, None)
    importlib.invalidate_caches()


def _rename(module: ModuleType, name: str) -> None:
    """Have a module, with all that it defines, say that it has this name."""
    before, waiting = module.__name__, list(vars(module).values())
    module.__name__ = name
    while waiting:
        each = waiting.pop()
        if isinstance(each, type | FunctionType) and each.__module__ == before:
            each.__module__ = name
            waiting.extend(vars(each).values() if isinstance(each, type) else ())


def _file(path: Path) -> ModuleType:
    if path.resolve() not in _LOADED:
        _LOADED[path.resolve()] = _imported(path)
    return _LOADED[path.resolve()]


def _imported(path: Path) -> ModuleType:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise UsageError(f"There is no file {path}; give the path of a Python file, as FILE.py:NAME.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from None
    path = path.resolve()
    beside = _beside(path)
    digest = sha256(b"\0".join((bytes(path), content, *map(_content, beside.values())))).hexdigest()[:DIGITS]
    name = f"{re.sub(NO_NAME, '_', path.stem)}_{digest}"  # which no import of somebody else's can mean
    if name in sys.modules:
        return sys.modules[name]
    _make_room_for(path, beside)
    spec = spec_from_loader(name, loader=None, origin=str(path))
    assert spec is not None
    module = module_from_spec(spec)
    module.__file__ = str(path)
    _let_import_from(path.parent)
    sys.modules[name] = module  # as a dataclass in it wants it
    if beside.get(path.stem) == path:  # a module beside it imports it, and is to find this one
        sys.modules[path.stem] = module
    writes_none, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # one that is a second old would be believed
    try:
        _run(lambda: exec(compile(content, str(path), "exec", dont_inherit=True), vars(module)))
    except BaseException as error:
        del sys.modules[name]
        if sys.modules.get(path.stem) is module:
            del sys.modules[path.stem]
        raise _broken(error, path) from None
    finally:
        sys.dont_write_bytecode = writes_none
    return module


@calls_users_code
def _run(imported: Callable[[], Imported]) -> Imported:
    """Import something of the user's, under watch: a loop at the top of a file may have no end."""
    return imported()


def _beside(path: Path) -> dict[str, Path]:
    """Return the modules beside a file that it imports, or that one of these does, at any time: by name, each its file.

    What is installed is none of them, though a file beside may have its name: nothing of the user's hides it.
    """
    finder = ModuleFinder([str(path.parent)])
    try:
        finder.run_script(str(path))
    except Exception:  # whatever is wrong there, the import will tell
        return {}
    files = {name: getattr(module, "__file__", None) for name, module in sorted(finder.modules.items())}
    return {
        name: Path(file).resolve()
        for name, file in files.items()
        if name != "__main__" and file and not is_installed(name.partition(".")[0])
    }


def is_installed(top: str) -> bool:
    """Return whether a top-level module is Python's, ours, or installed."""
    spec = PathFinder.find_spec(top)
    origin = Path((spec and spec.origin) or "")
    return top in (*sys.stdlib_module_names, OURS) or any(each in origin.parts for each in INSTALLED)


class _Beside:
    """Finds the modules beside the files that were loaded, wherever else one of that name may lie."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Return where a module is, if it lies beside a file that was loaded; what the import system asks."""
        del path, target
        if name not in _NAMED:
            return None
        file = _NAMED[name]
        inner = [str(file.parent)] if file.name == "__init__.py" else None
        return spec_from_file_location(name, file, submodule_search_locations=inner)


def _make_room_for(path: Path, beside: dict[str, Path]) -> None:
    """Have the modules beside a file imported anew if one has changed.

    Raises UsageError where others of their names are in use.
    """
    if _Beside not in sys.meta_path:
        sys.meta_path.insert(0, _Beside)
    for name, file in beside.items():
        loaded = getattr(sys.modules.get(name), "__file__", None)
        other = _NAMED.get(name, file) if loaded is None else Path(loaded).resolve()
        if other != file:
            raise UsageError(
                f"{shown(str(path))} imports {name}, and another {name} is in use already ({shown(str(other))}); use "
                "the two in commands of their own, or give one of them another name."
            )
    contents = {name: _content(file) for name, file in beside.items()}
    if any(_READ.get(name, content) != content for name, content in contents.items()):
        for name in beside:
            sys.modules.pop(name, None)
    _READ.update(contents)
    _NAMED.update(beside)


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


def _module(name: str) -> ModuleType:
    _let_import_from(Path.cwd())
    try:
        return _run(lambda: importlib.import_module(name))
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            raise UsageError(
                f"There is no module {error.name!r}; give one that can be imported from here, or a FILE.py:NAME."
            ) from None
        raise _broken(error, None) from None
    except BaseException as error:
        raise _broken(error, None) from None


def _let_import_from(folder: Path) -> None:
    """Let modules in a folder be found, after all that is installed: a `redis.py` of the user's must hide nothing."""
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def _broken(error: BaseException, path: Path | None) -> BaseException:
    """Return what to raise for an error in an import: the user's own, with the place in the user's own code."""
    if isinstance(error, KeyboardInterrupt | MemoryError):
        return error
    if isinstance(error, SyntaxError):
        place = shown(error.filename or str(path)) + (f":{error.lineno}" if error.lineno else "")
        return UsageError(f"{place} is no Python: {error.msg}; mend it there.")
    what = " ".join(_said(error).split())
    return UsageError(sentence(f"{_location(error, path) or 'The module'} cannot be imported: {what}"))


def _said(error: BaseException) -> str:
    if isinstance(error, DeadheatError | OverdueError):
        return str(error)
    if isinstance(error, ImportError) and NO_PARENT in str(error):
        return (
            "in a file that is named by its path, an import with a leading dot finds nothing; leave the dot out, or "
            "name the protocol as package.module:NAME"
        )
    return said(error) or f"{type(error).__name__}: {error}".removesuffix(": ")


def _location(error: BaseException, path: Path | None = None) -> str | None:
    """Return the `file:line` at which the user's own code went wrong: the last in this file, or the last at all."""
    places = places_of(error)
    own = [each for each in places if path is not None and each.file == shown(str(path))] or places
    return own[-1].at if own else None
