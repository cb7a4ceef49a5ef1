"""Nodes: what runs on one dies at one instant with its memory, and does as one obvious process would."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import product
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from deadheat.models import nodes
from deadheat.models.components.chance import Chance
from deadheat.models.components.memory import Memory
from deadheat.models.components.node import NodeLife, NodeState, NodeStatus, Tasks
from deadheat.models.nodes import Node, with_nodes
from deadheat.models.roles import Steps
from deadheat.sim.components import BLOCKED, Step, Steps as StepsOf, operation
from deadheat.sim.errors import ModelError
from deadheat.sim.explain.confirm import confirm
from deadheat.sim.explore import kernel, python, reference
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.learn import tables
from deadheat.sim.model import Crash, Kind, Model, Process, Property, View
from deadheat.sim.operations import Instant, Operation, any_of, atomically
from deadheat.sim.run import simulation
from deadheat.sim.run.stepping import JointStep, steps_of_crash
from tests.sim.random_models import VALUES, Cell, Instruction, small

CRASH, OWN = "node-crash", "process-crash"


class VolatileCell(Cell):
    """A cell in the memory of a node."""

    @operation
    def wipe(self, value: int) -> StepsOf:
        return (Step(None, self.initial),)


DURABLE, MEMORY, DOWN = Cell("c"), VolatileCell("m"), Cell("d")
CELLS: tuple[Cell, Cell] = (DURABLE, MEMORY)
CHANCE = Chance("chance")


# A node of two roles against one process that is both of them


def _asked(instruction: Instruction) -> Operation:
    cell = CELLS[instruction.cell]
    operation: Operation = getattr(cell, instruction.name)(
        *([] if instruction.name == "get" else [instruction.argument])
    )
    return operation


def _next(program: tuple[Instruction, ...], at: int) -> Operation:
    """What is asked for at this place of a program; behind its end, what never comes."""
    return _asked(program[at]) if at < len(program) else DURABLE.wait_for(99)


def _after(program: tuple[Instruction, ...], at: int, outcome: Any) -> int:
    return at + (2 if outcome == program[at].skip_if else 1)


def alone(program: tuple[Instruction, ...]) -> Steps:
    at = 0
    while True:
        outcome = yield _next(program, at)
        at = _after(program, at, outcome)


class Own(NamedTuple):
    """The crash that the first of the roles has of its own: whether it restarts, and what is then set in the cells."""

    restarts: bool
    left: int


def both(one: tuple[Instruction, ...], other: tuple[Instruction, ...], own: Own | None) -> Steps:
    """The two roles as one, whose crash is one of the engine's own: obvious, and slow.

    A process that has not begun has nothing to lose and cannot crash, a node can before its processes have done
    anything: so this one begins with a look. That the first role crashes by itself is one more thing that may happen
    to it, once it has begun.
    """
    yield DURABLE.get()
    here, there, begun = 0, 0, False
    while True:
        asked: list[Instant] = [_next(one, here), _next(other, there)]
        if own is not None and begun:
            asked.append(atomically(CHANCE.occurs(OWN), DURABLE.set(own.left)))
        chosen = yield any_of(*asked)
        if chosen.which == 0:
            here, begun = _after(one, here, chosen.outcome), True
        elif chosen.which == 1:
            there = _after(other, there, chosen.outcome)
        else:
            assert own is not None
            here, begun = 0 if own.restarts else len(one), False


programs = st.lists(
    st.builds(
        Instruction,
        cell=st.integers(0, 1),
        name=st.sampled_from(["get", "set", "add", "wait_for", "toss"]),
        argument=small,
        skip_if=st.integers(-1, 1),
    ),
    min_size=1,
    max_size=3,
).map(tuple)
looks = st.builds(Instruction, cell=st.just(0), name=st.sampled_from(["get", "set", "wait_for"]), argument=small)
outside = st.lists(looks, max_size=2).map(tuple)


def _properties() -> tuple[Property, ...]:
    """One of each kind for every content of the cells, so that a verdict on all tells all that can be told."""

    def holds(content: tuple[int, ...]) -> Callable[[View], str | None]:
        return lambda view: "bad" if (view["c"], view["m"]) == content else None

    def jumped(content: tuple[int, ...]) -> Callable[[View, View], str | None]:
        return lambda before, after: "jumped" if (before["m"], after["m"]) == content else None

    def jumped_later(content: tuple[int, ...]) -> Callable[[View, View], str | None]:
        return lambda before, after: "jumped" if before["d"] and (before["c"], after["c"]) == content else None

    contents = list(product(range(VALUES), repeat=2))
    kinds = (Kind.ALWAYS, Kind.SETTLED, Kind.EVENTUALLY)
    return (
        *(Property(f"{kind} {each}", "", kind, ("c", "m"), holds(each)) for kind in kinds for each in contents),
        *(Property(f"step {each}", "", Kind.STEP, ("m",), jumped(each)) for each in contents if each[0] != each[1]),
        *(
            Property(f"step {each} once it crashed", "", Kind.STEP, ("c", "d"), jumped_later(each))
            for each in contents
            if each[0] != each[1]
        ),
    )


def _models(draw: Callable[[Any], Any]) -> tuple[Model, Model]:
    one, other, third = draw(programs), draw(programs), draw(outside)
    restarts, budget = draw(st.booleans()), draw(st.integers(0, 2))
    # What was lost by itself stays so when its node comes up again, which one process cannot remember.
    own = draw(st.none() | st.builds(Own, st.just(value=True) if restarts else st.booleans(), small))
    properties, budgets = _properties(), {CRASH: budget, OWN: draw(st.integers(1, 2)) if own else 0}
    beside = Process("beside", alone, (third,))
    components = {"c": DURABLE, "m": MEMORY, "d": DOWN}
    crashes = () if own is None else (Crash(OWN, own.restarts, atomically(DURABLE.set(own.left))),)
    processes = (Process("one", alone, (one,), crashes=crashes), Process("other", alone, (other,)), beside)
    node = Node("node", ("one", "other"), (Crash(CRASH, restarts, atomically(DOWN.set(1))),), (MEMORY,))
    on_node = with_nodes(Model(components, processes, properties, budgets), node)
    crash = Crash(CRASH, restarts, atomically(MEMORY.wipe(), DOWN.set(1)))
    obvious = Model(
        {**components, "chance": CHANCE},
        (Process("both", both, (one, other, own), crashes=(crash,)), beside),
        properties,
        budgets,
    )
    return on_node, obvious


def _compare(data: st.DataObject) -> None:
    on_node, obvious = _models(data.draw)
    found, expected = python.explore(on_node), python.explore(obvious)
    SEEN.update((name.partition(" ")[0] for name in expected.counterexamples), expected.faults_fired)
    assert set(found.counterexamples) == set(expected.counterexamples)
    for name, schedule in [*found.counterexamples.items()][:3]:
        assert confirm(on_node, name, schedule)[1]


COMPARED = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def test_two_roles_on_a_node_do_what_one_process_that_is_both_does() -> None:
    COMPARED(given(st.data())(_compare))()
    assert {"always", "settled", "eventually", "step", CRASH, OWN} <= SEEN


SEEN: set[str] = set()
"""The clauses that were met: what was violated, by the obvious model, and what went wrong in it."""


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_all_explorers_agree_on_nodes(data: st.DataObject) -> None:
    on_node, _ = _models(data.draw)
    expected = reference.explore(on_node, SearchOptions(300))
    if expected.complete:
        separate = python.explore(on_node, SearchOptions(merging=False))
        in_part = kernel.explore(on_node, SearchOptions(partial_order=True))
        for found in (separate, in_part, kernel.explore(on_node), python.explore(on_node)):
            assert set(found.counterexamples) == set(expected.counterexamples)
        assert separate.states == expected.states


def _goes_on_although_it_ended(self: NodeLife, value: NodeState, process: str) -> StepsOf:
    return (Step(None, value),) if value.status is NodeStatus.UP else BLOCKED


def _only_one_ends(self: NodeLife, value: NodeState, fault: str, restarts: bool) -> StepsOf:
    if value.status is not NodeStatus.UP:
        return BLOCKED
    return (Step(None, NodeState(NodeStatus.DOWN if restarts else NodeStatus.LOST, self.processes[:1]), fault=fault),)


def _the_dead_crash(model: Model, each: Crash, values: Mapping[str, Any]) -> Iterator[JointStep]:
    return steps_of_crash(model, replace(each, only_while=()), values)


@pytest.mark.parametrize(
    ("where", "name", "broken"),
    [
        ((NodeLife.alive,), "step", _goes_on_although_it_ended),
        ((NodeLife.crash,), "step", _only_one_ends),
        ((nodes,), "_wiped", lambda component, model, key: iter(())),
        ((tables, simulation), "steps_of_crash", _the_dead_crash),
    ],
)
def test_a_broken_node_is_noticed(
    where: tuple[Any, ...], name: str, broken: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in where:
        monkeypatch.setattr(each, name, broken)
    compare = settings(COMPARED, max_examples=600, phases=(Phase.generate,), database=None)(given(st.data())(_compare))
    with pytest.raises(AssertionError):
        compare()


# A worked example


def receive(cache: Memory, tasks: Tasks) -> Steps:
    yield cache.set("seen")
    yield tasks.hand(("o1",))


def mail(ledger: Memory, order: str) -> Steps:
    yield ledger.set(order)


def _mailing(budget: int, *, restarts: bool = True) -> Model:
    cache, tasks, ledger = Memory("cache"), Tasks("tasks"), Memory("ledger")

    def unsent(view: View) -> str | None:
        return "nothing was sent" if view["ledger"] is None else None

    def unsent_but_seen(view: View) -> str | None:
        return "seen, and never sent" if view["ledger"] is None and view["cache"] else None

    model = Model(
        {each.name: each for each in (cache, tasks, ledger)},
        (Process("receive", receive, (cache, tasks)),),
        (
            Property("sent", "", Kind.SETTLED, ("ledger",), unsent),
            Property("seen", "", Kind.SETTLED, ("ledger", "cache"), unsent_but_seen),
        ),
        {CRASH: budget},
    )
    node = Node("node", ("receive",), (Crash(CRASH, restarts),), (cache,), tasks=tasks, does=mail, given=(ledger,))
    return with_nodes(model, node)


def test_work_goes_on_after_its_role_has_ended() -> None:
    assert not python.explore(_mailing(0)).counterexamples


def test_work_that_was_handed_over_dies_with_the_node() -> None:
    model = _mailing(1)
    found = python.explore(model).counterexamples
    assert set(found) == {"sent"}  # its role has ended, so nobody hands it over again; what was seen is forgotten too
    trace, _ = confirm(model, "sent", found["sent"])
    steps = [(each.process, each.component, each.operation, dict(each.changes)) for each in trace.events]
    assert steps[:3] == [
        ("receive", "cache", "set", {"cache": "seen"}),
        ("receive", "tasks", "hand", {"tasks": "((o1,),)"}),
        ("node/node-crash", "node", "crash", {"node": "down", "cache": "None", "tasks": "()"}),
    ]


def test_a_node_that_is_lost_never_comes_up_again() -> None:
    model = _mailing(1, restarts=False)
    assert [each.name for each in model.processes if each.is_environment] == ["node/node-crash"]
    assert set(python.explore(model).counterexamples) == {"sent"}
    assert {each.status for each in python.explore(model).values["node"]} == {NodeStatus.UP, NodeStatus.LOST}


def test_without_a_budget_nothing_crashes_a_node() -> None:
    """It is there all the same: a budget may be given to a model later."""
    for budget, states in ((0, {NodeStatus.UP}), (1, {NodeStatus.UP, NodeStatus.DOWN})):
        model = replace(_mailing(0), budgets={CRASH: budget})
        assert {each.status for each in python.explore(model).values["node"]} == states


def test_what_cannot_be_a_node_is_refused() -> None:
    model = Model({"c": DURABLE}, (Process("one", alone, ((),)),), (), {CRASH: 1})
    crash = Crash(CRASH)
    for node, words in (
        (Node("node", ("two",), (crash,)), "The node 'node' runs what is not there.*did you mean 'one'|process 'two'"),
        (Node("c", ("one",), (crash,)), "is called like a component"),
        (Node("node", ("one",), (crash,), (DURABLE,)), "has no operation `wipe`"),
        (Node("node", ("one",), (crash,), (MEMORY,)), "is not there; add it"),
    ):
        with pytest.raises(ModelError, match=words):
            with_nodes(model, node)
    with pytest.raises(ModelError, match="on the nodes 'node' and 'next'"):
        with_nodes(model, Node("node", ("one",), (crash,)), Node("next", ("one",), (crash,)))
    with pytest.raises(ModelError, match="one of `tasks` and `does`"):
        Node("node", ("one",), (crash,), tasks=Tasks("tasks"))


def test_a_request_of_a_role_on_a_node_is_still_checked() -> None:
    def wrong() -> Steps:
        yield 5  # type: ignore[misc]

    def forgets() -> Steps:
        DURABLE.set(1)
        yield DURABLE.get()

    for role, words in ((wrong, "yielded an int"), (forgets, "made the request c.set")):
        model = Model({"c": DURABLE}, (Process("one", role),), (), {CRASH: 1})
        with pytest.raises(ModelError, match=words):
            python.explore(with_nodes(model, Node("node", ("one",), (Crash(CRASH),))))
