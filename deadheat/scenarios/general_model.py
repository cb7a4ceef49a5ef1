"""Any other model: a `Model`, or a function of the user's that returns one, whose parameters are its sizes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import UnionType
from typing import Any, Union, get_args, get_origin

from deadheat.scenarios.subject import Settings, Subject
from deadheat.sim.counting import a
from deadheat.sim.errors import UsageError, unknown_name
from deadheat.sim.model import Model
from deadheat.sim.places import place_of
from deadheat.sim.users_code import calls_users_code, failed

__all__ = ["GeneralModel", "model_made_by"]

KINDS = (bool, int, float, str)
"""What a text can be read as, the narrowest first."""

NAMES = {int: "a whole number", float: "a number", str: "a text"}

TRUE_AND_FALSE = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


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
            raise UsageError(
                "A model has no evaluations of which there could be several; set its own sizes.", about="settings"
            )
        return replace(self.made, budgets={**dict.fromkeys(self.made.budgets, 0), **budgets}, quiet=quiet)


def model_made_by(reference: str, function: Callable[..., Any], settings: Settings) -> Model:
    """Return what a function of the user's makes at these sizes; raises UsageError where it takes no such sizes."""
    arguments = _arguments(reference, function, settings)
    try:
        made = _called(function, arguments)
    except BaseException as error:
        raise failed(f"{reference} failed to make its model", error, function, UsageError) from None
    if not isinstance(made, Model):
        raise UsageError(f"{reference} in {place_of(function)} returned {a(made)}; let it return a deadheat.Model.")
    return made


@calls_users_code
def _called(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    return function(**arguments)


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
            raise UsageError(f"{reference} wants the size {name!r}; set {name}=VALUE.", about="settings")
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
    raise UsageError(f"{name}={text} is not {wanted}; write one.", about="settings")


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
            f"The parameter {parameter.name!r} of {reference} takes what no text says; only numbers, texts, true "
            "and false can be set.",
            about="settings",
        )
    return tuple(kind for kind in KINDS if kind in wanted)
