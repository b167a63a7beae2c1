"""Drift with its evidence, performance with its verdict, and faults of the data."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, ForeignKey, Index, Integer, MetaData, String, Table, Text, text
from sqlalchemy.engine import Connection

from core.store.database import Instant

_metadata = MetaData()

Table("runs", _metadata, Column("id", Integer, primary_key=True))

Table(
    "drift_statistics",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("version", String(40), nullable=False),
    Column("chunk", String(20), nullable=False),
    Column("column", Text, nullable=False),
    Column("kind", String(14), nullable=False),
    Column("statistic", String(30), nullable=False),
    Column("value", Float),
    Column("threshold", Float),
    Column("verdict", String(20), nullable=False),
    Column("n", Integer, nullable=False),
    Index("statistics_of_column", "column", "statistic"),
)

Table(
    "performance",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("version", String(40), nullable=False),
    Column("chunk", String(20), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("metric", String(20), nullable=False),
    Column("value", Float),
    Column("low", Float),
    Column("high", Float),
    Column("reference", Float),
    Column("tolerance", Float),
    Column("verdict", String(20), nullable=False),
    Column("n", Integer, nullable=False),
    Column("coverage", Float),
    Column("late_days", Float),
    Column("sentence", Text, nullable=False),
)

Table(
    "faults",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("chunk", String(20), nullable=False),
    Column("column", Text, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("sentence", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("figures", JSON, nullable=False),
)

Table(
    "fault_answers",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("known_at", Instant, nullable=False),
    Column("fault_id", Integer, ForeignKey("faults.id"), nullable=False, index=True),
    Column("answer", String(10), nullable=False),
    Column("who", Text, nullable=False),
    Column("note", Text, nullable=False),
)

_DRIFT = (
    "version varchar(40) not null default ''",
    "method varchar(30) not null default 'psi'",
    "effect float",
    "threshold float",
    "q float",
    "low_power boolean not null default {false}",
    "calendar boolean not null default {false}",
    "importance float",
    "sentence text not null default ''",
    '"where" json',
    "touched integer",
    "touched_on_list integer",
    "listed integer",
)


def m004_monitoring(connection: Connection) -> None:
    """Make the tables, and the new columns of `drift`; of older comparisons PSI is what the verdict rests on."""
    _metadata.create_all(connection, tables=[table for name, table in _metadata.tables.items() if name != "runs"])
    false = "false" if connection.dialect.name == "postgresql" else "0"
    for column in _DRIFT:
        connection.execute(text(f"alter table drift add column {column.format(false=false)}"))
    connection.execute(text("update drift set effect = psi"))
