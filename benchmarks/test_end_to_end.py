"""What a user waits for, as whole processes: `pytest benchmarks`. Aims: help 0.25 s, one evaluation 1.5 s, two 10 s."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest


@pytest.mark.parametrize("arguments", ["--help", "check", "check --evaluations 2", "frontier"])
def test_a_command_end_to_end(benchmark: Any, arguments: str) -> None:
    command = [sys.executable, "-m", "deadheat", *arguments.split()]
    done = benchmark.pedantic(subprocess.run, (command,), {"capture_output": True}, rounds=3, warmup_rounds=1)
    assert done.returncode in (0, 1)
