"""Which old batches are needed yet."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from core.dataset import Dataset
from core.parts import ROWS, SEEN
from core.records import Batch, Version
from core.upkeep.learned import learned_from
from core.upkeep.placing import ids, kept
from core.workspace import Workspace


def no_longer_needed(workspace: Workspace, old: Sequence[Batch], versions: Sequence[Version]) -> list[Batch]:
    """Those of these batches that none of the versions learned from, and without which every client stays the same.

    The newest snapshot of each client with its outcome, that is, and whether the client is current. An old batch may
    matter in roundabout ways, as where its snapshot is the one that an outcome without a date is about; so it is
    looked at what is shown without them.
    """
    needed = {batch for version in versions for batch in learned_from(workspace, version)} if old else set()
    going = [batch for batch in old if batch.id not in needed]
    if not going:
        return []
    whole = workspace.dataset()
    if whole is not None:
        newest = whole.newest()
        needed |= set(newest["_batch"]) | set(newest["_outcome_batch"].dropna().astype(int))
    going = [batch for batch in going if batch.id not in needed]
    before = _shown(workspace, whole)
    while going:
        others = _changed(before, _shown(workspace, workspace.dataset(without=ids(going))))
        if not others:
            break
        holding = _holding(workspace, going, others)
        going = [batch for batch in going if batch.id not in holding] if holding else []
    return going


def _shown(workspace: Workspace, dataset: Dataset | None) -> pd.DataFrame:
    """Client -> what there is to see of each."""
    if dataset is None:
        return pd.DataFrame(columns=["_as_of", "_content", "_outcome", "_current"])
    current, _ = dataset.current(workspace.now(), workspace.config.data.stale_after)
    newest = dataset.newest()[["_client", "_as_of", "_content", "_outcome"]].fillna({"_outcome": -1.0})
    newest["_current"] = newest["_client"].isin(current["_client"])
    return newest.set_index("_client")


def _changed(before: pd.DataFrame, after: pd.DataFrame) -> set[str]:
    """Clients that are not shown as before."""
    lost = set(before.index) ^ set(after.index)
    both = before.index.intersection(after.index)
    same = (before.loc[both] == after.loc[both]).all(axis=1)
    return lost | set(both[~same.to_numpy(bool)])


def _holding(workspace: Workspace, batches: Sequence[Batch], clients: set[str]) -> set[int]:
    """Ids of the batches with a row about any of these clients."""
    found: set[int] = set()
    rewritten = kept(workspace).rewritten
    for ending in (ROWS, SEEN):
        for table in workspace.shelf.tables(ending, batches, rewritten, ["_client"]):
            rows = table.to_pandas()
            found |= set(rows.loc[rows["_client"].isin(clients), "_batch"])
    return found
