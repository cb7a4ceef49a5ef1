"""The one way in which secrets are kept out of what deadheat shows and writes.

Two things are hidden: what has the form of a secret (the user and password of a URL, `password=` and `token=` in a
query or a DSN, bearer tokens, private keys), and what is known to be one, in whatever form it turns up again: what the
command line, the environment and the kubeconfig in use contain is learned once (see `learn`).

`shown` is for a URL in a message, `redact` for any other text, and `guard` puts `redact` before stdout and stderr, for
what others print: the usage errors of the command line, tracebacks, warnings, and the logs of clients.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from typing import TextIO

__all__ = ["guard", "learn", "learn_kubeconfig", "redact", "shown"]

HIDDEN = "***"
SHORTEST, SHORTEST_WORD, SHORTEST_NUMBER = 6, 16, 12
"""What is shorter is hidden where it has the form of a secret, and not elsewhere: passwords such as `redis` or `2024`
are found in every other line, and in numbers and names that other programs read.
"""

WORDS = (
    r"pass(?:word|wd)?|pwd|secret|(?:access|auth|id|refresh)[-_]?token|token|api[-_]?key|client[-_]?key(?:[-_]data)?"
)

USER_INFO = re.compile(r"(?P<before>\b[a-zA-Z][a-zA-Z0-9+.-]*://)(?P<secret>[^\s\"'<>]*)(?P<after>@)")
QUERY = re.compile(rf"(?P<before>[?&;](?:{WORDS})=)(?P<secret>[^\s&;\"'<>#\\]+)", re.IGNORECASE)
DSN = re.compile(
    r"(?P<before>\b(?:password|passwd|pwd|sslpassword|passfile)\s*=\s*)"
    r"(?P<secret>'(?:[^'\\]|\\.)*'|[^\s&;,\"'<>)\]}\\]+)",
    re.IGNORECASE,
)
FIELD = re.compile(
    r"(?P<before>\\?[\"']?\b(?:password|token|client-key-data|access-token|id-token|refresh-token)\\?[\"']?:\s*\\?[\"'])"
    r"(?P<secret>[^\"'\\]+)"
)
YAML = re.compile(r"(?P<before>\b(?:client-key-data|password):\s+)(?P<secret>[^\s\"'{\[]+)")
BEARER = re.compile(r"(?P<before>\b(?:Bearer|Basic)\s+)(?P<secret>[A-Za-z0-9._~+/=-]{8,})")
PRIVATE_KEY = re.compile(r"(?P<before>-----BEGIN [A-Z ]*PRIVATE KEY-----)(?P<secret>.*?)(?=-----END|\Z)", re.DOTALL)
FORMS = (QUERY, DSN, FIELD, YAML, BEARER, PRIVATE_KEY)

SECRET_NAMES = re.compile(rf"(?:{WORDS}|url|uri|dsn|credentials?)$", re.IGNORECASE)
"""The names of environment variables that may hold one."""

PASSWORD_NAMES = ("PGPASSWORD", "REDISCLI_AUTH")
"""Those that clients read by themselves, and that are a password and nothing else."""

KUBECONFIG_SECRETS = (
    "token",
    "password",
    "client-key-data",
    "id-token",
    "refresh-token",
    "access-token",
    "client-secret",
)

_known: set[str] = set()


def redact(text: str) -> str:
    """Return a text without the secrets in it."""
    text = USER_INFO.sub(r"\g<before>", text)
    for form in FORMS:
        text = form.sub(rf"\g<before>{HIDDEN}", text)
    for secret in sorted(_known, key=len, reverse=True):
        if secret in text:
            text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(secret)}(?![A-Za-z0-9])", HIDDEN, text)
    return text


def shown(url: str) -> str:
    """Return the part of a URL that says where it leads: scheme, host, port; a path only if there is no host."""
    learn(url)
    scheme, separator, rest = url.partition("://")
    if not separator:
        return redact(url.rpartition("@")[2])
    # Not urlsplit: a password with a slash in it makes it take half the password for the host.
    after = rest.rpartition("@")[2]
    where = re.split(r"[/?#]", after, maxsplit=1)[0] or re.split(r"[?#]", after, maxsplit=1)[0]
    return redact(f"{scheme}://{where}")


def learn(*texts: str) -> None:
    """Take in the secrets of URLs and DSNs: they are hidden from here on, wherever they turn up."""
    for text in texts:
        # Up to the last @: a password may have any of the characters that end a host's name.
        _, is_url, rest = text.partition("://")
        before, at, _ = (rest or text).rpartition("@")
        # kubernetes-admin@kubernetes is no secret, but the name of a context.
        whole = [before] if at and (is_url or ":" in before) else []
        for user_info in [*(match["secret"] for match in USER_INFO.finditer(text)), *whole]:
            user, separator, password = user_info.partition(":")
            # A user name alone may be a token, as on GitHub; beside a password it is none.
            _keep(password if separator else user, user_info)
        for form in FORMS:
            _keep(*(match["secret"].strip("'") for match in form.finditer(text)))


def learn_kubeconfig(content: Any) -> None:
    """Take in the secrets of a kubeconfig, as it was parsed, however deep they are."""
    if isinstance(content, Mapping):
        for name, value in content.items():
            if name in KUBECONFIG_SECRETS and isinstance(value, str):
                _keep(value)
            learn_kubeconfig(value)
    elif isinstance(content, list):
        for each in content:
            learn_kubeconfig(each)
    elif isinstance(content, str):
        learn(content)


def guard() -> None:
    """Let nothing secret out on stdout and stderr from here on, whoever prints it."""
    learn(*sys.argv[1:])
    for name, value in os.environ.items():
        if SECRET_NAMES.search(name):
            learn(value)
        if name in PASSWORD_NAMES:
            _keep(value)
    sys.stdout, sys.stderr = _guarded(sys.stdout), _guarded(sys.stderr)


def _keep(*secrets: str) -> None:
    for secret in secrets:
        shortest = SHORTEST_WORD if secret.isalpha() else SHORTEST_NUMBER if secret.isdigit() else SHORTEST
        if len(secret) >= shortest:
            _known.update(_forms_of(secret))


def _forms_of(secret: str) -> Iterable[str]:
    """Yield a secret as it may turn up: as it was written, decoded from a URL, and as others quote it."""
    for each in {secret, unquote(secret)}:
        yield from (each, quote(each, safe=""), repr(each)[1:-1], json.dumps(each)[1:-1])


def _guarded(stream: TextIO | None) -> Any:
    return stream if stream is None or isinstance(stream, _Guarded) else _Guarded(stream)


class _Guarded:
    """A text stream before which everything is redacted that is written to it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text."""
        self._stream.write(redact(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        if name == "buffer":  # which would lead past us
            raise AttributeError(name)
        return getattr(self._stream, name)
