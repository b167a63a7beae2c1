"""How the store is connected to: what its URL may be, how connections are prepared, what may be kept."""

from __future__ import annotations

import math
import sqlite3
import time
import weakref
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool

from core.errors import BellwetherError, ConfigError
from core.store.trouble import shown, trouble_of

#: seconds a statement waits for a lock
LOCK_PATIENCE = 30.0
#: by default libpq takes a standby too, and notices only after minutes or hours that nobody answers
_LIBPQ = {
    "connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3,
    "application_name": "bellwether", "target_session_attrs": "read-write",
}  # fmt: skip
_EMBEDDED = "sqlite:////folder/risk.db"
_SERVED = "postgresql+psycopg://user:password@host:5432/database"


def connect(url: str, *, patience: float = LOCK_PATIENCE) -> Engine:
    """An engine for a store's URL, not connected yet; every thread may use it.

    `patience`: seconds to wait for a lock. Raises `ConfigError` for a URL that no store can have. What goes wrong
    with the database later is raised as `StoreTrouble` or `Busy`, wherever the engine is used; programming errors
    stay what they are.
    """
    parsed = store_url(url)
    engine = _sqlite(parsed, patience) if parsed.get_backend_name() == "sqlite" else _postgres(parsed, patience)
    event.listen(engine, "before_cursor_execute", _keep, retval=True)

    @event.listens_for(engine, "handle_error")
    def _tell(context: ExceptionContext) -> BellwetherError | None:
        if context.is_pre_ping or not isinstance(context.sqlalchemy_exception, DBAPIError):
            return None  # the pool tries again with a fresh connection; what is no error of the driver is ours
        connection = context.connection
        return trouble_of(
            context.original_exception,
            parsed,
            patience=patience,
            connecting=connection is None,
            writing=connection is not None and bool(connection.get_execution_options().get("write")),
            lost=context.is_disconnect,
        )

    return engine


def store_url(url: str) -> URL:
    """The URL, understood. Raises `ConfigError` when it is none, or names another kind of database."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        parsed = None
    if parsed is None or "@" in (parsed.host or ""):  # not shown: the password cannot be told from the rest
        raise ConfigError(
            f"[store] url cannot be understood; it looks like {_SERVED}, with %40 for an @ in the password, "
            f"or like {_EMBEDDED}."
        )
    if parsed.drivername in {"sqlite", "sqlite+pysqlite"}:
        if not Path(parsed.database or "").is_absolute():
            raise ConfigError(f"[store] url must name a file by its whole path, as in {_EMBEDDED}; got {url!r}.")
        return parsed
    if parsed.drivername in {"postgresql", "postgresql+psycopg"}:
        if not parsed.database:
            raise ConfigError(f"[store] url must name a database, as in {_SERVED}; got {shown(parsed)!r}.")
        return parsed.set(drivername="postgresql+psycopg")
    raise ConfigError(
        f"[store] url names {parsed.drivername!r}, on which the store does not run; write {_SERVED} or {_EMBEDDED}, "
        "or leave it out for a file in the workspace folder."
    )


def _sqlite(url: URL, patience: float) -> Engine:
    """WAL, foreign keys, a fresh connection per transaction, writers wait in line."""
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": patience, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, not guessed by the driver
        try:
            _write_ahead(connection, patience)
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
        except sqlite3.Error:
            connection.close()
            raise

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        write = bool(connection.get_execution_options().get("write"))
        connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if write else 'ON'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _write_ahead(connection: sqlite3.Connection, patience: float) -> None:
    """Switch to WAL. Where two processes make a store at once, SQLite tells one of them "locked" without waiting."""
    end = time.monotonic() + patience
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return


def _postgres(url: URL, patience: float) -> Engine:
    """A small pool whose connections are tried before use, so that a server may be restarted."""
    engine = create_engine(
        url,
        connect_args={name: value for name, value in _LIBPQ.items() if name not in url.query},
        isolation_level="READ COMMITTED",
        pool_size=5,
        max_overflow=15,
        pool_pre_ping=True,
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, record: Any) -> None:
        weakref.finalize(record, connection.close)  # an engine that nobody uses any more leaves none open
        encoding = connection.info.parameter_status("server_encoding")
        if encoding not in {"UTF8", None}:
            connection.close()
            raise ConfigError(
                f"The database of the store {shown(url)} keeps text as {encoding}, which has not every character; "
                "make one with createdb --encoding UTF8 --template template0."
            )
        connection.execute(f"set lock_timeout = {max(round(patience * 1000), 1)}")
        connection.commit()

    return engine


def _keep(
    _connection: Connection, _cursor: Any, statement: str, parameters: Any, _context: Any, executemany: bool
) -> tuple[str, Any]:
    """Values as every database can keep them, in what is written as in what is looked for."""
    if executemany:
        return statement, [_storable(row) for row in parameters]
    return statement, _storable(parameters)


def _storable(row: Any) -> Any:
    if isinstance(row, dict):
        return {name: _value(value) for name, value in row.items()}
    if isinstance(row, tuple):
        return tuple(_value(value) for value in row)
    return row


def _value(value: Any) -> Any:
    """NUL becomes its symbol, which Postgres can keep; half a character is written out; NaN is nothing, as in SQLite.

    >>> _value("a\\0b"), _value("caf\\udce9.csv"), _value(float("nan"))
    ('a␀b', 'caf\\\\udce9.csv', None)
    """
    if isinstance(value, str) and not (value.isascii() and "\0" not in value):
        return value.replace("\0", "\N{SYMBOL FOR NULL}").encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, float) and math.isnan(value):
        return None
    return value
