"""deadheat from Python: `deadheat.check(OURS, faults={"http-retry": 1}).require("no-permanent-orphan")`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import StringIO
from typing import Any, Generic, TypeVar

from deadheat.models.design import Design
from deadheat.models.system import Protocol
from deadheat.scenarios import check as checking, user_code
from deadheat.scenarios.arguments import budgets_of, require_number, require_protocol
from deadheat.scenarios.check import INTERRUPTIBLE, CheckResult, Counterexample, Options, Verdict
from deadheat.scenarios.given import reference_to
from deadheat.scenarios.scenario import EVERY, Scenario, require_steps_or_faults
from deadheat.scenarios.subjects import Subject
from deadheat.sim.counting import a
from deadheat.sim.errors import DeadheatError, InternalError, UsageError, unknown_name
from deadheat.sim.explore.stop import Limit
from deadheat.sim.model import Model

__all__ = ["Checked", "NotHeldError", "check"]

WIDTH = 100

Found = TypeVar("Found")


class NotHeldError(AssertionError):
    """A property that was required does not hold, or that it does was not shown; the message shows how, or why."""


class _ByName(dict[str, Found], Generic[Found]):
    """What was found, by property."""

    what = "property among those checked"

    def __missing__(self, name: str) -> Found:
        __tracebackhide__ = True
        raise unknown_name(self.what, name, self)


class _Counterexamples(_ByName[Counterexample]):
    what = "counterexample to"


@dataclass(frozen=True)  # no slots: with these, Python itself fails where it is to say that a property cannot be set
class Checked:
    """What a check found; `result` is all of it."""

    result: CheckResult
    _subject: Subject = field(repr=False, compare=False)

    def __bool__(self) -> bool:
        """Raise TypeError: it would be true whatever was found."""
        raise TypeError("What a check found is neither true nor false; call .require(...) on it.")

    @property
    def verdicts(self) -> Mapping[str, Verdict]:
        """The verdict on each property, by name; raises UsageError for one that was not checked."""
        return _ByName({each.property: each.verdict for each in self.result.outcomes})

    @property
    def counterexamples(self) -> Mapping[str, Counterexample]:
        """A shortest counterexample to each property that is violated, by name; raises UsageError for any other."""
        return _Counterexamples(
            {each.property: each.counterexample for each in self.result.outcomes if each.counterexample is not None}
        )

    def timeline(self, name: str) -> str:
        """Return a counterexample to the named property as text; raises UsageError where there is none."""
        __tracebackhide__ = True
        return _timeline(self.counterexamples[name], self._subject)

    def require(self, *names: str) -> Checked:
        """Return this, if all the named properties hold; no name stands for all that were checked.

        Raises NotHeldError for the first that does not, with its counterexample, or of which that was not decided, or
        which holds vacuously; UsageError for a name that was not checked.
        """
        __tracebackhide__ = True  # pytest shows the line that required it, and not this one
        for name in names or self.verdicts:
            if not isinstance(name, str):
                raise UsageError(f"require(...) was given a {type(name).__name__}; give it names, one by one.")
            if name not in self.verdicts:
                raise unknown_name("property among those checked", name, self.verdicts)
            if self.verdicts[name] is not Verdict.HOLDS:
                raise NotHeldError(self._why_not(name))
        return self

    def _why_not(self, name: str) -> str:
        verdict, of = self.verdicts[name], self.result.scenario.protocol
        if verdict is Verdict.VIOLATED:
            return f"{name} is violated.\n\n{self.timeline(name)}"
        if verdict is Verdict.VACUOUS:
            missed = ", ".join(self.result.missed)
            return (
                f"{name} holds vacuously of {of}: no run reached {missed}; mend the protocol, or allow that by "
                "allow_unreached."
            )
        return f"{name} was not decided of {of}: {self._why_undecided()}."

    def _why_undecided(self) -> str:
        exploration = self.result.exploration
        if exploration.stopped is None:
            return "; ".join(exploration.remarks) or "a limit was reached; check something smaller"
        if exploration.stopped.limit is Limit.STATES:
            return f"{exploration.stopped}; raise states_max, or check something smaller"
        return f"{exploration.stopped}; check something smaller"


def check(
    protocol: Protocol | Design[Any] | Model | str,
    *,
    evaluations: int = 1,
    faults: Mapping[str, int | str] | None = None,
    properties: Iterable[str] | None = None,
    quiet: bool = False,
    allow_unreached: Iterable[str] = (),
    states_max: int = INTERRUPTIBLE.states_max,
    settings: Mapping[str, object] | None = None,
) -> Checked:
    """Check a protocol, a design, a model, or what a reference such as `ours.py:PROTOCOL` names: every interleaving.

    `faults` says how often each kind of fault may happen, "*" for any number of times; one that never does makes what
    holds vacuous, unless it is among `allow_unreached`. With `quiet`, liveness is judged on runs in which faults end.
    `settings` are the sizes of a model that has others than evaluations, by name.

    Raises UsageError for what does not exist, and ModelError where the protocol breaks a rule of the engine.
    """
    __tracebackhide__ = True  # pytest shows the line that asked for the check, and none of ours
    for what, given in (("properties", properties), ("allow_unreached", allow_unreached)):
        if isinstance(given, str):
            raise UsageError(f"{what} of check(...) is a text; give it a list: [{given!r}].")
        for each in given if isinstance(given, Sequence) else ():
            if not isinstance(each, str):
                name = getattr(each, "name", None)
                instead = f"write its name: [{name!r}]" if isinstance(name, str) else "give it names"
                raise UsageError(f"{what} of check(...) names {a(each)}; {instead}.")
    try:
        require_protocol(protocol, "check")
        require_number("evaluations", evaluations, "check")
        budgets = budgets_of(faults, "check")
        return _checked(protocol, evaluations, budgets, properties, quiet, allow_unreached, states_max, settings or {})
    except InternalError:  # of which the traceback says where
        raise
    except DeadheatError as error:
        raise error.with_traceback(None) from None


def _checked(
    protocol: Protocol | Design[Any] | Model | str,
    evaluations: int,
    budgets: tuple[tuple[str, int], ...],
    properties: Iterable[str] | None,
    quiet: bool,
    allow_unreached: Iterable[str],
    states_max: int,
    settings: Mapping[str, object],
) -> Checked:
    asked = EVERY if properties is None else tuple(dict.fromkeys(properties))
    if not asked:
        raise UsageError("check(...) was given no property to check; leave `properties` out for all of them.")
    user_code.look_again()
    scenario = Scenario(
        protocol if isinstance(protocol, str) else reference_to(protocol),
        evaluations,
        budgets,
        asked,
        quiet,
        tuple((name, str(value)) for name, value in settings.items()),
    )
    allowed = require_steps_or_faults(allow_unreached, [scenario])
    options = Options(replace(INTERRUPTIBLE, states_max=states_max), allow_unreached=allowed, faults_must_fire=True)
    return Checked(checking.check(scenario, options), scenario.subject)


def _timeline(counterexample: Counterexample, subject: Subject) -> str:
    """Render a run of what was checked, although its name may mean something else by now."""
    from deadheat.reports.screen import Screen
    from deadheat.reports.timeline import print_plainly, print_timeline
    from deadheat.reports.wishes import is_plain
    from deadheat.sim.explain.turning_point import turning_point

    model = counterexample.scenario.model_of(subject)
    lost = turning_point(model, counterexample.property, counterexample.trace.schedule)
    text = StringIO()
    (print_plainly if is_plain() else print_timeline)(counterexample, Screen(file=text, width=WIDTH), lost)
    return text.getvalue()
