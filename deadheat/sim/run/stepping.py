"""What a request may do to the components: the one place where steps are taken, for simulation and tables alike."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from deadheat.sim.components import Component, Step
from deadheat.sim.counting import a
from deadheat.sim.errors import ModelError, OperationError
from deadheat.sim.freeze import Unfreezable, freeze
from deadheat.sim.model import Crash, Model
from deadheat.sim.nearest import did_you_mean
from deadheat.sim.operations import Accompanied, Atomic, Block, Instant, Operation, Reach, operations_of, plain
from deadheat.sim.places import place_of
from deadheat.sim.run.in_block import Made, ways_through
from deadheat.sim.users_code import calls_users_code, failed

__all__ = ["JointStep", "made_in", "named_with_place", "steps_of", "steps_of_crash", "touched"]


class JointStep(NamedTuple):
    """One way in which a request may go: its outcome, the next values of the components it touches, and its fault.

    `inside` is what a block has done on this way.
    """

    outcome: Any
    values: dict[str, Any]
    fault: str | None
    inside: tuple[Made, ...] = ()

    @property
    def content(self) -> Hashable:
        """The step, compared by value: not a number that is none is another each time, for one."""
        return freeze(self.outcome), tuple(freeze(each) for each in self.values.values()), self.fault


def touched(model: Model, request: Instant) -> tuple[str, ...]:
    """Return the components that a request may touch; raises ModelError for one that does not exist."""
    if isinstance(request, Block):
        names = tuple(dict.fromkeys(name for reach in request.reaches for name in _reached(model, reach)))
    elif isinstance(request, Accompanied):
        names = (*touched(model, request.request), *(each.component for each in request.by))
    else:
        names = request.components
    for name in names:
        model.component(name)
    return names


def _reached(model: Model, reach: Reach) -> Sequence[str]:
    every = model.instances(reach.component)
    return [name for name in reach.instances if name in every] or every or ((reach.component,) * reach.declared)


def steps_of(model: Model, request: Instant, values: Mapping[str, Any]) -> Iterator[JointStep]:
    """Yield every way in which a request may go where the components hold `values`.

    What fails in the same way at one instant is one fault. Raises ModelError for a component or operation that does
    not exist, for outcomes and values that can change, and for two kinds of fault in one step; and OperationError where
    the operation itself raises an exception.
    """
    if isinstance(request, Operation):
        for step in _steps_in(model, request, values):
            yield JointStep(step.outcome, {request.component: step.value}, step.kind)
        return
    if isinstance(request, Block):
        ways = ways_through(request, touched(model, request), values, partial(_steps_in, model))
        yield from (JointStep(*way) for way in ways)
        return
    if isinstance(request, Accompanied):
        yield from _accompanied(model, request, values)
        return
    for outcomes, joint, fault in _together(model, request.operations, values):
        yield JointStep(outcomes, joint, fault)


def _accompanied(model: Model, request: Accompanied, values: Mapping[str, Any]) -> Iterator[JointStep]:
    for step in steps_of(model, request.request, values):
        ways = list(_together(model, request.by, {**values, **step.values}))
        if request.is_certain and len(ways) != 1:
            followed = " and ".join(map(str, request.by))
            raise ModelError(f"{followed} follows from a crash, so it must have exactly one step, not {len(ways)}.")
        for _, joint, fault in ways:
            if fault and step.fault and fault != step.fault:
                raise ModelError(f"{request} and what accompanies it fail in two ways at once.")
            yield step._replace(values={**step.values, **joint}, fault=step.fault or fault)


def _steps_in(model: Model, request: Operation, values: Mapping[str, Any]) -> list[Step]:
    component = model.component(request.component)
    steps = _steps(component, values[request.component], request)
    for each in steps:
        if each.kind is not None and each.kind not in model.budgets and each.kind not in model.declared:
            _require_declared(component, request, each.kind, {*model.budgets, *model.declared})
    return steps


@calls_users_code
def _steps(component: Component, value: Any, request: Operation) -> list[Step]:
    try:
        given = component.apply(value, request)
        steps = list(given) if isinstance(given, Iterable) and not isinstance(given, Step | str) else None
    except BaseException as error:
        raise failed(f"{request} failed", error, _method(component, request), OperationError) from error
    if steps is None:
        what_to_do = "write (Step(...),)" if isinstance(given, Step) else "return a tuple of Steps, or BLOCKED"
        raise ModelError(f"{_named(component, request)} returned {a(given)}; {what_to_do}.")
    for each in steps:
        if not isinstance(each, Step):
            raise ModelError(
                f"{_named(component, request)} has {a(each)} among its steps; let each be a Step(outcome, value)."
            )
        try:
            freeze(each.outcome)
        except Unfreezable as error:
            raise ModelError(f"The outcome of {_named(component, request)} must be immutable: {error}.") from None
        try:
            freeze(each.value)
        except Unfreezable as error:
            raise ModelError(
                f"The value of the component {request.component!r} after {_named(component, request)} must be "
                f"immutable: {error}."
            ) from None
    return steps


def _require_declared(component: Component, request: Operation, kind: str, others: set[str]) -> None:
    """Raise ModelError for a fault that nobody declares: it would never be allowed, and so never happen."""
    declared = {*(each.kind for each in component.faults), *others}
    if kind not in declared:
        nearest = did_you_mean(kind, declared)
        raise ModelError(
            f"{_named(component, request)} meets the fault {kind!r}, which {type(component).__name__} does not declare"
            f"{nearest or f'; write faults = (Fault({kind!r}, ...),) in it.'}"
        )


def made_in(request: Instant, step: JointStep) -> Iterator[tuple[Operation, Any]]:
    """Yield the operations that were made when a request took a step, each with its outcome, in their order."""
    request = plain(request)
    if isinstance(request, Block):
        yield from ((each.operation, each.outcome) for each in step.inside)
    else:
        outcomes = step.outcome if isinstance(request, Atomic) else (step.outcome,)
        yield from zip(operations_of(request), outcomes, strict=True)


def _method(component: Component, request: Operation) -> Any:
    return getattr(type(component), request.name, None)


def _named(component: Component, request: Operation) -> str:
    """Return a request with the place at which its operation is defined."""
    place = place_of(_method(component, request))
    return f"{request} in {place}" if place is not None else str(request)


def named_with_place(model: Model, request: Instant) -> str:
    """Return a request as text, each of its operations with the place at which it is defined."""
    operations = operations_of(request)
    return " and ".join(_named(model.component(each.component), each) for each in operations) or str(request)


def steps_of_crash(model: Model, crash: Crash, values: Mapping[str, Any]) -> Iterator[JointStep]:
    """Yield the step that a crash leads to, unless something keeps it from happening.

    Raises ModelError where what follows from it has not exactly one step.
    """
    for step in steps_of(model, Atomic(crash.only_while), values):
        followed = list(steps_of(model, crash.consequences, {**values, **step.values}))
        if len(followed) != 1:
            raise ModelError(
                f"{crash.consequences} follows from a crash, so it must have exactly one step, not {len(followed)}."
            )
        yield JointStep(None, {**step.values, **followed[0].values}, crash.kind)


def _together(
    model: Model, operations: tuple[Operation, ...], values: Mapping[str, Any]
) -> Iterator[tuple[tuple[Any, ...], dict[str, Any], str | None]]:
    if not operations:
        yield (), {}, None
        return
    for first in steps_of(model, operations[0], values):
        for outcomes, joint, fault in _together(model, operations[1:], {**values, **first.values}):
            if fault and first.fault and fault != first.fault:
                raise ModelError(f"{operations[0]} and what is atomic with it fail in two ways at once.")
            yield (first.outcome, *outcomes), {**first.values, **joint}, fault or first.fault
