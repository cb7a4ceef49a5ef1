"""The command that breaks protocols: what is asked of it, what it ends with, and what it says when it is cut short."""

from __future__ import annotations

import json
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


def test_faults_that_are_always_allowed_are_not_counted() -> None:
    _, found = answered(*FEW, "--faults", "k8s-refusal=1", "--up-to", "0")
    assert found["no-permanent-orphan"]["breaking"] == [{}]


@pytest.mark.parametrize(
    ("required", "name", "code"),
    [("0", "no-permanent-orphan", 0), ("1", "no-permanent-orphan", 1), ("1", "nothing-stuck", 0)],
)
def test_what_is_required_ends_with_one_where_so_few_faults_break_it(required: str, name: str, code: int) -> None:
    assert answered(*FEW, "--require", required, "-p", name)[0] == code


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


def test_what_was_broken_before_a_limit_is_shown() -> None:
    code, found = answered(*FEW, "--max-states", "400")
    assert code == 3
    assert found["no-transient-orphan"]["breaking"] == [{}]
    assert found["no-transient-orphan"]["complete"] is True
