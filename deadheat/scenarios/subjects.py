"""What is checked, whatever it is: its faults, its properties, and its model at a size.

A protocol for evaluations is put to work in a world that `models/world` builds, under the faults and properties that
all protocols share. Any other model is a `Model`, or a function of the user's that returns one: its parameters are its
sizes, its properties are its own, and the faults that can happen are those that it has a budget for (of 0, if they are
only to be allowed when asked for), and the crashes of its processes.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import UnionType
from typing import Any, TypeAlias, Union, get_args, get_origin

from deadheat.models.faults import FAULTS
from deadheat.models.mutations import Mutation, mutated_model
from deadheat.models.steps import LABELS
from deadheat.models.system import Protocol
from deadheat.models.world import build
from deadheat.scenarios import catalogue, user_code
from deadheat.scenarios.properties import PROPERTIES, properties_of
from deadheat.scenarios.reached import labels_with_effect
from deadheat.sim.counting import counted
from deadheat.sim.errors import DeadheatError, UsageError, unknown_name
from deadheat.sim.explore.results import Exploration
from deadheat.sim.model import Model

__all__ = ["GeneralModel", "OfEvaluations", "Settings", "Subject", "subject_of"]

Settings: TypeAlias = tuple[tuple[str, str], ...]
"""The sizes of a general model: a text for each parameter that is given."""

KINDS = (bool, int, float, str)
"""What a text can be read as, the narrowest first."""

NAMES = {int: "a whole number", float: "a number", str: "a text"}

TRUE_AND_FALSE = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class Subject(ABC):
    """What is checked. One that `grows_with_faults` has the more processes, the more faults are allowed."""

    grows_with_faults = False

    @property
    @abstractmethod
    def faults(self) -> Mapping[str, bool]:
        """The kinds of fault that it may meet, each with whether it can happen only a bounded number of times."""

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
    def labels(self) -> tuple[str, ...]:
        """The labels of the steps that some run should reach."""
        return ()

    @abstractmethod
    def size(self, evaluations: int) -> str:
        """Return how large it is, in words."""

    @abstractmethod
    def model(self, evaluations: int, budgets: Mapping[str, int], quiet: bool) -> Model:
        """Return its model, with all its properties."""

    def reached(self, evaluations: int, budgets: Mapping[str, int], exploration: Exploration) -> frozenset[str]:  # noqa: ARG002
        """Return the labels of the steps that some run made."""
        return exploration.labels_reached


@dataclass(frozen=True)
class OfEvaluations(Subject):
    """A protocol by which evaluations are started and cancelled."""

    grows_with_faults = True

    protocol: Protocol

    @property
    def faults(self) -> Mapping[str, bool]:
        """Those of the world, the same for all protocols."""
        return {kind: fault.bounded for kind, fault in FAULTS.items()}

    @property
    def properties(self) -> Mapping[str, str]:
        """Those of evaluations, the same for all protocols."""
        return PROPERTIES

    @property
    def labels(self) -> tuple[str, ...]:
        """T0 to T8, but for those that the protocol does without."""
        return tuple(label.name for label in LABELS if label not in self.protocol.lacks)

    def size(self, evaluations: int) -> str:
        """Return how many evaluations there are."""
        return counted(evaluations, "evaluation")

    def model(self, evaluations: int, budgets: Mapping[str, int], quiet: bool) -> Model:
        """Return the model of the protocol in its world."""
        world = build(self.protocol, evaluations, budgets)
        return Model(
            world.components, world.processes, properties_of(world.system), budgets, quiet, world.interchangeable
        )

    def reached(self, evaluations: int, budgets: Mapping[str, int], exploration: Exploration) -> frozenset[str]:
        """Return the labels of the steps that some run made, with the effect that they are named for."""
        return labels_with_effect(build(self.protocol, evaluations, budgets).system, exploration)


@dataclass(frozen=True)
class GeneralModel(Subject):
    """Any other model, at the sizes that were asked for."""

    made: Model
    settings: Settings = ()

    @property
    def faults(self) -> Mapping[str, bool]:
        """Those that the model has a budget for, and the crashes of its processes."""
        crashes = (crash.kind for process in self.made.processes for crash in process.crashes)
        return dict.fromkeys((*self.made.budgets, *crashes), False)

    @property
    def properties(self) -> Mapping[str, str]:
        """The model's own."""
        return {each.name: each.meaning for each in self.made.properties}

    @property
    def budgets(self) -> Mapping[str, int]:
        """The budgets that the model has."""
        return {kind: budget for kind, budget in self.made.budgets.items() if budget}

    @property
    def quiet(self) -> bool:
        """Whether the model says so."""
        return self.made.quiet

    def size(self, evaluations: int) -> str:  # noqa: ARG002
        """Return the sizes that were set."""
        return ", ".join(f"{name}={text}" for name, text in self.settings) or "the model as it is"

    def model(self, evaluations: int, budgets: Mapping[str, int], quiet: bool) -> Model:
        """Return the model with these budgets in the place of its own; raises UsageError for several evaluations."""
        if evaluations != 1:
            raise UsageError("A model has no evaluations of which there could be several; set its sizes by --set.")
        return replace(self.made, budgets={**dict.fromkeys(self.made.budgets, 0), **budgets}, quiet=quiet)


@dataclass(frozen=True)
class MutantOf(Subject):
    """A mutant of anything but a protocol, whose mutants are protocols: it is what that is, but for one change."""

    original: Subject
    mutation: Mutation

    @property
    def faults(self) -> Mapping[str, bool]:
        """Those of the original."""
        return self.original.faults

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
    def labels(self) -> tuple[str, ...]:
        """Those of the original."""
        return self.original.labels

    def size(self, evaluations: int) -> str:
        """Return the size of the original."""
        return self.original.size(evaluations)

    def model(self, evaluations: int, budgets: Mapping[str, int], quiet: bool) -> Model:
        """Return the model of the original, with the change in all processes that run the role."""
        from deadheat.scenarios.originals import named_roles  # which is about subjects

        model = self.original.model(evaluations, budgets, quiet)
        return mutated_model(model, self.mutation, named_roles(model))

    def reached(self, evaluations: int, budgets: Mapping[str, int], exploration: Exploration) -> frozenset[str]:
        """Return the labels of the steps that some run made."""
        return self.original.reached(evaluations, budgets, exploration)


def subject_of(reference: str, settings: Settings = ()) -> Subject:
    """Return what a reference stands for, at the sizes that were asked for.

    Raises UsageError where there is no such thing, or it takes no such sizes; and whatever making a model raises.
    """
    if catalogue.Reference.of(reference).mutants:
        original, _, number = reference.rpartition(catalogue.MUTANT)
        catalogue.without_mutants(reference)  # raises for what is no number
        subject = subject_of(original, settings)
        if not isinstance(subject, OfEvaluations):
            from deadheat.scenarios.mutants import mutation_of  # which explores the original

            return MutantOf(subject, mutation_of(original, number, settings))
    found = catalogue.find(reference)
    if isinstance(found, Protocol):
        if settings:
            raise UsageError(
                f"{reference} is a protocol and takes no --set; its size is its number of evaluations (-n)."
            )
        return OfEvaluations(found)
    if isinstance(found, Model):
        if settings:
            raise UsageError(f"{reference} is a model that is made already; --set wants a function that returns one.")
        return GeneralModel(found)
    return GeneralModel(_made(reference, found, settings), settings)


def _made(reference: str, function: Callable[..., Any], settings: Settings) -> Model:
    arguments = _arguments(reference, function, settings)
    try:
        made = function(**arguments)
    except DeadheatError:
        raise
    except Exception as error:
        place = user_code.location(error)
        raise UsageError(
            f"{reference} failed to make its model: {type(error).__name__}: {error}{f' ({place})' if place else ''}."
        ) from None
    if not isinstance(made, Model):
        raise UsageError(f"{reference} returned a {type(made).__name__}; let it return a deadheat.Model.")
    return made


def _arguments(reference: str, function: Callable[..., Any], settings: Settings) -> dict[str, Any]:
    try:
        parameters = inspect.signature(function, eval_str=True).parameters
    except (NameError, TypeError, ValueError):
        parameters = inspect.signature(function).parameters
    given: dict[str, Any] = {}
    for name, text in settings:
        if name not in parameters:
            raise unknown_name(f"parameter of {reference} named", name, parameters)
        if name in given:
            raise UsageError(f"The parameter {name!r} is set twice; set it once.")
        given[name] = _value(name, text, _kinds(reference, parameters[name]))
    for name, parameter in parameters.items():
        is_wanted = parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        if is_wanted and parameter.default is parameter.empty and name not in given:
            raise UsageError(f"{reference} wants the size {name!r}; give it by --set {name}=VALUE.")
    return given


def _value(name: str, text: str, kinds: tuple[type, ...]) -> Any:
    """Return the value that a text stands for, as the first of these kinds that it can be."""
    for kind in kinds:
        if kind is bool and text.lower() in TRUE_AND_FALSE:
            return TRUE_AND_FALSE[text.lower()]
        if kind is str:
            return text
        try:
            if kind is not bool:
                return kind(text)
        except ValueError:
            continue
    wanted = " or ".join("true or false" if kind is bool else NAMES[kind] for kind in kinds)
    raise UsageError(f"--set {name}={text} is not {wanted}; write one.")


def _kinds(reference: str, parameter: inspect.Parameter) -> tuple[type, ...]:
    """Return what a parameter takes, by its annotation, or else by its default: any of KINDS, the narrowest first."""
    said, default = parameter.annotation, parameter.default
    if said is parameter.empty:
        if default is parameter.empty or default is None:
            return (int, float, str)
        said = type(default)
    wanted = get_args(said) if isinstance(said, UnionType) or get_origin(said) is Union else (said,)
    if any(each not in (*KINDS, type(None)) for each in wanted):
        raise UsageError(
            f"The parameter {parameter.name!r} of {reference} takes what no text says; --set sets numbers, texts, true "
            "and false."
        )
    return tuple(kind for kind in KINDS if kind in wanted)
