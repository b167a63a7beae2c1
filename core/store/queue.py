"""Jobs and the worker's lease: the two things that are updated in place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select, update

from core.records import Job
from core.store import tables
from core.store.database import Session

_LEASE = 1


def insert_job(db: Session, kind: str, config: str, at: datetime, asked_by: str) -> bool:
    """Queue a job; False when one of its kind is waiting or running for this config already."""
    row = {
        "kind": kind, "config": config, "asked_at": at, "asked_by": asked_by, "state": "queued",
        "progress": 0.0, "doing": "", "sentence": "",
    }  # fmt: skip
    return db.insert_new(tables.jobs, row)


def claim_job(db: Session, at: datetime) -> Job | None:
    """Take the oldest waiting job and mark it running; None when nothing waits. No job is taken twice."""
    table = tables.jobs
    waiting = select(table.c.id).where(table.c.state == "queued").order_by(table.c.id).limit(1)
    oldest = waiting.with_for_update(skip_locked=True).scalar_subquery()  # an embedded store has one writer anyway
    claimed = (
        update(table)
        .where(table.c.id == oldest)
        .values(state="running", started_at=at, heartbeat_at=at, progress=0.0, doing="starting")
        .returning(*table.c)
    )
    row = db.connection.execute(claimed).first()
    return Job(**row._mapping) if row else None


def update_job(db: Session, job_id: int, **changes: Any) -> None:
    """Change the state, progress or heartbeat of a job."""
    db.connection.execute(update(tables.jobs).where(tables.jobs.c.id == job_id).values(**changes))


def release_jobs(db: Session) -> int:
    """Queue again what was running when its worker ended; how many."""
    table = tables.jobs
    waiting = {"state": "queued", "started_at": None, "progress": 0.0, "doing": ""}
    back = update(table).where(table.c.state == "running").values(waiting)
    return int(db.connection.execute(back).rowcount)


def list_jobs(db: Session, limit: int = 200) -> list[Job]:
    """Jobs, newest first."""
    rows = db.connection.execute(select(tables.jobs).order_by(tables.jobs.c.id.desc()).limit(limit))
    return [Job(**row._mapping) for row in rows]


def running_job(db: Session) -> Job | None:
    """The job that is being done; None when none is."""
    wanted = select(tables.jobs).where(tables.jobs.c.state == "running").order_by(tables.jobs.c.id).limit(1)
    row = db.connection.execute(wanted).first()
    return Job(**row._mapping) if row else None


def last_done(db: Session, kinds: Sequence[str]) -> datetime | None:
    """When a job of one of these kinds last ended well; None: never."""
    table = tables.jobs
    wanted = select(func.max(table.c.ended_at)).where(table.c.kind.in_(kinds), table.c.state == "done")
    found: datetime | None = db.connection.execute(wanted).scalar()
    return found


def first_asked(db: Session, kind: str, asked_by: str) -> datetime | None:
    """When a job of this kind was first queued by `asked_by`; None: never."""
    table = tables.jobs
    wanted = select(func.min(table.c.asked_at)).where(table.c.kind == kind, table.c.asked_by == asked_by)
    found: datetime | None = db.connection.execute(wanted).scalar()
    return found


def read_job(db: Session, job_id: int) -> Job | None:
    """One job."""
    row = db.connection.execute(select(tables.jobs).where(tables.jobs.c.id == job_id)).first()
    return Job(**row._mapping) if row else None


def last_asked(db: Session, kind: str, asked_by: str) -> datetime | None:
    """When a job of this kind was last queued by `asked_by`; None: never."""
    table = tables.jobs
    wanted = select(func.max(table.c.asked_at)).where(table.c.kind == kind, table.c.asked_by == asked_by)
    found: datetime | None = db.connection.execute(wanted).scalar()
    return found


def hold_lease(db: Session, holder: str, at: datetime, patience: timedelta) -> bool:
    """Take or keep the lease; False while another holder's heartbeat is younger than `patience`."""
    table = tables.worker
    free = or_(table.c.holder.in_([holder, ""]), table.c.heartbeat_at <= at - patience)
    taken = update(table).where(table.c.id == _LEASE, free).values(holder=holder, heartbeat_at=at)
    if db.connection.execute(taken).rowcount == 1:
        return True
    return db.insert_new(table, {"id": _LEASE, "holder": holder, "heartbeat_at": at})  # nobody ever had it


def drop_lease(db: Session, holder: str) -> None:
    """Give the lease back, so that another worker need not wait."""
    table = tables.worker
    db.connection.execute(update(table).where(table.c.id == _LEASE, table.c.holder == holder).values(holder=""))


def read_lease(db: Session) -> tuple[str, datetime] | None:
    """(holder, last heartbeat); None when no worker ever ran."""
    row = db.connection.execute(select(tables.worker)).first()
    return (row.holder, row.heartbeat_at) if row else None
