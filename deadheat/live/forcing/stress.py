"""Free runs on real servers: how many cancellations in a thousand leave an orphan, and how long it lives.

Every evaluation is started and cancelled, at most so many at once, each operation after its delay. A monitor lists
the Jobs again and again: a Job that is not in deletion, while its evaluation's status is terminal, is an orphan from
the first look that finds it to the last. An orphan that comes and goes between two looks is not found.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deadheat.live.adapters.of_component import components_of, own_components
from deadheat.live.adapters.together import Adapters, open_adapters
from deadheat.live.forcing.free import Delay, FreeGate
from deadheat.live.forcing.replay import LiveOptions
from deadheat.live.forcing.runner import ProcessThread
from deadheat.live.job_reference import EVALUATION_LABEL, reference_of, uid_text
from deadheat.live.logs.tape import COMPONENTS, Header, Tape
from deadheat.live.place import Place
from deadheat.live.redaction import redact
from deadheat.live.results import JobSeen, LiveOutcome
from deadheat.live.servers.folders import server_folder
from deadheat.live.site import Site
from deadheat.models.components.status import TERMINAL
from deadheat.models.world import build
from deadheat.scenarios.catalogue import find_protocol
from deadheat.scenarios.check import Options, Verdict, check
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.errors import DeadheatError, LiveError, TraceError, UsageError
from deadheat.sim.model import Model, Process
from deadheat.sim.written import Stream

__all__ = ["Load", "Orphan", "StressResult", "stress"]

POLL_S = 0.1
SLICE_S = 0.2
"""How long a blocking operation waits before it asks whether the run is over."""

EVALUATION_PATIENCE_S = 60.0
CONFIDENCE = 0.95
TRANSIENT = "no-transient-orphan"


@dataclass(frozen=True, slots=True)
class Load:
    """How much is asked of the servers. `settle_s` is how long the monitor goes on looking after the last one."""

    cancellations: int
    concurrency: int
    latencies: Mapping[str, Delay]
    seed: int = 1
    settle_s: float = 3.0

    def __post_init__(self) -> None:
        if self.cancellations < 1 or self.concurrency < 1:
            raise UsageError("A stress run needs at least 1 cancellation, and at least 1 at once.")


@dataclass(slots=True)
class Orphan:
    """An orphan that the monitor found; `lived_s` is from its first sight to its last."""

    job: JobSeen
    status: str
    first_s: float
    last_s: float
    is_left: bool = True

    @property
    def lived_s(self) -> float:
        """How long it was seen to live."""
        return self.last_s - self.first_s


@dataclass(frozen=True, slots=True)
class StressResult:
    """What a stress run found. The rate has a confidence interval of 95 % (Wilson's score).

    CONFIRMED: orphans were found, as the model says they can be; DIVERGED: they were, and it says they cannot;
    AGREES: none was found.
    """

    protocol: str
    outcome: LiveOutcome
    cancellations: int
    orphans: tuple[Orphan, ...]
    per_thousand: float
    per_thousand_low: float
    per_thousand_high: float
    seconds: float


def stress(place: Place, protocol: str, load: Load, trace: Path, options: LiveOptions = LiveOptions()) -> StressResult:
    """Run so many cancellations, record what happens in `trace`, and return what the monitor found.

    Raises LiveError if a server or a process fails, or an evaluation does not end.
    """
    found = find_protocol(protocol)
    world = build(found, load.cancellations, {})
    started = time.monotonic()
    with (
        server_folder("files") as folder,
        place.namespace() as namespace,
        Stream(trace, TraceError) as output,
    ):
        site = Site(place, namespace, world.system.evaluations, folder=folder)
        own = own_components(components_of(Model(world.components, world.processes)).values())
        told = tuple(dict.fromkeys((*COMPONENTS, *(each.name for each in own))))
        tape = Tape(output, Header(protocol, world.system.evaluations, components=told))
        with open_adapters(
            site, found, held=False, lease_ms=options.lease_ms, template=options.template, own=own
        ) as adapters:
            adapters.set_patience(SLICE_S)
            gate = FreeGate(adapters, load.latencies, load.seed, tape)
            monitor = _Monitor(place, namespace, adapters)
            try:
                with monitor.watching():
                    _run(world.processes, world.system.evaluations, gate, load)
                    time.sleep(load.settle_s)
            finally:
                gate.stop_all()
    low, high = _interval(len(monitor.orphans), load.cancellations)
    return StressResult(
        protocol,
        _outcome(protocol, len(monitor.orphans)),
        load.cancellations,
        tuple(monitor.orphans.values()),
        1000 * len(monitor.orphans) / load.cancellations,
        1000 * low,
        1000 * high,
        time.monotonic() - started,
    )


def _outcome(protocol: str, orphans: int) -> LiveOutcome:
    if not orphans:
        return LiveOutcome.AGREES
    checked = check(Scenario(protocol, properties=(TRANSIENT,)), Options())
    can_be = checked.outcome(TRANSIENT).verdict is Verdict.VIOLATED
    return LiveOutcome.CONFIRMED if can_be else LiveOutcome.DIVERGED


def _run(processes: tuple[Process, ...], evaluations: tuple[str, ...], gate: FreeGate, load: Load) -> None:
    """Run every evaluation's processes, so many evaluations at once, beside those that belong to none."""
    real = [process for process in processes if not process.is_environment]
    shared = [process for process in real if _is_shared(process)]
    background = [ProcessThread(process, gate) for process in shared]
    pool = ThreadPoolExecutor(load.concurrency, thread_name_prefix="evaluation")
    try:
        own: dict[str, list[Process]] = {each: [] for each in evaluations}
        for process in real:
            if process.key is not None and not _is_shared(process):
                own[process.key].append(process)
        futures = [pool.submit(_run_evaluation, own[each], gate) for each in evaluations]
        for future in as_completed(futures):
            future.result()
            _raise_errors(background)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _is_shared(process: Process) -> bool:
    """Return whether a process runs all the time: it belongs to no evaluation, or begins again whenever it ends."""
    return process.key is None or process.repeats


def _run_evaluation(processes: list[Process], gate: FreeGate) -> None:
    threads = [ProcessThread(process, gate) for process in processes]
    handlers = [thread for thread in threads if thread.process.part == "dispatcher"]
    deadline = time.monotonic() + EVALUATION_PATIENCE_S
    for thread in threads:
        if thread not in handlers:
            thread.join(max(0.0, deadline - time.monotonic()))
    for thread in handlers:  # a handler of a delivery that never came
        gate.stop(thread.process.name)
        thread.join(EVALUATION_PATIENCE_S)
    _raise_errors(threads)
    unfinished = [thread.process.name for thread in threads if thread.is_alive]
    if unfinished:
        raise LiveError(f"{unfinished[0]} did not end within {EVALUATION_PATIENCE_S:g} s.")


def _raise_errors(threads: list[ProcessThread]) -> None:
    for thread in threads:
        if isinstance(thread.error, DeadheatError):
            raise thread.error
        if thread.error is not None:
            raise LiveError(
                f"The process {thread.process.name} failed: {redact(repr(thread.error))}."
            ) from thread.error


def _interval(orphans: int, cancellations: int) -> tuple[float, float]:
    from scipy.stats import binomtest

    interval = binomtest(orphans, cancellations).proportion_ci(CONFIDENCE, method="wilson")
    return float(interval.low), float(interval.high)


@dataclass
class _Monitor:
    """Looks for orphans, again and again."""

    place: Place
    namespace: str
    adapters: Adapters
    orphans: dict[str, Orphan] = field(default_factory=dict)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look until the body ends, and once more then."""
        over = threading.Event()
        failed: list[BaseException] = []

        def watch() -> None:
            try:
                while not over.wait(POLL_S):
                    self.look()
            except BaseException as error:
                failed.append(error)

        thread = threading.Thread(target=watch, name="deadheat-monitor", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
        if failed:
            raise failed[0]
        self.look()

    def look(self) -> None:
        """Look once."""
        # In this order: a Job that is there after its evaluation was seen to have ended is an orphan for certain.
        statuses = self._statuses()
        jobs, _ = self.place.cluster.list_jobs(self.namespace, EVALUATION_LABEL)
        now = time.monotonic()
        present = set()
        for job in jobs:
            reference = reference_of(job)
            status = statuses.get(reference.evaluation)
            if job.metadata is None or job.metadata.deletion_timestamp is not None or status not in TERMINAL:
                continue
            uid = uid_text(reference.uid)
            present.add(uid)
            seen = JobSeen(reference.name, uid, reference.evaluation, "exists")
            self.orphans.setdefault(uid, Orphan(seen, str(status), now, now)).last_s = now
        for uid, orphan in self.orphans.items():
            orphan.is_left = uid in present

    def _statuses(self) -> dict[str, Any]:
        observed = self.adapters.observe_status()
        return {name.partition("/")[2]: state.status for name, state in observed.items()}
