"""What monitoring found: metrics, drift, performance, and faults of the data with the answers to them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import func, select

from core.records import ColumnDrift, Fault, Metric, Performance, Touched
from core.store import tables
from core.store.database import Session
from core.store.reading import frame_of, plain


def insert_metrics(
    db: Session, run_id: int, version: str, kind: str, chunk: str, metrics: list[Metric], at: datetime
) -> None:
    """Record metrics of a version about a chunk ("": all of it)."""
    common = {"run_id": run_id, "version": version, "kind": kind, "chunk": chunk, "known_at": at}
    db.insert(tables.metrics, [plain({**asdict(metric), **common}) for metric in metrics])


def list_metrics(db: Session, kind: str) -> pd.DataFrame:
    """The newest figure of each version, chunk and metric of a kind, by chunk."""
    table = tables.metrics
    known = db.known(table).where(table.c.kind == kind).subquery()
    newest = select(func.max(known.c.id)).group_by(known.c.version, known.c.chunk, known.c.metric)
    wanted = select(table).where(table.c.id.in_(newest)).order_by(db.bytewise(table.c.chunk), table.c.id)
    return frame_of(db, wanted, table)


def insert_drift(
    db: Session, run_id: int, version: str, chunk: str, found: list[tuple[ColumnDrift, Touched | None]], at: datetime
) -> None:
    """Record the drift of every column in a chunk from the reference of a version, and whom it touches."""
    common = {"run_id": run_id, "version": version, "chunk": chunk, "known_at": at}
    rows, distances, shapes = [], [], []
    for one, touched in found:
        row = asdict(one)
        statistics, shape = row.pop("statistics"), row.pop("shape")
        if shape:
            shapes.append({**common, "column": one.column, "kind": one.kind, "shape": shape})
        whom = asdict(touched) if touched else {"touched": None, "touched_on_list": None, "listed": None}
        rows.append(plain({**row, **whom, "psi": statistics.get("psi"), **common}))
        distances += [
            plain({
                **common, "column": one.column, "kind": one.kind, "statistic": name, "value": value, "n": one.current_n,
                "threshold": one.threshold if name == one.method else None,
                "verdict": one.verdict if name == one.method else "",
            })
            for name, value in statistics.items()
        ]  # fmt: skip
    db.insert(tables.drift, rows)
    db.insert(tables.drift_statistics, distances)
    db.insert(tables.drift_shapes, shapes)


def list_drift(db: Session) -> pd.DataFrame:
    """The newest comparison of each version, chunk and column: newest chunk first, then newest version, as ranked."""
    table = tables.drift
    known = db.known(table).subquery()
    newest = select(func.max(known.c.id)).group_by(known.c.version, known.c.chunk, known.c.kind, known.c.column)
    order = (db.bytewise(table.c.chunk).desc(), db.bytewise(table.c.version).desc(), table.c.id)
    return frame_of(db, select(table).where(table.c.id.in_(newest)).order_by(*order), table)


def list_statistics(db: Session, column: str) -> pd.DataFrame:
    """Every distance of a column, oldest first."""
    table = tables.drift_statistics
    return frame_of(db, db.known(table).where(table.c.column == column).order_by(table.c.id), table)


def find_shape(db: Session, version: str, chunk: str, column: str) -> dict[str, Any]:
    """Both sides of a column in a chunk as they were compared last, see `drift.shapes`; {} where it is not kept."""
    table = tables.drift_shapes
    wanted = db.known(table).where(table.c.version == version, table.c.chunk == chunk, table.c.column == column)
    row = db.connection.execute(wanted.order_by(table.c.id.desc()).limit(1)).first()
    return dict(row.shape) if row else {}


def insert_performance(db: Session, run_id: int, found: list[Performance], at: datetime) -> None:
    """Record what the risks of chunks were worth, with the verdict on it."""
    db.insert(tables.performance, [plain({**asdict(one), "run_id": run_id, "known_at": at}) for one in found])


def list_performance(db: Session) -> pd.DataFrame:
    """The newest verdict on each version, chunk, kind and metric, by chunk."""
    table = tables.performance
    known = db.known(table).subquery()
    newest = select(func.max(known.c.id)).group_by(known.c.version, known.c.chunk, known.c.kind, known.c.metric)
    wanted = select(table).where(table.c.id.in_(newest)).order_by(db.bytewise(table.c.chunk), table.c.id)
    return frame_of(db, wanted, table)


def insert_faults(db: Session, run_id: int, chunk: str, found: list[Fault], at: datetime) -> None:
    """Record what is wrong with the data of a chunk."""
    common = {"run_id": run_id, "chunk": chunk, "known_at": at}
    db.insert(tables.faults, [plain({**asdict(one), **common}) for one in found])


def list_faults(db: Session) -> list[dict[str, Any]]:
    """Faults, newest first, with the newest answer to each: `answer` ("": none yet), `answered_by`, `note`."""
    answers: dict[int, dict[str, Any]] = {}
    for row in db.connection.execute(db.known(tables.fault_answers).order_by(tables.fault_answers.c.id)):
        answers[row.fault_id] = {"answer": row.answer, "answered_by": row.who, "note": row.note}
    nothing = {"answer": "", "answered_by": "", "note": ""}
    rows = db.connection.execute(db.known(tables.faults).order_by(tables.faults.c.id.desc()))
    return [{**row._mapping, **answers.get(row.id, nothing)} for row in rows]


def insert_answer(db: Session, fault_id: int, answer: str, who: str, note: str, at: datetime) -> None:
    """Record what a person said of a fault: "fault" or "real"."""
    row = {"fault_id": fault_id, "answer": answer, "who": who, "note": note, "known_at": at}
    db.insert(tables.fault_answers, [row])
