"""The benchmarks, as tables in `benchmarks/README.md`; ratios are of one run, on one machine.

    python -m benchmarks.run                 # some minutes
    python -m benchmarks.run --large         # also 61 million states
    python -m benchmarks.run two-phase-9     # that table, or rows of it: two-phase-9/kernel
    python -m benchmarks.run --list

Each row is written as soon as it is measured. A run that was interrupted prints what it has, ends with 3, and goes on
where it stopped when it is started again on the same code and the same machine. Each measurement runs in a process of
its own, `--repeat` times; the best counts, since what else the machine does only ever makes it slower.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.rows import Begun, Measured, Record, Table, Work, put_into, rendered
from benchmarks.works import PEERS, tables

HERE = Path(__file__).parent
PAGE, RECORD = HERE / "README.md", HERE / "measured.json"
CODE = ("deadheat", "benchmarks", "examples")
DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 3


def chosen(every: Sequence[Table], names: Sequence[str], *, large: bool) -> list[str]:
    """Return the names of the rows that are asked for; raises ValueError for a name that is none's beginning."""
    if not names:
        return [row for table in every if large or not table.large for row in table.names]
    for name in names:
        if not name or not any(row.startswith(name) for table in every for row in table.names):
            known = ", ".join(table.name for table in every)
            raise ValueError(f"There is no benchmark {name!r}; there is {known}, and --list names their rows.")
    return [row for table in every for row in table.names if row.startswith(tuple(names))]


def measure(
    rows: Sequence[str],
    every: Sequence[Table],
    record: Record,
    repeat: int = 3,
    page: Path = PAGE,
    peers: Mapping[str, tuple[Callable[[], bool], str]] = PEERS,
) -> int:
    """Measure these rows, as far as that was not done, and keep each at once; return the exit code."""
    present = _without_missing_peers(rows, peers)
    works = {name: work for table in every for name, work in zip(table.names, table.works.values(), strict=True)}
    run = _begun(record, present)
    left = [name for name in present if name not in record.rows or record.rows[name].run != run]
    if len(left) < len(present):
        _say(f"Going on with the run of {run}: {len(present) - len(left)} of {len(present)} rows are measured.")
    failed = 0
    try:
        while left:
            measured = _best(left[0], works[left[0]], repeat)
            if measured is None:
                failed += 1
            else:
                record.rows[left[0]] = replace(measured, run=run)
                record.write()
                put_into(page, rendered(every, record))
            left.pop(0)
    except KeyboardInterrupt:
        print(rendered(every, record, run))
        _say(f"Interrupted; not measured yet: {', '.join(left)}. The same command goes on from here.")
        return INTERRUPTED
    record.unfinished = None
    record.write()
    print(rendered(every, record, run))
    return FAILED if failed else DONE


def _without_missing_peers(rows: Sequence[str], peers: Mapping[str, tuple[Callable[[], bool], str]]) -> list[str]:
    present = list(rows)
    for name, (is_there, source) in peers.items():
        of_peer = [row for row in present if row.partition("/")[2].startswith(name)]
        if of_peer and not is_there():
            _say(f"{name} is not installed, and left out ({source}).")
            present = [row for row in present if row not in of_peer]
    return present


def _begun(record: Record, rows: Sequence[str]) -> str:
    """Return the run to go on with, or a new one."""
    now = Begun(datetime.now().isoformat(" "), _code(), _machine(), list(rows))
    before = record.unfinished
    if before is not None and replace(before, run=now.run) == now:
        return before.run
    record.unfinished = now
    record.machines[now.run] = f"{now.machine}, load average {os.getloadavg()[1]:.1f} over five minutes"
    record.write()
    return now.run


def _best(name: str, work: Work, repeat: int) -> Measured | None:
    _say(f"  {name}")
    try:
        return min((work() for _ in range(repeat)), key=lambda each: each.seconds)
    except Exception as error:  # whatever a measurement may raise: the others go on
        lines = (getattr(error, "stderr", None) or str(error) or repr(error)).strip().splitlines()
        _say(f"  {name} failed: {lines[-1]}")
        return None


def _machine() -> str:
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def _code() -> str:
    """Return a digest of what is measured: rows of other code are of another run."""
    digest = hashlib.sha256()
    for path in sorted(path for folder in CODE for path in (HERE.parent / folder).rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


def _times(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of times; give 1 or more")
    return int(text)


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure, and write the tables into benchmarks/README.md.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="a table, or the beginning of rows: TABLE/ROW")
    parser.add_argument("--large", action="store_true", help="also 61 million states")
    parser.add_argument("--list", action="store_true", help="name all rows, and measure nothing")
    parser.add_argument("--repeat", type=_times, default=3, help="how often to measure each; the best counts")
    options = parser.parse_args()
    every = tables()
    try:
        rows = chosen(every, options.names, large=options.large)
    except ValueError as error:
        _say(str(error))
        return USAGE
    if options.list:
        print("\n".join(rows))
        return DONE
    signal.signal(signal.SIGTERM, _interrupt)
    return measure(rows, every, Record.read(RECORD), options.repeat, PAGE)


if __name__ == "__main__":
    sys.exit(main())
