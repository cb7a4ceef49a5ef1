"""What can be said of a chain without sampling: probabilities, expectations, and what holds by a time.

Where something is chosen, each answer is a least and a greatest one, over all ways to choose by what the state is.
Without choices the two are the same. (Source: Puterman, "Markov Decision Processes" (1994), 7.2 and 7.3: values are
iterated from 0 on, and the rows that are best then are solved for.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy
from scipy import linalg as dense, sparse
from scipy.sparse import csgraph, linalg

from deadheat.sim.counting import counted
from deadheat.sim.errors import TooLargeError
from deadheat.sim.timed.chain import Chain

__all__ = [
    "Bounds",
    "Generator",
    "expected",
    "expected_by_state",
    "generator_of",
    "likelihood",
    "likelihood_by",
    "likelihood_by_state",
    "long_run",
    "quantiles",
]

ROUNDS_MAX = 200_000
CLOSE = 1e-13
DENSE_MAX = 1_500
POWERS_MAX = 80


class Bounds(NamedTuple):
    """The least and the greatest answer."""

    least: float
    greatest: float

    @property
    def is_one(self) -> bool:
        """Whether they are the same, but for rounding."""
        return abs(self.greatest - self.least) <= 1e-9 * max(1.0, abs(self.greatest))


def likelihood(chain: Chain, state_mark: int | None = None, step_mark: int | None = None) -> Bounds:
    """Return how likely it is that a state, or a step, with this mark is ever met."""
    least, greatest = likelihood_by_state(chain, state_mark, step_mark)
    return Bounds(float(chain.initial @ least), float(chain.initial @ greatest))


def likelihood_by_state(chain: Chain, state_mark: int | None = None, step_mark: int | None = None) -> tuple[Any, Any]:
    """Return the same from each state on: the least, and the greatest."""
    steps, gain = chain.steps, numpy.zeros(chain.steps.shape[0])
    if step_mark is not None:
        marked = chain.step_marks[step_mark]
        gain = numpy.asarray(marked.sum(axis=1)).ravel()
        steps = steps - marked
    done = chain.is_over.copy()
    fixed = numpy.zeros(len(chain.places))
    if state_mark is not None:
        fixed[chain.marked(state_mark)] = 1.0
        done |= chain.marked(state_mark)
    return _solved(chain, steps, gain, done, fixed)


def expected(chain: Chain, *, mark: int | None = None, calls: bool = False) -> Bounds:
    """Return how many seconds are expected to be spent in states with a mark (all, without one), or how many calls."""
    least, greatest = expected_by_state(chain, mark=mark, calls=calls)
    return Bounds(float(chain.initial @ least), float(chain.initial @ greatest))


def expected_by_state(chain: Chain, *, mark: int | None = None, calls: bool = False) -> tuple[Any, Any]:
    """Return the same from each state on: the least, and the greatest."""
    row_state = numpy.repeat(numpy.arange(len(chain.places)), numpy.diff(chain.first_row))
    if calls:
        gain = chain.calls
    elif mark is None:
        gain = chain.hold_s
    else:
        gain = numpy.where(chain.marked(mark)[row_state], chain.hold_s, 0.0)  # one may stay for ever
    return _solved(chain, chain.steps, gain, chain.is_over, numpy.zeros(len(chain.places)))


def _solved(chain: Chain, steps: Any, gain: Any, done: Any, fixed: Any) -> tuple[Any, Any]:
    """Return the least and the greatest x with x = gain + steps x, and x = fixed where it is done."""
    if not chain.has_choices:
        found = _solved_for(steps, gain, done, fixed)
        return found, found
    answers = []
    for best in (numpy.minimum, numpy.maximum):
        rows = _best_rows(chain, steps, gain, done, fixed, best)
        answers.append(_solved_for(steps[rows], gain[rows], done, fixed))
    return answers[0], answers[1]


def _best_rows(chain: Chain, steps: Any, gain: Any, done: Any, fixed: Any, best: Any) -> Any:
    starts = chain.first_row[:-1]
    value = fixed.copy()
    for _ in range(ROUNDS_MAX):
        rows = gain + steps @ value
        after = numpy.where(done, fixed, best.reduceat(rows, starts))
        moved = after != value  # so that infinite is infinite
        change = numpy.max(numpy.abs(after[moved] - value[moved]), initial=0.0)
        value = after
        if change <= CLOSE * max(1.0, float(numpy.max(numpy.abs(value[numpy.isfinite(value)]), initial=0.0))):
            break
    rows = gain + steps @ value
    chosen = best.reduceat(rows, starts)
    counts = numpy.diff(chain.first_row)
    wanted = numpy.repeat(chosen, counts)
    is_chosen = rows == wanted
    finite = numpy.isfinite(rows) & numpy.isfinite(wanted)
    is_chosen[finite] |= numpy.abs(rows[finite] - wanted[finite]) <= 1e-12 * (1 + numpy.abs(rows[finite]))
    numbers = numpy.where(is_chosen, numpy.arange(len(rows)), len(rows))
    return _leading_on(chain, steps, numbers, starts, done)


def _leading_on(chain: Chain, steps: Any, numbers: Any, starts: Any, done: Any) -> Any:
    """Return a row for each state out of those that are best: one that leads on to where it is done, if any does.

    One in which nothing happens any more is done, too.

    Rows that only lead back would be as good by their values, and never come to them.
    """
    count = len(starts)
    rows = numpy.minimum.reduceat(numbers, starts)
    settled = done.copy()
    pattern = steps.tocsr()
    pending = [state for state in range(count) if not settled[state]]
    moved = True
    while moved and pending:
        moved, left = False, []
        for state in pending:
            found = None
            for row in range(chain.first_row[state], chain.first_row[state + 1]):
                leads_to = pattern.indices[pattern.indptr[row] : pattern.indptr[row + 1]]
                if numbers[row] == row and (not len(leads_to) or settled[leads_to].any()):
                    found = row
                    break
            if found is None:
                left.append(state)
            else:
                rows[state], settled[state], moved = found, True, True
        pending = left
    return rows


def _solved_for(steps: Any, gain: Any, done: Any, fixed: Any) -> Any:
    """Return x with x = gain + steps x, and x = fixed where it is done; infinite where it comes to no end."""
    leaks = numpy.asarray(steps.sum(axis=1)).ravel() < 1.0 - 1e-12
    ends = _can_reach(steps, done | leaks) | done
    for_ever = ~done & ((~ends & (gain != 0)) | numpy.isinf(gain))  # what is gained again and again
    infinite = ~done & (_can_reach(steps, for_ever) | for_ever)
    value = numpy.where(infinite, numpy.inf, fixed)
    going = ~done & ~infinite & ends
    if going.any():
        inner = steps[going][:, going].tocsc()
        right = gain[going] + steps[going][:, done] @ fixed[done]
        value[going] = linalg.spsolve(sparse.identity(inner.shape[0], format="csc") - inner, right)
    return value


def _can_reach(steps: Any, goals: Any) -> Any:
    """Return from where goals can be reached."""
    count = len(goals)
    steps = steps.tocsr()
    backwards = sparse.csr_matrix((numpy.ones(steps.nnz), (steps.indices, _rows_of(steps))), (count, count))
    wanted = goals.nonzero()[0]
    source = sparse.csr_matrix((numpy.ones(len(wanted)), (numpy.zeros(len(wanted), int), wanted)), (1, count))
    blocks: Any = [[backwards, None], [source, sparse.csr_matrix((1, 1))]]
    whole: Any = sparse.bmat(blocks).tocsr()
    reached = numpy.zeros(count + 1, bool)
    reached[csgraph.breadth_first_order(whole, count, return_predecessors=False)] = True
    return reached[:count]


def _rows_of(steps: Any) -> Any:
    return numpy.repeat(numpy.arange(steps.shape[0]), numpy.diff(steps.tocsr().indptr))


# In time


@dataclass(frozen=True, slots=True)
class Generator:
    """A chain without choices in continuous time: the states in which time passes, or that it does not leave.

    `rates` is its generator; `initial` where it begins; `numbers` are those of its states in the chain.
    """

    rates: Any
    initial: Any
    numbers: Any

    def at(self, time_s: float) -> Any:
        """Return the probabilities of its states at a time."""
        if time_s <= 0:
            return self.initial
        if self.rates.shape[0] <= DENSE_MAX:
            return dense.expm(self.rates.T.toarray() * time_s) @ self.initial
        return linalg.expm_multiply(self.rates.T.tocsc() * time_s, self.initial)


def generator_of(chain: Chain, absorbing: Any = None) -> Generator:
    """Return a chain in continuous time; what is `absorbing` is not left any more."""
    stays = chain.is_over | (numpy.diff(chain.steps.tocsr().indptr) == 0)
    if absorbing is not None:
        stays = stays | absorbing
    lasting = stays | (chain.hold_s > 0)
    steps = sparse.diags(numpy.where(stays, 0.0, 1.0)) @ chain.steps
    passing = ~lasting
    through = steps[:, lasting]
    initial = chain.initial[lasting]
    if passing.any():
        inner = sparse.identity(int(passing.sum()), format="csc") - steps[passing][:, passing].tocsc()
        solved = sparse.csc_matrix(linalg.spsolve(inner, steps[passing][:, lasting].tocsc()))
        solved = solved.reshape((int(passing.sum()), int(lasting.sum())))
        through = through + steps[:, passing] @ solved
        initial = initial + chain.initial[passing] @ solved
    hold = numpy.where(stays, 1.0, chain.hold_s)[lasting]
    moves = sparse.diags(numpy.where(stays[lasting], 0.0, 1.0 / hold)) @ (
        through[lasting] - sparse.identity(int(lasting.sum()))
    )
    return Generator(moves.tocsr(), numpy.asarray(initial).ravel(), lasting.nonzero()[0])


def likelihood_by(chain: Chain, state_mark: int, time_s: float) -> float:
    """Return how likely it is that a state with this mark is met by a time."""
    marked = chain.marked(state_mark)
    generator = generator_of(chain, marked)
    return float(generator.at(time_s)[marked[generator.numbers]].sum())


def long_run(generator: Generator) -> Any:
    """Return the probabilities of the states in the long run, from where the chain begins."""
    count = generator.rates.shape[0]
    moves = generator.rates - sparse.diags(generator.rates.diagonal())
    found, labels = csgraph.connected_components(moves, connection="strong")
    rows, columns = moves.nonzero()
    leaves = set(labels[rows[labels[rows] != labels[columns]]])
    result = numpy.zeros(count)
    for bottom in (each for each in range(found) if each not in leaves):
        inside = labels == bottom
        weight = float(generator.initial @ _absorbed(generator.rates, inside))
        if weight > 0:
            result[inside] += weight * _stationary(generator.rates[inside][:, inside])
    return result


def _absorbed(rates: Any, inside: Any) -> Any:
    value = inside.astype(float)
    exits = -rates.diagonal()
    going = ~inside & (exits > 0)
    if going.any():
        part = rates[going][:, going].tocsc()
        right = -numpy.asarray(rates[going][:, inside].sum(axis=1)).ravel()
        value[going] = numpy.clip(linalg.spsolve(part, right), 0.0, 1.0) if rates[going][:, ~going].nnz else 0.0
    return value


def _stationary(rates: Any) -> Any:
    """Return the stationary distribution of an irreducible generator."""
    count = rates.shape[0]
    if count == 1:
        return numpy.ones(1)
    system = sparse.vstack([rates.T.tocsr()[: count - 1], sparse.csr_matrix(numpy.ones((1, count)))]).tocsc()
    right = numpy.zeros(count)
    right[-1] = 1.0
    return linalg.spsolve(system, right)


def quantiles(chain: Chain, mark: int, shares: Sequence[float]) -> tuple[float, ...] | None:
    """Return quantiles of the seconds spent in states with a mark, of the runs that meet any; None where none does.

    Raises TooLargeError. Time elsewhere is cut out of the chain: it is entered again where the mark comes back.
    """
    generator = generator_of(chain)
    inside = chain.marked(mark)[generator.numbers]
    if not inside.any():
        return None
    if inside.sum() > DENSE_MAX:
        raise TooLargeError(
            f"How long it lasts takes all of {counted(int(inside.sum()), 'state')} at once, and more than "
            f"{DENSE_MAX:,} are too many; take fewer stages, or sample.",
            about="method",
        )
    rates, outside = generator.rates, ~inside & (generator.rates.diagonal() < 0)
    within = rates[inside][:, inside].toarray()
    begin = generator.initial[inside]
    if outside.any():
        inner = rates[outside][:, outside].tocsc()
        back = -linalg.spsolve(inner, rates[outside][:, inside].tocsc())
        back = sparse.csr_matrix(back).reshape((int(outside.sum()), int(inside.sum())))
        within = within + (rates[inside][:, outside] @ back).toarray()
        begin = begin + generator.initial[outside] @ back
    begin = numpy.asarray(begin).ravel()
    total = begin.sum()
    return _quantiles_of(within.T, begin / total, shares) if total > 0 else None


def _quantiles_of(within: Any, begin: Any, shares: Sequence[float]) -> tuple[float, ...]:
    """Return by when so much of a phase-type distribution is over; infinite where it never is.

    What is left after a small time, and after twice that, and so on, says between which of them it lies; then each half
    is added, or not, from the longest down.
    """
    fastest = float(numpy.max(-within.diagonal()))
    if fastest <= 0:
        return (math.inf,) * len(shares)
    step_s = 1e-3 / fastest
    powers = [dense.expm(within * step_s)]
    while (powers[-1] @ begin).sum() > 1.0 - max(shares) and len(powers) < POWERS_MAX:
        powers.append(powers[-1] @ powers[-1])
    return tuple(_quantile_by(powers, step_s, begin, share) for share in shares)


def _quantile_by(powers: Sequence[Any], step_s: float, begin: Any, share: float) -> float:
    if (powers[-1] @ begin).sum() > 1.0 - share:
        return math.inf
    time_s, state = 0.0, begin
    for place in range(len(powers) - 1, -1, -1):
        after = powers[place] @ state
        if after.sum() > 1.0 - share:
            state, time_s = after, time_s + step_s * 2**place
    return time_s + step_s / 2
