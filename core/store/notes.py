"""What people say of a client beside contacts: not now (a snooze), and another band than the model's (an override)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Table, delete, func, select

from core.store import tables
from core.store.database import Session

SNOOZE_COLUMNS = ["id", "client", "who", "reason", "until_at", "rises_by", "risk", "awake", "known_at"]
OVERRIDE_COLUMNS = ["id", "client", "who", "band", "reason", "expires_at", "known_at"]


def insert_snooze(
    db: Session, client: str, who: str, reason: str, at: datetime, *, until_at: datetime | None = None,
    rises_by: float | None = None, risk: float | None = None, awake: bool = False,
) -> None:  # fmt: skip
    """Put a client off `until_at`, or until its risk is `rises_by` (0-1) above `risk`; `awake`: no longer."""
    row = {"client": client, "who": who, "reason": reason, "until_at": until_at, "rises_by": rises_by, "risk": risk}
    db.insert(tables.snoozes, [row | {"awake": awake, "known_at": at}])


def snoozes(db: Session) -> pd.DataFrame:
    """The newest word on each client, where it is a snooze: `SNOOZE_COLUMNS`."""
    found = _newest(db, tables.snoozes, SNOOZE_COLUMNS, ["until_at", "known_at"])
    return found[~found["awake"].astype(bool)].astype({"rises_by": "float64", "risk": "float64"})


def insert_override(
    db: Session, client: str, who: str, band: str, reason: str, expires_at: datetime, at: datetime
) -> None:
    """Write down what a person says of a client's risk; band "": nothing any more."""
    row = {"client": client, "who": who, "band": band, "reason": reason, "expires_at": expires_at, "known_at": at}
    db.insert(tables.overrides, [row])


def overrides(db: Session) -> pd.DataFrame:
    """The newest word on each client that was not taken back, expired ones too: `OVERRIDE_COLUMNS`."""
    found = _newest(db, tables.overrides, OVERRIDE_COLUMNS, ["expires_at", "known_at"])
    return found[found["band"] != ""]


def _newest(db: Session, table: Table, names: list[str], instants: list[str]) -> pd.DataFrame:
    known = db.known(table).subquery()
    newest = select(func.max(known.c.id)).group_by(known.c.client)
    wanted = select(*(table.c[name] for name in names)).where(table.c.id.in_(newest)).order_by(table.c.id)
    rows: list[Any] = [tuple(row) for row in db.connection.execute(wanted)]
    frame = pd.DataFrame(rows, columns=names)
    for name in instants:
        frame[name] = pd.to_datetime(frame[name], utc=True).astype("datetime64[us, UTC]")
    return frame


def delete_notes(db: Session, client: str) -> int:
    """Remove snoozes, overrides, places on lists and what was missed of a client, because it is erased; how many."""
    return sum(
        int(db.connection.execute(delete(table).where(table.c.client == client)).rowcount)
        for table in (tables.snoozes, tables.overrides, tables.worklists, tables.missed_leavers)
    )


def save_filter(db: Session, who: str, name: str, query: str, at: datetime) -> None:
    """Keep a filter by its name, in place of an earlier one; query "": take it away."""
    db.insert(tables.saved_filters, [{"who": who, "name": name, "query": query, "known_at": at}])


def saved_filters(db: Session) -> dict[str, str]:
    """Name -> query of every saved filter, by name."""
    table = tables.saved_filters
    kept = {row.name: row.query for row in db.connection.execute(db.known(table).order_by(table.c.id))}
    return {name: query for name, query in sorted(kept.items()) if query}
