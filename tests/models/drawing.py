"""Arguments for the operations of any component, drawn at random by the types that they are written with."""

from __future__ import annotations

import inspect
from enum import Enum
from typing import Any

from hypothesis import strategies as st

from deadheat.models.components.one_or_each import OneOrEach
from deadheat.models.components.redis import Redis
from deadheat.models.components.redis_keys import Keyspace
from deadheat.models.components.redis_transactions import Command
from deadheat.models.components.sql import Database, RowLock
from deadheat.models.components.sql.statements import Delete, Insert, Select, Update
from deadheat.sim.components import Component
from tests.models.sql_models import Job

__all__ = ["argument"]

TEXTS = ("a", "b")
REDIS_KEYS = ("lock:{e1}", "flag:{e1}")
ASKED = [Redis("it").set(REDIS_KEYS[0], "a"), Redis("it").get(REDIS_KEYS[1])]
REDIS_COMMANDS = ((), tuple(Command(each.name, each.arguments) for each in ASKED))
NAMED = {
    "evaluation": ("e1",),
    "tag": ("e1",),
    "fault": ("worker-crash", "loaded"),
}
"""The texts that are given for parameters of these names."""


IS_A, NEW = Job.id == "a", Job.status == "queued"
STATEMENTS = (
    Insert(Job("a"), False),
    Insert(Job("b"), True),
    Update("jobs", (Job.tries.to(1),), IS_A),
    Update("jobs", (Job.status.to("done"),), NEW),
    Delete("jobs", IS_A),
    Select("jobs", NEW, 1, RowLock.FOR_UPDATE),
    Select("jobs", None, None, RowLock.SKIP_LOCKED),
)
OF_DATABASES: dict[str, tuple[Any, ...]] = {
    "table": (Job,),
    "row": (Job("a"), Job("b", status="done")),
    "where": (None, IS_A, NEW),
    "limit": (None, 1),
    "changes": (Job.tries.to(1), (Job.status.to("done"), Job.tries.plus(1))),
    "statement": STATEMENTS,
}


OF_TYPES: dict[Any, tuple[Any, ...]] = {
    Any: (*TEXTS, 1, True, ("a", 1), frozenset({"a"})),
    bool: (False, True),
    int: (1, 2, 3),
    str | None: (None, *TEXTS),
    int | None: (None, 1, 2),
    tuple[Any, ...]: ((), TEXTS, ("a",)),
}
"""What is given for parameters of these types, for want of anything said of their names."""


def argument(component: Component, parameter: inspect.Parameter) -> st.SearchStrategy[Any]:
    """Draw an argument for a parameter."""
    return st.sampled_from(_samples(component, parameter.name, parameter.annotation))


def _samples(component: Component, name: str, kind: Any) -> tuple[Any, ...]:
    if isinstance(component, OneOrEach) and name == "key":
        return (None,)
    if kind is Select:
        return tuple(each for each in STATEMENTS if isinstance(each, Select))
    if isinstance(component, Database) and name in OF_DATABASES:
        return OF_DATABASES[name]
    if isinstance(component, Keyspace) and name == "key":
        return REDIS_KEYS
    if isinstance(component, Keyspace) and name == "commands":
        return REDIS_COMMANDS if isinstance(component, Redis) else ((),)
    if kind is str:
        return NAMED.get(name, TEXTS)
    if inspect.isclass(kind) and issubclass(kind, Enum):
        return tuple(kind)
    if kind not in OF_TYPES:
        raise NotImplementedError(f"say here what to give a {type(component).__name__} for {name}, a {kind}")
    return OF_TYPES[kind]
