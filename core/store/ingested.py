"""Batches, what became of them, and the contract."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import and_, func, or_, select

from core.records import Batch
from core.store import tables
from core.store.database import Session

WITHDRAW, REINSTATE, EXPIRE = "withdraw", "reinstate", "expire"
#: the source that batches say they are from which a person gave by hand
UPLOAD = "upload"


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
    """Batches whose rows count, in the order of arrival: neither refused, nor withdrawn, nor expired."""
    kinds = set_aside(db)
    return [batch for batch in _taken(db) if batch.id not in kinds]


def kept_batches(db: Session) -> list[Batch]:
    """Batches whose rows are kept, whether they count or were withdrawn, in the order of arrival."""
    kinds = set_aside(db)
    return [batch for batch in _taken(db) if kinds.get(batch.id) != EXPIRE]


def withdrawn_batches(db: Session) -> list[Batch]:
    """Batches that were taken and then withdrawn, in the order of arrival; their rows may be reinstated."""
    kinds = set_aside(db)
    return [batch for batch in _taken(db) if kinds.get(batch.id) == WITHDRAW]


def reinstated_batches(db: Session) -> set[int]:
    """Ids of batches that did not count for a while: what arrived meanwhile was told apart without them."""
    table = tables.withdrawals
    back = db.known(table).with_only_columns(table.c.batch_id).where(table.c.kind == REINSTATE)
    return set(db.connection.execute(back).scalars())


def _taken(db: Session) -> list[Batch]:
    table = tables.batches
    wanted = db.known(table).where(table.c.refused == "").order_by(table.c.known_at, table.c.id)
    return [_batch(row) for row in db.connection.execute(wanted)]


def set_aside(db: Session) -> dict[int, str]:
    """Batch id -> WITHDRAW or EXPIRE. What is expired is gone, whatever instant is looked at."""
    table = tables.withdrawals
    known = select(table)
    if db.at is not None:
        known = known.where(or_(table.c.known_at <= db.at, table.c.kind == EXPIRE))
    told = known.subquery()
    newest = select(func.max(told.c.id)).group_by(told.c.batch_id)
    wanted = select(table.c.batch_id, table.c.kind).where(table.c.id.in_(newest), table.c.kind != REINSTATE)
    return {row.batch_id: row.kind for row in db.connection.execute(wanted)}


def insert_withdrawal(db: Session, batch_id: int, kind: str, sentence: str, at: datetime) -> None:
    """Say that a batch no longer counts, or counts again."""
    db.insert(tables.withdrawals, [{"batch_id": batch_id, "kind": kind, "sentence": sentence, "known_at": at}])


def read_batch(db: Session, batch_id: int) -> Batch | None:
    """A batch by its id; None where there is none."""
    row = db.connection.execute(db.known(tables.batches).where(tables.batches.c.id == batch_id)).first()
    return _batch(row) if row else None


def insert_part(db: Session, name: str, holds: str, rows: int, batch_ids: list[int], at: datetime) -> None:
    """Record a rewritten part; from now on it holds the rows of these batches."""
    part = db.insert_one(tables.parts, {"name": name, "holds": holds, "rows": rows, "known_at": at})
    db.insert(tables.part_batches, [{"part_id": part, "batch_id": batch} for batch in batch_ids])


def next_part(db: Session) -> int:
    """A number that no rewritten part had yet. Only for who has the store exclusively."""
    found: int | None = db.connection.execute(select(func.max(tables.parts.c.id))).scalar()
    return (found or 0) + 1


def rewritten(db: Session) -> dict[int, tuple[str, int]]:
    """Batch id -> (name of the part that holds its rows now, rows of that part), where it was rewritten.

    Not filtered by time: only the place of the rows changed, not what is known.
    """
    newest = select(tables.part_batches.c.batch_id, func.max(tables.part_batches.c.part_id).label("part_id"))
    held = newest.group_by(tables.part_batches.c.batch_id).subquery()
    parts = tables.parts
    wanted = select(held.c.batch_id, parts.c.name, parts.c.rows).join(parts, parts.c.id == held.c.part_id)
    return {row.batch_id: (row.name, row.rows) for row in db.connection.execute(wanted)}


def settled(db: Session, read_by: str) -> set[str]:
    """sha256 of every content that was taken already (also when it was withdrawn), or refused under the same rules."""
    table = tables.batches
    wanted = select(table.c.sha256).where((table.c.refused == "") | (table.c.read_by == read_by))
    return set(db.connection.execute(wanted).scalars())


def refusal(db: Session, sha256: str, read_by: str) -> str:
    """Why this content was refused under the same rules; "" when it was not."""
    table = tables.batches
    wanted = select(table.c.refused).where(table.c.sha256 == sha256, table.c.read_by == read_by, table.c.refused != "")
    return str(db.connection.execute(wanted.order_by(table.c.id.desc()).limit(1)).scalar() or "")


def is_taken(db: Session, sha256: str) -> bool:
    """Whether this content was taken already."""
    table = tables.batches
    wanted = select(table.c.id).where(table.c.sha256 == sha256, table.c.refused == "").limit(1)
    return db.connection.execute(wanted).first() is not None


def last_decimal(db: Session, source: str) -> str:
    """The decimal sign of the newest batch of a source whose cells or config told it; "" when none did."""
    table = tables.batches
    wanted = select(table.c.dialect).where(table.c.source == source, table.c.refused == "", table.c.dialect != "")
    for dialect in db.connection.execute(wanted.order_by(table.c.id.desc()).limit(100)).scalars():
        told = json.loads(dialect)
        if told.get("decimal_by") in ("found", "config"):
            return str(told["decimal"])
    return ""


def insert_contract(db: Session, content: str, at: datetime) -> None:
    """Freeze a contract; the newest counts."""
    db.insert(tables.contracts, [{"content": content, "known_at": at}])


def read_contract(db: Session) -> str | None:
    """The contract that counts, as JSON; None before the first batch."""
    table = tables.contracts
    row = db.connection.execute(db.known(table).order_by(table.c.id.desc()).limit(1)).first()
    return row.content if row else None


def contract_known_at(db: Session) -> datetime | None:
    """Since when the contract that counts is known; None before the first batch."""
    table = tables.contracts
    found: datetime | None = db.connection.execute(
        select(table.c.known_at).order_by(table.c.id.desc()).limit(1)
    ).scalar()
    return found


def first_contract(db: Session) -> str | None:
    """The first contract there was, whenever it became known; history replayed from before it is read by it."""
    row = db.connection.execute(select(tables.contracts).order_by(tables.contracts.c.id).limit(1)).first()
    return row.content if row else None


def sightings(db: Session, source: str) -> dict[str, tuple[str, str]]:
    """File name -> (stamp, sha256) when it was last looked at."""
    table = tables.sightings
    newest = select(func.max(table.c.id)).where(table.c.source == source).group_by(table.c.name)
    rows = db.connection.execute(select(table).where(table.c.id.in_(newest)))
    return {row.name: (row.stamp, row.sha256) for row in rows}


def insert_sightings(db: Session, source: str, found: dict[str, tuple[str, str]], at: datetime) -> None:
    """Remember stamp and sha256 of files."""
    rows = [
        {"source": source, "name": name, "stamp": stamp, "sha256": sha256, "known_at": at}
        for name, (stamp, sha256) in found.items()
    ]
    db.insert(tables.sightings, rows)


def read_cursor(db: Session, source: str) -> str | None:
    """How far a table was fetched, as the source wrote it; None: not yet."""
    table = tables.cursors
    wanted = select(table.c.state).where(table.c.source == source).order_by(table.c.id.desc()).limit(1)
    found: str | None = db.connection.execute(wanted).scalar()
    return found


def insert_cursor(db: Session, source: str, state: str, at: datetime) -> None:
    """Remember how far a table was fetched, in the transaction of the batch it brought."""
    db.insert(tables.cursors, [{"source": source, "state": state, "known_at": at}])


def open_troubles(db: Session) -> dict[tuple[str, str], tuple[str, datetime]]:
    """(source, file) -> (what is wrong with it, since when), for everything that could not be read last time."""
    table = tables.troubles
    known = db.known(table).subquery()
    newest = select(func.max(known.c.id)).group_by(known.c.source, known.c.name)
    wanted = select(table).where(and_(table.c.id.in_(newest), table.c.sentence != "")).order_by(table.c.id)
    return {(row.source, row.name): (row.sentence, row.known_at) for row in db.connection.execute(wanted)}


def insert_trouble(db: Session, source: str, name: str, sentence: str, at: datetime) -> None:
    """Say what is wrong with a source or a file in it; "" is the end of it."""
    db.insert(tables.troubles, [{"source": source, "name": name, "sentence": sentence, "known_at": at}])


def withdrawals_of(db: Session, batch_id: int) -> list[dict[str, Any]]:
    """How often a batch was set aside or counted again, oldest first: known_at, kind, sentence."""
    table = tables.withdrawals
    wanted = db.known(table).where(table.c.batch_id == batch_id).order_by(table.c.id)
    return [
        {"known_at": row.known_at, "kind": row.kind, "sentence": row.sentence} for row in db.connection.execute(wanted)
    ]


def dataset_sizes(db: Session, outcome: str) -> list[tuple[datetime, int, int]]:
    """(known_at, snapshots, outcomes known) as every run found them, oldest first; `outcome`: the outcome's column."""
    table = tables.summaries
    of_outcome = and_(table.c.column == outcome, table.c.statistic == "missing")
    rows = db.connection.execute(db.known(table).where(of_outcome).order_by(table.c.id))
    return [(row.known_at, row.n, round(row.n * (1 - row.value))) for row in rows]


def list_arrivals(db: Session) -> pd.DataFrame:
    """What came when, oldest first: known_at, source, holds, refused (true or false), read and the four fates.

    A fraction of the time that `list_batches` takes where there are tens of thousands of batches.
    """
    table = tables.batches
    names = ["known_at", "source", "holds", "refused", "read", "accepted", "duplicate", "superseded", "rejected"]
    wanted = db.known(table).with_only_columns(*(table.c[name] for name in names)).order_by(table.c.id)
    rows = db.connection.execute(wanted).all()
    found = pd.DataFrame([tuple(row) for row in rows], columns=names)
    return found.assign(refused=found["refused"] != "", known_at=pd.to_datetime(found["known_at"], utc=True))
