"""What holds for every run of the tests: on which day's part of the forcing campaign (tests/live/test_forcing.py)."""

from __future__ import annotations

import os
from datetime import UTC, datetime

FORCING_DAY = "DEADHEAT_FORCING_DAY"

# Said here once, so that tests in several processes agree, also at midnight.
os.environ.setdefault(FORCING_DAY, datetime.now(UTC).date().isoformat())


def pytest_report_header() -> str:
    return f"forcing: the pairs of {FORCING_DAY}={os.environ[FORCING_DAY]}"
