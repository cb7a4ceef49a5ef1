"""The HTTP channel and the user for real: httpx on the caller's side, the mailbox of the service on the other.

One call is four operations, as in the model: `send` starts the request, `accept` and `reply` are the service's, and
`response` waits for the answer. Giving up closes the connection, as a real client's timeout does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, TimeoutError as NotInTime
from threading import Event
from typing import Any, Protocol

from deadheat.live.adapters.base import Adapter, BlockedError
from deadheat.live.forcing.server import NUMBER_HEADER, Address, BackgroundLoop, Mailbox
from deadheat.live.values import decode, encode
from deadheat.models.components.http import Accepted, GaveUp, TimedOut
from deadheat.models.components.user import Cancellation, UserState
from deadheat.sim.errors import LiveError
from deadheat.sim.operations import Operation

__all__ = ["Caller", "HttpAdapter", "Notes", "UserAdapter"]

JOBS = "jobs"
CANCELLATION = "cancellation"
SEND_PATIENCE_S = 10.0


class Notes(Protocol):
    """What callers and handlers in different programs must agree on."""

    def next_number(self, evaluation: str) -> int:
        """Return the number of the next delivery of an evaluation's requests, from 1."""
        ...

    def note_down(self, evaluation: str, number: int) -> None:
        """Note that the handler of a delivery is gone for good."""
        ...

    def is_down(self, evaluation: str, number: int) -> bool:
        """Return whether that was noted."""
        ...


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
    """The calls between the workers and the dispatcher; either side may be missing, if it is another program's.

    `notes` is where it is written down that a dispatcher stays down, for callers in other programs.
    """

    def __init__(self, caller: Caller | None, mailbox: Mailbox | None, notes: Notes) -> None:
        super().__init__("http")
        self._caller = caller
        self._mailbox = mailbox
        self._notes = notes
        self._calls: dict[tuple[str, int], tuple[str, Future[Any]]] = {}

    def send(self, evaluation: str, caller: str, content: Any) -> int:
        """Start a POST; answer the number of its delivery."""
        assert self._caller is not None
        number = self._notes.next_number(evaluation)
        call = self._caller.post(Address(JOBS, evaluation, number), Accepted(caller, content))
        self._calls[evaluation, number] = (caller, call)
        return number

    def send_http_loss(self, evaluation: str, caller: str, content: Any) -> int:
        """Send nothing, and believe to have sent it."""
        del caller, content
        return self._notes.next_number(evaluation)

    def accept(self, evaluation: str, number: int) -> Any:
        """Wait until the delivery of this number has reached the service."""
        assert self._mailbox is not None
        return self._mailbox.accept(Address(JOBS, evaluation, number), self.patience_s)

    def reply(self, evaluation: str, number: int, response: Any) -> None:
        """Send the response."""
        assert self._mailbox is not None
        self._mailbox.reply(Address(JOBS, evaluation, number), response)

    def reply_http_loss(self, evaluation: str, number: int, response: Any) -> None:
        """Let the response be lost: the connection ends without it."""
        assert self._mailbox is not None
        del response
        self._mailbox.drop(Address(JOBS, evaluation, number))

    def response(self, evaluation: str, number: int) -> Any:
        """Wait for the response to a delivery; what is lost, the caller notices, and it gives up if all is down."""
        if (evaluation, number) not in self._calls:
            return TimedOut()
        _, call = self._calls[evaluation, number]
        try:
            return call.result(self.patience_s)
        except NotInTime:
            raise BlockedError(f"no response {number} to evaluation {evaluation} came") from None
        except Exception:  # the connection broke, or the service answered with an error
            return GaveUp() if self._notes.is_down(evaluation, number) else TimedOut()

    def response_http_retry(self, evaluation: str, number: int) -> TimedOut:
        """Stop waiting: the connection is closed, and the handler goes on."""
        self._give_up(evaluation, number)
        return TimedOut()

    def response_http_timeout(self, evaluation: str, number: int) -> GaveUp:
        """Stop waiting for good: the connection is closed, and the handler goes on."""
        self._give_up(evaluation, number)
        return GaveUp()

    def hang_up(self, evaluation: str, caller: str) -> None:
        """A caller is gone: its connections break."""
        for (each, _), (who, call) in self._calls.items():
            if each == evaluation and who == caller:
                call.cancel()

    def reset(self, evaluation: str, number: int) -> None:
        """A handler is gone: its connection breaks."""
        if self._mailbox is not None:
            self._mailbox.drop(Address(JOBS, evaluation, number))

    def refuse(self, evaluation: str, number: int) -> None:
        """A handler is gone for good: its connection breaks, and the caller finds nobody to try again."""
        self._notes.note_down(evaluation, number)
        self.reset(evaluation, number)

    def _give_up(self, evaluation: str, number: int) -> None:
        if (evaluation, number) in self._calls:
            self._calls[evaluation, number][1].cancel()


class UserAdapter(Adapter):
    """The users' requests to cancel, as real POSTs that the cancel handlers answer."""

    def __init__(self, caller: Caller | None, mailbox: Mailbox | None, evaluations: Iterable[str]) -> None:
        super().__init__("user")
        self._caller = caller
        self._mailbox = mailbox
        self._requests: dict[str, list[Future[Any]]] = {each: [] for each in evaluations}
        self._since: dict[str, int] = {}

    def cancel(self, evaluation: str) -> None:
        """Start a request."""
        assert self._caller is not None
        requests = self._requests[evaluation]
        requests.append(self._caller.post(Address(CANCELLATION, evaluation, len(requests) + 1), None))

    cancel_repeated_cancel = cancel

    def cancellation(self, evaluation: str, number: int) -> None:
        """Wait until the request of this number has reached the service."""
        assert self._mailbox is not None
        self._mailbox.accept(Address(CANCELLATION, evaluation, number), self.patience_s)

    def answer(self, evaluation: str, number: int, answer: Cancellation) -> None:
        """Send the response, and wait until the user has it, if the user is in this program."""
        assert self._mailbox is not None
        self._mailbox.reply(Address(CANCELLATION, evaluation, number), answer)
        self._wait_for_answer(evaluation, number)

    def resubmit_resubmission(self, evaluation: str) -> None:
        """Submit the evaluation again: what was asked before is of no matter any more."""
        self._since[evaluation] = len(self._requests[evaluation])

    def send_again(self, evaluation: str, number: int) -> None:
        """Repeat a request whose connection broke, as a browser would when the service is back; not an answered one."""
        assert self._caller is not None
        address = Address(CANCELLATION, evaluation, number)
        requests = self._requests[evaluation]
        if number <= len(requests) and _told(requests[number - 1]) is Cancellation.REQUESTED:
            requests[number - 1] = self._caller.post(address, None)

    def notice(self, operation: Operation) -> None:
        """Wait until the user has the answer that another program has sent."""
        if operation.name == "answer":
            self._wait_for_answer(operation.arguments[0], operation.arguments[1])

    def observe(self) -> dict[str, Any]:
        """Return what each user was told so far."""
        return {
            f"{self.name}/{each}": UserState(tuple(map(_told, requests)), self._since.get(each, 0))
            for each, requests in self._requests.items()
        }

    def _wait_for_answer(self, evaluation: str, number: int) -> None:
        requests = self._requests[evaluation]
        if number <= len(requests):
            requests[number - 1].result(SEND_PATIENCE_S)


def _told(request: Future[Any]) -> Cancellation:
    if not request.done() or request.cancelled() or request.exception() is not None:
        return Cancellation.REQUESTED
    told: Cancellation = request.result()
    return told
