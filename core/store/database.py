"""Connections, transactions and the clock filter of the store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Select, Table, create_engine, event, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool
from sqlalchemy.types import String, TypeDecorator

from core.errors import Busy

#: number of the advisory lock in Postgres
_LOCK = 4_207_849_484
_IN_USE = "Another process is taking in or tidying files of this workspace; try again when it is done."


class Instant(TypeDecorator[datetime]):
    """An aware instant, stored as UTC text of fixed width that sorts (2026-01-05T09:00:00.000000Z)."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> str | None:
        """To the store; a naive datetime is a programming error."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"instants are aware; got {value!r}")
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def process_result_value(self, value: str | None, dialect: Any) -> datetime | None:
        """From the store."""
        return None if value is None else datetime.fromisoformat(value)


@dataclass(frozen=True)
class Session:
    """One transaction. `at`: what was known then is all that `known` shows; None: everything."""

    connection: Connection
    at: datetime | None = None

    def known(self, table: Table) -> Select[Any]:
        """The rows of an append-only table that were known at the session's instant."""
        rows = select(table)
        return rows if self.at is None else rows.where(table.c.known_at <= self.at)

    def insert(self, table: Table, rows: list[dict[str, Any]]) -> None:
        """Append rows."""
        if rows:
            self.connection.execute(table.insert(), rows)

    def insert_one(self, table: Table, row: dict[str, Any]) -> int:
        """Append a row; its id."""
        key = self.connection.execute(table.insert(), row).inserted_primary_key
        return int(key[0]) if key else 0


@dataclass(frozen=True)
class Store:
    """The database of a workspace."""

    engine: Engine = field(repr=False)
    #: what was known then is all that reading shows; None: now
    at: datetime | None = None

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A read-only look."""
        with self.engine.connect() as connection:
            yield Session(connection, self.at)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction: committed as a whole at the end, or not at all. Never hold it while fitting."""
        if self.at is not None:
            raise RuntimeError("the past is read-only")
        with self.engine.execution_options(write=True).begin() as connection:
            yield Session(connection)

    @contextmanager
    def exclusively(self, patience: float = 600.0) -> Iterator[None]:
        """Be the only process that adds to, moves or removes files of the dataset.

        Waits `patience` seconds for another one; then raises `Busy`. Held by an advisory lock in Postgres, and by
        a lock file beside an embedded store; both end with the process.
        """
        if self.engine.dialect.name == "sqlite":
            from filelock import FileLock, Timeout

            try:
                with FileLock(f"{self.engine.url.database}.lock", timeout=patience):
                    yield
            except Timeout:
                raise Busy(_IN_USE) from None
            return
        with self.engine.connect() as connection:
            connection.execute(text(f"set lock_timeout = {round(patience * 1000)}"))
            try:
                connection.execute(text(f"select pg_advisory_lock({_LOCK})"))
            except OperationalError:
                raise Busy(_IN_USE) from None
            try:
                yield
            finally:
                connection.execute(text(f"select pg_advisory_unlock({_LOCK})"))
                connection.execute(text("set lock_timeout = 0"))


def sqlite_url(path: Path) -> str:
    """URL of an embedded store."""
    return f"sqlite:///{path}"


def connect(url: str) -> Engine:
    """An engine for `url`. SQLite: WAL, foreign keys, a fresh connection per transaction, writers wait in line."""
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url)
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": 30, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, not guessed by the driver
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("write") else "BEGIN")

    return engine
