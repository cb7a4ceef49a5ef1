"""What a program prints after lines of it were read while it ran."""

from __future__ import annotations

import subprocess
import threading
from typing import IO

__all__ = ["rest_of"]


def rest_of(running: subprocess.Popen[str], timeout_s: float, told: str | None = None) -> tuple[str, str]:
    """Wait for a program's end; return what it still wrote to its output and its error output.

    `Popen.communicate` reads the pipes themselves: a line that an earlier `readline` left in a buffer is lost.
    `told` is written to its input first. Raises TimeoutExpired if it does not end, and kills it.
    """
    rest: dict[str, str] = {}

    def read(name: str, stream: IO[str]) -> None:
        with stream:
            rest[name] = stream.read()

    streams = {"out": running.stdout, "err": running.stderr}
    readers = [
        threading.Thread(target=read, args=(name, stream)) for name, stream in streams.items() if stream is not None
    ]
    for each in readers:
        each.start()
    try:
        if told is not None:
            assert running.stdin is not None
            running.stdin.write(told)
            running.stdin.flush()
        running.wait(timeout_s)
    except subprocess.TimeoutExpired:
        running.kill()
        raise
    for each in readers:
        each.join(timeout_s)
    return rest.get("out", ""), rest.get("err", "")
