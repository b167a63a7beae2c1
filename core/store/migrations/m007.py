"""When a job was begun, so that waiting and running are told apart."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.engine import Connection


def m007_when_jobs_began(connection: Connection) -> None:
    """Make the column; of earlier jobs it is not known."""
    collation = ' collate "C"' if connection.dialect.name == "postgresql" else ""
    connection.execute(text(f"alter table jobs add column started_at varchar(27){collation}"))
