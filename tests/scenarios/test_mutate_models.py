"""Mutants of any model: of its roles, at its sizes, known by a reference like those of protocols."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console

from deadheat.reports.mutants import mutants_to_json, print_mutants
from deadheat.reports.timeline import print_timeline
from deadheat.scenarios.behaviour import Behaviour
from deadheat.scenarios.catalogue import find_protocol
from deadheat.scenarios.check import Verdict, check
from deadheat.scenarios.latency import parse_latencies
from deadheat.scenarios.mutant_of import MutantOf
from deadheat.scenarios.mutants import guards_of
from deadheat.scenarios.mutate import Fate, Hunt, MutantResult, hunt_of, judge_all, shortest_of
from deadheat.scenarios.replaying import replay
from deadheat.scenarios.scenario import Scenario
from deadheat.scenarios.subject import Subject
from deadheat.scenarios.trace_file import save
from deadheat.scenarios.window import race_window
from deadheat.scenarios.window_words import lease_text
from deadheat.sim.errors import UsageError
from deadheat.sim.fingerprint import fingerprint

TWO_PHASE_COMMIT = "examples/two_phase_commit.py:two_phase_commit"

OURS = '''
from functools import partial

from deadheat import (
    BLOCKED, Component, Crash, Fault, Kind, Model, Process, Property, Step, any_of, by_itself, hands_work, looks,
    operation,
)
from deadheat.sim.traits import weaker

LAPSED = Fault("lapsed", "the lock is taken away from its holder", "by hand")


class Lock(Component):
    initial = ""
    faults = (LAPSED,)

    @operation
    def seize(self, value: str, who: str):
        return (Step(None, who),)

    @weaker("takes it from whoever has it", seize)
    @operation
    def acquire(self, value: str, who: str):
        return (Step(None, who),) if not value else BLOCKED

    @operation
    def release(self, value: str, who: str):
        return (Step(None, "" if value == who else value),)

    @by_itself("clock", owed=False, fault=LAPSED)
    @operation
    def lapse(self, value: str):
        return (Step(None, "", fault=LAPSED),) if value else BLOCKED


class Account(Component):
    initial = 0

    @looks
    @operation
    def read(self, value: int):
        return (Step(value, value),)

    @operation
    def write(self, value: int, balance: int):
        return (Step(None, balance),)


class Bell(Component):
    """A bell, which rings for each of so many at most."""

    initial = 0

    @hands_work
    @operation
    def hear(self, value: int):
        return (Step(None, value - 1),) if value else BLOCKED

    @operation
    def ring(self, value: int):
        return (Step(None, value + 1),)


LOCK, ACCOUNT, BELL = Lock("lock"), Account("account"), Bell("bell")


def deposit(who: str):
    yield LOCK.acquire(who)
    balance = yield ACCOUNT.read()
    yield ACCOUNT.write(balance + 1)
    yield LOCK.release(who)


def clock():
    yield LOCK.lapse()


def depositing(times: int = 2, careful: bool = True) -> Model:
    names = [f"depositor {number}" for number in range(1, times + 1)]
    lost = Property(
        "nothing-lost", "no deposit is lost", Kind.SETTLED, ("account",),
        lambda view: f"it is {view['account']}" if view["account"] != times else None,
    )
    processes = [Process(name, deposit, (name,)) for name in names]
    processes.append(Process("clock", clock, owed=False, repeats=True, is_environment=True))
    return Model({"lock": LOCK, "account": ACCOUNT}, tuple(processes), (lost,), {"lapsed": 0})


def listen():
    chosen = yield any_of(BELL.hear(), ACCOUNT.read())
    if chosen.which == 1:
        yield ACCOUNT.write(chosen.outcome + 1)


def ring():
    yield BELL.ring()


def ringing() -> Model:
    rings = Property("written", "it is written", Kind.SETTLED, ("account",), lambda view: view["account"] > 1)
    return Model(
        {"bell": BELL, "account": ACCOUNT, "chance": Account("chance")},
        (Process("listener", listen), Process("ringer", ring)), (rings,),
    )


def same_name(amount: int):
    def role():
        yield ACCOUNT.write(amount)

    return role


def other():
    def role():
        yield ACCOUNT.read()

    return role


def confusing() -> Model:
    never = Property("never", "it is never 9", Kind.ALWAYS, ("account",), lambda view: view["account"] == 9)
    processes = (Process("a", same_name(1)), Process("b", partial(same_name(2))), Process("c", other()))
    return Model({"account": ACCOUNT}, processes, (never,))
'''

SHOP = '''
from dataclasses import dataclass

from deadheat import (
    BLOCKED, Component, Components, Design, Fault, Step, by_itself, crash, hands_work, looks, one, one_each, operation,
    settled,
)

RELAY_CRASH = Fault("relay-crash", "the relay is killed", "by hand")
FORGOTTEN = Fault("forgotten", "the outbox forgets", "by hand")


class Orders(Component):
    keyed = True
    initial = "new"

    @operation
    def place(self, value: str, order: str):
        return (Step(None, "placed"),)

    @operation
    def ship(self, value: str, order: str):
        return (Step(None, "shipped"),)


class Outbox(Component):
    initial = ()
    faults = (FORGOTTEN,)

    @operation
    def put(self, value: tuple, letter: str):
        return (Step(None, (*value, letter)),)

    @hands_work
    @operation
    def first(self, value: tuple):
        return (Step(value[0], value),) if value else BLOCKED

    @operation
    def done(self, value: tuple, letter: str):
        return (Step(None, tuple(each for each in value if each != letter)),)

    @by_itself(owed=False, fault=FORGOTTEN)
    @operation
    def forget(self, value: tuple):
        return (Step(None, value[1:], fault=FORGOTTEN),) if value else BLOCKED


@dataclass(frozen=True)
class Shop(Components):
    orders: Orders = Orders("orders")
    outbox: Outbox = Outbox("outbox")


def place(shop: Shop, order: str):
    yield shop.orders.place(order)
    yield shop.outbox.put(order)


def relay(shop: Shop):
    order = yield shop.outbox.first()
    yield shop.orders.ship(order)
    yield shop.outbox.done(order)


@settled
def every_order_arrives(order: str, orders: str):
    """Every order is shipped."""
    return f"{order} is {orders}" if orders == "placed" else None


SHOP = Design(
    name="shop",
    summary="a shop",
    source="by hand",
    key="order",
    components=Shop(),
    roles=(one_each("buyer", place), one("relay", relay, repeats=True, crashes=(crash(RELAY_CRASH),))),
    claims=(every_order_arrives,),
)
'''


@pytest.fixture
def ours(tmp_path: Path) -> str:
    path = tmp_path / "ours.py"
    path.write_text(OURS)
    return str(path)


def told(reference: str, settings: tuple[tuple[str, str], ...] = ()) -> list[str]:
    return [f"{each.place.role}: {each.place.what} {each.change}" for each in guards_of(reference, settings).mutations]


def judged(scenario: Scenario) -> tuple[Hunt, dict[str, MutantResult]]:
    hunt = hunt_of(scenario)
    names = told(scenario.protocol, scenario.settings)
    return hunt, {names[each.number - 1]: each for each in judge_all(hunt)}


def test_all_processes_that_run_one_function_are_mutated_together(ours: str) -> None:
    assert told(f"{ours}:depositing") == [
        "deposit: lock.acquire takes it from whoever has it",
        "deposit: lock.acquire left out",
        "deposit: account.read takes 1 for 0",
        "deposit: account.write left out",
        "deposit: lock.release left out",
        "deposit: lock.acquire happens only after account.read",
        "deposit: lock.acquire happens only after account.write",  # over that look
        "deposit: account.write happens only after lock.release",
    ]


def test_a_guard_of_a_model_is_missed_by_its_own_property(ours: str) -> None:
    hunt, results = judged(Scenario(f"{ours}:depositing"))
    assert [dict(each.scenario.faults) for each in hunt.originals] == [{}, {"lapsed": 1}]
    assert hunt.never_reached == ()
    assert {each.fate for each in results.values()} == {Fate.NOTICED}  # where it is not released, one waits for ever
    assert {notice.property for each in results.values() for notice in each.noticed_by} == {"nothing-lost"}
    shortest = shortest_of(results["deposit: lock.acquire left out"])
    assert shortest is not None
    assert len(shortest.trace.events) == 8  # both make all their four steps


def test_a_mutant_of_a_model_is_checked_saved_and_replayed_by_its_reference(ours: str, tmp_path: Path) -> None:
    reference, settings = f"{ours}:depositing", (("times", "3"),)
    number = told(reference, settings).index("deposit: lock.acquire left out") + 1
    scenario = Scenario(f"{reference}~{number}", settings=settings)
    [outcome] = check(scenario).outcomes
    assert outcome.verdict is Verdict.VIOLATED
    assert outcome.counterexample is not None
    left_out = [each for each in outcome.counterexample.trace.events if each.operation == "leave_out"]
    assert {each.arguments for each in left_out} == {("lock.acquire",)}
    save(outcome.counterexample, tmp_path / "trace.json")
    recorded = replay(tmp_path / "trace.json")
    assert recorded.remark is None
    assert recorded.counterexample.scenario == outcome.counterexample.scenario
    assert fingerprint(scenario.model()) != fingerprint(Scenario(reference, settings=settings).model())


def test_a_mutant_of_a_mutant_is_one_too(ours: str) -> None:
    reference = f"{ours}:depositing"
    twice = f"{reference}~{told(reference).index('deposit: account.write left out') + 1}"
    number = told(twice).index("deposit: lock.release left out") + 1
    assert check(Scenario(f"{twice}~{number}")).outcomes[0].verdict is Verdict.VIOLATED


def test_several_processes_judge_the_mutants_of_a_model_as_one_does(ours: str) -> None:
    hunt = hunt_of(Scenario(f"{ours}:depositing"))
    assert list(judge_all(hunt, jobs=2)) == list(judge_all(hunt))


def test_one_of_several_operations_in_a_choice_is_mutated_there(ours: str) -> None:
    assert told(f"{ours}:ringing") == [
        "listen: account.read left out",  # whatever it shows: to hear the bell is to be given work
        "listen: account.write left out",
        "ring: bell.ring left out",
    ]
    _, results = judged(Scenario(f"{ours}:ringing"))
    # The model's own "chance" is not the place where nothing happens.
    assert [each.fate for each in results.values()] == [Fate.NO_DIFFERENCE, Fate.SURVIVED, Fate.SURVIVED]


def test_a_choice_and_what_it_is_answered_are_changed_as_one_operation_is() -> None:
    reference, settings = TWO_PHASE_COMMIT, (("managers", "2"),)
    assert told(reference, settings) == [
        "transaction_manager: decision.decide left out",
        "transaction_manager: resource 1.receive_prepared left out",  # it is told which one it was
        "transaction_manager: resource 2.receive_prepared left out",
        "transaction_manager: decision.decide left out",
        "resource_manager: ResourceState.prepare left out",
        "resource_manager: ResourceState.enter left out",
        "resource_manager: decision.receive left out",  # in a choice, and at one instant with what it enters
        "resource_manager: decision.receive left out",
        "resource_manager: ResourceState.enter left out",
    ]
    noticed = {
        each.number: each.noticed_by[0].steps
        for each in judge_all(hunt_of(Scenario(reference, settings=settings)))
        if each.noticed_by
    }
    # To commit although one is not prepared, and to believe in a decision that nobody has made.
    assert noticed == {2: 6, 3: 6, 7: 2, 8: 3}


def test_roles_of_one_name_are_told_apart_by_where_they_are_written(ours: str) -> None:
    roles = {each.place.role for each in guards_of(f"{ours}:confusing").mutations}
    line = OURS.split("\n").index("    def role():") + 1
    assert f"role (ours.py:{line})" in roles
    assert len(roles) == 2


def test_the_report_speaks_of_the_sizes_of_the_model(ours: str) -> None:
    hunt, results = judged(Scenario(f"{ours}:depositing", settings=(("times", "2"),)))
    console = Console(record=True, width=200)
    print_mutants(hunt, list(results.values()), console)
    text = console.export_text()
    assert "Covers times=2, lapsed=0, " in text or "Covers times=2, no faults" in text
    assert "--show 1 --set times=2" in text
    entry = json.loads(mutants_to_json(hunt, list(results.values())))
    assert entry["settings"] == {"times": "2"}


def test_who_asks_for_a_mutant_that_is_not_there_is_told_how_to_list_them(ours: str) -> None:
    with pytest.raises(UsageError, match=r"has no mutant '99'; its mutants are numbered from 1 to 8\.$"):
        Scenario(f"{ours}:depositing~99", settings=(("times", "2"),)).model()
    for reference in (f"{ours}:depositing", f"{ours}:depositing~1"):
        with pytest.raises(UsageError, match="is a model, and no protocol for evaluations, which this is for; check,"):
            find_protocol(reference)


def test_a_design_is_mutated_by_the_roles_that_it_declares(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SHOP)
    reference = f"{tmp_path}/shop.py:SHOP"
    assert told(reference) == [
        "buyer: orders.place left out",
        "buyer: outbox.put left out",
        "relay: orders.ship left out",
        "relay: outbox.done left out",
        "buyer: orders.place happens only after outbox.put",
        "relay: orders.ship happens only after outbox.done",
    ]
    hunt, results = judged(Scenario(reference))
    assert {kind for each in hunt.originals for kind, _ in each.scenario.faults} == {"relay-crash", "forgotten"}
    noticed = {name: dict(each.noticed_by[0].scenario.faults) for name, each in results.items() if each.noticed_by}
    assert noticed == {
        "buyer: outbox.put left out": {},
        "relay: orders.ship left out": {},
        "buyer: orders.place happens only after outbox.put": {},  # and is shipped before
        "relay: orders.ship happens only after outbox.done": {"relay-crash": 1},
    }
    number = told(reference).index("buyer: outbox.put left out") + 1
    several = check(Scenario(f"{reference}~{number}", evaluations=2))
    assert several.outcomes[0].verdict is Verdict.VIOLATED
    assert several.scenario.size == "2 orders"


def test_a_mutant_is_asked_for_all_that_its_original_is() -> None:
    public = {name for name in vars(Subject) if not name.startswith("_")}
    assert public <= vars(MutantOf).keys()


LINES = """
from typing import NamedTuple

from deadheat import Component, Kind, Label, Model, Process, Property, Step, by_itself, looks, operation
from deadheat.sim.traits import expires, gives_up

K1 = Label("K1", "the caller asks")


class Again(NamedTuple):
    pass


class Line(Component):
    initial = 0

    @gives_up(Again, told="nobody answers")
    @looks
    @operation
    def call(self, value: int):
        return (Step(Again(), value), Step("hello", value))

    @operation
    def lease(self, value: int):
        return (Step(None, 1),)

    @operation
    def use(self, value: int):
        return (Step(value == 1, value),)

    @expires()
    @by_itself("clock")
    @operation
    def lapse(self, value: int):
        return (Step(None, 2),) if value == 1 else ()


LINE = Line("line")


def caller():
    yield LINE.lease()
    while isinstance((yield K1(LINE.call())), Again):
        pass
    yield LINE.use()


def clock():
    yield LINE.lapse()


MODEL = Model(
    {"line": LINE},
    (Process("caller", caller), Process("clock", clock, repeats=True, is_environment=True)),
    (Property("in-time", "it is used in time", Kind.ALWAYS, ("line",), lambda view: view["line"] == 2),),
)
"""


@pytest.fixture
def lines(tmp_path: Path) -> str:
    path = tmp_path / "lines.py"
    path.write_text(LINES)
    return f"{path}:MODEL"


def test_who_has_no_patience_is_told_what_the_component_says(lines: str) -> None:
    assert "caller: line.call takes Again() for nobody answers" in told(lines)


def test_the_window_of_a_model_speaks_of_the_time_to_live_that_its_component_has(lines: str) -> None:
    found = check(Scenario(lines)).outcomes[0].counterexample
    assert found is not None
    window = race_window(found, parse_latencies(["line.lapse=3s"]))
    [lease] = window.leases
    assert (lease.key, lease.set_by, lease.number) == ("line", 1, 2)
    assert "No time to live of line excludes it" in lease_text(window, lease)


def test_a_timeline_says_what_the_users_own_labels_mean(lines: str) -> None:
    scenario = Scenario(lines, properties=("in-time",))
    number = told(lines).index("caller: line.lease happens only after line.use") + 1
    found = check(Scenario(f"{lines}~{number}")).outcomes[0].counterexample
    assert scenario.subject.labels in ((), ("K1",))
    assert found is not None
    console = Console(record=True, width=200)
    print_timeline(found, console)
    assert "K1 the caller asks." in console.export_text()


MOVES = """
from deadheat import BLOCKED, Component, Kind, Model, Process, Property, Step, atomically, hands_work, looks, operation
from deadheat.sim.traits import weaker


class Purse(Component):
    initial = 1

    @operation
    def take_anyhow(self, value: int):
        return (Step(True, value - 1),)

    @weaker("takes what is not there", take_anyhow)
    @operation
    def take(self, value: int):
        return (Step(True, value - 1),) if value > 0 else (Step(False, value),)

    @operation
    def put(self, value: int):
        return (Step(None, value + 1),)


LEFT, RIGHT = Purse("left"), Purse("right")


def move():
    yield atomically(LEFT.take(), RIGHT.put())


MODEL = Model(
    {"left": LEFT, "right": RIGHT},
    (Process("a", move), ),
    (
        Property("two", "there are always two", Kind.ALWAYS, ("left", "right"), lambda view: sum(view.values()) != 2),
        Property("ends", "it ends so", Kind.SETTLED, ("left", "right"), lambda view: view["left"] != 0),
    ),
)
"""


def test_what_happens_at_one_instant_is_changed_in_each_of_its_parts_and_taken_apart(tmp_path: Path) -> None:
    (tmp_path / "moves.py").write_text(MOVES)
    reference = f"{tmp_path}/moves.py:MODEL"
    assert told(reference) == [
        "move: left.take and right.put not at one instant",
        "move: left.take takes what is not there",
        "move: left.take left out",
        "move: right.put left out",
    ]
    _, results = judged(Scenario(reference))
    noticing = {name: {each.property: each.steps for each in result.noticed_by} for name, result in results.items()}
    assert noticing == {
        "move: left.take and right.put not at one instant": {"two": 1},  # nobody has it in between
        "move: left.take takes what is not there": {},
        "move: left.take left out": {"two": 1, "ends": 1},
        "move: right.put left out": {"two": 1},
    }
    assert results["move: left.take takes what is not there"].fate is Fate.NO_DIFFERENCE
    taken_apart = check(Scenario(f"{reference}~1"))
    assert taken_apart.steps_not_reached == ()
    assert taken_apart.exploration.states == 3  # before, in between, after


def test_what_a_role_was_told_of_each_alternative_is_kept_as_a_whole() -> None:
    answers = guards_of(TWO_PHASE_COMMIT, (("managers", "2"),)).observations[0].answers
    whole = [each for each in answers if not each.of_several]
    assert len(whole) < len(answers)
    behaviour = Behaviour(answers)
    for stood in {each.stood for each in whole}:
        assert behaviour.at(stood) == [each for each in whole if each.stood == stood]


def test_a_budget_of_none_is_no_budget(tmp_path: Path) -> None:
    file = tmp_path / "shop.py"
    file.write_text(SHOP_WITH_BUDGET)
    plain, none = (hunt_of(Scenario(f"{file}:{name}")) for name in ("SHOP", "WITH_NONE"))
    assert [each.scenario.faults for each in plain.originals] == [(), (("lost", 1),)]
    assert [each.scenario.faults for each in none.originals] == [(), (("lost", 1),)]
    assert len(none.guards.mutations) == len(plain.guards.mutations)


SHOP_WITH_BUDGET = '''
from dataclasses import dataclass, replace

from deadheat import Component, Components, Design, Fault, Outcomes, Step, Steps, always, one, operation
from deadheat.library import Row

LOST = Fault("lost", "the answer is lost", "by hand")


class Provider(Component):
    initial = 0
    faults = (LOST,)

    @operation
    def charge(self, charged: int) -> Outcomes:
        return Step(True, 1), Step(False, charged, fault=LOST)


@dataclass(frozen=True)
class Shop(Components):
    provider: Provider = Provider("provider")
    row: Row = Row("row", "new")


def work(shop: Shop) -> Steps:
    charged = yield shop.provider.charge()
    yield shop.row.set("done" if charged else "asked")


@always
def done_means_charged(provider: int, row: str) -> bool:
    """what is done is charged"""
    return row == "done" and not provider


SHOP = Design("shop", "a shop", "by hand", Shop(), (one("worker", work),), (done_means_charged,))
WITH_NONE = replace(SHOP, budgets={"lost": 0})
'''
