"""Versions, promotions and risks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import delete, func, select, update

from core.records import Version
from core.store import tables
from core.store.database import Session


def insert_version(db: Session, version: Version) -> None:
    """Record a stored model; its files are in place already."""
    db.insert(tables.versions, [asdict(version)])


def list_versions(db: Session) -> list[Version]:
    """Versions, newest first."""
    table = tables.versions
    rows = db.connection.execute(db.known(table).order_by(table.c.known_at.desc(), db.bytewise(table.c.version).desc()))
    return [Version(**row._mapping) for row in rows]


def change_manifest(db: Session, version: Version) -> None:
    """Let another manifest be that of a version, because a client was erased."""
    table = tables.versions
    changed = update(table).where(table.c.version == version.version).values(manifest_sha256=version.manifest_sha256)
    db.connection.execute(changed)


def insert_promotion(db: Session, version: str, at: datetime, kind: str, sentence: str) -> None:
    """Move the pointer. `kind`: "promote" or "rollback"."""
    row = {"version": version, "known_at": at, "kind": kind, "sentence": sentence}
    db.insert(tables.promotions, [row])


def list_promotions(db: Session) -> list[dict[str, Any]]:
    """Moves of the pointer, newest first; the first one names the champion."""
    rows = db.connection.execute(db.known(tables.promotions).order_by(tables.promotions.c.id.desc()))
    return [dict(row._mapping) for row in rows]


def insert_risks(db: Session, run_id: int, rows: list[dict[str, Any]], at: datetime) -> None:
    """Append changes of risk."""
    db.insert(tables.risks, [{**row, "run_id": run_id, "known_at": at} for row in rows])


RISK_COLUMNS = [
    "client", "as_of", "version", "risk", "content", "out_of_fold", "off_list", "label", "owner", "value",
    "reasons", "known_at", "change", "unfamiliar",
]  # fmt: skip


def current_risks(db: Session) -> pd.DataFrame:
    """The newest row of each client, those off the list included (risk NaN)."""
    table = tables.risks
    known = db.known(table).subquery()
    newest = select(func.max(known.c.id)).group_by(known.c.client)
    wanted = select(*(table.c[name] for name in RISK_COLUMNS)).where(table.c.id.in_(newest))
    return _risk_frame(db, wanted)


def newest_risk(db: Session) -> int:
    """Number of the newest risk; 0 before the first."""
    known = db.known(tables.risks).subquery()
    return int(db.connection.execute(select(func.coalesce(func.max(known.c.id), 0))).scalar_one())


def listed_risks(db: Session, size: int = 50_000) -> Iterator[pd.DataFrame]:
    """The newest row of each client on the list, in frames of up to `size` rows."""
    table = tables.risks
    known = db.known(table).subquery()
    newest = select(func.max(known.c.id)).group_by(known.c.client)
    wanted = select(*(table.c[name] for name in RISK_COLUMNS)).where(table.c.id.in_(newest), table.c.risk.is_not(None))
    found = db.connection.execute(wanted.order_by(table.c.id).execution_options(yield_per=size))
    for rows in found.partitions():
        yield _as_frame(rows, RISK_COLUMNS)


def count_missing(db: Session) -> int:
    """How many clients went missing."""
    table = tables.risks
    known = db.known(table).subquery()
    newest = select(func.max(known.c.id)).group_by(known.c.client)
    wanted = select(func.count()).select_from(table).where(table.c.id.in_(newest), table.c.off_list == "missing")
    return int(db.connection.execute(wanted).scalar_one())


def count_listed(db: Session) -> int:
    """How many clients are on the list."""
    table = tables.risks
    known = db.known(table).subquery()
    newest = select(func.max(known.c.id)).group_by(known.c.client)
    wanted = select(func.count()).select_from(table).where(table.c.id.in_(newest), table.c.risk.is_not(None))
    return int(db.connection.execute(wanted).scalar_one())


def delivered_risks(db: Session) -> pd.DataFrame:
    """The last risk that was delivered for each client and date, with when and by which version."""
    table = tables.risks
    names = ["client", "as_of", "version", "risk", "out_of_fold", "known_at"]
    wanted = select(*(table.c[name] for name in names)).where(table.c.risk.is_not(None))
    if db.at is not None:
        wanted = wanted.where(table.c.known_at <= db.at)
    return _risk_frame(db, wanted.order_by(table.c.id), names)


def risks_of_client(db: Session, client: str) -> pd.DataFrame:
    """Every risk a client had, oldest first."""
    table = tables.risks
    wanted = select(*(table.c[name] for name in RISK_COLUMNS)).where(table.c.client == client)
    if db.at is not None:
        wanted = wanted.where(table.c.known_at <= db.at)
    return _risk_frame(db, wanted.order_by(table.c.id))


def last_names(db: Session, clients: list[str]) -> dict[str, tuple[str, str]]:
    """The name and the owner that each of some hundred clients was last told with; without those never scored."""
    table = tables.risks
    known = db.known(table).subquery()
    newest = select(func.max(known.c.id)).where(known.c.client.in_(clients)).group_by(known.c.client)
    wanted = select(table.c.client, table.c.label, table.c.owner).where(table.c.id.in_(newest))
    return {row.client: (row.label or row.client, row.owner) for row in db.connection.execute(wanted)}


def last_risk(db: Session, client: str) -> dict[str, Any] | None:
    """The newest row of one client; None where there is none."""
    table = tables.risks
    names = ("risk", "version", "reasons", "known_at")
    wanted = select(*(table.c[name] for name in names)).where(table.c.client == client).order_by(table.c.id.desc())
    if db.at is not None:
        wanted = wanted.where(table.c.known_at <= db.at)
    row = db.connection.execute(wanted.limit(1)).first()
    return dict(row._mapping) if row else None


def delete_risks(db: Session, client: str) -> int:
    """Remove every risk a client had, because the client is erased; how many."""
    return int(db.connection.execute(delete(tables.risks).where(tables.risks.c.client == client)).rowcount)


def _risk_frame(db: Session, wanted: Any, names: list[str] | None = None) -> pd.DataFrame:
    return _as_frame(db.connection.execute(wanted), names or RISK_COLUMNS)


def _as_frame(rows: Iterable[Any], columns: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame([tuple(row) for row in rows], columns=columns)
    for name in ("as_of", "known_at"):
        frame[name] = pd.to_datetime(frame[name], utc=True).astype("datetime64[us, UTC]")
    return frame.astype({"risk": "float64"})
