"""Symmetry: states that differ only by an exchange of interchangeable names are one state.

The argument. Let exchanging two names, wherever they stand in a state, lead from each transition to a transition, from
the initial state to itself, and from each violation of a property to a violation of it. Then so does every permutation
of the names, and what can be reached, in how many steps, and what it violates, is the same for a state as for all
states that a permutation leads to, its *orbit*. So of each orbit one state is enough. This is known as the quotient of
a transition system by its automorphisms: C. Norris Ip and David L. Dill, "Better verification through symmetry"
(1996).

- ALWAYS, STEP: a shortest run of the quotient stands for runs of the whole of the same length, one for each order in
  which the names can be; permuting them back along the way gives a real one (`unfolded`).
- SETTLED: if owed steps lead from a state s to s', and on to a permutation p(s) of s, then they lead on to p(p(s)) and,
  since p repeated often enough changes nothing, back to s. So settled components of the quotient are those of the
  whole, folded. Where several states of an orbit are kept, all of them are settled if one is.
- EVENTUALLY is not preserved: a cycle of the quotient may permute the names, and so be fair to nobody. It is refused.

That the names can be exchanged is not believed, but verified, on everything that was learned of the model: what was
learned is closed under exchanges (its *images* are learned too), and each lesson's image must have the images of its
successors. What is reached of the whole is reached by images of what the quotient uses, so nothing else matters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, pairwise

from deadheat.sim.explore.reductions.swap import AsymmetricError, Swap
from deadheat.sim.learn.tables import Tables
from deadheat.sim.learn.watches import WatchedPart
from deadheat.sim.model import Kind
from deadheat.sim.trace import Choice

__all__ = ["AsymmetricError", "Symmetry", "not_used", "plain_changes"]


class Symmetry:
    """The exchanges of neighbours among a model's interchangeable names, which make up all their permutations.

    It holds for all that `tables` held when `learn` was last called, which raises AsymmetricError where it does not.
    `ranks` has, for each field of a process or a component, where each of its contents stands in the order of states.
    """

    def __init__(self, tables: Tables) -> None:
        self.names = tables.model.interchangeable
        self.tables = tables
        liveness = [each.name for each in tables.model.properties if each.kind is Kind.EVENTUALLY]
        if liveness:
            raise AsymmetricError(f"it is not sound for liveness ({', '.join(liveness)})")
        self.swaps = tuple(Swap(tables, *pair) for pair in pairwise(self.names))
        self.ranks: list[list[int]] = [[] for _ in self.swaps[0].numbers]
        self._lessons_verified = 0
        self._verdicts_verified = {part: 0 for watch in tables.watches for part in watch.parts}
        self.learn()

    @property
    def remark(self) -> str:
        """What was done, and why it is sound, as a sentence."""
        return (
            f"States that differ only by an exchange of {_listed(self.names)} were taken for one: that each step and "
            "each verdict is the same with two of them exchanged was verified on all that was learned"
        )

    def learn(self) -> None:
        """Learn the images of what was learned since the last time, and verify that they are images."""
        lessons = self.tables.lessons
        while self._lessons_verified < len(lessons):
            lesson = lessons[self._lessons_verified]  # its image, if it is new, comes to stand at the end
            self._lessons_verified += 1
            for swap in self.swaps:
                swap.verify_lesson(lesson)
        for swap in self.swaps:
            swap.verify_numbers()
        self._verify_verdicts()
        self._rank()

    def _verify_verdicts(self) -> None:
        """Verify what was evaluated of properties, until the images hold nothing new."""
        grown = True
        while grown:
            grown = False
            for part, verified in self._verdicts_verified.items():
                new = list(islice(part.known.items(), verified, None))
                self._verdicts_verified[part] = verified + len(new)
                grown = grown or bool(new)
                for states, violated in new:
                    for swap in self.swaps:
                        swap.verify_verdict(part, states, violated)

    def parts_like(self, parts: Sequence[WatchedPart]) -> list[WatchedPart]:
        """Return all parts of properties that permutations lead to from these."""
        found = dict.fromkeys(parts)
        waiting = list(found)
        while waiting:
            part = waiting.pop()
            images = [swap.parts[part] for swap in self.swaps]
            waiting += [image for image in images if image not in found]
            found.update(dict.fromkeys(images))
        return list(found)

    # Representatives

    def representative(self, state: int) -> int:
        """Return the state that stands for this one; not always the same for a whole orbit, but never of another."""
        return self.descent(state)[0]

    def descent(self, state: int) -> tuple[int, list[int]]:
        """Return the state that stands for this one, and the numbers of the swaps that lead to it, in their order.

        Neighbours are swapped for as long as that makes the state smaller, as in sorting; the compiled search does the
        same (`compiled/representative.py`).
        """
        applied: list[int] = []
        place, moved = 0, False
        while place < len(self.swaps):
            if self.lowers(place, state):
                state = self.swaps[place].image(state)
                applied.append(place)
                place, moved = max(place - 1, 0), True
            else:
                place += 1
            if place == len(self.swaps) and moved:
                place, moved = 0, False
        return state, applied

    def lowers(self, number: int, state: int) -> bool:
        """Return whether a swap makes a state smaller: the first field that it changes gets a lower rank."""
        swap = self.swaps[number]
        for field, other in enumerate(swap.fields):
            if field <= other < len(swap.numbers):
                ranks = self.ranks[field]
                here = ranks[self.tables.field(state, field)]
                there = ranks[swap.number(other, self.tables.field(state, other))]
                if here != there:
                    return there < here
        return False

    def _rank(self) -> None:
        """Rank every number by the first field that swaps lead to from its own: there the number itself is the rank."""
        for field, ranks in enumerate(self.ranks):
            earlier = next((swap for swap in self.swaps if swap.fields[field] < field), None)
            for number in range(len(ranks), len(self.swaps[0].numbers[field])):
                ranks.append(self.ranks[earlier.fields[field]][earlier.number(field, number)] if earlier else number)

    def orbit(self, state: int) -> set[int]:
        """Return all states that permutations of the names lead to from this one."""
        states = {state}
        for change in plain_changes(len(self.names)):
            state = self.swaps[change].image(state)
            states.add(state)
        return states

    # Paths

    def unfolded(self, path: Sequence[int]) -> tuple[Choice, ...]:
        """Return the choices of a run through states for which those of a path stand; the first for itself.

        Each state of the path stands for itself, but for the last, which may be any successor of the one before.
        """
        choices: list[Choice] = []
        real = path[0]
        back: list[int] = []  # the swaps that lead from the state of the path to the real one
        for before, following in pairwise(path):
            reached, applied = self._step(before, following)
            target = self._swapped(reached, back)
            choices.append(self._choice(real, target))
            real, back = target, [*reversed(applied), *back]
        return tuple(choices)

    def _step(self, before: int, following: int) -> tuple[int, list[int]]:
        """Return a successor of a state that is another, or for which that stands; and the swaps from it to that."""
        successors = dict.fromkeys(state for _, state in self.tables.choices(before))
        if following in successors:
            return following, []
        descents = ((state, *self.descent(state)) for state in successors)
        return next((state, applied) for state, representative, applied in descents if representative == following)

    def _swapped(self, state: int, numbers: Sequence[int]) -> int:
        for number in numbers:
            state = self.swaps[number].image(state)
        return state

    def _choice(self, before: int, after: int) -> Choice:
        return next(successor.choice for successor, state in self.tables.choices(before) if state == after)


def plain_changes(count: int) -> Iterator[int]:
    """Yield swaps of neighbours, by the place of the first of the two, that lead through all permutations of so many.

    This is how bells are rung: the last goes through all others, down and up, and each time these change once.
    """
    if count < 2:
        return
    sweeps = (range(count - 2, -1, -1), range(count - 1))
    yield from sweeps[0]
    for number, change in enumerate(plain_changes(count - 1)):
        yield change + 1 - number % 2
        yield from sweeps[1 - number % 2]


def images(symmetry: Symmetry | None, labels: Iterable[str]) -> set[str]:
    """Return these labels of steps, with those of all images of the steps."""
    found, waiting = set(labels), list(labels)
    while waiting and symmetry is not None:
        label = waiting.pop()
        others = {swap.exchange.text(label) for swap in symmetry.swaps} - found
        found |= others
        waiting.extend(others)
    return found


def not_used(names: Sequence[str], reason: AsymmetricError) -> str:
    """Return, as a sentence, why the symmetry of names was not used."""
    return f"That {_listed(names)} are interchangeable was not made use of: {reason}"


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
