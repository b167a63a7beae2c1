"""What came in, what was kept, and what it looks like."""

from __future__ import annotations

from dataclasses import asdict

import pandas as pd

from core import files
from core.records import Batch
from core.schema import Contract
from core.store import history, ingested
from core.wording import number
from core.workspace import REJECTED, Workspace

BATCH_COLUMNS = list(Batch.__dataclass_fields__)
REJECTED_COLUMNS = ["batch", "line", "column", "value", "reason", "row", "set_aside"]
#: statistics of a column in the order in which they are shown
STATISTICS = ("mean", "std", "min", "q25", "median", "q75", "max", "most_frequent")


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


def column_summaries(workspace: Workspace) -> pd.DataFrame:
    """A row per column: column, n, missing (share of rows), and its statistics as texts; empty before any."""
    found = statistics(workspace)
    if len(found) == 0:
        return pd.DataFrame(columns=["column", "missing", "n", *STATISTICS])
    shown = [
        text or ("" if pd.isna(value) else number(value))
        for text, value in zip(found["text"], found["value"], strict=True)
    ]
    texts = found.assign(shown=shown).pivot_table(
        index="column", columns="statistic", values="shown", aggfunc="first", sort=False
    )
    missing = found[found["statistic"] == "missing"].set_index("column")
    known = (missing["n"] * (1 - missing["value"].astype("float64"))).round().astype(int)
    texts = texts.reindex(columns=list(STATISTICS)).fillna("")
    made = pd.DataFrame({"missing": missing["value"].astype("float64"), "n": known}).join(texts)
    return made.reset_index()


def contract_columns(found: Contract) -> pd.DataFrame:
    """Every column of the client table: column, used_as, note."""
    roles = {
        found.client_id: "names the client", found.as_of: "date the row is about", found.outcome: "outcome: has left",
        found.value: "value of the client", found.owner: "client manager", found.label: "name to show",
    }  # fmt: skip
    features = {column.name: column.kind for column in found.columns}
    rows = [(name, role, "") for name, role in roles.items() if name and name not in features]
    rows += [
        (name, f"{roles[name]}, looked at by the model" if name in roles else "looked at by the model", kind)
        for name, kind in features.items()
    ]
    rows += [(left.name, "left out", left.reason) for left in found.left_out]
    return pd.DataFrame(rows, columns=["column", "used_as", "note"])


def template(found: Contract) -> bytes:
    """The header line of a file to score, as CSV."""
    names = [found.client_id, found.as_of, *found.names]
    return pd.DataFrame(columns=[name for name in dict.fromkeys(names) if name]).to_csv(index=False).encode()
