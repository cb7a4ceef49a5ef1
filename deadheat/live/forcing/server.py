"""The dispatcher and the cancel endpoint as a real HTTP service: an ASGI app on uvicorn, on a loopback port.

A request that arrives is put into the mailbox, and its connection stays open until some process of the protocol has
accepted it and replied. So the steps between arrival and reply are the protocol's own, and a caller that hangs up
stops nobody.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, NamedTuple

from deadheat.live.adapters.base import BlockedError
from deadheat.live.values import decode, encode

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["NUMBER_HEADER", "Address", "BackgroundLoop", "HttpServer", "Mailbox"]

NUMBER_HEADER = "x-deadheat-delivery"
"""Tells deliveries apart that are otherwise the same request, sent again."""

START_PATIENCE_S = 10.0
START_POLL_S = 0.002


class Address(NamedTuple):
    """Where a request goes: `kind` is jobs or cancellation; `number` counts the deliveries of one evaluation."""

    kind: str
    evaluation: str
    number: int


class BackgroundLoop:
    """An asyncio loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="deadheat-io", daemon=True)
        self._thread.start()

    def start(self, coroutine: Coroutine[Any, Any, Any]) -> Future[Any]:
        """Run a coroutine there; return its future."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def close(self) -> None:
        """Cancel what still runs there, and end the thread."""
        self.start(_cancel_all()).result(START_PATIENCE_S)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(START_PATIENCE_S)
        self.loop.close()


class Mailbox:
    """The requests that have arrived, and the replies that they wait for."""

    def __init__(self) -> None:
        self._arrived: dict[Address, Any] = {}
        self._replies: dict[Address, asyncio.Future[Any]] = {}
        self._changed = threading.Condition()

    def put(self, address: Address, content: Any) -> asyncio.Future[Any]:
        """Take in a request, on the server's loop; return the future of its reply."""
        reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        with self._changed:
            self._arrived[address] = content
            self._replies[address] = reply
            self._changed.notify_all()
        return reply

    def accept(self, address: Address, patience_s: float) -> Any:
        """Wait for a request and return its content, again and again; raises BlockedError when patience ends."""
        with self._changed:
            if not self._changed.wait_for(lambda: address in self._arrived, patience_s):
                raise BlockedError(f"no request {address.number} of evaluation {address.evaluation} arrived")
            return self._arrived[address]

    def drop(self, address: Address) -> None:
        """Let the caller of a request go without a reply."""
        with self._changed:
            reply = self._replies.pop(address, None)
        if reply is not None:
            reply.get_loop().call_soon_threadsafe(reply.cancel)

    def reply(self, address: Address, response: Any) -> None:
        """Answer a request; nobody may be listening any more."""
        with self._changed:
            reply = self._replies.pop(address, None)
        if reply is not None:
            reply.get_loop().call_soon_threadsafe(_resolve, reply, response)

    def close(self) -> None:
        """Turn away whoever still waits, now and from here on."""
        with self._changed:
            replies, self._replies = list(self._replies.values()), {}
        for reply in replies:
            reply.get_loop().call_soon_threadsafe(reply.cancel)


class HttpServer:
    """The service on a free loopback port; `url` is where it is."""

    def __init__(self, background: BackgroundLoop, mailbox: Mailbox, port: int = 0) -> None:
        import uvicorn

        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(
            _app(mailbox), log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1, ws="none"
        )
        self._mailbox = mailbox
        self._server = uvicorn.Server(config)
        self._running = background.start(self._server.serve(sockets=[self._socket]))
        deadline = time.monotonic() + START_PATIENCE_S
        while not self._server.started and time.monotonic() < deadline:
            time.sleep(START_POLL_S)

    def close(self) -> None:
        """Turn away whoever still waits for a reply, and stop serving."""
        self._mailbox.close()
        self._server.should_exit = True
        self._running.result(START_PATIENCE_S)
        self._socket.close()


def _app(mailbox: Mailbox) -> Starlette:
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    async def take(request: Request) -> Response:
        kind = request.path_params["kind"]
        number = int(request.headers.get(NUMBER_HEADER, "0"))
        body = await request.json()
        reply = mailbox.put(Address(kind, request.path_params["evaluation"], number), decode(body["content"]))
        await asyncio.wait([reply])
        if reply.cancelled():
            return JSONResponse({"error": "the service stops"}, status_code=503)
        return JSONResponse({"content": encode(reply.result())})

    return Starlette(routes=[Route("/evaluations/{evaluation}/{kind}", take, methods=["POST"])])


def _resolve(reply: asyncio.Future[Any], response: Any) -> None:
    if not reply.done():
        reply.set_result(response)


async def _cancel_all() -> None:
    current = asyncio.current_task()
    tasks = [task for task in asyncio.all_tasks() if task is not current]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
