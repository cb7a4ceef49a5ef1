"""A PostgreSQL of our own: `initdb` and `postgres` from where Debian keeps them, or from the PATH."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from deadheat.live.servers.processes import free_port, wait_until

DEBIAN = Path("/usr/lib/postgresql")
USERS = ("postgres", "nobody")
START_PATIENCE_S = 30.0
STOP_PATIENCE_S = 10.0
FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
"""Nothing that it holds has to outlive a test."""


def postgres_programs() -> Path | None:
    """Return the folder of the newest server's programs, or None."""
    found = [each.parent for each in DEBIAN.glob("*/bin/initdb") if each.parents[1].name.isdigit()]
    if found:
        return max(found, key=lambda folder: int(folder.parent.name))
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


@contextmanager
def postgres_server(programs: Path) -> Iterator[str]:
    """Start a server on a free loopback port, under a password of its own; yield its URL, and stop it at the end.

    Where `setpriv` exists (Linux), the kernel asks it to end even if the tests are killed.
    """
    whom = unprivileged()
    home = Path(tempfile.mkdtemp(prefix="deadheat-postgres-"))
    password, port = secrets.token_hex(16), free_port()
    try:
        (home / "password").write_text(password)
        if whom:
            shutil.chown(home, whom["user"], whom["group"])
            shutil.chown(home / "password", whom["user"], whom["group"])
        initialise(programs, home, whom)
        with running(programs, home, port, whom) as server:
            url = f"postgresql://deadheat:{password}@127.0.0.1:{port}/postgres"
            wait_until(lambda: answers(url, server, home / "log"), START_PATIENCE_S, "PostgreSQL did not answer")
            yield url
    finally:
        shutil.rmtree(home)


def unprivileged() -> dict[str, Any]:
    """Return whom to run it as: PostgreSQL refuses root. Nothing means whoever runs the tests."""
    if os.getuid() != 0:
        return {}
    for name in USERS:
        with suppress(KeyError):
            user = pwd.getpwnam(name)
            return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise LookupError(f"PostgreSQL does not run as root, and there is no user {' or '.join(USERS)}")


def initialise(programs: Path, home: Path, whom: dict[str, Any]) -> None:
    command = [f"{programs}/initdb", "-D", f"{home}/data", "-U", "deadheat", "-A", "scram-sha-256", "-E", "UTF8"]
    options = ["--locale=C", "--no-sync", f"--pwfile={home}/password"]
    done = subprocess.run([*command, *options], cwd=home, capture_output=True, text=True, check=False, **whom)
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def running(programs: Path, home: Path, port: int, whom: dict[str, Any]) -> Iterator[subprocess.Popen[bytes]]:
    guard = ["setpriv", "--pdeathsig", "INT"] if shutil.which("setpriv") else []
    settings = ["listen_addresses=127.0.0.1", f"port={port}", "unix_socket_directories=", *FAST]
    command = [*guard, f"{programs}/postgres", "-D", f"{home}/data", *(f"--{setting}" for setting in settings)]
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(
            command, cwd=home, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **whom
        )
    try:
        yield server
    finally:
        server.send_signal(signal.SIGINT)  # whoever is still connected does not keep it up
        try:
            server.wait(STOP_PATIENCE_S)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def answers(url: str, server: subprocess.Popen[bytes], log: Path) -> bool:
    import psycopg

    assert server.poll() is None, log.read_text(errors="replace")
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
