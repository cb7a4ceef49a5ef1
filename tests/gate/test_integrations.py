"""Where the gate runs: the action, the hook and the pipelines are valid, and their commands do what they are for."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from deadheat.gate.formats.markdown import MARK
from tests.command import deadheat
from tests.gate.project import RECHECK, RECHECKED, Project

ROOT = Path(__file__).parents[2]
CI = ROOT / "examples" / "ci"
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")

VALID = [
    ("vendor.github-actions", ROOT / "action.yml"),
    ("vendor.github-workflows", ROOT / ".github" / "workflows" / "gate.yml"),
    ("vendor.github-workflows", CI / "github-workflow.yml"),
    ("vendor.gitlab-ci", CI / "gitlab-ci.yml"),
]


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


@pytest.mark.parametrize(("schema", "path"), VALID, ids=[path.name for _, path in VALID])
def test_what_is_for_a_forge_is_valid(schema: str, path: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["validate-manifest", str(ROOT / ".pre-commit-hooks.yaml")],
        ["validate-config", str(CI / "pre-commit-config.yaml")],
    ],
)
def test_what_is_for_pre_commit_is_valid(arguments: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PRE_COMMIT_HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stdout


def test_what_the_action_uses_is_pinned_to_a_commit() -> None:
    used = [each["uses"] for each in read(ROOT / "action.yml")["runs"]["steps"] if "uses" in each]
    [job] = read(ROOT / ".github" / "workflows" / "gate.yml")["jobs"].values()
    used += [each["uses"] for each in job["steps"] if each["uses"] != "./"]
    assert used
    assert all(PINNED.fullmatch(each) for each in used), used


def test_nothing_from_outside_is_put_into_a_script() -> None:
    """An input is a variable of the environment: as part of the script it could be any command."""
    for step in read(ROOT / "action.yml")["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


def test_the_example_of_a_workflow_asks_for_no_more_than_the_action_needs() -> None:
    assert read(CI / "github-workflow.yml")["permissions"] == {"contents": "read", "pull-requests": "write"}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = Project(tmp_path_factory.mktemp("integrations") / "project")
    assert made.gate("--update").code == 0
    made.commit()
    return made


@pytest.fixture
def broken(project: Project) -> Any:
    project.edit(RECHECK, RECHECKED)
    yield project
    project.git("checkout", "--quiet", ".")


GH = """#!{python}
import json, os, sys
with open(os.environ["GH_LOG"], "a") as log:
    fields = [each for each in sys.argv if each.startswith("body=@")]
    body = open(fields[0].removeprefix("body=@")).read() if fields else None
    log.write(json.dumps({{"arguments": sys.argv[1:], "body": body}}) + "\\n")
if os.environ["GH_ANSWER"] == "refused":
    sys.exit("HTTP 403")
if "--jq" in sys.argv:
    print(os.environ["GH_ANSWER"])
"""


class Run:
    """A run of the action's scripts, as the runner does it, with a `gh` that writes down what it is asked."""

    def __init__(self, project: Project, folder: Path, answer: str = "", **inputs: str) -> None:
        action = read(ROOT / "action.yml")
        self.inputs = {name: str(each["default"]) for name, each in action["inputs"].items()} | inputs
        self.folder, self.project, self.said = folder, project, ""
        self.outputs: dict[str, str] = {}
        for program, text in (("gh", GH.format(python=sys.executable)), ("deadheat", self._deadheat())):
            (folder / program).write_text(text)
            (folder / program).chmod(0o755)
        for name in ("summary", "outputs", "gh.log"):
            (folder / name).write_text("")
        self.env = {
            **project._env(),
            "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
            "GITHUB_STEP_SUMMARY": str(folder / "summary"),
            "GITHUB_OUTPUT": str(folder / "outputs"),
            "GITHUB_REPOSITORY": "us/ours",
            "GITHUB_SHA": "1" * 40,
            "GITHUB_REF": "refs/pull/7/merge",
            "GH_LOG": str(folder / "gh.log"),
            "GH_ANSWER": answer,
        }
        self.code = 0
        for step in action["runs"]["steps"]:
            if "run" in step and "pip install" not in step["run"] and self._holds(step.get("if", "")):
                self.code = self._step(step)

    @staticmethod
    def _deadheat() -> str:
        return f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m deadheat "$@"\n'

    def _holds(self, condition: str) -> bool:
        wanted = re.findall(r"inputs\.(\w+) == 'true'", condition)
        return all(self.inputs[each] == "true" for each in wanted)

    def _value(self, text: str) -> str:
        known = {
            **{f"inputs.{name}": value for name, value in self.inputs.items()},
            **{f"steps.gate.outputs.{name}": value for name, value in self.outputs.items()},
            "runner.temp": str(self.folder / "temp"),
            "github.token": "token",
            "github.workflow": "gate",
            "github.event.pull_request.number": "7",
        }
        return re.sub(r"\$\{\{ (.*?) \}\}", lambda found: known[found[1]], text)

    def _step(self, step: dict[str, Any]) -> int:
        env = {name: self._value(str(value)) for name, value in step.get("env", {}).items()}
        env["DEADHEAT_CACHE"] = str(self.project.cache)
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.project.folder / self._value(step.get("working-directory", ".")),
            env={**self.env, **env},
            capture_output=True,
            text=True,
            check=False,
        )
        self.said += done.stdout + done.stderr
        lines = (self.folder / "outputs").read_text().splitlines()
        self.outputs |= dict(each.split("=", 1) for each in lines)
        return done.returncode

    @property
    def summary(self) -> str:
        return (self.folder / "summary").read_text()

    @property
    def asked(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "gh.log").read_text().splitlines()]


def test_the_action_passes_and_says_so(project: Project, tmp_path: Path) -> None:
    run = Run(project, tmp_path)
    assert run.code == 0, run.said
    assert run.summary.startswith(f"{MARK}\n## ✅ deadheat gate")
    assert run.said.startswith("Passed: 1 check")
    assert [each["arguments"][0:2] for each in run.asked] == [["api", "--paginate"]]  # nobody needs a comment


def test_the_action_fails_with_annotations_a_summary_and_a_comment(broken: Project, tmp_path: Path) -> None:
    run = Run(broken, tmp_path, sarif="true")
    assert run.code == 1
    assert run.outputs["exit-code"] == "1"
    assert "::error file=cloud.py,line=" in run.said
    assert "## ❌ deadheat gate" in run.summary
    _, posted, scanned = run.asked
    assert posted["arguments"][:4] == ["api", "--method", "POST", "repos/us/ours/issues/7/comments"]
    assert re.match(r"<!-- deadheat gate [0-9a-f]{16} -->\n", posted["body"])
    assert re.search(r"J1 .* set there", posted["body"])
    assert "repos/us/ours/code-scanning/sarifs" in scanned["arguments"]
    assert json.loads(Path(run.outputs["sarif"]).read_text())["version"] == "2.1.0"


def test_the_action_writes_its_comment_anew_also_when_all_is_well_again(project: Project, tmp_path: Path) -> None:
    run = Run(project, tmp_path, answer="123")
    assert run.code == 0
    assert run.asked[1]["arguments"][:4] == ["api", "--method", "PATCH", "repos/us/ours/issues/comments/123"]
    assert "## ✅ deadheat gate" in run.asked[1]["body"]


def test_without_the_permission_the_action_does_without_a_comment(broken: Project, tmp_path: Path) -> None:
    run = Run(broken, tmp_path, answer="refused")
    assert run.code == 1
    assert "::warning title=deadheat gate::There is no comment" in run.said


def test_a_mistake_in_the_action_s_question_is_no_success(project: Project, tmp_path: Path) -> None:
    run = Run(project, tmp_path, config="no\nwhere.toml")
    assert run.code == 2
    assert "::error title=deadheat gate::deadheat: There is no file no%0Awhere.toml" in run.said
    assert "Nothing was compared" in run.summary
    assert not [line for line in run.said.splitlines() if line.startswith("::") and not line.startswith("::error ")]


def test_the_action_compares_with_a_ref(broken: Project, tmp_path: Path) -> None:
    assert Run(broken, tmp_path, base="HEAD", comment="false").code == 1


def test_the_hook_s_command_fails_where_the_gate_does(project: Project) -> None:
    [hook] = read(ROOT / ".pre-commit-hooks.yaml")
    program, *arguments = shlex.split(hook["entry"])
    assert (program, arguments, hook["pass_filenames"]) == ("deadheat", ["gate"], False)
    assert project.gate(*arguments[1:]).code == 0
    for name in ("cloud.py", "below/deadheat.toml", "deadheat.lock", "pyproject.toml"):
        assert re.search(hook["files"], name), name
    assert not re.search(hook["files"], "README.md")


def test_the_job_of_gitlab_writes_the_reports_that_it_names(broken: Project) -> None:
    job = read(CI / "gitlab-ci.yml")["deadheat"]
    [script] = job["script"]
    program, _, *arguments = shlex.split(script)
    assert program == "deadheat"
    assert broken.gate(*arguments).code == 1
    reports = job["artifacts"]["reports"]
    assert json.loads((broken.folder / reports["codequality"]).read_text())[0]["location"]["path"] == "cloud.py"
    assert "<failure" in (broken.folder / reports["junit"]).read_text()
    assert job["artifacts"]["when"] == "always"  # also where the gate fails, which is when one wants to see them


def test_the_gate_of_the_examples_is_green(tmp_path: Path) -> None:
    """What `.github/workflows/gate.yml` does; after a change that is meant, `--update` says so."""
    env = {**os.environ, "DEADHEAT_CACHE": str(tmp_path)}
    done = deadheat("gate", "--config", str(ROOT / "examples" / "deadheat.toml"), env=env, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("Passed: 3 checks, compared with deadheat.lock.")
