"""The HTTP channel and the user for real: httpx on the caller's side, the mailbox of the service on the other.

One call is four operations, as in the model: `send` starts the request, `accept` and `reply` are the service's, and
`response` waits for the answer. Giving up closes the connection, as a real client's timeout does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as NotInTime
from threading import Event
from typing import Any

from deadheat.live.adapter import Adapter, BlockedError
from deadheat.live.server import NUMBER_HEADER, Address, BackgroundLoop, Mailbox
from deadheat.live.values import decode, encode
from deadheat.models.http import TimedOut
from deadheat.models.user import Cancellation
from deadheat.sim.errors import LiveError
from deadheat.sim.operations import Operation

__all__ = ["Caller", "HttpAdapter", "Number", "UserAdapter"]

JOBS = "jobs"
CANCELLATION = "cancellation"
SEND_PATIENCE_S = 10.0

Number = Callable[[str], int]
"""Gives each delivery of an evaluation's requests its number, from 0."""


class Caller:
    """An HTTP client whose requests run in the background, and can be given up.

    `route` tells the URL of the service that a request goes to.
    """

    def __init__(self, background: BackgroundLoop, route: Callable[[Address], str]) -> None:
        import httpx

        self._background = background
        self._route = route
        # It only ever speaks plain HTTP on loopback, so it needs no certificates, which take long to load.
        self._client = httpx.AsyncClient(timeout=None, trust_env=False, verify=False)

    def post(self, address: Address, content: Any) -> Future[Any]:
        """Send a request; its future holds what the response says. Cancelling the future closes the connection.

        Returns when the request is on the wire: from there on it reaches the service, even if the caller dies.
        Raises LiveError if it cannot be sent.
        """
        sent = Event()
        url = self._route(address)
        call = self._background.start(self._post(url, address, encode(content), sent))
        call.add_done_callback(lambda _: sent.set())
        if not sent.wait(SEND_PATIENCE_S):
            call.cancel()
            raise LiveError(f"The HTTP service at {url} took no request within {SEND_PATIENCE_S:g} s.")
        if call.done() and (error := call.exception()) is not None:
            raise LiveError(f"The HTTP service at {url} cannot be reached ({type(error).__name__}).")
        return call

    def close(self) -> None:
        """Close all connections."""
        self._background.start(self._client.aclose()).result()

    async def _post(self, url: str, address: Address, content: Any, sent: Event) -> Any:
        async def notice(event: str, _: Any) -> None:
            if event == "http11.send_request_body.complete":
                sent.set()

        headers = {NUMBER_HEADER: str(address.number)}
        path = f"{url}/evaluations/{address.evaluation}/{address.kind}"
        response = await self._client.post(
            path, json={"content": content}, headers=headers, extensions={"trace": notice}
        )
        response.raise_for_status()
        return decode(response.json()["content"])


class HttpAdapter(Adapter):
    """The calls between the worker and the dispatcher; either side may be missing, if it is another program's."""

    def __init__(self, caller: Caller | None, mailbox: Mailbox | None, number: Number) -> None:
        super().__init__("http")
        self._caller = caller
        self._mailbox = mailbox
        self._number = number
        self._calls: dict[tuple[str, int], Future[Any]] = {}

    def send(self, evaluation: str, request: Any) -> int:
        """Start a POST; answer the number of its delivery."""
        assert self._caller is not None
        number = self._number(evaluation)
        self._calls[evaluation, number] = self._caller.post(Address(JOBS, evaluation, number), request)
        return number

    def accept(self, evaluation: str, number: int) -> Any:
        """Wait until the delivery of this number has reached the service."""
        assert self._mailbox is not None
        return self._mailbox.accept(Address(JOBS, evaluation, number), self.patience_s)

    def reply(self, evaluation: str, number: int, response: Any) -> None:
        """Send the response."""
        assert self._mailbox is not None
        self._mailbox.reply(Address(JOBS, evaluation, number), response)

    def response(self, evaluation: str, number: int) -> Any:
        """Wait for the response to a delivery."""
        try:
            return self._calls[evaluation, number].result(self.patience_s)
        except NotInTime:
            raise BlockedError(f"no response {number + 1} to evaluation {evaluation} came") from None

    def response_http_retry(self, evaluation: str, number: int) -> TimedOut:
        """Give up waiting: the connection is closed, and the handler goes on."""
        self._calls[evaluation, number].cancel()
        return TimedOut()

    def hang_up(self, evaluation: str) -> None:
        """The caller is gone: its connections break."""
        for (each, _), call in self._calls.items():
            if each == evaluation:
                call.cancel()


class UserAdapter(Adapter):
    """The user's request to cancel, as a real POST that the cancel handler answers."""

    def __init__(self, caller: Caller | None, mailbox: Mailbox | None, evaluations: Iterable[str]) -> None:
        super().__init__("user")
        self._caller = caller
        self._mailbox = mailbox
        self._evaluations = tuple(evaluations)
        self._requests: dict[str, Future[Any]] = {}

    def cancel(self, evaluation: str) -> None:
        """Start the request."""
        assert self._caller is not None
        self._requests[evaluation] = self._caller.post(Address(CANCELLATION, evaluation, 0), None)

    def cancellation(self, evaluation: str) -> None:
        """Wait until it has reached the service."""
        assert self._mailbox is not None
        self._mailbox.accept(Address(CANCELLATION, evaluation, 0), self.patience_s)

    def answer(self, evaluation: str, answer: Cancellation) -> None:
        """Send the response, and wait until the user has it, if the user is in this program."""
        assert self._mailbox is not None
        self._mailbox.reply(Address(CANCELLATION, evaluation, 0), answer)
        self._wait_for_answer(evaluation)

    def notice(self, operation: Operation) -> None:
        """Wait until the user has the answer that another program has sent."""
        if operation.name == "answer":
            self._wait_for_answer(operation.arguments[0])

    def _wait_for_answer(self, evaluation: str) -> None:
        if evaluation in self._requests:
            self._requests[evaluation].result(SEND_PATIENCE_S)

    def observe(self) -> dict[str, Any]:
        """Return what each user was told so far."""
        return {f"{self.name}/{each}": self._told(each) for each in self._evaluations}

    def _told(self, evaluation: str) -> Cancellation:
        request = self._requests.get(evaluation)
        if request is None:
            return Cancellation.NONE
        if not request.done():
            return Cancellation.REQUESTED
        try:
            told: Cancellation = request.result()
        except (CancelledError, OSError):
            return Cancellation.REQUESTED
        return told
