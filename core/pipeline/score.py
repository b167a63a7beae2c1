"""Current clients, and files, become risks with reasons."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pcsv

from core import files, ingestion, registry, schema, scoring, values
from core.config import DataConfig
from core.dataset import Dataset
from core.errors import BellwetherError, RefusedFile
from core.model import AdditiveModel
from core.pipeline.running import Progress, Step
from core.records import Version
from core.schema import Contract
from core.store import models
from core.workspace import Workspace

ADDED = ("risk", "band", "reason_1", "reason_2", "reason_3")
NO_MODEL = "There is no model to score with yet: run `python -m core run` once outcomes are known."
_BLOCK_BYTES = 1 << 24


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
    gone = stored[~stored.index.isin(current["_client"])]
    gone = gone.assign(why=np.where(gone.index.isin(missing["_client"]), "missing", "left"))
    for client, last in gone[gone["off_list"] != gone["why"]].iterrows():
        row: dict[str, Any] = {**last, "client": client, "risk": None, "reasons": [], "off_list": last["why"]}
        row.pop("why")
        row.pop("known_at")
        rows.append(row | {"value": None if pd.isna(row["value"]) else row["value"]})
    with step.commit() as db:
        models.insert_risks(db, step.run.id, rows, at)
    return len(due)


def _risk_rows(
    workspace: Workspace, due: pd.DataFrame, contract: Contract, champion: Version, model: AdditiveModel
) -> list[dict[str, Any]]:
    if len(due) == 0:
        return []
    features = schema.features(due, contract).reset_index(drop=True)
    scored = scoring.score(model, features)
    learned = registry.load_learned(workspace.models_folder, champion)
    own = due[["_client", "_as_of"]].merge(learned, on=["_client", "_as_of"], how="left")["risk"].to_numpy()
    out_of_fold = np.isfinite(own)
    risk = np.where(out_of_fold, own, scored.risk)
    reasons = scoring.reasons(model, scored, features)

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
    }
    common = {"version": champion.version, "off_list": ""}
    return [{**common, **dict(zip(columns, row, strict=True))} for row in zip(*columns.values(), strict=True)]


@dataclass(frozen=True)
class ScoredFile:
    """What came of scoring a file."""

    rows: int
    #: rows by band
    bands: dict[str, int]
    #: column -> cells that could not be read and counted as missing
    unreadable: dict[str, int]
    version: str
    provisional: bool


@dataclass(frozen=True)
class _Scorer:
    """A champion made ready to score tables of texts."""

    contract: Contract
    model: AdditiveModel
    version: Version
    cuts: scoring.BandCuts
    writer: scoring.ReasonWriter
    config: DataConfig
    at: datetime

    def score(self, table: pa.Table) -> tuple[list[pa.Array], dict[str, int]]:
        """The added columns as texts, and unreadable cells by column."""
        as_of = pd.Series(pd.Timestamp(self.at), index=range(table.num_rows)).astype("datetime64[us, UTC]")
        if self.contract.dated and self.contract.as_of in table.column_names:
            dates, _ = values.instants(values.trim(table[self.contract.as_of], self.config.missing))
            as_of = dates.to_pandas().fillna(pd.Timestamp(self.at))
        features, unreadable = ingestion.read_features(table, self.contract.columns, self.config, as_of)
        scored = scoring.score(self.model, features)
        provisional = np.full(table.num_rows, scoring.PROVISIONAL)
        band = provisional if self.version.provisional else self.cuts.band(scored.risk)
        risk = pa.array(scored.risk).cast(pa.string())
        return [risk, pa.array(band), *self.writer.write(scored)], unreadable


def _scorer(workspace: Workspace) -> _Scorer:
    version, contract = workspace.champion(), workspace.contract()
    if version is None or contract is None:
        raise BellwetherError(NO_MODEL)
    model = workspace.model(version)
    used = {column.name for column in model.columns}
    contract = replace(contract, columns=tuple(c for c in contract.columns if c.name in used))
    cuts = scoring.band_cuts(version.base_rate, workspace.config.worklist)
    writer = scoring.ReasonWriter(model)
    return _Scorer(contract, model, version, cuts, writer, workspace.config.data, workspace.now())


def score_file(
    workspace: Workspace, source: Path, target: Path, progress: Progress
) -> ScoredFile:  # fmt: skip
    """Score a CSV file into another: the same rows in the same order, with `ADDED` columns.

    Works block by block, so memory does not grow with the file. The champion itself scores, also rows it
    learned from. Raises a `BellwetherError` when there is no champion, or columns are absent; then nothing
    is written.
    """
    if not source.is_file():
        raise RefusedFile(f"There is no file {source}.")
    size = max(source.stat().st_size, 1)
    results: list[ScoredFile] = []

    def write(beside: Path) -> None:
        with source.open("rb") as read, beside.open("wb") as written:
            results.append(score_stream(workspace, read, written, lambda done: progress(done / size, "scoring")))

    try:
        files.write_atomically(target, write)
    except OSError as error:
        raise RefusedFile(f"{target} cannot be written: {error.strerror}.") from None
    return results[0]


def score_stream(
    workspace: Workspace, read: BinaryIO, written: BinaryIO, progress: Callable[[int], None]
) -> ScoredFile:
    """As `score_file`, from and to open files; `progress` gets the number of bytes read."""
    scorer = _scorer(workspace)
    source, header, separator = _open_text(read, workspace.config.data)
    names = schema.match_headers(header, workspace.config.data)
    schema.require_columns(scorer.contract, names, scoring=True)
    kept = [place for place, name in enumerate(header) if name not in ADDED]
    titles = [header[place] for place in kept] + list(ADDED)
    bands: dict[str, int] = {}
    unreadable: dict[str, int] = {}
    rows = 0
    written.write(_csv_line(titles, separator))
    target_schema = pa.schema([(f"c{number}", pa.string()) for number in range(len(titles))])
    options = pcsv.WriteOptions(include_header=False, delimiter=separator, quoting_style="needed")
    try:
        reader = pcsv.open_csv(
            source,
            read_options=pcsv.ReadOptions(column_names=names, skip_rows=1, block_size=_BLOCK_BYTES),
            parse_options=pcsv.ParseOptions(delimiter=separator, newlines_in_values=True),
            convert_options=pcsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
        with pcsv.CSVWriter(written, target_schema, write_options=options) as writer:
            for block in reader:
                table = pa.Table.from_batches([block])
                added, unread = scorer.score(table)
                columns = [table.column(place) for place in kept] + added
                writer.write_table(pa.table(dict(zip(target_schema.names, columns, strict=True))))
                rows += table.num_rows
                for band, count in pd.Series(added[1].to_pandas()).value_counts().items():
                    bands[str(band)] = bands.get(str(band), 0) + int(count)
                for column, count in unread.items():
                    unreadable[column] = unreadable.get(column, 0) + count
                progress(read.tell())
    except pa.ArrowInvalid as error:
        raise RefusedFile(f"The file cannot be read as CSV: {str(error).splitlines()[0]}.") from None
    return ScoredFile(rows, bands, unreadable, scorer.version.version, scorer.version.provisional)


def _open_text(read: BinaryIO, config: DataConfig) -> tuple[Any, list[str], str]:
    """An Arrow input of UTF-8 text, the header's cells, and the separator."""
    start = read.read(1 << 16)
    blank = len(start) - len(start.removeprefix(codecs.BOM_UTF8).lstrip(b"\r\n"))
    if b"\n" in start[blank:] and b"\x00" not in start and _is_utf8(read):
        read.seek(blank)
        source: Any = pa.PythonFile(read, mode="r")
        head = start[blank:].decode(errors="ignore")
    else:
        read.seek(0)
        head = ingestion.decode(read.read())[0].lstrip("\r\n")
        source = pa.BufferReader((head + "\n").encode())
    if not head.strip():
        raise RefusedFile("The file is empty: there is not even a header line.")
    line = head.split("\n", 1)[0].rstrip("\r")
    separator = ingestion.find_separator(line) if config.separator == "auto" else config.separator
    return source, next(csv.reader([line], delimiter=separator)), separator


def _is_utf8(read: BinaryIO) -> bool:
    """Whether the whole file is UTF-8: a first umlaut may stand anywhere."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    read.seek(0)
    try:
        while block := read.read(1 << 20):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _csv_line(cells: list[str], separator: str) -> bytes:
    line = io.StringIO()
    csv.writer(line, delimiter=separator, lineterminator="\n").writerow(cells)
    return line.getvalue().encode()
