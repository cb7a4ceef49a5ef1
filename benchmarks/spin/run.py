"""Builds and runs a Promela model with SPIN, and reads what its verifier says.

    python -m benchmarks.spin.run baseline --evaluations 3 --property no-permanent-orphan --no-reduction

Exit codes: 0 all properties hold, 1 one is violated, 2 usage or SPIN missing, 3 inconclusive.
"""

from __future__ import annotations

import argparse
import re
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

__all__ = ["FAULTS", "MODELS", "PROPERTIES", "Options", "SpinError", "SpinResult", "missing_tool", "run"]

DIRECTORY = Path(__file__).parent / "models"

MODELS: dict[str, str] = {
    "baseline": "baseline.pml",
    "status-check": "status_check.pml",
    "creation-lock": "creation_lock.pml",
    "request-token": "request_token.pml",
    "state-machine": "state_machine.pml",
    "two-phase": "two_phase.pml",
    "event-sourcing": "event_sourcing.pml",
    "owner-tombstone": "owner_tombstone.pml",
    "suspended-create": "suspended_create.pml",
    "name-tombstone": "name_tombstone.pml",
    "fenced-generation": "fenced_generation.pml",
    "baseline+orphan-cleanup": "baseline_orphan_cleanup.pml",
    "baseline+storage-worker": "baseline_storage_worker.pml",
    "baseline+orphan-cleanup-by-uid": "baseline_orphan_cleanup_by_uid.pml",
}
"""The model of each protocol."""

PROPERTIES: dict[str, int] = {
    "no-permanent-orphan": 1,
    "no-transient-orphan": 2,
    "terminal-is-final": 4,
    "at-most-one-job": 8,
    "wanted-job-survives": 16,
    "uncancelled-gets-job": 32,
    "cancelled-means-stopped": 64,
}
"""The properties that the models check, each with its number in CHECKS (see `properties.pml`)."""

SETTLED = ("no-permanent-orphan", "uncancelled-gets-job")

STEPS_OF_CALM = 3
"""How many steps the process `all_is_calm` adds to a counterexample of a settled property."""

FAULTS: tuple[str, ...] = (
    "worker-crash",
    "worker-loss",
    "dispatcher-crash",
    "dispatcher-loss",
    "cancel-crash",
    "cancel-loss",
    "cleanup-crash",
    "cleanup-loss",
    "http-retry",
    "http-loss",
    "http-timeout",
    "k8s-lost-answer",
    "k8s-refusal",
    "lease-expiry",
    "completion",
)
"""The faults that the models have."""


class SpinError(Exception):
    """SPIN cannot be run, or refused a model; the text says why."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to verify.

    `reduction` is SPIN's partial-order reduction, and `dead_variables` tells whether it may reset local variables that
    are read no more, which merges states; `breadth_first` makes the first counterexample a shortest one;
    `optimised` compiles with -O2, which pays for large spaces only. The search is inconclusive beyond `memory_mb`
    (MiB) or, depth first, beyond `depth_max` steps. The hash table begins with two to the `hash_bits` slots, and grows.
    """

    reduction: bool = False
    dead_variables: bool = True
    breadth_first: bool = False
    optimised: bool = True
    memory_mb: int = 8_192
    depth_max: int = 2_000_000
    hash_bits: int = 20


@dataclass(frozen=True, slots=True)
class SpinResult:
    """What SPIN found, and what it took.

    `verdicts` says of each property asked for "holds", "violated" or "inconclusive". The search ends at the first
    violation if one property was asked for; `counterexample_length` is then the number of steps of the system in it.
    `states` and `transitions` are those of the system and, where a settled property was asked for, those of its calm
    twin too. `depth` is the search's, in steps; `state_bytes` is the size of one state; `memory_mb` (MiB) is what the
    verifier used in all, its tables included. `cpu_seconds` is the processor time of all that was run.
    """

    protocol: str
    evaluations: int
    faults: tuple[tuple[str, int], ...]
    verdicts: Mapping[str, str]
    states: int
    transitions: int
    depth: int
    state_bytes: int
    memory_mb: float
    counterexample_length: int | None
    translate_seconds: float
    compile_seconds: float
    search_seconds: float
    cpu_seconds: float

    @property
    def seconds(self) -> float:
        """How long all of it took, in seconds."""
        return self.translate_seconds + self.compile_seconds + self.search_seconds


def missing_tool() -> str | None:
    """Return why SPIN cannot be run here, or None."""
    missing = [tool for tool in ("spin", "gcc") if shutil.which(tool) is None]
    return f"{' and '.join(missing)} not found; on Debian, apt-get install spin gcc" if missing else None


def run(
    protocol: str,
    properties: Iterable[str] = tuple(PROPERTIES),
    evaluations: int = 1,
    faults: Iterable[tuple[str, int]] = (),
    options: Options = Options(),
) -> SpinResult:
    """Verify the properties of a protocol with SPIN; with no properties, only count its states.

    Raises SpinError if SPIN is missing, a name is unknown, or SPIN or the C compiler refuses the model.
    """
    asked, budgets = tuple(properties), tuple(faults)
    _require_known(protocol, asked, budgets)
    reason = missing_tool()
    if reason:
        raise SpinError(reason)
    cpu_before = _children_cpu_seconds()
    with TemporaryDirectory(prefix="deadheat-spin-") as name:
        directory = Path(name)
        shutil.copytree(DIRECTORY, directory, dirs_exist_ok=True)
        translated = _timed([*_translation(asked, evaluations, budgets, options), MODELS[protocol]], directory)
        compiled = _timed(_compilation(options), directory)
        started = time.perf_counter()
        output = _search(options, directory, first_only=len(asked) == 1)
        searched = time.perf_counter() - started
    return SpinResult(
        protocol=protocol,
        evaluations=evaluations,
        faults=budgets,
        verdicts=output.verdicts(asked),
        states=output.number(r"(\d+) states, stored"),
        transitions=output.number(r"(\d+) transitions") - 1,  # SPIN counts the initial state as one
        depth=output.number(r"depth reached (\d+)"),
        state_bytes=output.number(r"State-vector (\d+) byte"),
        memory_mb=float(output.find(r"([\d.]+)\s+total actual memory usage")),
        counterexample_length=output.length(asked[0]) if len(asked) == 1 else None,
        translate_seconds=translated,
        compile_seconds=compiled,
        search_seconds=searched,
        cpu_seconds=_children_cpu_seconds() - cpu_before,
    )


def _children_cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _require_known(protocol: str, properties: tuple[str, ...], faults: tuple[tuple[str, int], ...]) -> None:
    for kind, names, known in (
        ("protocol", (protocol,), tuple(MODELS)),
        ("property", properties, tuple(PROPERTIES)),
        ("fault", tuple(name for name, _ in faults), FAULTS),
    ):
        for name in names:
            if name not in known:
                raise SpinError(f"There is no Promela model of the {kind} {name!r}; there is {', '.join(known)}.")


def _translation(
    properties: tuple[str, ...], evaluations: int, faults: tuple[tuple[str, int], ...], options: Options
) -> list[str]:
    checks = sum(PROPERTIES[name] for name in properties)
    budgets = [f"-D{kind.replace('-', '_').upper()}={budget}" for kind, budget in faults]
    keep_dead = () if options.dead_variables else ("-o2",)
    return ["spin", *keep_dead, f"-DN={evaluations}", f"-DCHECKS={checks}", *budgets, "-a"]


def _compilation(options: Options) -> list[str]:
    flags = ["-O2" if options.optimised else "-O0", "-w", "-DSAFETY", f"-DMEMLIM={options.memory_mb}"]
    if not options.reduction:
        flags.append("-DNOREDUCE")
    if options.breadth_first:
        flags.append("-DBFS")
    return ["gcc", *flags, "-o", "pan", "pan.c"]


def _timed(command: list[str], directory: Path) -> float:
    started = time.perf_counter()
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SpinError(f"{command[0]} failed: {(done.stdout + done.stderr).strip()[:1000]}")
    return time.perf_counter() - started


@dataclass(frozen=True, slots=True)
class _Output:
    """What the verifier printed: its text but for violations, and where the first of each property was, in steps."""

    text: str
    violations: Mapping[str, int]

    def find(self, pattern: str) -> str:
        found = re.search(pattern, self.text)
        if found is None:
            raise SpinError(f"SPIN's verifier did not say {pattern!r}: {self.text[:1000]}")
        return found[1]

    def number(self, pattern: str) -> int:
        return int(self.find(pattern))

    def verdicts(self, asked: tuple[str, ...]) -> dict[str, str]:
        incomplete = "Search not completed" in self.text or "search depth too small" in self.text
        otherwise = "inconclusive" if incomplete and not (len(asked) == 1 and self.violations) else "holds"
        return {name: "violated" if name in self.violations else otherwise for name in asked}

    def length(self, name: str) -> int | None:
        depth = self.violations.get(name)
        if depth is None:
            return None
        return depth + 1 - (STEPS_OF_CALM if name in SETTLED else 0)


def _search(options: Options, directory: Path, *, first_only: bool) -> _Output:
    """Run the verifier; invalid end states are no errors here, since every process ends by blocking."""
    command = ["./pan", "-E", "-n", f"-w{options.hash_bits}", f"-m{options.depth_max}", "-c1" if first_only else "-c0"]
    violations: dict[str, int] = {}
    rest = []
    with subprocess.Popen(
        command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:  # there may be millions of violations, so they are not kept
            violated = re.search(r"assertion violated \(+([a-z_]+)\|\|.*\(at depth (\d+)\)", line)
            if violated:
                violations.setdefault(violated[1].replace("_", "-"), int(violated[2]))
            elif line.startswith("pan:") and "assertion violated" in line:
                raise SpinError(f"A model's own assertion failed, so the model is wrong: {line.strip()}")
            else:
                rest.append(line)
    return _Output("".join(rest), violations)


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Verify one Promela model with SPIN.")
    parser.add_argument("protocol", choices=MODELS)
    parser.add_argument("-n", "--evaluations", type=int, default=1)
    parser.add_argument("-p", "--property", action="append", choices=PROPERTIES, help="nothing for all of them")
    parser.add_argument("--count-only", action="store_true", help="check no property, only count the states")
    parser.add_argument("--faults", action="append", default=[], metavar="KIND=K")
    parser.add_argument("--reduction", action="store_true", help="use SPIN's partial-order reduction")
    parser.add_argument("--hash-bits", type=int, default=20, help="begin with a table of this size; it grows")
    parser.add_argument("--keep-dead-variables", action="store_true", help="do not reset what is read no more")
    parser.add_argument("--breadth-first", action="store_true", help="find a shortest counterexample")
    parser.add_argument("--memory", type=int, default=8_192, metavar="MIB")
    given = parser.parse_args()
    properties = () if given.count_only else tuple(given.property or PROPERTIES)
    options = Options(
        reduction=given.reduction,
        dead_variables=not given.keep_dead_variables,
        breadth_first=given.breadth_first,
        memory_mb=given.memory,
        hash_bits=given.hash_bits,
    )
    try:
        faults = [(kind, int(budget)) for kind, _, budget in (text.partition("=") for text in given.faults)]
        result = run(given.protocol, properties, given.evaluations, faults, options)
    except (SpinError, ValueError) as error:
        print(f"run: {error}", file=sys.stderr)
        return 2
    for name, verdict in result.verdicts.items():
        print(f"{name:26} {verdict}")
    print(
        f"{result.states:,} states of {result.state_bytes} bytes, {result.transitions:,} transitions, "
        f"{result.memory_mb:,.0f} MiB; translated in {result.translate_seconds:.2f} s, compiled in "
        f"{result.compile_seconds:.2f} s, searched in {result.search_seconds:.2f} s; "
        f"processor time {result.cpu_seconds:.2f} s"
    )
    if "violated" in result.verdicts.values():
        return 1
    return 3 if "inconclusive" in result.verdicts.values() else 0


if __name__ == "__main__":
    sys.exit(main())
