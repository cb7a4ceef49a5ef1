"""No kept answer is taken before the protocol was loaded anew, whatever it was told by, and is what it was."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from deadheat.gate.config import Check
from deadheat.gate.identities import identities
from tests.gate.project import CLOUD, RECHECK, Project

CHECK = Check("cloud.py:PROTOCOL")

HEAD = "from __future__ import annotations\n"


def told_by(how: str) -> str:
    """Return the protocol, which looks again only if it is told so."""
    return CLOUD.replace(HEAD, f"{HEAD}\n{how}\n").replace(
        RECHECK, RECHECK.replace("    if (yield", "    if AGAIN and (yield")
    )


def database(folder: Path, again: int) -> None:
    """Write a database that tells it."""
    with sqlite3.connect(folder / "told.db") as connection:
        connection.execute("create table if not exists told(again)")
        connection.execute("delete from told")
        connection.execute("insert into told values(?)", (again,))
    connection.close()


WAYS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "a file that is there": (
        "import pathlib\nAGAIN = not pathlib.Path('never.flag').exists()",
        lambda folder: os.mkdir(folder / "never.flag"),
    ),
    "a folder's files": (
        "import glob\nAGAIN = not glob.glob('conf.d/*')",
        lambda folder: os.makedirs(folder / "conf.d" / "one"),
    ),
    "a text of variables": (
        "import os.path\nAGAIN = os.path.expandvars('$LOOK_AGAIN') != '0'",
        lambda _: os.environ.__setitem__("LOOK_AGAIN", "0"),
    ),
    "all variables": (
        "import os\nAGAIN = {**os.environ}.get('LOOK_AGAIN') != '0'",
        lambda _: os.environ.__setitem__("LOOK_AGAIN", "0"),
    ),
    "a database": (
        "import sqlite3\nAGAIN = bool(sqlite3.connect('told.db').execute('select again from told').fetchone()[0])",
        lambda folder: database(folder, 0),
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_whatever_tells_a_protocol_what_it_does_is_noticed(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOK_AGAIN", "1")  # and so it is taken back
    how, change = WAYS[way]
    (tmp_path / "cloud.py").write_text(told_by(how))
    database(tmp_path, 1)
    before = identities([CHECK], tmp_path)
    assert before.keys() == {CHECK.name}
    assert identities([CHECK], tmp_path) == before
    change(tmp_path)
    assert identities([CHECK], tmp_path)[CHECK.name] != before[CHECK.name]


def test_what_cannot_be_loaded_has_no_identity_and_hinders_nobody(tmp_path: Path) -> None:
    (tmp_path / "cloud.py").write_text(CLOUD)
    (tmp_path / "broken.py").write_text("raise SystemError\n")
    found = identities([Check("broken.py:PROTOCOL"), CHECK, Check("gone.py:PROTOCOL")], tmp_path)
    assert found.keys() == {CHECK.name}


def test_the_gate_takes_no_answer_of_what_was_told_otherwise(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    project.write("cloud.py", told_by(WAYS["a file that is there"][0]))
    assert project.gate("--update").code == 0
    (project.folder / "never.flag").mkdir()
    assert project.gate("--json").kinds == ["lost"]


def test_a_cache_within_the_project_is_no_blindfold(tmp_path: Path) -> None:
    project = Project(tmp_path / "project", cache=tmp_path / "project")
    assert project.gate("--update").code == 0
    project.edit(RECHECK, RECHECK.replace('yield cloud.job.set("gone")', "pass"))
    assert project.gate("--json").kinds == ["lost"]


def test_an_environment_in_bytes_may_be_read(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    project.write("cloud.py", told_by("import os\nAGAIN = os.environb.get(b'LOOK_AGAIN', b'1') == b'1'"))
    assert project.gate("--update").code == 0
