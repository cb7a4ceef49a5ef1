"""The command line of the orphan cleanup: `deadheat cleanup`."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deadheat.commands.ending import ExitCode, say
from deadheat.commands.help import App
from deadheat.commands.options import seconds_in, whole
from deadheat.live.extras import require_cleanup_extra

if TYPE_CHECKING:  # imported where they are used: --help must not wait for servers' clients
    from deadheat.live.cleaning.patience import Patience
    from deadheat.live.cleaning.tally import Rules, Tally

__all__ = ["app"]

SHORTEST_PERIOD, TIMEOUTS = "1s", ("1ms", "1h")
"""A sweep asks for all Jobs, so not more often; a database takes a timeout that is rounded to 0 for none at all."""

NAMESPACE = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
LABEL = r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"

EXAMPLES = """Example: deadheat cleanup --namespace evaluations --status redis://127.0.0.1:6379/0

Others, all dry runs but for the last:

deadheat cleanup --namespace evaluations --status redis://127.0.0.1:6379/0 --status-key all --status-field {id}

deadheat cleanup --namespace evaluations --status sqlite:/var/lib/evaluations.db --terminal-status cancelled

deadheat cleanup --namespace evaluations --status "https://evaluations.example/v1/evaluations/{id}#/status"

deadheat cleanup --namespace evaluations --status-command "cat /var/lib/evaluations/{id}.status" --min-age 10m

deadheat cleanup --namespace evaluations --status redis://127.0.0.1:6379/0 --every 5m --delete --max-deletions 100

Exit codes: 0 as hoped, 1 more orphans than the alert threshold, 2 usage or bad input, 3 not healthy, \
4 a defect of deadheat, 5 a server refused or failed, 130 interrupted.
"""

WHERE, WHICH, HOW, SERVERS = "Where the statuses are", "Which Jobs", "How it runs", "The cluster"


app = App()


@app.command("cleanup", epilog=EXAMPLES)
def cleanup(
    namespace: Annotated[str, typer.Option("--namespace", help="Where the evaluations' Jobs are.")],
    status: Annotated[
        str | None,
        typer.Option(
            "--status",
            metavar="URL",
            envvar="DEADHEAT_STATUS_URL",
            help="redis://, rediss://, unix://, postgresql://, sqlite:FILE, or http(s)://...{id}, where #/a/b is a "
            "JSON pointer into the answer; without one the answer is plain text.",
            rich_help_panel=WHERE,
        ),
    ] = None,
    status_command: Annotated[
        str | None,
        typer.Option(
            "--status-command",
            metavar="'COMMAND {id}'",
            help="Instead of --status: a command that prints the status; no shell is involved.",
            rich_help_panel=WHERE,
        ),
    ] = None,
    status_key: Annotated[
        str | None,
        typer.Option(
            "--status-key",
            metavar="KEY",
            help="The Redis key of a status; by default status:{id}.",
            rich_help_panel=WHERE,
        ),
    ] = None,
    status_field: Annotated[
        str | None,
        typer.Option(
            "--status-field",
            metavar="FIELD",
            help="The key is a hash, and this its field; {id} may be in either.",
            rich_help_panel=WHERE,
        ),
    ] = None,
    status_query: Annotated[
        str | None,
        typer.Option(
            "--status-query",
            metavar="SQL",
            help="The query for a status; by default SELECT status FROM evaluations WHERE id = {id}, "
            "where {id} becomes a parameter.",
            rich_help_panel=WHERE,
        ),
    ] = None,
    status_header: Annotated[
        list[str] | None,
        typer.Option(
            "--status-header",
            metavar="'NAME: VALUE'",
            help="Sent with each HTTP request, and so is the environment's DEADHEAT_STATUS_HEADER, which no one lists.",
            rich_help_panel=WHERE,
        ),
    ] = None,
    status_timeout: Annotated[
        str,
        typer.Option("--status-timeout", metavar="TIME", help="How long one status may take.", rich_help_panel=WHERE),
    ] = "10s",
    terminal_status: Annotated[
        list[str] | None,
        typer.Option(
            "--terminal-status",
            metavar="WORD",
            help="A status that ends an evaluation; by default cancelled, failed and completed.",
            rich_help_panel=WHICH,
        ),
    ] = None,
    completed_status: Annotated[
        list[str] | None,
        typer.Option(
            "--completed-status",
            metavar="WORD",
            help="A terminal status whose finished Jobs are records, and always spared; by default completed.",
            rich_help_panel=WHICH,
        ),
    ] = None,
    active_status: Annotated[
        list[str] | None,
        typer.Option(
            "--active-status",
            metavar="WORD",
            help="A status that ends nothing, beside queued and provisioning; any other word is counted as unknown.",
            rich_help_panel=WHICH,
        ),
    ] = None,
    include_finished: Annotated[
        bool,
        typer.Option(
            "--include-finished",
            help="Also Jobs that have finished, but for those of completed evaluations.",
            rich_help_panel=WHICH,
        ),
    ] = False,
    min_age: Annotated[
        str,
        typer.Option(
            "--min-age",
            metavar="TIME",
            help="Leave younger Jobs alone. More than the longest dispatch, which may still have to write a status.",
            rich_help_panel=WHICH,
        ),
    ] = "5m",
    label: Annotated[
        str, typer.Option("--label", help="The label in which a Job names its evaluation.", rich_help_panel=WHICH)
    ] = "eval-id",
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete; without it, only say what would be.", rich_help_panel=HOW)
    ] = False,
    max_deletions: Annotated[
        int | None,
        typer.Option(
            "--max-deletions",
            **whole("--max-deletions", 0),
            help="With --delete: end a sweep after so many, and call it unhealthy if orphans are left.",
            rich_help_panel=HOW,
        ),
    ] = None,
    every: Annotated[
        str | None,
        typer.Option("--every", metavar="TIME", help="Sweep again and again: 30s, 5m, 1h.", rich_help_panel=HOW),
    ] = None,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch",
            help="Between sweeps, look at each new Job too, once it is old enough.",
            rich_help_panel=HOW,
        ),
    ] = False,
    alert_threshold: Annotated[
        int | None,
        typer.Option(
            "--alert-threshold",
            help="More orphans a sweep are an alert.",
            rich_help_panel=HOW,
            **whole("--alert-threshold", 0),
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a line, as things happen.", rich_help_panel=HOW)
    ] = False,
    metrics_port: Annotated[
        int | None,
        typer.Option(
            "--metrics-port",
            help="Serve metrics for Prometheus there.",
            rich_help_panel=HOW,
            **whole("--metrics-port", 1, 65_535),
        ),
    ] = None,
    metrics_address: Annotated[
        str, typer.Option("--metrics-address", help="On this address.", rich_help_panel=HOW)
    ] = "127.0.0.1",
    kubeconfig: Annotated[
        Path | None, typer.Option("--kubeconfig", metavar="FILE", help="The cluster.", rich_help_panel=SERVERS)
    ] = None,
    context: Annotated[
        str | None, typer.Option("--context", metavar="NAME", help="Its context.", rich_help_panel=SERVERS)
    ] = None,
    yes_really: Annotated[
        str | None,
        typer.Option(
            "--yes-really",
            metavar="CONTEXT",
            help="Delete in this context, whatever its name.",
            rich_help_panel=SERVERS,
        ),
    ] = None,
) -> None:
    """Find Jobs whose evaluation has ended, and delete them with --delete: one sweep, or one every so often.

    One sweep is not healthy, which is 3, if it saw no Job, or no status that it knows, or left orphans because of
    --max-deletions. With --every it goes on after 1, 3 and 5, and says so; SIGTERM ends it with 0.
    """
    require_cleanup_extra()
    from deadheat.live.cleaning.cleanup_service import Errand, Service
    from deadheat.live.cleaning.metrics import Metrics
    from deadheat.live.cleaning.patience import Patience
    from deadheat.live.lookups.choose import Source, choose
    from deadheat.reports.cleanup import Everybody, JsonRecord, TextRecord
    from deadheat.sim.errors import LiveError, UsageError

    period_s = seconds_in(every, "--every", SHORTEST_PERIOD) if every is not None else None
    if watch and period_s is None:
        raise UsageError("--watch looks at Jobs between sweeps, so it needs --every TIME.")
    _require(NAMESPACE, namespace, "--namespace")
    _require(LABEL, label, "--label")
    if kubeconfig is not None and not kubeconfig.is_file():
        raise UsageError(f"There is no kubeconfig {kubeconfig}.")
    rules = _rules(
        delete,
        terminal_status,
        completed_status,
        active_status,
        seconds_in(min_age, "--min-age"),
        include_finished,
        max_deletions,
    )
    timeout_s = seconds_in(status_timeout, "--status-timeout", *TIMEOUTS)
    source = Source(status, status_command, status_key, status_field, status_query, _headers(status_header), timeout_s)
    patience = Patience(tell=_tell)
    lookup = choose(source, patience)
    metrics = Metrics(alert_threshold)
    record = JsonRecord(namespace) if as_json else TextRecord(label)
    is_alert = False

    def report(tally: Tally) -> None:
        nonlocal is_alert
        is_alert = metrics.swept(tally)
        if tally.error is not None:
            _tell(tally.error)
        for complaint in tally.complaints():
            _tell(f"This sweep is not healthy: {complaint}.")
        record.swept(tally)

    def failed(sentence: str) -> None:
        metrics.failed()
        _tell(sentence)

    errand = Errand(namespace, label, rules, kubeconfig, context, yes_really)
    service = Service(errand, lookup, Everybody((metrics, record)), patience, report, failed)
    if metrics_port is not None:
        metrics.serve(metrics_address, metrics_port)
    signals = _Signals(patience)
    try:
        if period_s is not None:
            service.for_ever(period_s, watches=watch)
            raise typer.Exit(ExitCode.AS_HOPED if signals.last == signal.SIGTERM else ExitCode.INTERRUPTED)
        tally = service.once()
    except KeyboardInterrupt:  # the second one: whoever sends it does not want to wait
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    except LiveError as error:  # the record cannot be written
        _tell(str(error))
        raise typer.Exit(ExitCode.SERVER) from None
    finally:
        service.close()
    raise typer.Exit(_exit_code(tally, is_alert))


class _Signals:
    """The first signal lets what was begun come to its answer, so that it is on record; the second one does not."""

    def __init__(self, patience: Patience) -> None:
        self._stop = patience.stop
        self.last: int | None = None
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._take)

    def _take(self, number: int, _: object) -> None:
        self.last = number
        if self._stop.is_set():
            raise KeyboardInterrupt
        self._stop.set()


def _exit_code(tally: Tally, is_alert: bool) -> int:
    if tally.interrupted:
        return ExitCode.INTERRUPTED
    if tally.error is not None or tally.failures:
        return ExitCode.SERVER
    if tally.complaints():
        return ExitCode.UNDECIDED
    return ExitCode.VIOLATED if is_alert else ExitCode.AS_HOPED


def _rules(
    delete: bool,
    terminal: list[str] | None,
    completed: list[str] | None,
    active: list[str] | None,
    min_age_s: float,
    include_finished: bool,
    max_deletions: int | None,
) -> Rules:
    from deadheat.live.cleaning.tally import Rules, Words
    from deadheat.sim.errors import UsageError

    for word in (*(terminal or ()), *(completed or ()), *(active or ())):
        if not word.strip():
            raise UsageError(f"The status {word!r} is empty; give --terminal-status and the like a word each.")
    words = Words()
    if terminal:
        words = Words(frozenset(terminal), words.completed, words.active - set(terminal))
    if completed:
        words = Words(words.terminal, frozenset(completed), words.active)
    both = words.terminal & set(active or ())
    if both:
        raise UsageError(f"The status {min(both)!r} cannot be both terminal and active.")
    if stray := set(completed or ()) - words.terminal:
        raise UsageError(f"The completed status {min(stray)!r} is no terminal one; add --terminal-status {min(stray)}.")
    words = Words(words.terminal, words.completed, words.active | set(active or ()))
    return Rules(not delete, words, min_age_s, include_finished, max_deletions)


def _headers(given: list[str] | None) -> tuple[str, ...]:
    import os

    return (*filter(None, [os.environ.get("DEADHEAT_STATUS_HEADER")]), *(given or ()))


def _require(pattern: str, text: str, option: str) -> None:
    from deadheat.sim.errors import UsageError

    if not re.fullmatch(pattern, text):
        raise UsageError(f"{text!r} can be no name for {option} in Kubernetes.")


def _tell(sentence: str) -> None:
    say(f"deadheat: {sentence}")
