"""What holds for every run of the tests.

On which day's part of each campaign it works (tests/breadth.py), which long tests have their turn (tests/turns.py),
that groups of tests are groups, and that properties are tried on the same examples every time: what passed here passes
there. New examples are drawn with `--hypothesis-profile random`, a campaign (CONTRIBUTING.md).
"""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import tempfile
from datetime import UTC, datetime

import pytest
from hypothesis import settings

from tests.turns import left_out_on

settings.register_profile("same", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("random", derandomize=False, deadline=None, print_blob=True)
settings.load_profile("same")

FORCING_DAY = "DEADHEAT_FORCING_DAY"

KEPT = "DEADHEAT_TESTS_KEPT"
"""The environment variable that names the folder in which what one run of the tests learns is kept."""

if KEPT not in os.environ:
    os.environ[KEPT] = tempfile.mkdtemp(prefix="deadheat-tests-")
    atexit.register(shutil.rmtree, os.environ[KEPT], ignore_errors=True)

# What a command learns in one test, it begins with in the next, as it does for a user; a process that has loaded pytest
# keeps nothing. Tests about what is kept say where (tests/sim/test_remembering.py).
os.environ["DEADHEAT_CACHE"] = os.environ[KEPT]

# Said here once, so that tests in several processes agree, also at midnight.
os.environ.setdefault(FORCING_DAY, datetime.now(UTC).date().isoformat())


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all-turns", action="store_true", help="run the long tests of all days (tests/turns.py)")


def pytest_configure(config: pytest.Config) -> None:
    """Have long tests take turns where nobody has named what is to be run; xdist's processes are told the same."""
    everything = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    config.option.in_turn = everything and not config.option.all_turns


def pytest_report_header(config: pytest.Config) -> list[str]:
    day = os.environ[FORCING_DAY]
    turns = "those of that day" if config.option.in_turn else "all"
    return [f"campaigns: the parts of {FORCING_DAY}={day}", f"long tests: {turns}"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.option.in_turn:
        later = left_out_on(os.environ[FORCING_DAY])
        for item in items:
            if item.nodeid in later:
                item.add_marker(pytest.mark.slow)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Raise UsageError where xdist does not put tests into groups: each process would start servers of its own.

    What is there by then stays, and is not looked at again each time that garbage is collected: a tenth of the time.
    """
    gc.collect()
    gc.freeze()
    if not getattr(session.config.option, "loadgroup", False):
        return
    for item in session.items:
        if item.get_closest_marker("xdist_group") and "@" not in item.nodeid:
            raise pytest.UsageError(
                f"{item.nodeid} is in no group of xdist; another version of pytest or xdist is wanted."
            )
