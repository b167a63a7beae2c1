"""Tables of what came in, of models and their risks, of runs, jobs and deeds."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text, text

from core.store.database import Instant
from core.store.tables.base import metadata

migrations = Table(
    "migrations",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("known_at", Instant, nullable=False),
)

contracts = Table(
    "contracts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("known_at", Instant, nullable=False),
    Column("content", Text, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("known_at", Instant, nullable=False),
)

run_ends = Table(
    "run_ends",
    metadata,
    Column("run_id", Integer, ForeignKey("runs.id"), primary_key=True),
    Column("known_at", Instant, nullable=False),
    Column("state", String(10), nullable=False),
    Column("sentence", Text, nullable=False),
    Column("seconds", Float, nullable=False),
    # what a full run found; the same again means nothing is new
    Column("state_key", String(40), nullable=False),
)

steps = Table(
    "steps",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False, index=True),
    Column("name", String(30), nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("seconds", Float, nullable=False),
)

batches = Table(
    "batches",
    metadata,
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
    # a refused file is looked at again when this changes
    Column("read_by", String(32), nullable=False),
    # how it was read, as JSON
    Column("dialect", Text, nullable=False, server_default=""),
    # cells that could not be read and count as missing
    Column("bad_cells", Integer, nullable=False, server_default=text("0")),
    # rows that tell something else about a client and date than an earlier batch did
    Column("disagreed", Integer, nullable=False, server_default=text("0")),
    Index("one_batch_per_content", "sha256", unique=True, sqlite_where=text("refused = ''"),
          postgresql_where=text("refused = ''")),
)  # fmt: skip

# The last row about a batch counts. `kind`: withdraw, reinstate, expire (its rows are gone for good).
withdrawals = Table(
    "withdrawals",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("known_at", Instant, nullable=False),
    Column("batch_id", Integer, ForeignKey("batches.id"), nullable=False, index=True),
    Column("kind", String(10), nullable=False),
    Column("sentence", Text, nullable=False),
)

# Rewritten parts: the newest part that names a batch holds its rows, in place of the files it came with.
parts = Table(
    "parts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("known_at", Instant, nullable=False),
    Column("name", Text, nullable=False),
    Column("holds", String(10), nullable=False),
    Column("rows", Integer, nullable=False),
)

part_batches = Table(
    "part_batches",
    metadata,
    Column("part_id", Integer, ForeignKey("parts.id"), primary_key=True),
    Column("batch_id", Integer, ForeignKey("batches.id"), primary_key=True),
    Index("part_of_batch", "batch_id", "part_id"),
)

# A file that was looked at: it need not be read again to know its sha256 while its stamp is the same.
sightings = Table(
    "sightings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("known_at", Instant, nullable=False),
    Column("source", String(200), nullable=False),
    Column("name", Text, nullable=False),
    # size, times of change and inode
    Column("stamp", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Index("sightings_of_source", "source", "name"),
)

# How far a table was fetched; the newest row of a source counts.
cursors = Table(
    "cursors",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("known_at", Instant, nullable=False),
    Column("source", String(200), nullable=False, index=True),
    Column("state", Text, nullable=False),
)

# What could not be read in a source, told when it changes; the newest row counts, "" is the end of it.
troubles = Table(
    "troubles",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("known_at", Instant, nullable=False),
    Column("source", String(200), nullable=False),
    Column("name", Text, nullable=False),
    Column("sentence", Text, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("known_at", Instant, nullable=False),
    Column("who", Text, nullable=False),
    # withdraw, reinstate, erase, contract, retain, restore, promote, rollback, answer
    Column("deed", String(30), nullable=False),
    Column("subject", Text, nullable=False),
    Column("sentence", Text, nullable=False),
)

versions = Table(
    "versions",
    metadata,
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

promotions = Table(
    "promotions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("version", String(40), ForeignKey("versions.version"), nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("kind", String(10), nullable=False),
    Column("sentence", Text, nullable=False),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("question", String(10), nullable=False),
    Column("answer", Boolean, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("evidence", JSON, nullable=False),
)

packages = Table(
    "packages",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("name", String(200), nullable=False),
    Column("direct", Boolean, nullable=False),
    Column("installed", String(60), nullable=False),
    Column("newest", String(60), nullable=False),
    Column("failure", Text, nullable=False),
)

# A row per change of a client's risk; risk null: the client left the list (`off_list` says why).
risks = Table(
    "risks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("client", Text, nullable=False),
    Column("as_of", Instant, nullable=False),
    Column("version", String(40), nullable=False),
    Column("risk", Float),
    # hash of the snapshot's values
    Column("content", String(32), nullable=False),
    # the champion learned from this very row, so this is its out-of-fold risk
    Column("out_of_fold", Boolean, nullable=False),
    Column("off_list", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("value", Float),
    Column("reasons", JSON, nullable=False),
    # what became of the risk since the last one, see `scoring.changes`; null: nothing before, or not known
    Column("change", JSON(none_as_null=True)),
    # columns whose value is like nothing that was learned from, see `scoring.unfamiliar`
    Column("unfamiliar", JSON(none_as_null=True)),
    Index("newest_risk_of_client", "client", "id"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("config", Text, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("heartbeat_at", Instant),
    Column("ended_at", Instant),
    # null: it waits, or began before this was written down
    Column("started_at", Instant),
    Column("progress", Float, nullable=False),
    Column("doing", Text, nullable=False),
    Column("sentence", Text, nullable=False),
    Index("one_waiting_job_of_a_kind", "kind", "config", unique=True,
          sqlite_where=text("state in ('queued', 'running')"),
          postgresql_where=text("state in ('queued', 'running')")),
    Index("jobs_by_state", "state"),
)  # fmt: skip

worker = Table(
    "worker",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("holder", String(100), nullable=False),
    Column("heartbeat_at", Instant, nullable=False),
)
