"""What listens where an API server should, and is none: it is told of in a sentence, and in time."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from deadheat.live import cluster
from deadheat.live.leavings.namespaces import list_marked
from deadheat.sim.errors import LiveError
from tests.live.fake_api import VERSION, FakeApi, fake_api
from tests.live.test_lookups import served

VERSION_OF_ONE = json.dumps(dict.fromkeys(VERSION, "1")).encode()


@contextmanager
def answering(body: bytes, folder: Path, pause_s: float = 0.0, version: bytes | None = None) -> Iterator[Path]:
    """Answer every question with the same, perhaps with a pause after each byte; yield a kubeconfig."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = version if version is not None and self.path.rstrip("/") == "/version" else body
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(found)))
            self.end_headers()
            for each in [found] if not pause_s else [bytes([each]) for each in found]:
                self.wfile.write(each)
                self.wfile.flush()
                time.sleep(pause_s)

        def log_message(self, *_: object) -> None:
            pass

    with fake_api(FakeApi(), folder) as kubeconfig:
        pass
    with served(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        config = json.loads(kubeconfig.read_text())
        config["clusters"][0]["cluster"]["server"] = f"http://127.0.0.1:{port}"
        kubeconfig.write_text(json.dumps(config))
        yield kubeconfig


@pytest.mark.parametrize("body", [b"null", b"[]", b"7", b"<html>hello</html>", b"{}"])
def test_what_answers_as_no_api_server_does_is_told(body: bytes, tmp_path: Path) -> None:
    with (
        answering(body, tmp_path) as kubeconfig,
        pytest.raises(LiveError, match=r"does not answer as an API server does \(asking for its version"),
    ):
        cluster.connect(kubeconfig, None)


def test_nothing_in_the_place_of_a_list_is_told(tmp_path: Path) -> None:
    with (
        answering(b"null", tmp_path, version=VERSION_OF_ONE) as kubeconfig,
        pytest.raises(LiveError, match=r"does not answer as an API server does \(listing namespaces"),
    ):
        list_marked(cluster.connect(kubeconfig, None))


def test_what_answers_a_byte_at_a_time_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cluster, "ANSWER_PATIENCE_S", 0.5)
    began = time.monotonic()
    with (
        answering(b" " * 1000, tmp_path, 0.05) as kubeconfig,
        pytest.raises(LiveError, match=r"does not answer at http://127\.0\.0\.1:\d+ \(asking for its version\)"),
    ):
        cluster.connect(kubeconfig, None)
    assert time.monotonic() - began < 5
