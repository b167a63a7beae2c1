"""What keeping every client file safe needs."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, String, Table, Text, text
from sqlalchemy.engine import Connection

from core.store.database import Instant

_metadata = MetaData()

Table("batches", _metadata, Column("id", Integer, primary_key=True))

Table(
    "withdrawals",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("known_at", Instant, nullable=False),
    Column("batch_id", Integer, ForeignKey("batches.id"), nullable=False, index=True),
    Column("kind", String(10), nullable=False),
    Column("sentence", Text, nullable=False),
)

Table(
    "parts",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("known_at", Instant, nullable=False),
    Column("name", Text, nullable=False),
    Column("holds", String(10), nullable=False),
    Column("rows", Integer, nullable=False),
)

Table(
    "part_batches",
    _metadata,
    Column("part_id", Integer, ForeignKey("parts.id"), primary_key=True),
    Column("batch_id", Integer, ForeignKey("batches.id"), primary_key=True),
    Index("part_of_batch", "batch_id", "part_id"),
)

Table(
    "sightings",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("known_at", Instant, nullable=False),
    Column("source", String(200), nullable=False),
    Column("name", Text, nullable=False),
    Column("stamp", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Index("sightings_of_source", "source", "name"),
)

Table(
    "cursors",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("known_at", Instant, nullable=False),
    Column("source", String(200), nullable=False, index=True),
    Column("state", Text, nullable=False),
)

Table(
    "troubles",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("known_at", Instant, nullable=False),
    Column("source", String(200), nullable=False),
    Column("name", Text, nullable=False),
    Column("sentence", Text, nullable=False),
)

Table(
    "audit",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("known_at", Instant, nullable=False),
    Column("who", Text, nullable=False),
    Column("deed", String(30), nullable=False),
    Column("subject", Text, nullable=False),
    Column("sentence", Text, nullable=False),
)


def m002_nothing_lost(connection: Connection) -> None:
    """Make the tables, and the new columns of `batches`."""
    _metadata.create_all(connection)
    for column in ("dialect text not null default ''", "bad_cells integer not null default 0",
                   "disagreed integer not null default 0"):  # fmt: skip
        connection.execute(text(f"alter table batches add column {column}"))
