"""A SQL database at READ COMMITTED, as PostgreSQL has it: several tables, transactions, and the locks of rows.

One database holds all the tables that a transaction may span, such as the orders and the outbox of their events.

- What a transaction has written, no other session sees until it commits. Each statement sees what was committed when it
  began, and what its own transaction has written (PostgreSQL documentation, 13.2.1 Read Committed Isolation Level).
- UPDATE, DELETE and SELECT FOR UPDATE look for their rows as of their beginning, and lock them in the order of their
  keys. Where another session has locked one, they wait until that has ended; then they evaluate the WHERE again on the
  new version of that row, and on no other row (13.2.1). A row that has been locked stays so even if the WHERE no longer
  holds of it. SKIP LOCKED passes over locked rows (SELECT, "The Locking Clause").
- All row locks exclude each other, and end with the transaction: by COMMIT, ROLLBACK, an error, or the end of the
  session (13.3.2 Row-Level Locks).
- A second INSERT of a key waits for the transaction that has written it, and then fails if the key is there
  (`UNIQUE_VIOLATION`), or does nothing where it says ON CONFLICT DO NOTHING (INSERT, "ON CONFLICT Clause").
- Of transactions that wait for each other in a circle, one is ended, and which one is difficult to predict (13.3.4
  Deadlocks): its statement answers `DEADLOCK`.
- After an error a transaction is rolled back and its locks are gone; whatever it asks for next answers `ABORTED`, and
  so does its COMMIT, until it has ended.

Not modelled: REPEATABLE READ and SERIALIZABLE, savepoints, shared locks, NOWAIT and timeouts, unique columns beside
the key and changes of a key, foreign keys, rows locked in another order than that of their keys, and a server that
goes on with a statement after its client has crashed. SQLite has one writer, so fewer interleavings (`live/adapters`).
"""

from __future__ import annotations

from deadheat.models.components.sql.conditions import Change, Condition
from deadheat.models.components.sql.database import LOST_COMMIT, Database, Session
from deadheat.models.components.sql.execution import SqlError
from deadheat.models.components.sql.state import DatabaseState
from deadheat.models.components.sql.statements import RowLock
from deadheat.models.components.sql.tables import Column, Record, column

__all__ = [
    "LOST_COMMIT",
    "Change",
    "Column",
    "Condition",
    "Database",
    "DatabaseState",
    "Record",
    "RowLock",
    "Session",
    "SqlError",
    "column",
]
