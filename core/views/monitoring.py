"""What drifted, how the delivered risks did, and what was decided."""

from __future__ import annotations

from typing import Any

import pandas as pd

from core.store import history
from core.workspace import Workspace

DRIFT_COLUMNS = [
    "chunk", "column", "kind", "psi", "verdict", "reference_usual", "current_usual", "reference_missing",
    "current_missing", "reference_n", "current_n", "known_at",
]  # fmt: skip
PERFORMANCE_COLUMNS = ["chunk", "kind", "metric", "value", "low", "high", "n", "version", "known_at"]


def drift(workspace: Workspace) -> pd.DataFrame:
    """The newest comparison of every chunk and column, newest chunk first, strongest first."""
    with workspace.store.reading() as db:
        return history.list_drift(db)[DRIFT_COLUMNS]


def performance(workspace: Workspace) -> pd.DataFrame:
    """Realised and backfilled performance by chunk; `kind` says which."""
    with workspace.store.reading() as db:
        found = [history.list_metrics(db, kind) for kind in ("realised", "backfilled")]
    return pd.concat([frame for frame in found if len(frame)] or found[:1])[PERFORMANCE_COLUMNS]


def decisions(workspace: Workspace) -> list[dict[str, Any]]:
    """Decisions with their evidence, newest first."""
    with workspace.store.reading() as db:
        found = history.list_decisions(db)
    return [{key: one[key] for key in ("known_at", "question", "answer", "sentence", "evidence")} for one in found]
