"""Random numbers that are the same on every machine, in every version of Python, and in compiled code.

The generator is SplitMix64: a counter that grows by a fixed odd number, and a hash of it. One seed gives as many
streams as are asked for, by their numbers: what is drawn in one run does not depend on what was drawn in others, nor
on which core does it. `sim/explore/compiled/random_words.py` draws the same numbers, bit for bit.

Source: Guy L. Steele, Doug Lea and Christine H. Flood, "Fast splittable pseudorandom number generators" (2014); numbers
below a bound, exactly uniform, as in Daniel Lemire, "Fast random integer generation in an interval" (2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

__all__ = ["BOUND_MAX", "RandomWords", "mixed", "stream"]

Item = TypeVar("Item")

EVERY_BIT = (1 << 64) - 1
STEP = 0x9E3779B97F4A7C15
FIRST, SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB

HALF = 32
"""A number below a bound is made of so many bits, the upper half of a word."""

BOUND_MAX = 1 << HALF
"""Numbers can be drawn below this bound, or a smaller one."""

UNIT_BITS = 53
"""So many bits a float can hold."""


def mixed(word: int) -> int:
    """Return a hash of a word of 64 bits, in which every bit depends on every bit; no two have the same."""
    word &= EVERY_BIT
    word = ((word ^ (word >> 30)) * FIRST) & EVERY_BIT
    word = ((word ^ (word >> 27)) * SECOND) & EVERY_BIT
    return word ^ (word >> 31)


def stream(seed: int, number: int) -> int:
    """Return where the stream of that number begins, for a seed: what `RandomWords` begins with."""
    return mixed(mixed(seed) + (number + 1) * STEP)


class RandomWords:
    """One stream of random numbers; `state` is all that it remembers, a word of 64 bits."""

    __slots__ = ("state",)

    def __init__(self, state: int) -> None:
        self.state = state & EVERY_BIT

    def word(self) -> int:
        """Return the next 64 bits."""
        self.state = (self.state + STEP) & EVERY_BIT
        return mixed(self.state)

    def below(self, bound: int) -> int:
        """Return a number from 0 on below a bound, each as likely as any other; the bound is from 1 to BOUND_MAX."""
        product = (self.word() >> HALF) * bound
        if product % BOUND_MAX < bound:
            uneven = BOUND_MAX % bound
            while product % BOUND_MAX < uneven:
                product = (self.word() >> HALF) * bound
        return product >> HALF

    def unit(self) -> float:
        """Return a number from 0 on below 1, in steps of 2**-53."""
        return (self.word() >> (64 - UNIT_BITS)) * 2.0**-UNIT_BITS

    def one_of(self, items: Sequence[Item]) -> Item:
        """Return one of several things, each as likely as any other."""
        return items[self.below(len(items))]
