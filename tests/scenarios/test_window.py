"""Race windows: numbers derived by hand, and a timed simulation that must agree."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache

import pytest
from hypothesis import example, given, settings, strategies as st

from deadheat import Components, Design, always, one
from deadheat.library import Memory
from deadheat.models.components.redis import Redis, key_of
from deadheat.models.roles import Steps
from deadheat.scenarios import window_network
from deadheat.scenarios.check import Counterexample, check
from deadheat.scenarios.given import reference_to
from deadheat.scenarios.latency import Latency, parse_latencies
from deadheat.scenarios.scenario import Scenario
from deadheat.scenarios.window import RaceWindow, race_window
from deadheat.scenarios.window_network import bounds_of
from deadheat.scenarios.window_parts import leases_of
from deadheat.scenarios.window_words import (
    free_step_text,
    inequality_text,
    lease_text,
    numbers_text,
    overdue_text,
    passed_over_texts,
    verdict_text,
)
from deadheat.sim.errors import UsageError
from deadheat.sim.explain.cuts import cuts_of
from deadheat.sim.model import Kind, Model, Process, Property
from deadheat.sim.trace import Choice, Event, Schedule
from tests.protocols import EACH
from tests.scenarios.timed import run_timed

MS = 1_000_000


@cache
def counterexample(protocol: str, name: str, *faults: str) -> Counterexample:
    found = check(Scenario(protocol, faults=tuple((kind, 1) for kind in faults), properties=(name,)))
    assert found.outcomes[0].counterexample is not None
    return found.outcomes[0].counterexample


def transient(*latencies: str) -> RaceWindow:
    """The baseline's transient orphan: T0 T1 T2 (worker), T3 (user), step 5 T4 T5 T6 (cancel), T7 T8 (dispatcher).

    Only three orders matter: T4 reads what T1 wrote; T5 must find no Job, so it comes before T8; and T7 needs T2.
    """
    return race_window(counterexample("baseline", "no-transient-orphan"), parse_latencies(latencies))


def test_the_baselines_orphan_needs_the_dispatcher_to_be_slower_than_the_kill() -> None:
    """T1 <= T4 and T5 <= T8, so T1 to T8 must outlast T4 to T5.

    T1 to T8 takes at most 1 ms (T2) + 2 s (T7) + 1 s (T8) = 3.001 s, and T4 to T5 at least 212 ms: 2.789 s to spare.
    """
    window = transient("http.send=..1ms", "dispatcher.http=5ms..2s", "dispatcher.kubernetes=10ms..1s", "T5=212ms..")
    assert window.possible
    assert window.slack_ns == 2_789 * MS
    assert inequality_text(window) == "Possible if and only if T1 to T8 takes at least as long as T4 to T5."
    assert verdict_text(window) == "Possible under these latencies, with 2.789 s to spare."
    [condition] = window.conditions
    assert numbers_text(window, condition) == "T1 to T8 takes at most 3.001 s; T4 to T5 takes at least 212 ms"


def test_the_cancels_window_is_what_the_dispatcher_takes_longer_than_the_kill() -> None:
    """T3 moves T4 and T5 with it, which must fall between T1 and T8.

    T1 to T8 takes between 15 ms and 3.001 s, T4 to T5 between 1 and 10 ms: at most 3 s. It is at least 5 ms
    where T5 cannot come too late even if T3 comes at the start: T3 to T5 takes 14 ms at most, the start to T8 19 ms.
    """
    bounds = ("http.send=..1ms", "http.accept=5ms..2s", "kubernetes.create_job=10ms..1s", "T5=1ms..10ms")
    [free] = transient(*bounds).free
    assert (free.number, free.opens, free.closes) == (4, ((2, 6),), ((7, 10),))
    assert (free.narrowest_ns, free.widest_ns) == (0, 3_000 * MS)
    window = transient(*bounds, "user.cancellation=..2ms", "T4=..2ms", "T0=4ms..9ms")
    [free] = window.free
    assert (free.narrowest_ns, free.widest_ns) == (5 * MS, 3_000 * MS)
    assert free_step_text(window, free) == (
        "T3 must come in a window of at most 3 s and at least 5 ms: "
        "late enough that T4 is after T1, early enough that T5 is before T8."
    )
    assert not transient(*bounds).always  # nothing bounds T3 to T4, and T8 may be due by then
    assert window.always


def test_it_is_possible_up_to_the_very_threshold() -> None:
    """T1 to T8 takes at most 1 + 100 + 100 = 201 ms: a kill of that is possible, and of a nanosecond more not."""
    bounds = ("http.send=..1ms", "http.accept=..100ms", "kubernetes.create_job=..100ms")
    assert transient(*bounds, "T5=201ms").slack_ns == 0
    assert transient(*bounds, "T5=201ms").possible
    beyond = transient(*bounds, "T5=201.000001ms")
    assert not beyond.possible
    assert beyond.times_ns == {}
    assert verdict_text(beyond) == "Impossible under these latencies: it fails by 1 ns."


def test_known_latencies_become_a_number_in_the_inequality() -> None:
    """T1 to T2 takes 3 ms, and T7 to T8 7 ms.

    If T4 to T5 takes 222 ms, T2 to T7 must take 222 - 3 - 7 = 212 ms, and may take 2 s: 1.788 s to spare. If T4 to
    T5 is not known, it may last 3 + 7 = 10 ms longer than T2 to T7. If T2 to T7 takes 7 ms, and T7 to T8 is what is
    not known, that must take 222 - 3 - 7 = 212 ms.
    """
    fixed = ("http.send=3ms", "kubernetes.create_job=7ms", "http.accept=5ms..2s")
    window = transient(*fixed, "T5=222ms")
    assert inequality_text(window) == "Possible if and only if T2 to T7 takes at least 212 ms."
    assert window.slack_ns == 1_788 * MS
    window = transient(*fixed, "T5=1ms..5s")
    assert inequality_text(window) == "Possible if and only if T4 to T5 takes at most 10 ms longer than T2 to T7."
    window = transient("http.accept=7ms", "http.send=3ms", "T5=222ms", "T8=..1s")
    assert inequality_text(window) == "Possible if and only if T7 to T8 takes at least 212 ms."


def test_two_unknown_durations_are_compared_by_a_number() -> None:
    """The expiry (step 10) comes after the cancel's lock (6), and the dispatcher's read (12) before T6 (13).

    The dispatcher takes the lock (11) exactly 200 ms after the expiry; what remains is to compare 6 to 13 with 11 to
    12. At best the cancel handler takes 3 s, and the dispatcher 200 + 5 ms: 2.795 s to spare.
    """
    found = counterexample("creation-lock", "no-permanent-orphan", "lease-expiry")
    bounds = ("dispatcher.redis.acquire=200ms", "dispatcher.status=5ms..9ms", "T4=..1s", "T5=..1s", "T6=..1s")
    window = race_window(found, parse_latencies(bounds))
    assert "step 6 (acquire) to T6 takes at least 200 ms longer than step 11 (acquire) to step 12 (get)" in (
        inequality_text(window)
    )
    assert window.slack_ns == 2_795 * MS


def test_without_latencies_it_is_possible_and_the_inequality_says_what_matters() -> None:
    window = transient()
    assert window.possible
    assert window.slack_ns == math.inf
    assert verdict_text(window) == "Possible: the latencies given do not exclude it."
    assert inequality_text(window).startswith("Possible if and only if T1 to T8 takes at least as long as T4 to T5")


def test_it_may_be_possible_whatever_the_latencies_are() -> None:
    """T1 to T8 takes 1 + 1 + 5 ms at least, and T4 to T5 1 ms: 6 ms are left for the cancel at worst, 7 at best.

    It also cannot come before the start, and T8 is due 2 + 7 = 9 ms after that at the earliest: T3 to T5, which
    takes 3 ms, fits in.
    """
    window = transient("default=1ms", "T8=5ms..6ms", "T5=1ms")
    assert window.always
    assert verdict_text(window).startswith("Possible whatever the latencies within these bounds are")
    [free] = window.free
    assert (free.narrowest_ns, free.widest_ns) == (6 * MS, 7 * MS)


def test_the_lease_that_excludes_an_expiry_is_the_longest_its_holder_may_take() -> None:
    """The cancel handler sets the lock (step 6), reads (T4), kills (T5) and writes (T6, step 13).

    The expiry (step 10) comes before the dispatcher takes the lock (11) and reads the status (12), which is before T6.
    Step 6 to T6 takes at most 200 ms + 1 s + 200 ms = 1.4 s; step 11 to 12 takes at least 1 ms, and step 10 to 11 at
    least 1 ms: 1.398 s are left for the lease.
    """
    found = counterexample("creation-lock", "no-permanent-orphan", "lease-expiry")
    window = race_window(found, parse_latencies(["default=1ms..200ms", "kubernetes=10ms..1s"]))
    [lease] = window.leases
    assert (lease.number, lease.key, lease.set_by, lease.longest_ns) == (10, "lock:{e1}", 6, 1_398 * MS)
    assert "of more than 1.398 s excludes it" in lease_text(window, lease)
    for lease_bound in ("lease-expiry=1s", "lease-expiry=1398ms"):
        fitting = race_window(found, parse_latencies(["default=1ms..200ms", "kubernetes=10ms..1s", lease_bound]))
        assert fitting.possible
        assert fitting.leases == window.leases
    too_long = parse_latencies(["default=1ms..200ms", "kubernetes=10ms..1s", "lease-expiry=1399ms"])
    assert not race_window(found, too_long).possible


def test_a_lease_runs_from_the_last_time_that_its_key_was_set() -> None:
    """The worker makes and sets a token (steps 3, 4), crashes (5), and sets another (9), which expires (10)."""
    scenario = Scenario("request-token", faults=(("worker-crash", 1), ("lease-expiry", 1)))
    model = scenario.model()
    worker, crash = Choice("worker/e1"), Choice("worker/e1", -1)
    schedule = Schedule((*[worker] * 4, crash, *[worker] * 4, Choice("expiry/e1")))
    anything = Property("anything", "", Kind.ALWAYS, (), lambda view: "it happened")
    cuts = cuts_of(model, anything, schedule)
    [lease] = leases_of(model, cuts, bounds_of(cuts.steps, parse_latencies(["default=1ms"])))
    assert (lease.number, lease.key, lease.set_by) == (10, "token:{e1}", 9)


def test_a_lease_runs_from_when_its_key_was_given_time_and_from_no_later_write() -> None:
    """Steps: HSET, EXPIRE, HSET, EXPIRE in a transaction, INCR of another key, HSET, and the expiry (7)."""
    redis, key = Redis("redis"), key_of("key", "e1")

    def work(redis: Redis) -> Steps:
        yield redis.hset(key, "f", "x")
        yield redis.pexpire(key, "w")
        yield redis.hset(key, "f", "y")
        yield redis.execute("w", redis.hset(key, "f", "z"), redis.pexpire(key, "w"))
        yield redis.incr(key_of("other", "e1"))
        yield redis.hset(key, "g", "x")

    def let_expire(redis: Redis) -> Steps:
        yield redis.expire("e1")

    processes = (Process("w", work, (redis,)), Process("clock", let_expire, (redis,)))
    model = Model({"redis/e1": redis}, processes, budgets={"lease-expiry": 1})
    anything = Property("anything", "", Kind.ALWAYS, (), lambda view: "it happened")
    for steps, set_by in ((3, 2), (4, 4), (6, 4)):
        cuts = cuts_of(model, anything, Schedule((*[Choice("w")] * steps, Choice("clock"))))
        [lease] = leases_of(model, cuts, bounds_of(cuts.steps, parse_latencies(["default=1ms"])))
        assert (lease.number, lease.key, lease.set_by) == (steps + 1, key, set_by)


def test_a_lock_may_be_free_before_it_is_asked_for_although_it_was_not_in_the_trace() -> None:
    """In the trace the dispatcher asks for the lock (T7) before it expires; here T7 is a second later than the expiry.

    The user cancels at once, and the lock, set after 1 ms, expires after another: at 2 ms. The dispatcher takes it 1
    ms after T7, which is at 1 s at the earliest, so not 1 ms after the expiry.
    """
    found = counterexample("creation-lock", "no-permanent-orphan", "lease-expiry")
    bounds = ("T3=0", "user.cancellation=0", "redis.acquire=1ms", "lease-expiry=1ms", "T7=1s..2s")
    window = race_window(found, parse_latencies(bounds))
    assert window.possible
    assert (window.times_ns[10], window.times_ns[9], window.times_ns[11]) == (2 * MS, 1_000 * MS, 1_001 * MS)
    assert window.relation == "if and only if"  # within these bounds there is one way to read it
    assert not window.exact


def test_no_lease_excludes_an_expiry_whose_holder_may_take_for_ever() -> None:
    found = counterexample("creation-lock", "no-permanent-orphan", "lease-expiry")
    window = race_window(found, ())
    [lease] = window.leases
    assert lease.longest_ns == math.inf
    assert lease_text(window, lease).startswith("No time to live of lock:{e1} excludes it")


def test_a_window_may_begin_with_the_start() -> None:
    """The cancel's T6 is before T1, which is due 8 ms after the start at the latest, and takes 5 ms from T3: 3 ms.

    At worst T1 is due after 2 ms, when T6 cannot have come yet: so nothing is said of at least.
    """
    window = race_window(
        counterexample("creation-lock", "cancelled-means-stopped"), parse_latencies(["default=1ms..4ms"])
    )
    [free] = window.free
    assert (free.narrowest_ns, free.widest_ns) == (0, 3 * MS)
    assert free_step_text(window, free).startswith(
        "T3 must, for the steps to wait as in the example, come in a window of at most 3 ms: early enough that T6 is "
        "before T1"
    )
    assert verdict_text(window) == "Possible under these latencies, with at least 3 ms to spare."


def test_it_may_be_possible_in_another_order_than_the_traces_alone() -> None:
    """In the trace, the subscription gets both events after T6 (8), and the second waits for the first.

    T6 is 100 ms after T1 or later, and each event comes 1 ms after it can, at the latest: so the first comes before T6,
    and the second waits for T6.
    """
    bounds = parse_latencies(["subscription.status=..1ms", "T5=100ms.."])
    found = counterexample("event-sourcing", "no-permanent-orphan")
    first, second = (number for number, each in enumerate(found.trace.events, 1) if each.operation == "receive")
    assert 8 < first < second
    window = race_window(found, bounds)
    assert window.possible
    assert window.order.index(first) < window.order.index(8)
    assert (window.waits_for[first], window.waits_for[second]) == (2, 8)


def test_a_step_that_would_have_prevented_it_is_named() -> None:
    """The kill takes the first Job, and a second handler creates another; T6 is never made in this trace.

    At 1 ms a step it would have been made before the second handler read the status, which would have refused then.
    """
    found = counterexample("status-check", "at-most-one-job", "worker-crash")
    window = race_window(found, parse_latencies(["default=1ms"]))
    assert window.possible
    [step] = window.overdue
    assert overdue_text(step).startswith("cancel/e1 would have done 'set' on status/e1 before the end")


@dataclass(frozen=True)
class Counter(Components):
    """What is given back, what was to be paid, and what the clerk wrote."""

    desk: Memory = Memory("desk")
    till: Memory = Memory("till")
    note: Memory = Memory("note")


def give_back(counter: Counter) -> Steps:
    """Two steps that nobody owes."""
    yield counter.desk.set("given back")
    yield counter.till.set("to be refunded")


def settle(counter: Counter) -> Steps:
    """Look at both, one after the other."""
    if (yield counter.desk.get()) is None and (yield counter.till.get()) is not None:
        yield counter.note.set("a refund for nothing")


@always
def refunded(note: str | None) -> bool:
    """A refund for what was not given back."""
    return note is not None


RETURNS = Design(
    name="returns",
    summary="a desk and a till",
    source="ours",
    components=Counter(),
    roles=(one("customer", give_back, owed=False), one("clerk", settle)),
    claims=(refunded,),
)


def test_a_latency_that_does_not_bound_what_it_names_is_told_with_one_that_would() -> None:
    """The clerk looks (1), the customer gives back (2, 3), the clerk looks (4) 5 ms after that, and writes (5)."""
    found = check(Scenario(reference_to(RETURNS))).outcomes[0].counterexample
    assert found is not None
    window = race_window(found, parse_latencies(["till=5ms", "desk.get=0"]))
    assert passed_over_texts(window) == [
        "The latency of till does not bound step 3 (set), which nobody owes; name till.set to bound it."
    ]
    texts = [free_step_text(window, each) for each in window.free]
    assert texts[1] == (
        "step 3 (set) must come in a window of at most 5 ms and at least 5 ms that step 2 (set) opens: early enough "
        "that step 3 (set) is before step 4 (get)."
    )
    bounded = race_window(found, parse_latencies(["customer.till.set=3ms", "till=5ms", "desk.get=0"]))
    assert (passed_over_texts(bounded), [each.number for each in bounded.free]) == ([], [2])
    assert passed_over_texts(transient("default=1ms", "user=1s")) == [
        "The latency of user does not bound T3, which nobody owes; name user.cancel to bound it."
    ]


def test_a_run_without_an_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    found = counterexample("baseline", "no-transient-orphan")
    model = found.scenario.model()
    endless = replace(model, properties=(replace(model.properties[0], kind=Kind.EVENTUALLY),))
    monkeypatch.setattr(Scenario, "model", lambda scenario: endless)
    with pytest.raises(UsageError, match="no-transient-orphan is violated by a run that never ends"):
        race_window(found, ())


def test_a_trace_that_can_be_read_in_too_many_ways_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window_network, "READINGS_MAX", 1)
    with pytest.raises(UsageError, match="15 steps of this trace wait for can be read in more than 1 ways; save a sh"):
        race_window(counterexample("creation-lock", "cancelled-means-stopped"), ())


def test_a_latency_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="no step of this trace named 'redis'"):
        transient("redis=1s")


@pytest.mark.parametrize("name", EACH)
def test_every_counterexample_has_a_window_whose_times_violate_it(name: str) -> None:
    """`race_window` executes the times that it finds, and fails if they do not violate the property."""
    faults = (("worker-crash", 1), ("lease-expiry", 1))
    for outcome in check(Scenario(name, faults=faults)).outcomes:
        if outcome.counterexample is not None and outcome.counterexample.trace.schedule.cycle_from is None:
            for latencies in ([], ["default=1ms..20ms"], ["default=2ms"]):
                window = race_window(outcome.counterexample, parse_latencies(latencies))
                assert window.possible is (window.slack_ns >= 0)
                for each in window.constraints if window.possible else ():
                    apart = window.times_ns[each.later] - window.times_ns[each.earlier]
                    assert each.lower <= apart <= each.longest


STEPS = {
    ("worker/e1", "deliver"): "T0",
    ("worker/e1", "set"): "T1",
    ("worker/e1", "send"): "T2",
    ("cancel/e1", "cancellation"): "user.cancellation",
    ("cancel/e1", "get"): "T4",
    ("cancel/e1", "delete_job"): "T5",
    ("cancel/e1", "set"): "T6",
    ("dispatcher/e1/1", "accept"): "T7",
    ("dispatcher/e1/1", "get"): "dispatcher.status",
    ("dispatcher/e1/1", "create_job"): "T8",
}
"""The steps of the two races, and how a latency names them."""


def answers(events: tuple[Event, ...] | list[Event]) -> set[tuple[str, str, str]]:
    return {(event.process, event.operation, event.outcome) for event in events}


@pytest.mark.parametrize("protocol", ["baseline", "status-check"])
@settings(max_examples=60, deadline=None)
@example([0, 0, 0, 0, 0, 0, 0, 0, 1, 0])  # the status must be read before T6, and T8 is late: that bounds T3 too
@given(st.lists(st.integers(0, 40), min_size=len(STEPS), max_size=len(STEPS)))
def test_a_timed_simulation_agrees(protocol: str, milliseconds: list[int]) -> None:
    """With fixed latencies, the steps go as in the trace for some time of the cancel, or for none.

    Every latency has a part of its own below a millisecond, so no two steps coincide unless they must.
    """
    found = counterexample(protocol, "no-transient-orphan")
    present = {(event.process, event.operation) for event in found.trace.events}
    latencies = {
        step: number * MS + (1 << index) for index, (step, number) in enumerate(zip(STEPS, milliseconds, strict=True))
    }
    given_ = [Latency(STEPS[step], time, time) for step, time in latencies.items() if step in present]
    window = race_window(found, given_)
    model = found.scenario.model()

    def goes_as_in_the_trace(cancel_at: int) -> bool:
        return answers(run_timed(model, latencies, cancel_at)) >= answers(found.trace.events)

    if window.possible:
        [free] = window.free
        middle = window.times_ns[free.number] + min(int(free.widest_ns), MS) // 2
        assert goes_as_in_the_trace(middle)
    else:
        assert not any(goes_as_in_the_trace(time * MS) for time in range(0, 401, 2))
