"""Batches and the contract."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from core.records import Batch
from core.store import tables
from core.store.database import Session


def _batch(row: Any) -> Batch:
    fields = dict(row._mapping)
    fields.pop("read_by")
    return Batch(**fields)


def insert_batch(db: Session, batch: dict[str, Any]) -> int:
    """Record a batch, taken or refused; its id."""
    return db.insert_one(tables.batches, batch)


def list_batches(db: Session) -> list[Batch]:
    """Every batch, taken or refused, newest first."""
    rows = db.connection.execute(db.known(tables.batches).order_by(tables.batches.c.id.desc()))
    return [_batch(row) for row in rows]


def taken_batches(db: Session) -> list[Batch]:
    """Batches whose rows count, in the order of arrival."""
    table = tables.batches
    wanted = db.known(table).where(table.c.refused == "").order_by(table.c.known_at, table.c.id)
    return [_batch(row) for row in db.connection.execute(wanted)]


def is_settled(db: Session, sha256: str, read_by: str) -> bool:
    """Whether this content was taken already, or refused under the same rules."""
    table = tables.batches
    wanted = select(table.c.id).where(table.c.sha256 == sha256, (table.c.refused == "") | (table.c.read_by == read_by))
    return db.connection.execute(wanted.limit(1)).first() is not None


def insert_contract(db: Session, content: str, at: datetime) -> None:
    """Freeze a contract; the newest counts."""
    db.insert(tables.contracts, [{"content": content, "known_at": at}])


def read_contract(db: Session) -> str | None:
    """The contract that counts, as JSON; None before the first batch."""
    table = tables.contracts
    row = db.connection.execute(db.known(table).order_by(table.c.id.desc()).limit(1)).first()
    return row.content if row else None


def first_contract(db: Session) -> str | None:
    """The first contract there was, whenever it became known; history replayed from before it is read by it."""
    row = db.connection.execute(select(tables.contracts).order_by(tables.contracts.c.id).limit(1)).first()
    return row.content if row else None
