"""Statuses from a command: `--status-command 'evalctl status {id}'`, run without a shell."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess

from deadheat.live.lookups.base import UnreadableError, fill, printable, require_place, text_of
from deadheat.sim.errors import LiveError, UsageError

__all__ = ["CommandLookup"]


class CommandLookup:
    """What the command prints is the status; nothing printed is no status; any exit code but 0 is a failure."""

    def __init__(self, command: str, timeout_s: float) -> None:
        require_place("--status-command", command)
        try:
            self._arguments = shlex.split(command)
        except ValueError as error:
            raise UsageError(f"--status-command {command!r} cannot be read: {str(error).lower()}.") from None
        if shutil.which(self._arguments[0]) is None:
            raise UsageError(f"There is no command {self._arguments[0]!r} to run for --status-command.")
        self._timeout_s = timeout_s

    def __call__(self, evaluation: str) -> str | None:
        """Run the command."""
        # A session of its own: Ctrl-C is for the sweep, and what the command has started ends with it.
        try:
            process = subprocess.Popen(
                [fill(each, evaluation) for each in self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise LiveError(f"The command {self._arguments[0]!r} cannot be run: {error.strerror}.") from None
        with process:
            try:
                output, complaint = process.communicate(timeout=self._timeout_s)
            except subprocess.TimeoutExpired:
                raise UnreadableError(f"the command took more than {self._timeout_s:g} s", is_failure=True) from None
            finally:
                _end(process)
        if process.returncode != 0:
            said = printable((complaint.decode(errors="replace").strip().splitlines() or [""])[-1])
            raise UnreadableError(f"the command ended with {process.returncode} ({said})", is_failure=True)
        return (text_of(output) or "").strip() or None

    def close(self) -> None:
        """Nothing is open."""


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
