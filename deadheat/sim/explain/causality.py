"""Which orders of a trace's steps come to the same, and what each step waits for in them.

Two steps are in *conflict* if somewhere their order matters: one of them cannot be answered as it was, the violation
is lost, or some step whose wait is measured waits for something else. Steps that are in no conflict may change places,
so all orders in which the conflicting steps stand in the same order are one *reading* of the trace (a trace of
Mazurkiewicz's, with conflicts found by trying rather than by names). The readings together are all orders, and in all
orders of one, each measured step waits for the same: any of them becomes any other by exchanges of two neighbours that
are in no conflict, and none of these exchanges changes what can follow, or what anything waits for.

Cuts from where the same can follow count as one, whatever the components hold: that two steps leave other values there
if they change places is of no matter if nothing is answered otherwise for it, and the violation is the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import NamedTuple

from deadheat.sim.explain.cuts import START, CausalStep, Cut, Cuts

__all__ = ["Reading", "readings"]


@dataclass(frozen=True, slots=True)
class Reading:
    """Orders of a trace's steps that come to the same.

    `order` is one of them, by number. The others are those with the pairs (earlier, later) of `orders`, of which none
    follows from others. In all of them, each measured step waits for the step (or the start) in `waits_for`: its
    process's previous step, or the one that ended the wait, whichever is later.
    """

    order: tuple[int, ...]
    orders: frozenset[tuple[int, int]]
    waits_for: Mapping[int, int]


class _Place(NamedTuple):
    """Cuts from where the same can follow.

    `ready` are the measured steps that could happen, and `waiting` those of them that may happen without having to
    wait again. `following` are steps with the places (by number) that they lead to.
    """

    ready: frozenset[int]
    waiting: frozenset[int]
    following: frozenset[tuple[int, int]]


def readings(cuts: Cuts, measured: Set[int]) -> Iterator[Reading]:
    """Yield the readings of a trace, in which each of the `measured` steps waits for the same; the trace's own first.

    They are found by a search with sleep sets (Godefroid, "Partial-order methods", 1996): where two steps that are in
    no conflict can follow, only one order of the two is looked at.
    """
    places = _places(cuts, measured)
    conflicts = _conflicts(cuts.steps, places)
    seen: set[tuple[frozenset[tuple[int, int]], frozenset[tuple[int, int]]]] = set()
    for order, waits_for in _orders(places, conflicts):
        orders = frozenset(_reduced(cuts.steps, order, conflicts))
        if (key := (orders, frozenset(waits_for.items()))) not in seen:
            seen.add(key)
            yield Reading(order, orders, waits_for)


def _places(cuts: Cuts, measured: Set[int]) -> list[_Place]:
    """Return the places; the last of them is the start."""
    numbers: dict[tuple[tuple[int, ...], _Place], int] = {}
    of_cut: dict[Cut, int] = {}
    places: list[_Place] = []
    for cut in (cut for layer in reversed(cuts.layers) for cut in layer):
        ready = cut.ready.intersection(measured)
        ways = frozenset((number, of_cut[after]) for number, found in cut.following.items() for _, after in found)
        waiting = {number for number, _ in ways}.union(*(places[after].waiting for _, after in ways)) & ready
        place = _Place(ready, frozenset(waiting), ways)
        of_cut[cut] = numbers.setdefault((cut.done, place), len(places))
        if of_cut[cut] == len(places):
            places.append(place)
    return places


def _conflicts(steps: Sequence[CausalStep], places: Sequence[_Place]) -> set[tuple[int, int]]:
    """Return the pairs of steps of different processes, either way round, whose order matters in some place."""
    conflicts: set[tuple[int, int]] = set()
    for place in places:
        for one, middle in place.following:
            for other, end in places[middle].following:
                same_process = steps[one - 1].process == steps[other - 1].process
                if not same_process and (one, other) not in conflicts:
                    waits = _waits(places, place, one, middle, other, end)
                    changed = (
                        _waits(places, place, other, through, one, end)
                        for number, through in place.following
                        if number == other and (one, end) in places[through].following
                    )
                    if waits not in changed:
                        conflicts |= {(one, other), (other, one)}
    return conflicts


def _waits(
    places: Sequence[_Place], before: _Place, first: int, middle: int, second: int, end: int
) -> dict[int, int | None]:
    """Return which of two steps those that wait at the end wait for; None for those that have waited longer."""
    return {
        each: second if each not in places[middle].ready else first if each not in before.ready else None
        for each in places[end].waiting
    }


def _orders(
    places: Sequence[_Place], conflicts: Set[tuple[int, int]]
) -> Iterator[tuple[tuple[int, ...], dict[int, int]]]:
    """Yield at least one order of each reading, and what the measured steps wait for in it."""

    def go_on(
        place: _Place, asleep: frozenset[int], order: tuple[int, ...], since: dict[int, int], waits_for: dict[int, int]
    ) -> Iterator[tuple[tuple[int, ...], dict[int, int]]]:
        if not place.following:
            yield order, waits_for
        for number in sorted({number for number, _ in place.following} - asleep):
            still_asleep = frozenset(each for each in asleep if (each, number) not in conflicts)
            waited = {**waits_for, number: since[number]} if number in since else waits_for
            for after in (places[end] for each, end in sorted(place.following) if each == number):
                waiting = {each: since[each] if each in place.ready else number for each in after.ready}
                yield from go_on(after, still_asleep, (*order, number), waiting, waited)
            asleep |= {number}

    start = places[-1]
    yield from go_on(start, frozenset(), (), dict.fromkeys(start.ready, START), {})


def _reduced(
    steps: Sequence[CausalStep], order: Sequence[int], conflicts: Set[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """Yield the pairs whose order is given, without those that follow from others."""
    before: dict[int, set[int]] = {START: set()}
    for number in order:
        direct = {steps[number - 1].previous} | {each for each in before if (each, number) in conflicts}
        implied = set().union(*(before[each] for each in direct))
        before[number] = direct | implied
        yield from ((each, number) for each in direct - implied)
