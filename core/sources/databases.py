"""Databases of customers: opened for reading only; what is wrong becomes a sentence that shows no password."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from core.config import SqlSource
from core.errors import RefusedFile

#: A worker must notice in minutes, not in hours, that nobody answers any more.
_LIBPQ = {
    "connect_timeout": 15, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3,
    "application_name": "bellwether",
}  # fmt: skip
#: how long a table that somebody has locked is waited for
LOCK_TIMEOUT = "60s"
_EXAMPLE = "postgresql+psycopg://user:${CRM_PASSWORD}@host/database"


@dataclass(frozen=True)
class Database:
    """A database that is only read."""

    #: name of the source
    source: str
    engine: Engine = field(repr=False)
    #: its URL without password and options
    shown: str
    secrets: tuple[str, ...] = field(repr=False)

    @property
    def kind(self) -> str:
        """Its name with SQLAlchemy: "sqlite", "postgresql" and so on."""
        return str(self.engine.dialect.name)

    def connect(self) -> Connection:
        """A connection in a read-only transaction. Raises `RefusedFile` when there is none to be had."""
        try:
            connection = self.engine.connect()
        except SQLAlchemyError as error:
            raise self.out_of_reach(error) from None
        try:
            if self.kind == "postgresql":
                connection.execution_options(postgresql_readonly=True)
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        except SQLAlchemyError as error:
            connection.close()
            raise self.out_of_reach(error) from None
        return connection

    def reason(self, error: SQLAlchemyError) -> str:
        """What the driver says, in a line without passwords."""
        said = str(error.orig if isinstance(error, DBAPIError) else error)
        line = next((line.strip() for line in said.splitlines() if line.strip()), type(error).__name__)
        for secret in self.secrets:
            line = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", "***", line)
        return line.rstrip(".")

    def out_of_reach(self, error: SQLAlchemyError) -> RefusedFile:
        """The sentence for a database that is away."""
        return RefusedFile(
            f"The database of source {self.source!r} ({self.shown}) cannot be reached: {self.reason(error)}; "
            "it is tried again next time."
        )


def open_database(source: SqlSource) -> Database:
    """The database of a source, not connected yet.

    Raises `RefusedFile` when its URL names an environment variable that is not set, cannot be understood, or needs a
    driver that is not installed.
    """
    url, secrets = _url(source)
    shown = url.set(query={}).render_as_string(hide_password=True)
    options: dict[str, Any] = {}
    if url.get_driver_name() in {"psycopg", "psycopg2"}:
        options = {name: value for name, value in _LIBPQ.items() if name not in url.query}
    try:
        if url.get_backend_name() == "sqlite":
            engine = _sqlite(url)
        else:
            engine = create_engine(url, poolclass=NullPool, connect_args=options)
            event.listen(engine, "handle_error", _close_cursor)
    except ImportError as error:
        raise RefusedFile(
            f"The driver for the database of source {source.name!r} ({shown}) is not installed: {error}; "
            "install it beside Bellwether."
        ) from None
    except SQLAlchemyError as error:
        raise RefusedFile(f"The database of source {source.name!r} ({shown}) cannot be opened: {error}.") from None
    if engine.dialect.is_async:
        raise RefusedFile(
            f"The url of source {source.name!r} ({shown}) names a driver for asynchronous programs; "
            "name another one, such as psycopg for Postgres."
        )
    return Database(source.name, engine, shown, secrets)


def _url(source: SqlSource) -> tuple[URL, tuple[str, ...]]:
    """The URL with its environment variables filled in, and what in it must not be shown."""
    place = f"The url of source {source.name!r}"
    secrets: list[str] = []

    def value(found: re.Match[str]) -> str:
        name = found.group(1)
        if name not in os.environ:
            raise RefusedFile(f"{place} names the environment variable {name}, which is not set; set it.")
        return os.environ[name]

    def secret(found: re.Match[str]) -> str:
        secrets.append(value(found))
        return quote(secrets[-1], safe="")

    variable = r"\$\{(\w+)\}"
    whole = re.fullmatch(r"([\w+.-]+://)([^@/]*)@(.*)", source.url, re.DOTALL)
    if whole:  # a password may hold what would end it in a URL
        scheme, user, rest = whole.groups()
        text = f"{scheme}{re.sub(variable, secret, user)}@{re.sub(variable, value, rest)}"
    else:
        text = re.sub(variable, value, source.url)
    try:
        url = make_url(text)
        url.get_dialect()
    except NoSuchModuleError:
        kind = text.partition("://")[0]
        raise RefusedFile(
            f"{place} names a kind of database that is not known here, {kind!r}; it looks like {_EXAMPLE}."
        ) from None
    except ImportError as error:
        raise RefusedFile(f"{place} needs a driver that is not installed: {error}.") from None
    except (SQLAlchemyError, ValueError):
        raise RefusedFile(f"{place} cannot be understood; it looks like {_EXAMPLE}.") from None
    if "@" in (url.host or ""):
        raise RefusedFile(
            f"{place} holds more than one @; take the password from the environment, as in {_EXAMPLE}, "
            "or write %40 for an @ in it."
        )
    hidden = [url.password, *(text for name, text in url.query.items() if re.search("pass|pwd|secret|token", name))]
    secrets += [str(text) for text in hidden if text]
    return url, tuple({form for one in secrets if one for form in (one, quote(one, safe=""))})


def _close_cursor(broken: ExceptionContext) -> None:
    """Close what SQLAlchemy leaves to the garbage collector when a connection is lost."""
    cursor = getattr(broken.execution_context, "cursor", None)
    if broken.is_disconnect and cursor is not None:
        with suppress(broken.dialect.loaded_dbapi.Error):
            cursor.close()


def _sqlite(url: URL) -> Engine:
    """An engine that never makes or changes a file."""
    if url.database and not url.database.startswith("file:") and url.database != ":memory:":
        read_only = {**url.query, "mode": "ro", "uri": "true"}
        url = url.set(database=f"file:{quote(url.database)}", query=read_only)
    patience = {} if "timeout" in url.query else {"timeout": 30}
    engine = create_engine(url, poolclass=NullPool, connect_args=patience)

    @event.listens_for(engine, "connect")
    def _read_only(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA query_only = ON")

    return engine
