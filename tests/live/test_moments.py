"""Times in a live trace: read exactly, whichever way they are written, and never compared across clocks."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from deadheat.live.logs import tape
from deadheat.live.logs.conform import conform
from deadheat.live.logs.moments import Clock, Moment, read_moment
from deadheat.live.logs.tape import read_tape
from deadheat.sim.errors import TraceError

HEADER = {
    "format": "deadheat-live-trace",
    "version": 1,
    "protocol": "baseline",
    "evaluations": ["17"],
    "components": ["status"],
}


def written(folder: Path, *times: str) -> Path:
    """Write a log of one event for each of the times, each as JSON text."""
    path = folder / "log.jsonl"
    event = '{"component": "status", "operation": "get", "outcome": "queued", %s}'
    path.write_text("\n".join([json.dumps(HEADER), *(event % each for each in times)]))
    return path


@pytest.mark.parametrize(
    ("text", "seconds", "clock"),
    [
        ("2025-03-05T11:59:23.765040Z", "1741175963.765040", Clock.WORLD),
        ("2025-03-05T12:59:23.765040+01:00", "1741175963.765040", Clock.WORLD),
        ("2025-03-05T17:29:23.76504+0530", "1741175963.76504", Clock.WORLD),
        ("2025-03-05 11:59:23,765", "1741175963.765", Clock.PLACE),
        ("20250305T115923Z", "1741175963", Clock.WORLD),
        ("2025-03-05t11:59z", "1741175940", Clock.WORLD),
        (
            "2025-03-05T11:59:23.12345678901234567890123Z",
            "1741175963.12345678901234567890123",
            Clock.WORLD,
        ),
        ("1969-12-31T23:59:59.25Z", "-0.75", Clock.WORLD),
        ("1969-12-31T23:59:58.750Z", "-1.25", Clock.WORLD),
        ("9999-12-31T23:59:59-14:00", "253402351199", Clock.WORLD),
    ],
)
def test_a_date_and_time_is_read_to_its_last_digit(text: str, seconds: str, clock: Clock) -> None:
    assert read_moment(text) == Moment(Decimal(seconds), clock)


ZONES = st.none() | st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017 - the name is from where zones are made


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1)), ZONES, st.sampled_from(["T", " "]), st.booleans())
def test_what_python_writes_is_read_as_the_very_same_microsecond(when: datetime, zone: Any, sep: str, z: bool) -> None:
    aware = when.replace(tzinfo=zone)
    text = aware.isoformat(sep)
    if z and zone is not None:
        aware = when.replace(tzinfo=EPOCH.tzinfo)
        text = aware.isoformat(sep).replace("+00:00", "Z")
    microseconds = (aware if aware.tzinfo else aware.replace(tzinfo=EPOCH.tzinfo)) - EPOCH
    expected = Decimal(microseconds // timedelta(microseconds=1)) / 1_000_000
    assert read_moment(text) == Moment(expected, Clock.WORLD if aware.tzinfo else Clock.PLACE)


@pytest.mark.parametrize(
    "text",
    ["noon", "", "11:59:23", "2025-03-05", "2025-03-05T11", "2025-03-05T24:01:00", "2025-03-05T11:59:60Z", "now" * 99,
     "2025-02-29T11:59:23", "2025-03-05X11:59:23", "2025-03-05T11:59.5", "2025-03-05T11:59:23.Z", "٢٠٢٥-٠٣-٠٥T١١:٥٩:٢٣",
     "2025-03-05T11:59:23+25:00", "2025-03-05T11:59:23 Z", "1741175963.765", "0000-01-01T00:00:00"],
)  # fmt: skip
def test_a_text_that_is_no_date_and_time_is_refused_in_a_sentence_with_its_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(TraceError, match=r"^Line 2 of .* is not a date and time of ISO 8601; write one such as") as got:
        read_tape(written(tmp_path, f'"at": {json.dumps(text)}'))
    assert len(str(got.value)) < 300
    assert str(got.value).isprintable()


AWARE, NAIVE, NUMBER = '"2025-03-05T11:59:23.765Z"', '"2025-03-05T11:59:23.765"', "1741175963.765"


@pytest.mark.parametrize("one", [AWARE, NAIVE, NUMBER])
@pytest.mark.parametrize("other", [AWARE, NAIVE, NUMBER])
def test_a_file_keeps_to_one_clock_and_the_line_that_does_not_is_named(tmp_path: Path, one: str, other: str) -> None:
    two_lines = written(tmp_path, f'"at": {one}', f'"at": {one}', f'"at": {other}')
    if one == other:
        assert len(read_tape(two_lines)[1]) == 3
        return
    with pytest.raises(TraceError, match=r"^Line 4 of .* and line 2 gives .* cannot be compared; write all in one way"):
        read_tape(two_lines)
    with pytest.raises(TraceError, match=r"^Line 2 of .* and the same line gives"):
        read_tape(written(tmp_path, f'"began": {one}, "ended": {other}'))


def test_moments_that_a_float_would_take_for_one_stay_apart(tmp_path: Path) -> None:
    early, late = "1741175963.7650400001", "1741175963.7650400002"
    assert float(early) == float(late)
    with pytest.raises(TraceError, match=f"Line 2 .* it began at {late}, after it ended at {early}"):
        read_tape(written(tmp_path, f'"began": {late}, "ended": {early}'))
    _, [event] = read_tape(written(tmp_path, f'"began": {early}, "ended": {late}'))
    assert (str(event.began), str(event.ended)) == (early, late)


def test_epoch_times_with_microseconds_lose_nothing(tmp_path: Path) -> None:
    _, [event] = read_tape(written(tmp_path, '"began": 1741175963.765040, "ended": 1.741175963765041e9'))
    assert event.ended - event.began == Decimal("0.000001")


def test_values_are_floats_as_before_and_only_times_are_exact(tmp_path: Path) -> None:
    event = '{"component": "status", "operation": "get", "outcome": 0.1, "at": 0.1}'
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps(HEADER) + "\n" + event)
    _, [read] = read_tape(path)
    assert type(read.outcome) is float
    assert type(read.began) is Decimal


def test_a_number_that_no_decimal_can_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match=r"Line 2 .* is not a number that can be compared"):
        read_tape(written(tmp_path, '"at": 1e-99999999999999999999999'))


def test_a_log_of_iso_times_is_matched_by_what_they_mean_and_not_by_how_they_read(tmp_path: Path) -> None:
    events: list[dict[str, Any]] = [
        {"operation": "set", "arguments": ["17", "provisioning"], "at": "2025-03-05T12:00:00+01:00"},
        {"operation": "get", "outcome": "provisioning", "at": "2025-03-05T11:00:01Z"},
    ]
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join(json.dumps(each) for each in [HEADER, *({"component": "status", **e} for e in events)]))
    assert conform(*read_tape(path)).unexplained is None
    events[1]["at"] = "2025-03-05T11:30:00+01:00"  # half an hour before the other, although it reads later
    path.write_text("\n".join(json.dumps(each) for each in [HEADER, *({"component": "status", **e} for e in events)]))
    assert conform(*read_tape(path)).unexplained is not None


def test_what_cannot_be_read_is_told_in_words_without_the_systems_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary = tmp_path / "binary.jsonl"
    binary.write_bytes(json.dumps(HEADER).encode() + b"\n\x90\xff\n")
    monkeypatch.setattr(tape, "BYTES_MAX", 1 << 20)
    for path, reason in (
        (tmp_path, "it is a folder; name the file in it"),
        (tmp_path / "absent", "cannot be read: No such file or directory"),
        (tmp_path / "a\0b", "no file can have such a name"),
        (binary, "^Line 2 of .* is no text in UTF-8"),
        (Path("/dev/zero"), "^/dev/zero has more than 1 MiB"),
    ):
        with pytest.raises(TraceError, match=reason) as caught:
            read_tape(path)
        assert "[Errno" not in str(caught.value)
        assert str(caught.value).isprintable()
        assert str(caught.value).endswith(".")
