"""What mutants are made of: a protocol for evaluations, or anything else that has a model, and the roles of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

from deadheat.models.mutations import ROLES, functions_of, role_of
from deadheat.models.role_names import named_roles
from deadheat.models.system import Protocol
from deadheat.models.world import build
from deadheat.scenarios.subject import Subject
from deadheat.scenarios.subjects import OfEvaluations
from deadheat.sim.model import Model, Process

__all__ = ["AnyOriginal", "Budgets", "OfProtocol", "Original"]

Budgets: TypeAlias = tuple[tuple[str, int], ...]
"""Faults, each with its budget."""


class Original(ABC):
    """What is mutated, at its smallest size."""

    @property
    @abstractmethod
    def budgets(self) -> tuple[Budgets, ...]:
        """The faults to look under: those that happen without being asked for, and one more of each other kind."""

    @property
    @abstractmethod
    def functions(self) -> Mapping[str, Sequence[Callable[..., Any]]]:
        """The functions of each role, whether a run reaches them or not."""

    @abstractmethod
    def model(self, budgets: Budgets) -> Model:
        """Return its model, without properties."""

    @abstractmethod
    def roles_of(self, model: Model) -> Callable[[Process], str | None]:
        """Return how the role is called that a process of the model runs; None where it is no role that does."""


@dataclass(frozen=True)
class OfProtocol(Original):
    """A protocol for evaluations: its roles are those that every protocol has, and its own."""

    protocol: Protocol

    @property
    def budgets(self) -> tuple[Budgets, ...]:
        """None, and one of each kind."""
        return _budgets(OfEvaluations(self.protocol))

    @property
    def functions(self) -> Mapping[str, Sequence[Callable[..., Any]]]:
        """The functions of its roles."""
        found: dict[str, list[Callable[..., Any]]] = {name: [getattr(self.protocol, name)] for name in ROLES}
        for role in self.protocol.roles:
            if role.part not in ROLES:
                found.setdefault(role.part, []).extend(role.functions)
        return found

    def model(self, budgets: Budgets) -> Model:
        """Return the model of one evaluation."""
        world = build(self.protocol, 1, dict(budgets))
        return Model(world.components, world.processes, (), dict(budgets))

    def roles_of(self, model: Model) -> Callable[[Process], str | None]:  # noqa: ARG002
        """Return the name of the protocol's role, or None for its surroundings."""
        return partial(role_of, self.protocol)


@dataclass(frozen=True)
class AnyOriginal(Original):
    """Anything else: its roles are those of its processes, by the names that its design has for them, or their own."""

    subject: Subject

    @property
    def budgets(self) -> tuple[Budgets, ...]:
        """Its own, and one more of each other kind."""
        return _budgets(self.subject)

    @property
    def functions(self) -> Mapping[str, Sequence[Callable[..., Any]]]:
        """The functions of its roles, wherever all its faults may happen."""
        found: dict[str, list[Callable[..., Any]]] = {}
        budgets = {**dict.fromkeys(self.subject.faults, 1), **self.subject.budgets}
        model = self.model(tuple(budgets.items()))
        role_of = named_roles(model)
        for process in model.processes:
            role = role_of(process)
            if role is not None:
                found.setdefault(role, []).extend(functions_of(process))
        return found

    def model(self, budgets: Budgets) -> Model:
        """Return its model."""
        return replace(self.subject.model(1, dict(budgets), self.subject.quiet), properties=())

    def roles_of(self, model: Model) -> Callable[[Process], str | None]:
        """Return the name of the role that a process runs; None where that is the environment."""
        return named_roles(model)


def _budgets(subject: Subject) -> tuple[Budgets, ...]:
    own = dict(subject.budgets)
    others = [kind for kind in subject.faults if kind not in own]
    return (tuple(own.items()), *(tuple({**own, kind: 1}.items()) for kind in others))
