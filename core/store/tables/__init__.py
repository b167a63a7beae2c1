"""The tables. All are append-only but `jobs` (its state) and `worker` (the lease); `known_at` is the second clock.

Two deeds are exceptions, each in one transaction with its line in `audit`: erasing a client removes the client's risks
and what was noted of it, takes the client's name out of sentences and names, and changes the manifests of versions that
learned from the client; restoring a backup replaces everything.
"""

from core.store.tables.base import metadata
from core.store.tables.kept import (
    audit,
    batches,
    contracts,
    cursors,
    decisions,
    jobs,
    migrations,
    packages,
    part_batches,
    parts,
    promotions,
    risks,
    run_ends,
    runs,
    sightings,
    steps,
    troubles,
    versions,
    withdrawals,
    worker,
)
from core.store.tables.monitored import (
    drift,
    drift_shapes,
    drift_statistics,
    fault_answers,
    faults,
    metrics,
    missed_leavers,
    performance,
    summaries,
)
from core.store.tables.noted import catches, contacts, overrides, saved_filters, snoozes, worklists

__all__ = [
    "audit",
    "batches",
    "catches",
    "contacts",
    "contracts",
    "cursors",
    "decisions",
    "drift",
    "drift_shapes",
    "drift_statistics",
    "fault_answers",
    "faults",
    "jobs",
    "metadata",
    "metrics",
    "migrations",
    "missed_leavers",
    "overrides",
    "packages",
    "part_batches",
    "parts",
    "performance",
    "promotions",
    "risks",
    "run_ends",
    "runs",
    "saved_filters",
    "sightings",
    "snoozes",
    "steps",
    "summaries",
    "troubles",
    "versions",
    "withdrawals",
    "worker",
    "worklists",
]
