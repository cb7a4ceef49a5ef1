"""A kind cluster and a Redis in Docker, made by `deadheat live up`, used by every later command, removed by `down`.

The cluster has a kubeconfig of its own, so the user's is neither read nor changed. What `up` makes is written down in
a state file before it is made, with an id that nobody can guess and that labels the container; `down` removes just
that. A kind cluster has no labels, so one of our name that was there before is refused, and never removed.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from deadheat.live.redaction import redact
from deadheat.sim.errors import LiveError

__all__ = ["UpState", "down", "made_by_up", "read_state", "state_folder", "up"]

CLUSTER = "deadheat"
CONTEXT = f"kind-{CLUSTER}"
REDIS_CONTAINER = "deadheat-redis"
REDIS_IMAGE = "redis:7-alpine"
LABEL = "dev.deadheat.up"
STATE = "up.json"
UP_PATIENCE_S = 600
DOWN_PATIENCE_S = 120
WAIT = "180s"
LINES = 2


@dataclass(frozen=True, slots=True)
class UpState:
    """What `up` has made. `label` is that of the container; until all is made, it is not `complete`."""

    kubeconfig: str
    context: str
    redis_url: str
    label: str = CLUSTER
    complete: bool = True


def state_folder() -> Path:
    """Return the folder of the state file: `deadheat` in XDG_STATE_HOME."""
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "deadheat"


def read_state() -> UpState | None:
    """Return what `up` has made, or None if nothing is up."""
    state = _read()
    return state if state is not None and state.complete else None


def made_by_up() -> str:
    """Return in a phrase what `up` has made, or has begun to make; nothing if there is nothing."""
    state = _read()
    if state is None:
        return ""
    begun = "" if state.complete else ", begun and not finished"
    return f"the kind cluster {CLUSTER} and the Redis container {REDIS_CONTAINER}{begun}"


def up() -> UpState:
    """Make the cluster and the Redis, and write down where they are; does nothing if they are up.

    Raises LiveError if kind or Docker is missing or fails, or a kind cluster of that name is there already; then
    nothing that was begun is left.
    """
    present = read_state()
    if present is not None:
        return present
    _require_tools()
    _remove_what_was_begun()
    if CLUSTER in _run(["kind", "get", "clusters"]).split():
        raise LiveError(
            f"There is a kind cluster {CLUSTER} that `deadheat live up` did not make; use it with --context {CONTEXT}, "
            f"or remove it with `kind delete cluster --name {CLUSTER}`."
        )
    kubeconfig = state_folder() / "kubeconfig"
    begun = UpState(str(kubeconfig), CONTEXT, "", secrets.token_hex(8), complete=False)
    _write(begun)
    try:
        _run(["kind", "create", "cluster", "--name", CLUSTER, "--wait", WAIT, "--kubeconfig", str(kubeconfig)])
        _run(["docker", "run", "--detach", "--name", REDIS_CONTAINER, "--label", f"{LABEL}={begun.label}",
              "--publish", "127.0.0.1::6379", REDIS_IMAGE])  # fmt: skip
        port = _run(["docker", "port", REDIS_CONTAINER, "6379/tcp"]).splitlines()[0].rpartition(":")[2]
    except BaseException:
        _remove(begun)
        raise
    state = replace(begun, redis_url=f"redis://127.0.0.1:{port}/0", complete=True)
    _write(state)
    return state


def down() -> bool:
    """Remove what `up` has made; return whether anything was up. Raises LiveError if kind or Docker fails."""
    if _read() is None:
        return False
    _require_tools()
    _remove_what_was_begun()
    return True


def _read() -> UpState | None:
    path = state_folder() / STATE
    try:
        return UpState(**json.loads(path.read_text()))
    except (FileNotFoundError, NotADirectoryError):  # a user without a home may have a file for one
        return None
    except (ValueError, TypeError, OSError):
        raise LiveError(
            f"The state file {path} cannot be read; remove it, and run `kind delete cluster --name deadheat`."
        ) from None


def _write(state: UpState) -> None:
    """Write the state file, wholly or not at all."""
    folder = state_folder()
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"{STATE}.new"
    draft.write_text(json.dumps(asdict(state), indent=1) + "\n")
    draft.replace(folder / STATE)


def _remove_what_was_begun() -> None:
    state = _read()
    if state is not None:
        _remove(state)


def _remove(state: UpState) -> None:
    """Remove cluster and container; the state file goes last, so that what fails can be tried again."""
    _run(["kind", "delete", "cluster", "--name", CLUSTER, "--kubeconfig", state.kubeconfig])
    ours = ["docker", "ps", "--all", "--quiet", "--filter", f"label={LABEL}={state.label}"]
    for container in _run(ours).split():
        _run(["docker", "rm", "--force", "--volumes", container])
    Path(state.kubeconfig).unlink(missing_ok=True)
    (state_folder() / STATE).unlink(missing_ok=True)


def _require_tools() -> None:
    for tool, purpose in (("docker", "to run containers"), ("kind", "to make a cluster in Docker")):
        if shutil.which(tool) is None:
            raise LiveError(f"There is no `{tool}` on the PATH, which is needed {purpose}.")
    _run(["docker", "version", "--format", "{{.Server.Version}}"])


def _run(command: list[str]) -> str:
    patience_s = UP_PATIENCE_S if "create" in command or "run" in command else DOWN_PATIENCE_S
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=patience_s, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise LiveError(f"`{' '.join(command[:3])}` did not end within {patience_s} s.") from None
    if done.returncode:
        reason = " / ".join(done.stderr.strip().splitlines()[-LINES:])
        raise LiveError(f"`{' '.join(command[:3])}` failed: {redact(reason)}")
    return done.stdout
