"""Broken variants of what runs in time, each of which is noticed by what is known to be right."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy
import pytest

from deadheat.scenarios.in_time import Timed, timed
from deadheat.scenarios.profiles import load_profile
from deadheat.sim.explore.compiled import timed_runs
from deadheat.sim.timed import chain as chains, kernel as kernels, solving
from deadheat.sim.timed.clockwork import Run, run_by_simpy
from deadheat.sim.timed.kernel import Kernel
from deadheat.sim.timed.laws import Law
from tests.sim.timed.models import line, race, trail

S = 1e9
RUNS = 12


def broken(module: ModuleType, right: str, wrong: str, name: str | None = None) -> Any:
    """Return a module in which something stands that is wrong; what is compiled is kept by the module's name."""
    source = Path(str(module.__file__)).read_text()
    assert source.count(right) == 1, right
    made = ModuleType(name or module.__name__)
    exec(compile(source.replace(right, wrong), "mutant", "exec"), made.__dict__)
    return made


# Without sampling


def known(chain: Any, solver: Any) -> Iterator[tuple[float, float]]:
    """Yield answers, each with what it is by a closed form."""

    def of(graph: Any, endings: Any) -> Any:
        return chain.chain_of(graph, endings)

    def of_race(**laws: Law) -> Any:
        graph, _, _, endings = race(laws)
        return of(graph, endings)

    two = of_race(a=Law.exponential(2 * S), b=Law.exponential(3 * S))
    yield solver.likelihood(two, state_mark=0).least, 0.6
    yield solver.expected(two).least, 1.2
    yield solver.likelihood_by(two, 0, 1.0), 0.6 * (1 - math.exp(-5 / 6))
    yield solver.likelihood(of_race(a=Law.erlang(3, 3 * S), b=Law.exponential(2 * S)), state_mark=0).least, (2 / 3) ** 3
    instant = of_race(a=Law.constant(0).but_never(0.25), b=Law.constant(0), c=Law.exponential(S))
    yield solver.likelihood(instant, state_mark=0).least, 0.75
    yield solver.expected(instant).least, 0.0
    queue = of(*line(40, Law.exponential(2 * S), Law.erlang(4, 1 * S)))
    generator = solver.generator_of(queue)
    yield solver.likelihood_by(queue, 0, 1.0), 1 - math.exp(-0.5)  # somebody has come, and may have left
    yield float(solver.long_run(generator) @ queue.marks[generator.numbers]), 0.5 + 0.25 * 1.25
    laws = {"aside": Law.exponential(S), "onward": Law.exponential(S), "give_up": Law.erlang(2, 2 * S)}
    yield solver.likelihood(of(*trail(**laws)), state_mark=0).least, 0.5


def is_right(chain: Any, solver: Any) -> bool:
    try:
        return all(found == pytest.approx(right, rel=1e-6, abs=1e-12) for found, right in known(chain, solver))
    except (ArithmeticError, LookupError, ValueError, RuntimeError):
        return False


CHAINS = {
    "a rate that is off": ("weight = law.stages / law.first", "weight = 1.001 * law.stages / law.first"),
    "stages that are as long as all together": ("weight = law.stages / law.first", "weight = 1 / law.first"),
    "a stage that is skipped": ("if stages[slot] + 1 < law.stages", "if stages[slot] + 2 < law.stages"),
    "a clock that begins anew with each step of others": ("if clocks[clock].process != fired", "if False"),
    "what may never come, and always does": (
        "((0, 1.0 - never), *(((NEVER, never),) if never else ()))",
        "((0, 1.0),)",
    ),
    "the last first, of what takes no time": ("immediate[:1]", "immediate[-1:]"),
    "time that passes where none does": ("yield (1.0 / total if timed else 0.0), steps", "yield 1.0 / total, steps"),
}
SOLVERS = {
    "an absorbing state that is not absorbed": ("fixed[chain.marked(state_mark)] = 1.0", "pass"),
    "one that is left again, by a time": ("stays = stays | absorbing", "pass"),
    "what is known, not taken for so": (" + steps[going][:, done] @ fixed[done]", ""),
    "a stationary distribution of something else": ("system = sparse.vstack([rates.T", "system = sparse.vstack([rates"),
}


def test_the_chain_and_the_solver_are_right() -> None:
    assert is_right(chains, solving)


@pytest.mark.parametrize("mutant", CHAINS)
def test_a_broken_chain_is_noticed(mutant: str) -> None:
    assert not is_right(broken(chains, *CHAINS[mutant]), solving)


@pytest.mark.parametrize("mutant", SOLVERS)
def test_a_broken_solver_is_noticed(mutant: str) -> None:
    assert not is_right(chains, broken(solving, *SOLVERS[mutant]))


# By the kernel


@pytest.fixture(scope="module")
def subject() -> Timed:
    laws = {**load_profile("busy").laws, "queue.deliver": Law.erlang(3, S), "T5": Law.exponential(1e7)}
    return timed("baseline", {**laws, "T3": laws["T3"].but_never(0.3)}, ())


@pytest.fixture(scope="module")
def reference(subject: Timed) -> list[Run]:
    return [
        run_by_simpy(subject.graph, subject.clocks, subject.measures, subject.endings, 5, number)
        for number in range(RUNS)
    ]


def is_as(kernel: Kernel, reference: list[Run]) -> bool:
    return [kernel.run(5, number) for number in range(RUNS)] == reference


def with_roads(**changes: Callable[[Any], Any]) -> Callable[[Kernel], None]:
    def change(kernel: Kernel) -> None:
        roads = kernel.roads
        kernel.roads = roads._replace(**{name: made(getattr(roads, name)) for name, made in changes.items()})

    return change


def with_laws(**changes: Callable[[Any], Any]) -> Callable[[Kernel], None]:
    def change(kernel: Kernel) -> None:
        laws = kernel.laws
        kernel.laws = laws._replace(**{name: made(getattr(laws, name)) for name, made in changes.items()})

    return change


KERNELS = {
    "clocks that all are reset by any step": with_roads(process=numpy.zeros_like),
    "means that are off": with_laws(first=lambda each: each * 1.001),
    "a stage that is skipped": with_laws(second=lambda each: numpy.where(each == 3, 2.0, each)),
    "what may never come, and always does": with_laws(never=numpy.zeros_like),
    "runs that go on": with_roads(over=numpy.zeros_like),
    "calls that are not counted": with_roads(way_calls=numpy.zeros_like),
    "steps that count for nothing": with_roads(way_marks=numpy.zeros_like),
    "states that count for nothing": with_roads(marks=numpy.zeros_like),
    "one stream of random numbers for all": with_laws(stream=numpy.zeros_like),
}


def test_the_kernel_is_right(subject: Timed, reference: list[Run]) -> None:
    assert is_as(Kernel(subject.graph, subject.endings), reference)


@pytest.mark.parametrize("mutant", KERNELS)
def test_a_broken_kernel_is_noticed(mutant: str, subject: Timed, reference: list[Run]) -> None:
    kernel = Kernel(subject.graph, subject.endings)
    KERNELS[mutant](kernel)
    assert not is_as(kernel, reference)


def test_a_clock_that_its_process_does_not_reset_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes again and again has one clock, which begins anew each time; else all would come at one instant."""
    graph, endings = line(5, Law.exponential(S), Law.exponential(100 * S))
    full = {never: tuple(marks == 5 for marks in graph.marks) for never in endings}
    times = [each.at_ns for each in Kernel(graph, full).run(5, 0).trace]
    assert len(set(times)) == len(times) >= 5
    reset = "if scratch.until[clock] != tick or roads.process[clock] == fired:"
    runs = broken(timed_runs, reset, "if scratch.until[clock] != tick:", "timed_runs_without_reset")
    monkeypatch.setattr(kernels, "run_many", runs.run_many)
    assert len({each.at_ns for each in Kernel(graph, full).run(5, 0).trace}) == 1
