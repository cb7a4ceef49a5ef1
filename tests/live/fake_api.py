"""An API server that misbehaves as it is told: real ones do all this, but not when a test needs it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

CONTEXT = "kind-fake"
Answer = tuple[int, Any, dict[str, str]] | None
"""A status, a body and headers; None for the ordinary answer. An OSError that is raised breaks the connection."""


class FakeApi:
    """Jobs by name; `on_list` and `on_delete` may answer in place of the server."""

    def __init__(self, count: int = 0, age_s: float = 3600) -> None:
        self.jobs = {f"j{number:03}": job(f"j{number:03}", f"e{number:03}", age_s) for number in range(count)}
        self.on_list: Callable[[dict[str, str]], Answer] = lambda query: None
        self.on_delete: Callable[[str], Answer] = lambda name: None
        self.lists: list[dict[str, str]] = []
        self.accepted: list[str] = []
        self.deletes: list[tuple[str, Any]] = []
        self.deleted: list[str] = []

    def answer(self, method: str, path: str, query: dict[str, str], accept: str, body: Any) -> tuple[int, Any, Any]:
        if path.rstrip("/") == "/version":
            return 200, dict.fromkeys(VERSION, "1"), {}
        if method == "DELETE":
            name = path.rsplit("/", 1)[1]
            self.deletes.append((name, body))
            answer = self.on_delete(name)
            if answer is not None:
                return answer
            conditions = body["preconditions"]
            if name in self.jobs and any(self.jobs[name]["metadata"][each] != conditions[each] for each in conditions):
                return 409, failure(409, "the precondition does not hold"), {}
            if self.jobs.pop(name, None) is None:
                return 404, failure(404, "not found"), {}
            self.deleted.append(name)
            return 200, {"kind": "Status", "status": "Success"}, {}
        if query.get("watch"):
            return 200, "", {}
        self.lists.append(query)
        self.accepted.append(accept)
        return self.on_list(query) or self.listing(query)

    def listing(self, query: dict[str, str]) -> tuple[int, Any, Any]:
        if query.get("labelSelector", "").startswith("!"):
            return 200, {"kind": "PartialObjectMetadataList", "metadata": {}, "items": None}, {}
        names = sorted(self.jobs)
        if query.get("fieldSelector"):
            names = [name for name in names if query["fieldSelector"] == f"metadata.name={name}"]
        names = [name for name in names if name > query.get("continue", "")]
        limit = int(query.get("limit", 10**9))
        page, more = names[:limit], names[limit:]
        metadata = {"resourceVersion": "7"} | ({"continue": page[-1]} if more else {})
        return 200, {"kind": "JobList", "metadata": metadata, "items": [self.jobs[name] for name in page]}, {}


VERSION = (
    *("major", "minor", "gitVersion", "gitCommit", "gitTreeState"),
    *("buildDate", "goVersion", "compiler", "platform"),
)


def job(name: str, evaluation: str, age_s: float) -> dict[str, Any]:
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - age_s))
    labels = {"eval-id": evaluation}
    metadata = {
        "name": name,
        "uid": f"uid-of-{name}",
        "resourceVersion": "1",
        "labels": labels,
        "creationTimestamp": created,
    }
    return {"metadata": metadata, "spec": {}, "status": {"active": 1}}


def failure(code: int, message: str, continue_: str = "") -> dict[str, Any]:
    return {
        "kind": "Status",
        "status": "Failure",
        "code": code,
        "reason": "NotFound" if code == 404 else "",
        "message": message,
        "metadata": {"continue": continue_},
    }


@contextmanager
def fake_api(api: FakeApi, folder: Path) -> Iterator[Path]:
    """Serve it; yield a kubeconfig."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            try:
                status, content, headers = api.answer(
                    self.command, parts.path, query, self.headers.get("Accept", ""), body
                )
            except OSError:
                self.close_connection = True
                return
            text = content if isinstance(content, str) else json.dumps(content)
            if "Date" in headers:
                self.send_response_only(status)
            else:
                self.send_response(status)
            for name, value in {"Content-Length": str(len(text.encode())), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def do_DELETE(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": CONTEXT,
        "clusters": [{"name": CONTEXT, "cluster": {"server": f"http://127.0.0.1:{server.server_address[1]}"}}],
        "users": [{"name": CONTEXT, "user": {}}],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": CONTEXT}}],
    }
    path = folder / "fake-kubeconfig"
    path.write_text(json.dumps(config))
    yield path
    server.shutdown()
    server.server_close()
