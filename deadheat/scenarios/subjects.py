"""What a reference stands for: a protocol for evaluations, a design, or any other model.

A protocol is put to work in a world that `models/world` builds, under the faults and properties that all protocols
share, and its own. A design has nothing but its own. Any other model is a `Model`, or a function of the user's that
returns one: its parameters are its sizes, its properties are its own, and the faults that can happen are those that it
has a budget for (of 0, if they are only to be allowed when asked for), and the crashes of its processes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, ClassVar

from deadheat.models.design import Design, declared_faults
from deadheat.models.faults import FAULTS
from deadheat.models.mutations import ROLES
from deadheat.models.steps import LABELS
from deadheat.models.system import Protocol
from deadheat.models.world import build
from deadheat.scenarios import catalogue
from deadheat.scenarios.general_model import GeneralModel, model_made_by
from deadheat.scenarios.mutant_of import MutantOf
from deadheat.scenarios.properties import PROPERTIES, properties_of
from deadheat.scenarios.reached import labels_with_effect
from deadheat.scenarios.subject import Settings, Subject
from deadheat.sim.counting import counted
from deadheat.sim.errors import UsageError
from deadheat.sim.explore.results import Exploration
from deadheat.sim.faults import Fault
from deadheat.sim.freeze import Same
from deadheat.sim.model import Model
from deadheat.sim.run.coverage import labels_of

__all__ = ["GeneralModel", "OfDesign", "OfEvaluations", "Settings", "Subject", "subject_of"]


@dataclass(frozen=True)
class OfEvaluations(Subject):
    """A protocol by which evaluations are started and cancelled."""

    grows_with_faults = True
    of_the_world: ClassVar[Mapping[str, Fault]] = FAULTS

    protocol: Protocol

    @property
    def faults(self) -> Mapping[str, bool]:
        """Those of the world, the same for all protocols, and its own."""
        return {kind: fault.bounded for kind, fault in self._faults.items()}

    @property
    def meanings(self) -> Mapping[str, str]:
        """What these mean."""
        return _meanings(self._faults)

    @property
    def properties(self) -> Mapping[str, str]:
        """Those of evaluations, the same for all protocols, and its own."""
        return {**PROPERTIES, **{each.name: each.meaning for each in self.protocol.claims}}

    @property
    def expects(self) -> Mapping[str, str]:
        """What the protocol says."""
        return self.protocol.expects or {}

    @property
    def labels(self) -> tuple[str, ...]:
        """T0 to T8, but for those that the protocol does without, and others that its roles name."""
        roles = [getattr(self.protocol, name) for name in ROLES]
        named = labels_of([*roles, *(function for role in self.protocol.roles for function in role.functions)])
        return tuple(label.name for label in dict.fromkeys((*LABELS, *named)) if label not in self.protocol.lacks)

    @property
    def steps_and_faults(self) -> tuple[str, ...]:
        """Those of all protocols too, also where this one does without."""
        return (*(label.name for label in LABELS), *super().steps_and_faults)

    def size(self, evaluations: int) -> str:
        """Return how many evaluations there are."""
        return counted(evaluations, "evaluation")

    def model(self, evaluations: int, budgets: Mapping[str, int], quiet: bool) -> Model:
        """Return the model of the protocol in its world."""
        world = build(self.protocol, evaluations, budgets)
        properties = (*properties_of(world.system), *world.claims)
        declared = frozenset(self.faults)
        return Model(world.components, world.processes, properties, budgets, quiet, world.interchangeable, declared)

    def reached(self, evaluations: int, budgets: Mapping[str, int], exploration: Exploration) -> frozenset[str]:
        """Return the labels of the steps that some run made, with the effect that they are named for."""
        return labels_with_effect(build(self.protocol, evaluations, budgets).system, exploration)

    @property
    def _faults(self) -> Mapping[str, Fault]:
        return {**self.of_the_world, **self._declared}

    @cached_property
    def _declared(self) -> Mapping[str, Fault]:
        system = build(self.protocol, 1, {}).system
        declared = declared_faults(system, self.protocol.roles, self.protocol.faults)
        return {kind: each for kind, each in declared.items() if each is not FAULTS.get(kind)}


@dataclass(frozen=True)
class OfDesign(Subject):
    """A design: any components and roles."""

    grows_with_faults = True

    design: Design[Any]

    @property
    def faults(self) -> Mapping[str, bool]:
        """Those that components, roles and the design declare."""
        return {kind: fault.bounded for kind, fault in self.design.kinds.items()}

    @property
    def meanings(self) -> Mapping[str, str]:
        """What these mean."""
        return _meanings(self.design.kinds)

    @property
    def properties(self) -> Mapping[str, str]:
        """The design's own."""
        return {each.name: each.meaning for each in self.design.claims}

    @property
    def budgets(self) -> Mapping[str, int]:
        """The faults under which the design is judged."""
        return {kind: budget for kind, budget in (self.design.budgets or {}).items() if budget}

    @property
    def quiet(self) -> bool:
        """Whether the design says so."""
        return self.design.quiet

    @property
    def expects(self) -> Mapping[str, str]:
        """What the design says."""
        return self.design.expects or {}

    @property
    def labels(self) -> tuple[str, ...]:
        """Those that its roles name, but for those that it does without."""
        roles = [function for role in self.design.roles for function in role.functions]
        named = labels_of([*roles, *(function for node in self.design.nodes for function in node.functions)])
        return tuple(label.name for label in named if label not in self.design.lacks)

    def size(self, evaluations: int) -> str:
        """Return how many keys there are."""
        return counted(evaluations, self.design.key)

    def model(self, evaluations: int, budgets: Mapping[str, int], quiet: bool) -> Model:
        """Return the model of the design."""
        return self.design.model(evaluations, budgets, quiet=quiet)


def _meanings(faults: Mapping[str, Fault]) -> Mapping[str, str]:
    return {kind: f"{fault.meaning} ({fault.source})" for kind, fault in faults.items()}


def subject_of(reference: str, settings: Settings = ()) -> Subject:
    """Return what a reference stands for, at the sizes that were asked for.

    Raises UsageError where there is no such thing, or it takes no such sizes; and whatever making a model raises.
    """
    if catalogue.names_stop(reference):
        from deadheat.scenarios.stops import stop_named

        if settings:
            raise UsageError(
                f"{reference} is a stop of a rollout and takes no settings; its size is its number of evaluations.",
                about="evaluations",
            )
        return stop_named(reference)
    base = catalogue.base_of(reference)
    if isinstance(base, Protocol):
        if settings:
            raise UsageError(
                f"{reference} is a protocol and takes no settings; its size is its number of evaluations.",
                about="evaluations",
            )
        return _of_evaluations(reference, Same(base))
    if catalogue.Reference.of(reference).mutants:
        original, _, number = reference.rpartition(catalogue.MUTANT)
        catalogue.without_mutants(reference)  # raises for what is no number
        from deadheat.scenarios.mutants import mutation_of  # which explores the original

        return MutantOf(subject_of(original, settings), mutation_of(original, number, settings))
    catalogue.find(reference)  # raises for what is added to anything else
    if isinstance(base, Design):
        if settings:
            raise UsageError(
                f"{reference} is a design and takes no settings; its size is its number of {base.key}s.",
                about="evaluations",
            )
        return OfDesign(base)
    if isinstance(base, Model):
        if settings:
            raise UsageError(
                f"{reference} is a model already, and takes no settings; name a function that returns one."
            )
        return GeneralModel(base)
    return GeneralModel(model_made_by(reference, base, settings), settings)


@lru_cache(maxsize=64)
def _of_evaluations(reference: str, base: Same) -> OfEvaluations:
    """Remember a protocol as long as its reference begins with the very same object: its mutants are made only once."""
    del base
    return OfEvaluations(catalogue.find_protocol(reference))
