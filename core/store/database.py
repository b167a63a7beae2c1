"""Connections, transactions and the clock filter of the store."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, ColumnElement, Connection, Engine, Select, String, Table, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeDecorator, TypeEngine

from core.errors import Busy
from core.store.connecting import connect
from core.store.trouble import StoreTrouble
from core.wording import system_says

__all__ = ["Instant", "Session", "Store", "connect", "one_at_a_time", "sqlite_url"]

#: numbers of the advisory locks in Postgres
_FILES_LOCK, _MIGRATION_LOCK = 4_207_849_484, 4_207_849_485
_IN_USE = "Another process is taking in or tidying files of this workspace; try again when it is done."
_held = threading.local()


class Instant(TypeDecorator[datetime]):
    """An aware instant, stored as UTC text of fixed width that sorts (2026-01-05T09:00:00.000000Z)."""

    impl = String(27)
    cache_ok = True

    def load_dialect_impl(self, dialect: Any) -> TypeEngine[Any]:
        """Text that is compared byte by byte, whatever the language of the database."""
        own = String(27, collation="C") if dialect.name == "postgresql" else String(27)
        return dialect.type_descriptor(own)

    def process_bind_param(self, value: datetime | None, dialect: Any) -> str | None:
        """To the store; a naive datetime is a programming error."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"instants are aware; got {value!r}")
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"

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

    def insert_new(self, table: Table, row: dict[str, Any]) -> bool:
        """Append a row; False where a unique index has one like it already. The transaction goes on either way."""
        insert = postgresql.insert if self._postgres else sqlite.insert
        added = insert(table).values(row).on_conflict_do_nothing().returning(*table.primary_key)
        return self.connection.execute(added).first() is not None

    def bytewise(self, column: ColumnElement[str]) -> ColumnElement[str]:
        """A text to sort by that sorts the same on every database, by its bytes."""
        return column.collate("C") if self._postgres else column

    @property
    def _postgres(self) -> bool:
        return self.connection.dialect.name == "postgresql"


@dataclass(frozen=True)
class Store:
    """The database of a workspace.

    Whatever is wrong with the database itself (away, closed to us, damaged, locked, full) is raised as a
    `BellwetherError`: `StoreTrouble`, or `Busy` for a lock.
    """

    engine: Engine = field(repr=False)
    #: what was known then is all that reading shows; None: now
    at: datetime | None = None

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A read-only look: from its first question to its end it sees one state, whatever others write meanwhile."""
        with self.engine.connect() as connection:
            if self._postgres:
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield Session(connection, self.at)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction: committed as a whole at the end, or not at all. Never hold it while fitting.

        Writers of an embedded store wait in line; in Postgres only those do that change the same rows. What must
        not be decided twice is therefore one conditional statement, is guarded by a unique index, or is done
        `exclusively`.
        """
        if self.at is not None:
            raise RuntimeError("the past is read-only")
        with self.engine.execution_options(write=True).begin() as connection:
            yield Session(connection)

    @contextmanager
    def exclusively(self, patience: float = 600.0) -> Iterator[None]:
        """Be the only one, in any process or thread, that adds to, moves or removes files of the dataset.

        Waits `patience` seconds for another one; then raises `Busy`. Held by an advisory lock in Postgres, and by
        a lock file beside an embedded store; both end with the process. Within it the same thread may call it
        again, which does nothing; a thread started within it waits like any other. Raises `StoreTrouble` in the end
        when the connection that held it broke meanwhile.
        """
        mine: set[str] = _held.__dict__.setdefault("urls", set())
        url = self.engine.url.render_as_string(hide_password=True)
        if url in mine:
            yield
            return
        with self._advisory_lock(patience) if self._postgres else self._lock_file(patience):
            mine.add(url)
            try:
                yield
            finally:
                mine.discard(url)

    @contextmanager
    def _lock_file(self, patience: float) -> Iterator[None]:
        from filelock import FileLock, Timeout

        path = Path(f"{self.engine.url.database}.lock")
        lock = FileLock(path)
        try:
            lock.acquire(timeout=patience)
        except Timeout:
            raise Busy(_IN_USE) from None
        except OSError as error:
            raise StoreTrouble(
                f"The lock file {path} of the store cannot be made ({system_says(error)}). See that the user who "
                f"runs Bellwether may write to it and to the folder {path.parent}, and that its disk is not full."
            ) from None
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def _advisory_lock(self, patience: float) -> Iterator[None]:
        with self.engine.connect() as connection:
            try:
                with connection.begin():  # the lock outlives the transaction, its patience does not
                    wait = max(round(patience * 1000), 1)  # 0 would be for ever
                    connection.execute(text(f"set local lock_timeout = {wait}"))
                    connection.execute(text(f"select pg_advisory_lock({_FILES_LOCK})"))
            except Busy:
                raise Busy(_IN_USE) from None
            try:
                yield
            finally:
                with connection.begin():
                    connection.execute(text(f"select pg_advisory_unlock({_FILES_LOCK})"))

    @property
    def _postgres(self) -> bool:
        return self.engine.dialect.name == "postgresql"


def one_at_a_time(connection: Connection) -> None:
    """Let other processes that come here wait until this transaction ends; writers of an embedded store do anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"select pg_advisory_xact_lock({_MIGRATION_LOCK})"))


def sqlite_url(path: Path) -> str:
    """URL of an embedded store."""
    return URL.create("sqlite", database=str(path)).render_as_string(hide_password=False)
