"""Where a finding is shown: in which file of the repository, and on which line.

A path is relative to the repository, and not to the configuration's folder, since that is how GitHub and GitLab know
files; without a repository, to that folder.
"""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from deadheat.gate.config import Config
from deadheat.gate.findings import Finding
from deadheat.gate.surveys import Step, Witness

__all__ = ["Place", "Places"]

REFERENCE = re.compile(r"(?P<where>[^:]+):(?P<name>\w+)")


class Place(NamedTuple):
    """A line of a file of the repository."""

    path: str
    line: int


class Places:
    """The places of what a gate found by a configuration."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._root = config.root.resolve()
        above = (each for each in (self._root, *self._root.parents) if (each / ".git").exists())
        self._repository = next(above, self._root)

    def of(self, finding: Finding) -> Place:
        """Return where a finding is: at the step that loses the race, where the protocol is, or where it is named."""
        return self._of_witness(finding.witness) or self.of_protocol(finding)

    def of_protocol(self, finding: Finding) -> Place:
        """Return where a finding's protocol is defined, or else where the configuration names it."""
        found = REFERENCE.match(finding.check.protocol)
        if found is not None:
            module = found["where"].replace(".", "/")
            names = [found["where"]] if found["where"].endswith(".py") else [f"{module}.py", f"{module}/__init__.py"]
            definition = re.compile(rf"(?:(?:async )?def |class )?{found['name']}\b")
            for name in names:
                place = self._line_in(self._root / name, definition)
                if place is not None:
                    return place
        return (
            self._line_in(self._config.file, re.compile(rf".*\"{re.escape(finding.check.protocol)}\"")) or self._first
        )

    def of_step(self, step: Step) -> Place | None:
        """Return where a step is asked for, if that is in the repository."""
        return self._there(step.file, step.line)

    def _of_witness(self, witness: Witness | None) -> Place | None:
        if witness is None:
            return None
        lost = witness.lost_at or len(witness.steps)
        nearest = (*reversed(witness.steps[:lost]), *witness.steps[lost:])
        places = (self.of_step(each) for each in nearest)
        return next((each for each in places if each is not None), self._there(witness.file, witness.line))

    @cached_property
    def _first(self) -> Place:
        return self._there(str(self._config.file), 1) or Place(self._config.file.name, 1)

    def _line_in(self, path: Path, wanted: re.Pattern[str]) -> Place | None:
        """Return the first line of a file that begins with what is wanted, or its first line; None without a file."""
        try:
            lines = path.read_text("utf-8").splitlines()
        except (OSError, ValueError):
            return None
        return self._there(str(path), next((at for at, line in enumerate(lines, start=1) if wanted.match(line)), 1))

    def _there(self, file: str | None, line: int | None) -> Place | None:
        if file is None:
            return None
        path = (self._root / file).resolve()
        if not path.is_relative_to(self._repository):
            return None
        return Place(path.relative_to(self._repository).as_posix(), max(1, line or 1))
