"""Protocols in time: three methods that agree, closed forms, and intervals that cover."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
from scipy import stats

from deadheat.scenarios.catalogue import DEFAULT_PROTOCOLS
from deadheat.scenarios.estimates import mean_of, share_of
from deadheat.scenarios.in_time import Question, Simulated, memoryless, timed
from deadheat.scenarios.measures import StateMark, StepMark
from deadheat.scenarios.profiles import load_profile
from deadheat.scenarios.simulate import simulate
from deadheat.sim.errors import TooLargeError, UsageError
from deadheat.sim.timed import chain as making, solving
from deadheat.sim.timed.chain import chain_of
from deadheat.sim.timed.clockwork import run_by_simpy
from deadheat.sim.timed.kernel import Kernel
from deadheat.sim.timed.laws import Law

MS, S = 1e6, 1e9
BUSY = load_profile("busy").laws
FAULTS = {
    "http-loss": Law.chance(0.2),
    "worker-crash": Law.exponential(50 * MS),
    "http-timeout": Law.constant(400 * MS),
    "lease-expiry": Law.constant(300 * MS),
}
RUNS = 12
MODEL = """
from deadheat import Model

def model():
    return Model({}, ())
"""


def question(**changes: object) -> Question:
    return replace(Question(laws=BUSY, given={}, cancellations=20_000), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("protocol", DEFAULT_PROTOCOLS)
def test_the_kernel_makes_the_runs_of_the_reference_event_for_event(protocol: str) -> None:
    subject = timed(protocol, {**BUSY, "T3": BUSY["T3"].but_never(0.2)})
    kernel = Kernel(subject.graph, subject.endings)
    for number in range(RUNS):
        made = run_by_simpy(subject.graph, subject.clocks, subject.measures, subject.endings, 7, number)
        assert kernel.run(7, number) == made


@pytest.mark.parametrize("fault", FAULTS)
def test_they_do_so_under_faults(fault: str) -> None:
    subject = timed("request-token", {**BUSY, **FAULTS}, ((fault, 1),))
    kernel = Kernel(subject.graph, subject.endings)
    met = False
    for number in range(RUNS):
        made = run_by_simpy(subject.graph, subject.clocks, subject.measures, subject.endings, 3, number)
        assert kernel.run(3, number) == made
        steps = [each.choice for each in made.trace]
        met |= any(each.is_crash or each.branch or each.process.startswith("expiry") for each in steps)
    assert met  # the fault came in some of them


def test_runs_are_the_same_on_one_core_and_on_two_and_in_whatever_pieces() -> None:
    subject = timed("baseline", BUSY)
    kernel = Kernel(subject.graph, subject.endings)
    whole = kernel.runs(5, 0, 50_000, cores=2)
    part = kernel.runs(5, 30_000, 30_010)
    assert (kernel.runs(5, 0, 50_000).spent_ns == whole.spent_ns).all()
    assert (part.spent_ns == whole.spent_ns[30_000:30_010]).all()


def test_common_steps_take_the_same_in_all_protocols() -> None:
    traces = [
        {(each.choice.process, each.at_ns) for each in Kernel(one.graph, one.endings).run(5, 4).trace}
        for one in (timed("baseline", BUSY), timed("status-check", BUSY))
    ]
    picked_up = {min(at for process, at in trace if process == "worker/e1") for trace in traces}
    asked = {min(at for process, at in trace if process == "user/e1") for trace in traces}
    assert len(picked_up) == len(asked) == 1


@pytest.mark.parametrize("protocol", ["baseline", "state-machine", "baseline+orphan-cleanup"])
def test_sampling_agrees_with_the_exact_answer(protocol: str) -> None:
    laws = memoryless(BUSY)
    exact, sampled = (
        simulate([protocol], question(laws=laws, method=method, cancellations=150_000, seed=2)).results[0]
        for method in ("exact", "kernel")
    )
    for name in ("orphans_per_million", "false_answers_per_million", "job_seconds_after_cancel", "calls", "to_job_s"):
        one, other = getattr(exact, name), getattr(sampled, name)
        spread = max(other.high - other.low, 1e-6)
        assert one.value == pytest.approx(other.value, abs=1.2 * spread), name
    for share in (0.5, 0.9):
        one, other = exact.cancel_to_gone_s[share], sampled.cancel_to_gone_s[share]
        assert one is not None
        assert other is not None
        assert other.low * 0.98 <= (one.value or 0) <= other.high * 1.02


def test_the_reference_and_the_kernel_come_to_the_same_estimates() -> None:
    one, other = (
        simulate(["baseline"], question(method=each, cancellations=150)).results[0] for each in ("simpy", "kernel")
    )
    assert replace(one, method="kernel") == other


def test_an_orphans_lifetime_under_a_periodic_cleanup_is_uniform_over_the_period() -> None:
    laws = {
        **dict.fromkeys(("default", "status", "redis", "kubernetes"), Law.constant(0)),
        "T3": Law.uniform(0, 2 * S),
        "queue.deliver": Law.constant(1_000),
        "http.accept": Law.constant(1 * S),
        "kubernetes.progress:starting": Law.constant(1 * S),
        "kubernetes.progress:running": Law.constant(1 * S),
        "kubernetes.progress:finished": Law.constant(7_200 * S),
        "kubernetes.progress:gone": Law.constant(1 * S),
        "orphan-cleanup.begins": Law.periodic(300 * S),
    }
    subject = timed("baseline+orphan-cleanup", laws)
    runs = Kernel(subject.graph, subject.endings).runs(1, 0, 6_000)
    orphaned = runs.met >> StateMark.ORPHAN & 1 == 1
    lifetimes = runs.spent_ns[orphaned, StateMark.ORPHAN] / S
    assert orphaned.mean() == pytest.approx(0.5, abs=0.03)  # who cancels while the call is on its way
    assert stats.kstest(lifetimes, stats.uniform(0, 300).cdf).pvalue > 0.001


def test_intervals_cover_the_exact_answer_as_often_as_they_say() -> None:
    laws = memoryless({**BUSY, "http.accept": Law.constant(2 * S), "T3": Law.constant(10 * S)})
    subject = timed("baseline", laws)
    chain = chain_of(subject.graph, subject.endings)
    asked = solving.likelihood(chain, step_mark=StepMark.ASKED).least
    orphans = solving.likelihood(chain, state_mark=StateMark.ORPHAN).least / asked * 1e6
    billed = solving.expected(chain, mark=StateMark.BILLED).least / asked
    kernel = Kernel(subject.graph, subject.endings)
    shares, means = [], []
    for seed in range(200):
        runs = kernel.runs(seed, 0, 2_000)
        cancelled = runs.met_by_steps >> StepMark.ASKED & 1 == 1
        orphaned = runs.met[cancelled] >> StateMark.ORPHAN & 1
        shares.append(share_of(int(orphaned.sum()), int(cancelled.sum())).scaled(1e6))
        means.append(mean_of(runs.spent_ns[cancelled, StateMark.BILLED] / S))
    for value, intervals in ((orphans, shares), (billed, means)):
        covered = sum(each.low <= value <= each.high for each in intervals)
        assert 180 <= covered <= 199, covered  # 95% of 200, give or take what chance does in a thousand


def test_a_period_of_the_cleanup_changes_how_long_orphans_live_and_not_how_many_there_are() -> None:
    found = simulate(["baseline", "baseline+orphan-cleanup"], question(cancellations=50_000))
    orphans, in_time = found.comparisons
    assert (orphans.measure, orphans.better) == ("orphans", None)
    assert (in_time.measure, in_time.better) == ("orphan-seconds", "baseline+orphan-cleanup")
    assert in_time.confidence > 0.99


def test_no_interval_of_job_seconds_is_told_where_orphans_are_too_rare_to_be_among_them() -> None:
    """Of a hundred thousand cancellations none has an orphan, which would be there for ten hours."""
    laws = {
        "default": Law.exponential(1 * MS),
        "T3": Law.exponential(10 * 3_600 * S),
        "kubernetes.progress:finished": Law.exponential(36_000 * S),
    }
    exact, found = (
        simulate(["baseline"], question(laws=laws, method=each, cancellations=20_000)).results[0]
        for each in ("exact", "kernel")
    )
    assert found.by_splitting
    assert found.orphans_per_million.low <= (exact.orphans_per_million.value or 0) <= found.orphans_per_million.high
    assert (exact.job_seconds_after_cancel.value or 0) <= found.job_seconds_after_cancel.high == math.inf


def test_a_choice_that_nobody_has_made_gives_a_least_and_a_greatest_answer() -> None:
    laws = {**BUSY, "k8s-refusal": Law.exponential(100 * MS)}
    refused = (("k8s-refusal", 1),)
    for method, taken in (("kernel", laws), ("exact", memoryless(laws))):
        found = simulate(["baseline"], question(laws=taken, faults=refused, method=method)).results[0]
        assert found.chosen == ("k8s-refusal",)
        assert found.extra_calls is None or method == "exact"
        assert found.orphans_per_million.high > 1_000


def test_a_step_that_nobody_has_timed_is_named_where_it_cannot_be_sampled() -> None:
    laws = {name: law for name, law in BUSY.items() if name != "T3"}
    with pytest.raises(UsageError, match="Nobody has said how long 'T3' takes"):
        simulate(["baseline"], question(laws=laws))


def test_a_step_that_nobody_has_timed_has_a_least_and_a_greatest_answer_without_sampling() -> None:
    laws = memoryless({name: law for name, law in BUSY.items() if name != "T3"})
    found: Simulated = simulate(["baseline"], question(laws=laws, method="exact")).results[0]
    assert found.chosen == ("T3",)
    assert found.orphans_per_million.value is None
    assert found.orphans_per_million.low == 0
    assert found.orphans_per_million.high > 50_000  # who cancels at the worst of moments


def test_what_nobody_has_timed_and_need_not_come_may_never_come() -> None:
    laws = {"default": Law.exponential(S)}
    found: Simulated = simulate(["baseline"], question(laws=laws, method="exact")).results[0]
    assert (found.calls.low, found.calls.high) == pytest.approx((3, 6))
    for never in (0.0, 0.3, 1 - 1e-9):
        said = {**laws, "T3": Law.exponential(2 * S).but_never(never)}
        one: Simulated = simulate(["baseline"], question(laws=said, method="exact")).results[0]
        assert one.calls.value is not None
        assert found.calls.low <= one.calls.value <= found.calls.high
        assert one.orphans_per_million.value is not None
        assert found.orphans_per_million.low <= one.orphans_per_million.value <= found.orphans_per_million.high


@pytest.mark.parametrize("kind", ["http-loss", "k8s-lost-answer"])
def test_a_fault_that_nobody_has_timed_may_also_be_met_instead_of_the_step(kind: str) -> None:
    laws = {"default": Law.exponential(S), "T3": Law.exponential(2 * S)}
    faults = ((kind, 1),)
    found: Simulated = simulate(["baseline"], question(laws=laws, faults=faults, method="exact")).results[0]
    assert found.chosen == (kind,)
    for law in (Law.chance(1.0), Law.chance(0.4), Law.exponential(S / 10), Law.exponential(1e6 * S)):
        said = question(laws={**laws, kind: law}, faults=faults, method="exact")
        one: Simulated = simulate(["baseline"], said).results[0]
        for measure in ("orphans_per_million", "job_seconds_after_cancel", "calls", "to_job_s"):
            bounds, value = getattr(found, measure), getattr(one, measure).value
            assert bounds.low - 1e-9 * bounds.low <= value <= bounds.high + 1e-9 * bounds.high, measure


def test_a_name_that_no_step_has_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"'http\.acept'; did you mean http\.accept"):
        simulate(["baseline"], question(given={"http.acept": None}))


def test_what_is_no_protocol_for_evaluations_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "ours.py").write_text(MODEL)
    with pytest.raises(UsageError, match="does not start and cancel evaluations"):
        timed(f"{tmp_path}/ours.py:model", BUSY)


def test_what_it_costs_is_job_seconds_at_a_price() -> None:
    found = simulate(["baseline"], question(price_per_hour=3.6, arrivals_per_day=1_000.0)).results[0]
    assert found.cost is not None
    assert found.cost_per_day is not None
    assert found.cost.value == pytest.approx((found.job_seconds_after_cancel.value or 0) / 1_000)
    assert found.cost_per_day.value == pytest.approx((found.cost.value or 0) * 1_000)


def test_never_is_a_share_of_runs() -> None:
    found = simulate(["baseline"], question(laws={**BUSY, "T3": BUSY["T3"].but_never(0.75)})).results[0]
    assert found.runs == 80_000
    assert found.cancellations == pytest.approx(20_000, abs=4 * math.sqrt(80_000 * 0.25 * 0.75))


def test_what_is_too_large_to_be_solved_is_sampled_unless_that_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    laws = memoryless(BUSY)
    assert simulate(["baseline"], question(laws=laws, method="auto")).results[0].method == "exact"
    for name, module in (("DENSE_MAX", solving), ("CHAIN_MAX", making)):
        with monkeypatch.context() as patched:
            patched.setattr(module, name, 5)
            found = simulate(["baseline"], question(laws=laws, method="auto", cancellations=200)).results[0]
            assert (found.method, found.cancellations) == ("kernel", 200)
            with pytest.raises(TooLargeError, match="take fewer stages, or"):
                simulate(["baseline"], question(laws=laws, method="exact"))
