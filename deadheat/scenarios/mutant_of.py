"""A mutant of anything but a protocol, whose mutants are protocols themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deadheat.models.mutations import Mutation, mutated_model
from deadheat.models.role_names import named_roles
from deadheat.scenarios.subject import Subject
from deadheat.sim.explore.results import Exploration
from deadheat.sim.model import Model

__all__ = ["MutantOf"]


@dataclass(frozen=True)
class MutantOf(Subject):
    """What the original is, but for one change, in all processes that run the role."""

    original: Subject
    mutation: Mutation

    @property
    def grows_with_faults(self) -> bool:  # type: ignore[override]
        """Whether the original does."""
        return self.original.grows_with_faults

    @property
    def faults(self) -> Mapping[str, bool]:
        """Those of the original."""
        return self.original.faults

    @property
    def meanings(self) -> Mapping[str, str]:
        """What these mean."""
        return self.original.meanings

    @property
    def properties(self) -> Mapping[str, str]:
        """Those of the original."""
        return self.original.properties

    @property
    def budgets(self) -> Mapping[str, int]:
        """Those of the original."""
        return self.original.budgets

    @property
    def quiet(self) -> bool:
        """Whether the original is."""
        return self.original.quiet

    @property
    def expects(self) -> Mapping[str, str]:
        """What the original says."""
        return self.original.expects

    @property
    def labels(self) -> tuple[str, ...]:
        """Those of the original."""
        return self.original.labels

    @property
    def steps_and_faults(self) -> tuple[str, ...]:
        """Those of the original."""
        return self.original.steps_and_faults

    def size(self, evaluations: int) -> str:
        """Return the size of the original."""
        return self.original.size(evaluations)

    def model(self, evaluations: int, budgets: Mapping[str, int], quiet: bool) -> Model:
        """Return the model of the original, with the change."""
        model = self.original.model(evaluations, budgets, quiet)
        return mutated_model(model, self.mutation, named_roles(model))

    def reached(self, evaluations: int, budgets: Mapping[str, int], exploration: Exploration) -> frozenset[str]:
        """Return the labels of the steps that some run made."""
        return self.original.reached(evaluations, budgets, exploration)
