"""Runs, their steps, and what they found: decisions, summaries, packages."""

from __future__ import annotations

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


def list_runs(db: Session) -> list[dict[str, Any]]:
    """Runs, newest first: id, kind, started_at, ended_at, state ("unfinished" when cut off), sentence, seconds."""
    ends = db.known(tables.run_ends).subquery()
    begun = db.known(tables.runs).subquery()
    wanted = (
        select(
            begun.c.id, begun.c.kind, begun.c.known_at.label("started_at"), ends.c.known_at.label("ended_at"),
            func.coalesce(ends.c.state, "unfinished").label("state"),
            func.coalesce(ends.c.sentence, "").label("sentence"), ends.c.seconds,
        )
        .select_from(begun.outerjoin(ends, ends.c.run_id == begun.c.id))
        .order_by(begun.c.id.desc())
    )  # fmt: skip
    return [dict(row._mapping) for row in db.connection.execute(wanted)]


def list_steps(db: Session) -> pd.DataFrame:
    """Every finished step: run_id, name, known_at, seconds; newest first."""
    return frame_of(db, db.known(tables.steps).order_by(tables.steps.c.id.desc()), tables.steps)


def insert_decision(db: Session, run_id: int, decision: Decision, at: datetime) -> None:
    """Record an answer and its evidence, also when it is no."""
    row = {**asdict(decision), "evidence": plain(decision.evidence), "run_id": run_id, "known_at": at}
    db.insert(tables.decisions, [row])


def list_decisions(db: Session) -> list[dict[str, Any]]:
    """Decisions, newest first."""
    rows = db.connection.execute(db.known(tables.decisions).order_by(tables.decisions.c.id.desc()))
    return [dict(row._mapping) for row in rows]


def insert_summaries(db: Session, run_id: int, found: list[Summary], at: datetime) -> None:
    """Record the statistics of the dataset."""
    db.insert(tables.summaries, [plain({**asdict(one), "run_id": run_id, "known_at": at}) for one in found])


def list_summaries(db: Session) -> pd.DataFrame:
    """Statistics of the newest run that made any: column, statistic, n, value, text."""
    return _of_newest_run(db, tables.summaries)


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
