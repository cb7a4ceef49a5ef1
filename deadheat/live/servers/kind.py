"""A kind cluster and a Redis in Docker, made by `deadheat live up`, used by every later command, removed by `down`.

The cluster has a kubeconfig of its own, so the user's is neither read nor changed. What `up` made is written down in
a state file; `down` removes just that.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from deadheat.sim.errors import LiveError

__all__ = ["UpState", "down", "read_state", "state_folder", "up"]

CLUSTER = "deadheat"
CONTEXT = f"kind-{CLUSTER}"
REDIS_CONTAINER = "deadheat-redis"
REDIS_IMAGE = "redis:7-alpine"
LABEL = "dev.deadheat.up"
UP_PATIENCE_S = 600
DOWN_PATIENCE_S = 120
WAIT = "180s"
LINES = 2


@dataclass(frozen=True, slots=True)
class UpState:
    """What `up` has made."""

    kubeconfig: str
    context: str
    redis_url: str


def state_folder() -> Path:
    """Return the folder of the state file: `deadheat` in XDG_STATE_HOME."""
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "deadheat"


def read_state() -> UpState | None:
    """Return what `up` has made, or None if nothing is up."""
    path = state_folder() / "up.json"
    try:
        return UpState(**json.loads(path.read_text()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, OSError):
        raise LiveError(
            f"The state file {path} cannot be read; remove it, and run `kind delete cluster --name deadheat`."
        ) from None


def up() -> UpState:
    """Make the cluster and the Redis, and write down where they are; does nothing if they are up.

    Raises LiveError if kind or Docker is missing or fails; then nothing that was begun is left.
    """
    present = read_state()
    if present is not None:
        return present
    _require_tools()
    folder = state_folder()
    folder.mkdir(parents=True, exist_ok=True)
    kubeconfig = folder / "kubeconfig"
    try:
        _run(["kind", "create", "cluster", "--name", CLUSTER, "--wait", WAIT, "--kubeconfig", str(kubeconfig)])
        _run(["docker", "run", "--detach", "--name", REDIS_CONTAINER, "--label", f"{LABEL}={CLUSTER}",
              "--publish", "127.0.0.1::6379", REDIS_IMAGE])  # fmt: skip
        port = _run(["docker", "port", REDIS_CONTAINER, "6379/tcp"]).splitlines()[0].rpartition(":")[2]
    except BaseException:
        _remove(kubeconfig)
        raise
    state = UpState(str(kubeconfig), CONTEXT, f"redis://127.0.0.1:{port}/0")
    (folder / "up.json").write_text(json.dumps(asdict(state), indent=1) + "\n")
    return state


def down() -> bool:
    """Remove what `up` has made; return whether anything was up. Raises LiveError if kind or Docker fails."""
    if read_state() is None:
        return False
    _require_tools()
    _remove(state_folder() / "kubeconfig")
    (state_folder() / "up.json").unlink()
    return True


def _remove(kubeconfig: Path) -> None:
    _run(["kind", "delete", "cluster", "--name", CLUSTER, "--kubeconfig", str(kubeconfig)])
    ours = ["docker", "ps", "--all", "--quiet", "--filter", f"label={LABEL}={CLUSTER}"]
    for container in _run(ours).split():
        _run(["docker", "rm", "--force", "--volumes", container])
    kubeconfig.unlink(missing_ok=True)


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
        raise LiveError(f"`{' '.join(command[:3])}` failed: {reason}")
    return done.stdout
