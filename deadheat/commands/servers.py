"""Options that name servers, and what runs on them: refused where they cannot be right, before any server is asked."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from urllib.parse import urlsplit

__all__ = ["jobs_command", "require_image", "require_servers"]

NAMESPACE = r"[a-z0-9][-a-z0-9]{0,39}"
"""What the name of a namespace may begin with: the rest of its 63 characters is for the run."""

CREDENTIALS = ", with USER:PASSWORD and an @ before HOST if it wants them"
"""Told apart from the URL: whatever stands before an @ in one is taken for a secret, and never printed."""

OF_REDIS, OF_POSTGRES = ("redis", "rediss", "unix"), ("postgresql", "postgres")


def require_servers(
    redis: str | None, status: str | None, kubeconfig: Path | None, context: str | None, namespace: str = "deadheat"
) -> None:
    """Raise UsageError for an option that can name no server; a URL is never shown, for it may hold a password."""
    from deadheat.sim.errors import UsageError

    if redis is not None and not _is_redis(redis):
        raise UsageError(f"--redis is not the URL of a Redis, which is redis://HOST[:PORT][/NUMBER]{CREDENTIALS}.")
    if status is not None and _scheme(status) not in OF_POSTGRES:
        raise UsageError(f"--status is not the URL of a PostgreSQL, which is postgresql://HOST/NAME{CREDENTIALS}.")
    if kubeconfig is not None and not _is_file(kubeconfig):
        raise UsageError(f"There is no kubeconfig {str(kubeconfig)!r}; give --kubeconfig a file.")
    if context is not None and not context.strip():
        raise UsageError("--context is empty; give it the name of a context of the kubeconfig.")
    if not re.fullmatch(NAMESPACE, namespace):
        raise UsageError(
            f"{namespace[:60]!r} is nothing that --namespace can let names begin with; write up to 40 small letters, "
            "digits and dashes."
        )


def require_image(image: str) -> None:
    """Raise UsageError for what can be no image."""
    from deadheat.sim.errors import UsageError

    if not image or any(each.isspace() for each in image):
        raise UsageError(f"{image[:60]!r} is no image for --image; write one such as busybox:1.36.")


def jobs_command(text: str) -> tuple[str, ...]:
    """Return the command of the Jobs, split as a shell would; raises UsageError where that cannot be done."""
    from deadheat.sim.errors import UsageError

    try:
        parts = tuple(shlex.split(text))
    except ValueError as error:
        raise UsageError(f"--command {text[:60]!r} cannot be read: {str(error).lower()}; close it.") from None
    if not parts:
        raise UsageError(f"--command {text!r} is empty; write one such as 'sleep 600'.")
    return parts


def _is_redis(url: str) -> bool:
    if _scheme(url) not in OF_REDIS:
        return False
    parts = urlsplit(url)
    try:
        has_place = bool(parts.path if parts.scheme == "unix" else parts.hostname and (parts.port or True))
    except ValueError:  # the port is no number
        return False
    return has_place and (parts.scheme == "unix" or re.fullmatch(r"/?[0-9]*", parts.path) is not None)


def _scheme(url: str) -> str:
    try:
        return urlsplit(url).scheme
    except ValueError:
        return ""


def _is_file(path: Path) -> bool:
    try:
        return path.is_file() or path.is_fifo()
    except OSError:
        return False
