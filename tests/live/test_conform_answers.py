"""What `deadheat conform` answers: all furthest matches of a refused log, and what an accepted one's run violates."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deadheat.live.logs.conform import Conformance, conform
from deadheat.live.logs.run_properties import InRun
from deadheat.live.logs.tape import read_tape
from tests.command import deadheat

HEADER: dict[str, Any] = {"format": "deadheat-live-trace", "version": 1, "protocol": "baseline", "evaluations": ["17"]}


def event(when: float | tuple[float, float], component: str, operation: str, *arguments: Any, **more: Any) -> Any:
    times = {"at": when} if not isinstance(when, tuple) else {"began": when[0], "ended": when[1]}
    return {"component": component, "operation": operation, "arguments": ["17", *arguments], **times, **more}


def provisioning(when: float | tuple[float, float], **more: Any) -> Any:
    return event(when, "status", "set", "provisioning", **more)


def looked(when: float | tuple[float, float], status: str = "provisioning", **more: Any) -> Any:
    return event(when, "status", "get", outcome=status, **more)


def killed(when: float | tuple[float, float], answer: str = "404 Not Found", **more: Any) -> Any:
    return event(when, "kubernetes", "delete_job", outcome=answer, **more)


def cancelled(when: float | tuple[float, float], **more: Any) -> Any:
    return event(when, "status", "set", "cancelled", **more)


def created(when: float | tuple[float, float], answer: str = "201 Created", **more: Any) -> Any:
    return event(when, "kubernetes", "create_job", outcome=answer, **more)


def written(folder: Path, events: list[Any], **header: Any) -> Path:
    path = folder / "log.jsonl"
    first = {**HEADER, "components": ["status", "kubernetes"], **header}
    path.write_text("".join(json.dumps(line) + "\n" for line in (first, *events)))
    return path


def answer(folder: Path, events: list[Any], **header: Any) -> Conformance:
    log, told = read_tape(written(folder, events, **header))
    return conform(log, told, properties=True)


def verdicts(result: Conformance) -> dict[str, InRun]:
    assert result.unexplained is None
    return {each.property: each.verdict for each in result.judged}


def reached(result: Conformance) -> list[tuple[tuple[int, ...], int, list[tuple[str, ...]]]]:
    """Return of each furthest match the lines that it explains, the next line, and in which fields that differs."""
    return [
        (each.matched, each.event.line, [one.differs_in for one in each.allowed])
        for found in result.refused
        for each in found.furthest
    ]


LOST = [provisioning(1), looked(2), killed(3), cancelled(4), created(5)]


# A log that is refused


@pytest.mark.parametrize(
    ("second", "differs_in"),
    [
        (looked(2, "queued"), ("outcome",)),
        (looked(2, process="worker/17"), ("process",)),
        (event(2, "status", "set", "queued"), ("operation",)),
        (killed(2), ("component",)),
    ],
)
def test_the_field_that_differs_is_named(tmp_path: Path, second: Any, differs_in: tuple[str, ...]) -> None:
    told = ["status", "kubernetes"] if second["component"] == "kubernetes" else ["status"]
    [(matched, line, differences)] = reached(answer(tmp_path, [provisioning(1), second], components=told))
    assert (matched, line) == ((2,), 3)
    assert differs_in in differences


def test_an_argument_that_differs_is_called_by_its_name(tmp_path: Path) -> None:
    events = [provisioning(1), looked(2), killed(3), event(4, "status", "set", "failed")]
    [(_, line, differences)] = reached(answer(tmp_path, events))
    assert line == 5
    assert differences[0] == ("argument status",)


def test_what_is_allowed_but_not_then_differs_in_the_order_of_times(tmp_path: Path) -> None:
    events = [provisioning(1, process="worker/17"), looked(2, "queued", process="cancel/17")]
    [(matched, line, differences)] = reached(answer(tmp_path, events, components=["status"]))
    assert (matched, line, differences[0]) == ((2,), 3, ("outcome",))
    # The worker was not free for its second event when that began.
    two = [event((1, 5), "queue", "deliver", "worker/17"), provisioning((2, 6), process="worker/17")]
    two[0]["process"] = "worker/17"
    [(matched, line, differences)] = reached(answer(tmp_path, two, components=["queue", "status"]))
    assert (matched, line, differences[0]) == ((2,), 3, ("time order",))
    log, told = read_tape(written(tmp_path, two, components=["queue", "status"]))
    [found] = conform(log, told).refused
    assert found.furthest[0].allowed[0].why == "it began before its process was done with what it did before"


def test_a_later_event_that_says_what_is_allowed_is_named(tmp_path: Path) -> None:
    events = [LOST[0], LOST[1], killed(3, "200 OK"), cancelled(4), created(5)]
    found = answer(tmp_path, events).unexplained
    assert found is not None
    [allowed] = [each for each in found.furthest[0].allowed if "create_job" in each.step]
    assert (allowed.differs_in, allowed.line) == (("operation",), 6)


def test_all_furthest_matches_are_told_of_and_not_only_one(tmp_path: Path) -> None:
    # Two creations that overlap: either may be the one that the model has, and neither goes on from there.
    events = [provisioning(1), created((2, 5), process=None), created((3, 6))]
    found = reached(answer(tmp_path, events, components=["status", "kubernetes"]))
    assert [each[:2] for each in found] == [((2, 4), 3), ((2, 3), 4)]


def test_each_evaluation_that_is_not_explained_is_told_of(tmp_path: Path) -> None:
    events = [{**each, "arguments": [name, *each["arguments"][1:]]} for each in LOST for name in ("17", "18", "19")]
    for each in events:
        if each["operation"] == "delete_job" and each["arguments"][0] != "18":
            each["outcome"] = "200 OK"
    result = answer(tmp_path, events, evaluations=["17", "18", "19"])
    assert [each.evaluation for each in result.refused] == ["17", "19"]
    assert {each.evaluation for each in result.judged} == {"18"}
    assert result.events == 15


# Time bounds of program order


def test_a_lock_that_two_must_have_held_at_once_is_noticed_without_being_told_of(tmp_path: Path) -> None:
    """Under the lock the kill and the creation cannot overlap: each was asked for, and answered, with the lock held."""
    header = {"protocol": "creation-lock", "components": ["kubernetes"]}
    names = {"process": "dispatcher/17/1"}, {"process": "cancel/17"}
    one_after_the_other = [created((1, 2), **names[0]), killed((3, 4), "200 OK", **names[1])]
    overlapping = [created((1, 3), **names[0]), killed((2, 4), "200 OK", **names[1])]
    assert answer(tmp_path, one_after_the_other, **header).unexplained is None
    assert answer(tmp_path, overlapping, **header).unexplained is not None
    assert answer(tmp_path, overlapping, components=["kubernetes"]).unexplained is None  # without a lock it can be


def test_an_event_of_nobody_keeps_to_the_time_of_whoever_must_have_done_it(tmp_path: Path) -> None:
    """The worker had its message at 5; that somebody else did something at 6 does not make it free from 2 on."""
    events = [event((1, 5), "queue", "deliver", "worker/17"), event(6, "user", "cancel"), provisioning((2, 10))]
    header = {"components": ["user", "queue", "status"]}
    assert answer(tmp_path, events, **header).unexplained is not None
    assert answer(tmp_path, [*events[:2], provisioning((5, 10))], **header).unexplained is None


# Names that real servers give


def test_uids_in_arguments_and_outcomes_are_bound_like_those_in_references(tmp_path: Path) -> None:
    real, other = 2**100 + 7, 2**99
    job = {"kubernetes:JobReference": ["17", "evaluation-17", real]}
    sweep = [
        {"component": "kubernetes", "operation": "list_jobs", "outcome": [job], "at": 6},
        looked(7, "cancelled"),
        event(8, "kubernetes", "delete_job", "evaluation-17", real, outcome="200 OK"),
    ]
    protocol = "baseline+orphan-cleanup-by-uid"
    assert answer(tmp_path, LOST + sweep, protocol=protocol).unexplained is None
    sweep[2]["arguments"][2] = other
    [(_, line, differences)] = reached(answer(tmp_path, LOST + sweep, protocol=protocol))
    assert (line, differences[0]) == (9, ("argument uid",))
    owned = [
        event(2, "kubernetes", "get_owner", outcome=real),
        event(3, "kubernetes", "create_owned_job", real, outcome="201 Created"),
    ]
    header = {"protocol": "owner-tombstone", "components": ["kubernetes"]}
    assert answer(tmp_path, owned, **header).unexplained is None
    owned[1]["arguments"][1] = other
    assert answer(tmp_path, owned, **header).unexplained is not None


def test_two_tokens_are_not_the_same_token(tmp_path: Path) -> None:
    header = {"components": ["tokens"], "protocol": "request-token", "faults": {"worker-crash": 1}}
    tokens = [event(at, "tokens", "generate", outcome=text) for at, text in ((1, "x"), (2, "y"))]
    assert answer(tmp_path, tokens, **header).unexplained is None
    tokens[1]["outcome"] = "x"
    assert answer(tmp_path, tokens, **header).unexplained is not None


# What an accepted log's run violates


def test_a_lost_race_is_accepted_and_called_what_it_is(tmp_path: Path) -> None:
    result = answer(tmp_path, LOST)
    said = {each.property: each for each in result.judged if each.verdict is InRun.VIOLATED}
    assert list(said) == ["no-permanent-orphan", "no-transient-orphan", "eventually-cleaned"]
    transient = said["no-transient-orphan"]
    assert transient.violation == "Job evaluation-17 (uid 1) is created, while evaluation 17 is cancelled"
    assert transient.line == 6


def test_a_race_that_was_not_lost_violates_nothing(tmp_path: Path) -> None:
    users = [
        event(0.5, "user", "cancel"),
        event(5.5, "user", "answer", 1, {"user:Cancellation": "answered: cancelled"}),
    ]
    events = [provisioning(0.1), created(0.2), *users[:1], looked(2), killed(3, "200 OK"), cancelled(4), *users[1:]]
    events.insert(3, event(0.6, "user", "cancellation", 1))
    result = answer(tmp_path, events, components=["user", "status", "kubernetes"])
    assert set(verdicts(result).values()) == {InRun.HOLDS}


def with_the_user(answered: tuple[float, float], creation: tuple[float, float]) -> list[Any]:
    asked = [event(0.2, "user", "cancel"), event(0.3, "user", "cancellation", 1)]
    told = event(answered, "user", "answer", 1, {"user:Cancellation": "answered: cancelled"})
    return [provisioning(0.1), *asked, looked(2), killed(3), cancelled(4), told, created(creation)]


@pytest.mark.parametrize(
    ("answered", "creation", "verdict"),
    [((5, 7), (4, 8), InRun.IN_SOME), ((5, 6), (7, 8), InRun.VIOLATED), ((7, 8), (5, 6), InRun.IN_SOME)],
)
def test_the_order_of_overlapping_events_decides_in_which_runs_a_property_is_violated(
    tmp_path: Path, answered: tuple[float, float], creation: tuple[float, float], verdict: InRun
) -> None:
    """No Job is created, nor starts, once the user was told: in the last case its pod may start before or after."""
    result = answer(tmp_path, with_the_user(answered, creation), components=["user", "status", "kubernetes"])
    assert verdicts(result)["cancelled-means-stopped"] is verdict


def test_an_order_that_leads_nowhere_is_no_run_that_violates_anything(tmp_path: Path) -> None:
    """The two statuses overlap, but the one that is read last was written last: "cancelled" was not overwritten."""
    events = [looked(2, "queued"), killed(2.5), cancelled((3, 6)), provisioning((4, 7))]
    read = [looked(8, status, process="dispatcher/17/1") for status in ("cancelled", "provisioning")]
    kept, lost = (verdicts(answer(tmp_path, [*events, each], protocol="status-check")) for each in read)
    assert kept["terminal-is-final"] is InRun.HOLDS
    assert lost["terminal-is-final"] is InRun.VIOLATED


def test_what_is_not_told_of_may_have_violated_a_property_and_may_not_have(tmp_path: Path) -> None:
    """A worker that gave up waiting writes "failed", whether or not its Job is there."""
    header = {"components": ["kubernetes"], "faults": {"http-timeout": 1}}
    assert verdicts(answer(tmp_path, [created(3)], **header))["no-transient-orphan"] is InRun.IN_SOME
    assert verdicts(answer(tmp_path, [created(3)], components=["kubernetes"]))["no-transient-orphan"] is InRun.HOLDS


def test_a_log_that_ends_early_leaves_open_what_comes_of_it(tmp_path: Path) -> None:
    told = verdicts(answer(tmp_path, [provisioning(0), looked(1), killed(2), created(3)]))
    assert told["no-transient-orphan"] is InRun.HOLDS
    assert told["no-permanent-orphan"] is InRun.UNDECIDED  # the cancel handler has yet to set the status
    assert told["eventually-cleaned"] is InRun.UNDECIDED


def test_a_sweep_that_goes_on_for_ever_has_settled_where_it_changes_nothing(tmp_path: Path) -> None:
    job = {"kubernetes:JobReference": ["17", "evaluation-17", 1]}
    sweeps = [
        {"component": "kubernetes", "operation": "list_jobs", "outcome": [job], "at": 6},
        looked(7, "cancelled"),
        killed(8, "200 OK"),
        {"component": "kubernetes", "operation": "list_jobs", "outcome": [], "at": 9},
    ]
    protocol = "baseline+orphan-cleanup"
    swept = verdicts(answer(tmp_path, LOST + sweeps, protocol=protocol))
    assert swept["no-transient-orphan"] is InRun.VIOLATED
    assert swept["no-permanent-orphan"] is InRun.HOLDS
    assert swept["eventually-cleaned"] is InRun.HOLDS
    cut = verdicts(answer(tmp_path, LOST + sweeps[:1], protocol=protocol))
    assert cut["no-permanent-orphan"] is InRun.UNDECIDED


# The command


def run(path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return deadheat("conform", str(path), *options, env={**os.environ, "COLUMNS": "80", "NO_COLOR": "1"})


def test_the_exit_code_says_whether_it_is_explained_and_whether_anything_is_violated(tmp_path: Path) -> None:
    good = [event(0, "queue", "deliver", "worker/17"), provisioning(0.1), created(0.2),
            event(0.3, "queue", "acknowledge", "worker/17")]  # fmt: skip
    for events, options, code in (
        (LOST, [], 1),
        (LOST, ["--no-properties"], 0),
        ([*LOST[:2], killed(3, "200 OK")], [], 1),
        ([*LOST[:2], killed(3, "200 OK")], ["--no-properties"], 1),
        (good, [], 0),
        (LOST[:3], [], 3),
    ):
        told = ["user", "queue", "status", "kubernetes"] if events is good else ["status", "kubernetes"]
        assert run(written(tmp_path, events, components=told), *options).returncode == code, (events, options)


def test_json_has_all_that_the_text_tells(tmp_path: Path) -> None:
    [accepted] = json.loads(run(written(tmp_path, LOST), "--json").stdout)["results"]
    [first, *_] = accepted["properties"]
    assert set(first) == {"property", "meaning", "verdict", "findings"}
    assert first["verdict"] == "violated"
    assert first["findings"] == [
        {
            "evaluation": "17",
            "verdict": "violated",
            "violation": "Job evaluation-17 (uid 1) is finished, while evaluation 17 is cancelled",
            "line": 6,
        }
    ]
    assert (accepted["outcome"], accepted["unexplained"], accepted["not_judged"]) == ("agrees", [], [])
    log = written(tmp_path, [*LOST[:2], killed(3, "200 OK")])
    [refused] = json.loads(run(log, "--json").stdout)["results"]
    [[furthest]] = [each["furthest"] for each in refused["unexplained"]]
    assert furthest["matched"] == [2, 3]
    assert (furthest["line"], refused["line"]) == (4, 4)
    assert furthest["event"] == refused["event"] == "kubernetes.delete_job(17) = 200 OK"
    assert furthest["allowed"][0] == {
        "step": "cancel/e1: kubernetes/e1.delete_job(e1, None, None) = 404 Not Found",
        "differs_in": ["outcome"],
        "line": None,
        "why": None,
    }
    assert refused["properties"] == []
    text = run(log).stdout
    assert "(differs in outcome)" in text
    assert all(len(line.rstrip()) <= 80 for line in text.splitlines())
