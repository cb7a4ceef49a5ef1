"""What listens where a Redis should, and is none: it is told of in a sentence, and in time."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from deadheat.live.adapters import redis as adapter
from deadheat.sim.errors import LiveError

ANSWERS = {
    "yes to everything": b"+OK\r\n",
    "a number": b":1\r\n",
    "bytes": b"\xff\x00garbage\r\n" * 10,
    "an answer in an answer in an answer": b"*1\r\n" * 100_000 + b":1\r\n",
    "a number of many digits": b":" + b"9" * 5000 + b"\r\n",
}


@contextmanager
def listening(answer: bytes, pause_s: float = 0.0) -> Iterator[str]:
    """Answer whatever is asked with the same, at once, or with a pause after each byte; yield the URL."""

    def serve(client: socket.socket) -> None:
        with client, suppress(OSError):
            while client.recv(65536):
                for piece in [answer] if not pause_s else [bytes([each]) for each in answer]:
                    client.sendall(piece)
                    time.sleep(pause_s)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=accept, daemon=True).start()
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


@pytest.mark.parametrize("what", ANSWERS)
def test_what_answers_as_no_redis_does_is_told(what: str) -> None:
    with (
        listening(ANSWERS[what]) as url,
        pytest.raises(LiveError, match=r"What is at redis://127\.0\.0\.1:\d+ answers as no Redis does; check --redis"),
    ):
        adapter.connect(url)


def test_what_answers_a_byte_at_a_time_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "CONNECT_PATIENCE_S", 0.3)
    began = time.monotonic()
    with listening(b"+" + b"O" * 1000, 0.05) as url, pytest.raises(LiveError, match="does not answer; check --redis"):
        adapter.connect(url)
    assert time.monotonic() - began < 5
