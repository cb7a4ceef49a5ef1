"""The sign of life that a run gives its servers, so that no sweep takes it for dead."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from deadheat.sim.errors import LiveError

__all__ = ["Heartbeat", "LeaseLostError"]

RENEWALS = 6
"""How often a lease is renewed in the time that it lasts."""


class LeaseLostError(LiveError):
    """A run was taken for dead, and perhaps swept; what it finds on its servers says nothing any more."""


class Heartbeat:
    """Renews a lease again and again, in a thread of its own, until it is closed.

    `renew` raises LeaseLostError if there is nothing left to renew; if it fails in another way it is tried again, until
    the time of the lease is over.
    """

    def __init__(self, renew: Callable[[], None], lease_s: float, run: str) -> None:
        self._renew, self._lease_s, self._run = renew, lease_s, run
        self._reason = ""
        self._is_lost = False
        self._renewed_s = _now_s()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="deadheat-heartbeat", daemon=True)
        self._thread.start()

    def require(self) -> None:
        """Raise LeaseLostError if others may have taken the run for dead since it began."""
        if self._is_lost or _now_s() - self._renewed_s > self._lease_s:
            reason = f" ({self._reason.rstrip('.')})" if self._reason else ""
            raise LeaseLostError(
                f"Run {self._run} could not say within {self._lease_s:g} s that it is alive{reason}, so another "
                "`deadheat live sweep` may have removed what it made; run it again."
            )

    def confirm(self) -> None:
        """Renew the lease now, and raise LeaseLostError if others may have taken the run for dead until now.

        The last beat may be some seconds old, and a run is short: what it says counts only if its lease still does.
        """
        self._try()
        self.require()

    def close(self) -> None:
        """Stop renewing."""
        self._over.set()
        self._thread.join(self._lease_s)

    def _beat(self) -> None:
        while not self._is_lost and not self._over.wait(self._lease_s / RENEWALS):
            self._try()

    def _try(self) -> None:
        began_s = _now_s()
        try:
            self._renew()
        except LeaseLostError as error:
            self._is_lost, self._reason = True, str(error)
        except Exception as error:  # a server that does not answer now may do so in a while
            self._reason = str(error)
        else:
            # A program that was stopped for longer than that was dead for all the others.
            self._is_lost |= began_s - self._renewed_s > self._lease_s
            self._renewed_s = max(self._renewed_s, began_s)


def _now_s() -> float:
    """Return the time of a clock that goes on while the machine is suspended, where there is one."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)
