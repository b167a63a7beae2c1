"""The client contract as people read it: what each column is for, and what is usual there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from core.schema import CATEGORICAL, DATE, NUMERIC
from core.store import audit, ingested
from core.views.ingestion import column_summaries, contract_columns
from core.wording import percent
from core.workspace import Workspace

COLUMNS = ["column", "used_as", "kind", "missing", "usual", "note"]
_KINDS = {NUMERIC: "number", CATEGORICAL: "category", DATE: "date"}
#: the deed in the audit log by which a contract is changed
_DEED = "contract"


@dataclass(frozen=True, eq=False)
class ContractShown:
    """The contract that counts, column by column."""

    #: `COLUMNS`: missing is a share of the snapshots (NaN: not counted); in the order of the contract
    columns: pd.DataFrame
    #: columns that the model looks at, by kind in words
    looked_at: dict[str, int]
    #: columns that no one looks at, and columns that someone should look into
    left_out: int
    flagged: int
    #: since when it counts; None where a replay came before it
    since: datetime | None
    #: how people changed it, newest first: known_at, who, sentence
    changes: pd.DataFrame


def shown(workspace: Workspace) -> ContractShown | None:
    """The contract, what is usual, and how it was changed; None before the first batch."""
    found = workspace.contract()
    if found is None:
        return None
    with workspace.store.reading() as db:
        since = ingested.contract_known_at(db)
        deeds = [deed for deed in audit.list_deeds(db) if deed["deed"] == _DEED]
    kinds = {column.name: _KINDS[column.kind] for column in found.columns}
    columns = contract_columns(found)
    summaries = column_summaries(workspace).set_index("column")
    missing = columns["column"].map(summaries["missing"]) if len(summaries) else float("nan")
    usual = {str(name): _usual(row) for name, row in summaries.to_dict("index").items()}
    if usual.get(found.outcome):
        usual[found.outcome] = f"{percent(float(str(summaries.loc[found.outcome, 'mean'])))} of those known left"
    bare = columns["column"].isin(list(kinds))
    note = columns["note"].where(~bare, columns["note"].str.partition("; ")[2])
    names = columns["column"]
    made = columns.assign(
        kind=[kinds.get(name, "") for name in names], missing=missing, usual=[usual.get(name, "") for name in names],
        note=note,
    )[COLUMNS]  # fmt: skip
    looked_at = Counter(kinds.values())
    return ContractShown(
        made, dict(looked_at.most_common()), len(found.left_out), len(found.flagged), since,
        pd.DataFrame(deeds, columns=["known_at", "who", "sentence"]),
    )  # fmt: skip


def _usual(row: dict[Hashable, Any]) -> str:
    """The middle of a column, in words; `row`: of `column_summaries`."""
    median, low, high = row["median"], row["q25"], row["q75"]
    if row["most_frequent"]:
        return f"mostly {row['most_frequent']}"
    if median and not low:  # a date
        return f"half before {median}"
    return f"{median}; half lie between {low} and {high}" if low != high else str(median)
