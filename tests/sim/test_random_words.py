"""Random numbers are the same in plain Python and in compiled code, and those that their paper's code gives."""

from __future__ import annotations

import numpy
import pytest

from deadheat.sim import random_words as plain
from deadheat.sim.explore.compiled.random_words import fill_below, fill_units, fill_words

SEEDS = (0, 1, 1234567, (1 << 64) - 1)


def test_the_words_are_those_of_the_published_code() -> None:
    # the first outputs of Sebastiano Vigna's splitmix64.c for the seed 1234567
    generator = plain.RandomWords(1234567)
    assert [generator.word() for _ in range(5)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_compiled_code_draws_the_same_words(seed: int) -> None:
    generator, state, words = plain.RandomWords(seed), numpy.array([seed], numpy.uint64), numpy.empty(500, numpy.uint64)
    fill_words(state, words)
    assert words.tolist() == [generator.word() for _ in range(500)]
    assert int(state[0]) == generator.state


@pytest.mark.parametrize("bound", [1, 2, 3, 7, 1000, 3 << 30, 1 << 32])
def test_compiled_code_draws_the_same_numbers_below_a_bound(bound: int) -> None:
    generator, state, words = plain.RandomWords(7), numpy.array([7], numpy.uint64), numpy.empty(2_000, numpy.uint64)
    fill_below(state, bound, words)
    assert words.tolist() == [generator.below(bound) for _ in range(2_000)]
    assert int(state[0]) == generator.state, "a number that was rejected was drawn by one of them only"
    assert max(words) < bound


def test_numbers_below_a_bound_are_even() -> None:
    generator = plain.RandomWords(plain.stream(3, 0))
    counts = [0] * 6
    for _ in range(60_000):
        counts[generator.below(6)] += 1
    expected = 60_000 / 6
    assert sum((count - expected) ** 2 / expected for count in counts) < 20.5, "chi squared, 5 degrees, one in a 1,000"


def test_a_bound_that_leaves_a_remainder_rejects_what_would_be_too_many() -> None:
    # three quarters of 2**32: a quarter of all words is drawn again
    generator = plain.RandomWords(5)
    drawn = [generator.below(3 << 30) for _ in range(4_000)]
    thirds = [sum(each >> 30 == third for each in drawn) for third in range(3)]
    assert all(abs(count - 4_000 / 3) < 4 * (4_000 * 2 / 9) ** 0.5 for count in thirds)


def test_streams_of_one_seed_share_nothing() -> None:
    streams = [plain.RandomWords(plain.stream(1, number)) for number in range(100)]
    words = [each.word() for each in streams for _ in range(10)]
    assert len(set(words)) == len(words)


def test_units_lie_from_zero_on_below_one() -> None:
    generator = plain.RandomWords(2)
    drawn = [generator.unit() for _ in range(10_000)]
    assert 0 <= min(drawn) < 0.001 < 0.999 < max(drawn) < 1


def test_compiled_code_draws_the_same_units() -> None:
    generator, state, units = plain.RandomWords(9), numpy.array([9], numpy.uint64), numpy.empty(1_000, numpy.float64)
    fill_units(state, units)
    assert units.tolist() == [generator.unit() for _ in range(1_000)]
