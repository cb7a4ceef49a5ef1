"""Operating-system processes that deadheat starts, and never leaves behind."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from deadheat.live.redaction import redact
from deadheat.sim.errors import LiveError

__all__ = ["ServerProcess", "free_port", "wait_until"]

STOP_PATIENCE_S = 5.0
POLL_S = 0.02
LOG_LINES = 3


def free_port() -> int:
    """Return a port on 127.0.0.1 that nothing listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(ready: Callable[[], bool], patience_s: float, what: str) -> None:
    """Return as soon as `ready` says so; raises LiveError, naming `what`, when patience ends."""
    deadline = time.monotonic() + patience_s
    while not ready():
        if time.monotonic() > deadline:
            raise LiveError(f"{what} within {patience_s:g} s.")
        time.sleep(POLL_S)


class ServerProcess:
    """A program at work, in a session of its own, so that Ctrl-C reaches deadheat first and deadheat stops it.

    Where `setpriv` exists (Linux), the kernel kills it even if deadheat itself is killed.
    """

    def __init__(
        self, name: str, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self._log = log
        guard = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [*guard, *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=environment,
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def require_alive(self) -> None:
        """Raise LiveError, with the last lines that it printed, if the program has ended by itself."""
        code = self._process.poll()
        if code is not None:
            lines = self._log.read_text(errors="replace").strip().splitlines()[-LOG_LINES:]
            raise LiveError(f"{self.name} ended by itself with code {code}: {redact(' / '.join(lines))}")

    def kill(self) -> None:
        """Kill it at once (SIGKILL), and wait until it is gone."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Ask it to end; kill it when patience ends."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_PATIENCE_S)
            except subprocess.TimeoutExpired:
                self.kill()
