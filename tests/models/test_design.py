"""A design is what its declarations say: no more processes, components, faults and properties, and no fewer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import pytest

from deadheat import (
    BLOCKED,
    UNLIMITED,
    Change,
    Component,
    Components,
    Crash,
    Design,
    Fault,
    Kind,
    Label,
    Model,
    ModelError,
    Node,
    Operation,
    Outcomes,
    Part,
    Process,
    Property,
    Protocol,
    Role,
    Step,
    Steps,
    UsageError,
    always,
    atomically,
    by_itself,
    check,
    crash,
    each_step,
    eventually,
    expires,
    one,
    one_each,
    operation,
    settled,
    several,
    several_each,
    weaker,
)
from deadheat.library import CancelRequest, Chance, Memory, Status, System, Tasks, baseline
from deadheat.sim.explore import python
from deadheat.sim.explore.results import Exploration

LOST = Fault("message-lost", "a message is lost", "AMQP 0-9-1")
KILLED = Fault("shop-killed", "the shop is killed", "Kubernetes: Pod Lifecycle")
AGAIN = Fault("second-relay", "a second relay is started", "Kubernetes: CronJob, concurrencyPolicy")

S1 = Label("S1", "the order is written")
S2 = Label("S2", "the message is sent")


class Order(NamedTuple):
    """An order."""

    written: bool = False
    shipped: int = 0
    noticed: int = 0


class Orders(Component):
    """One row an order."""

    keyed = True
    initial = Order()

    @operation
    def write(self, value: Order, order: str) -> Outcomes:
        return (Step(None, value._replace(written=True)),)

    @operation
    def ship(self, value: Order, order: str) -> Outcomes:
        return (Step(None, value._replace(shipped=value.shipped + 1)),)

    @operation
    def notice(self, value: Order, order: str) -> Outcomes:
        return (Step(None, value._replace(noticed=value.noticed + 1)),)


class Post(Component):
    """Letters under way."""

    initial: frozenset[str] = frozenset()
    faults = (LOST,)

    @operation
    def send(self, value: frozenset[str], letter: str) -> Outcomes:
        return (Step(None, value | {letter}),)

    @operation
    def take(self, value: frozenset[str], letter: str) -> Outcomes:
        return (Step(None, value - {letter}),) if letter in value else BLOCKED

    @by_itself("the postman", owed=False, fault=LOST)
    @operation
    def lose(self, value: frozenset[str]) -> Outcomes:
        return [Step(None, value - {each}, fault=LOST) for each in sorted(value)]


@dataclass(frozen=True)
class Shop(Components):
    """What the shop consists of."""

    orders: Orders = Orders("orders")
    post: Post = Post("post")


def place(shop: Shop, order: str) -> Steps:
    yield S1(shop.orders.write(order))
    yield S2(shop.post.send(order))


def deliver(shop: Shop, order: str) -> Steps:
    yield shop.post.take(order)
    yield shop.orders.ship(order)


def relay(shop: Shop) -> Steps:
    for order in shop.keys:
        yield shop.orders.notice(order)


def numbered(shop: Shop, number: int) -> Steps:
    yield shop.orders.notice(shop.keys[number % len(shop.keys)])


def told_of(shop: Shop, me: Any) -> tuple[Operation, ...]:
    return (shop.orders.notice(me.key),)


@settled
def written_is_shipped(order: str, orders: Order) -> str | None:
    """Once everything has settled, every written order is shipped."""
    return f"{order} was never shipped" if orders.written and not orders.shipped else None


@always("shipped-once", "no order is shipped twice")
def shipped_once(orders: Order) -> bool:
    return orders.shipped > 1


@each_step
def stays_shipped(orders: Change[Order], post: Change[frozenset[str]]) -> bool:
    """What is shipped stays so."""
    return orders.after.shipped < orders.before.shipped


@eventually
def nothing_under_way(post: frozenset[str]) -> bool:
    """Every letter arrives."""
    return bool(post)


@always(across=True)
def not_all_at_once(orders: Mapping[str, Order]) -> bool:
    """Never are all orders shipped."""
    return all(each.shipped for each in orders.values())


CLAIMS = (written_is_shipped, shipped_once, stays_shipped, nothing_under_way)
SHOP = Design(
    name="shop",
    summary="writes, then sends",
    source="a test",
    key="order",
    components=Shop(),
    roles=(
        one_each("shop", place, crashes=(crash(KILLED, restarts=False, noticed=told_of),)),
        one_each("delivery", deliver, repeats=True),
    ),
    claims=CLAIMS,
)


def by_hand(orders: int, budgets: dict[str, int]) -> Model:
    """The same, written out on the engine: the obvious twin."""
    keys = tuple(f"order{number}" for number in range(1, orders + 1))
    shop = replace(Shop(), keys=keys)
    processes = []
    for key in keys:
        killed = Crash("shop-killed", False, atomically(shop.orders.notice(key)))
        processes.append(Process(f"shop/{key}", place, (shop, key), crashes=(killed,)))
        processes.append(Process(f"delivery/{key}", deliver, (shop, key), repeats=True))
    if budgets.get("message-lost"):
        processes.append(Process("the postman", lose, (shop,), repeats=True, owed=False))

    def part(key: str, violation: Any) -> Part:
        return Part((f"orders/{key}",), lambda *views: violation(*(view[f"orders/{key}"] for view in views)))

    properties = (
        Property.of_parts(
            "written-is-shipped",
            "",
            Kind.SETTLED,
            (part(key, lambda each: "no" if each.written and not each.shipped else None) for key in keys),
        ),
        Property.of_parts(
            "shipped-once",
            "",
            Kind.ALWAYS,
            (part(key, lambda each: "no" if each.shipped > 1 else None) for key in keys),
        ),
        Property.of_parts(
            "stays-shipped",
            "",
            Kind.STEP,
            (part(key, lambda old, new: "no" if new.shipped < old.shipped else None) for key in keys),
        ),
        Property("nothing-under-way", "", Kind.EVENTUALLY, ("post",), lambda view: "no" if view["post"] else None),
    )
    return Model(shop.instances(), tuple(processes), properties, budgets)


def lose(shop: Shop) -> Steps:
    yield shop.post.lose()


@pytest.mark.parametrize("orders", [1, 2])
@pytest.mark.parametrize("kinds", [(), ("message-lost",), ("shop-killed",), ("message-lost", "shop-killed")])
def test_a_design_is_the_model_that_one_would_write_by_hand(orders: int, kinds: tuple[str, ...]) -> None:
    budgets = dict.fromkeys(kinds, 1)
    declared, written = python.explore(SHOP.model(orders, budgets)), python.explore(by_hand(orders, budgets))
    assert (declared.states, declared.transitions) == (written.states, written.transitions)
    lengths = [
        {name: len(each.choices) for name, each in found.counterexamples.items()} for found in (declared, written)
    ]
    assert lengths[0] == lengths[1]


def lengths(found: Exploration) -> dict[str, int]:
    return {name: len(each.choices) for name, each in found.counterexamples.items()}


def names(design: Design[Any], count: int = 1, **budgets: int) -> list[str]:
    return [each.name for each in design.model(count, budgets).processes]


def test_there_is_one_process_a_key_or_one_or_so_many_as_is_said() -> None:
    roles: tuple[Role[Shop], ...] = (
        one_each("shop", place),
        several_each("delivery", lambda shop, order, number: deliver(shop, order), count=2),
        one("relay", relay),
        several("helper", numbered, count=lambda faults: 1 + faults.get("message-lost", 0)),
    )
    design = replace(SHOP, roles=roles)
    a_key = ["shop/order1", "delivery/order1/1", "delivery/order1/2"]
    assert names(design) == [*a_key, "relay", "helper/1"]
    assert names(design, **{"message-lost": 1}) == [*a_key, "relay", "helper/1", "helper/2", "the postman"]
    assert names(design, 2)[:6] == [*a_key, *(each.replace("1", "2", 1) for each in a_key)]


@dataclass(frozen=True)
class ShopWithChance(Shop):
    """The shop, and what may happen."""

    chance: Chance = Chance("chance")


def relay_by_chance(shop: ShopWithChance) -> Steps:
    yield shop.chance.occurs(AGAIN.kind)
    yield from relay(shop)


def test_what_needs_a_fault_is_there_only_with_a_budget_for_it() -> None:
    relays = (one("relay", relay_by_chance, needs=AGAIN),)
    design: Design[Any] = Design(
        "shop", "a shop", "this test", ShopWithChance(), (*SHOP.roles, *relays), SHOP.claims, "order"
    )
    assert "relay" not in names(design)
    assert "relay" in names(design, **{"second-relay": 1})
    assert list(design.kinds) == ["message-lost", "shop-killed", "second-relay"]
    assert check(design, faults={"second-relay": 1}).result.missed == ()


def test_a_role_that_needs_a_fault_on_which_no_step_draws_is_refused() -> None:
    with pytest.raises(ModelError, match=r"needs the fault 'second-relay', on which no step can draw; let it begin"):
        replace(SHOP, roles=(*SHOP.roles, one("relay", relay, needs=AGAIN)))
    assert replace(SHOP, roles=(*SHOP.roles, one("relay", relay, needs=LOST)))  # on which the postman draws
    assert replace(SHOP, roles=(*SHOP.roles, one("relay", relay, needs=AGAIN)), faults=(AGAIN,))


def test_a_role_is_like_one_that_there_is() -> None:
    with pytest.raises(ModelError, match="The role 'relay' is like none: There is no role 'shp'; did you mean shop"):
        replace(SHOP, roles=(*SHOP.roles, one("relay", relay, like="shp")))


def test_who_notices_a_crash_is_told_which_process_it_was() -> None:
    (process, _) = SHOP.model(1).processes
    assert [str(each) for each in process.crashes[0].consequences.operations] == ["orders/order1.notice(order1)"]
    assert (process.part, process.key) == ("shop", "order1")


def test_properties_are_named_for_their_functions_and_say_what_these_say() -> None:
    assert {each.name: each.meaning for each in SHOP.claims} == {
        "written-is-shipped": "once everything has settled, every written order is shipped",
        "shipped-once": "no order is shipped twice",
        "stays-shipped": "what is shipped stays so",
        "nothing-under-way": "every letter arrives",
    }
    assert shipped_once(Order(shipped=2)) is True


def test_a_property_across_all_is_given_every_key() -> None:
    found = check(replace(SHOP, claims=(not_all_at_once,)), evaluations=2).verdicts
    assert found == {"not-all-at-once": "violated"}


@pytest.mark.parametrize(
    ("faults", "violated"),
    [
        ({}, set()),
        ({"message-lost": 1}, {"written-is-shipped"}),
        ({"shop-killed": 1}, {"written-is-shipped"}),
    ],
)
def test_a_design_is_checked_like_a_protocol(faults: dict[str, int], violated: set[str]) -> None:
    found = check(SHOP, faults=faults)
    assert {name for name, verdict in found.verdicts.items() if verdict == "violated"} == violated
    assert found.result.labels == ("S1", "S2")


def test_a_variant_is_the_same_but_for_what_it_says() -> None:
    def send_first(shop: Shop, order: str) -> Steps:
        yield S2(shop.post.send(order))
        yield shop.orders.write(order)

    fixed = SHOP.variant("fixed", "sends first", roles={"shop": send_first}, expects={"shipped-once": "holds"})
    assert [each.function for each in fixed.roles] == [send_first, deliver]
    assert fixed.roles[0].crashes == SHOP.roles[0].crashes
    assert check(fixed).result.labels == ("S2",)  # what it does without is not missed
    assert names(SHOP.variant("alone", "nobody delivers", without=("delivery",))) == ["shop/order1"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"claims": ()}, "There are no properties in the design 'shop', so all would be well; claim one"),
        ({"roles": ()}, "There are no roles in the design 'shop'"),
        ({"roles": (SHOP.roles[0], SHOP.roles[0])}, "Two roles of the design 'shop' are named 'shop'"),
        ({"claims": (shipped_once, shipped_once)}, "Two properties of the design 'shop' are named 'shipped-once'"),
        (
            {"budgets": {"message-lots": 1}},
            "There is no fault in the design 'shop' of the kind 'message-lots'",
        ),
        ({"expects": {"shipped-twice": "holds"}}, "There is no property of the design 'shop' named 'shipped-twice'"),
        (
            {"expects": {"shipped-once": "yes"}},
            "What the design 'shop' expects of 'shipped-once' is 'yes'; write",
        ),
        ({"key": "an order"}, "The key of the design 'shop' is 'an order'; give it one word"),
        ({"faults": (LOST._replace(meaning="another"),)}, "Two different faults are of the kind"),
    ],
)
def test_a_design_that_cannot_be_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ModelError) as refused:
        replace(SHOP, **changes)
    assert str(refused.value).startswith(said)


class Ledger(Component):
    """How often somebody was billed."""

    keyed = True
    initial = 0

    @operation
    def bill(self, value: int, evaluation: str) -> Outcomes:
        return (Step(None, value + 1),)


@dataclass(frozen=True)
class Ours(System):
    """The library's components, and a ledger."""

    ledger: Ledger = Ledger("ledger")


def bill_and_cancel(system: Ours, request: CancelRequest) -> Steps:
    yield system.ledger.bill(request.evaluation)
    yield from baseline.cancel(system, request)


@always
def billed_if_cancelled(ledger: int, status: Any) -> bool:
    """Nobody is cancelled without a bill."""
    return status.status is Status.CANCELLED and not ledger


@always
def never_billed(ledger: int) -> bool:
    """Nobody pays."""
    return ledger > 0


def test_a_users_own_component_stands_beside_the_librarys() -> None:
    protocol: Protocol = replace(
        baseline.BASELINE,
        name="billing",
        components=Ours,
        cancel=bill_and_cancel,
        claims=(billed_if_cancelled, never_billed),
    )
    found = check(protocol)
    assert found.verdicts["billed-if-cancelled"] == "holds"
    assert found.verdicts["never-billed"] == "violated"
    assert found.verdicts["no-permanent-orphan"] == check("baseline").verdicts["no-permanent-orphan"]


def test_a_node_takes_its_roles_and_its_memory_with_it() -> None:
    @dataclass(frozen=True)
    class Cached(Shop):
        cache: Memory = Memory("cache", keyed=True)

    def remember(shop: Cached, order: str) -> Steps:
        yield shop.cache.set(True, order)
        yield shop.orders.write(order)
        if (yield shop.cache.get(order)):
            yield shop.orders.ship(order)

    def wait(shop: Cached, order: str) -> Steps:
        yield shop.post.take(order)

    design: Design[Cached] = Design(
        name="cached",
        summary="remembers",
        source="a test",
        key="order",
        components=Cached(),
        roles=(one_each("shop", remember), one_each("waiting", wait)),
        claims=(written_is_shipped, shipped_once),
        nodes=(
            Node(
                "machine",
                runs=("shop", "waiting"),
                crashes=(Crash(KILLED, restarts=False),),
                volatile=(Cached().cache,),
                each_key=True,
            ),
        ),
    )
    assert set(design.kinds) == {"message-lost", "shop-killed"}
    assert check(design).verdicts["written-is-shipped"] == "holds"
    killed = check(design, evaluations=2, faults={"shop-killed": 1})
    assert killed.verdicts["written-is-shipped"] == "violated"
    assert killed.verdicts["shipped-once"] == "holds"


POD = Node("pod", runs=("shop",), crashes=(crash(KILLED, restarts=False, noticed=told_of),), each_key=True)


def test_a_node_of_each_key_dies_with_its_own_key_alone_and_others_notice() -> None:
    design = replace(SHOP, roles=(one_each("shop", place), SHOP.roles[1]), nodes=(POD,))
    assert check(design).verdicts["written-is-shipped"] == "holds"
    found = check(design, evaluations=2, faults={"shop-killed": 1})
    assert found.verdicts["written-is-shipped"] == "violated"
    told = [each.changes for each in found.counterexamples["written-is-shipped"].trace.events if each.fault]
    assert all("noticed=1" in str(each) for each in told)


@pytest.mark.parametrize(
    ("node", "said"),
    [
        (replace(POD, runs=("shpo",)), "The node 'pod' of the design 'shop' runs what is not there: There is no role"),
        (replace(POD, runs=("relay",)), "The node 'pod' of the design 'shop' is one each key, and runs 'relay', which"),
        (replace(POD, runs=("shop/order1",)), "The node 'pod' of the design 'shop' runs what is not there"),
    ],
)
def test_a_node_that_would_run_nothing_is_refused(node: Node, said: str) -> None:
    with pytest.raises(ModelError) as refused:
        replace(SHOP, roles=(*SHOP.roles, one("relay", relay)), nodes=(node,))
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"runs": "shop"}, "The runs of the node 'pod' are no tuple but 'shop'"),
        ({"crashes": crash(KILLED)}, "The crashes of the node 'pod' are no tuple but a RoleCrash"),
        ({"volatile": (Orders,)}, "Among the volatile of the node 'pod' is the class Orders"),
    ],
)
def test_a_node_made_of_the_wrong_thing_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ModelError) as refused:
        replace(POD, **changes)
    assert str(refused.value).startswith(said)


def test_what_a_crash_of_a_node_leads_to_must_be_possible_wherever_it_can_crash() -> None:
    def taken(shop: Shop, me: Any) -> tuple[Operation, ...]:
        return (shop.post.take(me.key),)

    pod = replace(POD, crashes=(crash(KILLED, noticed=taken),))
    design = replace(SHOP, roles=(one_each("shop", place), SHOP.roles[1]), nodes=(pod,))
    with pytest.raises(ModelError, match="follows from a crash, so it must have exactly one step, not 0"):
        check(design, faults={"shop-killed": 1})


def test_a_field_that_is_given_another_component_without_being_one_is_refused() -> None:
    class Another(Shop):
        post = Post("post")

    with pytest.raises(ModelError, match=r"Another\.post is given another component, which no field is"):
        Another()


def deliver_some(shop: Shop, order: str, number: int) -> Steps:
    yield from deliver(shop, order)


def test_a_field_that_a_design_does_not_have_is_told_with_the_nearest() -> None:
    with pytest.raises(ModelError, match="no field of a design 'role'; did you mean roles"):
        SHOP.variant("fixed", "sends first", role={})


def test_a_variant_may_have_another_number_of_a_role() -> None:
    more = SHOP.variant("more", "two deliveries", roles={"delivery": several_each("delivery", deliver_some, 2)})
    assert names(more) == ["shop/order1", "delivery/order1/1", "delivery/order1/2"]
    with pytest.raises(ModelError, match="The role 'delivery' was changed to one that is named 'other'; name it alike"):
        SHOP.variant("more", "two deliveries", roles={"delivery": several_each("other", deliver_some, 2)})


def test_who_is_left_out_may_be_told_one_by_one() -> None:
    assert names(SHOP.variant("alone", "nobody delivers", without=(each for each in ["delivery"]))) == ["shop/order1"]


def test_a_step_property_that_takes_a_change_for_a_value_is_told_so() -> None:
    @each_step
    def never_shipped(orders: Change[Order]) -> bool:
        """Nothing is shipped."""
        return orders == Order(shipped=1)

    with pytest.raises(ModelError, match="is given a Change of each component; look at its"):
        check(replace(SHOP, claims=(never_shipped,)))


@pytest.mark.parametrize(
    "violation",
    [
        lambda orders: orders == Order(shipped=1),
        lambda orders: not orders != Order(shipped=1),  # noqa: SIM202 - each of the two is asked
        lambda orders: Order(shipped=1) in orders,
        lambda orders: Order(shipped=1) < orders,
        lambda orders: orders >= 1,
        lambda orders: bool(orders.get("shipped")),
    ],
)
def test_a_property_across_all_that_takes_the_mapping_for_a_value_is_told_so(violation: Any) -> None:
    claim = always("nothing-shipped", across=True)(violation)
    with pytest.raises(ModelError, match=r"its keys are order1, order2\); look at what it holds for one of them"):
        check(replace(SHOP, claims=(claim,)), evaluations=2)


def test_a_property_across_all_may_compare_two_components_and_ask_for_a_key() -> None:
    @always(across=True)
    def none_written(orders: Mapping[str, Order], post: frozenset[str]) -> bool:
        return orders == dict(orders) and "order1" in orders and orders["order1"].written and bool(post)

    assert check(replace(SHOP, claims=(none_written,))).verdicts == {"none-written": "violated"}


@pytest.mark.parametrize(
    ("noticed", "said"),
    [
        (lambda shop, me: None, "is None; return a tuple of operations"),
        (lambda shop, me: shop.orders.notice(me.key), "is an Operation; return a tuple of operations"),
        (lambda: (), "failed in "),
    ],
)
def test_what_is_noticed_of_a_crash_is_a_tuple_of_operations(noticed: Any, said: str) -> None:
    design = replace(SHOP, roles=(one_each("shop", place, crashes=(crash(KILLED, noticed=noticed),)),))
    with pytest.raises(ModelError, match=said):
        check(design, faults={"shop-killed": 1})


@pytest.mark.parametrize("mark", [by_itself, expires, weaker])
def test_a_mark_that_takes_something_does_not_stand_alone(mark: Any) -> None:
    with pytest.raises(ModelError, match="stands above an operation without parentheses"):
        mark(operation(Orders.ship.step))


def test_a_component_that_is_called_like_the_key_is_refused() -> None:
    with pytest.raises(ModelError, match="A component of the design 'shop' is named 'post', as its key is"):
        replace(SHOP, key="post", claims=(not_all_at_once,))


def test_what_a_node_does_later_has_labels_too() -> None:
    @dataclass(frozen=True)
    class Later(Shop):
        tasks: Tasks = Tasks("tasks")

    def do(shop: Later, order: str) -> Steps:
        yield shop.post.take("nothing ever")
        yield S2(shop.orders.ship(order))

    def hand_over(shop: Later, order: str) -> Steps:
        yield S1(shop.orders.write(order))

    later = Later()
    design = Design(
        name="later",
        summary="hands over",
        source="a test",
        key="order",
        components=later,
        roles=(one_each("shop", hand_over),),
        claims=(shipped_once,),
        nodes=(Node("machine", ("shop",), (crash(KILLED),), tasks=later.tasks, does=do, given=(later,)),),
    )
    assert check(design).verdicts == {"shipped-once": "vacuous"}
    assert check(design).result.missed == ("S2",)


def test_a_large_design_may_meet_a_fault_that_it_declares_itself() -> None:
    class Meter(Component):
        keyed = True
        initial = 0

        @operation
        def turn(self, value: int, order: str) -> Outcomes:
            return (Step(None, (value + 1) % 60), Step(None, 0, fault=AGAIN))

    @dataclass(frozen=True)
    class Metered(Components):
        meter: Meter = Meter("meter")

    def turning(metered: Metered, order: str) -> Steps:
        yield metered.meter.turn(order)

    @always
    def small(meter: int) -> bool:
        """It is small."""
        return meter > 59

    design = Design(
        name="metered",
        summary="turns",
        source="a test",
        key="order",
        components=Metered(),
        roles=(one_each("turning", turning, repeats=True),),
        claims=(small,),
        faults=(AGAIN,),
    )
    assert check(design, evaluations=2).verdicts == {"small": "holds"}


def test_a_node_runs_the_roles_that_it_names_and_none_that_is_like_them() -> None:
    alike = one("other", relay, like="shop")
    design = replace(
        SHOP, roles=(one_each("shop", place), alike), nodes=(replace(POD, each_key=False, crashes=(crash(KILLED),)),)
    )
    kept = {each.name: each.role for each in design.model(1).processes}
    assert kept["other"] is relay
    assert kept["shop/order1"] is not place
    alone = replace(POD, runs=("relay",), each_key=False, crashes=(crash(KILLED),), volatile=())
    design = replace(SHOP, roles=(one("relay", relay), one("other", relay, like="relay")), nodes=(alone,))
    kept = {each.name: each.role for each in design.model(1).processes}
    assert kept["other"] is relay
    assert kept["relay"] is not relay


class Register(Component):
    """Whether the pod is lost, and whether somebody has noticed that the shop was killed."""

    initial: tuple[bool, bool] = (False, False)

    @operation
    def lose(self, value: tuple[bool, bool]) -> Outcomes:
        return (Step(None, (True, value[1])),)

    @operation
    def notice(self, value: tuple[bool, bool]) -> Outcomes:
        return (Step(None, (value[0], True)),)


@dataclass(frozen=True)
class RegisteredShop(Shop):
    """The shop, and who has died of it."""

    register: Register = Register("register")


@each_step
def died_twice(register: Change[tuple[bool, bool]]) -> bool:
    """Nobody is killed who is dead already."""
    return register.before == (True, False) and register.after == (True, True)


@always
def killed(register: tuple[bool, bool]) -> bool:
    """The shop is not killed by itself."""
    return register == (False, True)


def test_a_process_on_a_node_has_crashes_of_its_own_as_long_as_it_lives() -> None:
    def noticed(shop: RegisteredShop, me: Any) -> tuple[Operation, ...]:
        return (shop.register.notice(),)

    def lost(shop: RegisteredShop, me: Any) -> tuple[Operation, ...]:
        return (shop.register.lose(),)

    shop = one_each("shop", place, crashes=(crash(KILLED, restarts=False, noticed=noticed),))
    node = Node("pod", ("shop",), (crash(LOST, restarts=False, noticed=lost),))
    roles: tuple[Role[Any], ...] = (shop,)
    design: Design[Any] = Design("shop", "a shop", "here", RegisteredShop(), roles, (died_twice, killed), nodes=(node,))
    found = check(design, faults={"message-lost": 1, "shop-killed": 1})
    assert found.verdicts == {"died-twice": "holds", "killed": "violated"}
    alone = found.counterexamples["killed"].trace.events
    assert [each.fault for each in alone] == [None, "shop-killed"]


def test_a_property_that_returns_nothing_is_refused() -> None:
    def forgets(orders: Order) -> None:
        """Nothing is shipped twice."""
        if orders.shipped > 1:
            f"{orders} is shipped twice"

    with pytest.raises(ModelError, match="returns nothing, so nothing could violate it"):
        always(forgets)


@pytest.mark.parametrize("of", [Property("a", "", Kind.ALWAYS, ("orders",), lambda view: None), shipped_once])
def test_the_kind_of_a_property_is_no_text(of: Any) -> None:
    with pytest.raises(ModelError, match=r"The kind of the property .* is 'always'; give it one of Kind"):
        replace(of, kind="always")


def test_how_many_processes_there_are_is_no_matter_of_a_fault_without_end() -> None:
    role = several("helper", numbered, count=lambda faults: 1 + faults.get("message-lost", 0))
    design = replace(SHOP, roles=(*SHOP.roles, role))
    assert "helper/2" in names(design, **{"message-lost": 1})
    with pytest.raises(UsageError, match="depends on the fault 'message-lost', which cannot happen without end"):
        names(design, **{"message-lost": UNLIMITED})


def test_a_fault_that_only_what_happens_by_itself_names_is_to_be_declared() -> None:
    class Clock(Component):
        initial = 0

        @by_itself(fault="clock-drift")
        @operation
        def drift(self, value: int) -> Outcomes:
            return (Step(None, 1),) if not value else BLOCKED

    @dataclass(frozen=True)
    class Clocked(Shop):
        clock: Clock = Clock("clock")

    with pytest.raises(ModelError, match="There is no fault 'clock-drift'"):
        replace(SHOP, components=Clocked())
