"""Append-only named migrations, each in one transaction together with the record that it ran.

To change the store: add a module and append its function here; never change one that has shipped. `tables` says
what stands after the last of them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Engine, inspect, select
from sqlalchemy.engine import Connection

from core.errors import BellwetherError
from core.store import tables
from core.store.database import one_at_a_time
from core.store.migrations.m001 import m001_first_tables
from core.store.migrations.m002 import m002_nothing_lost
from core.store.migrations.m003 import m003_reasons_and_contacts
from core.store.migrations.m004 import m004_monitoring
from core.store.migrations.m005 import m005_what_people_write_down
from core.store.migrations.m006 import m006_what_is_looked_at
from core.store.migrations.m007 import m007_when_jobs_began

MIGRATIONS: list[tuple[str, Callable[[Connection], None]]] = [
    (migration.__name__, migration)
    for migration in (
        m001_first_tables,
        m002_nothing_lost,
        m003_reasons_and_contacts,
        m004_monitoring,
        m005_what_people_write_down,
        m006_what_is_looked_at,
        m007_when_jobs_began,
    )
]


def applied(engine: Engine) -> list[str]:
    """Names of the migrations that ran."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("migrations"):
            return []
        return sorted(connection.execute(select(tables.migrations.c.name)).scalars())


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
            one_at_a_time(connection)
            tables.migrations.create(connection, checkfirst=True)
            if connection.execute(select(tables.migrations).where(tables.migrations.c.name == name)).first():
                continue
            migration(connection)
            connection.execute(tables.migrations.insert(), {"name": name, "known_at": at})
