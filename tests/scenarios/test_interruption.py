"""Worker processes: they end with the one that has started them, however that ends."""

from __future__ import annotations

import subprocess
import sys
import time

import psutil

PARENT = """
import os
from concurrent.futures import ProcessPoolExecutor
from deadheat.scenarios import interruption

def work(number):
    os.write(1, f"{os.getpid()}\\n".encode())  # at once: a print of two processes may be mixed
    while True:
        pass

if __name__ == "__main__":
    shared = interruption.share()
    with ProcessPoolExecutor(3, initializer=interruption.listen_in_worker, initargs=(shared,)) as pool:
        pool.map(work, range(2))
"""


def is_there(worker: psutil.Process) -> bool:
    return worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE


def test_workers_end_with_a_parent_that_is_killed_at_work_or_not() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        try:
            assert parent.stdout is not None
            named = {int(parent.stdout.readline()) for _ in range(2)}
            workers = [each for each in psutil.Process(parent.pid).children(recursive=True) if is_there(each)]
            assert named <= {each.pid for each in workers}
        finally:
            parent.kill()
    end = time.monotonic() + 60
    while any(map(is_there, workers)) and time.monotonic() < end:
        time.sleep(0.05)
    left = [each for each in workers if is_there(each)]
    for each in left:
        each.kill()
    assert not left
