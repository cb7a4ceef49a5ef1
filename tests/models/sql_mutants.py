"""Broken databases, each of which the tests must notice."""

from __future__ import annotations

from typing import Any

from deadheat.models.components.sql import Database, SqlError
from deadheat.models.components.sql.execution import WAITS, begun, proceeded
from deadheat.models.components.sql.state import Waiting
from deadheat.models.components.sql.statements import Insert
from deadheat.sim.components import Step
from deadheat.sim.operations import Operation


class DirtyReads(Database):
    """Sees what others have not committed."""

    def apply(self, value: Any, request: Operation) -> Any:
        if request.name in ("select", "look"):
            rows = {(each.table, each.id): each for each in value.rows}
            rows.update({write.place: write.row for each in value.transactions for write in each.writes if write.row})
            seen = value._replace(rows=tuple(rows.values()))
            return [step._replace(value=value) for step in super().apply(seen, request)]
        return super().apply(value, request)


class KeepsLocks(Database):
    """Does not notice that a session is gone."""

    def apply(self, value: Any, request: Operation) -> Any:
        if request.name not in ("disconnect", "hang_up"):
            return super().apply(value, request)
        return [Step(None, value.with_transaction(value.transaction(*request.arguments)._replace(waiting=None)))]


class LooksOnce(Database):
    """Does what a statement has waited for without a second look at the WHERE."""

    def apply(self, value: Any, request: Operation) -> Any:
        waiting = value.transaction(request.arguments[0]).waiting if request.name == "go_on" else None
        steps = super().apply(value, request)
        if waiting is None or not steps or isinstance(waiting.statement, Insert) or steps[0].outcome is WAITS:
            return steps
        careless = waiting.statement._replace(where=None)
        transaction = value.transaction(request.arguments[0])
        return [proceeded(value, transaction, Waiting(careless, waiting.remaining, waiting.found))]


class LooksAnew(Database):
    """Lets a statement that has waited look for its rows again, as if it began then."""

    def apply(self, value: Any, request: Operation) -> Any:
        steps = super().apply(value, request)
        if request.name == "go_on" and steps and steps[0].outcome is not SqlError.DEADLOCK:
            transaction = value.transaction(request.arguments[0])
            return [begun(value, transaction._replace(waiting=None), transaction.waiting.statement)]
        return steps


class LocksNothing(Database):
    """Knows SELECT FOR UPDATE, and takes it for a SELECT."""

    def apply(self, value: Any, request: Operation) -> Any:
        if request.name == "lock":
            request = self.look(*request.arguments)
        return super().apply(value, request)


class WaitsForEver(Database):
    """Ends no deadlock."""

    def apply(self, value: Any, request: Operation) -> Any:
        return [each for each in super().apply(value, request) if each.outcome is not SqlError.DEADLOCK]


class CommitsOnCrash(Database):
    """Commits what a session had written when it ends."""

    def apply(self, value: Any, request: Operation) -> Any:
        name = "commit" if request.name in ("disconnect", "hang_up") else request.name
        return super().apply(value, Operation("db", name, request.arguments))[:1]
