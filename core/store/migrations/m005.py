"""What people write down about clients, and whom they were told to call."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, MetaData, String, Table, Text, text
from sqlalchemy.engine import Connection

from core.store.database import Instant

_metadata = MetaData()

Table("runs", _metadata, Column("id", Integer, primary_key=True))

Table(
    "snoozes",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("known_at", Instant, nullable=False),
    Column("client", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("until_at", Instant),
    Column("rises_by", Float),
    Column("risk", Float),
    Column("awake", Boolean, nullable=False),
    Index("snoozes_of_client", "client", "id"),
)

Table(
    "overrides",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("known_at", Instant, nullable=False),
    Column("client", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("band", String(10), nullable=False),
    Column("reason", Text, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index("overrides_of_client", "client", "id"),
)

Table(
    "worklists",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("week", String(8), nullable=False, index=True),
    Column("owner", Text, nullable=False),
    Column("place", Integer, nullable=False),
    Column("client", Text, nullable=False),
    Column("as_of", Instant, nullable=False),
    Column("risk", Float, nullable=False),
)

Table(
    "catches",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("week", String(8), nullable=False),
    Column("owner", Text, nullable=False),
    Column("listed", Integer, nullable=False),
    Column("expected", Float, nullable=False),
    Column("known", Integer, nullable=False),
    Column("expected_of_known", Float, nullable=False),
    Column("left", Integer, nullable=False),
)

Table(
    "saved_filters",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("known_at", Instant, nullable=False),
    Column("who", Text, nullable=False),
    Column("name", String(80), nullable=False),
    Column("query", Text, nullable=False),
)


def m005_what_people_write_down(connection: Connection) -> None:
    """Make the tables, and the new columns of `contacts`."""
    _metadata.create_all(connection, tables=[table for name, table in _metadata.tables.items() if name != "runs"])
    collate = ' collate "C"' if connection.dialect.name == "postgresql" else ""
    for column in (f"next_at varchar(27){collate}", "takes_back integer"):
        connection.execute(text(f"alter table contacts add column {column}"))
