"""Who was contacted, when and how."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
from sqlalchemy import delete, select

from core.store import tables
from core.store.database import Session

COLUMNS = ["client", "contacted_at", "who", "how", "result", "note", "known_at"]


def insert_contact(
    db: Session, client: str, contacted_at: datetime, who: str, how: str, result: str, note: str, at: datetime
) -> None:
    """Write down that a client was contacted."""
    row = {"client": client, "contacted_at": contacted_at, "who": who, "how": how, "result": result, "note": note}
    db.insert(tables.contacts, [row | {"known_at": at}])


def list_contacts(db: Session) -> pd.DataFrame:
    """Every contact, `COLUMNS`, oldest first."""
    table = db.known(tables.contacts).subquery()
    wanted = select(*(table.c[name] for name in COLUMNS)).order_by(table.c.contacted_at, table.c.id)
    frame = pd.DataFrame([tuple(row) for row in db.connection.execute(wanted)], columns=COLUMNS)
    for name in ("contacted_at", "known_at"):
        frame[name] = pd.to_datetime(frame[name], utc=True).astype("datetime64[us, UTC]")
    return frame


def delete_contacts(db: Session, client: str) -> int:
    """Remove every contact with a client, because the client is erased; how many."""
    return int(db.connection.execute(delete(tables.contacts).where(tables.contacts.c.client == client)).rowcount)
