"""Programs of the gate that run users' code: each in a process of its own, which is ended with all that it started.

Such a program may hang, end itself, or start others that stay. It reads its question on one line of stdin, which is
open for as long as whoever asks lives: at its end it kills its process group, itself with it. What it says goes to
files, so that nobody waits for whatever else has them open.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock, Thread
from typing import IO, NamedTuple

__all__ = ["Said", "answering", "ask", "ended_if_interrupted"]

SEED = "PYTHONHASHSEED"
"""What the order of a set of text depends on; the program `deadheat` has set it, pytest has not."""

_lock = Lock()
_running: set[subprocess.Popen[bytes]] = set()
_ending = False


class Said(NamedTuple):
    """What a program wrote on stdout and stderr, and the code with which it ended."""

    out: bytes
    err: bytes
    code: int


def ask(module: str, question: bytes, root: Path, paths: Mapping[str, str] | None, seconds: float) -> Said:
    """Run a module as a program, in a folder and with these environment variables too, and return what it says.

    Raises TimeoutExpired if it takes longer than so many seconds, and InterruptedError if nobody wants it any more.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = _started([sys.executable, "-m", module], out, err, root, {SEED: "0", **os.environ, **(paths or {})})
        assert process.stdin is not None
        try:
            with suppress(BrokenPipeError):
                process.stdin.write(question + b"\n")
                process.stdin.flush()
            code = process.wait(seconds)
        finally:
            _end(process)
        for each in (out, err):
            each.seek(0)
        return Said(out.read(), err.read(), code)


def _started(
    command: list[str], out: IO[bytes], err: IO[bytes], root: Path, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    with _lock:
        if _ending:
            raise InterruptedError
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=err,
            cwd=root,
            env=environment,
            start_new_session=True,
        )
        _running.add(process)
        return process


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process, and what it has started and left in its group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdin is not None:
        with suppress(BrokenPipeError):
            process.stdin.close()
    with _lock:
        _running.discard(process)


@contextmanager
def ended_if_interrupted() -> Iterator[None]:
    """End all such programs, and start none any more, where what is done meanwhile comes to an end by an exception."""
    global _ending
    _ending = False
    try:
        yield
    except BaseException:
        with _lock:
            _ending = True
            running = list(_running)
        for each in running:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(each.pid, signal.SIGKILL)
        raise


def answering(answer: Callable[[bytes], bytes]) -> None:
    """Be such a program: read the question, say the answer on stdout, and end with whoever asks."""
    results, questions = os.dup(1), os.dup(0)
    os.dup2(2, 1)  # what users' code prints is no answer
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # and what it reads is no question
    question = b""
    while not question.endswith(b"\n"):
        more = os.read(questions, 1 << 16)
        if not more:
            return
        question += more
    Thread(target=_end_with, args=(questions,), daemon=True).start()
    content = answer(question)
    os.ftruncate(results, 0)  # what was printed before we came to it, by a sitecustomize for one, is no answer either
    os.lseek(results, 0, os.SEEK_SET)
    with open(results, "wb") as out:
        out.write(content)
    os._exit(0)  # whatever threads users' code has left


def _end_with(questions: int) -> None:
    """Wait for the end of whoever asks, and end with it, and with all that was started here."""
    with suppress(OSError):
        while os.read(questions, 1):
            pass
    os.killpg(0, signal.SIGKILL)
