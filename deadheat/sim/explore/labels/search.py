"""One search for all sets of faults of a family, size by size, in compiled code.

The states that are reached by n faults are found once all that fewer faults reach is known: breadth first among them,
a layer beginning with what a further fault leads to from the layer before it of those with one fault less. A pair that
is dominated is left out: whatever it violates, the state under the smaller label violates as well. So what is found
violated under a label that no smaller one explains comes by pairs none of which is dominated, and in the least number
of steps. A label whose own set is of another family explains nothing: it dominates only where it came no later.

What a set of faults allows is all that any part of it allows. So a property is violated under the budgets of a set if
and only if it is violated under some label that is contained in it. For what lasts: no step but a fault changes a
label, and none that does is ever owed or in a cycle; so settled states and fair cycles are those of states alone, and
have the labels by which their states are reached.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from itertools import pairwise

import numpy

from deadheat.sim.explore.compiled import labelled, pairs
from deadheat.sim.explore.compiled.arrays import Int64, UInt64
from deadheat.sim.explore.compiled.judging import different, different_steps, judge_known, states_of_steps
from deadheat.sim.explore.compiled.sharing import cores_for
from deadheat.sim.explore.compiled.tables import DenseTables
from deadheat.sim.explore.compiled.threads import Threads
from deadheat.sim.explore.compiled.tuning import Tuning
from deadheat.sim.explore.labels.buffers import may_take, modes_of_rows, no_bits, room_for
from deadheat.sim.explore.labels.cuts import Cuts
from deadheat.sim.explore.labels.ends import End, StoppedError
from deadheat.sim.explore.labels.expanding import Expansion
from deadheat.sim.explore.labels.families import DividingError
from deadheat.sim.explore.labels.hindsight import Lasting, RecentHindsight
from deadheat.sim.explore.labels.sets import Kinds, Labels
from deadheat.sim.explore.labels.store import LabelledStore
from deadheat.sim.explore.labels.tables import label_tables
from deadheat.sim.explore.memory import NoRoomError, no_more_memory, out_of_memory
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.model import Kind, Model

__all__ = ["LabelSearch"]

FIRST_CHUNK, CHUNK = 1 << 6, 1 << 16
TUNING = Tuning()
NO_END = (1 << 63) - 1
PROPERTIES_MAX = 64
"""The properties of a label are bits of one number."""


class LabelSearch:
    """One search at work. `absent` names, for each set, the processes that must not step under it.

    It begins with what an earlier run has learned, if it may `remember`. What is violated under `foreign` sets is of
    interest only for larger ones.
    """

    def __init__(
        self,
        model: Model,
        labels: Labels,
        kinds: Sequence[str],
        base: Mapping[str, int],
        absent: Mapping[Kinds, frozenset[str]],
        options: SearchOptions = SearchOptions(),
        *,
        remember: bool = True,
        foreign: Collection[Kinds] = (),
    ) -> None:
        self.labels = labels
        self.tables = label_tables(model, kinds, base, options, remember=remember)
        self.dense = DenseTables(self.tables)
        judge_known(self.dense)
        self.options = options
        self.store = LabelledStore(
            self.dense.layout, room_for(options, self.dense.layout.words), len(labels.sets), partial(may_take, options)
        )
        self.levels: list[list[tuple[int, int]]] = []
        self.transitions = 0
        self.tell: Callable[[], None] = _nothing
        """Is called now and then."""
        self.lasting: dict[str, list[Lasting]] = {}
        self.ends: dict[tuple[str, Kinds], End] = {}
        self.ranked: dict[tuple[str, Kinds, int], End] = {}
        """The nearest ends of each rank."""
        self.cuts = Cuts(labels, options)
        self._ranks: tuple[UInt64, UInt64] = (no_bits(0), no_bits(0))
        self._absent = labels.absences(absent, [each.process.name for each in self.tables.locals])
        self._decided = no_bits(len(labels.sets))
        self._foreign = [(labels.numbers[each], len(each)) for each in sorted(foreign)]
        self._until = numpy.full(len(labels.sets), NO_END, dtype=numpy.int64)
        self._following = numpy.full_like(labels.following, -1)
        self._fired = numpy.zeros(max(len(kinds), 1), dtype=numpy.uint8)
        self._marks_known = -1
        self._modes = numpy.zeros(0, dtype=numpy.uint8)
        self._expansions: list[Expansion] = []

    @property
    def fired(self) -> set[str]:
        """The kinds of fault that happened."""
        return {kind for kind, fired in zip(self.tables.kinds, self._fired, strict=False) if fired}

    # The search

    def run(self, size: int, asked: Mapping[int, int]) -> dict[tuple[str, Kinds], End]:
        """Find all that so many faults reach under the labels that are `asked`, each with the bits of its properties.

        A label with too many states is cut short, and the others are gone on with. Return the ends of what is
        violated, by property and label. Sizes are asked for one after the other, from 0 on.
        Raises StoppedError where a limit is reached, and DividingError.
        """
        try:
            self._find(size, asked)
            self._judge(size, asked)
        except NoRoomError as error:
            raise StoppedError(error.stop or no_more_memory(self.options.memory_bytes_max)) from None
        return {key: end for key, end in self.ends.items() if len(key[1]) == size}

    def _find(self, size: int, asked: Mapping[int, int]) -> None:
        self._ask(size, asked)
        self._forget_what_was_judged_of_cuts()
        before = self.levels[-1] if self.levels else []
        layers: list[tuple[int, int]] = []
        self.levels.append(layers)
        if not before:
            self._begin()
            layers.append((0, self.store.pairs_found))
        depth = len(layers)
        while depth <= len(before) or layers[-1][0] < layers[-1][1]:
            first = self.store.pairs_found
            self._let_only_nearer_dominate(size, depth)
            if 0 < depth <= len(before):
                self._expand(*before[depth - 1], labelled.LABELLED_FAULTS)
            if depth > 0:
                self._expand(*layers[depth - 1], labelled.FREE_STEPS)
            layers.append((first, self.store.pairs_found))
            depth += 1

    def _forget_what_was_judged_of_cuts(self) -> None:
        """Have the states found from here on judged; where a set was cut short, all of them.

        It has left states behind whose steps were not looked at, and a larger set, of other faults, may come to them.
        """
        self._states_before = self.store.states
        if self.cuts.reasons:
            self._states_before = 0
            self._ranks = no_bits(0), no_bits(0)
            self.lasting.clear()

    def _let_only_nearer_dominate(self, size: int, depth: int) -> None:
        """Let a pair with a foreign label dominate those that are found at a depth only if it is not farther itself."""
        for label, faults in self._foreign:
            if faults < size:
                layers = self.levels[faults]
                self._until[label] = layers[min(depth, len(layers) - 1)][1]

    def _begin(self) -> None:
        words = self.dense.layout.pack([self.tables.initial()])
        nothing = numpy.zeros(1, dtype=numpy.int32)
        self.store.add(self._arrays(), words, nothing, nothing - 1)

    def _ask(self, size: int, asked: Mapping[int, int]) -> None:
        """Follow only these labels, and ask only for these properties."""
        self._asked = no_bits(len(self.labels.sets))
        for label, bits in asked.items():
            self._asked[label] = bits
        wanted = numpy.array([len(each) == size for each in self.labels.sets]) & (self._asked != 0)
        targets = self.labels.following
        self._following = numpy.where((targets >= 0) & wanted[targets], targets, -1).astype(numpy.int32)
        self._decided = ~self._asked

    def _expand(self, first: int, last: int, mode: int) -> None:
        """Expand pairs, and add what they lead to; few at first, as most of what is missing is met at once."""
        chunk = CHUNK if self.tables.knows_all else FIRST_CHUNK
        with Threads(cores_for(last - first, self.options, TUNING)) as threads:
            while first < last:
                chunk = min(2 * chunk, CHUNK)
                ends = [min(first + chunk * each, last) for each in range(threads.size + 1)]
                first = ends[-1]
                self._expand_all(threads, [range(*each) for each in pairwise(ends)], mode)
                self._look_at_limits()

    def _expand_all(self, threads: Threads, parts: list[range], mode: int) -> None:
        """Let each thread expand its part, at the same time, then add what they found, in their order."""
        while any(parts):
            reached = threads.each(self._expanding(parts, mode))
            expansions = self._expansions[: len(parts)]
            for each in expansions:
                self._collect(each)
            missing = numpy.concatenate([each.missing for each in expansions])
            if len(missing):
                self._make_up_for(missing, mode)
            parts = [range(here, part.stop) for here, part in zip(reached, parts, strict=True)]

    def _expanding(self, parts: list[range], mode: int) -> Callable[[int], int]:
        """Return what expands the part of a number, as far as there is room, and returns the first that was not."""
        expansions, tables, labels, store = self._suited(len(parts)), self.dense.arrays(), self._arrays(), self.store
        return lambda number: expansions[number].expand(tables, labels, mode, store, parts[number])

    def _make_up_for(self, missing: Int64, mode: int) -> None:
        """Learn rows, and expand them where they were missing."""
        keys = [self.dense.key(row) for row in missing[:, 1].tolist()]
        states = self.states_of(missing[:, 2])
        if self.dense.learn(zip(keys, states, strict=True)):
            self.store = self.store.packed_anew(self.dense.layout)
            self._expansions.clear()  # which remember states of the other layout
        rows = numpy.array([self.dense.number(key) for key in keys], dtype=numpy.int64)
        again = numpy.column_stack((missing[:, 0], rows, missing[:, 2])).ravel()
        place = 0
        while place < len(keys):
            [expansion] = self._suited(1)
            place = expansion.expand_rows(self.dense.arrays(), self._arrays(), mode, self.store, again, place)
            self._collect(expansion)

    def _suited(self, count: int) -> list[Expansion]:
        """Return so many expansions, with room for what the tables ask for now."""
        if not all(each.is_suited for each in self._expansions):
            self._expansions.clear()
        while len(self._expansions) < count:
            self._expansions.append(Expansion(self.dense))
        return self._expansions[:count]

    def _collect(self, found: Expansion) -> None:
        """Add what was put out, and look at what happened on the way."""
        if found.outlaw != labelled.NOBODY:
            raise DividingError(self.tables.locals[found.outlaw].process.name)
        self.transitions += found.transitions
        self.store.add(self._arrays(), *found.candidates)
        if len(found.events):
            self._judge_steps(found.events)

    def _judge_steps(self, events: UInt64) -> None:
        """Learn what watches say of steps, and note the first under each label that violates a property."""
        first, which = different_steps(self.dense, events)
        asked = events[first]
        befores, afters = states_of_steps(self.dense, asked)
        pairs = zip(asked[:, 0].tolist(), befores, afters, strict=True)
        violated = numpy.array([self.dense.judge(*each) for each in pairs])
        wrong = events[violated[which]]
        if len(wrong):
            properties = self.dense.watched_properties[wrong[:, 0].astype(numpy.int64)]
            firsts = wrong[different(numpy.column_stack((properties, wrong[:, 2])))[0]]
            _, afters = states_of_steps(self.dense, firsts)
            for (part, pair, label), after in zip(firsts[:, :3].tolist(), afters, strict=True):
                self._note_step(self.dense.watched_parts[part].property.name, pair, label, after)

    def _note_step(self, name: str, pair: int, label: int, after: int) -> None:
        key = name, self.labels.sets[label]
        if key not in self.ends:
            self.ends[key] = self.ranked[*key, 0] = End(key[1], pair, self.depth_of(pair) + 1, after)
            self._decided[label] |= numpy.uint64(1 << self.dense.property_numbers[name])

    # What is judged at the end of a size

    def _judge(self, size: int, asked: Mapping[int, int]) -> None:
        cores = cores_for(self.store.states - self._states_before, self.options, TUNING)
        hindsight = RecentHindsight(self.dense, self.store, self._states_before, cores)
        self._ranks = tuple(numpy.concatenate([each, no_bits(self.store.states - len(each))]) for each in self._ranks)  # type: ignore[assignment]
        wanted = 0
        for bits in asked.values():
            wanted |= bits
        for number, watch in enumerate(self.tables.watches):
            if wanted >> number & 1 and watch.property.kind is not Kind.STEP:
                for rank, numbers in self._violating(hindsight, number):
                    self._ranks[rank][numbers] |= numpy.uint64(1 << number)
        for rank, violated in enumerate(self._ranks):
            self._note_first(size, rank, violated)

    def _violating(self, hindsight: RecentHindsight, number: int) -> Iterable[tuple[int, Int64]]:
        """Yield the places of states that violate a property, with the rank of that."""
        watch = self.tables.watches[number]
        kind = watch.property.kind
        if kind is Kind.ALWAYS:
            yield 0, hindsight.violating(watch)
        elif kind is Kind.SETTLED:
            yield 0, hindsight.quiescent(watch)
            yield 1, hindsight.all_settled(watch)
        else:
            found = hindsight.all_lasting(watch)
            self.lasting.setdefault(watch.property.name, []).extend(found)
            yield from ((int(each.meets_faults), each.numbers) for each in found)

    def _note_first(self, size: int, rank: int, violated: UInt64) -> None:
        layers = self.levels[size]
        count = len(self.tables.watches)
        found = numpy.full(len(self.labels.sets) * count, -1, dtype=numpy.int64)
        pairs.first_pairs(self.store.pairs, layers[0][0], layers[-1][1], violated, self._asked, found, count)
        for place in numpy.flatnonzero(found >= 0).tolist():
            label, number = divmod(place, count)
            key = self.tables.watches[number].property.name, self.labels.sets[label]
            pair = int(found[place])
            end = self.ranked[*key, rank] = End(key[1], pair, self.depth_of(pair), rank=rank)
            self.ends.setdefault(key, end)

    # Pairs

    def depth_of(self, pair: int) -> int:
        """Return how many steps lead to a pair."""
        layers = next(each for each in reversed(self.levels) if each and each[0][0] <= pair)
        return next((depth for depth, (first, last) in enumerate(layers) if first <= pair < last), len(layers))

    def states_of(self, pairs: Int64) -> list[int]:
        """Return the states of pairs, as those of `Tables`."""
        return self.dense.layout.unpack(self.store.states_at(self.store.pairs.state[pairs].astype(numpy.int64)))

    def state_of(self, pair: int) -> int:
        """Return the state of a pair."""
        return self.states_of(numpy.array([pair]))[0]

    def _arrays(self) -> pairs.LabelArrays:
        if len(self.tables.marks) != self._marks_known:
            self._kind_of = self.tables.kinds_of_guards()
            self._marks_known = len(self.tables.marks)
        rows = self.dense.rows_known
        if len(self._modes) != rows:
            self._modes = modes_of_rows(self.dense, self.tables, self._modes)
        return pairs.LabelArrays(
            len(self.tables.kinds),
            self.labels.size,
            self._following,
            self.labels.members,
            self.labels.masks,
            self._kind_of,
            self._modes,
            self._absent,
            self._decided,
            self._fired,
            self._until,
            self.cuts.marks,
        )

    def _look_at_limits(self) -> None:
        """Go on without labels that have too much: of what they lead to, only what is seen at once is known."""
        self.tell()
        for label in self.cuts.due(self.store.sizes, self.tables):
            self._following[self._following == label] = -1
            self._asked[label] &= numpy.uint64(sum(self._bits_of(Kind.ALWAYS, Kind.STEP)))
        stop = out_of_memory(self.options.memory_bytes_max) if self.store.pairs_found > 20_000 else None
        if stop:
            raise StoppedError(stop)

    def _bits_of(self, *kinds: Kind) -> Iterable[int]:
        return (1 << number for number, each in enumerate(self.tables.watches) if each.property.kind in kinds)


def _nothing() -> None:
    """Do nothing."""
