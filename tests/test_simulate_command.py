"""`deadheat simulate` and `deadheat migrate`: what they print, exit codes, and one sentence for each mistake."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.command import deadheat

FEW = ("--cancellations", "2000")


def test_protocols_are_compared_on_the_same_random_numbers() -> None:
    done = deadheat("simulate", "baseline", "request-token", *FEW, "--profile", "busy", "--json")
    assert done.returncode == 0, done.stderr
    content = json.loads(done.stdout)
    assert [each["protocol"] for each in content["results"]] == ["baseline", "request-token"]
    assert all(each["method"] == "kernel" and each["cancellations"] == 2_000 for each in content["results"])
    assert content["comparisons"][0]["first"] == "baseline"
    assert content["results"][0]["cost"] is None


def test_the_same_seed_says_the_same_and_another_does_not() -> None:
    one, other, third = (deadheat("simulate", "baseline", *FEW, "--json", "--seed", seed).stdout for seed in "112")
    assert one == other != third


def test_without_a_memory_all_is_exact() -> None:
    done = deadheat("simulate", "baseline", "--memoryless", "--json", "--price-per-hour", "2", "--arrivals", "100/h")
    (found,) = json.loads(done.stdout)["results"]
    assert found["method"] == "exact"
    orphans = found["orphans_per_million"]
    assert orphans["low"] == orphans["estimate"] == orphans["high"]
    assert found["cost_per_day"]["estimate"] == pytest.approx(2_400 * found["cost"]["estimate"])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--method", "guess"), "There is no method 'guess'"),
        (("--method", "exact"), "without sampling only exponential and Erlang ones can be had"),
        (("--latency", "T7=lognormal(median=80ms)"), "lacks its p99"),
        (("--latency", "T7=exponential(rate=-1/s)"), "is not so many a time"),
        (("--latency", "T77=5ms"), "There is no step that takes time named 'T77'"),
        (("--latency", "orphan-cleanup.begins=periodic(0)"), "The period in"),
        (("--profile", "calm"), "There is no profile 'calm'"),
        (("--profile", "calm.toml"), "The profile calm.toml cannot be read"),
        (("--price-per-hour", "-1"), "'-1' is no price"),
        (("--arrivals", "0/h"), "is not so many a time"),
        (("--cancellations", "0"), "'0' is no number for --cancellations"),
        (("--faults", "http-loss=1"), "Nobody has said how long 'http-loss' takes"),
        (("--faults", "http-loss=1", "--latency", "http-loss=chance(2)"), "is no share"),
        (("--latency", "T3=empirical(none.csv)"), "none.csv cannot be read"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(arguments: tuple[str, ...], sentence: str, tmp_path: Path) -> None:
    done = deadheat("simulate", "baseline", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert sentence in " ".join(done.stderr.split())
    assert done.stdout == ""


def test_a_chance_is_how_often_a_fault_is_met_when_its_step_happens() -> None:
    done = deadheat(
        *("simulate", "baseline", *FEW, "--faults", "http-loss=1", "--latency", "http-loss=chance(50%)", "--json")
    )
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)["results"]
    assert found["faults"] == {"http-loss": 1}


def test_where_splitting_is_worth_nothing_it_says_so_and_gives_no_estimate() -> None:
    """All is over within milliseconds, and the user cancels after an hour: an orphan can be, but not in time."""
    laws = ("default", "status", "kubernetes", "http.accept", "http.response", "queue.deliver")
    asked = [f"--latency={each}=1ms" for each in laws]
    done = deadheat("simulate", "baseline", *FEW, *asked, "--latency", "T3=1h")
    assert "splitting met none, or not alike: no more is known than that." in " ".join(done.stdout.split())
    told = deadheat("simulate", "baseline", *FEW, *asked, "--latency", "T3=1h", "--json").stdout
    (found,) = json.loads(told)["results"]
    assert (found["by_splitting"], found["splitting_failed"]) == (False, True)
    assert found["orphans_per_million"]["low"] == 0 < 1_000 < found["orphans_per_million"]["high"]


def test_a_migration_whose_end_is_a_mistake_is_1_and_one_that_is_safe_is_0() -> None:
    proposed, closed = deadheat("migrate", *FEW), deadheat("migrate", "name-tombstone", *FEW)
    assert proposed.returncode == 1
    assert proposed.stdout.startswith("Phase 4 is a mistake: without the cleanup, request-token violates")
    assert closed.returncode == 0
    assert closed.stdout.startswith("Safe: ")


def test_a_migration_ends_at_the_first_interruption() -> None:
    command = [sys.executable, "-m", "deadheat", "migrate", "--cancellations", "20000000"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(2)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=20)
    assert running.returncode == 130
    assert "interrupted" in said


def test_a_name_that_no_step_has_is_not_answered_with_a_hundred() -> None:
    done = deadheat("simulate", "baseline", *FEW, "--latency", "redis=10s")
    assert "There is no step that takes time named 'redis'; there are: " in done.stderr
    assert len(done.stderr) < 500


def test_how_many_were_cancelled_of_those_that_were_asked_for_is_said(tmp_path: Path) -> None:
    costs = ("--price-per-hour", "0.35", "--arrivals", "200/h")
    done = deadheat("simulate", "baseline", *FEW, "--latency", "T3=exponential(mean=1m, never=50%)", *costs)
    told = " ".join(done.stdout.split())
    assert re.search(r"[\d,]+ cancellations each, of about 2,000 that were asked for, by kernel", told)
    assert "orphans a day; all of a day cost " in told


def test_a_migration_that_was_not_decided_is_3() -> None:
    done = deadheat("migrate", "name-tombstone", *FEW, "--max-states", "20")
    assert done.returncode == 3, done.stdout
    assert done.stdout.startswith("Not decided")


def test_the_curve_of_the_period_is_printed_and_plotted(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    asked = (
        "simulate",
        "baseline+orphan-cleanup",
        "--profile",
        "busy",
        "--curve",
        "--arrivals",
        "400/h",
        "--alert",
        "20",
    )
    for name in ("curve.png", "curve.svg"):
        done = deadheat(*asked, "--cancellations", "20000", "--plot", name, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / name).stat().st_size > 1_000
    rows = [line for line in done.stdout.splitlines() if "█" in line]
    assert len(rows) == 8
    lengths = [line.count("█") for line in rows]
    assert lengths == sorted(lengths)
    assert all(len(line) <= 80 and "…" not in line for line in done.stdout.splitlines())


def test_along_a_counterexample_the_likelihood_rises_where_the_race_is_lost(tmp_path: Path) -> None:
    found = "show", "baseline", "--property", "no-transient-orphan", "--save", "orphan.json", "--profile", "quiet"
    shown = deadheat(*found, cwd=tmp_path).stdout
    done = deadheat("simulate", "--along", "orphan.json", "--memoryless", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    steps = json.loads(done.stdout)["along"]
    assert steps[0]["process"] is None
    assert steps[0]["greatest"] < 0.01 < steps[-1]["least"]
    again = deadheat("simulate", "--along", "orphan.json", "--memoryless", cwd=tmp_path).stdout
    assert again == shown  # the same timeline, with the same numbers
    beside = [line.split("%")[0].split()[-1] for line in shown.splitlines() if re.match(r" ?\d+ .*%", line)]
    assert [float(each) for each in beside] == pytest.approx([100 * each["least"] for each in steps[1:]], rel=0.06)
    assert all(len(line) <= 80 for line in shown.splitlines())


def test_what_no_latency_was_given_for_makes_likelihoods_a_least_and_a_greatest(tmp_path: Path) -> None:
    done = deadheat("show", "baseline", "--faults", "http-loss=1", "--profile", "quiet")
    assert "LO..HI: over all that no latency was given for." in " ".join(done.stdout.split())
    assert re.search(r"T0 +0\.01\.\.0\.011%", done.stdout)


def test_a_profile_that_there_is_not_is_told_before_anything_is_searched() -> None:
    done = deadheat("show", "baseline", "-n", "2", "--profile", "calm")
    assert done.returncode == 2
    assert "There is no profile 'calm'" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "There is nothing to simulate"),
        (("baseline", "--along", "orphan.json"), "--along is about the protocol of its counterexample"),
        (("baseline", "request-token", "--curve"), "--curve is about one protocol"),
        (("baseline", "--curve"), "baseline has no cleanup"),
        (("baseline", "--plot", "x.png"), "--alert and --plot are about the curve"),
        (("baseline+orphan-cleanup", "--curve", "--plot", "x.foo", "--cancellations", "9"), "x.foo cannot be written"),
    ],
)
def test_questions_that_do_not_go_together_are_told_in_one_sentence(
    arguments: tuple[str, ...], sentence: str, tmp_path: Path
) -> None:
    done = deadheat("simulate", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert sentence in " ".join(done.stderr.split())
