"""Latencies that are measured in a live trace, and fitted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy
import pytest
from scipy import stats

from deadheat.live.forcing.free import parse_delays
from deadheat.live.forcing.stress import Load, stress
from deadheat.live.logs.measured import fit_of, fits_in, latencies_in
from deadheat.live.place import Place
from deadheat.reports.latencies import save_profile
from deadheat.scenarios.distributions import parse_law
from deadheat.scenarios.in_time import Question
from deadheat.scenarios.profiles import load_profile
from deadheat.scenarios.scenario import Scenario
from deadheat.scenarios.simulate import simulate
from deadheat.sim.errors import TraceError, UsageError
from tests.command import deadheat
from tests.gate.test_schemas import require

HEADER = {"format": "deadheat-live-trace", "version": 1, "protocol": "baseline", "evaluations": ["e1"]}


def trace(folder: Path, *events: tuple[str, str, str, float, float]) -> Path:
    """Write a trace of events, each with its process, component, operation, and times."""
    lines: list[dict[str, Any]] = [HEADER]
    for process, component, operation, began, ended in events:
        lines.append(
            {"process": process, "component": component, "operation": operation, "began": began, "ended": ended}
        )
    path = folder / "stress.jsonl"
    path.write_text("".join(f"{json.dumps(each)}\n" for each in lines))
    return path


def test_a_step_takes_from_when_it_could_happen_to_when_it_did(tmp_path: Path) -> None:
    path = trace(
        tmp_path,
        ("worker/e1", "queue/e1", "deliver", 10.0, 10.5),
        ("worker/e1", "status/e1", "set", 10.5, 10.7),
        ("dispatcher/e1/1", "http/e1", "accept", 10.0, 11.5),
        ("worker/e1", "http/e1", "send", 10.7, 11.0),
        ("user/e1", "user/e1", "cancel", 11.0, 12.0),
        ("cancel/e1", "user/e1", "cancellation", 10.0, 12.1),
        ("cancel/e1", "status/e1", "get", 12.1, 12.4),
    )
    found = {name: pytest.approx(times) for name, times in latencies_in(path).items()}
    assert found == {
        "T0": [0.5],
        "T1": [0.2],
        "T2": [0.3],
        "T7": [0.5],  # since the request was sent, not since the dispatcher waits
        "T3": [2.0],
        "cancel.user.cancellation": [0.1],
        "T4": [0.3],
    }


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("exponential(mean=80ms)", "exponential("),
        ("erlang(stages=9, mean=2s)", "erlang("),
        ("lognormal(median=80ms, p99=4s)", "lognormal("),
        ("uniform(10ms, 50ms)", "uniform("),
    ],
)
def test_the_family_is_found_that_measurements_are_of(text: str, family: str) -> None:
    law, random = parse_law(text), numpy.random.default_rng(3)
    draws = {
        "exponential(": random.exponential(0.08, 800),
        "erlang(": random.gamma(9, 2 / 9, 800),
        "lognormal(": random.lognormal(numpy.log(0.08), 1.6816, 800),
        "uniform(": random.uniform(0.01, 0.05, 800),
    }
    found = fit_of("T7", draws[family].tolist())
    assert found.text is not None
    assert found.text.startswith(family) or (family == "exponential(" and found.text.startswith("erlang(stages=1,"))
    assert parse_law(found.text).mean_ns == pytest.approx(law.mean_ns, rel=0.15)


def test_what_no_family_fits_stays_as_it_was_measured() -> None:
    found = fit_of(
        "T7", [0.01] * 300 + [0.01 + each / 1e5 for each in range(100)] + [5.0 + each / 1e3 for each in range(100)]
    )
    assert found.text is None
    assert found.law.quantiles[0] == pytest.approx(0.01e9)
    assert found.law.quantiles[-1] == pytest.approx(5.099e9)


def test_what_takes_no_time_is_constant() -> None:
    assert fit_of("T4", [0.002] * 40).text == "2000us"
    for time_s in (0.0, 1.7e-8, 2.34e-5):  # written as it is, however short
        found = fit_of("T4", [time_s] * 40)
        assert found.text is not None
        assert parse_law(found.text) == found.law
    assert fit_of("T4", [0.0] * 40).law.takes_no_time


def test_a_time_that_cannot_be_waited_for_is_told_with_its_line(tmp_path: Path) -> None:
    for began, ended in ((0.0, 1e300), (-1e308, 1e308)):
        path = trace(tmp_path, ("worker/e1", "queue/e1", "deliver", began, ended))
        with pytest.raises(TraceError, match="in line 2 took more than 36,500 days"):
            fits_in(path)


def test_a_trace_that_tells_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="tells of no step"):
        fits_in(trace(tmp_path))


@pytest.mark.live
@pytest.mark.slow
def test_the_rate_of_a_stress_run_lies_in_what_is_simulated_with_its_latencies(place: Place, tmp_path: Path) -> None:
    """On real servers, where one in a few cancellations leaves an orphan: as many as could be, of so many that are
    simulated, in 99.9% of cases.

    Few at once: under load all latencies of one moment are longer together, which the model takes as independent.
    """
    delays = parse_delays(
        ["http.accept=0..400ms", "user.cancel=0..400ms", "queue.deliver=0..50ms"], Scenario("baseline").model()
    )
    path, count = tmp_path / "stress.jsonl", 160
    observed = stress(place, "baseline", Load(count, 6, delays, settle_s=1.0), path)
    save_profile(fits_in(path), "quiet", tmp_path / "measured.toml", "stress.jsonl")
    laws = load_profile(str(tmp_path / "measured.toml")).laws
    found = simulate(["baseline"], Question(laws=laws, given={}, cancellations=50_000)).results[0]
    assert found.orphans_per_million.value is not None
    least, most = stats.binom.interval(0.999, count, found.orphans_per_million.value / 1e6)
    assert least <= len(observed.orphans) <= most


def test_what_was_measured_is_a_profile_for_simulate(tmp_path: Path) -> None:
    path = trace(
        tmp_path,
        ("worker/e1", "queue/e1", "deliver", 10.0, 10.5),
        ("user/e1", "user/e1", "cancel", 11.0, 12.0),
    )
    done = deadheat("latencies", str(path), "--save", "ours.toml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    require("latencies", deadheat("latencies", str(path), "--json").stdout)
    profile = load_profile(str(tmp_path / "ours.toml"))
    assert profile.texts["T3"] == "2000ms"
    assert profile.texts["T0"] == "500ms"
    assert set(load_profile("quiet").laws) - {"T3"} <= set(profile.laws)
    again = deadheat("simulate", "baseline", "--profile", "ours.toml", "--cancellations", "50", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
