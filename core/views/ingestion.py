"""What came in, what was kept, and what it looks like."""

from __future__ import annotations

from dataclasses import asdict

import pandas as pd

from core import files
from core.records import Batch
from core.schema import Contract
from core.store import history, ingested
from core.workspace import REJECTED, Workspace

BATCH_COLUMNS = list(Batch.__dataclass_fields__)
REJECTED_COLUMNS = ["batch", "line", "column", "value", "reason", "row", "set_aside"]


def batches(workspace: Workspace) -> pd.DataFrame:
    """Every batch, taken or refused, newest first."""
    with workspace.store.reading() as db:
        found = ingested.list_batches(db)
    return pd.DataFrame([asdict(batch) for batch in found], columns=BATCH_COLUMNS)


def rejected(workspace: Workspace) -> pd.DataFrame:
    """Rejected rows (set_aside) and unreadable cells of every taken batch, with line, value and reason."""
    found = []
    with workspace.store.reading() as db:
        taken = ingested.taken_batches(db)
    for batch in reversed(taken):
        path = workspace.rejected_folder / f"{batch.part}{REJECTED}"
        if path.is_file():
            found.append(files.read_part(path).to_pandas().assign(batch=batch.name))
    return pd.concat(found, ignore_index=True)[REJECTED_COLUMNS] if found else pd.DataFrame(columns=REJECTED_COLUMNS)


def statistics(workspace: Workspace) -> pd.DataFrame:
    """Statistics of the dataset: column, statistic, n, value, text."""
    with workspace.store.reading() as db:
        return history.list_summaries(db)[["column", "statistic", "n", "value", "text"]]


def contract(workspace: Workspace) -> Contract | None:
    """The client contract; None before the first batch."""
    return workspace.contract()
