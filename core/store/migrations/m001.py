"""Everything the first release keeps, as it was then."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Float, ForeignKey, Index, Integer, MetaData, String, Table, Text, text
from sqlalchemy.engine import Connection

from core.store.database import Instant

_metadata = MetaData()


Table(
    "migrations",
    _metadata,
    Column("name", String(100), primary_key=True),
    Column("known_at", Instant, nullable=False),
)

Table(
    "contracts",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("known_at", Instant, nullable=False),
    Column("content", Text, nullable=False),
)

Table(
    "runs",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("known_at", Instant, nullable=False),
)

Table(
    "run_ends",
    _metadata,
    Column("run_id", Integer, ForeignKey("runs.id"), primary_key=True),
    Column("known_at", Instant, nullable=False),
    Column("state", String(10), nullable=False),
    Column("sentence", Text, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("state_key", String(40), nullable=False),
)

Table(
    "steps",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False, index=True),
    Column("name", String(30), nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("seconds", Float, nullable=False),
)

Table(
    "batches",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("source", String(200), nullable=False),
    Column("name", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("holds", String(10), nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("read", Integer, nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("duplicate", Integer, nullable=False),
    Column("superseded", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    Column("part", Text, nullable=False),
    Column("refused", Text, nullable=False),
    Column("read_by", String(32), nullable=False),
    Index("one_batch_per_content", "sha256", unique=True, sqlite_where=text("refused = ''"),
          postgresql_where=text("refused = ''")),
)  # fmt: skip

Table(
    "versions",
    _metadata,
    Column("version", String(40), primary_key=True),
    Column("known_at", Instant, nullable=False),
    Column("family", String(20), nullable=False),
    Column("provisional", Boolean, nullable=False),
    Column("base_rate", Float, nullable=False),
    Column("trained_rows", Integer, nullable=False),
    Column("threshold", Float, nullable=False),
    Column("fingerprint", String(32), nullable=False),
    Column("manifest_sha256", String(64), nullable=False),
)

Table(
    "promotions",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("version", String(40), ForeignKey("versions.version"), nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("kind", String(10), nullable=False),
    Column("sentence", Text, nullable=False),
)

Table(
    "decisions",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("question", String(10), nullable=False),
    Column("answer", Boolean, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("evidence", JSON, nullable=False),
)

Table(
    "metrics",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("version", String(40), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("chunk", String(20), nullable=False),
    Column("metric", String(20), nullable=False),
    Column("n", Integer, nullable=False),
    Column("value", Float),
    Column("low", Float),
    Column("high", Float),
)

Table(
    "drift",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("chunk", String(20), nullable=False),
    Column("column", Text, nullable=False),
    Column("kind", String(12), nullable=False),
    Column("reference_n", Integer, nullable=False),
    Column("current_n", Integer, nullable=False),
    Column("psi", Float),
    Column("reference_missing", Float),
    Column("current_missing", Float),
    Column("reference_usual", Text, nullable=False),
    Column("current_usual", Text, nullable=False),
    Column("verdict", String(20), nullable=False),
)

Table(
    "summaries",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("column", Text, nullable=False),
    Column("statistic", String(20), nullable=False),
    Column("n", Integer, nullable=False),
    Column("value", Float),
    Column("text", Text, nullable=False),
)

Table(
    "packages",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("name", String(200), nullable=False),
    Column("direct", Boolean, nullable=False),
    Column("installed", String(60), nullable=False),
    Column("newest", String(60), nullable=False),
    Column("failure", Text, nullable=False),
)

Table(
    "risks",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("client", Text, nullable=False),
    Column("as_of", Instant, nullable=False),
    Column("version", String(40), nullable=False),
    Column("risk", Float),
    Column("content", String(32), nullable=False),
    Column("out_of_fold", Boolean, nullable=False),
    Column("off_list", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("value", Float),
    Column("reasons", JSON, nullable=False),
    Index("newest_risk_of_client", "client", "id"),
)

Table(
    "jobs",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("config", Text, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("heartbeat_at", Instant),
    Column("ended_at", Instant),
    Column("progress", Float, nullable=False),
    Column("doing", Text, nullable=False),
    Column("sentence", Text, nullable=False),
    Index("one_waiting_job_of_a_kind", "kind", "config", unique=True,
          sqlite_where=text("state in ('queued', 'running')"),
          postgresql_where=text("state in ('queued', 'running')")),
    Index("jobs_by_state", "state"),
)  # fmt: skip

Table(
    "worker",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("holder", String(100), nullable=False),
    Column("heartbeat_at", Instant, nullable=False),
)


def m001_first_tables(connection: Connection) -> None:
    """Make them."""
    _metadata.create_all(connection)
