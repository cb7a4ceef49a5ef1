"""What is checked: a protocol, a size, fault budgets and properties, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deadheat.models.faults import FAULTS
from deadheat.models.protocols import ADDITIONS, PROTOCOLS
from deadheat.models.system import Protocol
from deadheat.models.world import build
from deadheat.scenarios.properties import PROPERTIES, properties_of
from deadheat.sim.counting import counted
from deadheat.sim.errors import UsageError, unknown_name
from deadheat.sim.model import UNLIMITED, Model

__all__ = ["DEFAULT_PROTOCOLS", "MUTANT", "Scenario", "budget_text", "find_protocol", "parse_faults"]

INCIDENT = "incident:"
"""How the name of an incident's protocol begins."""

WITHOUT_END = "*"
"""How a budget without end is written."""

SIZE_MAX = 1_000
"""How many evaluations and faults a scenario may have: far more than can be explored, and not too many to be built."""

MUTANT = "~"
"""What stands between a protocol's name and the number of its mutant: `state-machine~3`."""

DEFAULT_PROTOCOLS: tuple[str, ...] = (
    *(protocol.name for protocol in PROTOCOLS),
    *(f"{PROTOCOLS[0].name}+{addition.name}" for addition in ADDITIONS),
)
"""What is checked when no protocol is named: every option, and the baseline with each addition."""


@dataclass(frozen=True)
class Scenario:
    """What is checked. Raises UsageError if a name in it is unknown or a number makes no sense.

    A `quiet` scenario judges liveness only on runs in which faults stop at some point.
    """

    protocol: str
    evaluations: int = 1
    faults: tuple[tuple[str, int], ...] = ()
    properties: tuple[str, ...] = tuple(PROPERTIES)
    quiet: bool = False

    def __post_init__(self) -> None:
        find_protocol(self.protocol)
        if self.evaluations < 1:
            raise UsageError(f"{self.evaluations} evaluations cannot be checked; ask for at least 1.")
        for kind, budget in self.faults:
            if kind not in FAULTS:
                raise unknown_name("fault", kind, FAULTS)
            if budget < 0 and (budget != UNLIMITED or FAULTS[kind].bounded):
                raise UsageError(
                    f"The fault {kind!r} cannot happen {'without end' if budget == UNLIMITED else f'{budget} times'}; "
                    "give it a number of times."
                )
        size = self.evaluations * (1 + sum(budget for _, budget in self.faults if budget != UNLIMITED))
        if size > SIZE_MAX:
            raise UsageError(
                f"{counted(self.evaluations, 'evaluation')} with these faults would take {size:,} processes or more, "
                f"of {SIZE_MAX:,} allowed, and far more than can be explored; ask for fewer, or for KIND={WITHOUT_END}."
            )
        for name in self.properties:
            if name not in PROPERTIES:
                raise unknown_name("property", name, PROPERTIES)

    @property
    def budgets(self) -> Mapping[str, int]:
        """The fault budgets by kind."""
        return dict(self.faults)

    def model(self) -> Model:
        """Return the model of this scenario, with the properties asked for."""
        return self.model_of(find_protocol(self.protocol))

    def model_of(self, protocol: Protocol) -> Model:
        """Return the model of this scenario with another protocol in the place of its own, such as a mutant of it."""
        world = build(protocol, self.evaluations, self.budgets)
        properties = tuple(each for each in properties_of(world.system) if each.name in self.properties)
        names = world.interchangeable
        return Model(world.components, world.processes, properties, self.budgets, self.quiet, names)

    def command(self, name: str) -> str:
        """Return the deadheat command that shows the named property's counterexample in this scenario."""
        parts = [f"deadheat show {self.protocol} --property {name}"]
        if self.evaluations != 1:
            parts.append(f"--evaluations {self.evaluations}")
        parts.extend(f"--faults {kind}={budget_text(budget)}" for kind, budget in self.faults)
        if self.quiet:
            parts.append("--quiet-period")
        return " ".join(parts)


def budget_text(budget: int) -> str:
    """Return a budget as it is written on the command line."""
    return WITHOUT_END if budget == UNLIMITED else str(budget)


def find_protocol(name: str) -> Protocol:
    """Return the protocol of that name, composed from its parts: `request-token+orphan-cleanup`.

    `incident:tekton-2381` is a protocol of `scenarios/incidents`, and `state-machine~3` the third mutant of another.
    Raises UsageError, naming the nearest, if a part is unknown or an addition is given twice, or if there is no such
    mutant.
    """
    original, tilde, number = name.rpartition(MUTANT)
    if tilde:
        from deadheat.scenarios.mutants import mutant  # which explores the original

        return mutant(original, number)
    protocols = {each.name: each for each in PROTOCOLS}
    if len(protocols) < len(PROTOCOLS):
        names = [each.name for each in PROTOCOLS]
        twice = next(each for each in names if names.count(each) > 1)
        raise UsageError(f"Two protocols are named {twice!r}; give each a name of its own.")
    additions = {each.name: each for each in ADDITIONS}
    base, *added = name.split("+")
    if base.startswith(INCIDENT):
        from deadheat.scenarios.incidents import find_incident_protocol  # only when one is asked for

        protocol = find_incident_protocol(base)
    elif base in protocols:
        protocol = protocols[base]
    elif base in additions:
        raise UsageError(f"{base!r} is an addition to a protocol; ask for one with it, such as baseline+{base}.")
    else:
        raise unknown_name("protocol", base, [*protocols, *(f"baseline+{each}" for each in additions)])
    for each in added:
        if each not in additions:
            raise unknown_name("addition", each, additions)
        if added.count(each) > 1:
            raise UsageError(f"{name!r} has {each!r} twice; once is enough.")
        protocol = protocol.plus(additions[each])
    return protocol


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
