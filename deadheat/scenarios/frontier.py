"""The weakest thing that breaks each protocol: the smallest sets of faults that violate each property.

Sets are multisets, such as `http-retry` twice. A set that contains one which already breaks a property need not be
tried for it: a larger budget only allows more. So what is found is minimal, and a property with no breaking set
survives every combination of up to so many faults, at the size that was checked.

All sets are decided by one search (`minimal_sets`); of several evaluations that share something, by a check each. A
kind of fault that can never happen in a protocol is not survived, but not applicable: no run under any set that was
tried met it. Nor is anything survived where a property holds vacuously.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deadheat.scenarios import interruption
from deadheat.scenarios.check import Options
from deadheat.scenarios.minimal_sets import AloneKey, FaultSet, MinimalSets, Note, minimal_sets, nobody, sets_asked
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.errors import CheckpointError, DeadheatError, InternalError, ModelError
from deadheat.sim.explore.labels.breaking import Decision
from deadheat.sim.explore.stop import Stop

if TYPE_CHECKING:  # imported where they are used
    from concurrent.futures import Future

    from deadheat.scenarios.decided import Decided

__all__ = ["Failed", "FaultSet", "Frontier", "Tried", "frontiers", "kinds_asked"]

LOOKS_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class Tried:
    """How far the search is: how many sets of faults of how many are decided, over all protocols, with what states."""

    decided: int
    planned: int
    states: int


@dataclass
class Frontier:
    """What breaks one property of one protocol, of sets of up to `up_to` faults of these `kinds`.

    `breaking` are the minimal sets, each with the length of a shortest counterexample in `lengths`. `undecided` are
    sets that the search did not come to, for what `stopped` says, and `vacuous` those under which the property holds,
    but vacuously. `not_applicable` are the kinds of fault that cannot happen in the protocol, as far as was tried: none
    are known where every property was broken before. `states` and `seconds` are those of the one search for all
    properties of the protocol.
    """

    scenario: Scenario
    property: str
    up_to: int
    kinds: tuple[str, ...] = ()
    breaking: list[FaultSet] = field(default_factory=list)
    undecided: list[FaultSet] = field(default_factory=list)
    vacuous: list[FaultSet] = field(default_factory=list)
    not_applicable: tuple[str, ...] = ()
    states: int = 0
    seconds: float = 0.0
    lengths: dict[FaultSet, int] = field(default_factory=dict)
    stopped: Stop | None = None

    def is_of_some_kinds(self) -> bool:
        """Return whether there are kinds of fault that were not tried."""
        return any(kind not in self.kinds for kind in self.scenario.subject.faults)

    def is_complete(self) -> bool:
        """Return whether every set was decided."""
        return not self.undecided

    def is_vacuous(self) -> bool:
        """Return whether nothing breaks the property, but some of what it holds under is vacuous."""
        return bool(self.vacuous and not self.breaking)

    def is_broken_by(self, most: int) -> bool:
        """Return whether so many faults, or fewer, break the property."""
        return any(sum(budget for _, budget in each) <= most for each in self.breaking)


@dataclass(frozen=True, slots=True)
class Failed:
    """A scenario of which nothing is decided, since its search ended with an error."""

    scenario: Scenario
    error: Exception


def kinds_asked(scenario: Scenario, only: Sequence[str] = (), without: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the kinds of fault that sets are made of: all that the scenario knows, or of those as few as is said."""
    return tuple(kind for kind in scenario.subject.faults if (not only or kind in only) and kind not in without)


def frontiers(
    scenarios: Sequence[Scenario],
    up_to: int,
    options: Options = Options(),
    jobs: int = 1,
    report: Callable[[Tried], None] | None = None,
    *,
    only: Sequence[str] = (),
    without: Sequence[str] = (),
    checkpoint: Path | None = None,
    failed: list[Failed] | None = None,
    unkept: list[CheckpointError] | None = None,
) -> list[Frontier]:
    """Return the frontier of every property of every scenario, for all sets of up to `up_to` faults.

    The faults of a scenario itself are always allowed, and not counted. Sets are made of the kinds in `only`, or of all
    that there are, but for those `without`. Scenarios are searched in `jobs` operating-system processes. What is
    decided is kept in the `checkpoint`, a file from which the same question goes on (see `decided`). A search that
    ends with an error takes nothing from the others: it is added to what has `failed`, or where nobody asks for that,
    the first such error is raised once all others were searched: ModelError, for what breaks a rule of the engine. So
    it is with what could not be kept in the end, such as on a full disk: that goes to `unkept`, or is raised.
    """
    asked = [_Asked(each, up_to, kinds_asked(each, only, without), options) for each in scenarios]
    found: list[MinimalSets] = []
    broken: list[Failed] = []
    with _opened(checkpoint, asked) as decided:
        for scenario, result in zip(scenarios, _answers(asked, jobs, report, decided), strict=True):
            if isinstance(result, Exception):
                broken.append(Failed(scenario, result))
            else:
                found.append(result)
    if decided is not None and decided.lost is not None:
        if unkept is None:
            raise decided.lost
        unkept.append(decided.lost)
    if broken and failed is None:
        raise broken[0].error
    if failed is not None:
        failed += broken
    kinds = {each.scenario: each.kinds for each in asked}
    return [_frontier(each, name, up_to, kinds[each.scenario]) for each in found for name in each.scenario.properties]


@dataclass(frozen=True)
class _Asked:
    scenario: Scenario
    up_to: int
    kinds: tuple[str, ...]
    options: Options
    known: Mapping[AloneKey, Decision] = field(default_factory=dict)

    @property
    def planned(self) -> int:
        """How many sets there are."""
        return len(sets_asked(self.scenario, self.up_to, self.kinds))

    def answer(self, report: Callable[[int, int], None] | None, note: Note = nobody) -> MinimalSets | Exception:
        """Return the answer, or what ended the search for it."""
        try:
            return minimal_sets(self.scenario, self.up_to, self.kinds, self.options, report, self.known, note)
        except (ModelError, InternalError) as error:
            return error
        except (DeadheatError, OSError):  # of what is asked, or of the file that keeps it: it is none of this search
            raise
        except Exception as error:
            return error


def _frontier(found: MinimalSets, name: str, up_to: int, kinds: tuple[str, ...]) -> Frontier:
    return Frontier(
        found.scenario,
        name,
        up_to,
        kinds,
        list(found.breaking[name]),
        found.undecided[name],
        found.vacuous[name],
        found.not_applicable,
        found.states,
        found.seconds,
        dict(found.breaking[name]),
        found.stopped,
    )


# Several at once


class _Tally:
    """What all searches have decided; in memory that worker processes share."""

    def __init__(self, planned: int, report: Callable[[Tried], None] | None, shared: Any = None) -> None:
        self.shared = [0, 0] if shared is None else shared
        self._planned = planned
        self._report = report
        self._states = 0

    def add(self, decided: int, states: int) -> None:
        """Note that so many more sets are decided, and so many states found by now in this search."""
        self.shared[0] += decided
        self.shared[1] += states - self._states
        self._states = states
        self.tell()

    def of_another(self) -> _Tally:
        """Return one for another search, which adds to the same."""
        return _Tally(self._planned, self._report, self.shared)

    def tell(self) -> None:
        """Report how far all are."""
        if self._report is not None:
            self._report(Tried(self.shared[0], self._planned, self.shared[1]))


def _opened(checkpoint: Path | None, asked: Sequence[_Asked]) -> Any:
    """Open the file that keeps what is decided; nothing where there is none."""
    if checkpoint is None:
        return nullcontext()
    from contextlib import closing

    from deadheat.scenarios.decided import Decided, question_of

    question = question_of([(each.scenario, each.up_to, each.kinds, each.options) for each in asked])
    return closing(Decided(checkpoint, question, [each.scenario for each in asked]))


def _answers(
    asked: Sequence[_Asked], jobs: int, report: Callable[[Tried], None] | None, decided: Decided | None
) -> Iterator[MinimalSets | Exception]:
    """Yield the answers, as far as they are decided already, or else found now and kept."""
    planned = sum(each.planned for each in asked) if report is not None else 0
    known = {} if decided is None else dict(decided.scenarios)
    if decided is not None:
        asked = [replace(each, known=dict(decided.alone[number])) for number, each in enumerate(asked)]
    left = {number: each for number, each in enumerate(asked) if number not in known}
    before = sum(asked[number].planned for number in known) if report is not None else 0
    of_workers = jobs > 1 and len(left) > 1
    answers = (_answers_of_workers if of_workers else _answers_here)(
        left, jobs, _Tally(planned, report), before, decided
    )
    for number in range(len(asked)):
        yield known[number] if number in known else next(answers)


def _answers_here(
    asked: Mapping[int, _Asked], _: int, tally: _Tally, before: int, decided: Decided | None
) -> Iterator[MinimalSets | Exception]:
    tally.add(before, 0)
    for number, each in asked.items():
        note = nobody if decided is None else partial(decided.add_alone, number)
        answer = each.answer(tally.of_another().add, note)
        _keep(decided, number, answer)
        yield answer


def _keep(decided: Decided | None, number: int, answer: MinimalSets | Exception) -> None:
    if decided is not None and isinstance(answer, MinimalSets):
        decided.add(number, answer)


_shared: Any = None
"""In a worker process: what it shares with the others."""

_notes: Any = None
"""In a worker process: where it tells which sets of faults it has decided by a check of their own."""


def _begin_worker(asked_to_stop: Any, shared: Any, notes: Any) -> None:
    global _shared, _notes
    interruption.listen_in_worker(asked_to_stop)
    _shared, _notes = shared, notes


def _answer_in_worker(number: int, asked: _Asked) -> MinimalSets | Exception:
    return asked.answer(_Tally(0, None, _shared).add, partial(_note_in_worker, number))


def _note_in_worker(number: int, key: AloneKey, decision: Decision) -> None:
    if _notes is not None:
        _notes.put((number, key, decision))


def _on_one_core(options: Options) -> Options:
    return replace(options, search=replace(options.search, cores=1))


def _result_of(future: Future[MinimalSets | Exception]) -> MinimalSets | Exception:
    """Return what a worker has said; where somebody has killed it, that."""
    from concurrent.futures.process import BrokenProcessPool

    try:
        return future.result()
    except BrokenProcessPool as error:
        return error


def _answers_of_workers(
    asked: Mapping[int, _Asked], jobs: int, tally: _Tally, before: int, decided: Decided | None
) -> Iterator[MinimalSets | Exception]:
    from concurrent.futures import ProcessPoolExecutor, wait
    from ctypes import c_longlong
    from multiprocessing import SimpleQueue, active_children
    from multiprocessing.sharedctypes import RawArray

    tally.shared = RawArray(c_longlong, 2)
    tally.add(before, 0)
    notes: Any = SimpleQueue() if decided is not None else None
    others = set(active_children())
    with ProcessPoolExecutor(
        min(jobs, len(asked)), initializer=_begin_worker, initargs=(interruption.share(), tally.shared, notes)
    ) as pool:
        # The composed protocols come last and take longest: begin with them.
        futures = {
            pool.submit(_answer_in_worker, number, replace(each, options=_on_one_core(each.options))): number
            for number, each in reversed(list(asked.items()))
        }
        try:
            waiting = set(futures)
            while waiting:
                done, waiting = wait(waiting, LOOKS_EVERY_S)
                while decided is not None and not notes.empty():
                    decided.add_alone(*notes.get())
                for each in done:
                    _keep(decided, futures[each], _result_of(each))
                tally.tell()
            yield from (_result_of(each) for each in reversed(futures))
        except BaseException:  # nobody waits for the others any more
            for future in futures:
                future.cancel()
            for worker in set(active_children()) - others:
                worker.terminate()
            raise
