"""What is measured, table by table; each piece of work runs in a process of its own.

A peer is another checker that does the same work. One that is not installed is named once, and its rows left out.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from benchmarks.rows import Measured, Table, Work
from benchmarks.spin import run as verifier

__all__ = ["PEERS", "tables"]

HERE = Path(__file__).parent
SPIN_MEMORY_MIB = 16_000
SPIN_EVALUATIONS_MAX = 3
"""With four, SPIN would need some 150 GB."""

HOLDS = "at-most-one-job"
"""A property that the baseline keeps, so that either checker sees every state."""

EXPLORE = """
import json, sys, time
sys.path.insert(0, {examples!r})
from two_phase_commit import two_phase_commit
from deadheat.sim.explore.explorers import explore
from deadheat.sim.explore.options import SearchOptions
options = SearchOptions(1_000_000_000, explorer={explorer!r}, cores={cores}, symmetry=False, fingerprint={fingerprint})
explore(two_phase_commit(2), options)  # start-up: import, and load compiled code
started = time.perf_counter()
found = explore(two_phase_commit({managers}), options)
seconds = time.perf_counter() - started
assert found.complete and not found.counterexamples
print(json.dumps({{"states": found.states, "seconds": seconds, "bytes": found.bytes_per_state}}))
"""

SIMULATE = """
import json, time
from deadheat.scenarios.in_time import memoryless, timed
from deadheat.scenarios.measures import StateMark
from deadheat.scenarios.profiles import load_profile
from deadheat.sim.timed import solving
from deadheat.sim.timed.chain import chain_of
from deadheat.sim.timed.clockwork import run_by_simpy
from deadheat.sim.timed.kernel import Kernel
laws = load_profile({profile!r}).laws
subject = timed("baseline", memoryless(laws) if {method!r} == "exact" else laws)
kernel = Kernel(subject.graph, subject.endings)
kernel.runs(0, 0, 10, {cores})  # start-up: load compiled code
started = time.perf_counter()
if {method!r} == "kernel":
    kernel.runs(1, 0, {count}, {cores})
elif {method!r} == "simpy":
    for number in range({count}):
        run_by_simpy(subject.graph, subject.clocks, subject.measures, subject.endings, 1, number)
else:
    chain = chain_of(subject.graph, subject.endings)
    assert 0 < solving.likelihood(chain, state_mark=StateMark.ORPHAN).least < 1
print(json.dumps({{"states": {count} or len(chain.places), "seconds": time.perf_counter() - started}}))
"""

UNREDUCED = ("--no-composition", "--no-symmetry", "--no-partial-order")
REDUCTIONS = {
    "none": UNREDUCED,
    "symmetry": ("--no-composition", "--no-partial-order"),
    "partial order": ("--no-composition", "--no-symmetry"),
    "symmetry and partial order": ("--no-composition",),
    "composition": (),
}
"""For each of the reductions, what switches off the others."""

VERDICTS = (0, 1, 3)
"""The exit codes of a command that has done its work."""

PEERS: Mapping[str, tuple[Callable[[], bool], str]] = {
    "musil": (lambda: importlib.util.find_spec("musil") is not None, "pip install musil, with Python 3.12 or newer"),
    "minicheck": (lambda: importlib.util.find_spec("minicheck") is not None, "pip install minicheck"),
    "SPIN": (lambda: all(map(shutil.which, ("spin", "gcc"))), "Debian's spin, and a C compiler"),
}
"""The other checkers, by the beginnings of their rows' names: whether one is there, and where it comes from."""


def run(arguments: Sequence[str]) -> str:
    return subprocess.run(arguments, check=True, capture_output=True, text=True).stdout


def two_phase(managers: int, explorer: str, cores: int = 1, *, fingerprint: bool = False) -> Measured:
    program = EXPLORE.format(
        examples=str(HERE.parent / "examples"),
        explorer=explorer,
        cores=cores,
        fingerprint=fingerprint,
        managers=managers,
    )
    return Measured(**json.loads(run([sys.executable, "-c", program])))


def in_time(method: str, count: int, cores: int = 1, profile: str = "quiet") -> Measured:
    """Simulate so many cancellations of the baseline, or solve its chain; the states are those of that."""
    program = SIMULATE.format(method=method, count=count, cores=cores, profile=profile)
    return Measured(**json.loads(run([sys.executable, "-c", program])))


def two_phase_whole(managers: int) -> Measured:
    """Run the example, end to end, with its defaults; the bytes are all that the process took."""
    program = str(HERE.parent / "examples" / "two_phase_commit.py")
    started = time.perf_counter()
    with subprocess.Popen([sys.executable, program, str(managers)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            said = process.stdout.read()
        except BaseException:  # somebody has interrupted, and nobody waits for it any more
            process.kill()
            raise
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    assert process.returncode == 0, said
    states = int(said.split(": ")[1].split()[0].replace(",", ""))
    return Measured(states, seconds, used.ru_maxrss * 1024 / states)


def peer(name: str, managers: int) -> Measured:
    return Measured(**json.loads(run([sys.executable, str(HERE / "two_phase_peers.py"), name, str(managers)])))


def check(*arguments: str, one_core: bool = False) -> Measured:
    """Run `deadheat check`, end to end; its exit code may say that something is violated."""
    command = [sys.executable, "-m", "deadheat", "check", *arguments]
    pinned = ["taskset", "-c", "0", *command] if one_core and shutil.which("taskset") else command
    started = time.perf_counter()
    done = subprocess.run([*pinned, "--json"], capture_output=True, text=True)
    seconds = time.perf_counter() - started
    assert done.returncode in (0, 1), done.stderr
    results = json.loads(done.stdout)["results"]
    assert all(each["verdict"] != "inconclusive" for each in results)
    return Measured({each["protocol"]: each["states"] for each in results}[results[0]["protocol"]], seconds)


def command(*arguments: str) -> Measured:
    """Run a command of deadheat, end to end."""
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "deadheat", *arguments], capture_output=True, text=True)
    seconds = time.perf_counter() - started
    assert done.returncode in VERDICTS, done.stderr
    return Measured(0, seconds)


def one_check_a_set(up_to: int, *names: str) -> Measured:
    """Find the smallest sets of faults by a check for each set, as was done before there was one search for all."""
    arguments = [sys.executable, "-m", "benchmarks.one_check_a_set", str(up_to), *names]
    return Measured(0, json.loads(run(arguments))["seconds"])


def spin(evaluations: int, *, reduced: bool) -> Measured:
    """Run SPIN on the baseline, end to end: translate, compile, search."""
    options = verifier.Options(reduction=reduced, memory_mb=SPIN_MEMORY_MIB, hash_bits=26)
    found = verifier.run("baseline", (HOLDS,), evaluations, options=options)
    assert found.verdicts[HOLDS] == "holds", found.verdicts
    return Measured(found.states, found.translate_seconds + found.compile_seconds + found.search_seconds)


def tables() -> list[Table]:
    """Return all that can be measured."""
    seven: dict[str, Work] = {
        "musil": lambda: peer("musil", 7),
        "minicheck": lambda: peer("minicheck", 7),
        "deadheat, plain Python": lambda: two_phase(7, "python"),
        "deadheat, kernel, one core": lambda: two_phase(7, "kernel"),
        "deadheat, kernel, two cores": lambda: two_phase(7, "kernel", 2),
    }
    sizes: dict[str, Work] = {}
    for size in range(1, 7):
        if size <= SPIN_EVALUATIONS_MAX:
            sizes[f"SPIN, {size}"] = partial(spin, size, reduced=True)
        sizes[f"deadheat, {size}"] = partial(check, "baseline", "-p", HOLDS, "-n", str(size))
    unreduced = partial(check, "baseline", "-p", HOLDS, "-n", "3", *UNREDUCED, one_core=True)
    reductions = {name: partial(check, "baseline", "-p", HOLDS, "-n", "3", *REDUCTIONS[name]) for name in REDUCTIONS}
    to_three = ("frontier", "baseline", "state-machine", "name-tombstone", "--up-to", "3")
    commands: dict[str, Work] = {
        "check of everything at one evaluation": check,
        "--help": partial(command, "--help"),
        "frontier of everything, up to 1": partial(command, "frontier"),
        "frontier of everything, up to 2": partial(command, "frontier", "--up-to", "2"),
        "frontier of three, up to 3": partial(command, *to_three),
        "incidents": partial(command, "incidents"),
        "mutate state-machine": partial(command, "mutate", "state-machine"),
    }
    return [
        Table("two-phase-7", "Two-phase commit, 7 resource managers, after start-up", seven, "minicheck"),
        _two_phase(9),
        _two_phase(10, large=True),
        Table(
            "unreduced",
            "Cancellation baseline, 3 evaluations, all interleavings, no reductions, one core, end to end",
            {"SPIN": partial(spin, 3, reduced=False), "deadheat": unreduced},
            "SPIN",
        ),
        Table(
            "reductions",
            "What each reduction saves: cancellation baseline, 3 evaluations, end to end",
            reductions,
            "none",
        ),
        Table("sizes", "Cancellation baseline, all reductions, end to end, by evaluations", sizes, "SPIN"),
        Table("commands", "End to end", commands, "check of everything"),
        Table(
            "in-time",
            "The baseline in time, after start-up: cancellations for states; solved exactly, those of its chain",
            {
                "simpy, one core": partial(in_time, "simpy", 2_000),
                "kernel, one core": partial(in_time, "kernel", 2_000_000),
                "kernel, two cores": partial(in_time, "kernel", 4_000_000, 2),
                "kernel, two cores, busy": partial(in_time, "kernel", 4_000_000, 2, "busy"),
                "solved exactly, memoryless": partial(in_time, "exact", 0),
            },
        ),
        Table(
            "frontier", "The smallest sets of faults: one search, or one check a set", _frontier(), "one check a set"
        ),
    ]


def _frontier() -> dict[str, Work]:
    return {
        "one check a set, everything, up to 1": partial(one_check_a_set, 1),
        "one search, everything, up to 1": partial(command, "frontier"),
        "one check a set, baseline, up to 2": partial(one_check_a_set, 2, "baseline"),
        "one search, baseline, up to 2": partial(command, "frontier", "baseline", "--up-to", "2"),
    }


def _two_phase(managers: int, *, large: bool = False) -> Table:
    works: dict[str, Work] = {
        "kernel, one core": partial(two_phase, managers, "kernel"),
        "kernel, two cores": partial(two_phase, managers, "kernel", 2),
        "two cores, fingerprints": partial(two_phase, managers, "kernel", 2, fingerprint=True),
        "the example, end to end": partial(two_phase_whole, managers),
    }
    title = f"Two-phase commit, {managers} resource managers, exact, after start-up"
    return Table(f"two-phase-{managers}", title, works, "kernel, one core", large)
