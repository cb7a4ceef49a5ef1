"""What timeouts and runners of jobs send is a request to end with what was found, however often it comes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2]

FRONTIER = """
import os, signal
from deadheat.scenarios import interruption
from deadheat.scenarios.frontier import frontiers
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.explore.stop import Limit

def ask(_):
    os.killpg(0, signal.SIGTERM)  # to the workers as well, and twice to itself
    os.kill(os.getpid(), signal.SIGTERM)

interruption.listen()
names = ("at-most-one-job",)
scenarios = [Scenario(name, properties=names) for name in ("state-machine", "baseline")]
found = frontiers(scenarios, 3, jobs=JOBS, report=ask)
assert all(each.undecided and each.stopped.limit is Limit.INTERRUPTED for each in found), found
print("ended")
"""

WORKER = """
import os, time
from deadheat.scenarios import interruption
interruption.listen_in_worker(interruption.share())
print("listening", flush=True)
time.sleep(60)
"""


def started(program: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program], cwd=HERE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_frontier_ends_with_what_it_has(jobs: int) -> None:
    with started(FRONTIER.replace("JOBS", str(jobs))) as running:
        assert running.communicate(timeout=60)[0] == "ended\n"
    assert running.returncode == 0


def test_a_worker_that_alone_is_told_to_end_does() -> None:
    with started(WORKER) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "listening\n"
        running.terminate()
        assert running.wait(timeout=10) == 128 + signal.SIGTERM


def test_a_worker_whose_master_is_gone_ends() -> None:
    begin = f"subprocess.Popen([sys.executable, '-c', {WORKER!r}])"
    master = f"import subprocess, sys, time; print({begin}.pid, flush=True); time.sleep(60)"
    with started(master) as running:
        assert running.stdout is not None
        lines = {running.stdout.readline(), running.stdout.readline()}
        worker = int(next(each for each in lines if each != "listening\n"))
        running.kill()
    until = time.monotonic() + 10
    while is_there(worker) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_there(worker)


def is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"  # gone, and not yet waited for
