"""Shapes of compared columns, and clients who left although their risk was low."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Float, ForeignKey, Index, Integer, MetaData, String, Table, Text
from sqlalchemy.engine import Connection

from core.store.database import Instant

_metadata = MetaData()

Table("runs", _metadata, Column("id", Integer, primary_key=True))

Table(
    "drift_shapes",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("version", String(40), nullable=False),
    Column("chunk", String(20), nullable=False),
    Column("column", Text, nullable=False),
    Column("kind", String(14), nullable=False),
    Column("shape", JSON(none_as_null=True), nullable=False),
    Index("shapes_of_column", "column", "chunk"),
)

Table(
    "missed_leavers",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("client", Text, nullable=False),
    Column("as_of", Instant, nullable=False),
    Column("version", String(40), nullable=False),
    Column("risk", Float, nullable=False),
    Column("told_at", Instant, nullable=False),
    Column("reasons", JSON(none_as_null=True), nullable=False),
    Column("outcome_known_at", Instant, nullable=False),
    Column("stands", Boolean, nullable=False),
    Index("missed_of_client", "client", "id"),
)


def m006_what_is_looked_at(connection: Connection) -> None:
    """Make the tables."""
    _metadata.create_all(connection, tables=[table for name, table in _metadata.tables.items() if name != "runs"])
