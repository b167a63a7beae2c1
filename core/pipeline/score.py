"""Current clients become risks with reasons."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from core import registry, schema, scoring
from core.dataset import Dataset
from core.model import AdditiveModel
from core.pipeline.changed import changes_since
from core.pipeline.listing import write_lists
from core.pipeline.running import Step
from core.records import Version
from core.schema import Contract
from core.scoring import unfamiliar
from core.store import models
from core.workspace import Workspace


def score_clients(workspace: Workspace, step: Step, dataset: Dataset, contract: Contract, champion: Version) -> int:
    """Give every current client whose snapshot or champion changed a risk with reasons; how many.

    Where the champion learned from the very snapshot, its out-of-fold risk is stored. Clients who left or
    went missing get a closing row. Nothing is written twice.
    """
    at, config = step.run.at, workspace.config.data
    current, missing = dataset.current(at, config.stale_after)
    with workspace.store.reading() as db:
        stored = models.current_risks(db).set_index("client")
    model = workspace.model(champion)
    contents = current["_content"].map(bytes.hex)
    before = stored.reindex(current["_client"])
    unchanged = (
        (before["version"].to_numpy() == champion.version)
        & (before["content"].to_numpy() == contents.to_numpy())
        & before["risk"].notna().to_numpy()
    )
    due = current[~unchanged]
    rows = _risk_rows(workspace, due, contract, champion, model)
    changed = changes_since(workspace, dataset, rows, stored, model)
    rows = [one | {"change": change} for one, change in zip(rows, changed, strict=True)]
    gone = stored[~stored.index.isin(current["_client"])]
    gone = gone.assign(why=np.where(gone.index.isin(missing["_client"]), "missing", "left"))
    for client, last in gone[gone["off_list"] != gone["why"]].iterrows():
        row: dict[str, Any] = {**last, "client": client, "risk": None, "reasons": [], "off_list": last["why"]}
        row |= {"change": None, "unfamiliar": None}
        row.pop("why")
        row.pop("known_at")
        rows.append(row | {"value": None if pd.isna(row["value"]) else row["value"]})
    with step.commit() as db:
        models.insert_risks(db, step.run.id, rows, at)
    write_lists(workspace, step.run.id, dataset, champion)
    return len(due)


def _risk_rows(
    workspace: Workspace, due: pd.DataFrame, contract: Contract, champion: Version, model: AdditiveModel
) -> list[dict[str, Any]]:
    if len(due) == 0:
        return []
    features = schema.features(due, model.columns).reset_index(drop=True)
    scored = scoring.score(model, features)
    learned = registry.load_learned(workspace.models_folder, champion)
    risk, out_of_fold = scoring.delivered(scored.risk, due, learned)
    reasons = scoring.reasons(model, scored, features)
    strange = unfamiliar.told(model, unfamiliar.unfamiliar(model, scored.encoded), features)

    def column(name: str, otherwise: Any) -> list[Any]:
        if not name:
            return [otherwise] * len(due)
        return [otherwise if pd.isna(value) else value for value in due[name].tolist()]

    columns = {
        "client": due["_client"].tolist(),
        "as_of": [moment.to_pydatetime() for moment in due["_as_of"]],
        "risk": risk.tolist(),
        "content": due["_content"].map(bytes.hex).tolist(),
        "out_of_fold": out_of_fold.tolist(),
        "label": column(contract.label, ""),
        "owner": column(contract.owner, ""),
        "value": column(contract.value, None),
        "reasons": reasons,
        "unfamiliar": [said or None for said in strange],
    }
    common = {"version": champion.version, "off_list": ""}
    return [{**common, **dict(zip(columns, row, strict=True))} for row in zip(*columns.values(), strict=True)]
