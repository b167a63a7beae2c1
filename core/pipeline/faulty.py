"""What is wrong with the data of a chunk, apart from drift of the world."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import datetime

import pandas as pd
import pyarrow as pa

from core import diagnostics
from core.diagnostics import Counts, RowCounts
from core.parts import REJECTED
from core.pipeline.reference import Reference
from core.records import Fault
from core.store import monitoring
from core.store.database import Session
from core.workspace import Parts, Workspace

#: what Bellwether itself answers when a fault is no longer there
GONE, ITSELF = "gone", "Bellwether"
#: how the reason of a cell begins that was read, but lies outside the column's bounds
_OUTSIDE = "outside"


def chunk_faults(
    workspace: Workspace, reference: Reference, features: pd.DataFrame, kinds: Mapping[str, str],
    deliveries: Sequence[pd.DataFrame],
) -> list[Fault]:  # fmt: skip
    """Faults of a chunk's columns against the reference, and of its rows against the chunks before.

    `deliveries`: `_client`, `_as_of`, `_batch` of every chunk so far, this one last.
    """
    now = deliveries[-1]
    unreadable, outside = _bad_cells(workspace, now, len(features), kinds)
    return diagnostics.find_faults(
        reference.profile.columns, features, kinds, importance=reference.importance, unreadable=unreadable,
        out_of_bounds=outside, rows=_rows(deliveries),
    )  # fmt: skip


def _rows(deliveries: Sequence[pd.DataFrame]) -> RowCounts | None:
    """How many rows came, were told twice, and which clients of the chunk before are absent.

    Only where the chunk came as one batch, as those before did: a month that is still filling is no fault.
    """
    if any((own["_batch"] != own["_batch"].iloc[0]).any() for own in deliveries[-4:]):
        return None
    clients = [set(own["_client"]) for own in deliveries]
    unseen = [Counts(len(before - now), len(before)) for before, now in itertools.pairwise(clients)]
    twice = [Counts(len(own) - len(own.drop_duplicates(["_client", "_as_of"])), len(own)) for own in deliveries]
    sizes = [len(own) for own in clients]
    return RowCounts(
        rows=sizes[-1], earlier_rows=sizes[:-1], duplicates=twice[-1], earlier_duplicates=twice[:-1],
        unseen=unseen[-1] if unseen else Counts(0, 0), earlier_unseen=unseen[:-1],
    )  # fmt: skip


def _bad_cells(
    workspace: Workspace, now: pd.DataFrame, rows: int, kinds: Mapping[str, str]
) -> tuple[dict[str, tuple[Counts, Counts]], dict[str, tuple[Counts, Counts]]]:
    """Cells that could not be read, and those out of bounds: column -> (of all other batches, of the chunk's)."""
    own = {int(batch) for batch in now["_batch"].unique()}

    def read(parts: Parts) -> tuple[int, int, pa.Table | None]:
        bad = sum(batch.bad_cells for batch in parts.taken if batch.id in own)
        others = sum(batch.accepted for batch in parts.taken if batch.id not in own and batch.holds == "clients")
        table = workspace.shelf.read(REJECTED, parts.taken, parts.rewritten) if bad else None
        return bad, others, table

    _, others, table = workspace.reading_parts(read)
    if table is None:
        return {}, {}
    cells = table.select(["_batch", "column", "reason", "set_aside"]).to_pandas()
    cells = cells[~cells["set_aside"].astype(bool) & cells["column"].isin(list(kinds))]
    outside = cells["reason"].str.startswith(_OUTSIDE)
    return _counts(cells[~outside], own, others, rows), _counts(cells[outside], own, others, rows)


def _counts(cells: pd.DataFrame, own: set[int], others: int, rows: int) -> dict[str, tuple[Counts, Counts]]:
    found = {}
    for name, part in cells.groupby("column"):
        here = int(part["_batch"].isin(own).sum())
        found[str(name)] = (Counts(min(len(part) - here, others), others), Counts(min(here, rows), rows))
    return found


def record_faults(db: Session, run_id: int, chunk: str, found: list[Fault], at: datetime) -> None:
    """Write down the faults of a chunk that are new, and that those which were there before are gone."""
    known = {(one["column"], one["kind"]): one for one in reversed(monitoring.list_faults(db)) if one["chunk"] == chunk}
    here = {(one.column, one.kind) for one in found}
    standing = {key for key, one in known.items() if one["answer"] != GONE}
    monitoring.insert_faults(db, run_id, chunk, [one for one in found if (one.column, one.kind) not in standing], at)
    for key in standing - here:
        monitoring.insert_answer(db, known[key]["id"], GONE, ITSELF, "It is no longer there.", at)
