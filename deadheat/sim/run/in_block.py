"""How a block goes: its function is run on values at hand, from the start again for each way that branches off."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from types import GeneratorType
from typing import Any, NamedTuple

from deadheat.sim.components import Step
from deadheat.sim.counting import a
from deadheat.sim.errors import ModelError, PurityError
from deadheat.sim.forgotten import Unyielded, note_used
from deadheat.sim.freeze import require_immutable
from deadheat.sim.operations import AnyOf, Atomic, Block, Operation
from deadheat.sim.places import Place
from deadheat.sim.rules.purity import iterates_over_a_set
from deadheat.sim.run.abandoning import abandon
from deadheat.sim.run.coverage import Site, place_in, site_of
from deadheat.sim.users_code import calls_users_code, failed

__all__ = ["Made", "Way", "ways_through"]

OPERATIONS_MAX = 1_000
"""So many operations happen in one block at most: one without an end would never be done."""

WAYS_MAX = 10_000
"""In so many ways one block may go at most, from values at hand."""

StepsOf = Callable[[Operation, Mapping[str, Any]], Sequence[Step]]
"""Returns the steps of an operation where the components hold these values."""


class Made(NamedTuple):
    """An operation that a block has made: what it was told, and where it asked."""

    operation: Operation
    outcome: Any
    site: Site


class Way(NamedTuple):
    """One way in which a block goes: what it returned, the values that it left, its fault, and what it has done."""

    outcome: Any
    values: dict[str, Any]
    fault: str | None
    made: tuple[Made, ...]


class _Begun(NamedTuple):
    """A way so far: what was done, and what that has come to."""

    made: tuple[Made, ...]
    values: dict[str, Any]
    fault: str | None


def ways_through(block: Block, touched: Collection[str], values: Mapping[str, Any], steps_of: StepsOf) -> list[Way]:
    """Return every way in which a block may go: none if it blocks.

    The values of a way are those of the components that its operations were asked of. Raises ModelError where it asks
    for anything but operations of what it may touch, fails, has no end, or fails in two ways at once.
    """
    ways: list[Way] = []
    waiting = [_Begun((), {}, None)]
    while waiting:
        way = _go(block, touched, values, steps_of, waiting.pop(), waiting)
        if way is not None:
            ways.append(way)
        if len(ways) + len(waiting) > WAYS_MAX:
            raise ModelError(
                f"{_named(block)} can go in more than {WAYS_MAX:,} ways; let fewer of its operations have several "
                "steps."
            )
    return ways


def _go(
    block: Block,
    touched: Collection[str],
    values: Mapping[str, Any],
    steps_of: StepsOf,
    begun: _Begun,
    waiting: list[_Begun],
) -> Way | None:
    """Go on with a way to its end, by the first step wherever there are several; leave the others waiting."""
    with _RunningBlock(block) as running:
        request = running.told(begun.made)
        while isinstance(request, Operation):
            if request.component not in touched:
                raise ModelError(_untouched(block, request, touched))
            if len(begun.made) == OPERATIONS_MAX:
                raise ModelError(
                    f"{_named(block)} asks for more than {OPERATIONS_MAX:,} operations; the usual cause is a loop "
                    "without an end."
                )
            site = running.site()
            steps = [
                _after(block, begun, site, request, step) for step in steps_of(request, {**values, **begun.values})
            ]
            if not steps:
                return None
            begun, *others = steps
            waiting.extend(reversed(others))
            request = running.told(begun.made[-1:])
        require_immutable(f"What {_named(block, 'the block')} returns", running.returned)
        return Way(running.returned, begun.values, begun.fault, begun.made)


def _after(block: Block, begun: _Begun, site: Site, request: Operation, step: Step) -> _Begun:
    if step.kind and begun.fault and step.kind != begun.fault:
        raise ModelError(f"{_named(block)} fails in two ways at once: {begun.fault} and {step.kind}; let it in one.")
    return _Begun(
        (*begun.made, Made(request, step.outcome, site)),
        {**begun.values, request.component: step.value},
        begun.fault or step.kind,
    )


class _RunningBlock:
    """A block's function at work. `returned` is what it returned, once it has."""

    def __init__(self, block: Block) -> None:
        self.returned: Any = None
        self._block = block
        self._count = 0
        self._unyielded = Unyielded()
        self._begun = False
        self._generator: Generator[Any, Any, Any] = self._begin()

    def __enter__(self) -> _RunningBlock:
        return self

    def __exit__(self, *_: object) -> None:
        abandon(self._generator)

    def site(self) -> Site:
        """Return where it yields."""
        return site_of(self._generator)

    def told(self, made: Sequence[Made]) -> Operation | None:
        """Tell the function these outcomes, and return for what it asks then; None where it has returned."""
        request = None if self._begun else self._advance(None)
        for each in made:
            request = self._advance(each.outcome)
        return request

    @calls_users_code
    def _begin(self) -> Generator[Any, Any, Any]:
        try:
            generator: Generator[Any, Any, Any] = self._block.function(*self._block.called_with)
        except BaseException as error:
            raise failed(f"{_named(self._block)} cannot begin", error, self._block.function) from error
        return generator

    @calls_users_code
    def _advance(self, answer: Any) -> Operation | None:
        self._begun = True
        try:
            with self._unyielded.noting():
                request = self._generator.send(answer)
                note_used(request)
        except StopIteration as end:
            self.returned = end.value
            self._require_none_forgotten(left=True)
            return None
        except BaseException as error:
            raise failed(f"{_named(self._block)} failed", error, self._block.function) from error
        self._require_plain(request)
        self._require_none_forgotten(left=False)
        if iterates_over_a_set(self._generator):
            raise PurityError(
                f"{_named(self._block)} asks for {request.component}.{request.name} in a loop over a set, whose order "
                "is not the same in every run; loop over sorted(...) of it."
            )
        assert isinstance(request, Operation)
        return request

    def _require_plain(self, request: Any) -> None:
        where = f"{_named(self._block)} yielded {a(request)} in {place_in(self._generator)}"
        if isinstance(request, AnyOf):
            raise ModelError(f"{where}; at one instant nothing can be waited for, so let it yield one operation.")
        if isinstance(request, Atomic | Block):
            raise ModelError(f"{where}; all that it does is one instant already, so yield operations one by one.")
        if isinstance(request, GeneratorType):
            raise ModelError(f"{where}; write `yield from` where the operations of another function are meant.")
        if not isinstance(request, Operation):
            raise ModelError(f"{where}; yield operations of components.")
        if request.label is not None:
            raise ModelError(f"{where} with the label {request.label}; the block is one step, so put the label on it.")

    def _require_none_forgotten(self, *, left: bool) -> None:
        forgotten = self._unyielded.left() if left else self._unyielded.dropped()
        if forgotten is not None:
            raise ModelError(
                f"{_named(self._block)} made the request {forgotten.request} in "
                f"{Place.in_code(forgotten.code, forgotten.line)} and never yielded it; write `yield` before it, or do "
                "not make it."
            )


def _untouched(block: Block, request: Operation, touched: Collection[str]) -> str:
    known = ", ".join(map(repr, sorted(touched))) or "nothing"
    return (
        f"{_named(block)} asks for {request}, and is only known to touch {known}; name all components that it may "
        "touch, as in atomic_block(..., touching=(one, other))."
    )


def _named(block: Block, the_block: str = "The block") -> str:
    return f"{the_block} {block.name}"
