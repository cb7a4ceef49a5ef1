"""What is compared with a git ref is what was there: nothing is passed for want of something to compare with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gate.project import RECHECK, RECHECKED, Project

SETTLED = 'return "the Job is left" if flag == "raised" and job == "there" else None'


@pytest.fixture
def project(tmp_path: Path, found: Path) -> Project:
    """A project that is committed, in a folder of its repository."""
    made = Project(tmp_path / "project", cache=found)
    made.commit()
    return made


def test_what_is_not_at_the_ref_is_said_to_be_new(project: Project) -> None:
    project.write("other.py", (project.folder / "cloud.py").read_text())
    project.configure('[[tool.deadheat.check]]\nprotocol = "other.py:PROTOCOL"')
    done = project.gate("--base", "HEAD")
    assert done.code == 0
    assert "(not there yet: other.py:PROTOCOL)" in " ".join(done.out.split())


def test_after_it_was_new_it_is_compared(project: Project) -> None:
    project.git("rm", "--quiet", "--cached", "cloud.py")
    project.commit("without")
    project.git("rm", "--quiet", "-r", "--cached", ".")
    project.git("add", "pyproject.toml")
    project.git("commit", "--quiet", "--message", "nothing but the configuration")
    assert project.gate("--base", "HEAD").code == 0
    project.commit("with")
    project.edit(RECHECK, RECHECKED)
    assert project.gate("--base", "HEAD", "--json").kinds == ["lost"]


def test_a_submodule_is_what_it_was(tmp_path: Path) -> None:
    inner = Project(tmp_path / "inner")
    inner.commit()
    outer = Project(tmp_path / "outer")
    outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner.folder), "sub")
    config = (outer.folder / "pyproject.toml").read_text().replace("cloud.py", "sub/cloud.py")
    outer.write("pyproject.toml", config)
    outer.commit()
    outer.edit(RECHECK, RECHECKED, "sub/cloud.py")
    assert outer.gate("--base", "HEAD", "--json").kinds == ["lost"]


def test_what_git_tells_its_hooks_is_not_taken_for_the_project(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    for name in ("cloud.py", "pyproject.toml"):
        project.write(f"sub/{name}", (project.folder / name).read_text())
    project.commit()
    project.edit(RECHECK, RECHECKED, "sub/cloud.py")
    arguments = ("--config", "sub/pyproject.toml", "--base", "HEAD", "--json")
    assert project.gate(*arguments, GIT_DIR=str(project.folder / ".git"), GIT_PREFIX="").kinds == ["lost"]


def test_a_link_out_of_the_repository_is_refused(project: Project) -> None:
    (project.folder / "cloud.py").rename(project.folder.parent / "cloud.py")
    (project.folder / "cloud.py").symlink_to("../cloud.py")
    project.commit()
    done = project.gate("--base", "HEAD")
    assert done.code == 2
    assert "cloud.py is a link to" in done.err


def test_what_held_as_it_was_asked_is_not_hidden_by_asking_for_more(project: Project) -> None:
    project.edit("crashes=(crash(KILLED),)", "crashes=(crash(KILLED, restarts=False),)")
    project.commit()  # under canceller-killed it is violated already
    project.configure("faults = { canceller-killed = 1 }")
    project.edit(RECHECK, RECHECKED)
    done = project.gate("--base", "HEAD", "--json")
    assert "lost" in done.kinds
    assert any(each["text"].startswith("no-orphan no longer holds: it breaks in") for each in done.json["findings"])


def test_a_configuration_that_was_moved_is_compared_with_where_it_was(project: Project) -> None:
    project.configure("faults = { creator-lost = 1 }")
    project.write(
        "checks/deadheat.toml", '[[check]]\nprotocol = "../cloud.py:PROTOCOL"\nfaults = { creator-lost = 1 }\n'
    )
    (project.folder / "pyproject.toml").unlink()
    project.commit()
    project.git("mv", "checks/deadheat.toml", "deadheat.toml")
    project.write("deadheat.toml", 'up_to = 0\nmutants = false\n[[check]]\nprotocol = "cloud.py:PROTOCOL"\n')
    done = project.gate("--base", "HEAD", "--json")
    assert done.kinds == ["changed"]
    assert "faults were creator-lost=1 and are none" in done.json["findings"][0]["text"]


def test_a_kind_of_fault_that_is_new_is_compared_without_it(project: Project) -> None:
    project.edit(
        "J1 = Label(", 'LATE = Fault("creator-late", "the creator is killed later", "any process")\nJ1 = Label('
    )
    project.edit("(crash(LOST, restarts=False),)", "(crash(LOST, restarts=False), crash(LATE, restarts=False))")
    project.configure("faults = { creator-late = 1 }")
    done = project.gate("--base", "HEAD")
    assert "There is no fault" not in done.err


def test_a_module_that_an_older_role_imports_when_it_runs_would_be_the_newer_one(project: Project) -> None:
    project.write("keys.py", 'FLAG = "raised"\n')
    project.edit('    yield cloud.flag.set("raised")', "    from keys import FLAG\n\n    yield cloud.flag.set(FLAG)")
    project.commit()
    project.edit('"""Cancel it."""', '"""Cancel."""')
    done = project.gate("--base", "HEAD", "--json")
    assert done.kinds == ["inconclusive"]
    assert "imports keys only when it runs" in done.json["findings"][0]["text"]
    assert "deadheat-base-" not in done.out


def test_files_of_data_are_the_older_ones_for_the_older_version(project: Project) -> None:
    project.write("flag.txt", "raised")
    read = 'FLAG = open("flag.txt").read()\nJ1 = Label('
    project.edit("J1 = Label(", read)
    project.edit('cloud.flag.set("raised")', "cloud.flag.set(FLAG)")
    project.edit('(yield cloud.flag.get()) == "raised"', "(yield cloud.flag.get()) == FLAG")
    project.edit('flag == "raised" and', "flag is not None and")
    project.commit()
    project.write("flag.txt", "up")
    assert project.gate("--base", "HEAD", "--json").kinds == ["unsafe-rollout"]


def test_a_folder_for_scratch_may_be_a_link(project: Project) -> None:
    project.write("pk/__init__.py", "")
    project.write("pk/cloud.py", (project.folder / "cloud.py").read_text())
    project.write("pyproject.toml", (project.folder / "pyproject.toml").read_text().replace("cloud.py:", "pk.cloud:"))
    project.commit()
    project.edit('"""Cancel it."""', '"""Cancel."""', "pk/cloud.py")
    project.edit("    yield cloud.flag.set", "    cloud = cloud\n    yield cloud.flag.set", "pk/cloud.py")
    scratch = project.folder.parent / "scratch"
    scratch.mkdir()
    link = project.folder.parent / "link"
    link.symlink_to(scratch)
    done = project.gate("--base", "HEAD", "--json", TMPDIR=str(link))
    assert (done.code, done.kinds) == (0, [])
