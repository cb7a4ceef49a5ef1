"""Which lookup `--status` and its companions ask for."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from deadheat.live.cleaning.patience import Patience
from deadheat.live.lookups.base import Lookup
from deadheat.sim.errors import UsageError

__all__ = ["DEFAULT_KEY", "DEFAULT_QUERY", "Source", "choose"]

DEFAULT_KEY = "status:{id}"
DEFAULT_QUERY = "SELECT status FROM evaluations WHERE id = {id}"
REDIS = ("redis", "rediss", "unix")
POSTGRES = ("postgresql", "postgres")
HTTP = ("http", "https")


@dataclass(frozen=True, slots=True)
class Source:
    """What the user says of the statuses; `url` and `command` exclude each other."""

    url: str | None = None
    command: str | None = None
    key: str | None = None
    field: str | None = None
    query: str | None = None
    headers: tuple[str, ...] = ()
    timeout_s: float = 10.0


def choose(source: Source, patience: Patience) -> Lookup:
    """Return the lookup, which has asked nothing yet; raises UsageError for what cannot be."""
    if (source.url is None) == (source.command is None):
        raise UsageError("Say where the statuses are, with either --status URL or --status-command 'COMMAND {id}'.")
    scheme = _scheme(source.url) if source.url is not None else "command"
    _refuse_strangers(source, scheme)
    if source.url is None:
        from deadheat.live.lookups.command import CommandLookup

        return CommandLookup(source.command or "", source.timeout_s)
    if scheme in REDIS:
        from deadheat.live.lookups.redis import RedisLookup

        return RedisLookup(source.url, source.key or DEFAULT_KEY, source.field, source.timeout_s)
    if scheme in HTTP:
        from deadheat.live.lookups.http import HttpLookup

        return HttpLookup(source.url, source.headers, source.timeout_s, patience)
    from deadheat.live.lookups.sql import PostgresLookup, SqliteLookup

    query = source.query or DEFAULT_QUERY
    if scheme in POSTGRES:
        return PostgresLookup(source.url, query, source.timeout_s)
    return SqliteLookup(source.url, query, source.timeout_s)


def _scheme(url: str) -> str:
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        scheme = ""
    if scheme not in (*REDIS, *POSTGRES, *HTTP, "sqlite"):
        raise UsageError(
            "--status is a URL that begins with redis://, rediss://, unix://, postgresql://, sqlite:, http:// or https://."
        )
    return scheme


def _refuse_strangers(source: Source, scheme: str) -> None:
    """An option that has no meaning for the store is a misunderstanding, and not to be passed over."""
    for option, given, fits in (
        ("--status-key", source.key, scheme in REDIS),
        ("--status-field", source.field, scheme in REDIS),
        ("--status-query", source.query, scheme in (*POSTGRES, "sqlite")),
        ("--status-header", source.headers, scheme in HTTP),
    ):
        if given and not fits:
            raise UsageError(f"{option} means nothing for statuses from {scheme}.")
