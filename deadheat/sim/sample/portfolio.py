"""Several strategies side by side: each gets as much time as any other, and whichever meets most that is new gets more.

Time is counted in what was done, never in seconds: so a seed gives the same runs on every machine, and a clock decides
only when to stop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from deadheat.sim.explore.options import never
from deadheat.sim.learn.tables import Tables
from deadheat.sim.model import Kind, Model
from deadheat.sim.random_words import RandomWords, stream
from deadheat.sim.sample.by_hypothesis import drawn, require_hypothesis
from deadheat.sim.sample.codes import codes_of
from deadheat.sim.sample.path_counts import counts_of, explored, thresholds_of
from deadheat.sim.sample.strategies import Strategy
from deadheat.sim.sample.walker import STEPS_MAX, Failure, Walker
from deadheat.sim.sample.warm_up import warm_up
from deadheat.sim.trace import Schedule

__all__ = ["ALL", "Found", "Portfolio", "mutated"]

ALL = tuple(each for each in Strategy if each is not Strategy.HYPOTHESIS)
"""Those that have a turn where none was asked for."""

FIRST_ROUND, ROUND_MAX = 2, 512
"""So many runs has a strategy's round at first; then twice as many each time."""

LESSON_STEPS = 2_000
"""To learn something takes about as long as so many steps over what is known."""

BEST_SHARE = 4
"""Whichever strategy has met most that was new gets so many times the time of another.

Swarm gets as much as all of them together: nearly all that is violated takes few faults, and runs with few cost little.
"""

CORPUS_MAX = 256
HANDED_MAX = 40
"""So many failures of a property are looked at; more of them are counted, and no more."""

CHANGES_MAX = 3


@dataclass(frozen=True, slots=True)
class Found:
    """A failure, and how many runs were made, of how many steps, up to it."""

    failure: Failure
    runs: int
    steps: int


class Portfolio:
    """Strategies at work on a model; `found` are the failures so far, in the order in which they were met.

    With one strategy alone, these are its runs from the first on.
    """

    def __init__(
        self,
        model: Model,
        seed: int,
        strategies: Sequence[Strategy] = ALL,
        depth: int = 0,
        steps_max: int = STEPS_MAX,
        asked: Callable[[], bool] = never,
    ) -> None:
        self.model = model
        self.tables = Tables(model)
        measured = warm_up(self.tables, steps_max, asked)
        space = explored(self.tables) if Strategy.PATHS in strategies and not asked() else None
        self.walker = Walker(self.tables, steps_max, HANDED_MAX, asked, measured)
        if space is not None:
            self.walker.count_paths(thresholds_of(space, counts_of(space)))
        self.found: list[Found] = []
        self.last_new = 0
        self._followed = 0
        self._seed = seed
        self._depth = depth
        if len(model.budgets) < 2 and len(strategies) > 1:  # then few faults are all there are
            strategies = [each for each in strategies if each is not Strategy.SWARM]
        self._runs = dict.fromkeys(strategies, 0)
        self._news = dict.fromkeys(strategies, 0.0)
        self._rounds = dict.fromkeys(strategies, FIRST_ROUND)
        self._cost = dict.fromkeys(strategies, 0.0)
        self._corpus: list[tuple[int, ...]] = []
        self._met: set[int] = set()
        if Strategy.HYPOTHESIS in strategies:
            require_hypothesis()
        self._look_at_the_beginning()

    @property
    def runs(self) -> int:
        """How many runs were made."""
        return self.walker.runs

    def counts(self) -> dict[str, int]:
        """Return in how many runs each property was violated."""
        return self.walker.counts()

    def by_strategy(self) -> dict[str, int]:
        """Return how many runs each strategy made."""
        return {strategy.value: runs for strategy, runs in self._runs.items()}

    def follow(self, schedule: Schedule) -> int:
        """Run a schedule as far as its steps are possible, and on from there; return how many of them are.

        It is then one of those that are changed.
        """
        codes = codes_of(self.tables, schedule.choices[: schedule.cycle_from])
        if codes:
            self._corpus.append(codes)
            before, number = self.walker.runs, self._followed

            def on_failure(failure: Failure) -> None:
                self.found.append(Found(failure, before + 1, failure.steps))

            self.walker.walk(
                Strategy.FEEDBACK,
                ~self._seed,
                number,
                number + 1,
                on_failure,
                on_new=self._keep,
                follow=(codes,),
            )
            self._followed += 1
        return len(codes)

    def go_on(self, runs_max: int, asked: Callable[[], bool] = never) -> None:
        """Make one more round, of so many runs at most; fewer where a stop is `asked` for meanwhile."""
        strategy = self._next()
        first = self._runs[strategy]
        count = min(self._rounds[strategy], runs_max)
        self._rounds[strategy] = min(2 * count, ROUND_MAX)
        before, cost, runs = self.walker.states, self._cost_so_far(), self.walker.runs
        follow: Sequence[tuple[int, ...]] = ()
        if strategy is Strategy.FEEDBACK:
            follow = self._to_follow(first, count)
        elif strategy is Strategy.HYPOTHESIS:
            follow = self._drawn(first, count)
            count = len(follow)

        def on_failure(failure: Failure) -> None:
            self.found.append(Found(failure, runs + failure.run - first + 1, failure.steps))

        made = self.walker.walk(
            strategy,
            self._seed,
            first,
            first + count,
            on_failure,
            depth=self._depth,
            on_new=self._keep,
            follow=follow,
            asked=asked,
        )
        self._runs[strategy] += made
        new = self.walker.states - before
        took = self._cost_so_far() - cost
        self._cost[strategy] += took
        self._news[strategy] = new / max(took, 1)
        if new:
            self.last_new = self.walker.runs

    def _cost_so_far(self) -> int:
        """Return how much was done so far, in steps: what takes time, but the same on every machine."""
        return self.walker.steps + LESSON_STEPS * len(self.tables.lessons)

    def _next(self) -> Strategy:
        """Return whose turn it is: who had the least time for its share."""
        best = max(self._runs, key=lambda strategy: self._news[strategy])
        shares = {each: BEST_SHARE if each is best else 1 for each in self._runs}
        if Strategy.SWARM in shares:
            shares[Strategy.SWARM] = sum(shares.values())
        return min(self._runs, key=lambda each: self._cost[each] / shares[each])

    def _keep(self, codes: tuple[int, ...]) -> None:
        self.last_new = self.walker.runs
        self._corpus.append(codes)
        del self._corpus[:-CORPUS_MAX]

    def _to_follow(self, first: int, count: int) -> list[tuple[int, ...]]:
        words = RandomWords(stream(~self._seed, first))
        return [mutated(words.one_of(self._corpus), words) if self._corpus else () for _ in range(count)]

    def _drawn(self, first: int, count: int) -> list[tuple[int, ...]]:
        runs = drawn(self.tables, stream(self._seed, first), count, self._met)
        self.walker.relearned()
        return [codes_of(self.tables, choices) for choices in runs]

    def _look_at_the_beginning(self) -> None:
        """Look at the initial state: what it violates, no step does."""
        initial = self.tables.initial()
        for watch in self.tables.watches_of(Kind.ALWAYS):
            if watch.violated(initial):
                failure = Failure(watch.property.name, Schedule(()), Strategy.UNIFORM, 0, 0)
                self.found.append(Found(failure, 1, 0))


def mutated(codes: Sequence[int], words: RandomWords) -> tuple[int, ...]:
    """Return a run changed in a few places: cut off, or steps of it exchanged, left out, or moved."""
    changed = list(codes)
    for _ in range(1 + words.below(CHANGES_MAX)):
        if len(changed) < 2:
            break
        at, what = words.below(len(changed) - 1), words.below(4)
        if what == 0:
            del changed[at + 1 :]
        elif what == 1:
            changed[at], changed[at + 1] = changed[at + 1], changed[at]
        elif what == 2:
            del changed[at]
        else:
            changed.insert(words.below(len(changed)), changed.pop(at))
    return tuple(changed)
