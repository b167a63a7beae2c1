"""Rows that were set aside and cells that could not be read: the newest of them, by reason, by file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from core.parts import REJECTED
from core.records import Batch
from core.views.ingestion import REJECTED_COLUMNS
from core.workspace import Parts, Workspace

#: faults that are loaded at most; of one file too
MOST_FAULTS = 10_000
#: `id`: of the batch, whose name stands in `batch`
FAULT_COLUMNS = ["id", *REJECTED_COLUMNS]
_BLOCK_ROWS = 5_000


@dataclass(frozen=True, eq=False)
class Rejects:
    """Faults of the newest batches that have any, or of one."""

    #: `FAULT_COLUMNS`, newest batch first, in the order of lines
    faults: pd.DataFrame
    #: batches that were looked at, of those that came with faults
    batches: int
    of: int
    #: whether every fault of the batches looked at is here
    whole: bool


def newest(workspace: Workspace, batch_id: int | None = None, most: int = MOST_FAULTS) -> Rejects:
    """Faults of batches that count, newest first, as many batches as have `most` faults together (one at least); or
    those of one batch. Never more than `most` faults.
    """

    def read(parts: Parts) -> Rejects:
        faulty = [batch for batch in reversed(parts.taken) if batch.rejected + batch.bad_cells]
        wanted = _newest(faulty, most) if batch_id is None else [one for one in faulty if one.id == batch_id]
        tables, rows = [], 0
        for block in workspace.shelf.blocks(REJECTED, wanted, parts.rewritten, _BLOCK_ROWS):
            tables.append(block)
            rows += len(block)
            if rows > most and len(wanted) == 1:
                break
        found = _told(tables, wanted)
        return Rejects(found.head(most), len(wanted), len(faulty), len(found) <= most)

    return workspace.reading_parts(read)


def _newest(faulty: Sequence[Batch], most: int) -> list[Batch]:
    chosen: list[Batch] = []
    faults = 0
    for batch in faulty:
        faults += batch.rejected + batch.bad_cells
        if chosen and faults > most:
            break
        chosen.append(batch)
    return chosen


def _told(tables: list[pa.Table], wanted: list[Batch]) -> pd.DataFrame:
    if not wanted or not tables:
        return pd.DataFrame(columns=FAULT_COLUMNS)
    found = pa.concat_tables(tables, promote_options="permissive").to_pandas()
    found = found.assign(id=found["_batch"], batch=found["_batch"].map({one.id: one.name for one in wanted}))
    place = found["id"].map({one.id: place for place, one in enumerate(wanted)})
    order = place.sort_values(kind="stable").index
    return found.loc[order, FAULT_COLUMNS].reset_index(drop=True)


def files(workspace: Workspace) -> dict[int, str]:
    """Number -> name of every batch that counts and came with faults, newest first."""
    return workspace.reading_parts(
        lambda parts: {one.id: one.name for one in reversed(parts.taken) if one.rejected + one.bad_cells}
    )


def by_reason(faults: pd.DataFrame) -> pd.DataFrame:
    """What was wrong, most rows first: column, reason, set_aside, rows (each once), files, example (a value)."""
    columns = ["column", "reason", "set_aside", "rows", "files", "example"]
    if faults.empty:
        return pd.DataFrame(columns=columns)
    told = faults.assign(_row=faults.groupby(["id", "line"], sort=False).ngroup())
    grouped = told.groupby(["column", "reason", "set_aside"], sort=False, dropna=False)
    made = grouped.agg(rows=("_row", "nunique"), files=("id", "nunique"), example=("value", "first")).reset_index()
    return made.sort_values("rows", ascending=False, kind="stable", ignore_index=True)[columns]


def only(faults: pd.DataFrame, column: str = "", reason: str = "") -> pd.DataFrame:
    """Of these faults, those of a column and with a reason; "": any."""
    keep = pd.Series(True, index=faults.index)
    if column:
        keep &= faults["column"] == column
    if reason:
        keep &= faults["reason"] == reason
    return faults[keep]


def whole_rows(faults: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """Of `faults`, all that are in a row with one of the `chosen`: a row is mended as a whole."""
    keys = ["id", "line", "row"]
    return faults[pd.MultiIndex.from_frame(faults[keys]).isin(pd.MultiIndex.from_frame(chosen[keys]))]
