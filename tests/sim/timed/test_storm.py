"""The exact answers are those of Storm, to nine digits: another model checker, which shares nothing with ours.

stormpy is a test dependency only, of the extra `storm`; the tests are skipped where it is not installed, or has no
wheel. Source: Hensel, Junges, Katoen, Quatmann and Volk, "The probabilistic model checker Storm" (2022).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest
from scipy import sparse

from deadheat.sim.timed import solving
from deadheat.sim.timed.chain import Chain, chain_of
from deadheat.sim.timed.laws import Law
from tests.sim.timed.models import line, race

stormpy: Any = pytest.importorskip("stormpy", minversion="2.0.0")
pytest.importorskip("stormpy.environments")

S = 1e9
DIGITS = 1e-9
IN_TIME = 1e-6
"""As closely as Storm finds what holds by a time, which its Python cannot ask for; uniformisation holds that closer."""


def storms(
    folder: Path, rates: Any, initial: int, labels: dict[str, Any], gain: Any, *, in_fractions: bool = False
) -> Any:
    """Return a chain of Storm's, by way of a file in its own format."""
    count = rates.shape[0]
    lines = [
        "@type: CTMC",
        "@parameters",
        "",
        "@reward_models",
        "gain",
        "@nr_states",
        str(count),
        "@nr_choices",
        str(count),
    ]
    lines.append("@model")
    moves = sparse.csr_matrix(rates - sparse.diags(rates.diagonal()))
    for row in range(count):
        names = [name for name, states in labels.items() if states[row]]
        begin = ["init"] if row == initial else []
        targets = range(moves.indptr[row], moves.indptr[row + 1])
        out = [(int(moves.indices[each]), float(moves.data[each])) for each in targets if moves.data[each] > 0]
        out = out or [(row, 1.0)]
        leaving = sum(rate for _, rate in out)
        lines.append(" ".join([f"state {row} !{leaving!r} [{float(gain[row])!r}]", *begin, *names]))
        lines.append("\taction 0")
        lines += [f"\t\t{target} : {rate!r}" for target, rate in out]
    (folder / "chain.drn").write_text("\n".join(lines) + "\n")
    return stormpy.build_model_from_drn[stormpy.Rational if in_fractions else float](str(folder / "chain.drn"))


def asked(model: Any, initial: int, question: str) -> float:
    environment = stormpy.environments.default(model)
    environment.solver().set_linear_equation_solver_type(stormpy.environments.EquationSolverType.EIGEN)
    checked = stormpy.model_checking(model, stormpy.parse_properties(question)[0], environment=environment)
    return float(checked.get_value(initial))


def agree(folder: Path, chain: Chain, mark: int, time_s: float) -> None:
    """Hold a chain that begins in one state to Storm: ever, by a time, expected, and what is gained until the end."""
    generator = solving.generator_of(chain)
    marked = chain.marked(mark)[generator.numbers]
    over = generator.rates.diagonal() == 0
    (initial,) = generator.initial.nonzero()[0]
    model = storms(folder, generator.rates, int(initial), {"goal": marked, "over": over}, marked.astype(float))
    assert solving.likelihood(chain, state_mark=mark).least == pytest.approx(
        asked(model, int(initial), 'P=? [F "goal"]'), rel=DIGITS, abs=DIGITS
    )
    assert solving.likelihood_by(chain, mark, time_s) == pytest.approx(
        asked(model, int(initial), f'P=? [F<={time_s!r} "goal"]'), abs=IN_TIME
    )
    if over.any():
        assert solving.expected(chain).least == pytest.approx(asked(model, int(initial), 'T=? [F "over"]'), rel=DIGITS)
        assert solving.expected(chain, mark=mark).least == pytest.approx(
            asked(model, int(initial), 'R{"gain"}=? [F "over"]'), rel=DIGITS, abs=DIGITS
        )


def random_race(seed: int) -> Chain:
    """Return a race of some Erlang and exponential latencies, of any means."""
    random = numpy.random.default_rng(seed)
    laws = {
        name: Law.erlang(int(random.integers(1, 5)), float(random.uniform(0.2, 5)) * S)
        for name in "abcde"[: random.integers(2, 6)]
    }
    graph, _, _, endings = race(laws)
    return chain_of(graph, endings)


@pytest.mark.parametrize("seed", range(14))
def test_races_of_erlang_latencies_are_decided_as_storm_says(seed: int, tmp_path: Path) -> None:
    agree(tmp_path, random_race(seed), 0, 1.5)


@pytest.mark.parametrize("seed", range(8))
def test_queues_are_as_full_in_the_long_run_as_storm_says(seed: int, tmp_path: Path) -> None:
    random = numpy.random.default_rng(100 + seed)
    laws = [Law.erlang(int(random.integers(1, 4)), float(random.uniform(0.5, 3)) * S) for _ in range(2)]
    graph, endings = line(int(random.integers(2, 8)), *laws)
    chain = chain_of(graph, endings)
    generator = solving.generator_of(chain)
    full = chain.marks[generator.numbers] == chain.marks.max()
    (initial,) = generator.initial.nonzero()[0]
    model = storms(tmp_path, generator.rates, int(initial), {"full": full}, full.astype(float), in_fractions=True)
    assert float(solving.long_run(generator)[full].sum()) == pytest.approx(
        asked(model, int(initial), 'LRA=? ["full"]'), rel=DIGITS
    )
