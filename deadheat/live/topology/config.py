"""What a child process is told: written by the parent to a file that only its user can read."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path

from deadheat.models.world import World, build
from deadheat.scenarios.catalogue import find_protocol
from deadheat.sim.model import Process

__all__ = ["ChildConfig"]


@dataclasses.dataclass(frozen=True, slots=True)
class ChildConfig:
    """Which process a child runs, on which servers, and where its parent listens (a Unix socket).

    `ports` maps the name of each process that serves HTTP to its loopback port; `watch_from` is the resource version
    from which on a watch tells of Jobs, so that one that is started anew misses none.
    """

    process: str
    protocol: str
    evaluations: int
    faults: Mapping[str, int]
    redis_url: str
    status_url: str | None
    kubeconfig: str | None
    context: str
    run: str
    namespace: str
    lease_ms: int
    patience_s: float
    image: str
    command: tuple[str, ...]
    ports: Mapping[str, int]
    watch_from: str | None
    control: str
    authkey: str

    def save(self, path: Path) -> None:
        """Write it to a file."""
        path.touch(mode=0o600)
        path.write_text(json.dumps(dataclasses.asdict(self)))

    @classmethod
    def load(cls, path: Path) -> ChildConfig:
        """Read it from a file."""
        content = json.loads(path.read_text())
        return cls(**{**content, "command": tuple(content["command"])})

    def world(self) -> World:
        """Return the world that the process belongs to."""
        return build(find_protocol(self.protocol), self.evaluations, self.faults)

    def own_process(self) -> Process:
        """Return the process that the child runs."""
        return next(each for each in self.world().processes if each.name == self.process)
