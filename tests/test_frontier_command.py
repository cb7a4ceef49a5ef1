"""The command that breaks protocols: what is asked of it, what it ends with, and what it says when it is cut short."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.command import deadheat

FEW = ("frontier", "state-machine", "--only", "k8s-refusal,http-retry")


def answered(*arguments: str) -> tuple[int, dict[str, Any]]:
    done = deadheat(*arguments, "--json")
    return done.returncode, {each["property"]: each for each in json.loads(done.stdout)["results"]}


def test_only_the_kinds_that_are_named_are_tried() -> None:
    code, found = answered(*FEW)
    assert code == 0
    assert found["no-permanent-orphan"]["breaking"] == [{"k8s-refusal": 1}]
    assert found["nothing-stuck"]["breaking"] == []
    assert all(each["complete"] for each in found.values())


def test_kinds_are_left_out_and_several_texts_name_them() -> None:
    code, found = answered("frontier", "state-machine", "--only", "k8s-refusal", "--only", "http-retry, cancel-loss",
                           "--without", "k8s-refusal,cancel-loss")  # fmt: skip
    assert (code, found["no-permanent-orphan"]["breaking"]) == (0, [])
    assert found["no-permanent-orphan"]["kinds"] == ["http-retry"]


def test_the_table_says_of_which_kinds_it_speaks_and_what_was_allowed_in_any_case() -> None:
    text = " ".join(
        deadheat("frontier", "state-machine", "--only", "http-retry", "--faults", "cancel-loss=1").stdout.split()
    )
    assert "up to 1 fault of the kind http-retry;" in text
    assert "Covers 1 evaluation, with cancel-loss=1 in any case." in text
    assert "No transient orphan under any single fault that was tried: none." in text
    kinds = "http-retry,k8s-refusal,http-loss,cancel-loss,worker-crash,worker-loss,http-timeout"
    text = " ".join(deadheat("frontier", "state-machine", "--only", kinds, "--up-to", "0").stdout.split())
    assert "of the 7 kinds that were tried" in text


def test_who_leaves_no_kind_to_try_is_told() -> None:
    done = deadheat("frontier", "state-machine", "--only", "http-retry", "--without", "http-retry")
    assert (done.returncode, done.stdout) == (2, "")
    assert "leave no kind of fault to try" in done.stderr


def test_faults_that_are_always_allowed_are_not_counted() -> None:
    _, found = answered(*FEW, "--faults", "k8s-refusal=1", "--up-to", "0")
    assert found["no-permanent-orphan"]["breaking"] == [{}]
    assert found["no-permanent-orphan"]["faults"] == {"k8s-refusal": 1}


BOTH = """
from deadheat import Component, Fault, Model, Process, Property, Step, Steps, operation
from deadheat.sim.model import Kind


class Cell(Component):
    initial = 0

    def __init__(self, name, kind):
        super().__init__(name)
        self.faults = (Fault(kind, "it is set", "a test"),)
        self.kind = kind

    @operation
    def look(self, value):
        return Step(None, 0), Step(None, 1, fault=self.kind)


def role(one, two):
    yield one.look()
    yield two.look()


def model():
    one, two = Cell("one", "first"), Cell("two", "second")
    both = Property("not-both", "", Kind.ALWAYS, ("one", "two"), lambda view: "both" * all(view.values()) or None)
    return Model({"one": one, "two": two}, (Process("p", role, (one, two)),), (both,), {"first": 1, "second": 0})
"""


def test_faults_are_always_allowed_that_a_model_allows_as_often_by_itself(tmp_path: Path) -> None:
    file = tmp_path / "both.py"
    file.write_text(BOTH)
    for budget in ("first=1", "first=2", "first=*"):
        _, found = answered("frontier", f"{file}:model", "--faults", budget)
        assert found["not-both"]["breaking"] == [{"second": 1}], budget
    assert answered("frontier", f"{file}:model")[1]["not-both"]["breaking"] == []


@pytest.mark.parametrize(
    ("required", "name", "code"),
    [("0", "no-permanent-orphan", 0), ("1", "no-permanent-orphan", 1), ("1", "nothing-stuck", 0)],
)
def test_what_is_required_ends_with_one_where_so_few_faults_break_it(required: str, name: str, code: int) -> None:
    assert answered(*FEW, "--require", required, "-p", name)[0] == code


def test_what_is_broken_by_fewer_faults_than_required_is_named() -> None:
    done = deadheat(*FEW, "--require", "1")
    assert (
        "deadheat: --require 1 is not met: 1 fault or fewer can break no-permanent-orphan of state-machine"
        in done.stderr
    )
    done = deadheat(*FEW, "--require", "0")
    assert "--require 0 is not met: no fault is needed to break no-transient-orphan of state-machine" in done.stderr
    assert deadheat(*FEW, "--require", "1", "-p", "nothing-stuck").stderr == ""


def test_as_many_faults_are_tried_as_are_required() -> None:
    _, found = answered(*FEW, "--require", "2", "-p", "nothing-stuck")
    assert found["nothing-stuck"]["up_to"] == 2


def test_more_than_what_is_tried_cannot_be_required() -> None:
    done = deadheat(*FEW, "--require", "2", "--up-to", "1")
    assert (done.returncode, done.stdout) == (2, "")
    assert "raise --up-to to 2" in done.stderr


@pytest.mark.parametrize("option", ["--only", "--without"])
def test_a_kind_that_there_is_not_is_told_the_nearest(option: str) -> None:
    done = deadheat("frontier", "state-machine", option, "http-retry,k8s-refusl")
    assert (done.returncode, done.stdout) == (2, "")
    assert "There is no fault 'k8s-refusl'; did you mean k8s-refusal" in done.stderr


def test_what_a_limit_leaves_undecided_is_said_and_is_no_verdict() -> None:
    code, found = answered(*FEW, "--max-states", "400", "-p", "wanted-job-survives")
    assert code == 3
    assert found["wanted-job-survives"]["complete"] is False
    assert found["wanted-job-survives"]["undecided"]
    done = deadheat(*FEW, "--max-states", "400", "-p", "wanted-job-survives")
    assert "Cut short, since it reached 400 states (--max-states): state-machine" in " ".join(done.stdout.split())


def test_of_what_a_checkpoint_keeps_nothing_is_said(tmp_path: Path) -> None:
    file = tmp_path / "decided"
    done = deadheat(*FEW, "--max-states", "400", "--checkpoint", str(file))
    assert done.returncode == 3
    assert f"{file} keeps nothing of state-machine: one search decides all sets of it, and begins anew." in done.stderr
    assert deadheat(*FEW, "--checkpoint", str(file)).stderr == ""
    of_two = deadheat(*FEW, "name-tombstone", "--max-states", "400", "--checkpoint", str(file))
    assert "state-machine, name-tombstone: one search decides all sets of each, and begins anew." in of_two.stderr


def test_what_was_broken_before_a_limit_is_shown() -> None:
    code, found = answered(*FEW, "--max-states", "400")
    assert code == 3
    assert found["no-transient-orphan"]["breaking"] == [{}]
    assert found["no-transient-orphan"]["complete"] is True
