"""Distributions as people write them: `lognormal(median=80ms, p99=2s)`, measured ones from files, and their mistakes.

    5ms                                     always that
    constant(5ms)                           the same
    uniform(1ms, 5ms)
    exponential(mean=20ms)                  or exponential(rate=3/h)
    erlang(stages=3, mean=2s)
    lognormal(median=80ms, p99=2s)
    periodic(5m)                            at every multiple of that, from any moment on
    empirical(FILE.csv)                     measured latencies, one a line
    histogram(FILE.txt)                     a Prometheus histogram; with its name, where the file has several, and
                                            such as unit=ms, where its name does not end with one
    chance(0.1%)                            of a fault: met so often, when its step happens

Each may have a `never=20%` behind: the share of cases in which it does not come at all.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from deadheat.scenarios.measured_laws import law_from_csv, law_from_histogram
from deadheat.sim.durations import UNITS_NS, parse_duration
from deadheat.sim.errors import UsageError, unknown_name
from deadheat.sim.timed.laws import Law

__all__ = ["parse_law", "parse_laws", "parse_rate_per_day"]

FORM = re.compile(r"([a-z]+)\s*\((.*)\)", re.DOTALL)
RATE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*/\s*(ns|us|ms|s|m|h|d)")
SHARE = re.compile(r"([0-9]+(?:\.[0-9]+)?(?:[eE]-?[0-9]+)?)\s*(%?)")
STAGES_MAX = 1_000
EXAMPLE = "lognormal(median=80ms, p99=2s)"


def parse_laws(texts: Sequence[str]) -> dict[str, Law]:
    """Return the laws that texts such as `T7=uniform(1ms, 5ms)` give, by name; raises UsageError."""
    laws: dict[str, Law] = {}
    for text in texts:
        name, equals, given = (part.strip() for part in text.partition("="))
        if not equals or not name or not given:
            raise UsageError(f"{text!r} gives no latency; write NAME=DISTRIBUTION, such as T7={EXAMPLE}.")
        if name in laws:
            raise UsageError(f"The latency of {name!r} is given twice; give it once.")
        laws[name] = parse_law(given, repr(text))
    return laws


def parse_law(text: str, where: str = "", folder: Path = Path()) -> Law:
    """Return the law that a text gives; raises UsageError, which names `where` it was written.

    Files are looked for from the `folder`.
    """
    found = FORM.fullmatch(text.strip())
    if found is None:
        if "(" in text or ")" in text:
            raise UsageError(f"{text!r}{_in(where)} is no distribution; write one such as {EXAMPLE}, or a duration.")
        return Law.constant(parse_duration(text, where))
    name, inside = found[1], found[2]
    if name not in FAMILIES:
        raise UsageError(f"In {where or repr(text)}: {unknown_name('distribution', name, list(FAMILIES))}")
    keys, make = FAMILIES[name]
    given, never = _arguments(name, keys, inside, where)
    law = make(given, where, folder)
    return law.but_never(never) if never else law


def _arguments(name: str, keys: tuple[str, ...], inside: str, where: str) -> tuple[dict[str, str], float]:
    given: dict[str, str] = {}
    parts = [part.strip() for part in inside.split(",")] if inside.strip() else []
    never = None
    for place, part in enumerate(parts):
        key, equals, value = (each.strip() for each in part.partition("="))
        if not equals:
            key, value = (keys[place] if place < len(keys) else ""), part
        if key == "never":
            if never is not None:
                raise UsageError(f"{name}(...){_in(where)} is given never twice; give it once.")
            never = _share(value, "never", where)
            continue
        alternatives = [*keys, *(["rate"] if name == "exponential" else []), "never"]
        if key not in alternatives:
            raise UsageError(f"{name}(...){_in(where)} takes {', '.join(keys)}, and no {part!r}; write {_form(name)}.")
        if key in given:
            raise UsageError(f"{name}(...){_in(where)} is given {key} twice; give it once.")
        given[key] = value
    if never is not None and name == "chance":
        raise UsageError(f"chance(...){_in(where)} is a share already, and takes no never; write {_form(name)}.")
    needed = keys[:1] if name == "histogram" else keys
    missing = [key for key in needed if key not in given and not (key == "mean" and "rate" in given)]
    if missing:
        raise UsageError(f"{name}(...){_in(where)} lacks its {missing[0]}; write {_form(name)}.")
    return given, never or 0.0


def _form(name: str) -> str:
    return FORMS[name]


def _constant(given: Mapping[str, str], where: str, _: Path) -> Law:
    return Law.constant(parse_duration(given["time"], where))


def _uniform(given: Mapping[str, str], where: str, _: Path) -> Law:
    low, high = parse_duration(given["low"], where), parse_duration(given["high"], where)
    if high < low:
        raise UsageError(f"uniform(...){_in(where)} ends before it begins; write the shorter first.")
    return Law.uniform(low, high)


def _exponential(given: Mapping[str, str], where: str, _: Path) -> Law:
    if "rate" not in given:
        return Law.exponential(_positive(given["mean"], "mean", where))
    if "mean" in given:
        raise UsageError(f"exponential(...){_in(where)} is given its mean and its rate; give it one of them.")
    rate = RATE.fullmatch(given["rate"])
    if rate is None or float(rate[1]) == 0:
        raise UsageError(
            f"The rate {given['rate']!r}{_in(where)} is not so many a time, more than none; write one such as rate=3/h."
        )
    return Law.exponential(UNITS_NS[rate[2]] / float(rate[1]))


def _erlang(given: Mapping[str, str], where: str, _: Path) -> Law:
    stages = given["stages"]
    if not stages.isdecimal() or not 1 <= int(stages) <= STAGES_MAX:
        raise UsageError(f"The stages {stages!r}{_in(where)} are no whole number from 1 to {STAGES_MAX:,}.")
    return Law.erlang(int(stages), _positive(given["mean"], "mean", where))


def _lognormal(given: Mapping[str, str], where: str, _: Path) -> Law:
    median, p99 = _positive(given["median"], "median", where), _positive(given["p99"], "p99", where)
    if p99 < median:
        raise UsageError(f"The p99 of lognormal(...){_in(where)} is below its median; it is at least that.")
    return Law.lognormal(median, p99)


def _periodic(given: Mapping[str, str], where: str, _: Path) -> Law:
    return Law.periodic(_positive(given["period"], "period", where))


def _chance(given: Mapping[str, str], where: str, _: Path) -> Law:
    return Law.chance(_share(given["probability"], "probability", where))


def _empirical(given: Mapping[str, str], _: str, folder: Path) -> Law:
    return law_from_csv(folder / given["file"])


def _histogram(given: Mapping[str, str], _: str, folder: Path) -> Law:
    return law_from_histogram(folder / given["file"], given.get("metric"), given.get("unit"))


Maker = Callable[[Mapping[str, str], str, Path], Law]

FAMILIES: Mapping[str, tuple[tuple[str, ...], Maker]] = {
    "constant": (("time",), _constant),
    "uniform": (("low", "high"), _uniform),
    "exponential": (("mean",), _exponential),
    "erlang": (("stages", "mean"), _erlang),
    "lognormal": (("median", "p99"), _lognormal),
    "periodic": (("period",), _periodic),
    "empirical": (("file",), _empirical),
    "histogram": (("file", "metric", "unit"), _histogram),
    "chance": (("probability",), _chance),
}

FORMS: Mapping[str, str] = {
    "constant": "constant(5ms)",
    "uniform": "uniform(1ms, 5ms)",
    "exponential": "exponential(mean=20ms) or exponential(rate=3/h)",
    "erlang": "erlang(stages=3, mean=2s)",
    "lognormal": EXAMPLE,
    "periodic": "periodic(5m)",
    "empirical": "empirical(measured.csv)",
    "histogram": "histogram(metrics.txt, http_request_duration_seconds)",
    "chance": "chance(0.1%)",
}


def parse_rate_per_day(text: str) -> float:
    """Return how often a day something comes, of a text such as `200/h`; raises UsageError."""
    rate = RATE.fullmatch(text.strip())
    if rate is None or float(rate[1]) == 0:
        raise UsageError(f"{text!r} is not so many a time, more than none; write one such as 200/h, of s, m, h or d.")
    return float(rate[1]) * UNITS_NS["d"] / UNITS_NS[rate[2]]


def _positive(text: str, what: str, where: str) -> int:
    time_ns = parse_duration(text, where)
    if time_ns == 0:
        raise UsageError(f"The {what}{_in(where)} is 0; give it some time.")
    return time_ns


def _share(text: str, what: str, where: str) -> float:
    found = SHARE.fullmatch(text)
    share = math.nan if found is None else float(found[1]) / (100 if found[2] else 1)
    if not 0 <= share <= 1:
        raise UsageError(f"The {what} {text!r}{_in(where)} is no share; write one from 0 to 1, or such as 20%.")
    return share


def _in(where: str) -> str:
    return f" in {where}" if where else ""
