"""The outputs of fuzz: what runs drawn at random found, and how likely one of them finds it."""

from __future__ import annotations

from typing import Literal

import msgspec

from deadheat.reports.schemas.form import Faults, Form

__all__ = ["Fuzz", "FuzzRate"]


class Fuzzed(msgspec.Struct):
    """What was found of one property; how much was done until then, or in all where nothing was found."""

    protocol: str
    property: str
    verdict: Literal["violated", "inconclusive"]
    evaluations: int
    strategy: str
    seed: int
    schedules: int
    steps: int
    seconds: float
    counterexample_length: int | None
    faults: Faults
    switches: int | None
    distinct: int
    violated_in: int
    parting: str | None
    blob: str | None


class StatesThere(msgspec.Struct):
    """How many states runs like these would see at least, the standard error of that, and by which estimator."""

    states: int
    error: int | None
    method: Literal["Chao2"]


class FuzzSearch(msgspec.Struct):
    """What all runs of one protocol were worth."""

    protocol: str
    schedules: int
    steps: int
    seconds: float
    jobs: int
    by_strategy: dict[str, int]
    states: int
    states_per_second: float
    labels: list[str]
    pairs: int
    pairs_in_both_orders: int
    faults_fired: list[str]
    estimate: StatesThere | None
    last_new: int
    remarks: list[str]


class Fuzz(Form):
    """What `deadheat fuzz --json` prints."""

    deadheat: str
    results: list[Fuzzed]
    searches: list[FuzzSearch]


class Rate(msgspec.Struct):
    """How likely one run of a strategy violates a property."""

    protocol: str
    property: str
    strategy: str
    probability: float


class FuzzRate(Form):
    """What `deadheat fuzz --rate --json` prints."""

    deadheat: str
    results: list[Rate]
