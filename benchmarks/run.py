"""All benchmarks, as a table in `benchmarks/README.md`; ratios are of one run, on one machine.

    python -m benchmarks.run            # some minutes
    python -m benchmarks.run --large    # also 61 million states

Each measurement runs in a process of its own, `--repeat` times; the best counts, since what else the machine does only
ever makes it slower. Peers that are not installed are said to be missing, and left out: `pip install musil minicheck`
(musil needs Python 3.12), and Debian's `spin` with a C compiler, for the models under `benchmarks/spin/`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.spin import run as verifier

HERE = Path(__file__).parent
README = HERE / "README.md"
MARKERS = "<!-- measured -->", "<!-- end -->"
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


UNREDUCED = ("--no-composition", "--no-symmetry", "--no-partial-order")
REDUCTIONS = {
    "none": UNREDUCED,
    "symmetry": ("--no-composition", "--no-partial-order"),
    "partial order": ("--no-composition", "--no-symmetry"),
    "symmetry and partial order": ("--no-composition",),
    "composition": (),
}
"""For each of the reductions, what switches off the others."""


@dataclass(frozen=True)
class Measured:
    """What one piece of work took: states (0 if that is not known), seconds, and bytes a state."""

    states: int
    seconds: float
    bytes: float | None = None

    @property
    def rate(self) -> float:
        return self.states / self.seconds


Work = Callable[[], Measured | None]


def run(arguments: Sequence[str], **options: object) -> str:
    return subprocess.run(arguments, check=True, capture_output=True, text=True, **options).stdout  # type: ignore[call-overload,no-any-return]


def two_phase(managers: int, explorer: str, cores: int = 1, *, fingerprint: bool = False) -> Measured:
    program = EXPLORE.format(
        examples=str(HERE.parent / "examples"),
        explorer=explorer,
        cores=cores,
        fingerprint=fingerprint,
        managers=managers,
    )
    return Measured(**json.loads(run([sys.executable, "-c", program])))


def peer(name: str, managers: int) -> Measured | None:
    try:
        return Measured(**json.loads(run([sys.executable, str(HERE / "two_phase_peers.py"), name, str(managers)])))
    except subprocess.CalledProcessError as error:
        print(f"  {name} is left out: {error.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None


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


def help_page() -> Measured:
    started = time.perf_counter()
    run([sys.executable, "-m", "deadheat", "--help"])
    return Measured(0, time.perf_counter() - started)


def spin(evaluations: int, *, reduced: bool) -> Measured | None:
    """Run SPIN on the baseline, end to end: translate, compile, search; None if it is missing or does not finish."""
    options = verifier.Options(reduction=reduced, memory_mb=SPIN_MEMORY_MIB, hash_bits=26)
    try:
        found = verifier.run("baseline", (HOLDS,), evaluations, options=options)
    except verifier.SpinError as error:
        print(f"  SPIN is left out: {error}", file=sys.stderr)
        return None
    if found.verdicts[HOLDS] != "holds":
        return None
    return Measured(found.states, found.translate_seconds + found.compile_seconds + found.search_seconds)


def best(work: Work, repeat: int) -> Measured | None:
    measured = [work() for _ in range(repeat)]
    return min((each for each in measured if each is not None), key=lambda each: each.seconds, default=None)


def row(name: str, measured: Measured | None, base: Measured | None) -> str:
    if measured is None:
        return f"| {name} | - | - | - | - | - |"
    states = f"{measured.states:,}" if measured.states else "-"
    rate = f"{measured.rate:,.0f}" if measured.states else "-"
    size = f"{measured.bytes:.1f}" if measured.bytes else "-"
    ratio = f"{base.seconds / measured.seconds:.2f}" if base else "-"
    return f"| {name} | {states} | {measured.seconds:.2f} | {rate} | {size} | {ratio} |"


def table(title: str, works: dict[str, Work], repeat: int, against: str = "nothing") -> list[str]:
    """Measure, and return the lines of one table.

    The last column is how many times sooner a row was than the last one before it whose name begins with `against`.
    """
    print(title, file=sys.stderr)
    lines = [f"### {title}", "", "| what | states | seconds | states/s | bytes a state | sooner, times |"]
    lines.append("|---|--:|--:|--:|--:|--:|")
    base = None
    for name, work in works.items():
        print(f"  {name}", file=sys.stderr)
        measured = best(work, repeat)
        base = measured if name.startswith(against) else base
        lines.append(row(name, measured, base))
    return [*lines, ""]


def tables(repeat: int, *, large: bool) -> list[str]:
    lines = table(
        "Two-phase commit, 7 resource managers, after start-up",
        {
            "musil": lambda: peer("musil", 7),
            "minicheck": lambda: peer("minicheck", 7),
            "deadheat, plain Python": lambda: two_phase(7, "python"),
            "deadheat, kernel, one core": lambda: two_phase(7, "kernel"),
            "deadheat, kernel, two cores": lambda: two_phase(7, "kernel", 2),
        },
        repeat,
        against="minicheck",
    )
    for managers in (9, 10) if large else (9,):
        lines += table(
            f"Two-phase commit, {managers} resource managers, exact, after start-up",
            {
                "kernel, one core": lambda managers=managers: two_phase(managers, "kernel"),  # type: ignore[misc]
                "kernel, two cores": lambda managers=managers: two_phase(managers, "kernel", 2),  # type: ignore[misc]
                "two cores, fingerprints": lambda managers=managers: two_phase(managers, "kernel", 2, fingerprint=True),  # type: ignore[misc]
            },
            repeat,
            against="kernel, one core",
        )
    lines += table(
        "Cancellation baseline, 3 evaluations, all interleavings, no reductions, one core, end to end",
        {
            "SPIN": lambda: spin(3, reduced=False),
            "deadheat": lambda: check("baseline", "-p", HOLDS, "-n", "3", *UNREDUCED, one_core=True),
        },
        repeat,
        against="SPIN",
    )
    lines += table(
        "What each reduction saves: cancellation baseline, 3 evaluations, end to end",
        {
            name: lambda switches=switches: check("baseline", "-p", HOLDS, "-n", "3", *switches)  # type: ignore[misc]
            for name, switches in REDUCTIONS.items()
        },
        repeat,
        against="none",
    )
    sizes = range(1, 7)
    reduced: dict[str, Work] = {}
    for size in sizes:
        if size <= SPIN_EVALUATIONS_MAX:
            reduced[f"SPIN, {size}"] = lambda size=size: spin(size, reduced=True)  # type: ignore[misc]
        reduced[f"deadheat, {size}"] = lambda size=size: check("baseline", "-p", HOLDS, "-n", str(size))  # type: ignore[misc]
    lines += table("Cancellation baseline, all reductions, end to end, by evaluations", reduced, repeat, against="SPIN")
    lines += table(
        "End to end",
        {"check of everything at one evaluation": check, "--help": help_page},
        repeat,
    )
    return lines


def machine() -> str:
    """Return what was measured on, and how busy it was: beyond its cores, what else it does decides the times."""
    load = f"load average {os.getloadavg()[1]:.1f}"
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {load} over five minutes"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure, and write the tables into benchmarks/README.md.")
    parser.add_argument("--large", action="store_true", help="also 61 million states")
    parser.add_argument("--repeat", type=int, default=3, help="how often to measure each; the best counts")
    options = parser.parse_args()
    measured = "\n".join([f"Measured on {machine()}.", "", *tables(options.repeat, large=options.large)])
    begin, end = MARKERS
    text = README.read_text()
    README.write_text(f"{text[: text.index(begin)]}{begin}\n{measured}{text[text.index(end) :]}")
    print(measured)


if __name__ == "__main__":
    main()
