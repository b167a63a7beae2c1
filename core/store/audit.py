"""Deeds of people that change what is kept: who, what, when."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.store import tables
from core.store.database import Session


def insert_deed(db: Session, who: str, deed: str, subject: str, sentence: str, at: datetime) -> None:
    """Write a line, in the transaction of the deed."""
    db.insert(
        tables.audit, [{"who": who, "deed": deed, "subject": subject, "sentence": sentence, "known_at": at}]
    )  # fmt: skip


def list_deeds(db: Session) -> list[dict[str, Any]]:
    """Every line, newest first."""
    rows = db.connection.execute(db.known(tables.audit).order_by(tables.audit.c.id.desc()))
    return [dict(row._mapping) for row in rows]
