"""Saved counterexamples: they replay, or say in one sentence why not."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from deadheat.scenarios import trace_file
from deadheat.scenarios.check import check
from deadheat.scenarios.replaying import replay
from deadheat.scenarios.scenario import Scenario
from deadheat.scenarios.trace_file import load, require_writable, save
from deadheat.sim.errors import DeadheatError, ReplayDivergedError, TraceError
from tests.json_nodes import replaced_nodes
from tests.protocols import EACH


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    counterexample = check(Scenario("baseline")).outcome("no-permanent-orphan").counterexample
    assert counterexample is not None
    path = tmp_path / "orphan.json"
    save(counterexample, path)
    return path


def rewrite(path: Path, **changes: Any) -> None:
    """Change a trace as a careful forger would: with a new checksum."""
    write(path, {**json.loads(path.read_text()), **changes})


def write(path: Path, content: Any) -> None:
    """Write a trace with a checksum to match, as far as there can be one."""
    if isinstance(content, dict):
        content = {key: value for key, value in content.items() if key != "checksum"}
        with suppress(ValueError):
            content["checksum"] = trace_file._checksum(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize("name", EACH)
def test_every_counterexample_replays_from_its_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / "trace.json"
    faults = (("worker-crash", 1), ("http-retry", 1))
    for outcome in check(Scenario(name, faults=faults)).outcomes:
        if outcome.counterexample is not None:
            save(outcome.counterexample, path)
            again = replay(path).counterexample
            assert again.trace == outcome.counterexample.trace
            assert again.violation == outcome.counterexample.violation


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is not a deadheat trace"),
        ("[1, 2]", "is not a deadheat trace"),
        ('{"format": "something"}', "is not a deadheat trace"),
        ('{"format": "deadheat-trace", "version": 99, "deadheat": "9.0"}', "format version 99.* deadheat 9.0"),
        ('{"format": "deadheat-trace", "version": 99}', "is a trace of format version 99, and this is deadheat"),
        ('{"format": "deadheat-trace", "version": 99, "deadheat": 7}', "format version 99, and this is deadheat"),
        ('{"format": "deadheat-trace", "version": 1}', "format version 1, which this deadheat no longer reads; save"),
        ('{"format": "deadheat-trace", "version": 3}', "was changed after it was saved"),
        ('{"format": "deadheat-trace", "version": true}', "was changed after it was saved"),
        ('{"format": "deadheat-trace", "format": "deadheat-trace", "version": 3}', "is not a deadheat trace"),
        ('{"format": "deadheat-trace", "version": 3, "checksum": NaN}', "was changed after it was saved"),
        ('{"format": "deadheat-trace", "version": 3, "property": NaN}', "is not a whole trace"),
        ('{"format": "deadheat-trace", "version": 3, "property": "\\ud800"}', "was changed after it was saved"),
        ('{"format": "deadheat-trace", "version": 3, "property": 1e999}', "is not a whole trace"),
        ('{"format": "deadheat-trace", "version": 3, "property": ' + "[" * 100_000, "is not a deadheat trace"),
        ('{"format": "deadheat-trace", "version": 3, "property": ' + "9" * 10_000 + "}", "is not a deadheat trace"),
    ],
)
def test_what_is_no_trace_of_ours_is_refused_in_one_sentence(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text(content)
    with pytest.raises(TraceError, match=message):
        load(path)


def test_a_missing_or_binary_file_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="cannot be read: No such file"):
        load(tmp_path / "nothing.json")
    with pytest.raises(TraceError, match="cannot be read: Is a directory"):
        load(tmp_path)
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TraceError, match="is not a deadheat trace"):
        load(binary)


def test_a_trace_edited_by_hand_is_refused(saved: Path) -> None:
    saved.write_text(saved.read_text().replace("404 Not Found", "200 OK"))
    with pytest.raises(TraceError, match="was changed after it was saved"):
        replay(saved)


def test_a_trace_that_lost_a_part_is_refused(saved: Path) -> None:
    rewrite(saved, schedule=None)
    with pytest.raises(TraceError, match="not a whole trace"):
        replay(saved)


def test_a_trace_of_an_unknown_protocol_is_refused(saved: Path) -> None:
    rewrite(saved, scenario={"protocol": "basline", "evaluations": 1, "settings": {}, "faults": {}, "quiet": False})
    with pytest.raises(TraceError, match="did you mean baseline"):
        replay(saved)


def test_a_trace_whose_protocol_has_changed_says_at_which_step(saved: Path) -> None:
    rewrite(
        saved, scenario={"protocol": "status-check", "evaluations": 1, "settings": {}, "faults": {}, "quiet": False}
    )
    with pytest.raises(
        ReplayDivergedError,
        match=r"reproduces: step \d+ was T8 .*create_job.* and now is .*get.*; the protocol has changed since",
    ):
        replay(saved)


def test_a_step_that_is_no_longer_possible_is_named(saved: Path) -> None:
    content = json.loads(saved.read_text())
    repeated = {key: [*content[key], content[key][0]] for key in ("schedule", "events")}
    rewrite(saved, **repeated)
    with pytest.raises(ReplayDivergedError, match=r"step 18 was T0 .* and now is not possible"):
        replay(saved)


def test_a_trace_that_no_longer_violates_says_so(saved: Path) -> None:
    content = json.loads(saved.read_text())
    rewrite(saved, schedule=content["schedule"][:5], events=content["events"][:5])
    with pytest.raises(ReplayDivergedError, match="but no-permanent-orphan holds; the protocol is as it was when"):
        replay(saved)


def test_half_a_character_is_kept_as_what_it_is(saved: Path, tmp_path: Path) -> None:
    """As it comes out of bytes that are no text, by `surrogateescape`."""
    counterexample = replace(load(saved), violation="a\ud800b")
    save(counterexample, tmp_path / "half.json")
    assert load(tmp_path / "half.json") == counterexample


def test_a_trace_cannot_be_written_where_there_is_no_folder(tmp_path: Path) -> None:
    counterexample = check(Scenario("baseline")).outcomes[0].counterexample
    assert counterexample is not None
    with pytest.raises(DeadheatError, match="cannot be written"):
        save(counterexample, tmp_path / "no" / "folder.json")


# Of other types and sizes


def test_what_is_saved_again_is_the_same_file(saved: Path, tmp_path: Path) -> None:
    save(load(saved), tmp_path / "again.json")
    assert (tmp_path / "again.json").read_text() == saved.read_text()


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, Any]]:
    """Traces of a run that ends and of one that does not, with faults and labels, and what they hold."""
    scenario = Scenario("baseline", faults=(("k8s-refusal", 1), ("worker-crash", 1)), quiet=True)
    checked = check(scenario)
    found = []
    for name in ("no-permanent-orphan", "eventually-cleaned", "terminal-is-final"):
        path = tmp_path_factory.mktemp("traces") / f"{name}.json"
        counterexample = checked.outcome(name).counterexample
        assert counterexample is not None
        save(counterexample, path)
        found.append((path, json.loads(path.read_text())))
    return found


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_trace_with_anything_of_another_type_is_refused_in_one_sentence(
    several: list[tuple[Path, Any]], data: st.DataObject
) -> None:
    path, content = data.draw(st.sampled_from(several))
    write(path, data.draw(replaced_nodes(content)))
    try:
        replayed = replay(path)
    except (TraceError, ReplayDivergedError) as error:
        assert_is_one_sentence(str(error))
    else:  # what may be null was null, or the other way round
        write(path, content)
        assert replayed.counterexample == load(path)


def assert_is_one_sentence(text: str) -> None:
    assert text.endswith(".")
    assert "Traceback" not in text
    assert "deadheat None" not in text


def numbers_in(content: Any) -> Iterator[dict[str, Any]]:
    """Yield changes of the numbers in a trace, to others of the same type."""
    scenario = content["scenario"]
    for number in (0, -1, 2, 1_000, 10**6, 10**30, -(10**30)):
        if number != 2 and number != 1_000:  # it would take long to see whether so many settle
            yield {"scenario": {**scenario, "evaluations": number}}
        yield {"scenario": {**scenario, "faults": {**scenario["faults"], "worker-crash": number}}}
        yield {"scenario": {**scenario, "faults": {**scenario["faults"], "celery-redelivery": number}}}
        yield {"cycle_from": number}
        for place in (0, len(content["schedule"]) - 1):
            process, *numbers = content["schedule"][place]
            for each in range(2):
                changed = [*numbers[:each], number, *numbers[each + 1 :]]
                schedule = [*content["schedule"]]
                schedule[place] = [process, *changed]
                yield {"schedule": schedule}


def test_a_trace_with_other_numbers_is_refused_or_diverges_or_is_the_same(several: list[tuple[Path, Any]]) -> None:
    refused = 0
    for path, content in several:
        for changes in numbers_in(content):
            write(path, {**content, **changes})
            try:
                replayed = replay(path).counterexample
            except (TraceError, ReplayDivergedError) as error:
                assert_is_one_sentence(str(error))
                refused += 1
            else:
                write(path, content)
                before = load(path)
                assert replayed.trace.events == before.trace.events
                assert replayed.violation == before.violation
        write(path, content)
    assert refused > 100


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"events": []}, r"it has \d+ choices and 0 events"),
        ({"schedule": []}, r"it has 0 choices and \d+ events"),
        ({"more": 1}, "unknown field `more`"),
        ({"version": 3.0}, "is not a whole trace"),
        ({"fingerprint": "x"}, "fingerprint"),
        ({"cycle_from": 3}, "it has a cycle, and no property of runs without end"),
        ({"property": "eventually-cleaned"}, "it has no cycle, although its property speaks of runs without end"),
        ({"property": "x"}, "is a trace of baseline, which is not to be had here: There is no property 'x'"),
        (
            {
                "scenario": {
                    "protocol": "x" + "~1" * 5_000,
                    "evaluations": 1,
                    "settings": {},
                    "faults": {},
                    "quiet": False,
                }
            },
            "no end|no prot",
        ),
        (
            {"scenario": {"protocol": "baseline", "evaluations": 2_000, "settings": {}, "faults": {}, "quiet": False}},
            "of 1,000 allowed",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(saved: Path, changes: dict[str, Any], message: str) -> None:
    rewrite(saved, **changes)
    with pytest.raises(TraceError, match=message):
        replay(saved)


def test_a_cycle_that_begins_after_the_end_is_refused(several: list[tuple[Path, Any]], tmp_path: Path) -> None:
    _, content = several[1]
    path = tmp_path / "trace.json"
    write(path, {**content, "cycle_from": len(content["schedule"]) + 1})
    with pytest.raises(TraceError, match=r"its cycle begins after its \d+ steps"):
        load(path)


# What has changed since


def test_a_trace_knows_whether_the_protocol_has_changed(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from deadheat.models.protocols import baseline

    assert replay(saved).remark is None
    monkeypatch.setattr(baseline, "ACCEPTED", "accepted", raising=False)  # which nothing uses
    assert replay(saved).remark is None
    monkeypatch.setattr(baseline, "TERMINAL", frozenset())
    assert trace_file.read(saved).remark == "the protocol has changed since the trace was saved"


def test_a_trace_of_another_version_says_so(saved: Path) -> None:
    rewrite(saved, fingerprint="0" * 64, python="cpython 3.99")
    remark = replay(saved).remark
    assert remark is not None
    assert (
        "saved by deadheat 0.1.0 on cpython 3.99, and whether the protocol has changed since cannot be told" in remark
    )


def test_a_format_that_this_very_version_is_said_to_have_saved_is_not_told_to_want_a_newer_one(saved: Path) -> None:
    rewrite(saved, version=99)
    with pytest.raises(
        TraceError, match=r"says that it is of format version 99, .* which writes version 3; save it anew"
    ):
        replay(saved)


def test_a_trace_without_a_fingerprint_says_that_it_cannot_be_told(saved: Path) -> None:
    rewrite(saved, fingerprint=None)
    assert replay(saved).remark == "whether the protocol has changed since the trace was saved cannot be told"


def test_a_protocol_that_has_no_fingerprint_has_traces(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from deadheat.models.protocols import baseline

    counterexample = load(saved)
    monkeypatch.setattr(baseline, "TERMINAL", sys._getframe())
    save(counterexample, tmp_path / "other.json")
    assert json.loads((tmp_path / "other.json").read_text())["fingerprint"] is None


def test_a_violation_in_other_words_is_said(saved: Path) -> None:
    rewrite(saved, violation="all is well")
    with pytest.raises(
        ReplayDivergedError, match=r"but then Job evaluation-e1 .*, and not: all is well; the protocol is"
    ):
        replay(saved)


def test_another_effect_of_the_same_step_is_said(saved: Path) -> None:
    content = json.loads(saved.read_text())
    content["events"][1]["changes"] = {"status/e1": "failed"}
    rewrite(saved, events=content["events"])
    with pytest.raises(ReplayDivergedError, match="that with another effect: status/e1: provisioning in the place of"):
        replay(saved)


@pytest.mark.parametrize("content", [b"# notes\n", b"\x00\x01", b'{"format": "deadheat-live-trace"}\n', b" "])
def test_a_file_that_is_no_trace_is_not_written_over(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.md"
    path.write_bytes(content)
    with pytest.raises(TraceError, match=r"is there already and is no trace; move it away, or give another name\.$"):
        require_writable(path)
    assert path.read_bytes() == content


def test_a_trace_an_empty_file_and_what_is_no_file_may_be_written(tmp_path: Path) -> None:
    path = tmp_path / "trace.json"
    require_writable(path)
    assert not path.exists()
    path.touch()
    require_writable(path)
    save(check(Scenario("baseline")).outcome("no-permanent-orphan").counterexample, path)  # type: ignore[arg-type]
    require_writable(path)
    require_writable(Path("/dev/null"))


def test_a_trace_of_a_file_that_is_not_here_is_replayed_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "ours.py").write_text("from deadheat.library import BASELINE as PROTOCOL\n")
    monkeypatch.chdir(tmp_path / "there")
    found = check(Scenario("ours.py:PROTOCOL", properties=("no-permanent-orphan",))).outcomes[0].counterexample
    assert found is not None
    save(found, tmp_path / "trace.json")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TraceError, match=r"there is no ours\.py here; replay it in the folder in which it was saved"):
        load(tmp_path / "trace.json")
