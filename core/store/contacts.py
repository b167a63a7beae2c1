"""Who was contacted, when and how."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Select, delete, func, select

from core.store import tables
from core.store.database import Session

COLUMNS = ["id", "client", "contacted_at", "who", "how", "result", "note", "next_at", "known_at"]
_INSTANTS = ("contacted_at", "next_at", "known_at")


def insert_contact(
    db: Session, client: str, contacted_at: datetime, who: str, how: str, result: str, note: str, at: datetime,
    next_at: datetime | None = None,
) -> int:  # fmt: skip
    """Write down that a client was contacted; the id of the contact."""
    row = {"client": client, "contacted_at": contacted_at, "who": who, "how": how, "result": result, "note": note}
    return db.insert_one(tables.contacts, row | {"next_at": next_at, "known_at": at})


def take_back_contact(db: Session, contact: dict[str, Any], who: str, at: datetime) -> bool:
    """Take a contact back, which was noted by mistake; False where it was taken back already."""
    table = tables.contacts
    if db.connection.execute(select(table.c.id).where(table.c.takes_back == contact["id"])).first():
        return False
    row = {name: contact[name] for name in ("client", "contacted_at", "how", "result")}
    db.insert(table, [row | {"who": who, "note": "", "takes_back": contact["id"], "known_at": at}])
    return True


def read_contact(db: Session, contact: int) -> dict[str, Any] | None:
    """One contact that stands; None where there is none, or it was taken back."""
    row = db.connection.execute(_standing(db).where(tables.contacts.c.id == contact)).first()
    return dict(row._mapping) if row else None


def list_contacts(db: Session, client: str | None = None) -> pd.DataFrame:
    """Every contact that stands, or those with one client, `COLUMNS`, oldest first."""
    wanted = _standing(db).order_by(tables.contacts.c.contacted_at, tables.contacts.c.id)
    return _frame(db, wanted if client is None else wanted.where(tables.contacts.c.client == client))


def last_contacts(db: Session) -> pd.DataFrame:
    """The newest contact that stands with each client, `COLUMNS`."""
    standing = _standing(db).subquery()
    place = func.row_number().over(
        partition_by=standing.c.client, order_by=(standing.c.contacted_at.desc(), standing.c.id.desc())
    )
    ranked = select(standing, place.label("place")).subquery()
    return _frame(db, select(*(ranked.c[name] for name in COLUMNS)).where(ranked.c.place == 1).order_by(ranked.c.id))


def contacts_since(db: Session, moment: datetime) -> pd.DataFrame:
    """Contacts that took place since an instant and stand, `COLUMNS`, oldest first."""
    table = tables.contacts
    return _frame(db, _standing(db).where(table.c.contacted_at >= moment).order_by(table.c.contacted_at, table.c.id))


def _standing(db: Session) -> Select[Any]:
    """Contacts that were not taken back."""
    table = tables.contacts
    backs = db.known(table).where(table.c.takes_back.is_not(None)).subquery()
    wanted = select(*(table.c[name] for name in COLUMNS)).where(
        table.c.takes_back.is_(None), table.c.id.not_in(select(backs.c.takes_back))
    )
    return wanted if db.at is None else wanted.where(table.c.known_at <= db.at)


def _frame(db: Session, wanted: Select[Any]) -> pd.DataFrame:
    frame = pd.DataFrame([tuple(row) for row in db.connection.execute(wanted)], columns=COLUMNS)
    for name in _INSTANTS:
        frame[name] = pd.to_datetime(frame[name], utc=True).astype("datetime64[us, UTC]")
    return frame


def delete_contacts(db: Session, client: str) -> int:
    """Remove every contact with a client, because the client is erased; how many notes of contacts were removed."""
    return int(db.connection.execute(delete(tables.contacts).where(tables.contacts.c.client == client)).rowcount)
