"""The event stream for real: one Redis stream an evaluation, and a subscriber that remembers what it has received."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from deadheat.live.adapters.base import Adapter, poll
from deadheat.models.components.status import Status
from deadheat.models.components.stream import StreamState

if TYPE_CHECKING:
    import redis

__all__ = ["StreamAdapter"]

START = "0-0"


class StreamAdapter(Adapter):
    """The logs of status events of one run.

    The subscriber remembers in Redis, since the programs of a dispatcher share its memory.
    """

    def __init__(self, client: redis.Redis, prefix: str, evaluations: Iterable[str]) -> None:
        super().__init__("status")
        self._client = client
        self._prefix = prefix
        self._evaluations = tuple(evaluations)
        self._read_up_to: dict[str, str] = {}

    def append(self, evaluation: str, status: Status) -> None:
        """XADD."""
        self._client.xadd(self._log(evaluation), {"status": str(status)})

    def get(self, evaluation: str) -> Status:
        """XREVRANGE, the newest event."""
        answer: Any = self._client.xrevrange(self._log(evaluation), count=1)
        return Status(answer[0][1]["status"]) if answer else Status.QUEUED

    def receive(self, evaluation: str) -> Status:
        """XREAD the next event, and remember it, or forget all before it, if it is that the evaluation is queued."""
        for _ in poll(self.patience_s, f"no event of evaluation {evaluation} arrived at the subscription"):
            if (event := self._next(evaluation)) is not None:
                status = Status(event["status"])
                if status is Status.QUEUED:
                    self._client.delete(self._memory(evaluation))
                else:
                    self._client.sadd(self._memory(evaluation), status)
                return status
        raise AssertionError  # poll never ends by itself

    def has_received(self, evaluation: str, status: Status) -> bool:
        """Look into the subscriber's memory."""
        return bool(self._client.sismember(self._memory(evaluation), str(status)))

    def reset(self, evaluation: str) -> None:
        """XADD that it is queued again."""
        self.append(evaluation, Status.QUEUED)

    def observe(self) -> dict[str, Any]:
        """Return what the whole log says of each evaluation."""
        return {f"{self.name}/{each}": StreamState(self.get(each)) for each in self._evaluations}

    def comparable(self, value: StreamState) -> Status:
        """Return the status; what a subscriber knows shows in its answers."""
        return value.status

    def _next(self, evaluation: str) -> dict[str, str] | None:
        position = {self._log(evaluation): self._read_up_to.get(evaluation, START)}
        answer: Any = self._client.xread(position, count=1)  # type: ignore[arg-type]
        if not answer:
            return None
        ((_, ((number, fields),)),) = answer.items() if isinstance(answer, dict) else answer
        self._read_up_to[evaluation] = number
        event: dict[str, str] = fields
        return event

    def _log(self, evaluation: str) -> str:
        return f"{self._prefix}events:{evaluation}"

    def _memory(self, evaluation: str) -> str:
        return f"{self._prefix}received:{evaluation}"
