"""The command line of the sweep after killed runs: `deadheat live sweep`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deadheat.commands.ending import ExitCode, say
from deadheat.commands.options import seconds_in
from deadheat.commands.servers import require_servers
from deadheat.live.extras import require_live_extra

if TYPE_CHECKING:  # imported where they are used: --help must not wait for servers' clients
    from deadheat.live.leavings.sweep import Choice, Fate, Found

__all__ = ["sweep"]


def sweep(
    redis: Annotated[str | None, typer.Option("--redis", metavar="URL", help="A Redis to sweep.")] = None,
    status: Annotated[str | None, typer.Option("--status", metavar="URL", help="A PostgreSQL to sweep.")] = None,
    kubeconfig: Annotated[Path | None, typer.Option("--kubeconfig", metavar="FILE", help="A cluster to sweep.")] = None,
    context: Annotated[str | None, typer.Option("--context", metavar="NAME", help="Its context.")] = None,
    yes_really: Annotated[
        str | None, typer.Option("--yes-really", metavar="CONTEXT", help="Delete in this context, whatever its name.")
    ] = None,
    delete: Annotated[
        bool, typer.Option("--delete", help="Remove from the servers too; without it, only say what would be.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Remove nothing at all, not even folders here.")] = False,
    run: Annotated[str | None, typer.Option("--run", metavar="ID", help="Only what this run has left.")] = None,
    older_than: Annotated[
        str | None,
        typer.Option("--older-than", metavar="TIME", help="Only of runs silent for so long: 30s, 5m, 1h, 2d."),
    ] = None,
) -> None:
    """Remove what killed runs have left, and nothing else: what is not proved to be theirs is spared, and told of.

    Each removal is told of before it begins, and what came of it; if that cannot be written, nothing more is removed.

    Without --redis, --status, --kubeconfig and --context, the servers are those that `deadheat live up` made, if any.
    Folders that killed runs' own servers left here are removed without --delete.
    """
    from deadheat.live.leavings.run_record import is_run_id
    from deadheat.live.leavings.sweep import Choice, Fate
    from deadheat.reports.output import write_record
    from deadheat.sim.errors import UsageError

    if delete and dry_run:
        raise UsageError("--delete and --dry-run contradict each other; leave one of them out.")
    if run is not None and not is_run_id(run):
        raise UsageError(f"{run!r} is not the id of a run, which has 16 hexadecimal digits.")
    if (redis, kubeconfig, context) != (None, None, None):
        require_live_extra("live sweep")
    require_servers(redis, status, kubeconfig, context)
    choice = Choice(run, seconds_in(older_than, "--older-than") if older_than is not None else 0.0, delete)
    fates = _told(_sweep(choice, redis, status, kubeconfig, context, yes_really, dry_run=dry_run))
    counts = ", ".join(f"{fates.count(fate)} {fate}" for fate in Fate if fate in fates)
    write_record(f"{counts}.\n" if counts else "Nothing was found.\n")
    if Fate.WOULD_BE in fates:
        write_record("This was a dry run.\n" if dry_run else "Nothing of that was removed yet; --delete does it.\n")
    raise typer.Exit(ExitCode.SERVER if {Fate.LEFT, Fate.UNKNOWN, Fate.UNSEEN} & set(fates) else ExitCode.AS_HOPED)


def _told(sweep: Iterator[Found]) -> list[Fate]:
    """Write each thing down before the sweep goes on, and return the fates; name what was begun if it cannot go on."""
    from deadheat.live.leavings.sweep import Fate
    from deadheat.reports.output import write_record
    from deadheat.sim.errors import LiveError

    fates: list[Fate] = []
    begun: list[str] = []
    try:
        for found in sweep:
            said = str(found)
            write_record(f"{said[0].upper()}{said[1:]}.\n")
            if found.fate is Fate.BEGUN:  # only now is it asked for
                begun.append(found.what)
                continue
            fates.append(found.fate)
            if found.what in begun:
                begun.remove(found.what)
        for what in begun:  # a server failed meanwhile, which was told of
            fates.append(Fate.UNKNOWN)
            write_record(f"{what[0].upper()}{what[1:]}: {Fate.UNKNOWN}.\n")
    except KeyboardInterrupt:
        said = f"asked for, and not seen to the end: {', '.join(begun)}" if begun else "no removal was under way"
        say(f"deadheat: interrupted; {said}.")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    except LiveError as error:
        if not begun:
            raise
        raise LiveError(f"{error} Asked for, and not on record: what came of {', '.join(begun)}.") from None
    return fates


def _sweep(
    choice: Choice,
    redis: str | None,
    status: str | None,
    kubeconfig: Path | None,
    context: str | None,
    yes_really: str | None,
    *,
    dry_run: bool,
) -> Iterator[Found]:
    from dataclasses import replace

    from deadheat.live.leavings.sweep import sweep_folders

    if (redis, status, kubeconfig, context) == (None, None, None, None):
        redis, kubeconfig, context = _of_up()
    if (redis, kubeconfig, context) != (None, None, None):
        require_live_extra("live sweep")
    # The cluster comes first: whether it may be touched at all must be known before anything is removed.
    if kubeconfig is not None or context is not None:
        yield from _or_failure("the cluster", _cluster(choice, kubeconfig, context, yes_really))
    if redis is not None:
        yield from _or_failure("the Redis", _redis(choice, redis))
    if status is not None:
        yield from _or_failure("the PostgreSQL", _postgres(choice, status))
    yield from _or_failure("what `live up` made", _up())
    yield from sweep_folders(replace(choice, delete=not dry_run))


def _of_up() -> tuple[str | None, Path | None, str | None]:
    from deadheat.live.servers.kind import read_state
    from deadheat.sim.errors import LiveError

    try:
        state = read_state()
    except LiveError:  # which `_up` tells of
        return None, None, None
    return (state.redis_url, Path(state.kubeconfig), state.context) if state is not None else (None, None, None)


def _up() -> Iterator[Found]:
    from deadheat.live.leavings.sweep import tell_of_up

    yield from tell_of_up()


def _redis(choice: Choice, url: str) -> Iterator[Found]:
    from deadheat.live.adapters.redis import connect
    from deadheat.live.leavings.sweep import sweep_redis

    with closing(connect(url)) as client:
        yield from sweep_redis(client, url, choice)


def _postgres(choice: Choice, url: str) -> Iterator[Found]:
    from deadheat.live.leavings.sweep import sweep_postgres

    yield from sweep_postgres(url, choice)


def _cluster(choice: Choice, kubeconfig: Path | None, context: str | None, yes_really: str | None) -> Iterator[Found]:
    from deadheat.live.cluster import connect
    from deadheat.live.leavings.sweep import sweep_cluster
    from deadheat.live.place import refuse_production

    with closing(connect(kubeconfig, context)) as cluster:
        if choice.delete:
            refuse_production(cluster, yes_really)
        yield from sweep_cluster(cluster, choice)


def _or_failure(what: str, found: Iterable[Found]) -> Iterator[Found]:
    """Pass on what was found; a server that fails does not keep us from the others."""
    from deadheat.live.leavings.sweep import Fate, Found
    from deadheat.sim.errors import LiveError

    try:
        yield from found
    except LiveError as error:
        yield Found(what, Fate.UNSEEN, str(error).rstrip("."))
