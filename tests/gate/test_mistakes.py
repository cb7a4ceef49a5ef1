"""What goes wrong around a gate is one sentence and no success: configuration, lock, git, and the user's own code."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.gate.project import CLOUD, CREATED, RECHECK, RECHECKED, Project


@pytest.fixture
def project(green: Project, tmp_path: Path) -> Project:
    """A project whose gate is green, to be broken, with a cache that knows it."""
    return green.copy(tmp_path / "project", cache=tmp_path / "cache")


CONFIGURATIONS = {
    "checks = 1": "{file}:2: There is no key of tool.deadheat 'checks'; did you mean check or lock?",
    "up_to = 9": "{file}:2: up_to of tool.deadheat is 9; give it a whole number from 0 to 5.",
    "up_to = true": "{file}:2: up_to of tool.deadheat is True; give it a whole number from 0 to 5.",
    'time_limit = "soon"': (
        '{file}:2: time_limit of tool.deadheat is \'soon\'; give it a duration such as "90s" or "10m".'
    ),
    "[[tool.deadheat.check]]": (
        '{file}:2: tool.deadheat.check, number 1, names no protocol; add protocol = "ours.py:PROTOCOL".'
    ),
    '[[tool.deadheat.check]]\nprotocol = "cloud.py:PROTOCOL"\nfault = 1': (
        "{file}:4: There is no key of tool.deadheat.check, number 1, 'fault'; did you mean faults or"
    ),
    '[[tool.deadheat.check]]\nprotocol = "cloud.py:PROTOCOL"\nfaults = { creator-lost = -1 }': (
        "{file}:4: faults of tool.deadheat.check, number 1, is {'creator-lost': -1}; give it a table of how often each "
        'kind may happen, such as { worker-crash = 1 } or { worker-crash = "*" }.'
    ),
    '[[tool.deadheat.check]]\nprotocol = "cloud.py:PROTOCOL"\nexpect = "green"': (
        "{file}:4: expect of tool.deadheat.check, number 1, is 'green'; give it \"holds\", or a table such as "
        '{ no-permanent-orphan = "violated" }, of holds, violated, vacuous, inconclusive.'
    ),
    '[tool.deadheat.check]\nprotocol = "cloud.py:PROTOCOL"': (
        "{file}: check of tool.deadheat is {'protocol': 'cloud.py:PROTOCOL'}; give it two brackets, as in [[check]], "
        "for there may be several."
    ),
    "": '{file} names nothing to check; add [[tool.deadheat.check]] with protocol = "ours.py:PROTOCOL".',
}


@pytest.mark.parametrize("content", CONFIGURATIONS)
def test_a_mistake_in_the_configuration_is_told(project: Project, content: str) -> None:
    project.write("pyproject.toml", f"[tool.deadheat]\n{content}\n")
    done = project.gate()
    said = CONFIGURATIONS[content].replace("{file}", str(project.folder / "pyproject.toml"))
    assert (done.code, done.out) == (2, "")
    assert done.err.removesuffix("\n").startswith(f"deadheat: {said}")


def test_what_is_no_toml_is_told(project: Project) -> None:
    project.write("pyproject.toml", "[tool.deadheat\n")
    done = project.gate()
    assert done.code == 2
    assert "pyproject.toml is no TOML: " in done.err
    assert len(done.err.splitlines()) == 1


def test_one_check_that_is_asked_for_twice_is_told(project: Project) -> None:
    project.configure('[[tool.deadheat.check]]\nprotocol = "cloud.py:PROTOCOL"')
    done = project.gate()
    assert (done.code, "asks for cloud.py:PROTOCOL twice" in done.err) == (2, True)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('properties = ["no-orphn"]', "'no-orphn'; did you mean no-orphan?"),
        ("faults = { creator-los = 1 }", "'creator-los'; did you mean creator-lost?"),
        ('expect = { no-orphn = "holds" }', "'no-orphn'; did you mean no-orphan?"),
        ('must_reach = ["J2"]', "'J2'; did you mean J1?"),
        ('must_reach = ["flg.get=raised"]', "'flg.get'; did you mean flag.get"),
        ('allow_unreached = ["J2"]', "'J2'; did you mean J1?"),
    ],
)
def test_a_name_that_there_is_not_is_told_with_the_nearest(project: Project, more: str, said: str) -> None:
    project.configure(more)
    done = project.gate()
    assert (done.code, done.out) == (2, "")
    assert said in " ".join(done.err.split())
    assert done.err.startswith(f"deadheat: {project.folder / 'pyproject.toml'}:6: There is no ")
    assert len(done.err.splitlines()) == 1


def test_a_protocol_that_there_is_not_is_told_with_the_line_of_its_check(project: Project) -> None:
    """And a file that cannot be imported once, with its own line, in however many checks it is."""
    head = "[[tool.deadheat.check]]\nprotocol ="
    project.configure(f'{head} "clod.py:PROTOCOL"\n{head} "cloud.py:PROTCOL"')
    done = project.gate()
    first, second = done.err.splitlines()
    assert first.startswith(f"deadheat: {project.folder / 'pyproject.toml'}:8: There is no file clod.py; ")
    assert second.startswith(
        f"{project.folder / 'pyproject.toml'}:10: There is no object in cloud.py named 'PROTCOL'; "
    )
    project.configure('evaluations = 2\n[[tool.deadheat.check]]\nprotocol = "cloud.py:PROTOCOL"')
    project.edit("PROTOCOL = Design", "import helper_that\nPROTOCOL = Design")
    [only] = project.gate().err.splitlines()
    assert "cannot be imported: ModuleNotFoundError: No module named 'helper_that'" in only


def test_a_byte_order_mark_is_no_mistake(project: Project) -> None:
    path = project.folder / "pyproject.toml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert project.gate().code == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "deadheat.lock is empty; write it with deadheat gate --update."),
        ("[]", "is no lock of deadheat; move it away, or give `lock` another name."),
        ("{", "; mend it, take it from the last commit, or move it away and write one with deadheat gate --update."),
        (
            "<<<<<<< ours\n{}\n=======\n{}\n>>>>>>> theirs\n",
            "has the marks of a merge conflict in it; take either side",
        ),
        (
            '{"format": "deadheat-lock", "version": 7, "deadheat": "9.1"}',
            "is a lock of form 7, made by deadheat 9.1, and this is deadheat ",
        ),
        ('{"format": "deadheat-lock", "version": 1, "checks": {"a": 1}}', "is no lock (Expected `object`"),
    ],
)
def test_a_lock_that_cannot_be_read_is_told(project: Project, content: str, said: str) -> None:
    project.write("deadheat.lock", content)
    done = project.gate()
    assert (done.code, done.out) == (2, "")
    assert said in done.err


BROKEN = {
    "raises": (CREATED, '    raise ValueError("oh")\n', "cloud.py:27"),
    "hangs": (CREATED, "    while True:\n        pass\n", "cloud.py:2"),
    "is impure": (CREATED, f"    import random\n    if random.random() < 2:\n    {CREATED}", ""),
    "is no Python": (CREATED, "    yield (\n", "cloud.py:"),
    "ends the program": ("PROTOCOL = Design", "import os; os._exit(0)\nPROTOCOL = Design", "ended the program"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_protocol_that_cannot_be_judged_is_never_green(project: Project, kind: str) -> None:
    before, after, said = BROKEN[kind]
    project.edit(before, after)
    done = project.gate()
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert "Traceback" not in done.err


def test_a_protocol_has_so_much_time_as_is_said(project: Project) -> None:
    project.configure('time_limit = "1s"')
    project.edit("PROTOCOL = Design", "import time; time.sleep(5)\nPROTOCOL = Design")
    done = project.gate()
    assert (done.code, done.out) == (2, "")
    assert "cloud.py:PROTOCOL was not decided within 1 s; raise its time_limit" in done.err


def test_a_git_ref_that_there_is_not_is_told(project: Project) -> None:
    done = project.gate("--base", "mian")
    assert (done.code, done.out) == (2, "")
    assert "There is no git ref 'mian' to compare with; give a branch, a tag or a commit" in done.err


def test_a_shallow_clone_is_told_how_to_get_the_rest(project: Project, tmp_path: Path) -> None:
    first = project.git("rev-parse", "HEAD")
    project.write("more.txt", "more")
    project.commit()
    project.git("clone", "--quiet", "--depth=1", f"file://{project.folder}", str(tmp_path / "shallow"))
    project.folder = tmp_path / "shallow"
    done = project.gate("--base", first)
    assert (done.code, done.out) == (2, "")
    assert "this clone is shallow; fetch it first (git fetch --unshallow" in done.err


def test_where_there_is_no_repository_there_is_no_base(project: Project) -> None:
    shutil.rmtree(project.folder / ".git")
    done = project.gate("--base", "HEAD")
    assert (done.code, done.out) == (2, "")
    assert "git rev-parse failed in" in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("--accept", "lost-0123456789", "--reason", "x", "--until", "2999-01-01"),
            "There is no finding 'lost-0123456789'",
        ),
        (("--accept", "lost-0123456789", "--until", "2999-01-01"), "--accept needs a reason and a day"),
        (("--accept", "lost-0123456789", "--reason", "x", "--until", "soon"), "'soon' is no day for --until"),
        (
            ("--accept", "lost-0123456789", "--reason", "x", "--until", "2025-01-01"),
            "2025-01-01 is over; give --until a day to come.",
        ),
        (("--base", "HEAD", "--update"), "--update writes the lock from what is found now and --base compares"),
        (("--format", "junit", "--output", "deadheat.lock"), "--output deadheat.lock would take the place of"),
        (("--format", "junit", "--output", "./cloud.py"), "--output cloud.py would take the place of a file"),
        (("--format", "json", "--output", "pyproject.toml"), "--output pyproject.toml would take the place of"),
        (
            ("--format", "json", "--output", "a", "--format", "junit", "--output", "b/../a"),
            "Two formats would go to one",
        ),
        (("--reason", "x"), "--reason and --until belong to --accept ID"),
        (("--format", "jsn"), "There is no format 'jsn'; did you mean json"),
        (("--output", "a.json"), "There is an --output a.json without a --format"),
        (("--format", "json", "--json"), "Two formats would go to the terminal"),
        (("--config", "none.toml"), "There is no file none.toml"),
    ],
)
def test_a_mistaken_option_is_told(project: Project, arguments: tuple[str, ...], said: str) -> None:
    before = {each: each.read_bytes() for each in project.folder.iterdir() if each.is_file()}
    done = project.gate(*arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert len(done.err.splitlines()) == 1
    assert {each: each.read_bytes() for each in project.folder.iterdir() if each.is_file()} == before


def test_without_any_configuration_that_is_told(project: Project, tmp_path: Path) -> None:
    project.folder = tmp_path / "empty"
    project.folder.mkdir()
    done = project.gate()
    assert done.code == 2
    assert "Nothing is configured here: no deadheat.toml, and no pyproject.toml with [tool.deadheat]" in done.err


# The cache, and several gates at once


def test_two_gates_at_once_say_what_one_says(project: Project) -> None:
    shutil.rmtree(project.cache)
    project.edit(RECHECK, RECHECKED)
    both = [project.start("--json") for _ in range(2)]
    outs = [each.communicate(timeout=300)[0] for each in both]
    assert [each.returncode for each in both] == [1, 1]
    assert outs[0] == outs[1]
    assert json.loads(outs[0])["findings"][0]["kind"] == "lost"


@pytest.mark.parametrize(
    "damage", [lambda content: content[: len(content) // 2], lambda content: b"", lambda _: b"x\n{}"]
)
def test_what_is_damaged_in_the_cache_is_found_anew(project: Project, damage: object) -> None:
    assert callable(damage)
    kept = list((project.cache / "gate").iterdir())
    assert kept
    for path in kept:
        path.write_bytes(damage(path.read_bytes()))
    assert project.gate("--json").code == 0


def test_a_cache_that_cannot_be_written_is_no_failure(project: Project) -> None:
    shutil.rmtree(project.cache)
    project.cache.write_text("a file, and no folder")
    assert project.gate("--json").code == 0


def test_what_a_protocol_reads_counts_whatever_file_it_is_in(project: Project) -> None:
    project.write("words.py", 'GONE = "gone"\n')
    project.edit("from deadheat.library import Memory", "from deadheat.library import Memory\nfrom words import GONE")
    project.edit('cloud.job.set("gone")', "cloud.job.set(GONE)")
    project.commit()
    assert project.gate("--json").json["refactored"] == ["cloud.py:PROTOCOL"]
    project.edit('"gone"', '"there"', "words.py")
    done = project.gate("--base", "HEAD", "--json")
    assert (done.code, done.kinds) == (1, ["lost"])
    assert project.gate("--json").code == 1


def test_a_protocol_in_a_package_is_compared_with_what_it_was_and_not_with_itself(project: Project) -> None:
    project.write("src/cloudy/__init__.py", "")
    project.write("src/cloudy/race.py", CLOUD)
    project.edit("cloud.py:PROTOCOL", "cloudy.race:PROTOCOL", "pyproject.toml")
    project.commit()
    paths = {"PYTHONPATH": str(project.folder / "src")}
    assert project.gate("--base", "HEAD", "--json", **paths).code == 0
    project.edit(RECHECK, RECHECKED, "src/cloudy/race.py")
    done = project.gate("--base", "HEAD", "--json", **paths)
    assert (done.code, [each["kind"] for each in done.json["findings"]]) == (1, ["lost"])


def test_a_protocol_that_is_new_has_nothing_to_lose(project: Project) -> None:
    project.git("rm", "--cached", "--quiet", "cloud.py")
    project.git("rm", "--cached", "--quiet", "deadheat.lock")
    (project.folder / "deadheat.lock").unlink()
    project.git("commit", "--quiet", "--message", "without")
    assert project.gate("--base", "HEAD").code == 0


# What an answer that was kept depends on


def lost_after(project: Project, **environment: str) -> bool:
    """Return whether a guarantee is lost, by what is kept and by a cache that knows nothing: they must agree."""
    kept = project.gate("--json", **environment)
    project.cache = project.cache.with_name("empty")
    anew = project.gate("--json", **environment)
    assert (kept.code, kept.json["findings"]) == (anew.code, anew.json["findings"])
    return "lost" in kept.kinds


def with_setting(project: Project, setting: str) -> None:
    """Let it depend on a setting whether the flag is looked at again."""
    project.edit(
        RECHECK, RECHECK.replace('yield cloud.job.set("gone")', 'yield cloud.job.set("gone" if AGAIN else "there")')
    )
    project.edit("LOST = Fault", f"{setting}\nLOST = Fault")
    assert project.gate("--update").code == 0


def test_a_file_of_data_outside_of_the_folder_counts(project: Project) -> None:
    file = project.folder.parent / "limits.json"
    file.write_text("true")
    with_setting(project, f"import json, pathlib\nAGAIN = json.loads(pathlib.Path({str(file)!r}).read_text())")
    file.write_text("false")
    assert lost_after(project)


def test_a_module_that_was_looked_for_in_vain_counts(project: Project) -> None:
    with_setting(project, "try:\n    from local_settings import AGAIN\nexcept ImportError:\n    AGAIN = True")
    project.write("local_settings.py", "AGAIN = False\n")
    assert lost_after(project)


def test_a_file_that_was_looked_for_in_vain_counts(project: Project) -> None:
    with_setting(project, "try:\n    AGAIN = open('again').read() == 'yes'\nexcept OSError:\n    AGAIN = True")
    project.write("again", "no")
    assert lost_after(project)


def test_an_environment_variable_counts(project: Project) -> None:
    with_setting(project, "import os\nAGAIN = os.environ.get('LOOK_AGAIN', '1') == '1'")
    assert project.gate().code == 0
    assert lost_after(project, LOOK_AGAIN="0")


def test_a_dependency_that_is_not_there_at_the_base_is_no_protocol_that_is_new(project: Project) -> None:
    project.write("pkg/__init__.py", "")
    project.write("pkg/race.py", f"import gone_since\n{CLOUD}".replace("from __future__ import annotations", ""))
    project.edit("cloud.py:PROTOCOL", "pkg.race:PROTOCOL", "pyproject.toml")
    project.commit()
    project.write("pkg/race.py", CLOUD)
    done = project.gate("--base", "HEAD")
    assert (done.code, done.out) == (2, "")
    assert "pkg.race imports gone_since, which is not there" in done.err


@pytest.mark.parametrize("content", ["", '{"format": "deadheat-lock", "version": 7, "deadheat": "9.1"}'])
def test_a_lock_of_another_form_and_an_empty_one_are_written_anew(content: str, project: Project) -> None:
    project.write("deadheat.lock", content)
    assert project.gate().code == 2
    assert project.gate("--update").code == 0
    assert project.gate().code == 0


def test_what_is_no_lock_or_a_damaged_one_is_not_overwritten(project: Project) -> None:
    project.edit('"checks": {', '<<<<<<< HEAD\n"checks": {', "deadheat.lock")
    damaged = (project.folder / "deadheat.lock").read_text()
    done = project.gate("--update")
    assert (done.code, (project.folder / "deadheat.lock").read_text()) == (2, damaged)
    project.edit("up_to = 0", 'up_to = 0\nlock = "cloud.py"', "pyproject.toml")
    done = project.gate("--update")
    assert (done.code, (project.folder / "cloud.py").read_text()) == (2, CLOUD)


def test_a_verdict_that_there_is_not_is_no_lock(project: Project) -> None:
    project.edit('"verdict": "holds"', '"verdict": "held"', "deadheat.lock")
    done = project.gate()
    assert (done.code, "is no lock (Invalid enum value 'held'" in done.err) == (2, True)
