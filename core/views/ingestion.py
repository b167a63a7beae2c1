"""What came in, what was kept, and what it looks like."""

from __future__ import annotations

import json

import pandas as pd
import pyarrow as pa

from core import sources, training
from core.config import FolderSource
from core.parts import REJECTED
from core.records import Batch
from core.schema import Contract
from core.store import history, ingested
from core.training import Flag
from core.wording import number
from core.workspace import Parts, Workspace

_FORMATS = {"csv": "CSV", "xlsx": "Excel", "parquet": "Parquet"}
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "blanks"}
BATCH_COLUMNS = list(Batch.__dataclass_fields__)
REJECTED_COLUMNS = ["batch", "line", "column", "value", "reason", "row", "set_aside"]
#: statistics of a column in the order in which they are shown
STATISTICS = ("mean", "std", "min", "q25", "median", "q75", "max", "most_frequent")


def batches(workspace: Workspace) -> pd.DataFrame:
    """Every batch, newest first; `state`: taken, refused, withdrawn or expired; `read_as`: how, in words."""
    with workspace.store.reading() as db:
        found, aside = ingested.list_batches(db), ingested.set_aside(db)
    made = pd.DataFrame({name: [getattr(batch, name) for batch in found] for name in BATCH_COLUMNS})
    return made.assign(state=[_state(batch, aside) for batch in found], read_as=[read_as(batch) for batch in found])


def refused(batches: pd.DataFrame) -> pd.DataFrame:
    """Of `batches`, the contents that were refused and not taken since, each with the newest reason."""
    taken = set(batches.loc[batches["refused"] == "", "sha256"])
    left = batches[(batches["refused"] != "") & ~batches["sha256"].isin(taken)]
    return left.drop_duplicates("sha256")


def _state(batch: Batch, aside: dict[int, str]) -> str:
    if batch.refused:
        return "refused"
    return {ingested.WITHDRAW: "withdrawn", ingested.EXPIRE: "expired"}.get(aside.get(batch.id, ""), "taken")


def read_as(batch: Batch) -> str:
    """How a file was read, in words; "" when it could not be.

    >>> in_words({"format": "csv", "packed": "gzip", "encoding": "utf-8", "separator": ";", "decimal": ",",
    ...            "decimal_by": "found", "dates": "dmy"})
    'CSV in gzip, utf-8, separated by semicolons, decimal comma, dates day first'
    """
    return in_words(json.loads(batch.dialect)) if batch.dialect else ""


def in_words(told: dict[str, str]) -> str:
    """A dialect in words; `told`: see `Dialect.told`."""
    separator = _SEPARATORS.get(told.get("separator", ""), told.get("separator", ""))
    said = [
        _FORMATS.get(told.get("format", ""), told.get("format", ""))
        + (f" in {told['packed']}" if "packed" in told else ""),
        f"sheet {told['sheet']}" if "sheet" in told else "",
        told.get("encoding", ""),
        f"separated by {separator}" if separator else "",
        "decimal comma" if told.get("decimal") == "," else "",
        {"dmy": "dates day first", "mdy": "dates month first"}.get(told.get("dates", ""), ""),
    ]
    return ", ".join(one for one in said if one)


def rejected(workspace: Workspace, batch_id: int | None = None) -> pd.DataFrame:
    """Rejected rows (set_aside) and unreadable cells, newest batch first, or of one batch, with line and reason."""

    def read(parts: Parts) -> tuple[dict[int, str], pa.Table | None]:
        wanted = [batch for batch in parts.taken if batch_id in (None, batch.id)]
        return {batch.id: batch.name for batch in wanted}, workspace.shelf.read(REJECTED, wanted, parts.rewritten)

    names, table = workspace.reading_parts(read)
    if table is None:
        return pd.DataFrame(columns=REJECTED_COLUMNS)
    found = table.to_pandas()
    found["batch"] = found["_batch"].map(names)
    found = found.sort_values("_batch", ascending=False, kind="stable", ignore_index=True)
    return found[REJECTED_COLUMNS]


def troubles(workspace: Workspace) -> pd.DataFrame:
    """Sources and files that could not be read last time: source, name ("": the source itself), sentence, since."""
    with workspace.store.reading() as db:
        found = ingested.open_troubles(db)
    rows = [(source, name, sentence, since) for (source, name), (sentence, since) in found.items()]
    return pd.DataFrame(rows, columns=["source", "name", "sentence", "since"])


def statistics(workspace: Workspace) -> pd.DataFrame:
    """Statistics of the dataset: column, statistic, n, value, text."""
    with workspace.store.reading() as db:
        return history.list_summaries(db)[["column", "statistic", "n", "value", "text"]]


def flags(workspace: Workspace) -> list[Flag]:
    """Columns of the dataset to look into before training: leaks, identifiers, and what says nothing."""
    found, dataset = workspace.contract(), workspace.dataset()
    if found is None or dataset is None:
        return []
    config = workspace.config.model
    return training.flags(dataset.rows, dataset.rows["_outcome"].to_numpy(), found, config.gate.leak_roc_auc)


def client_files(workspace: Workspace) -> list[str]:
    """Paths of the client files that lie in folder sources, by name."""
    return [
        str(arrival.path)
        for source in workspace.config.sources
        if isinstance(source, FolderSource) and source.holds != "outcomes"
        for arrival in sources.poll(source).arrivals
    ]


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
    texts = texts.reindex(columns=list(STATISTICS)).astype(object).fillna("")
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
    flagged = {one.name: one.reason for one in found.flagged}
    rows = [
        (name, role, f"{note}; look into it: {flagged[name]}" if name in flagged else note) for name, role, note in rows
    ]
    rows += [(left.name, "left out", left.reason) for left in found.left_out]
    return pd.DataFrame(rows, columns=["column", "used_as", "note"])


def template(found: Contract) -> bytes:
    """The header line of a file to score, as CSV."""
    names = [found.client_id, found.as_of, *found.names]
    return pd.DataFrame(columns=[name for name in dict.fromkeys(names) if name]).to_csv(index=False).encode()
