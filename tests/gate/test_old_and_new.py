"""Old and new of one project side by side: what both define is one thing, in whichever of their files it is."""

from __future__ import annotations

from pathlib import Path

from tests.gate.project import CLOUD, Project

STATES = """
from dataclasses import dataclass
from enum import Enum

from deadheat.library import Column, Memory, Record


class State(Enum):
    RAISED = "raised"


class Job(Record, table="jobs"):
    id: Column[str]
    state: Column[str]


class Flag(Memory):
    pass
"""

DATABASE = "from deadheat.library import Database, Memory"

WITH_STATES = (
    CLOUD.replace('"raised"', "State.RAISED")
    .replace("flag: str", "flag: State")
    .replace('flag: Memory = Memory("flag")', 'flag: Flag = Flag("flag")\n    db: Database = Database("db", Job)')
    .replace(
        '    """Cancel it."""\n',
        '    """Cancel it."""\n    yield cloud.db.insert(Job("j1", "new"))\n'
        '    yield cloud.db.update(Job, Job.state.to("old"), Job.id == "j1")\n',
    )
)
"""The same, with values, a table and a component of classes of the project's own."""

RAISES = "    yield cloud.flag.set(State.RAISED)\n"
LOOKS_TWICE = (RAISES, f"    yield cloud.job.get()\n{RAISES}")


def test_what_both_define_beside_the_protocol_is_one_thing(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    imported = f"{DATABASE}\nfrom states import Flag, Job, State"
    project.write("cloud.py", WITH_STATES.replace("from deadheat.library import Memory", imported))
    project.write("states.py", STATES)
    project.commit()
    project.edit(*LOOKS_TWICE)
    done = project.gate("--base", "HEAD", "--json")
    assert (done.code, done.json["findings"]) == (0, [])
