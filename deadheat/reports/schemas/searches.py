"""The outputs of what searches: check, frontier, mutate, incidents, window and gate."""

from __future__ import annotations

from typing import Literal

import msgspec

from deadheat.reports.schemas.form import Faults, Form

__all__ = ["Check", "Explore", "Frontier", "Gate", "Incidents", "Mutate", "Rollout", "Window"]


class Starving(msgspec.Struct):
    """An alternative of an `any_of` that is never taken in a cycle, although it could be."""

    process: str
    alternative: str
    always: bool


class Part(msgspec.Struct):
    """A fault, process or component of a system: how many times as many states there are for it."""

    kind: Literal["fault", "process", "component"]
    name: str
    values: int
    factor: float
    once_less: float | None


class Estimate(msgspec.Struct):
    """How many states there may be in all; `high` is null where no end is in sight."""

    likely: int
    low: int
    high: int | None


class Cut(msgspec.Struct):
    """What there could be less of, and how many times fewer states that makes."""

    less: str
    name: str
    left: int
    factor: float


class MadeOf(msgspec.Struct):
    """What the states of a search are made of that was cut short, or that is large."""

    states: int
    layers: list[int]
    parts: list[Part]
    estimate: Estimate | None
    cuts: list[Cut]


class CheckResult(msgspec.Struct):
    """What was found of one property of one protocol."""

    protocol: str
    property: str
    verdict: Literal["holds", "violated", "vacuous", "inconclusive"]
    evaluations: int
    settings: dict[str, str]
    faults: Faults
    states: int
    transitions: int
    counterexample_length: int | None
    starving: list[Starving]
    reductions: list[Literal["merging", "composition", "symmetry", "partial-order"]]
    storage: Literal["exact", "fingerprint"]
    omission_odds: float
    seconds: float
    not_reached: list[str]
    labels_not_reached: list[str]
    faults_not_fired: list[str]
    assumptions: list[str]
    assumptions_never_kept: list[str]
    made_of: MadeOf | None


class Check(Form):
    """What `deadheat check --json` prints."""

    deadheat: str
    results: list[CheckResult]


class FrontierResult(msgspec.Struct):
    """The smallest sets of faults of these kinds that break a property, where `faults` are allowed in any case."""

    protocol: str
    property: str
    evaluations: int
    settings: dict[str, str]
    up_to: int
    kinds: list[str]
    faults: Faults
    breaking: list[Faults]
    undecided: list[Faults]
    vacuous: list[Faults]
    not_applicable: list[str]
    complete: bool
    states: int
    seconds: float


class Frontier(Form):
    """What `deadheat frontier --json` prints."""

    deadheat: str
    results: list[FrontierResult]


class NoticedBy(msgspec.Struct):
    """A property that notices a mutant, and under which faults."""

    property: str
    faults: Faults
    counterexample_length: int


class Site(msgspec.Struct):
    """A step of a role."""

    role: str
    site: str


class OnlyAfter(msgspec.Struct):
    """The step after which one that is put off happens."""

    site: str
    operation: str


class MutantResult(msgspec.Struct):
    """What became of one mutant."""

    mutant: str
    protocol: str
    role: str
    site: str
    operation: str
    change: str
    only_after: OnlyAfter | None
    survived: bool
    fate: Literal["noticed", "survived", "no difference", "cannot run", "inconclusive"]
    noticed_by: list[NoticedBy]
    differs_under: Faults | None
    differs_in: list[str]
    error: str | None


class Mutate(Form):
    """What `deadheat mutate --json` prints."""

    deadheat: str
    protocol: str
    evaluations: int
    settings: dict[str, str]
    cannot_notice: list[str]
    never_reached: list[Site]
    results: list[MutantResult]


class IncidentResult(msgspec.Struct):
    """Whether a defect that somebody had is found, and whether its mending holds."""

    incident: str
    reference: str
    protocol: str
    faults: Faults
    reproduced: bool | None
    violated: list[str]
    counterexample_lengths: dict[str, int]
    undecided: list[str]
    also_violated: list[str]
    fix: str
    fixed_protocol: str
    fix_holds: bool | None
    fix_undecided: list[str]
    fix_still_violates: list[str]
    fix_newly_violates: list[str]
    fix_broken_by: list[str]
    fix_undecided_for: list[str]
    fix_not_applicable: list[str]


class Incidents(Form):
    """What `deadheat incidents --json` prints."""

    deadheat: str
    complete: bool
    results: list[IncidentResult]


class WindowCondition(msgspec.Struct):
    """A condition on latencies."""

    text: str
    bounds: str
    slack_s: float | None


class WindowConstraint(msgspec.Struct):
    """How long before another a step happens."""

    earlier: int
    later: int
    at_least_s: float | None
    at_most_s: float | None
    reason: str


class FreeStep(msgspec.Struct):
    """A step that nobody waits for, and between which others it has to happen."""

    step: int
    after: list[tuple[int, float | None]]
    before: list[tuple[int, float | None]]
    window_s_min: float | None
    window_s_max: float | None
    text: str


class Lease(msgspec.Struct):
    """A time to live, and how long it would have to be to exclude the counterexample."""

    step: int
    key: str
    set_by: str
    excluding_ttl_s: float | None
    text: str


class TimedStep(msgspec.Struct):
    """A step of an example, and when it happens."""

    step: int
    label: str | None
    process: str
    at_s: float | None


class Window(Form):
    """What `deadheat window --json` prints; seconds are null where there is no limit."""

    deadheat: str
    protocol: str
    property: str
    possible: bool
    always: bool
    inequality: str | None
    slack_s: float | None
    conditions: list[WindowCondition]
    constraints: list[WindowConstraint]
    free_steps: list[FreeStep]
    excluding_ttl_s: float | None
    leases: list[Lease]
    example: list[TimedStep] | None
    overdue: list[str]
    not_bounded: list[str]


class GateFinding(msgspec.Struct):
    """One thing that got worse; `id` is the same as long as it is the same thing."""

    id: str
    reference: str
    property: str | None
    faults: Faults
    kind: Literal["lost", "weaker", "vacuous", "inconclusive", "mutant", "changed", "unsafe-rollout", "must-reach"]
    text: str
    accepted_until: str | None


class Gate(Form):
    """What `deadheat gate --json` prints."""

    passed: bool
    findings: list[GateFinding]
    refactored: list[str]


class RolloutStop(msgspec.Struct):
    """What was found where some roles are new, and of some there are old and new replicas at one time."""

    new: list[str]
    mixed: list[str]
    violated: list[str]
    undecided: list[str]
    not_reached: list[str]
    fails: str | None
    states: int


class ViolatedAnyway(msgspec.Struct):
    """What each version violates by itself; `from` is a word of Python."""

    from_: list[str] = msgspec.field(name="from")
    to: list[str]


class RolloutResult(msgspec.Struct):
    """What was found of all stops between two versions."""

    from_: str = msgspec.field(name="from")
    to: str
    evaluations: int
    faults: Faults
    judged: list[str]
    violated_anyway: ViolatedAnyway
    not_judged: list[str]
    idle: list[str]
    stops: list[RolloutStop]
    safe_orders: list[list[str]]
    safe_orders_back: list[list[str]]
    all_at_once: bool
    seconds: float


class Rollout(Form):
    """What `deadheat rollout --json` prints."""

    deadheat: str
    results: list[RolloutResult]


class ExploredEvent(msgspec.Struct):
    """What one step does: of which process, on which component, with what outcome; and what it changes."""

    process: str
    component: str
    operation: str
    arguments: list[str]
    outcome: str
    label: str | None
    fault: str | None
    changes: dict[str, str]


class ExploredProperty(msgspec.Struct):
    """How a property stands: `why` is what is wrong at present, `since` after which step it is violated."""

    property: str
    status: Literal["violated", "was-violated", "lost", "possible", "by-fault", "holds", "open"]
    why: str | None
    since: int | None


class ExploredStep(msgspec.Struct):
    """A step that is enabled; one that is not owed need not happen."""

    number: int
    owed: bool
    event: ExploredEvent


class ExploredPosition(msgspec.Struct):
    """Where a run stands after a command."""

    command: str
    step: int
    event: ExploredEvent | None
    state: dict[str, str]
    properties: list[ExploredProperty]
    enabled: list[ExploredStep]


class Explore(Form):
    """What `deadheat explore --json` prints."""

    deadheat: str
    results: list[ExploredPosition]
