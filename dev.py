#!/usr/bin/env python3
"""Does all set-up, then one thing: `python3 dev.py check`, or `python3 dev.py test`. Needs Python 3.11 and no more.

    python3 dev.py check [ARGUMENT ...]   deadheat check, the main job; with no argument, every protocol
    python3 dev.py test [ARGUMENT ...]    linter, formatter, type checker and tests; arguments go to pytest
    python3 dev.py bench [ARGUMENT ...]   the benchmarks; a table of ratios
    python3 dev.py docs [serve]           the documentation as a site in site/; `serve` shows it while it is written

The set-up is a virtual environment in `.venv`, made anew when `pyproject.toml` has changed.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
BIN = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
STAMP = ENVIRONMENT / "installed"


def set_up(extras: str) -> None:
    """Install deadheat with some extras into the virtual environment, if that has not been done yet."""
    installed = STAMP.read_text().split() if STAMP.exists() else []
    if _stamp(extras) in installed or _stamp("dev") in installed:  # dev has all that others need
        return
    print(f"setting up {ENVIRONMENT.name} ...", file=sys.stderr)
    try:
        if not (BIN / "python").exists():
            venv.create(ENVIRONMENT, with_pip=True)
    except subprocess.CalledProcessError:
        sys.exit("dev.py: Python's venv module cannot install pip here; on Debian, `apt install python3-venv`.")
    what = f"{ROOT}[{extras}]" if extras else str(ROOT)
    run("python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-e", what)
    with STAMP.open("a") as stamp:
        stamp.write(_stamp(extras) + "\n")


def _stamp(extras: str) -> str:
    return hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + extras.encode()).hexdigest()


def run(program: str, *arguments: str) -> None:
    """Run a program of the virtual environment in the project's folder; end as it ends if it fails."""
    # Where Python must not keep what it has compiled, each of the tests' processes compiles every module anew.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run([str(BIN / program), *arguments], cwd=ROOT, env=environment, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def check(arguments: list[str]) -> None:
    """Do the main job."""
    set_up("")
    run("deadheat", "check", *arguments)


def test(arguments: list[str]) -> None:
    """Run everything that must be green."""
    set_up("dev")
    run("ruff", "check", ".")
    run("ruff", "format", "--check", ".")
    run("mypy")
    # The process that has the real servers mostly waits for them: one more than there are cores.
    run("pytest", "--numprocesses", str((os.cpu_count() or 1) + 1), "--dist", "loadgroup", *arguments)


def bench(arguments: list[str]) -> None:
    """Run the benchmarks."""
    set_up("dev")
    run("python", "-m", "benchmarks.run", *arguments)


def docs(arguments: list[str]) -> None:
    """Build the documentation; a broken link ends it."""
    set_up("docs")
    os.environ["NO_MKDOCS_2_WARNING"] = "1"  # docs/decisions/documentation-site.md knows
    if arguments == ["serve"]:
        run("mkdocs", "serve")
    else:
        run("mkdocs", "build", "--strict", *arguments)


COMMANDS = {"check": check, "test": test, "bench": bench, "docs": docs}


def main() -> None:
    """Do what the first argument says."""
    if sys.version_info < (3, 11):
        sys.exit(f"dev.py: deadheat needs Python 3.11 or newer, and this is {sys.version.split()[0]}.")
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    COMMANDS[sys.argv[1]](sys.argv[2:])


if __name__ == "__main__":
    main()
