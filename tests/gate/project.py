"""A small project of a user's, with a gate, in a git repository of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from tests.command import deadheat

__all__ = ["CLOUD", "CREATED", "RECHECK", "RECHECKED", "Project"]

CLOUD = '''"""A Job that is created and cancelled."""

from __future__ import annotations

from dataclasses import dataclass

from deadheat import Components, Design, Fault, Label, Steps, crash, one, settled
from deadheat.library import Memory

LOST = Fault("creator-lost", "the creator is killed", "any process can be")
KILLED = Fault("canceller-killed", "the canceller is killed", "any process can be")
J1 = Label("J1", "the Job is created")


@dataclass(frozen=True)
class Cloud(Components):
    """A flag, and a Job."""

    flag: Memory = Memory("flag")
    job: Memory = Memory("job")


def create(cloud: Cloud) -> Steps:
    """Create the Job, unless it was cancelled before or meanwhile."""
    if (yield cloud.flag.get()) == "raised":
        return
    yield J1(cloud.job.set("there"))
    if (yield cloud.flag.get()) == "raised":
        yield cloud.job.set("gone")


def cancel(cloud: Cloud) -> Steps:
    """Cancel it."""
    yield cloud.flag.set("raised")
    if (yield cloud.job.get()) == "there":
        yield cloud.job.set("gone")


@settled("no-orphan", "a cancelled Job is not left")
def no_orphan(flag: str | None, job: str | None) -> str | None:
    """A cancelled Job is not left."""
    return "the Job is left" if flag == "raised" and job == "there" else None


PROTOCOL = Design(
    name="cloud",
    summary="a flag and a recheck",
    source="ours",
    components=Cloud(),
    roles=(
        one("creator", create, crashes=(crash(LOST, restarts=False),)),
        one("canceller", cancel, crashes=(crash(KILLED),)),
    ),
    claims=(no_orphan,),
)
'''

CREATED = '    yield J1(cloud.job.set("there"))\n'
RECHECK = '    if (yield cloud.flag.get()) == "raised":\n        yield cloud.job.set("gone")\n\n\ndef cancel'
RECHECKED = RECHECK.replace('yield cloud.job.set("gone")', "pass")

CONFIG = """
[tool.deadheat]
up_to = {up_to}
mutants = {mutants}

[[tool.deadheat.check]]
protocol = "cloud.py:PROTOCOL"
{more}
"""


class Done(NamedTuple):
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The object that it printed."""
        return json.loads(self.out)

    @property
    def kinds(self) -> list[str]:
        """The kinds of the findings."""
        return [each["kind"] for each in self.json["findings"]]


class Project:
    """The folder, with what one does in it."""

    def __init__(self, folder: Path, *, cache: Path | None = None) -> None:
        self.folder = folder
        self.cache = cache or folder.parent / f"{folder.name}-cache"
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")
        self.write("cloud.py", CLOUD)
        self.configure()

    def copy(self, folder: Path, *, cache: Path | None = None) -> Project:
        """Return a copy of it in a folder, with its cache; or with a copy of that too, if one is named."""
        copied = object.__new__(Project)
        copied.folder, copied.cache = folder, cache or self.cache
        shutil.copytree(self.folder, folder)
        if cache is not None:
            shutil.copytree(self.cache, cache)
        return copied

    def configure(self, more: str = "", *, up_to: int = 0, mutants: bool = False) -> None:
        """Write the configuration, with more of the one check."""
        self.write("pyproject.toml", CONFIG.format(up_to=up_to, mutants=str(mutants).lower(), more=more))

    def write(self, name: str, content: str) -> None:
        """Write a file."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

    def edit(self, before: str, after: str, name: str = "cloud.py") -> None:
        """Change a file; what is to be changed must be in it."""
        content = (self.folder / name).read_text()
        assert before in content
        self.write(name, content.replace(before, after))

    def git(self, *arguments: str) -> str:
        """Run git, as somebody."""
        who = ["-c", "user.name=someone", "-c", "user.email=someone@example.org"]
        done = subprocess.run(
            ["git", *who, *arguments], cwd=self.folder, check=True, capture_output=True, text=True, env=self._env()
        )
        return done.stdout.strip()

    def commit(self, message: str = "as it is") -> str:
        """Commit everything, and return what the commit is called."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start the gate."""
        return subprocess.Popen(
            [sys.executable, "-m", "deadheat", "gate", *arguments],
            cwd=self.folder,
            env={**self._env(), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def gate(self, *arguments: str, **environment: str) -> Done:
        """Run the gate."""
        done = deadheat("gate", *arguments, env={**self._env(), **environment}, cwd=self.folder, timeout=300)
        return Done(done.returncode, done.stdout, done.stderr)

    def _env(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        return {**kept, "DEADHEAT_CACHE": str(self.cache), "COLUMNS": "100", "GIT_CONFIG_GLOBAL": os.devnull}
