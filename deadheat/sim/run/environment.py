"""The simpy environment in which roles run: every operation is a simpy event, and nothing fires by itself.

simpy decides among events by time, priority and order of arrival; plain simpy therefore sees one order of many. Here
each operation is an event that stays pending until somebody (a schedule, a random walk, an explorer learning a
process) fires it with an outcome.
"""

from __future__ import annotations

import dis
from collections.abc import Callable, Generator, Hashable
from functools import lru_cache
from types import GeneratorType
from typing import Any

import simpy

from deadheat.sim.components import Step
from deadheat.sim.counting import a, counted
from deadheat.sim.errors import DeadheatError, ModelError, PurityError
from deadheat.sim.forgotten import Forgotten, Unyielded, note_used
from deadheat.sim.freeze import Shared, Unfreezable, freeze, freeze_generator
from deadheat.sim.model import Process
from deadheat.sim.operations import Accompanied, AnyOf, Atomic, Block, Chosen, Instant, Operation, Request
from deadheat.sim.places import Place, place_of
from deadheat.sim.rules.purity import iterates_over_a_set
from deadheat.sim.run.abandoning import abandon
from deadheat.sim.run.beginning import begun
from deadheat.sim.run.coverage import codes_of, place_in
from deadheat.sim.run.mortal import Again
from deadheat.sim.users_code import calls_users_code, failed

__all__ = ["ControlledEnvironment", "PendingOperation", "RunningProcess"]


HANDLER = dis.opmap["PUSH_EXC_INFO"]


class PendingOperation(simpy.Event):
    """An operation that a process waits for; it succeeds, with an outcome, when it is fired."""

    def __init__(self, env: simpy.Environment, operation: Instant) -> None:
        super().__init__(env)
        self.operation = operation


class ControlledEnvironment(simpy.Environment):
    """An environment whose processes advance only when one of their pending operations is fired."""

    def start(self, process: Process, shared: Shared | None = None) -> RunningProcess:
        """Start a process and run it up to its first request; `shared` is what all its runs share, if that is known."""
        kind = _RunningWithHandlers if _has_handlers(process) else RunningProcess
        running = kind(self, process, shared)
        self.settle()
        return running

    def settle(self) -> None:
        """Run everything that is triggered, until all processes wait for an operation or are finished."""
        try:
            while self._queue:
                self.step()
        except DeadheatError as copy:  # simpy raises a copy, without what was noted
            if type(copy.__cause__) is not type(copy):
                raise
            raise copy.__cause__ from copy.__cause__.__cause__


class RunningProcess:
    """A `Process` at work: a simpy process that drives the role's generator.

    `pending` are the operations it waits for, in the order in which the role named them; none when it is finished.
    It `chooses` if it waits for any one of them. `history` is what it was answered since its role last began: pairs of
    an alternative and an outcome.
    """

    def __init__(self, env: ControlledEnvironment, process: Process, shared: Shared | None = None) -> None:
        self.process = process
        self.env = env
        self.pending: tuple[PendingOperation, ...] = ()
        self.chooses = False
        self.history: tuple[tuple[int, Any], ...] = ()
        self.generator: Generator[Request, Any, Any] | None = None
        self._restarts = self._again = False
        self._shared = shared
        self._unyielded = Unyielded()
        self._simpy_process = env.process(self._drive())

    @property
    def finished(self) -> bool:
        """Whether it has returned, or is gone."""
        return self.generator is None

    @property
    def place(self) -> Place:
        """Where it stands, in the user's code if that has any part in it; only of one that is not finished."""
        assert self.generator is not None
        return place_in(self.generator)

    @property
    def operations(self) -> tuple[Instant, ...]:
        """The operations it waits for."""
        return tuple(event.operation for event in self.pending)

    def local_state(self, *, merging: bool) -> Hashable:
        """Return where the process stands, as a value: equal only where its future is the same.

        With `merging`, two histories that have led the role's generator to the same place, with the same operations
        pending, are equal; without it, or where the generator holds what cannot be compared, only equal histories are.
        """
        if self.generator is None:
            return "finished"
        if merging and self.history:  # the beginning is a place of its own, since nothing can crash there
            if self._shared is None:
                self._shared = Shared(self.process.role, self.process.arguments)
            try:
                return ("stands", freeze_generator(self.generator, self._shared), freeze(self.operations))
            except Unfreezable:
                pass
            except RecursionError:
                raise ModelError(
                    f"{self._so_far('is nested without an end')} in {self.place}; the usual cause is a role that "
                    "delegates to itself."
                ) from None
        return ("history", freeze(self.history))

    def fire(self, alternative: int, outcome: Any) -> None:
        """Let the chosen pending operation happen with this outcome, and run up to the next request."""
        self.history += ((alternative, outcome),)
        self.pending[alternative].succeed(outcome)
        self.env.settle()

    def crash(self, number: int) -> None:
        """Kill the process where it stands; it begins again if the crash of that number says that it restarts."""
        self._restarts = self.process.crashes[number].restarts
        self._simpy_process.interrupt("crash")
        self.env.settle()

    def _drive(self) -> Generator[simpy.Event, Any, None]:
        while True:
            try:
                yield from self._run_role_once()
            except simpy.Interrupt:
                if not self._restarts:
                    break
            else:
                if not self.process.repeats and not self._again:
                    break
                if not self.history:
                    raise ModelError(
                        f"The process {self.process.name!r} repeats, but its role {place_of(self.process.role)} asked "
                        "for nothing; let it yield an operation, or do not repeat it."
                    )
        self.pending, self.history, self.generator = (), (), None

    def _run_role_once(self) -> Generator[simpy.Event, Any, None]:
        self.pending, self.history = (), ()
        self._unyielded = Unyielded()
        self.generator = self._begin()
        answer: Any = None
        try:
            while True:
                request = self._advance(answer)
                if request is None:
                    return
                answer = yield from self._await(request)
        except simpy.Interrupt:  # not when it is thrown away: an interrupt of the user's would get lost in there
            abandon(self.generator)
            raise

    @calls_users_code
    def _begin(self) -> Generator[Request, Any, Any]:
        try:
            return begun(self.process.role, *self.process.arguments)
        except BaseException as error:
            raise failed(
                f"The role of the process {self.process.name!r} cannot begin", error, self.process.role
            ) from error

    @calls_users_code
    def _advance(self, answer: Any) -> Request | None:
        """Return the role's next request, or None when it returns."""
        assert self.generator is not None
        try:
            with self._unyielded.noting():
                request = self.generator.send(answer)
                note_used(request)
        except StopIteration as end:
            self._again = end.value is Again.AGAIN
            self._require_none(self._unyielded.left())
            return None
        except BaseException as error:
            raise failed(self._so_far("failed"), error) from error
        if not isinstance(request, Operation | Atomic | Block | Accompanied | AnyOf):
            raise ModelError(f"{self._so_far(f'yielded {a(request)}')} in {self.place}; {_what_to_yield(request)}.")
        self._require_none(self._unyielded.dropped())
        if iterates_over_a_set(self.generator):
            raise PurityError(
                f"The process {self.process.name!r} asks for {_text(request)} in {self.place}, in a loop over a set, "
                "whose order is not the same in every run; loop over sorted(...) of it."
            )
        return request

    def _require_none(self, forgotten: Forgotten | None) -> None:
        if forgotten is not None:
            raise ModelError(
                f"The process {self.process.name!r} made the request {forgotten.request} in "
                f"{Place.in_code(forgotten.code, forgotten.line)} and never yielded it; write `{forgotten.missing}` "
                "before it, or do not make it."
            )

    def _so_far(self, what: str) -> str:
        count = len(self.history)
        return f"The process {self.process.name!r} {what} after {counted(count, 'outcome')}"

    def _await(self, request: Request) -> Generator[simpy.Event, Any, Any]:
        self.chooses = isinstance(request, AnyOf) and request.chooses
        if not isinstance(request, AnyOf):
            self.pending = (PendingOperation(self.env, request),)
            return (yield self.pending[0])
        self.pending = tuple(PendingOperation(self.env, each) for each in request.operations)
        happened = yield simpy.AnyOf(self.env, self.pending)
        index = next(index for index, event in enumerate(self.pending) if event in happened)
        return Chosen(index, happened[self.pending[index]])


class _RunningWithHandlers(RunningProcess):
    """A process whose role may yield once more when it is closed, which the interpreter would complain of."""

    def __del__(self) -> None:
        """Close the role before the interpreter does."""
        generator = getattr(self, "generator", None)
        if generator is not None:
            abandon(generator)


def _has_handlers(process: Process) -> bool:
    try:
        return _have_handlers((process.role, *filter(callable, process.arguments)))
    except TypeError:  # something callable that has no hash
        return True


@lru_cache(maxsize=1_024)
def _have_handlers(functions: tuple[Callable[..., Any], ...]) -> bool:
    """Return whether any of these, or of what they call by name, handles an exception or has a `finally`."""
    return any(HANDLER in code.co_code[::2] for code in codes_of(functions))


def _what_to_yield(request: Any) -> str:
    if isinstance(request, GeneratorType):
        return "write `yield from` where the steps of another role are meant"
    if isinstance(request, Step) or (isinstance(request, tuple) and any(isinstance(each, Step) for each in request)):
        return "write `@operation` above the method of the component that made it"
    if callable(request):
        return "call it, with (...) behind it, and yield what it returns"
    return "yield an operation of a component, or any_of(...) several"


def _text(request: Request) -> str:
    return f"{request.component}.{request.name}"
