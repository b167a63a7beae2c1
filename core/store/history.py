"""Runs, their steps, and what they found: decisions, summaries, packages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Table, and_, func, select

from core.records import Decision, Summary
from core.store import tables
from core.store.database import Session
from core.store.reading import frame_of, plain


def insert_run(db: Session, kind: str, at: datetime) -> int:
    """Begin a run; its id."""
    return db.insert_one(tables.runs, {"kind": kind, "known_at": at})


def insert_step(db: Session, run_id: int, name: str, at: datetime, seconds: float) -> None:
    """Record a finished step, in the transaction of its results."""
    db.insert(tables.steps, [{"run_id": run_id, "name": name, "known_at": at, "seconds": seconds}])


def end_run(db: Session, run_id: int, at: datetime, *, state: str, sentence: str, seconds: float, key: str) -> None:
    """End a run: "done" or "failed". `key`: the state a full run left, "" for other runs."""
    row = {
        "run_id": run_id, "known_at": at, "state": state, "sentence": sentence, "seconds": seconds, "state_key": key,
    }  # fmt: skip
    db.insert(tables.run_ends, [row])


def last_state(db: Session) -> tuple[str, datetime] | None:
    """The state that the last finished full run left, and when; None before the first."""
    table = tables.run_ends
    wanted = db.known(table).where(table.c.state_key != "").order_by(table.c.run_id.desc()).limit(1)
    row = db.connection.execute(wanted).first()
    return (row.state_key, row.known_at) if row else None


def list_runs(
    db: Session, *, kind: str = "", state: str = "", limit: int | None = None, run_id: int | None = None,
    before: int | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Runs, newest first: id, kind, started_at, ended_at, state ("unfinished" when cut off), sentence, seconds.

    The clock stands still in a run, so `ended_at` is as `started_at`; `seconds` says how long it took.

    Of one kind, in one state, the newest `limit` of them, a single one, or those `before` one, where that is asked
    for.
    """
    ends = db.known(tables.run_ends).subquery()
    begun = db.known(tables.runs).subquery()
    how = func.coalesce(ends.c.state, "unfinished")
    wanted = (
        select(
            begun.c.id, begun.c.kind, begun.c.known_at.label("started_at"), ends.c.known_at.label("ended_at"),
            how.label("state"), func.coalesce(ends.c.sentence, "").label("sentence"), ends.c.seconds,
        )
        .select_from(begun.outerjoin(ends, ends.c.run_id == begun.c.id))
        .order_by(begun.c.id.desc())
        .limit(limit)
    )  # fmt: skip
    if kind:
        wanted = wanted.where(begun.c.kind == kind)
    if state:
        wanted = wanted.where(how == state)
    if run_id is not None:
        wanted = wanted.where(begun.c.id == run_id)
    if before is not None:
        wanted = wanted.where(begun.c.id < before)
    return [dict(row._mapping) for row in db.connection.execute(wanted)]


def last_done(db: Session, kind: str) -> datetime | None:
    """When a run of a kind last ended well; None: never."""
    return next((run["ended_at"] for run in list_runs(db, kind=kind, state="done", limit=1)), None)


def list_steps(db: Session, runs: Sequence[int] | None = None) -> pd.DataFrame:
    """Every finished step, or those of `runs`: run_id, name, known_at, seconds; newest first."""
    wanted = db.known(tables.steps).order_by(tables.steps.c.id.desc())
    return frame_of(db, wanted if runs is None else wanted.where(tables.steps.c.run_id.in_(runs)), tables.steps)


def insert_decision(db: Session, run_id: int, decision: Decision, at: datetime) -> None:
    """Record an answer and its evidence, also when it is no."""
    row = {**asdict(decision), "evidence": plain(decision.evidence), "run_id": run_id, "known_at": at}
    db.insert(tables.decisions, [row])


def list_decisions(db: Session, run_id: int | None = None) -> list[dict[str, Any]]:
    """Decisions, or those of one run, newest first."""
    wanted = db.known(tables.decisions).order_by(tables.decisions.c.id.desc())
    rows = db.connection.execute(wanted if run_id is None else wanted.where(tables.decisions.c.run_id == run_id))
    return [dict(row._mapping) for row in rows]


def insert_summaries(db: Session, run_id: int, found: list[Summary], at: datetime) -> None:
    """Record the statistics of the dataset."""
    db.insert(tables.summaries, [plain({**asdict(one), "run_id": run_id, "known_at": at}) for one in found])


def list_summaries(db: Session) -> pd.DataFrame:
    """Statistics of the newest run that made any: column, statistic, n, value, text."""
    return _of_newest_run(db, tables.summaries)


def newest_chunk(db: Session) -> str:
    """The newest chunk that was compared with the reference; "" before the first."""
    known = db.known(tables.drift).subquery()
    return str(db.connection.execute(select(func.max(known.c.chunk))).scalar() or "")


def insert_packages(db: Session, run_id: int, found: list[dict[str, Any]], at: datetime) -> None:
    """Record a look at the installed packages."""
    db.insert(tables.packages, [{**one, "run_id": run_id, "known_at": at} for one in found])


def list_packages(db: Session) -> pd.DataFrame:
    """The newest look at the packages."""
    return _of_newest_run(db, tables.packages)


def _of_newest_run(db: Session, table: Table) -> pd.DataFrame:
    known = db.known(table).subquery()
    newest = select(func.max(known.c.run_id)).scalar_subquery()
    return frame_of(db, select(table).where(and_(table.c.run_id == newest)).order_by(table.c.id), table)
