"""The command line of the orphan cleanup: `deadheat cleanup`."""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deadheat.cli_ending import ExitCode, say
from deadheat.live.extras import require_live_extra

if TYPE_CHECKING:  # imported where they are used: --help must not wait for servers' clients
    from deadheat.live.cleanup import Cleanup, Result, Statuses
    from deadheat.live.cluster import Cluster
    from deadheat.live.metrics import Metrics

__all__ = ["cleanup"]

UNITS_S = {"s": 1, "m": 60, "h": 3600}


def cleanup(
    status: Annotated[
        str,
        typer.Option("--status", metavar="URL", envvar="DEADHEAT_STATUS_URL", help="Redis or PostgreSQL of statuses."),
    ],
    namespace: Annotated[str, typer.Option("--namespace", help="Where the evaluations' Jobs are.")],
    status_key: Annotated[
        str, typer.Option("--status-key", metavar="KEY", help="The Redis key of an evaluation's status.")
    ] = "status:{evaluation}",
    status_query: Annotated[
        str, typer.Option("--status-query", metavar="SQL", help="The PostgreSQL query for it.")
    ] = "SELECT status FROM evaluations WHERE id = %s",
    label: Annotated[str, typer.Option("--label", help="The label in which a Job names its evaluation.")] = "eval-id",
    delete: Annotated[bool, typer.Option("--delete", help="Delete; without it, only say what would be.")] = False,
    every: Annotated[
        str | None, typer.Option("--every", metavar="TIME", help="Sweep again and again: 30s, 5m, 1h.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Look at each new Job too, as it is created.")] = False,
    metrics_port: Annotated[
        int | None, typer.Option("--metrics-port", help="Serve metrics for Prometheus there.")
    ] = None,
    metrics_address: Annotated[str, typer.Option("--metrics-address", help="On this address.")] = "127.0.0.1",
    alert_threshold: Annotated[
        int | None, typer.Option("--alert-threshold", min=0, metavar="N", help="More orphans a sweep are an alert.")
    ] = None,
    kubeconfig: Annotated[Path | None, typer.Option("--kubeconfig", metavar="FILE", help="The cluster.")] = None,
    context: Annotated[str | None, typer.Option("--context", metavar="NAME", help="Its context.")] = None,
    yes_really: Annotated[
        str | None, typer.Option("--yes-really", metavar="CONTEXT", help="Delete in this context, whatever its name.")
    ] = None,
) -> None:
    """Find Jobs whose evaluation has ended, and delete them with --delete: one sweep, or one every so often."""
    require_live_extra("cleanup")
    from deadheat.live.cleanup import Cleanup
    from deadheat.live.cluster import connect
    from deadheat.live.metrics import Metrics
    from deadheat.live.place import refuse_production

    period_s = _seconds(every) if every is not None else None
    statuses = _statuses(status, status_key, status_query)
    cluster = connect(kubeconfig, context)
    if delete:
        refuse_production(cluster, yes_really)
    metrics = Metrics(alert_threshold)
    if metrics_port is not None:
        metrics.serve(metrics_address, metrics_port)
    sweeper = Cleanup(cluster, namespace, label, statuses, dry_run=not delete)
    if period_s is None:
        is_alert = _sweep(sweeper, metrics)
        raise typer.Exit(ExitCode.VIOLATED if is_alert else ExitCode.AS_HOPED)
    signal.signal(signal.SIGTERM, _stop)
    try:
        _sweep_for_ever(sweeper, metrics, period_s, cluster if watch else None, namespace, label)
    except KeyboardInterrupt:
        raise typer.Exit from None


def _sweep(sweeper: Cleanup, metrics: Metrics) -> bool:
    result = sweeper.sweep()
    is_alert = metrics.swept(result)
    _print(result)
    typer.echo(f"{len(result.found)} orphans among {result.looked_at} Jobs, {result.deleted} deleted.")
    return is_alert


def _sweep_for_ever(
    sweeper: Cleanup, metrics: Metrics, period_s: float, watched: Cluster | None, namespace: str, label: str
) -> None:
    """Sweep, listen (if there is a cluster to watch) until the next sweep is due, and so on; errors are reported."""
    from deadheat.live.job_watch import JobWatch
    from deadheat.sim.errors import LiveError

    watch = JobWatch(watched, namespace, label) if watched is not None else None
    while True:
        due = time.monotonic() + period_s
        try:
            _sweep(sweeper, metrics)
        except LiveError as error:
            metrics.failed()
            say(f"deadheat: {error}")
        while (left_s := due - time.monotonic()) > 0:
            if watch is None:
                time.sleep(left_s)
            else:
                _listen(sweeper, metrics, watch)


def _listen(sweeper: Cleanup, metrics: Metrics, watch: object) -> None:
    from deadheat.live.adapter import BlockedError
    from deadheat.live.job_watch import JobWatch
    from deadheat.sim.errors import LiveError

    assert isinstance(watch, JobWatch)
    try:
        result = sweeper.listen(watch)
    except BlockedError:  # no Job was created in a while
        return
    except LiveError as error:
        metrics.failed()
        say(f"deadheat: {error}")
        time.sleep(1)
        return
    metrics.looked(result)
    _print(result)


def _print(result: Result) -> None:
    for job in result.found:
        typer.echo(
            f"Found orphaned job {job.name} (uid {job.uid}) for {job.status} evaluation {job.evaluation}: {job.fate}"
        )


def _statuses(url: str, key: str, query: str) -> Statuses:
    from deadheat.live.cleanup import PostgresStatuses, RedisStatuses
    from deadheat.live.redis import connect

    if url.startswith(("postgresql://", "postgres://")):
        return PostgresStatuses(url, query)
    return RedisStatuses(connect(url), url, key)


def _seconds(text: str) -> float:
    from deadheat.sim.errors import UsageError

    match = re.fullmatch(r"(\d+)([smh])", text)
    if match is None or int(match[1]) == 0:
        raise UsageError(f"{text!r} is not a time; write 30s, 5m or 1h.")
    return int(match[1]) * UNITS_S[match[2]]


def _stop(*_: object) -> None:
    raise KeyboardInterrupt
