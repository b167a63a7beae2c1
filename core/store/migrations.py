"""Append-only named migrations, each in one transaction together with the record that it ran.

To change the store: append a function; never change one that has shipped.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Engine, inspect, select
from sqlalchemy.engine import Connection

from core.errors import BellwetherError
from core.store import tables

MIGRATIONS: list[tuple[str, Callable[[Connection], None]]] = []


def _migration(function: Callable[[Connection], None]) -> Callable[[Connection], None]:
    MIGRATIONS.append((function.__name__, function))
    return function


@_migration
def m001_first_tables(connection: Connection) -> None:
    """Everything the first release keeps."""
    tables.metadata.create_all(connection)


def applied(engine: Engine) -> list[str]:
    """Names of the migrations that ran."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("migrations"):
            return []
        return list(connection.execute(select(tables.migrations.c.name).order_by("name")).scalars())


def migrate(engine: Engine, at: datetime) -> None:
    """Run what is pending. Raises when the store was written by a newer Bellwether."""
    done = applied(engine)
    unknown = sorted(set(done) - {name for name, _ in MIGRATIONS})
    if unknown:
        raise BellwetherError(
            f"The store was made by a newer Bellwether (it knows {unknown[0]}); install that version, "
            "or restore a backup made by this one."
        )
    for name, migration in MIGRATIONS:
        if name in done:
            continue
        with engine.execution_options(write=True).begin() as connection:
            tables.migrations.create(connection, checkfirst=True)
            if connection.execute(select(tables.migrations).where(tables.migrations.c.name == name)).first():
                continue
            migration(connection)
            connection.execute(tables.migrations.insert(), {"name": name, "known_at": at})
