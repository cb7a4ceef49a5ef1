"""Whether a step of the model is an event of a log: field by field, and what then has which name.

What the model says is put in the words of the event, not the other way round: the model's one name for the evaluation
is never anything else, and the evaluation's own name may be any word. Uids and tokens are made up by real servers: they
are bound to the model's at their first appearance, each to another.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple, TypeAlias

from deadheat.live.logs.attribution import THE_ONE
from deadheat.live.logs.tape import LiveEvent
from deadheat.models.components.kubernetes import JobReference
from deadheat.sim.operations import Operation
from deadheat.sim.render import render

__all__ = ["Bindings", "Told", "differing", "in_words_of", "unify"]

TOKEN = re.compile(r"token-.*-\d+")
WORD = re.compile(rf"(?<![A-Za-z0-9]){THE_ONE}(?![A-Za-z0-9])")

Key: TypeAlias = tuple[str, Any]
"""What kind of thing that real servers name, and what the model calls it."""

Bindings: TypeAlias = tuple[tuple[Key, Any], ...]
"""What the model calls something, each with what the real servers call it."""

JOB, OWNER, TOKEN_KIND = "Job", "owner", "token"

UIDS = {"uid": JOB, "owner": OWNER}
"""The arguments that are uids, by their names, and whose they are."""

UID_OUTCOMES = {"get_owner": OWNER}
"""The operations that answer a uid by itself."""


class Told(NamedTuple):
    """A step of the model that a log tells of: who does what, with which outcome; `names` are the arguments' names."""

    process: str
    operation: Operation
    names: tuple[str, ...]
    outcome: Any


def unify(told: Told, event: LiveEvent, evaluation: str, bindings: Bindings) -> Bindings | None:
    """Return the bindings under which a step of the model is the event, or None if it cannot be."""
    known = dict(bindings)
    if next(_differences(told, event, evaluation, known), None) is not None:
        return None
    return tuple(sorted(known.items(), key=repr))


def differing(told: Told, event: LiveEvent, evaluation: str, bindings: Bindings) -> tuple[str, ...]:
    """Return the fields in which an event is not the step: component, operation, process, an argument, the outcome.

    Of what is done to something else, or is something else that is done, the arguments and outcomes say nothing.
    """
    return tuple(_differences(told, event, evaluation, dict(bindings)))


def _differences(told: Told, event: LiveEvent, evaluation: str, known: dict[Key, Any]) -> Any:
    operation = told.operation
    component = operation.component.partition("/")[0]
    if event.component not in (in_words_of(evaluation, operation.component), component):
        yield "component"
    elif operation.name != event.operation:
        yield "operation"
    if event.process not in (None, in_words_of(evaluation, told.process)):
        yield "process"
    if event.component.partition("/")[0] != component or operation.name != event.operation:
        return
    for name, mine, theirs in zip(told.names, operation.arguments, event.arguments, strict=False):
        if not _same(mine, theirs, evaluation, known, UIDS.get(name)):
            yield f"argument {name}"
    if not _same(told.outcome, event.outcome, evaluation, known, UID_OUTCOMES.get(operation.name)):
        yield "outcome"


def in_words_of(evaluation: str, value: Any) -> Any:
    """Return a value of the model with the evaluation's own name in it."""
    if type(value) is str:
        return WORD.sub(lambda _: evaluation, value)
    if isinstance(value, tuple):
        items = [in_words_of(evaluation, each) for each in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    return value


def _same(mine: Any, theirs: Any, evaluation: str, known: dict[Key, Any], uid_of: str | None = None) -> bool:
    """Return whether a value of the model is that of an event, adding to what is known."""
    if uid_of is not None and type(mine) is int and type(theirs) is int:
        return _bound(known, (uid_of, mine), theirs)
    if isinstance(mine, JobReference) and isinstance(theirs, JobReference):
        named = in_words_of(evaluation, mine._replace(uid=0))
        return bool(named == theirs._replace(uid=0)) and _bound(known, (JOB, mine.uid), theirs.uid)
    if isinstance(mine, str) and isinstance(theirs, str) and TOKEN.fullmatch(mine):
        return _bound(known, (TOKEN_KIND, mine), theirs)
    if isinstance(mine, tuple) and isinstance(theirs, tuple):
        if type(mine) is not type(theirs) or len(mine) != len(theirs):  # to have timed out is not to have given up
            return False
        return all(_same(one, other, evaluation, known) for one, other in zip(mine, theirs, strict=True))
    mine = in_words_of(evaluation, mine)
    if isinstance(theirs, str):
        return bool(theirs == mine) or theirs == render(mine)
    return isinstance(mine, bool) is isinstance(theirs, bool) and bool(mine == theirs)


def _bound(known: dict[Key, Any], key: Key, theirs: Any) -> bool:
    """Return whether something may have this name: its own, or one that nothing else of its kind has."""
    if key not in known and any(kind == key[0] and name == theirs for (kind, _), name in known.items()):
        return False
    return bool(known.setdefault(key, theirs) == theirs)
