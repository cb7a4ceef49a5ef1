"""The event stream for real: one Redis stream, and one subscriber that remembers what it has received."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from deadheat.live.adapter import Adapter, poll
from deadheat.models.status import Status
from deadheat.models.stream import StatusEvent, StreamState
from deadheat.models.values import FrozenMap

if TYPE_CHECKING:
    import redis

__all__ = ["StreamAdapter"]

PAGE = 100


class StreamAdapter(Adapter):
    """The log of status events of one run.

    The subscriber remembers in its program; if it shares its memory with other programs of the dispatcher, in Redis.
    """

    def __init__(
        self, client: redis.Redis, prefix: str, evaluations: Iterable[str], *, is_shared: bool = False
    ) -> None:
        super().__init__("status")
        self._client = client
        self._key = f"{prefix}events"
        self._evaluations = tuple(evaluations)
        self._read_up_to = "0-0"
        self._received: set[StatusEvent] = set()
        self._memory = f"{prefix}received" if is_shared else None

    def append(self, evaluation: str, status: Status) -> None:
        """XADD."""
        self._client.xadd(self._key, {"evaluation": evaluation, "status": str(status)})

    def get(self, evaluation: str) -> Status:
        """XREVRANGE, back to the newest event of this evaluation."""
        newest = "+"
        while entries := self._page(newest):
            for number, event in entries:
                if event.evaluation == evaluation:
                    return event.status
                newest = f"({number}"
        return Status.QUEUED

    def receive(self) -> StatusEvent:
        """XREAD the next event, and remember it."""
        for _ in poll(self.patience_s, "no event arrived at the subscription"):
            answer: Any = self._client.xread({self._key: self._read_up_to}, count=1)
            if answer:
                ((_, ((number, fields),)),) = answer.items() if isinstance(answer, dict) else answer
                self._read_up_to = number
                event = _event(fields)
                self._received.add(event)
                if self._memory is not None:
                    self._client.sadd(self._memory, f"{event.evaluation}/{event.status}")
                return event
        raise AssertionError  # poll never ends by itself

    def has_received(self, evaluation: str, status: Status) -> bool:
        """Look into the subscriber's memory."""
        if self._memory is not None:
            return bool(self._client.sismember(self._memory, f"{evaluation}/{status}"))
        return StatusEvent(evaluation, status) in self._received

    def observe(self) -> dict[str, Any]:
        """Return what the whole log says of each evaluation."""
        newest: FrozenMap[Status] = tuple((each, self.get(each)) for each in sorted(self._evaluations))
        return {self.name: StreamState(newest=newest)}

    def _page(self, newest: str) -> list[tuple[str, StatusEvent]]:
        answer: Any = self._client.xrevrange(self._key, max=newest, count=PAGE)
        return [(number, _event(fields)) for number, fields in answer]


def _event(fields: dict[str, str]) -> StatusEvent:
    return StatusEvent(fields["evaluation"], Status(fields["status"]))
