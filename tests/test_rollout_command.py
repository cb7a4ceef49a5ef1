"""`deadheat rollout`: the answer first, exit codes, and one sentence for what cannot be asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.command import deadheat

BREAKING = """
from dataclasses import replace

from deadheat.library import REFUSED, baseline, key_of


def dispatch(system, request):
    if (yield system.redis.get(key_of("go", request.evaluation))) is None:
        return REFUSED
    return (yield from baseline.dispatch(system, request))


def worker(system, task):
    yield system.redis.set(key_of("go", task.evaluation), "yes")
    yield from baseline.worker(system, task)


OLD = replace(baseline.BASELINE, name="old", worker=worker, dispatch=dispatch)
NEW = replace(baseline.BASELINE, name="new", worker=baseline.worker, dispatch=baseline.dispatch)


def other_dispatch(system, request):
    if (yield system.redis.get(key_of("up", request.evaluation))) is None:
        return REFUSED
    return (yield from baseline.dispatch(system, request))


def other_worker(system, task):
    yield system.redis.set(key_of("up", task.evaluation), "yes")
    yield from baseline.worker(system, task)


OTHER = replace(baseline.BASELINE, name="other", worker=other_worker, dispatch=other_dispatch)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ours.py").write_text(BREAKING)
    return tmp_path


def test_some_order_is_safe_is_0_and_the_answer_stands_first(folder: Path) -> None:
    done = deadheat("rollout", "ours.py:OLD", "ours.py:NEW", "-p", "uncancelled-gets-job", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1].startswith("Safe: dispatch, then worker.")


def test_no_order_is_safe_is_1_and_the_least_unsafe_is_named(folder: Path) -> None:
    done = deadheat("rollout", "ours.py:OLD", "ours.py:OTHER", "-p", "uncancelled-gets-job", cwd=folder)
    assert done.returncode == 1, done.stderr
    answer = " ".join(done.stdout.splitlines()[1:3])
    assert "No order is safe: even worker, then dispatch comes through the stops" in answer
    found = json.loads(
        deadheat("rollout", "ours.py:OLD", "ours.py:OTHER", "-p", "uncancelled-gets-job", "--json", cwd=folder).stdout
    )["results"][0]
    assert found["safe_orders"] == []
    assert {"new": ["worker"], "mixed": []}.items() <= found["stops"][3].items()
    assert found["stops"][3]["violated"] == ["uncancelled-gets-job"]


def test_what_was_cut_short_is_3() -> None:
    done = deadheat("rollout", "baseline", "request-token", "--max-states", "5")
    assert done.returncode == 3
    assert "Not judged" in done.stdout


def test_a_stop_is_shown_saved_and_replayed(tmp_path: Path) -> None:
    arguments = ("rollout", "baseline", "name-tombstone", "--show", "3")
    done = deadheat(*arguments, "--save", "stop.json", cwd=tmp_path)
    assert done.returncode == 0
    assert "Stop 3 of 9: cancel is old and new at one time, all else is old." in done.stdout
    assert "cancel (new)" in done.stdout
    replayed = deadheat("replay", "stop.json", cwd=tmp_path)
    assert replayed.returncode == 0, replayed.stderr
    assert "worker (old)" in replayed.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("baseline", "baseline"), "given twice"),
        (("baseline", "nobody"), "There is no protocol 'nobody'"),
        (("baseline", "request-token", "--faults", "flood=1"), "There is no fault 'flood'"),
        (("baseline", "request-token", "-p", "nothing"), "There is no property 'nothing'"),
        (("baseline", "request-token", "--show", "99"), "There is no stop 99; there are 21"),
        (("baseline", "request-token", "--save", "x.json"), "say by --show"),
        (("baseline", "request-token", "--show", "1", "--save", "x.json"), "Nothing is violated at stop 1"),
        (("baseline", "request-token", "-n", "0"), "ask for at least 1"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence_and_2(arguments: tuple[str, ...], message: str, tmp_path: Path) -> None:
    done = deadheat("rollout", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not done.stdout
