"""The SQL database for real: PostgreSQL by psycopg, or a file of SQLite by the standard library."""

from __future__ import annotations

from deadheat.live.adapters.sql.postgres import PostgresDatabase
from deadheat.live.adapters.sql.sqlite import SqliteDatabase

__all__ = ["PostgresDatabase", "SqliteDatabase"]
