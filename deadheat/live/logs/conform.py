"""Whether a model explains a live trace: some run of the model does what the trace says, in an order that fits.

Events whose times overlap may have taken effect in either order; what the trace does not tell of may have happened at
any time that the process which did it had for it. The search is depth first, since one run that fits is enough (breadth
first looks at all of them: that took CCF's engineers 45 minutes a trace, and depth first seconds). Each evaluation is
matched on its own, against the model of one evaluation, with what shared processes did for it: a trace of a thousand
evaluations is a thousand searches of a few dozen events. So what one evaluation does to another is not looked for.

A trace that is explained may be one of a lost race all the same: `run_properties` says what the run violates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from deadheat.live.logs.attribution import Attribution
from deadheat.live.logs.furthest import Furthest, furthest
from deadheat.live.logs.matching import Matching
from deadheat.live.logs.run_properties import JudgedProperty, judge
from deadheat.live.logs.tape import Header, LiveEvent, on_one_line
from deadheat.models.components.kubernetes import JobReference
from deadheat.models.system import Protocol
from deadheat.scenarios.catalogue import find_protocol
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.errors import TraceError, UndecidedError, UsageError
from deadheat.sim.learn.tables import Tables
from deadheat.sim.model import Kind, Model

__all__ = ["Conformance", "Unexplained", "conform"]

STATES_MAX = 200_000


@dataclass(frozen=True, slots=True)
class Unexplained:
    """An evaluation whose events no run of the model does all of, and all the furthest that its runs get with them."""

    evaluation: str
    furthest: tuple[Furthest, ...]

    @property
    def event(self) -> LiveEvent:
        """The first event that is not explained."""
        return self.furthest[0].event

    @property
    def allowed(self) -> tuple[str, ...]:
        """What the model allows there instead."""
        return tuple(each.step for each in self.furthest[0].allowed)


@dataclass(frozen=True, slots=True)
class Conformance:
    """What came of matching a trace: how many events of how many evaluations, and which of these are unexplained.

    `judged` is what can be said of the properties in the runs of those that are explained, if that was asked; it says
    nothing of the evaluations in `not_judged`, for which too many runs of the model do what the trace says.
    """

    protocol: str
    evaluations: int
    events: int
    refused: tuple[Unexplained, ...] = ()
    judged: tuple[JudgedProperty, ...] = ()
    not_judged: tuple[str, ...] = ()

    @property
    def unexplained(self) -> Unexplained | None:
        """The first evaluation that is not explained, if there is one."""
        return self.refused[0] if self.refused else None


def conform(header: Header, events: Sequence[LiveEvent], *, properties: bool = False) -> Conformance:
    """Match a live trace against its protocol's model; say of its runs which `properties` they violate, if asked.

    Raises TraceError, naming the line, for an unknown protocol or fault, for an event of what the model does not have,
    and for one of none of several evaluations; UndecidedError if a search does not end within its limit.
    """
    protocol, model = _model_of(header)
    attribution = Attribution(header, protocol)
    tables = Tables(model)
    owners = [attribution.of(event) for event in events]
    own: dict[str, list[LiveEvent]] = {each: [] for each in header.evaluations}
    for event, owner in zip(events, owners, strict=True):
        for evaluation in header.evaluations if owner is None else (owner,):
            own[evaluation].append(_own(event, evaluation))
    originals = {event.line: event for event in events}
    refused: list[Unexplained] = []
    judged: list[JudgedProperty] = []
    not_judged: list[str] = []
    undecided: UndecidedError | None = None
    for evaluation, told in own.items():
        matching = Matching(tables, header.components, evaluation, told)
        try:
            reached = _furthest_of(matching)
        except UndecidedError as error:
            undecided = error
            continue
        if reached:
            as_told = tuple(replace(each, event=originals[each.event.line]) for each in reached)
            refused.append(Unexplained(evaluation, as_told))
        elif properties:
            found = judge(matching)
            if found is None:
                not_judged.append(evaluation)
            judged.extend(found or ())
    if undecided is not None and not refused:
        raise undecided
    count = sum(map(len, own.values()))
    evaluations = len(header.evaluations)
    return Conformance(header.protocol, evaluations, count, tuple(refused), tuple(judged), tuple(not_judged))


def _model_of(header: Header) -> tuple[Protocol, Model]:
    """Return the protocol of a trace, and its model for one evaluation; raises TraceError where there is none."""
    try:
        # A scenario looks at the names.
        scenario = Scenario(header.protocol, 1, tuple(header.faults.items()))
        protocol = find_protocol(header.protocol)
    except UsageError as error:
        raise TraceError(f"Line 1, the header, cannot be matched: {on_one_line(str(error))}") from None
    except RecursionError:
        raise TraceError("Line 1, the header, cannot be matched: the protocol's name has no end.") from None
    model = scenario.model()
    # Every step of the few runs that match is looked at, so it costs nothing to ask of all of them.
    asked = tuple(replace(each, every_step=each.kind is Kind.STEP) for each in model.properties)
    return protocol, replace(model, properties=asked)


def _furthest_of(matching: Matching) -> tuple[Furthest, ...]:
    """Return how far the runs of the model get with the events; nothing if one of them gets to the end."""
    start = matching.start()
    waiting, seen = [start], {start}
    while waiting:
        point = waiting.pop()
        if point.matched == matching.everything:
            return ()
        for taken in matching.steps(point):
            if taken.point not in seen:
                seen.add(taken.point)
                waiting.append(taken.point)
        if len(seen) > STATES_MAX:
            raise UndecidedError(
                f"The trace is neither explained nor refuted after {STATES_MAX:,} states; the usual cause is that "
                "it tells of too little. Record more components."
            )
    return furthest(matching, seen)


def _own(event: LiveEvent, evaluation: str) -> LiveEvent:
    """Return what an event says of one evaluation: a list of all Jobs is cut down to it."""
    outcome = event.outcome
    if isinstance(outcome, tuple) and outcome and all(isinstance(each, JobReference) for each in outcome):
        return replace(event, outcome=tuple(each for each in outcome if each.evaluation == evaluation))
    return event
