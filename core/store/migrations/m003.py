"""What telling changes of a risk apart needs, and who was contacted."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, MetaData, String, Table, Text, text
from sqlalchemy.engine import Connection

from core.store.database import Instant

_metadata = MetaData()

Table(
    "contacts",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("known_at", Instant, nullable=False),
    Column("client", Text, nullable=False),
    Column("contacted_at", Instant, nullable=False),
    Column("who", Text, nullable=False),
    Column("how", String(30), nullable=False),
    Column("result", String(30), nullable=False),
    Column("note", Text, nullable=False),
    Index("contacts_of_client", "client", "id"),
)


def m003_reasons_and_contacts(connection: Connection) -> None:
    """Make the table, and the new columns of `risks`."""
    _metadata.create_all(connection)
    for column in ("change json", "unfamiliar json"):
        connection.execute(text(f"alter table risks add column {column}"))
