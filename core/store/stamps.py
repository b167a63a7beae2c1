"""Whether anything that is kept has changed."""

from __future__ import annotations

from sqlalchemy import Integer, func, literal, select

from core.store import tables
from core.store.database import Session

#: what is appended to while a run goes on, or updated in place
_RESTLESS = {"jobs", "worker", "sightings", "cursors"}


def newest_ids(db: Session) -> tuple[int, ...]:
    """The newest id of every append-only table with numbered rows, in one question; it changes with every new fact.

    What is removed leaves a line in `audit`, so that this is seen too.
    """
    numbered = [
        table
        for name, table in sorted(tables.metadata.tables.items())
        if name not in _RESTLESS and "id" in table.c and isinstance(table.c.id.type, Integer)
    ]
    newest = [select(func.coalesce(func.max(table.c.id), literal(0))).scalar_subquery() for table in numbered]
    row = db.connection.execute(select(*newest)).one()
    return tuple(int(value) for value in row)
