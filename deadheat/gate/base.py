"""The project as it was at a git ref: its files in a folder of their own, and a Python that finds nothing newer."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from deadheat.gate.files import TOP, Files
from deadheat.gate.findings import Finding
from deadheat.gate.older import Older
from deadheat.sim.errors import UsageError
from deadheat.sim.references import INSTALLED

__all__ = ["Base", "at"]


COPY = "deadheat-base-"
"""What the names of folders with copies begin with, before the number of the process that made them."""


@dataclass(frozen=True)
class Base:
    """A copy of the project as it was: its folder there, and where Python is to look before it looks anywhere else."""

    ref: str
    commit: str
    root: Path
    paths: dict[str, str]
    working: Path

    @property
    def top(self) -> Path:
        """The folder of the whole copy."""
        return Path(self.paths[TOP])

    @property
    def older(self) -> Older:
        """What a process needs to know to load it."""
        paths = [
            each for each in self.paths["PYTHONPATH"].split(os.pathsep) if Path(each).is_relative_to(self.paths[TOP])
        ]
        return Older(str(self.root), self.paths[TOP], tuple(paths))

    def named(self, finding: Finding) -> Finding:
        """Return a finding in which files of the copy are called by the ref: `main:ours.py`."""
        witness = finding.witness
        if witness is not None:
            steps = tuple(
                msgspec.structs.replace(each, file=self._without_copy(each.file, "")) for each in witness.steps
            )
            timeline = self._without_copy(witness.timeline, f"{self.ref}:")
            witness = msgspec.structs.replace(witness, steps=steps, timeline=timeline or "")
        text, detail = (self._without_copy(each, f"{self.ref}:") or "" for each in (finding.text, finding.detail))
        return replace(finding, text=text, detail=detail, witness=witness)

    def named_in(self, text: str) -> str:
        """Return a text in which files of the copy are called by the ref."""
        return self._without_copy(text, f"{self.ref}:") or ""

    def _without_copy(self, text: str | None, instead: str) -> str | None:
        if text is None:
            return None
        return text.replace(f"{self.root}/", instead)

    def require_own(self, files: Files) -> None:
        """Raise UsageError if what was read is not of the copy, but of the project as it is."""
        for name in files.others:
            path = Path(name)
            if path.is_relative_to(self.working) and not any(each in path.parts for each in INSTALLED):
                raise UsageError(
                    f"What is at {self.ref} imports {path.relative_to(self.working)} as it is now, so the two cannot "
                    "be compared; name the protocol by its file."
                )


@contextmanager
def at(ref: str, root: Path) -> Iterator[Base]:
    """Give a copy of the project whose folder this is, as it was at a ref.

    Raises UsageError where there is no git, no repository, or no such ref.
    """
    top = Path(_git(root, "rev-parse", "--show-toplevel"))
    commit = _commit(root, ref)
    _remove_left_behind()
    scratch = Path(tempfile.mkdtemp(prefix=f"{COPY}{os.getpid()}-")).resolve()  # as paths are compared with it
    try:
        tree = scratch / "tree"
        tree.mkdir()
        index = scratch / "index"
        _check_out(top, commit, tree, index)
        _fill_submodules(top, commit, tree, index, ref)
        there = tree / root.resolve().relative_to(top.resolve())
        there.mkdir(parents=True, exist_ok=True)
        before = [each for each in os.environ.get("PYTHONPATH", "").split(os.pathsep) if each]
        looked_in = [each for each in (*before, *sys.path) if _is_own(each, top)]
        inside = [tree / Path(each).resolve().relative_to(top.resolve()) for each in looked_in]
        paths = os.pathsep.join([*map(str, dict.fromkeys([*inside, there])), *before])
        yield Base(ref, commit, there, {"PYTHONPATH": paths, TOP: str(tree)}, top.resolve())
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _check_out(repository: Path, commit: str, tree: Path, index: Path) -> None:
    environment = {"GIT_INDEX_FILE": str(index)}
    _git(repository, "read-tree", commit, environment=environment)
    _git(repository, "checkout-index", "--all", "--force", f"--prefix={tree}/", environment=environment)


def _fill_submodules(top: Path, commit: str, tree: Path, index: Path, ref: str) -> None:
    """Put into the copy what submodules had; raises UsageError if one that is here does not know that any more.

    One that is not here was never looked into, neither then nor now.
    """
    for line in _git(top, "ls-tree", "-r", "-z", commit).split("\0"):
        about, _, name = line.partition("\t")
        if not about.startswith("160000 ") or not (top / name / ".git").exists():
            continue
        of = about.split()[2]
        try:
            _check_out(top / name, of, tree / name, index)
        except UsageError:
            raise UsageError(
                f"The submodule {name} does not have what it was at {ref} ({of[:10]}); fetch it there, with git -C "
                f"{name} fetch."
            ) from None
        _fill_submodules(top / name, of, tree / name, index, ref)


OF_ONE_REPOSITORY = ("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_PREFIX")
"""What git tells its hooks; with it, every folder is in the hook's repository, or is the top of it."""


def _without_git() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in OF_ONE_REPOSITORY}


def _reason(said: str) -> str:
    """Return what git gave as its reason, without the advice below it."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    reasons = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return "; ".join(dict.fromkeys(line.partition(":")[2].strip().rstrip(".") for line in reasons[:2])) or "".join(
        lines[-1:]
    )


def _is_own(entry: str, top: Path) -> bool:
    path = Path(entry or ".").resolve()
    return path.is_dir() and path.is_relative_to(top.resolve()) and not any(each in path.parts for each in INSTALLED)


def _remove_left_behind() -> None:
    """Remove the copies of those of our processes that were killed."""
    import psutil

    for folder in Path(tempfile.gettempdir()).glob(f"{COPY}*-*"):
        number = folder.name.removeprefix(COPY).partition("-")[0]
        with suppress(OSError, OverflowError):
            if number.isdecimal() and folder.lstat().st_uid == os.geteuid() and not psutil.pid_exists(int(number)):
                shutil.rmtree(folder, ignore_errors=True)


def _commit(root: Path, ref: str) -> str:
    try:
        if ref.startswith("-"):
            raise UsageError("")
        return _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    except UsageError:
        shallow = _git(root, "rev-parse", "--is-shallow-repository") == "true"
        why = (
            "this clone is shallow; fetch it first (git fetch --unshallow, or fetch-depth: 0 in a workflow)"
            if shallow
            else "give a branch, a tag or a commit that git knows here"
        )
        raise UsageError(f"There is no git ref {ref!r} to compare with; {why}.") from None


def _git(folder: Path, *arguments: str, environment: dict[str, str] | None = None) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            env={**_without_git(), **(environment or {})},
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise UsageError("There is no git here, which --base needs; install it, or compare with the lock.") from None
    if done.returncode:
        raise UsageError(f"git {arguments[0]} failed in {folder}: {_reason(done.stderr) or done.returncode}.")
    return done.stdout.strip()
