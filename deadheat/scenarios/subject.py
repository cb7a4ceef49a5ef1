"""What can be checked, whatever it is: its faults, its properties, and its model at a size."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TypeAlias

from deadheat.sim.explore.results import Exploration
from deadheat.sim.model import Model

__all__ = ["Settings", "Subject"]

Settings: TypeAlias = tuple[tuple[str, str], ...]
"""The sizes of a general model: a text for each parameter that is given."""


class Subject(ABC):
    """What is checked. One that `grows_with_faults` has the more processes, the more faults are allowed."""

    grows_with_faults = False

    @property
    @abstractmethod
    def faults(self) -> Mapping[str, bool]:
        """The kinds of fault that it may meet, each with whether it can happen only a bounded number of times."""

    @property
    def meanings(self) -> Mapping[str, str]:
        """What its faults mean, and where that is documented, as far as that is said."""
        return dict.fromkeys(self.faults, "")

    @property
    @abstractmethod
    def properties(self) -> Mapping[str, str]:
        """Its properties, each with its meaning."""

    @property
    def budgets(self) -> Mapping[str, int]:
        """The faults that happen without being asked for."""
        return {}

    @property
    def quiet(self) -> bool:
        """Whether faults stop at some point, without that being asked for."""
        return False

    @property
    def expects(self) -> Mapping[str, str]:
        """The verdicts that are expected, by property; what is not named is expected to hold."""
        return {}

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the steps that some run should reach."""
        return ()

    @property
    def steps_and_faults(self) -> tuple[str, ...]:
        """The labels and the kinds of fault that one may speak of."""
        return (*self.labels, *self.faults)

    @abstractmethod
    def size(self, evaluations: int) -> str:
        """Return how large it is, in words."""

    @abstractmethod
    def model(self, evaluations: int, budgets: Mapping[str, int], quiet: bool) -> Model:
        """Return its model, with all its properties."""

    def reached(self, evaluations: int, budgets: Mapping[str, int], exploration: Exploration) -> frozenset[str]:  # noqa: ARG002
        """Return the labels of the steps that some run made."""
        return exploration.labels_reached
