"""`live up` and `live down`: what they ask of kind and Docker. Stand-ins record the commands; no cluster is made."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from deadheat.live.servers import kind
from deadheat.live.servers.kind import UpState, down, read_state, up
from deadheat.sim.errors import LiveError

STAND_IN = """#!/bin/sh
echo "{tool} $*" >> "{log}"
case "$*" in
  "port "*) echo 127.0.0.1:40123 ;;
  "ps "*) echo 0123abc ;;
  "get clusters") echo "{clusters}" ;;
  {failing}*) echo "the reason" >&2; exit 1 ;;
esac
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()
    for tool in ("sh", "echo"):
        source = next(Path(folder, tool) for folder in ("/bin", "/usr/bin") if Path(folder, tool).exists())
        os.symlink(source, tmp_path / "bin" / tool)
    return tmp_path


def install(home: Path, *tools: str, failing: str = "nothing", clusters: str = "other") -> None:
    for tool in tools:
        path = home / "bin" / tool
        path.write_text(STAND_IN.format(tool=tool, log=home / "log", failing=failing, clusters=clusters))
        path.chmod(0o755)


def commands(home: Path) -> list[str]:
    log = home / "log"
    return log.read_text().splitlines() if log.exists() else []


def test_up_makes_a_cluster_with_a_kubeconfig_of_its_own_and_a_redis_on_loopback(home: Path) -> None:
    install(home, "docker", "kind")
    state = up()
    kubeconfig = str(home / "state" / "deadheat" / "kubeconfig")
    assert state == UpState(kubeconfig, "kind-deadheat", "redis://127.0.0.1:40123/0", state.label)
    assert len(state.label) == 16
    assert read_state() == state
    assert f"kind create cluster --name deadheat --wait 180s --kubeconfig {kubeconfig}" in commands(home)
    assert any("--publish 127.0.0.1::6379" in each for each in commands(home))
    before = commands(home)
    assert up() == state  # a second time, nothing is made
    assert commands(home) == before


def test_down_removes_what_up_made_and_nothing_else(home: Path) -> None:
    install(home, "docker", "kind")
    assert not down()
    assert commands(home) == []
    label = up().label
    assert down()
    assert read_state() is None
    removals = [each for each in commands(home) if " rm " in each or "delete" in each]
    kubeconfig = home / "state" / "deadheat" / "kubeconfig"
    assert removals == [
        f"kind delete cluster --name deadheat --kubeconfig {kubeconfig}",
        "docker rm --force --volumes 0123abc",
    ]
    assert f"docker ps --all --quiet --filter label=dev.deadheat.up={label}" in commands(home)
    assert not down()


def test_up_that_fails_half_way_leaves_nothing(home: Path) -> None:
    install(home, "docker", "kind", failing="run")
    with pytest.raises(LiveError, match=r"^`docker run --detach` failed: the reason$"):
        up()
    assert read_state() is None
    assert any(each.startswith("kind delete cluster") for each in commands(home))


@pytest.mark.parametrize(("installed", "missing"), [((), "docker"), (("docker",), "kind")])
def test_a_missing_tool_is_named(home: Path, installed: tuple[str, ...], missing: str) -> None:
    install(home, *installed)
    with pytest.raises(LiveError, match=f"There is no `{missing}` on the PATH"):
        up()


def test_a_docker_without_its_engine_is_a_sentence(home: Path) -> None:
    install(home, "docker", "kind", failing="version")
    with pytest.raises(LiveError, match="`docker version --format` failed: the reason"):
        up()
    assert read_state() is None


def test_a_broken_state_file_is_named(home: Path) -> None:
    folder = home / "state" / "deadheat"
    folder.mkdir(parents=True)
    (folder / "up.json").write_text(json.dumps({"port": 1}))
    with pytest.raises(LiveError, match=r"up\.json cannot be read; remove it, and run"):
        read_state()


def test_a_cluster_of_our_name_that_was_there_before_is_refused_and_never_deleted(home: Path) -> None:
    install(home, "docker", "kind", clusters="deadheat")
    with pytest.raises(LiveError, match="There is a kind cluster deadheat that `deadheat live up` did not make"):
        up()
    assert not down()
    assert not any("delete" in each or " rm " in each for each in commands(home))


def test_what_a_killed_up_has_begun_is_known_and_goes_with_down(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(home, "docker", "kind")

    def killed(command: list[str]) -> str:
        if "create" in command:
            raise SystemExit
        return ""

    with monkeypatch.context() as patched:
        patched.setattr(kind, "_remove", lambda state: None)  # nothing is done by who is killed
        patched.setattr(kind, "_run", killed)
        with pytest.raises(SystemExit):
            up()
    assert read_state() is None
    assert "begun and not finished" in kind.made_by_up()
    assert down()
    assert any(each.startswith("kind delete cluster --name deadheat ") for each in commands(home))
    assert kind.made_by_up() == ""


def test_a_removal_that_fails_can_be_tried_again(home: Path) -> None:
    install(home, "docker", "kind")
    up()
    install(home, "docker", "kind", failing="delete")
    with pytest.raises(LiveError, match="`kind delete cluster` failed: the reason"):
        down()
    install(home, "docker", "kind")
    assert down()
