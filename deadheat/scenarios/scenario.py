"""What is checked: a protocol, a size, fault budgets and properties, as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from deadheat.scenarios.assumptions import is_assumption
from deadheat.scenarios.catalogue import without_mutants
from deadheat.scenarios.subject import Settings, Subject
from deadheat.scenarios.subjects import subject_of
from deadheat.sim.counting import counted
from deadheat.sim.errors import UsageError, unknown_name
from deadheat.sim.model import UNLIMITED, Model

__all__ = [
    "EVERY",
    "WITHOUT_END",
    "Scenario",
    "budget_text",
    "parse_faults",
    "parse_settings",
    "require_steps_or_faults",
]

WITHOUT_END = "*"
"""How a budget without end is written."""

SIZE_MAX = 1_000
"""How many evaluations and faults a scenario may have: far more than can be explored, and not too many to be built."""


EVERY = ("*",)
"""What stands for all the properties that there are."""


@dataclass(frozen=True)
class Scenario:
    """What is checked. Raises UsageError if a name in it is unknown or a number makes no sense.

    A `quiet` scenario judges liveness only on runs in which faults stop at some point. `settings` are the sizes of a
    model that has other sizes than evaluations.
    """

    protocol: str
    evaluations: int = 1
    faults: tuple[tuple[str, int], ...] = ()
    properties: tuple[str, ...] = EVERY
    quiet: bool = False
    settings: Settings = ()

    def __post_init__(self) -> None:
        subject = subject_of(without_mutants(self.protocol), self.settings)
        object.__setattr__(self, "faults", tuple({**subject.budgets, **dict(self.faults)}.items()))
        object.__setattr__(self, "quiet", self.quiet or subject.quiet)
        if self.properties == EVERY:
            object.__setattr__(self, "properties", tuple(subject.properties))
        if self.evaluations < 1:
            raise UsageError(f"{self.evaluations} evaluations cannot be checked; ask for at least 1.")
        for kind, budget in self.faults:
            if kind not in subject.faults:
                raise unknown_name("fault", kind, subject.faults)
            if budget < 0 and (budget != UNLIMITED or subject.faults[kind]):
                raise UsageError(
                    f"The fault {kind!r} cannot happen {'without end' if budget == UNLIMITED else f'{budget} times'}; "
                    "give it a number of times."
                )
        size = self.evaluations * (1 + sum(budget for _, budget in self.faults if budget != UNLIMITED))
        if size > SIZE_MAX and subject.grows_with_faults:
            raise UsageError(
                f"{counted(self.evaluations, 'evaluation')} with these faults would take {size:,} processes or more, "
                f"of {SIZE_MAX:,} allowed, and far more than can be explored; ask for fewer, or for KIND={WITHOUT_END}."
            )
        for name in self.properties:
            if name not in subject.properties:
                raise unknown_name("property", name, subject.properties)

    @property
    def budgets(self) -> Mapping[str, int]:
        """The fault budgets by kind."""
        return dict(self.faults)

    @property
    def subject(self) -> Subject:
        """What the scenario is of."""
        return subject_of(self.protocol, self.settings)

    @property
    def size(self) -> str:
        """How large it is, in words."""
        return self.subject.size(self.evaluations)

    def model(self) -> Model:
        """Return the model of this scenario, with the properties asked for."""
        return self.model_of(self.subject)

    def model_of(self, subject: Subject) -> Model:
        """Return the model of this scenario, of what its reference stood for at some time."""
        model = subject.model(self.evaluations, self.budgets, self.quiet)
        return replace(model, properties=tuple(each for each in model.properties if each.name in self.properties))


def budget_text(budget: int) -> str:
    """Return a budget as it is written."""
    return WITHOUT_END if budget == UNLIMITED else str(budget)


def parse_faults(texts: list[str]) -> tuple[tuple[str, int], ...]:
    """Return the budgets that texts such as `worker-crash=1` ask for; raises UsageError."""
    budgets: dict[str, int] = {}
    for text in texts:
        kind, equals, number = text.partition("=")
        if not equals or not (number.isdecimal() or number == WITHOUT_END):
            raise UsageError(
                f"{text!r} is not a fault budget; write KIND=K, such as worker-crash=1, or KIND={WITHOUT_END} for "
                "faults without end."
            )
        if kind in budgets:
            raise UsageError(f"The fault {kind!r} is given twice; give it one budget.")
        budgets[kind] = UNLIMITED if number == WITHOUT_END else int(number)
    return tuple(budgets.items())


def parse_settings(texts: list[str]) -> Settings:
    """Return the sizes that texts such as `managers=5` set; raises UsageError."""
    for text in texts:
        if not text.partition("=")[0].isidentifier() or "=" not in text:
            raise UsageError(f"{text!r} sets no size; write NAME=VALUE, such as managers=5.", about="settings")
    return tuple((name, value) for name, _, value in (text.partition("=") for text in texts))


def require_steps_or_faults(names: Iterable[str], scenarios: Iterable[Scenario]) -> frozenset[str]:
    """Return names of steps and kinds of fault, and of assumptions; raises UsageError for what none of them has."""
    found, scenarios = frozenset(names), tuple(scenarios)
    known = list(dict.fromkeys(name for each in scenarios for name in each.subject.steps_and_faults)) if found else []
    for name in found:
        if name not in known and not is_assumption(name, (each.model() for each in scenarios)):
            raise unknown_name("step or fault", name, known)
    return found
