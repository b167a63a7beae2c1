"""What became of each client's risk since it was last delivered."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from core import schema
from core.dataset import Dataset
from core.errors import DamagedVersion
from core.model import AdditiveModel
from core.scoring import changes
from core.store import models
from core.workspace import Workspace

_KEY = ["_client", "_as_of"]


def changes_since(
    workspace: Workspace, dataset: Dataset, rows: list[dict[str, Any]], stored: pd.DataFrame, model: AdditiveModel
) -> list[dict[str, Any] | None]:
    """Of each row of risks that is about to be stored, how it differs from the one before (see `scoring.changes`).

    `stored`: the last risks by client. None where a client had none, or none with a percentage; where the model or
    the snapshot of that time is gone, why the change is not told apart.
    """
    made: list[dict[str, Any] | None] = [None] * len(rows)
    if not rows:
        return made
    with workspace.store.reading() as db:
        versions = {version.version: version for version in models.list_versions(db)}
    asked = pd.DataFrame({"_client": [row["client"] for row in rows], "place": range(len(rows))})
    before = (
        stored[["as_of", "version", "risk", "content"]]
        .reset_index()
        .rename(columns={"client": "_client", "as_of": "_as_of", "risk": "then", "content": "seen"})
    )
    asked = asked.merge(before[before["then"].notna()], on="_client")
    for name, own in asked.groupby("version"):
        version = versions.get(str(name))
        if version is None or version.provisional:
            continue
        try:
            earlier = workspace.model(version)
        except DamagedVersion:
            for place in own["place"]:
                made[place] = {"unknown": f"the files of version {name} are gone"}
            continue
        for place, change in _told_apart(dataset, own, rows, (earlier, model), str(name)):
            made[place] = change
    return made


def _told_apart(
    dataset: Dataset, asked: pd.DataFrame, rows: list[dict[str, Any]], models_: tuple[AdditiveModel, AdditiveModel],
    version: str,
) -> list[tuple[int, dict[str, Any]]]:  # fmt: skip
    before, now = models_
    if other := _not_the_same(dataset, before, now):
        return [(place, {"unknown": other}) for place in asked["place"]]
    columns = list({column.name: column for one in models_ for column in one.columns}.values())
    wanted = [column.name for column in columns]
    snapshots = dataset.rows[[*_KEY, "_content", *wanted]]
    was = asked.merge(snapshots, on=_KEY, how="left")
    kept = was["_content"].map(lambda content: isinstance(content, bytes) and content.hex()) == was["seen"]
    told = [
        (int(place), {"unknown": "the values of that time were corrected or are gone"})
        for place in was.loc[~kept, "place"]
    ]
    was = was[kept]
    if len(was) == 0:
        return told
    keys = pd.DataFrame(
        {"_client": was["_client"].to_numpy(), "_as_of": [rows[place]["as_of"] for place in was["place"]]}
    )
    keys["_as_of"] = pd.to_datetime(keys["_as_of"], utc=True).astype("datetime64[us, UTC]")
    is_now = keys.merge(snapshots, on=_KEY, how="left")
    then, today = (schema.features(side, columns).reset_index(drop=True) for side in (was, is_now))
    delivered = was["then"].to_numpy(dtype=np.float64), np.array([rows[place]["risk"] for place in was["place"]])
    found = changes.split(before, now, then, today, delivered)
    return told + list(zip(was["place"].tolist(), changes.as_stored(found, now, then, today, version), strict=True))


def _not_the_same(dataset: Dataset, before: AdditiveModel, now: AdditiveModel) -> str:
    """Why two models cannot be asked about the same rows; "" when they can."""
    kinds = {column.name: column.kind for column in before.columns}
    for column in now.columns:
        if kinds.get(column.name, column.kind) != column.kind:
            return f"the column {column.name} is read in another way now"
    gone = [name for name in kinds if name not in dataset.rows]
    return f"the column {gone[0]} is no longer kept" if gone else ""
