"""How long small things take, as whole processes, in one run: ratios to a bare interpreter and to a plain search.

    python -m benchmarks.start_up

prints a table. All times are processor times, the best of several, so that other programs disturb little; the second
run of a command is measured, which finds machine code and what was learned on disk. Aims: help 8, check 50, two-phase
commit 0.5.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
TIMES = 7

BARE = ("-c", "pass")
PLAIN = ("benchmarks/plain_search.py", "7")
COMMANDS = {
    "deadheat --help": (("-m", "deadheat", "--help"), BARE),
    "deadheat check": (("-m", "deadheat", "check"), BARE),
    "deadheat check, nothing kept": (("-m", "deadheat", "check"), BARE),
    "two-phase commit with 7 managers": (("examples/two_phase_commit.py", "7"), PLAIN),
}


def seconds(arguments: tuple[str, ...], *, keeps: bool = True) -> float:
    """Return the processor time that a run of Python takes, the best of several, after one that is not counted."""
    environment = {**os.environ, **({} if keeps else {"DEADHEAT_CACHE": "off"})}
    best = float("inf")
    for _ in range(1 + TIMES):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, check=False)
        assert done.returncode in (0, 1), done.stderr
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return best


def main() -> None:
    compared = {each: seconds(each) for each in (BARE, PLAIN)}
    print("| what | seconds | compared with | seconds | times |\n|---|--:|---|--:|--:|")
    for name, (arguments, other) in COMMANDS.items():
        taken = seconds(arguments, keeps="nothing kept" not in name)
        what = "a bare interpreter" if other is BARE else "a plain dictionary search"
        print(f"| {name} | {taken:.3f} | {what} | {compared[other]:.3f} | {taken / compared[other]:.2f} |")


if __name__ == "__main__":
    main()
