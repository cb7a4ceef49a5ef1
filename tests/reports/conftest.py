"""One browser for all tests of pages, and the auditor of accessibility that they run in it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deadheat.scenarios.check import check
from deadheat.scenarios.scenario import Scenario
from tests.reports.browser import DRIVER, Browser, browsing
from tests.reports.pages import Page, looked_through, solved, written

AXE = "axe-core@4.10.3"
AXE_FILE = "DEADHEAT_TEST_AXE"
TYPESCRIPT = "typescript@5.9.3"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if DRIVER is None:
        pytest.skip("there is no chromedriver: install Debian's packages chromium and chromium-driver")
    with browsing() as found:
        yield found


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The script of axe-core, from the npm registry, or from where the environment says that it lies."""
    if given := os.environ.get(AXE_FILE):
        return Path(given).read_text()
    return (packed(AXE, tmp_path_factory.mktemp("axe"), AXE_FILE) / "axe.min.js").read_text()


@pytest.fixture(scope="session")
def tsc(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """How TypeScript's compiler is called: that on the PATH, or that of the npm registry."""
    if found := shutil.which("tsc"):
        return [found]
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is neither tsc nor node to run it")
    return [node, str(packed(TYPESCRIPT, tmp_path_factory.mktemp("tsc"), "PATH") / "bin" / "tsc")]


def packed(package: str, folder: Path, otherwise: str) -> Path:
    """Return where a package of the npm registry lies; skips where it cannot be had."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip(f"there is no npm to fetch {package} with, nor is it where {otherwise} says")
    try:
        done = subprocess.run(
            [npm, "pack", "--silent", package], cwd=folder, capture_output=True, text=True, timeout=60
        )
        subprocess.run(["tar", "xzf", done.stdout.split()[-1]], cwd=folder, check=True, timeout=60)
    except (IndexError, subprocess.SubprocessError):
        pytest.skip(f"{package} cannot be fetched from the npm registry, nor is it where {otherwise} says")
    return folder / "package"


@pytest.fixture(scope="session")
def two_protocols(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """A report on two protocols, with how likely it is of these and of one with a cleanup."""
    found = looked_through(Scenario("baseline"), Scenario("creation-lock"))
    with_cleanup = check(Scenario("baseline+orphan-cleanup", properties=("at-most-one-job",)))
    file = tmp_path_factory.mktemp("report") / "report.html"
    return written(file, found, likely=solved(found, with_cleanup)), found
