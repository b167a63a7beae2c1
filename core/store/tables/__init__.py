"""The tables. All are append-only but `jobs` (its state) and `worker` (the lease); `known_at` is the second clock.

Two deeds are exceptions, each in one transaction with its line in `audit`: erasing a client removes the client's risks,
takes the client's name out of sentences and names, and changes the manifests of versions that learned from the client;
restoring a backup replaces everything.
"""

from core.store.tables.base import metadata
from core.store.tables.kept import (
    audit,
    batches,
    contacts,
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
from core.store.tables.monitored import drift, drift_statistics, fault_answers, faults, metrics, performance, summaries

__all__ = [
    "audit",
    "batches",
    "contacts",
    "contracts",
    "cursors",
    "decisions",
    "drift",
    "drift_statistics",
    "fault_answers",
    "faults",
    "jobs",
    "metadata",
    "metrics",
    "migrations",
    "packages",
    "part_batches",
    "parts",
    "performance",
    "promotions",
    "risks",
    "run_ends",
    "runs",
    "sightings",
    "steps",
    "summaries",
    "troubles",
    "versions",
    "withdrawals",
    "worker",
]
