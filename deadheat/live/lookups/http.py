"""Statuses from an HTTP endpoint: `https://evaluations.example/v1/evaluations/{id}#/status`.

What follows the # is a JSON pointer (RFC 6901) into the answer; without it, the answer is the status, as plain text.
404 and 410 mean that there is no such evaluation. Redirects are not followed: their target was not what was asked.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import quote, unquote

from deadheat.live.cleaning.patience import TRIES, Patience
from deadheat.live.lookups.base import UnreadableError, fill, printable, require_place, text_of
from deadheat.sim.errors import LiveError, UsageError

__all__ = ["HttpLookup"]

MISSING = (404, 410)
REFUSED = (401, 403)
FAILED = (407, 408)
BODY_MAX = 1_000_000


class HttpLookup:
    """Statuses by GET."""

    def __init__(self, url: str, headers: Sequence[str], timeout_s: float, patience: Patience) -> None:
        try:
            import httpx
        except ImportError:
            raise UsageError("An HTTP URL needs httpx: install deadheat[live].") from None
        require_place("--status", url)
        self._httpx, self._patience, self._timeout_s = httpx, patience, timeout_s
        self._template, _, pointer = url.partition("#")
        self._pointer = _tokens(pointer)
        try:
            self._where = httpx.URL(fill(self._template, "id")).netloc.decode()
        except (httpx.InvalidURL, ValueError):
            raise UsageError("--status is not a URL of HTTP.") from None
        self._headers = _headers(headers)
        self._client: Any = None
        self._stream: Any = None

    def __call__(self, evaluation: str) -> str | None:
        """GET."""
        url = fill(self._template, quote(evaluation, safe=""))
        answer, body = self._get(url)
        if answer.status_code in MISSING:
            return None
        if answer.status_code in REFUSED:
            raise LiveError(
                f"{self._where} refuses to tell of evaluations: {answer.status_code}; check --status-header."
            )
        if answer.is_redirect:
            raise LiveError(f"{self._where} redirects elsewhere ({answer.status_code}); give the final address.")
        if not answer.is_success:
            is_failure = answer.status_code in FAILED or answer.status_code >= 429
            raise UnreadableError(f"{self._where} answers {answer.status_code}", is_failure=is_failure)
        if not body and answer.num_bytes_downloaded:
            raise UnreadableError(f"{self._where} answers with what cannot be decompressed", is_failure=True)
        if self._pointer is None:
            return (text_of(body) or "").strip() or None
        return _pointed_at(body, self._pointer)

    def close(self) -> None:
        """Hang up; the next question connects again."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _get(self, url: str) -> tuple[Any, bytes]:
        self._client = self._client or self._httpx.Client(timeout=self._timeout_s, headers=self._headers)
        for _ in range(TRIES):
            deadline = time.monotonic() + self._timeout_s
            try:
                with self._no_later(), self._client.stream("GET", url, extensions={"trace": self._note}) as answer:
                    body = b""
                    for chunk in answer.iter_bytes():
                        body += chunk
                        self._patience.require_time()
                        if time.monotonic() > deadline:  # the client's own timeout is for each read
                            raise self._httpx.ReadTimeout("too slow")
                        if len(body) > BODY_MAX:
                            raise UnreadableError(f"{self._where} answers with more than a megabyte")
            except self._httpx.ConnectError:
                raise LiveError(f"{self._where} does not answer; check --status.") from None
            except self._httpx.TimeoutException:
                raise UnreadableError(
                    f"{self._where} did not answer within {self._timeout_s:g} s", is_failure=True
                ) from None
            except (self._httpx.HTTPError, self._httpx.StreamError) as error:
                if time.monotonic() >= deadline:  # we have broken it off
                    raise UnreadableError(
                        f"{self._where} did not answer within {self._timeout_s:g} s", is_failure=True
                    ) from None
                raise UnreadableError(f"{self._where} broke off ({type(error).__name__})", is_failure=True) from None
            if answer.status_code != 429:
                break
            self._patience.wait_as_told(answer.headers.get("Retry-After"), self._where)
        return answer, body

    def _note(self, event: str, info: Mapping[str, Any]) -> None:
        """Note the connection that was made."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._stream = info["return_value"]

    @contextmanager
    def _no_later(self) -> Iterator[None]:
        """Break off what is under way when its time is over: the client's own timeout is for each read.

        So a server that sends its headers byte by byte would be waited for as long as it likes.
        """

        def break_off() -> None:
            connected = self._stream.get_extra_info("socket") if self._stream is not None else None
            if connected is not None:
                with suppress(OSError):
                    connected.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(self._timeout_s, break_off)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def _headers(given: Sequence[str]) -> dict[str, str]:
    headers = {}
    for each in given:
        name, colon, content = each.partition(":")
        if not colon or not name.strip():
            raise UsageError("A --status-header is NAME: VALUE.")  # it may be a secret, and is not shown
        if not (each.isascii() and each.isprintable()):
            raise UsageError(
                f"The --status-header {name.strip()!a} has characters that HTTP does not allow in a header."
            )
        headers[name.strip()] = content.strip()
    return headers


def _tokens(pointer: str) -> list[str] | None:
    if not pointer:
        return None
    if not pointer.startswith("/"):
        raise UsageError(f"The JSON pointer #{pointer} of --status begins with no slash; write #/{pointer}.")
    return [unquote(each).replace("~1", "/").replace("~0", "~") for each in pointer[1:].split("/")]


def _pointed_at(body: bytes, pointer: list[str]) -> str | None:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise UnreadableError("the answer is not JSON") from None
    for token in pointer:
        if isinstance(value, dict):
            value = value.get(token)
        elif isinstance(value, list) and token.isdecimal() and int(token) < len(value):
            value = value[int(token)]
        else:
            value = None
        if value is None:
            return None
    if not isinstance(value, str):
        raise UnreadableError(f"its status {printable(value)} is not text")
    return value
