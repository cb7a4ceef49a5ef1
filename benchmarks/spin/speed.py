"""How fast SPIN explores the baseline, as a Markdown table: python -m benchmarks.spin.speed --up-to 3."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from benchmarks.spin.run import Options, SpinError, SpinResult, run

__all__ = ["measure"]

HEADER = (
    "| evaluations | reduction | states | transitions | states/s | transitions/s | search s | end to end s "
    "| processor s | bytes/state | MiB |\n|---|---|---|---|---|---|---|---|---|---|---|"
)


def measure(evaluations: int) -> Iterator[tuple[bool, SpinResult]]:
    """Yield the result without and with SPIN's partial-order reduction; no property is checked, so all is explored."""
    hash_bits = 18 if evaluations < 3 else 24  # a table of the right size from the start spares SPIN the growing
    for reduction in (False, True):
        options = Options(reduction=reduction, hash_bits=hash_bits, memory_mb=16_384, depth_max=10_000)
        yield reduction, run("baseline", (), evaluations, options=options)


def _row(reduction: bool, result: SpinResult) -> str:
    seconds = result.search_seconds
    return (
        f"| {result.evaluations} | {'yes' if reduction else 'no'} | {result.states:,} | {result.transitions:,} "
        f"| {result.states / seconds:,.0f} | {result.transitions / seconds:,.0f} | {seconds:.2f} "
        f"| {result.seconds:.2f} | {result.cpu_seconds:.2f} | {result.state_bytes} | {result.memory_mb:,.0f} |"
    )


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Measure SPIN on the baseline.")
    parser.add_argument("--up-to", type=int, default=3, metavar="N", help="the most evaluations")
    given = parser.parse_args()
    print(HEADER)
    try:
        for evaluations in range(1, given.up_to + 1):
            for reduction, result in measure(evaluations):
                print(_row(reduction, result), flush=True)
    except SpinError as error:
        print(f"speed: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
