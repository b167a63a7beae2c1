"""Clients who left although their last risk was low."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import func, select

from core.store import tables
from core.store.database import Session

#: kind and name of the figure that tells the share of leavers who were missed
MISSED, LOW_BAND = "missed", "low_band"
#: clients that are kept with their reasons, those whose leaving became known last
MOST = 200
MISSED_COLUMNS = ["client", "as_of", "version", "risk", "told_at", "reasons", "outcome_known_at"]
_INSTANTS = ("as_of", "told_at", "outcome_known_at")


def insert_missed(db: Session, run_id: int, rows: list[dict[str, Any]], at: datetime) -> None:
    """Record clients (`MISSED_COLUMNS` and `stands`) who were missed, or, where `stands` is false, were not after all.

    The newest row about a client counts.
    """
    db.insert(tables.missed_leavers, [{**row, "run_id": run_id, "known_at": at} for row in rows])


def list_missed(db: Session, most: int) -> pd.DataFrame:
    """Clients who were missed, those whose leaving became known last first, at most so many: `MISSED_COLUMNS`."""
    table = tables.missed_leavers
    known = db.known(table).subquery()
    newest = select(func.max(known.c.id)).group_by(known.c.client)
    wanted = select(*(table.c[name] for name in MISSED_COLUMNS)).where(table.c.id.in_(newest), table.c.stands)
    order = (table.c.outcome_known_at.desc(), table.c.risk, db.bytewise(table.c.client))
    rows = db.connection.execute(wanted.order_by(*order).limit(most)).all()
    frame = pd.DataFrame([tuple(row) for row in rows], columns=MISSED_COLUMNS)
    for name in _INSTANTS:
        frame[name] = pd.to_datetime(frame[name], utc=True).astype("datetime64[us, UTC]")
    return frame


def reasons_told(db: Session, told: Iterable[tuple[str, datetime, datetime]]) -> list[list[dict[str, Any]]]:
    """The reasons that were told to (client, date of the snapshot, instant); [] where that row is gone."""
    table = tables.risks
    found = []
    for client, as_of, at in told:
        here = (table.c.client == client, table.c.as_of == as_of, table.c.known_at == at)
        row = db.connection.execute(select(table.c.reasons).where(*here).order_by(table.c.id.desc()).limit(1)).first()
        found.append(list(row.reasons or []) if row else [])
    return found
