"""Statuses from a command: `--status-command 'evalctl status {id}'`, run without a shell."""

from __future__ import annotations

import os
import selectors
import shlex
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from typing import IO, cast

from deadheat.live.lookups.base import UnreadableError, fill, printable, require_place, text_of
from deadheat.sim.errors import LiveError, UsageError

__all__ = ["CommandLookup"]

OUTPUT_MAX = 1 << 20
CHUNK = 1 << 16
LOOK_S = 0.02
"""How often it is looked whether a command has ended whose pipes are still open, or the other way round."""


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
                output, complaint = _read(process, time.monotonic() + self._timeout_s)
            except TimeoutError:
                raise UnreadableError(f"the command took more than {self._timeout_s:g} s", is_failure=True) from None
            finally:
                _end(process)
        if process.returncode != 0:
            said = printable((complaint.decode(errors="replace").strip().splitlines() or [""])[-1])
            raise UnreadableError(f"the command ended with {process.returncode} ({said})", is_failure=True)
        return (text_of(output) or "").strip() or None

    def close(self) -> None:
        """Nothing is open."""


def _read(process: subprocess.Popen[bytes], deadline: float) -> tuple[bytes, bytes]:
    """Return what the command printed until it ended, and the end of its complaints; raises TimeoutError.

    What it has started may hold the pipes for longer than it lives, so it is its own end that counts, not theirs.
    """
    assert process.stdout is not None
    assert process.stderr is not None
    printed = {process.stdout: b"", process.stderr: b""}
    has_ended = False
    with selectors.DefaultSelector() as selector:
        for pipe in printed:
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map() or not has_ended:
            ready = selector.select(LOOK_S) if selector.get_map() else []
            for key, _ in ready:
                pipe = cast("IO[bytes]", key.fileobj)
                chunk = os.read(key.fd, CHUNK)
                printed[pipe] += chunk
                if not chunk:
                    selector.unregister(pipe)
            printed[process.stderr] = printed[process.stderr][-CHUNK:]
            if len(printed[process.stdout]) > OUTPUT_MAX:
                raise UnreadableError("the command prints more than a megabyte")
            if has_ended and not ready:  # somebody who has left the session still has the pipes
                break
            if not has_ended and _has_ended(process):
                has_ended = True
                _kill_session(process)
            if time.monotonic() > deadline:
                raise TimeoutError
            if not has_ended and not selector.get_map():
                time.sleep(LOOK_S / 10)
    return printed[process.stdout], printed[process.stderr]


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Return whether the command has ended, without reaping it: until then nobody else can have its id."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _kill_session(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):  # nobody is left, or only who became somebody else
        os.killpg(process.pid, signal.SIGKILL)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the command with all that it has started, however it came out, and reap it."""
    if process.returncode is None:
        _kill_session(process)
        process.wait()
