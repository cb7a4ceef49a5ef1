"""Machine code on disk: where it lies, what it depends on, and how it gets into this process. Nothing here is numba's.

It lies beside the files that it is made of, as what Python compiles does; where those may not be written to, in the
user's cache; or in `NUMBA_CACHE_DIR`. LLVM loads it, as it does for numba.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from _thread import allocate_lock
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import llvmlite.binding
import msgspec

from deadheat.sim import kept as on_disk
from deadheat.sim.locking import taken_within

__all__ = ["RESULTS", "MachineCode", "content_of", "folder", "keep", "kept", "loaded", "made_by_one"]

llvm: Any = llvmlite.binding

HERE = Path(__file__).parent

BEGINS = "machine-"
"""What the names of folders with machine code begin with."""

OF_OURS = re.compile(rf"{BEGINS}[0-9a-f]{{16}}")
LOCK = ".lock"

FOLDERS_MAX = 4
"""So many of them are left: one a version that is at work."""

WAITS_S = 30.0
"""So long one process waits for another that makes machine code: ten times as long as any function takes."""

RESULTS: dict[str, Callable[[int], Any]] = {
    "none": lambda _: None,
    "signed": lambda number: number,
    "unsigned": lambda number: number & ((1 << 64) - 1),
    "bool": bool,
}
"""What a function returns, from the 64 bits that its machine code does."""

_lock = allocate_lock()


class MachineCode(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A function as an object file, the name that it has there, and what of RESULTS it returns."""

    symbol: str
    result: str
    content: bytes


def kept(name: str, kinds: tuple[str, ...]) -> MachineCode | None:
    """Return the machine code of a function for arguments of these kinds, if it is on disk."""
    where = folder()
    body = on_disk.read(where / _file(name, kinds)) if where is not None else None
    if body is None:
        return None
    try:
        return msgspec.msgpack.decode(body, type=MachineCode)
    except msgspec.DecodeError:
        return None


def keep(name: str, kinds: tuple[str, ...], code: MachineCode) -> None:
    """Put the machine code of a function on disk, if it can be."""
    where = folder()
    if where is not None and on_disk.write(where / _file(name, kinds), msgspec.msgpack.encode(code)):
        _remove_old_beside(where)


@contextmanager
def made_by_one(name: str, kinds: tuple[str, ...]) -> Iterator[None]:
    """Let no other process make this machine code meanwhile: what several want, one makes. None waits for long."""
    where = folder()
    try:
        import fcntl

        lock = os.open(where / f"{_file(name, kinds)}{LOCK}" if where else "", os.O_RDWR | os.O_CREAT, 0o600)
    except (ImportError, OSError):  # not on this system, or nothing can be kept
        yield
        return
    try:
        taken_within(lock, WAITS_S)  # or else it is made twice
        yield
    finally:
        with suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_UN)  # a process that was forked meanwhile may have it open, too
        os.close(lock)


def _file(name: str, kinds: tuple[str, ...]) -> str:
    return f"{name}-{hashlib.sha256(repr(kinds).encode()).hexdigest()[:16]}"


def loaded(code: MachineCode) -> int:
    """Return the address at which a function now is; it stays there as long as the process."""
    with _lock:
        engine = _engine()
        engine.add_object_file(llvm.ObjectFileRef.from_data(code.content))
        engine.finalize_object()
        address: int = engine.get_function_address(code.symbol)
    if not address:
        raise AssertionError(f"there is no {code.symbol} in its machine code")
    return address


@cache
def _engine() -> Any:
    with suppress(RuntimeError):  # from some version on there is nothing to be done
        llvm.initialize()
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple().create_target_machine()
    return llvm.create_mcjit_compiler(llvm.parse_assembly(""), target)


@cache
def folder() -> Path | None:
    """Return the folder for what is made of the files as they are now; None where there can be none."""
    name = f"{BEGINS}{_digest()}"
    for base in (os.environ.get("NUMBA_CACHE_DIR"), HERE / "__pycache__"):
        if base:
            where = Path(base) / name
            with suppress(OSError):
                where.mkdir(mode=0o755, parents=True, exist_ok=True)  # whatever the umask says: nobody else's to write
                if os.access(where, os.W_OK) and on_disk.is_ours(where):
                    os.utime(where)  # it was used
                    return where
    return on_disk.folder(name)


def _digest() -> str:
    """Return a digest of all that machine code is made of, and of the processor that it is made for."""
    versions = [metadata.version(name) for name in ("numba", "llvmlite", "numpy")]
    settings = sorted(each for each in os.environ.items() if each[0].startswith("NUMBA_") and "CACHE" not in each[0])
    cpu = (llvm.get_default_triple(), llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten())
    described = repr((content_of(HERE), sys.version, versions, settings, cpu))
    return hashlib.sha256(described.encode()).hexdigest()[:16]


def content_of(where: Path) -> str:
    """Return a digest of all that compiled functions are made of: the files of a folder and of those in it."""
    digest = hashlib.sha256()
    for path in sorted(where.rglob("*.py")):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(where).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]


def _remove_old_beside(where: Path) -> None:
    """Remove the folders beside this one that were used least lately, and that hold nothing but what is kept."""
    with suppress(OSError):
        found = [each for each in where.parent.iterdir() if OF_OURS.fullmatch(each.name) and each.is_dir()]
        for each in sorted(found, key=lambda path: path.stat().st_mtime)[:-FOLDERS_MAX]:
            if each != where:
                _remove(each)


def _remove(folder: Path) -> None:
    """Remove a folder of ours; what somebody else has put there stays, and so does the folder."""
    with suppress(OSError):
        for each in folder.iterdir():
            if each.name.endswith((on_disk.SUFFIX, on_disk.TEMPORARY, LOCK)):
                each.unlink()
        folder.rmdir()
