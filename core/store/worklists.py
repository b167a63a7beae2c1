"""Whom people were told to call week by week, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import func, select

from core.store import tables
from core.store.database import Session
from core.store.reading import frame_of

#: of a client on a list
COLUMNS = ["week", "owner", "place", "client", "as_of", "risk", "known_at"]
CATCH_COLUMNS = ["week", "owner", "listed", "expected", "known", "expected_of_known", "left"]


def insert_worklist(db: Session, run_id: int, week: str, rows: list[dict[str, Any]], at: datetime) -> None:
    """Write down a week's lists: owner, place, client, as_of, risk."""
    common = {"run_id": run_id, "week": week, "known_at": at}
    db.insert(tables.worklists, [common | row for row in rows])


def last_weeks(db: Session, before: str, count: int) -> list[str]:
    """The newest weeks with lists before a week, newest first."""
    known = db.known(tables.worklists).subquery()
    wanted = select(known.c.week).where(known.c.week < before).distinct().order_by(known.c.week.desc()).limit(count)
    return [str(week) for week in db.connection.execute(wanted).scalars()]


def is_listed(db: Session, week: str) -> bool:
    """Whether the lists of a week were written down."""
    known = db.known(tables.worklists).subquery()
    return db.connection.execute(select(known.c.id).where(known.c.week == week).limit(1)).first() is not None


def list_worklists(db: Session, weeks: list[str]) -> pd.DataFrame:
    """The lists of these weeks, `COLUMNS`."""
    table = tables.worklists
    wanted = db.known(table).where(table.c.week.in_(weeks)).order_by(table.c.week, table.c.owner, table.c.place)
    return frame_of(db, wanted, table)[COLUMNS]


def insert_catches(db: Session, run_id: int, rows: list[dict[Any, Any]], at: datetime) -> None:
    """Write down what became of lists: `CATCH_COLUMNS`."""
    db.insert(tables.catches, [{"run_id": run_id, "known_at": at} | row for row in rows])


def list_catches(db: Session) -> pd.DataFrame:
    """What became of each week's list of each client manager as far as it is known, newest week first."""
    table = tables.catches
    known = db.known(table).subquery()
    newest = select(func.max(known.c.id)).group_by(known.c.week, known.c.owner)
    wanted = select(table).where(table.c.id.in_(newest)).order_by(table.c.week.desc(), table.c.owner)
    return frame_of(db, wanted, table)[CATCH_COLUMNS]
