"""A field of a declaration that is of another type than it is written with is refused where it is declared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from deadheat import (
    Claim,
    Components,
    Crash,
    Design,
    Fault,
    Label,
    Model,
    ModelError,
    Node,
    Process,
    Steps,
    always,
    crash,
    one,
    settled,
)
from deadheat.library import Mailbox, Memory, Row, Tasks
from deadheat.models.roles import Role

LOST = Fault("lost", "it is lost", "of this test")
S1 = Label("S1", "it is set")


@dataclass(frozen=True)
class Things(Components):
    """What there is."""

    row: Row = Row("row", 0)
    cache: Memory = Memory("cache")
    tasks: Tasks = Tasks("tasks")


def work(things: Things) -> Steps:
    yield things.row.set(1)


@always
def never_two(row: int) -> bool:
    return row == 2


WORKER: Role[Things] = one("worker", work)
THINGS = Design("things", "a row", "this test", Things(), (WORKER, one("other", work)), (never_two,))
NODE = Node("node", ("worker",), (crash(LOST),))


def changed(declared: Any, **changes: Any) -> Callable[[], Any]:
    return lambda: replace(declared, **changes)


@pytest.mark.parametrize(
    ("declare", "said"),
    [
        (changed(THINGS, key=5), "`key` of the design 'things' is 5; give it a text."),
        (changed(THINGS, quiet="no"), "`quiet` of the design 'things' is 'no'; give it True or False."),
        (
            changed(THINGS, expects=("never-two",)),
            "`expects` of the design 'things' is a tuple; give it a dict or None.",
        ),
        (changed(THINGS, budgets={LOST: 1}), "The budgets of the design 'things' name a Fault; name its kind, 'lost'."),
        (
            changed(THINGS, faults=LOST),
            "The faults of the design 'things' are no tuple but a Fault; write a tuple of faults, such as (FAULT,).",
        ),
        (
            changed(THINGS, faults=("lost",)),
            "Among the faults of the design 'things' is 'lost'; write a tuple of faults, such as (FAULT,).",
        ),
        (
            changed(THINGS, nodes=(NODE, replace(NODE, runs=("other",)))),
            "Two nodes of the design 'things' are named 'node'; give each a name of its own.",
        ),
        (
            changed(THINGS, nodes=(NODE, replace(NODE, name="second"))),
            "The role 'worker' of the design 'things' is on the nodes 'node' and 'second'; run it on one.",
        ),
        (
            changed(THINGS, nodes=(replace(NODE, volatile=(Memory("ledger"),)),)),
            "The component 'ledger' is said to be volatile, but is not there; add it to the components.",
        ),
        (
            changed(THINGS, nodes=(replace(NODE, volatile=(Things().row,)),)),
            "The component 'row' is said to be volatile, but has no operation `wipe`; make it a Memory, for one.",
        ),
        (
            changed(THINGS, nodes=(replace(NODE, key="key1"),)),
            "The node 'node' of the design 'things' is of one key; write each_key=True for one of each.",
        ),
        (changed(WORKER, name="my work"), "The name of a role is 'my work'; give it one without spaces."),
        (changed(WORKER, repeats="no"), "`repeats` of the role 'worker' is 'no'; give it True or False."),
        (changed(WORKER, owed="no"), "`owed` of the role 'worker' is 'no'; give it True or False."),
        (changed(WORKER, optional=1), "`optional` of the role 'worker' is 1; give it True or False."),
        (changed(WORKER, needs=["lost"]), "`needs` of the role 'worker' is a list; give it a Fault or a text or None."),
        (
            lambda: one("worker", work, repeat=True),  # type: ignore[call-arg]
            "There is no option of a role 'repeat'; did you mean repeats?",
        ),
        (lambda: crash(LOST, restarts="no"), "`restarts` of a crash is 'no'; give it True or False."),  # type: ignore[arg-type]
        (lambda: crash(7), "`fault` of a crash is 7; give it a Fault or a text."),  # type: ignore[arg-type]
        (
            lambda: crash(LOST, noticed=()),  # type: ignore[arg-type]
            "`noticed` of a crash is a tuple; give it a function of the components and the process.",
        ),
        (lambda: Crash(LOST, "no"), "`restarts` of a crash is 'no'; give it True or False."),  # type: ignore[arg-type]
        (
            lambda: Crash(LOST, True, Things().row.set(7)),  # type: ignore[arg-type]
            "The consequences of a crash are an Operation; write atomically(...), of one operation too.",
        ),
        (changed(NODE, name="my node"), "The name of a node is 'my node'; give it one without spaces."),
        (changed(NODE, each_key="no"), "`each_key` of the node 'node' is 'no'; give it True or False."),
        (
            changed(NODE, tasks=Tasks("tasks"), does=work, at_once=0),
            "`at_once` of the node 'node' is 0, so its tasks would never be done; give it 1.",
        ),
        (
            lambda: Mailbox("box", capacity=0),
            "The capacity of 'box' is 0; give it a whole number from 1 on, or leave it out.",
        ),
        (
            lambda: Model({}, (Process("worker", work, (), (Crash(LOST),)),)),  # type: ignore[arg-type]
            "`repeats` of the process 'worker' is a tuple; give it True or False.",
        ),
        (
            lambda: Model({}, (Process("worker", work, crashes=(LOST,)),)),  # type: ignore[arg-type]
            "Among the crashes of the process 'worker' of a model is a Fault; let each be a Crash.",
        ),
    ],
)
def test_what_is_no_such_thing_is_refused_where_it_is_declared(declare: Callable[[], Any], said: str) -> None:
    with pytest.raises(ModelError) as refused:
        declare()
    assert str(refused.value) == said


def test_a_property_with_two_decorators_is_told_that_it_has_them() -> None:
    with pytest.raises(ModelError, match=r"'never-two' \(.*\) is a property already, of kind always; choose one of"):
        settled(never_two)
    assert isinstance(never_two, Claim)
