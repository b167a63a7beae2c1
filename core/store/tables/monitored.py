"""Tables of what monitoring found: figures of performance, drift and faults of the data."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text, false

from core.store.database import Instant
from core.store.tables.base import metadata

metrics = Table(
    "metrics",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("version", String(40), nullable=False),
    # out_of_fold, realised, backfilled, estimated, weighted
    Column("kind", String(12), nullable=False),
    # "" or the chunk it is about, such as 2026-01
    Column("chunk", String(20), nullable=False),
    Column("metric", String(20), nullable=False),
    Column("n", Integer, nullable=False),
    Column("value", Float),
    Column("low", Float),
    Column("high", Float),
)

drift = Table(
    "drift",
    metadata,
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
    # the version whose reference it was compared with
    Column("version", String(40), nullable=False, server_default=""),
    # the statistic that the verdict rests on
    Column("method", String(30), nullable=False, server_default="psi"),
    Column("effect", Float),
    Column("threshold", Float),
    Column("q", Float),
    Column("low_power", Boolean, nullable=False, server_default=false()),
    # it grows with the calendar, so that it drifts by construction
    Column("calendar", Boolean, nullable=False, server_default=false()),
    # share of the model's weight, 0-1
    Column("importance", Float),
    Column("sentence", Text, nullable=False, server_default=""),
    # where the change is, see `ColumnDrift.where`
    Column("where", JSON(none_as_null=True)),
    # clients of the chunk that lie there; those of the managers' list; how many the list has
    Column("touched", Integer),
    Column("touched_on_list", Integer),
    Column("listed", Integer),
)

# Every distance of every comparison, one a row.
drift_statistics = Table(
    "drift_statistics",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("version", String(40), nullable=False),
    Column("chunk", String(20), nullable=False),
    Column("column", Text, nullable=False),
    Column("kind", String(14), nullable=False),
    Column("statistic", String(30), nullable=False),
    Column("value", Float),
    # null: the verdict does not rest on it
    Column("threshold", Float),
    Column("verdict", String(20), nullable=False),
    Column("n", Integer, nullable=False),
    Index("statistics_of_column", "column", "statistic"),
)

# Both sides of a compared column in a few bins or levels, to look at.
drift_shapes = Table(
    "drift_shapes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("version", String(40), nullable=False),
    Column("chunk", String(20), nullable=False),
    Column("column", Text, nullable=False),
    Column("kind", String(14), nullable=False),
    # see `drift.shapes`
    Column("shape", JSON(none_as_null=True), nullable=False),
    Index("shapes_of_column", "column", "chunk"),
)

# Clients who left although their last risk was low, with what was known then; the newest row about a client counts.
missed_leavers = Table(
    "missed_leavers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("client", Text, nullable=False),
    # of the snapshot; the version and the risk that were told for it, when, and why
    Column("as_of", Instant, nullable=False),
    Column("version", String(40), nullable=False),
    Column("risk", Float, nullable=False),
    Column("told_at", Instant, nullable=False),
    Column("reasons", JSON(none_as_null=True), nullable=False),
    # when the leaving became known
    Column("outcome_known_at", Instant, nullable=False),
    # false: it turned out otherwise since
    Column("stands", Boolean, nullable=False),
    Index("missed_of_client", "client", "id"),
)

# What the risks of a chunk were worth, realised or estimated, held against the champion's own figure.
performance = Table(
    "performance",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("version", String(40), nullable=False),
    Column("chunk", String(20), nullable=False),
    # realised, estimated, weighted, concept
    Column("kind", String(12), nullable=False),
    Column("metric", String(20), nullable=False),
    Column("value", Float),
    Column("low", Float),
    Column("high", Float),
    # the champion's own figure, and how far below it is a drop
    Column("reference", Float),
    Column("tolerance", Float),
    Column("verdict", String(20), nullable=False),
    Column("n", Integer, nullable=False),
    # share of the delivered risks whose outcome is known; days from the end of the horizon until it was (median)
    Column("coverage", Float),
    Column("late_days", Float),
    Column("sentence", Text, nullable=False),
)

# What is wrong with the data rather than with the world; the newest row about a chunk, column and kind counts.
faults = Table(
    "faults",
    metadata,
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

# What a person said of a fault; the newest answer counts.
fault_answers = Table(
    "fault_answers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("known_at", Instant, nullable=False),
    Column("fault_id", Integer, ForeignKey("faults.id"), nullable=False, index=True),
    # "fault": the data are wrong; "real": the world is like that
    Column("answer", String(10), nullable=False),
    Column("who", Text, nullable=False),
    Column("note", Text, nullable=False),
)

summaries = Table(
    "summaries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("column", Text, nullable=False),
    Column("statistic", String(20), nullable=False),
    Column("n", Integer, nullable=False),
    Column("value", Float),
    Column("text", Text, nullable=False),
)
