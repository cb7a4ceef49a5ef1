"""The plugin for pytest: checks are tests, judged as the gate judges them, and nothing is done where there are none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.gate.project import CLOUD, CONFIG, RECHECK, RECHECKED, Project

pytest_plugins = ["pytester"]

MORE = '[[tool.deadheat.check]]\nprotocol = "cloud.py:PROTOCOL"\nfaults = { canceller-killed = 1 }\n'
BROKEN = CLOUD.replace(RECHECK, RECHECKED)


@pytest.fixture
def kept(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that all these tests have, and no other one has."""
    folder = tmp_path_factory.getbasetemp() / "deadheat-cache"
    monkeypatch.setenv("DEADHEAT_CACHE", str(folder))
    return folder


@pytest.fixture
def project(pytester: pytest.Pytester, kept: Path) -> Project:
    """A project in the folder in which pytest is run: two checks, and no lock."""
    made = Project(pytester.path / "made", cache=kept)
    for path in made.folder.iterdir():
        path.rename(pytester.path / path.name)
    made.folder = pytester.path
    made.configure(MORE)
    return made


def test_checks_are_tests(project: Project, pytester: pytest.Pytester) -> None:
    done = pytester.runpytest("-v", "-p", "no:cacheprovider")
    done.assert_outcomes(passed=2)
    done.stdout.fnmatch_lines(
        [
            "deadheat: checks of pyproject.toml",
            "pyproject.toml::cloud.py:PROTOCOL PASSED*",
            "pyproject.toml::cloud.py:PROTOCOL (canceller-killed=1) PASSED*",
        ]
    )


def test_a_failure_shows_what_was_found_and_how_it_happens_and_no_traceback(
    project: Project, pytester: pytest.Pytester
) -> None:
    project.write("cloud.py", BROKEN)
    done = pytester.runpytest("-k", "canceller-killed")
    done.assert_outcomes(failed=1, deselected=1)
    done.stdout.fnmatch_lines(
        [
            "*deadheat: cloud.py:PROTOCOL (canceller-killed=1)*",
            "cloud.py:35: lost: no-orphan is violated, and expected is that it holds: it breaks*",
            "How it happens, in 5 steps*",
            "*J1 * set there*",
        ]
    )
    assert "Traceback" not in done.stdout.str()
    assert "pytest_plugin.py" not in done.stdout.str()


def test_without_a_lock_what_the_configuration_expects_judges(project: Project, pytester: pytest.Pytester) -> None:
    project.write("cloud.py", BROKEN)
    project.configure('expect = { no-orphan = "violated" }')
    pytester.runpytest().assert_outcomes(passed=1)


def test_with_a_lock_it_judges(project: Project, pytester: pytest.Pytester) -> None:
    project.write("cloud.py", BROKEN)
    project.configure()
    assert project.gate("--update").code == 0
    pytester.runpytest().assert_outcomes(passed=2)  # the check, and that the lock is in step with the configuration
    project.write("cloud.py", CLOUD)
    done = pytester.runpytest()
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(["cloud.py:*: changed: What the protocol does has changed*gained: no-orphan holds*"])


def test_what_is_in_the_lock_and_no_longer_checked_fails(project: Project, pytester: pytest.Pytester) -> None:
    assert project.gate("--update").code == 0
    project.configure()
    done = pytester.runpytest()
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(["*cloud.py:PROTOCOL (canceller-killed=1) is in the lock and no longer in*"])
    project.configure(MORE + MORE.replace("canceller-killed", "creator-lost"))
    done = pytester.runpytest()
    done.assert_outcomes(passed=3, failed=1)
    done.stdout.fnmatch_lines(["*cloud.py:PROTOCOL (creator-lost=1) is not in the lock*"])


def test_an_accepted_finding_passes_until_its_day(project: Project, pytester: pytest.Pytester) -> None:
    project.configure()
    assert project.gate("--update").code == 0
    project.write("cloud.py", BROKEN)
    [finding] = project.gate("--json").json["findings"]
    project.gate("--accept", finding["id"], "--reason", "known", "--until", "2999-01-31")
    pytester.runpytest().assert_outcomes(passed=2)
    project.edit("2999-01-31", "2001-01-31", "deadheat.lock")  # time goes by
    done = pytester.runpytest()
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(["Was accepted until 2001-01-31, and that is over: known"])


def test_only_the_first_failure_and_only_the_last_failures_can_be_run(
    project: Project, pytester: pytest.Pytester
) -> None:
    project.write("cloud.py", BROKEN)
    pytester.runpytest("-x").assert_outcomes(failed=1)
    project.write("cloud.py", CLOUD)
    done = pytester.runpytest("--lf", "-v")
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(["pyproject.toml::cloud.py:PROTOCOL PASSED*"])


def test_a_check_can_be_named_as_pytest_names_it(project: Project, pytester: pytest.Pytester) -> None:
    pytester.runpytest("pyproject.toml::cloud.py:PROTOCOL (canceller-killed=1)").assert_outcomes(passed=1)
    pytester.runpytest("pyproject.toml").assert_outcomes(passed=2)
    pytester.runpytest("-m", "deadheat", "-k", "not canceller-killed").assert_outcomes(passed=1, deselected=1)


def test_checks_run_in_several_processes(project: Project, pytester: pytest.Pytester) -> None:
    project.write("test_own.py", "def test_own(): pass\n")
    pytester.runpytest_subprocess("-n", "2").assert_outcomes(passed=3)
    project.write("cloud.py", BROKEN)
    done = pytester.runpytest_subprocess("-n", "2")
    done.assert_outcomes(passed=1, failed=2)
    done.stdout.fnmatch_lines(["*How it happens, in 5 steps*"])


def test_they_belong_to_all_tests_and_to_none_that_were_named(project: Project, pytester: pytest.Pytester) -> None:
    """A run of one file of tests does not wait for them; a run of all does, wherever the tests are."""
    project.write("tests/test_own.py", "def test_own(): pass\n")
    text = (project.folder / "pyproject.toml").read_text() + '\n[tool.pytest.ini_options]\ntestpaths = ["tests"]\n'
    project.write("pyproject.toml", text)
    pytester.runpytest().assert_outcomes(passed=3)
    pytester.runpytest_subprocess("-n", "2").assert_outcomes(passed=3)
    pytester.runpytest("tests").assert_outcomes(passed=1)
    pytester.runpytest(".").assert_outcomes(passed=3)


@pytest.mark.parametrize("option", [["--no-deadheat"], ["-p", "no:deadheat"]])
def test_it_can_be_switched_off(option: list[str], project: Project, pytester: pytest.Pytester) -> None:
    project.write("test_own.py", "def test_own(): pass\n")
    pytester.runpytest_subprocess(*option).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    "content", ["", "[tool.other]\ndeadheat = 1\n", "[tool.deadheat]\nup_to = 1\n", "[tool]\ndeadheat = 1\n"]
)
def test_where_no_check_is_asked_for_nothing_happens(content: str, pytester: pytest.Pytester) -> None:
    pytester.makepyprojecttoml(content)
    pytester.makepyfile("def test_own(): pass")
    done = pytester.runpytest()
    done.assert_outcomes(passed=1)
    assert "deadheat:" not in done.stdout.str()


def test_it_costs_a_run_without_checks_nothing(pytester: pytest.Pytester) -> None:
    script = (
        "import sys, pytest\nclass Look:\n    def pytest_sessionfinish(self):\n"
        "        ours = sorted(each for each in sys.modules if each.startswith('deadheat'))\n"
        "        print('LOADED', ours, 'numpy' in sys.modules)\n"
        "pytest.main(['-q', '-p', 'no:benchmark', '-p', 'no:hypothesispytest'], plugins=[Look()])\n"
    )
    pytester.makepyfile(test_own="def test_own(): pass")
    done = subprocess.run([sys.executable, "-c", script], cwd=pytester.path, capture_output=True, text=True, check=True)
    [line] = [each for each in done.stdout.splitlines() if "LOADED" in each]
    assert line.endswith("LOADED ['deadheat', 'deadheat.lazy', 'deadheat.pytest_plugin', 'deadheat.version'] False"), (
        line
    )


def test_a_mistake_in_the_configuration_is_one_sentence(project: Project, pytester: pytest.Pytester) -> None:
    project.configure('protocoll = "x"')
    done = pytester.runpytest()
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*protocoll*protocol*"])
    assert "Traceback" not in done.stdout.str()


def test_an_own_file_that_is_no_toml_is_told_of(pytester: pytest.Pytester) -> None:
    (pytester.path / "deadheat.toml").write_text("[[check\n")
    done = pytester.runpytest()
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*deadheat.toml is no TOML*"])


def test_a_mistake_in_a_protocol_is_one_sentence(project: Project, pytester: pytest.Pytester) -> None:
    project.write("cloud.py", "PROTOCOL = 1 / 0\n")
    done = pytester.runpytest("-x")
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["cloud.py:1 cannot be imported: ZeroDivisionError: division by zero."])
    assert "Traceback" not in done.stdout.str()


def test_a_file_of_its_own_goes_first(project: Project, pytester: pytest.Pytester) -> None:
    project.write("deadheat.toml", '[[check]]\nprotocol = "cloud.py:PROTOCOL"\nup_to = 0\nmutants = false\n')
    done = pytester.runpytest("-v")
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(["deadheat.toml::cloud.py:PROTOCOL PASSED*"])


def test_what_a_test_module_calls_a_test_and_can_be_checked_is_one(pytester: pytest.Pytester, kept: Path) -> None:
    pytester.makepyfile(
        cloud=CLOUD,
        broken=BROKEN,
        test_own="from broken import PROTOCOL as test_broken\nfrom cloud import PROTOCOL as test_cloud, PROTOCOL\n",
    )
    done = pytester.runpytest_subprocess("-v")
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(["test_own.py::test_cloud PASSED*", "no-orphan is violated.", "*J1 * set there*"])
    assert "pytest_plugin.py" not in done.stdout.str()


def test_this_repository_has_no_check_of_its_own_in_its_root() -> None:
    """Or every run of these tests would survey it."""
    root = Path(__file__).parents[2]
    assert not (root / "deadheat.toml").exists()
    assert "[tool.deadheat" not in (root / "pyproject.toml").read_text()
    assert "tool.deadheat.check" in CONFIG
