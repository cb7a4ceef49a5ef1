"""Designs and components of one's own on real servers: as a user writes them in a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deadheat.live.adapters.together import Adapters
from deadheat.live.forcing.replay import LiveOptions, check_live, plan_check
from deadheat.live.forcing.stress import Load, stress
from deadheat.live.logs.conform import conform
from deadheat.live.logs.tape import read_tape
from deadheat.live.place import Where, open_place
from deadheat.live.results import LiveOutcome, LiveResult
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.errors import LiveError, NoLiveFormError, UsageError
from tests.command import deadheat

CHARGING = """
from dataclasses import dataclass, replace
from typing import Any

from deadheat import Component, Components, Design, Fault, Node, Outcomes, Step, Steps
from deadheat import always, atomic_block, crash, one_each, operation
from deadheat.library import Adapter, Mailbox, Redis, Site, key_of

LOST = Fault("answer-lost", "the card is charged, and the answer is lost", "a test")
KILLED = Fault("worker-killed", "the worker is killed, and starts anew", "a test")


class Ledger(Component):
    keyed = True
    initial = 0
    faults = (LOST,)

    @operation
    def charge(self, charges: int, order: str) -> Outcomes:
        return (Step("charged", charges + 1), Step("no answer", charges + 1, fault=LOST))

    def live(self, site: Site) -> Adapter:
        return LedgerInRedis(self.name, site)


class Idempotent(Ledger):
    @operation
    def charge(self, charges: int, order: str) -> Outcomes:
        return (Step("charged", 1), Step("no answer", 1, fault=LOST))

    def live(self, site: Site) -> Adapter:
        return OncePerOrder(self.name, site)


class Wrong(Idempotent):
    def live(self, site: Site) -> Adapter:
        return LedgerInRedis(self.name, site)


class Blind(Ledger):
    def live(self, site: Site) -> Adapter:
        return Silent(self.name, site)


class Nothing(Ledger):
    def live(self, site: Site) -> Any:
        return None


class LedgerInRedis(Adapter):
    def __init__(self, name: str, site: Site) -> None:
        super().__init__(name)
        self.redis, self.key, self.orders = site.redis, f"{site.prefix}{name}", site.keys

    def charge(self, order: str) -> str:
        self.redis.hincrby(self.key, order, 1)
        return "charged"

    def charge_answer_lost(self, order: str) -> str:
        self.charge(order)
        return "no answer"

    def observe(self) -> dict[str, Any]:
        return {f"{self.name}/{each}": int(self.redis.hget(self.key, each) or 0) for each in self.orders}


class OncePerOrder(LedgerInRedis):
    def charge(self, order: str) -> str:
        self.redis.hset(self.key, order, 1)
        return "charged"


class Silent(LedgerInRedis):
    def observe(self) -> dict[str, Any]:
        return {}


@dataclass(frozen=True)
class Shop(Components):
    redis: Redis = Redis("redis")
    ledger: Ledger = Ledger("ledger")


def charge(shop: Shop, order: str) -> Steps:
    if (yield shop.redis.get(key_of("paid", order))):
        return
    while (yield shop.ledger.charge(order)) == "no answer":
        pass
    yield shop.redis.set(key_of("paid", order), "yes")


@always
def charged_once(ledger: int) -> str | None:
    return f"{ledger} charges" if ledger > 1 else None


AS_IT_IS = Design(
    name="charging", summary="it is", source="a test", key="order", components=Shop(),
    roles=(one_each("worker", charge, crashes=(crash(KILLED),)),), claims=(charged_once,),
)
ONCE = AS_IT_IS.variant("once", "it is", components=Shop(ledger=Idempotent("ledger")))
WRONG = AS_IT_IS.variant("wrong", "it is", components=Shop(ledger=Wrong("ledger")))
BLIND = AS_IT_IS.variant("blind", "it is", components=Shop(ledger=Blind("ledger")))
NOTHING = AS_IT_IS.variant("nothing", "it is", components=Shop(ledger=Nothing("ledger")))


@dataclass(frozen=True)
class Post(Components):
    ledger: Ledger = Ledger("ledger")
    post: Mailbox = Mailbox("post")


def send(post: Post, order: str) -> Steps:
    yield post.ledger.charge(order)


def once(shop: Shop, order: str) -> Steps:
    if not (yield shop.redis.get(key_of("paid", order))):
        yield shop.ledger.charge(order)


def in_a_block(shop: Shop, order: str) -> Steps:
    yield atomic_block(once, shop, order)


BLOCK = AS_IT_IS.variant("block", "it is", roles={"worker": in_a_block})
MACHINE = Node("machine", runs=("worker",), crashes=(crash(KILLED),))
UNHARMED = tuple(replace(each, crashes=()) for each in AS_IT_IS.roles)
NODE = replace(AS_IT_IS, name="node", roles=UNHARMED, nodes=(MACHINE,))
POST = Design("post", "it is", "a test", Post(), (one_each("worker", send),), (charged_once,), key="order")
"""

OUTBOX_LIVE = """
from typing import Any

from outbox import OUTBOX, Broker, Shop

from deadheat.library import Adapter, Site


class LiveBroker(Broker):
    def live(self, site: Site) -> Adapter:
        return BrokerInRedis(self.name, site)


class BrokerInRedis(Adapter):
    def __init__(self, name: str, site: Site) -> None:
        super().__init__(name)
        self.redis, self.prefix, self.orders = site.redis, f"{site.prefix}{name}:", site.keys

    def publish(self, order: str) -> None:
        self.redis.rpush(self.prefix + order, order)

    def observe(self) -> dict[str, Any]:
        return {f"{self.name}/{each}": self.redis.llen(self.prefix + each) for each in self.orders}


LIVE = OUTBOX.variant("outbox-live", OUTBOX.summary, components=Shop(broker=LiveBroker("broker")))
"""

PROTOCOL = """
import sqlite3
from dataclasses import dataclass, replace
from typing import Any

from deadheat import Component, Outcomes, Step, Steps, always, one_each, operation
from deadheat.library import BASELINE, Adapter, Site, System


class Audit(Component):
    keyed = True
    initial = 0

    @operation
    def note(self, notes: int, evaluation: str) -> Outcomes:
        return (Step(notes + 1, notes + 1),)

    def live(self, site: Site) -> Adapter:
        return AuditInSqlite(self.name, site)


class AuditInSqlite(Adapter):
    def __init__(self, name: str, site: Site) -> None:
        super().__init__(name)
        self.keys = site.keys
        self.connection = sqlite3.connect(site.folder / "audit", isolation_level=None, check_same_thread=False)
        self.connection.execute("CREATE TABLE notes (evaluation TEXT)")

    def note(self, evaluation: str) -> int:
        self.connection.execute("INSERT INTO notes VALUES (?)", [evaluation])
        return self.count(evaluation)

    def count(self, evaluation: str) -> int:
        rows = self.connection.execute("SELECT count(*) FROM notes WHERE evaluation = ?", [evaluation])
        return int(rows.fetchone()[0])

    def observe(self) -> dict[str, Any]:
        return {f"{self.name}/{each}": self.count(each) for each in self.keys}

    def close(self) -> None:
        self.connection.close()


class Forgets(Audit):
    def live(self, site: Site) -> Adapter:
        return Forgetful(self.name, site)


class Forgetful(AuditInSqlite):
    def note(self, evaluation: str) -> int:
        return 1


@dataclass(frozen=True)
class Ours(System):
    audit: Audit = Audit("audit")


@dataclass(frozen=True)
class Theirs(System):
    audit: Audit = Forgets("audit")


def watch(system: Ours, evaluation: str) -> Steps:
    yield system.audit.note(evaluation)


@always
def noted_once(audit: int) -> bool:
    return audit > 1


# "watch" is what the package calls something that servers do by themselves
PROTOCOL = replace(BASELINE, name="ours", components=Ours, roles=(one_each("watch", watch),), claims=(noted_once,))
FORGETS = replace(PROTOCOL, name="forgets", components=Theirs)
"""

TWO_WRITERS = """
from dataclasses import dataclass
from typing import Any

from deadheat import Component, Components, Design, Outcomes, Step, Steps, always, one_each, operation
from deadheat.library import Adapter, Column, Database, Record, Site


class Item(Record, table="items"):
    id: Column[str]


class Room(Component):
    initial = 0

    @operation
    def enter(self, inside: int) -> Outcomes:
        return (Step(None, inside + 1),)

    @operation
    def leave(self, inside: int) -> Outcomes:
        return (Step(None, inside - 1),)

    def live(self, site: Site) -> Adapter:
        return RoomInRedis(self.name, site)


class RoomInRedis(Adapter):
    def __init__(self, name: str, site: Site) -> None:
        super().__init__(name)
        self.redis, self.key = site.redis, f"{site.prefix}{name}"

    def enter(self) -> None:
        self.redis.incr(self.key)

    def leave(self) -> None:
        self.redis.decr(self.key)

    def observe(self) -> dict[str, Any]:
        return {self.name: int(self.redis.get(self.key) or 0)}


@dataclass(frozen=True)
class House(Components):
    db: Database = Database("db", Item)
    room: Room = Room("room")


def write(house: House, item: str) -> Steps:
    tx = house.db.begin(f"write/{item}")
    yield from tx.insert(Item(item))
    yield house.room.enter()
    yield house.room.leave()
    yield from tx.commit()


@always
def alone(room: int) -> bool:
    return room > 1


@always
def never_many(room: int) -> bool:
    return room > 2


CROWD = Design("crowd", "it is", "a test", House(), (one_each("write", write),), (alone,), key="item")
FREE = Design("free", "it is", "a test", House(), (one_each("write", write),), (never_many,), key="item")
"""

DOCS = Path(__file__).parents[2] / "docs"


def outcomes(results: list[LiveResult]) -> dict[str | None, LiveOutcome]:
    return {each.property: each.outcome for each in results}


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ours")
    page = (DOCS / "sql.md").read_text()
    outbox = page.partition('```python title="outbox.py"\n')[2].partition("```")[0]
    texts = {"charging": CHARGING, "outbox": outbox, "outbox_live": OUTBOX_LIVE, "ours": PROTOCOL, "two": TWO_WRITERS}
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(text)
    return folder


@pytest.fixture
def ours(files: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with the user's files, in which everything is done; a module is imported once."""
    monkeypatch.chdir(files)
    return files


def checked(redis_url: str, reference: str, *faults: str, **where: Any) -> list[LiveResult]:
    with open_place(Where(redis_url=redis_url, **where), needs_cluster=False) as place:
        scenario = Scenario(reference, 2, tuple((each, 1) for each in faults))
        return check_live(place, scenario, 5, 1, LiveOptions(patience_s=2.0))


@pytest.mark.live
def test_a_design_with_a_component_of_ones_own_does_on_servers_what_it_does_in_the_model(
    ours: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(ours))  # there is none, and none is needed
    found = outcomes(checked(redis_url, "charging.py:AS_IT_IS", "answer-lost", "worker-killed"))
    assert found == {"charged-once": LiveOutcome.CONFIRMED}
    found = outcomes(checked(redis_url, "charging.py:ONCE", "answer-lost", "worker-killed"))
    assert found == {None: LiveOutcome.AGREES}


@pytest.mark.live
def test_an_adapter_that_does_otherwise_than_its_component_is_found_out(ours: Path, redis_url: str) -> None:
    [result] = checked(redis_url, "charging.py:WRONG", "answer-lost", "worker-killed")
    assert result.outcome is LiveOutcome.DIVERGED
    assert result.expected == "in the end, ledger/order1: 1"
    assert int(result.got or 0) > 1


@pytest.mark.live
def test_what_cannot_be_asked_at_the_end_is_said(ours: Path, redis_url: str) -> None:
    [result] = checked(redis_url, "charging.py:BLIND", "answer-lost")
    assert (result.outcome, result.unobserved) == (LiveOutcome.CONFIRMED, ("ledger",))
    [result] = checked(redis_url, "charging.py:AS_IT_IS", "answer-lost")
    assert result.unobserved == ()


@pytest.mark.live
@pytest.mark.parametrize("fault", ["killed", "sql-lost-commit"])
def test_a_design_on_a_database_is_forced_on_sqlite(ours: Path, redis_url: str, fault: str) -> None:
    results = checked(redis_url, "outbox_live.py:LIVE", fault)
    assert outcomes(results) == {"published-once": LiveOutcome.CONFIRMED, None: LiveOutcome.AGREES}


@pytest.mark.live
@pytest.mark.parametrize("fault", ["killed", "sql-lost-commit"])
def test_a_design_on_a_database_is_forced_on_postgresql(
    ours: Path, redis_url: str, postgres_url: str, fault: str
) -> None:
    results = checked(redis_url, "outbox_live.py:LIVE", fault, status_url=postgres_url)
    assert outcomes(results) == {"published-once": LiveOutcome.CONFIRMED, None: LiveOutcome.AGREES}


@pytest.mark.live
def test_without_what_the_model_foresees_a_lost_commit_would_be_done_where_it_is_not(
    ours: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Adapters, "foresee", lambda *_: None)
    results = checked(redis_url, "outbox_live.py:LIVE", "sql-lost-commit")
    assert LiveOutcome.DIVERGED in outcomes(results).values()


@pytest.mark.live
def test_what_needs_two_writers_is_no_difference_on_sqlite_and_happens_on_postgresql(
    ours: Path, redis_url: str, postgres_url: str
) -> None:
    with pytest.raises(NoLiveFormError, match=r"SQLite has one writer, and write/item. is writing .* by --status"):
        checked(redis_url, "two.py:CROWD")
    assert outcomes(checked(redis_url, "two.py:CROWD", status_url=postgres_url)) == {"alone": LiveOutcome.CONFIRMED}
    [short] = checked(redis_url, "two.py:FREE")
    [full] = checked(redis_url, "two.py:FREE", status_url=postgres_url)
    assert (short.outcome, full.outcome) == (LiveOutcome.AGREES, LiveOutcome.AGREES)
    assert 0 < short.steps < full.steps


@pytest.mark.live
def test_the_command_checks_and_replays_a_design(ours: Path, redis_url: str) -> None:
    options = ["--faults", "answer-lost=1", "--redis", redis_url]
    done = deadheat("live", "check", "charging.py:AS_IT_IS", *options, "--json")
    assert done.returncode == 0, done.stderr
    [result] = json.loads(done.stdout)["results"]
    assert (result["outcome"], result["property"], result["violation"]) == ("confirmed", "charged-once", "2 charges")
    deadheat("show", "charging.py:AS_IT_IS", "--faults", "answer-lost=1", "--save", "trace.json")
    done = deadheat("live", "replay", "trace.json", "--redis", redis_url)
    assert (done.returncode, "CONFIRMED charging.py:AS_IT_IS charged-once" in done.stdout + done.stderr) == (0, True)


@pytest.mark.parametrize(
    ("reference", "options", "said"),
    [
        ("charging.py:POST", [], r"The component 'post' \(Mailbox\) of charging.py:POST has no live form; .* `live\("),
        (
            "charging.py:BLOCK",
            [],
            r"There is no live form of .*once.*: several operations, one of which decides on",
        ),
        ("charging.py:NODE", [], r"The node 'machine' of charging.py:NODE has no live form"),
        ("charging.py:AS_IT_IS", ["--topology", "processes"], r"no protocol of evaluations, so its processes run in"),
    ],
)
def test_what_has_no_live_form_is_refused_before_a_server_is_asked(
    ours: Path, reference: str, options: list[str], said: str
) -> None:
    done = deadheat("live", "check", reference, "--redis", "redis://127.0.0.1:1/0", *options)
    assert done.returncode == 2
    with pytest.raises((NoLiveFormError, UsageError), match=said):
        plan_check(Scenario(reference), 1, 1, LiveOptions(topology=options[-1] if options else "threads"))


def test_stress_is_for_protocols_and_says_so(ours: Path) -> None:
    done = deadheat("live", "stress", "charging.py:AS_IT_IS", "--redis", "redis://127.0.0.1:1/0")
    assert done.returncode == 2
    assert "is a design" in done.stdout + done.stderr


@pytest.mark.live
def test_a_component_that_returns_no_adapter_is_named(ours: Path, redis_url: str) -> None:
    with pytest.raises(LiveError, match=r"Nothing.live returned None for 'ledger'; return an adapter"):
        checked(redis_url, "charging.py:NOTHING", "answer-lost")


@pytest.mark.live
def test_a_protocol_with_a_component_of_ones_own_is_forced_with_its_adapter(
    ours: Path, redis_url: str, kubeconfig: Path
) -> None:
    with open_place(Where(redis_url=redis_url, kubeconfig=kubeconfig)) as place:
        results = check_live(place, Scenario("ours.py:PROTOCOL", 1, (), ("no-permanent-orphan", "noted-once")), 3, 1)
        assert outcomes(results) == {"no-permanent-orphan": LiveOutcome.CONFIRMED, None: LiveOutcome.AGREES}
        assert [each.unobserved for each in results] == [(), ()]
        found = outcomes(check_live(place, Scenario("ours.py:FORGETS", 1, (), ("noted-once",)), 10, 1))
        assert found == {None: LiveOutcome.DIVERGED}


@pytest.mark.live
def test_a_role_with_a_name_that_servers_have_elsewhere_is_run_and_told_of(
    ours: Path, redis_url: str, kubeconfig: Path
) -> None:
    with open_place(Where(redis_url=redis_url, kubeconfig=kubeconfig)) as place:
        stress(place, "ours.py:PROTOCOL", Load(4, 4, {}, settle_s=0.1), ours / "stress.jsonl")
    header, *events = map(json.loads, (ours / "stress.jsonl").read_text().splitlines())
    assert "audit" in header["components"]
    told = {each["process"] for each in events if each["component"].startswith("audit")}
    assert told == {f"watch/e{number}" for number in range(1, 5)}
    assert conform(*read_tape(ours / "stress.jsonl")).refused == ()
