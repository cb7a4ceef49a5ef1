"""Programs that start at once, `deadheat` above all: forked from one that has imported everything already.

Starting Python and importing cost a second of processor time for each command, and the tests give hundreds. What they
start so is a process like any other, with arguments, environment, folder, output and exit code of its own. Where the
start itself is the subject (imports, extras, the interpreter's own options, signals), tests start a real one.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from runpy import run_path
from types import ModuleType
from typing import Any

__all__ = ["PROGRAMS", "deadheat", "forked"]

OTHERS = ("httpx", "kubernetes.client", "prometheus_client", "psycopg", "pytest", "redis", "scipy.optimize")
"""What is imported where it is needed."""

PROGRAMS = ("deadheat", "pytest", "python")
"""What can be forked; `python` is given a file, or a program after `-c`."""


def deadheat(
    *arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; return its exit code and its output. Raises subprocess.TimeoutExpired."""
    return forked("deadheat", *arguments, env=env, cwd=cwd, timeout=timeout)


def forked(
    program: str,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = 120,
    together: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, as above; with `together`, what it complains of is part of its output."""
    with tempfile.TemporaryDirectory() as folder:
        request = {
            "program": program,
            "arguments": arguments,
            "together": together,
            "environment": dict(os.environ if env is None else env),
            "folder": str(cwd or Path.cwd()),
            "output": folder,
            "timeout": timeout,
        }
        channel = _server()
        channel.sendall(json.dumps(request).encode() + b"\n")
        code = json.loads(_line(channel))
        if code is None:
            raise subprocess.TimeoutExpired([program, *arguments], timeout)
        output = (Path(folder) / "1").read_text()
        complaints = "" if together else (Path(folder) / "2").read_text()
    return subprocess.CompletedProcess([program, *arguments], code, output, complaints)


@cache
def _server() -> socket.socket:
    """Start the program to fork from; it ends with this one, when its end of the channel is closed."""
    ours, theirs = socket.socketpair()
    environment = {**os.environ, "PYTHONHASHSEED": "0"}  # which deadheat would otherwise start itself anew for
    command = [sys.executable, "-m", "tests.command", str(theirs.fileno())]
    with theirs:
        server = subprocess.Popen(
            command,
            cwd=Path(__file__).parents[1],
            env=environment,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    atexit.register(server.wait)
    atexit.register(ours.close)  # which goes first
    ours.settimeout(600)  # much longer than any command is given
    return ours


def _line(channel: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        received = channel.recv(65536)
        if not received:
            raise EOFError("the other end is gone")
        line += received
    return line


def serve(channel: socket.socket) -> str:
    """Fork for every request; return, in the child alone, the program to be; end when nobody is there any more."""
    while True:
        try:
            request = json.loads(_line(channel))
        except EOFError:
            os._exit(0)
        child = os.fork()
        if child == 0:
            channel.close()
            become(request)
            return str(request["program"])
        code = ended(child, time.monotonic() + request["timeout"])
        channel.sendall(json.dumps(code).encode() + b"\n")


def become(request: dict[str, Any]) -> None:
    """Take the arguments, the environment, the folder and the output that were asked for."""
    os.environ.clear()
    os.environ.update(request["environment"])
    os.environ["PYTHONHASHSEED"] = "0"
    os.chdir(request["folder"])
    sys.path[0] = request["folder"]
    sys.argv[:] = [*(() if request["program"] == "python" else (request["program"],)), *request["arguments"]]
    sys.orig_argv[:] = [sys.executable, "-m", *sys.argv]
    tempfile.tempdir = None
    for number in (1, 2):
        name = 1 if request["together"] else number
        file = os.open(f"{request['output']}/{name}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(file, number)
        os.close(file)


def run(program: str) -> Any:
    """Be a program; return or raise what it ends with."""
    if program == "python" and sys.argv[0] == "-c":
        code = compile(sys.argv.pop(1), "<string>", "exec")
        main = sys.modules["__main__"] = ModuleType("__main__")
        exec(code, vars(main))
        return 0
    if program == "python":
        run_path(sys.argv[0], run_name="__main__")
        return 0
    if program == "pytest":
        return int(import_module("pytest").main())
    return import_module("deadheat.__main__").main()


def ended(child: int, deadline: float) -> int | None:
    """Return the exit code, negative for a signal; None if it had to be killed."""
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.kill(child, 9)
            os.waitpid(child, 0)
            return None
        time.sleep(0.005)


def end(code: Any) -> None:
    """End as Python does, but leave to the system what was imported: to take it apart takes longer than most commands.

    A code that is no number is left to Python.
    """
    if isinstance(code, int):
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    ours = (each.name for each in walk_packages(import_module("deadheat").__path__, "deadheat."))
    for name in (*ours, *OTHERS):
        if not name.endswith(".__main__"):
            import_module(name)
    gc.collect()
    gc.freeze()  # what is shared with the children shall not be copied for its counts' sake
    wanted = serve(socket.socket(fileno=int(sys.argv[1])))
    try:
        end(run(wanted))
    except SystemExit as ending:
        end(ending.code)
