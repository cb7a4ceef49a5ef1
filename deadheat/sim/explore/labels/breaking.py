"""Which sets of faults break the properties of a model: the minimal ones, each with a shortest schedule.

The models of the sets are given, one each: which processes and components there are may depend on the faults. Sets
whose models are parts of one have one search (`families`), and all searches go on size by size, so that each of them
knows which smaller sets break what, and follows no label of which nothing is asked any more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from deadheat.sim.errors import ModelError, UnboundedError
from deadheat.sim.explore.every_step import asked_of_every_step
from deadheat.sim.explore.labels.composing import Composed, JoinedError, NotComposableError, groups_of, part_model
from deadheat.sim.explore.labels.coverage import Coverage
from deadheat.sim.explore.labels.ends import End, StoppedError
from deadheat.sim.explore.labels.families import DividingError, Family, families_of
from deadheat.sim.explore.labels.search import LabelSearch
from deadheat.sim.explore.labels.sets import Kinds, Labels, parts_of, smaller_by_one
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.stop import Limit, Stop
from deadheat.sim.learn.tables import WantsMoreError
from deadheat.sim.learn.watches import EveryStepError
from deadheat.sim.model import Model
from deadheat.sim.trace import Schedule

__all__ = ["Alone", "Breaking", "Decided", "Decision", "Question", "breaking_sets"]

Decided = Callable[[int, int], None]
"""Is told how many more sets were decided, and how many states have been found by now."""


def nobody(decided: int, states: int) -> None:
    """Tell nobody."""
    del decided, states


def _nothing_covered(kinds: Kinds) -> Coverage:
    raise AssertionError(f"nothing was found of {kinds}")


@dataclass(frozen=True)
class Decision:
    """What a set of faults does, decided by itself: what it breaks, and what is undecided, or holds but vacuously."""

    broken: Mapping[str, Schedule]
    undecided: Sequence[str]
    vacuous: Sequence[str]
    happened: frozenset[str]
    states: int
    stopped: Stop | None


Alone = Callable[[Kinds, Sequence[str]], Decision]
"""Decides what of these properties a set of faults breaks."""


@dataclass(frozen=True)
class Question:
    """What is asked: sets of up to `up_to` faults of these kinds, each with its model, beside the faults of the `base`.

    `steps` are the labels of steps of which it is of interest whether they are reached.
    """

    kinds: Sequence[str]
    up_to: int
    models: Mapping[Kinds, Model]
    base: Mapping[str, int] = field(default_factory=dict)
    steps: Collection[str] = ()
    options: SearchOptions = SearchOptions()
    alone: Alone | None = None
    """Decides a set by itself, where no search can decide it together with others."""
    composed: bool = False
    """Whether a search for many sets is used only where parts of the system can be searched alone."""


@dataclass
class Breaking:
    """The answer. `broken` has, by property, the minimal sets that break it; `holding` the sets of which each is known.

    `undecided` are sets of which it is not known, by property, for want of what `stopped` says. `happened` are the
    kinds of fault that some run met, also those of the base that were asked for.
    """

    broken: dict[str, dict[Kinds, Schedule]]
    holding: dict[Kinds, list[str]] = field(default_factory=dict)
    undecided: dict[str, list[Kinds]] = field(default_factory=dict)
    happened: set[str] = field(default_factory=set)
    stopped: Stop | None = None
    states: int = 0
    vacuous: dict[Kinds, list[str]] = field(default_factory=dict)
    """What holds, but vacuously, under sets that were decided by themselves."""
    coverage: Callable[[Kinds], Coverage] = _nothing_covered
    """Returns what was reached under a set of faults that breaks not everything."""


def breaking_sets(question: Question, report: Decided = nobody) -> Breaking:
    """Answer the question; raises ModelError where a model breaks a rule of the engine."""
    known = _Known()
    while True:
        try:
            return _Search(question, known, report).answer()
        except DividingError as error:
            known.dividing.add(error.process)
        except JoinedError as error:
            known.joined.append(error.components)
        except EveryStepError as error:
            known.every_step.add(error.name)
        except NotComposableError:
            known.composes = False
        except WantsMoreError:  # which is noted: all is learned the next time
            continue


@dataclass
class _Known:
    """What was found out of a model on the way, after which the search is done again."""

    dividing: set[str] = field(default_factory=set)
    joined: list[tuple[str, str]] = field(default_factory=list)
    every_step: set[str] = field(default_factory=set)
    composes: bool = True


class _Search:
    def __init__(self, question: Question, known: _Known, report: Decided) -> None:
        self._question = question
        self._known = known
        self._report = report
        self._labels = Labels(len(question.kinds), question.up_to)
        self._families = families_of(question.models.items(), known.dividing)
        self._searches = [self._search_of(each) for each in self._families]
        self._search_for = {
            kinds: search
            for family, search in zip(self._families, self._searches, strict=True)
            for kinds in family.present
        }
        self._asked: list[list[dict[int, int]]] = [[] for _ in self._families]
        """What was asked of each search, size by size."""
        self._names = [each.name for each in self._families[0].model.properties]
        self._all = (1 << len(self._names)) - 1
        self._broken: dict[Kinds, int] = {}
        """The bits of the properties that a set, or some part of it, breaks."""
        self._states_alone = 0
        self._stopped_alone: Stop | None = None
        self._given_up: list[Composed] = []
        self._found = Breaking({name: {} for name in self._names}, undecided={name: [] for name in self._names})

    def answer(self) -> Breaking:
        """Search size by size."""
        found = self._found
        for size in range(self._question.up_to + 1):
            self._inherit(size)
            for number, search in enumerate(self._searches):
                if search is not None and search not in self._given_up:
                    found.stopped = found.stopped or self._run(number, search, size)
            sets = [each for each in self._question.models if len(each) == size]
            for kinds in sets:
                self._decide(kinds)
            self._tell(0 if found.stopped is not None else len(sets))
        for search in self._searches:
            if search is not None:
                found.happened |= search.fired
                for each in search.searches:
                    if search in self._given_up or None in each.cuts.reasons.values():
                        each.tables.verified = None  # a search that recalls it would be another one
                    each.tables.verify_purity()
                    found.stopped = found.stopped or next(filter(None, each.cuts.reasons.values()), None)
        found.stopped = found.stopped or self._stopped_alone
        found.coverage = cache(self._coverage)
        return found

    def _coverage(self, kinds: Kinds) -> Coverage:
        search = self._search_for[kinds]
        assert search is not None
        return Coverage(search.searches, self._question.steps, len(kinds))

    def _tell(self, decided: int = 0) -> None:
        self._found.states = self._states_alone + sum(each.pairs_found for each in self._searches if each is not None)
        self._report(decided, self._found.states)

    def _search_of(self, family: Family) -> Composed | None:
        """Return the search for a family; None where its sets are to be decided each by itself."""
        question = self._question
        family.model = asked_of_every_step(family.model, self._known.every_step)
        models = [family.model]
        if question.composed and question.alone is not None:
            if not self._known.composes or self._known.every_step:
                return None
            groups = groups_of(family, question.kinds, question.base, self._known.joined)
            if len(groups) < 2:
                return None
            models = [part_model(family.model, each) for each in groups]
        searches = [
            LabelSearch(
                each,
                self._labels,
                question.kinds,
                question.base,
                family.absent(),
                question.options,
                remember=len(models) == 1,
                foreign=family.foreign(),
            )
            for each in models
        ]
        for each in searches:
            each.tell = self._tell
            each.cuts.keeps_numbers = question.alone is not None
        return Composed(searches)

    def _inherit(self, size: int) -> None:
        """Take what smaller sets break as broken by all larger ones, too."""
        for kinds in self._labels.sets:
            if len(kinds) >= size:
                self._broken[kinds] = 0
                for smaller in smaller_by_one(kinds):
                    self._broken[kinds] |= self._broken[smaller]

    def _run(self, number: int, search: Composed, size: int) -> Stop | None:
        """Let a search find what so many faults break; return what stopped it, if anything did."""
        self._asked[number].append(self._asked_of(search, self._families[number], size))
        try:
            try:
                search.run(size, self._asked[number][size])
            except WantsMoreError:  # which is noted: it learns all the next time
                self._begin_anew(number)
        except StoppedError as error:
            return error.stop
        except UnboundedError:  # all sets together have more values than one of them alone
            if self._question.alone is None:
                raise
            self._given_up.append(search)
        except ModelError as error:
            raise self._with_way_there(error, search.searches[0]) from error
        return None

    def _begin_anew(self, number: int) -> None:
        """Put another search in the place of one, once it has come as far; what the others have found stays true."""
        family = self._families[number]
        search = self._search_of(family)
        assert search is not None
        for size, asked in enumerate(self._asked[number]):
            search.run(size, asked)
        self._searches[number] = search
        self._search_for |= dict.fromkeys(family.present, search)

    def _asked_of(self, search: Composed, family: Family, size: int) -> dict[int, int]:
        """Return what is asked of the labels of a size: for each, the bits of the properties."""
        asked: dict[int, int] = {}
        for kinds in family.present:
            wanted = self._all & ~self._broken[kinds]
            if len(kinds) >= size and wanted and not search.is_cut(kinds):
                for part in parts_of(kinds):
                    if len(part) == size:
                        number = self._labels.numbers[part]
                        asked[number] = asked.get(number, 0) | wanted
        return asked

    def _decide(self, kinds: Kinds) -> None:
        wanted = self._all & ~self._broken[kinds]
        search, found = self._search_for[kinds], self._found
        if search is None or search in self._given_up:
            self._decide_alone(kinds, [name for number, name in enumerate(self._names) if wanted >> number & 1])
            return
        open_ones = []
        for number, name in enumerate(self._names):
            if wanted >> number & 1:
                end = _nearest(search, name, kinds)
                if end is not None:
                    self._broken[kinds] |= 1 << number
                    found.broken[name][kinds] = search.schedule_to(name, end)
                else:
                    open_ones.append(name)
        if search.is_too_much_together(kinds):
            self._decide_alone(kinds, open_ones)
            return
        if found.stopped is not None or search.is_cut(kinds):
            for name in open_ones:
                found.undecided[name].append(kinds)
        left = [name for number, name in enumerate(self._names) if not self._broken[kinds] >> number & 1]
        if left and found.stopped is None and not search.is_cut(kinds):
            found.holding[kinds] = left

    def _decide_alone(self, kinds: Kinds, names: list[str]) -> None:
        found, alone = self._found, self._question.alone
        assert alone is not None
        if not names:
            return
        if found.stopped is not None:
            for name in names:
                found.undecided[name].append(kinds)
            return
        said = alone(kinds, names)
        for name, schedule in said.broken.items():
            self._broken[kinds] |= 1 << self._names.index(name)
            found.broken[name][kinds] = schedule
        for name in said.undecided:
            found.undecided[name].append(kinds)
        found.happened |= said.happened
        found.vacuous[kinds] = list(said.vacuous)
        holding = [name for name in names if name not in said.broken and name not in said.undecided]
        if holding:
            found.holding[kinds] = holding
        self._stopped_alone = self._stopped_alone or said.stopped
        if said.stopped is not None and said.stopped.limit is Limit.INTERRUPTED:
            found.stopped = said.stopped
        self._states_alone += said.states

    @staticmethod
    def _with_way_there(error: ModelError, search: LabelSearch) -> ModelError:
        from deadheat.sim.explain.way_there import with_way_there

        return with_way_there(error, search.tables.model)


def _nearest(search: Composed, name: str, kinds: Kinds) -> End | None:
    """Return the nearest end at which a set of faults violates a property, if there is one."""
    ends = (search.ends.get((name, part)) for part in parts_of(kinds))
    return min((each for each in ends if each is not None), key=lambda each: (each.rank, each.whole), default=None)
