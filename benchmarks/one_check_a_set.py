"""The frontier the old way, a check for each set of faults: what the search for all sets is compared with.

python -m benchmarks.one_check_a_set UP_TO [PROTOCOL]...
"""

from __future__ import annotations

import json
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from deadheat.scenarios.catalogue import DEFAULT_PROTOCOLS
from deadheat.scenarios.scenario import Scenario
from tests.scenarios.obvious_frontier import obvious_frontier

__all__ = ["main"]


def broken(up_to: int, name: str) -> int:
    scenario = Scenario(name)
    found = obvious_frontier(scenario, up_to, tuple(scenario.subject.faults))
    return sum(map(len, found.breaking.values()))


def main() -> None:
    up_to, names = int(sys.argv[1]), sys.argv[2:] or list(DEFAULT_PROTOCOLS)
    started = time.perf_counter()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        sets = sum(pool.map(partial(broken, up_to), reversed(names)))
    print(json.dumps({"states": sets, "seconds": time.perf_counter() - started}))


if __name__ == "__main__":
    main()
