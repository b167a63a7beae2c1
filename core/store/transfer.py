"""Everything the store holds as plain rows, and back: the same for SQLite and Postgres."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, Table, func, select, text

from core.store import tables
from core.store.database import Instant, Session

#: what belongs to the running program and not to what is known
_NOT_KEPT = ("migrations", "worker")
_AT_ONCE = 1000


def kept_tables() -> list[str]:
    """Names of the tables whose rows are kept, in an order in which they can be filled."""
    return [table.name for table in tables.metadata.sorted_tables if table.name not in _NOT_KEPT]


def dump(db: Session, name: str) -> Iterator[dict[str, Any]]:
    """Rows of a table as JSON knows them, in the order of its key."""
    table = tables.metadata.tables[name]
    wanted = select(table).order_by(*table.primary_key.columns)
    for row in db.connection.execution_options(yield_per=_AT_ONCE).execute(wanted):
        yield {
            key: value.isoformat() if isinstance(value, datetime) else value for key, value in row._mapping.items()
        }  # fmt: skip


def replace_all(db: Session, rows: dict[str, Iterable[dict[str, Any]]]) -> int:
    """Let these rows be all that the store holds; how many there are.

    Columns that the rows lack, because an older program wrote them, get their defaults.
    """
    for table in reversed(tables.metadata.sorted_tables):
        if table.name != "migrations":
            db.connection.execute(table.delete())
    count = 0
    for name in kept_tables():
        table = tables.metadata.tables[name]
        block: list[dict[str, Any]] = []
        for row in rows.get(name, ()):
            block.append(_row(table, row))
            count += 1
            if len(block) == _AT_ONCE:
                db.insert(table, block)
                block = []
        db.insert(table, block)
        _count_on(db, table)
    return count


def _row(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    instants = [column.name for column in table.columns if isinstance(column.type, Instant)]
    told = {name: datetime.fromisoformat(row[name]) for name in instants if row.get(name) is not None}
    return {**row, **told}


def _count_on(db: Session, table: Table) -> None:
    """Let Postgres number new rows after those that were put in with their numbers."""
    keys = list(table.primary_key.columns)
    if db.connection.dialect.name != "postgresql" or len(keys) != 1 or not isinstance(keys[0].type, Integer):
        return
    sequence = db.connection.execute(
        text("select pg_get_serial_sequence(:table, :key)"), {"table": table.name, "key": keys[0].name}
    ).scalar()
    if sequence is None:
        return
    newest = db.connection.execute(select(func.max(keys[0]))).scalar()
    setting = text("select setval(:sequence, :value, :called)")
    db.connection.execute(
        setting, {"sequence": sequence, "value": newest or 1, "called": newest is not None}
    )  # fmt: skip
