"""Which old batches are needed yet."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from core import registry
from core.dataset import Dataset
from core.errors import DamagedVersion
from core.parts import ROWS, SEEN
from core.records import Batch, Version
from core.store import ingested
from core.upkeep.learned import learned_from
from core.upkeep.placing import ids, kept
from core.workspace import Workspace

_KEY = ["_client", "_as_of"]


def no_longer_needed(workspace: Workspace, old: Sequence[Batch], versions: Sequence[Version]) -> list[Batch]:
    """Those of these batches that none of the versions learned from, and without which every client stays the same.

    That is: the newest snapshot of each with its outcome, and whether the client is current. An old batch may matter
    in roundabout ways: its snapshot may be the one that an outcome without a date is about, and when it was withdrawn,
    it may hold what others delivered again. So it is looked at what is shown without them.
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
    learned = _learned(workspace, going, versions)
    before = _shown(workspace, whole, learned)
    while going:
        after = _shown(workspace, workspace.dataset(without=ids(going)), learned)
        others = _changed(before, after)
        if not others:
            break
        holding = _newest_holding(workspace, going, others)
        going = [batch for batch in going if batch.id not in holding] if holding else []
    return going


def _learned(workspace: Workspace, going: Sequence[Batch], versions: Sequence[Version]) -> pd.MultiIndex:
    """Keys of rows that versions learned from, where some of them may stand in a batch that was withdrawn."""
    with workspace.store.reading() as db:
        withdrawn = set(ids(ingested.withdrawn_batches(db)))
    found = [pd.DataFrame({"_client": [], "_as_of": pd.to_datetime([], utc=True)})]
    for version in versions if withdrawn.intersection(ids(going)) else ():
        try:
            found.append(registry.load_learned(workspace.models_folder, version)[_KEY])
        except DamagedVersion:
            continue
    return pd.MultiIndex.from_frame(pd.concat(found[1:] or found))


def _shown(workspace: Workspace, dataset: Dataset | None, learned: pd.MultiIndex) -> pd.DataFrame:
    """What there is to see of each client, and of each row that a version learned from."""
    if dataset is None:
        return pd.DataFrame(columns=[*_KEY, "_content", "_outcome", "_current", "_newest"]).set_index(_KEY)
    current, _ = dataset.current(workspace.now(), workspace.config.data.stale_after)
    newest = pd.MultiIndex.from_frame(dataset.newest()[_KEY])
    rows = dataset.rows[[*_KEY, "_content", "_outcome"]].set_index(_KEY)
    rows = rows[rows.index.isin(newest) | rows.index.isin(learned)].fillna({"_outcome": -1.0})
    is_current = rows.index.get_level_values("_client").isin(current["_client"])
    return rows.assign(_current=is_current, _newest=rows.index.isin(newest))


def _changed(before: pd.DataFrame, after: pd.DataFrame) -> set[str]:
    """Clients of whom not the same is shown."""
    changed = before.index.symmetric_difference(after.index)
    both = before.index.intersection(after.index)
    same = (before.loc[both] == after.loc[both]).all(axis=1).to_numpy(bool)
    return {client for index in (changed, both[~same]) for client in index.get_level_values("_client")}


def _newest_holding(workspace: Workspace, batches: Sequence[Batch], clients: set[str]) -> set[int]:
    """For each of these clients, the id of the newest of the batches (in the order of arrival) with a row about it."""
    rank = {batch.id: place for place, batch in enumerate(batches)}
    newest: dict[str, int] = {}
    rewritten = kept(workspace).rewritten
    for ending in (ROWS, SEEN):
        for table in workspace.shelf.tables(ending, batches, rewritten, ["_client"]):
            rows = table.to_pandas()
            rows = rows[rows["_client"].isin(clients)].drop_duplicates()
            for client, batch_id in zip(rows["_client"], rows["_batch"], strict=True):
                newest[client] = max(newest.get(client, -1), rank[batch_id])
    return {batches[place].id for place in newest.values()}
