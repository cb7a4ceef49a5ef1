"""The stage of `--topology processes`: the director stays here, the protocol's processes are programs of their own."""

from __future__ import annotations

import os
import secrets
import sys
import threading
import time
from collections.abc import Iterable
from functools import partial
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from typing import Any

from deadheat.live.adapters.together import Adapters
from deadheat.live.forcing.director import Done, Release
from deadheat.live.forcing.runner import Killed, ProcessThread, Stopped
from deadheat.live.forcing.stage import Stage
from deadheat.live.interruption import uninterrupted
from deadheat.live.servers.folders import ServerFolder
from deadheat.live.servers.processes import ServerProcess
from deadheat.live.topology.config import ChildConfig
from deadheat.sim.errors import LiveError
from deadheat.sim.model import Crash, Process
from deadheat.sim.operations import Instant, Request

__all__ = ["ProcessStage", "is_program"]

START_PATIENCE_S = 60.0
LOOK_S = 0.5
GONE_PATIENCE_S = 2.0
SOCKET_PATH_MAX = 104


USERS = ("user", "resubmission")
"""The roles that stand for people, and stay in the program of the director."""


def is_program(process: Process) -> bool:
    """Return whether a process is a program of its own; users and what servers do by themselves stay here."""
    return not process.is_environment and process.part not in USERS


class ProcessStage(Stage):
    """Runs each process of a protocol as an operating-system process; a crash is SIGKILL.

    `config` is what all children are told alike. Nothing else happens at a crash: that connections break and that an
    unacknowledged message comes back is left to the operating system and the broker.
    """

    def __init__(self, adapters: Adapters, config: ChildConfig) -> None:
        super().__init__(adapters)
        self._folder = ServerFolder("children")
        self._authkey = secrets.token_bytes(16)
        # Not TCP: what waits for an acknowledgement there costs 40 ms a step.
        self._address = _address_in(self._folder.path)
        try:
            self._listener = Listener(self._address, authkey=self._authkey)
        except OSError as error:
            self._folder.close()
            raise LiveError(
                f"No socket can be made in {self._folder.path} ({error}); set TMPDIR to a folder with a shorter path."
            ) from None
        self._config = config
        self._children: dict[str, ServerProcess] = {}
        self._is_over = False
        self._answering = threading.Thread(target=self._answer, name="deadheat-control", daemon=True)
        self._answering.start()

    def start(self, processes: Iterable[Process]) -> None:
        """Start threads and programs; return when each program is held at its first operation."""
        for process in processes:
            if is_program(process):
                self._spawn(process.name)
            else:
                self._threads.append(ProcessThread(process, self.director))
        for name in list(self._children):
            if not self.pending(name):
                raise LiveError(f"The program of {name} did not start within {START_PATIENCE_S:g} s.")

    def pending(self, name: str) -> tuple[Instant, ...]:
        """Return what a process waits to do; raises LiveError if its program has ended by itself."""
        deadline = time.monotonic() + START_PATIENCE_S
        while time.monotonic() < deadline:
            pending = self.director.pending(name, LOOK_S)
            if pending:
                return pending
            if name in self._children:
                self._children[name].require_alive()
        return ()

    def crash(self, process: Process, crash: Crash) -> Done:
        """Kill a program that is held; start it anew if it restarts."""
        started = time.perf_counter()
        self.kill(process.name)
        for operation in crash.consequences.operations:
            if operation.name == "refuse":  # what nobody can see from here: that it will not come back
                self.adapters.perform(operation)
        if crash.restarts:
            self._spawn(process.name)
        if crash.restarts and process.part == "cancel":
            self._ask_again(process)
        return Done(crash.consequences, None, time.perf_counter() - started)

    def _ask_again(self, process: Process) -> None:
        """Let the user repeat the request that the killed handler had, as soon as its successor is there."""
        assert process.key is not None
        _, _, number = process.name.partition(f"{process.key}/")
        self.pending(process.name)
        self.adapters.user.send_again(process.key, int(number or 1))

    def kill(self, name: str) -> None:
        """SIGKILL the program of this process, which is held."""
        self._children.pop(name).kill()
        self.director.kill(name, restarts=False)  # this ends the thread here that speaks for it

    def stop(self) -> None:
        """End all processes, and remove what they were told."""
        with uninterrupted():
            self._stop()

    def _stop(self) -> None:
        super().stop()
        for child in self._children.values():
            child.kill()  # they have nothing to tidy up that is not removed with the run
        self._is_over = True
        self._wake_up()
        self._answering.join()
        self._listener.close()
        self._folder.close()

    def _spawn(self, name: str) -> None:
        import dataclasses

        path = self._folder.path / f"{name.replace('/', '-')}-{secrets.token_hex(2)}"
        config = dataclasses.replace(self._config, process=name, control=self._address, authkey=self._authkey.hex())
        config.save(path.with_suffix(".json"))
        command = [sys.executable, "-P", "-m", "deadheat.live.topology.child", str(path.with_suffix(".json"))]
        self._children[name] = ServerProcess(name, command, path.with_suffix(".log"))

    def _answer(self) -> None:
        """Take in the children's connections, each in a thread of its own."""
        while not self._is_over:
            try:
                connection = self._listener.accept()
            except Exception:  # somebody who does not know the key, or who is gone already
                continue
            threading.Thread(target=self._speak_for, args=(connection,), daemon=True).start()

    def _wake_up(self) -> None:
        import socket

        with socket.socket(socket.AF_UNIX) as visitor:
            visitor.connect(self._address)

    def _speak_for(self, connection: Connection[Any, Any]) -> None:
        """Hold a child at each of its requests, and pass on what the director says."""
        with connection:
            try:
                name: str = connection.recv()
                while True:
                    request: Request = connection.recv()
                    self.director.hold(name, request, partial(self._remotely, connection, name))
            except Stopped:
                _say_stop(connection)
            except (Killed, EOFError, OSError):
                return

    def _remotely(self, connection: Connection[Any, Any], name: str, operation: Instant, release: Release) -> Done:
        """Let a child make an operation, and return what it did."""
        try:
            connection.send(release)
            done: Done = connection.recv()
        except (EOFError, OSError):
            return Done(operation, None, 0.0, self._why_gone(name, operation))
        if done.error is None:
            self.adapters.notice(operation)
        return done

    def _why_gone(self, name: str, operation: Instant) -> LiveError:
        """Return why a program does not answer, in its own last words if it has ended."""
        deadline = time.monotonic() + GONE_PATIENCE_S
        while (child := self._children.get(name)) is not None and time.monotonic() < deadline:
            try:
                child.require_alive()
            except LiveError as error:
                return error
            time.sleep(LOOK_S / 10)
        return LiveError(f"The program that does {operation} ended by itself.")


def _address_in(folder: Path) -> str:
    """Return the address of a socket in a folder; with a path too long for one, in no folder, where there is that."""
    path = str(folder / "control")
    if len(os.fsencode(path)) < SOCKET_PATH_MAX or sys.platform != "linux":
        return path
    return f"\0{folder.name}-{secrets.token_hex(8)}"


def _say_stop(connection: Connection[Any, Any]) -> None:
    try:
        connection.send(None)
    except OSError:
        return
