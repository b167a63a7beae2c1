"""Current clients, and files, become risks with reasons."""

from __future__ import annotations

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
import pyarrow.compute as pc
import pyarrow.csv as pcsv

from core import files, ingestion, registry, schema, scoring, values
from core.config import DataConfig
from core.dataset import Dataset
from core.errors import BellwetherError, RefusedFile
from core.ingestion import TextTable
from core.model import AdditiveModel
from core.pipeline.changed import changes_since
from core.pipeline.running import Progress, Step
from core.records import Version
from core.schema import CATEGORICAL, Contract
from core.scoring import unfamiliar
from core.store import models
from core.values import PLAIN, Spelling
from core.wording import plural
from core.workspace import Workspace

ADDED = ("risk", "band", "reason_1", "reason_2", "reason_3")
NO_MODEL = "There is no model to score with yet: run `python -m core run` once outcomes are known."


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
    spelling: Spelling = PLAIN
    #: names that the contract spells
    known: tuple[str, ...] = ()

    def spelled(self, table: TextTable) -> _Scorer:
        """Ready for the way in which numbers and dates are spelled in a file."""
        columns = [column.name for column in self.contract.columns if column.kind != CATEGORICAL]
        columns += [self.contract.as_of] if self.contract.as_of in table.names else []
        evidence = ingestion.gather(table.chunks(), columns, self.config)
        return replace(self, spelling=ingestion.choose(evidence, self.config, "").spelling)

    def score(self, table: pa.Table) -> tuple[list[pa.Array], dict[str, int]]:
        """The added columns as texts, and unreadable cells by column."""
        as_of = pd.Series(pd.Timestamp(self.at), index=range(table.num_rows)).astype("datetime64[us, UTC]")
        if self.contract.dated and self.contract.as_of in table.column_names:
            dates, _ = values.instants(
                values.trim(table[self.contract.as_of], self.config.missing), self.spelling.dates
            )
            as_of = dates.to_pandas().fillna(pd.Timestamp(self.at))
        features, unreadable = ingestion.read_features(table, self.contract.columns, self.config, as_of, self.spelling)
        absent = [column.name for column in self.model.columns if column.name not in features]
        scored = scoring.score(self.model, features.assign(**dict.fromkeys(absent, np.nan)))
        provisional = np.full(table.num_rows, scoring.PROVISIONAL)
        band = provisional if self.version.provisional else self.cuts.band(scored.risk)
        risk = pa.array(scored.risk).cast(pa.string())
        reasons = self._strange_first(scored, features, self.writer.write(scored))
        return [risk, pa.array(band), *reasons], unreadable

    def _strange_first(self, scored: scoring.Scored, features: pd.DataFrame, reasons: list[pa.Array]) -> list[pa.Array]:
        """The reasons, and where there was nothing like a client before, that in front of them."""
        found = unfamiliar.unfamiliar(self.model, scored.encoded)
        places = np.flatnonzero(found.any())
        if len(places) == 0:
            return reasons
        own = unfamiliar.Unfamiliar({name: mask[places] for name, mask in found.columns.items()})
        said = unfamiliar.told(self.model, own, features.iloc[places].reset_index(drop=True))
        texts = np.full(len(scored.risk), None, dtype=object)
        texts[places] = [unfamiliar.sentence(one) for one in said]
        strange = pa.array(texts, pa.string())
        known = pc.is_valid(strange)
        shifted = [strange, *reasons[:-1]]
        return [pc.if_else(known, moved, reason) for moved, reason in zip(shifted, reasons, strict=True)]


def _scorer(workspace: Workspace) -> _Scorer:
    version, contract = workspace.champion(), workspace.contract()
    if version is None or contract is None:
        raise BellwetherError(NO_MODEL)
    model = workspace.model(version)
    known = (contract.client_id, contract.as_of, *contract.names)
    # what the champion uses and the contract no longer has counts as missing
    used = {(column.name, column.kind) for column in model.columns}
    contract = replace(contract, columns=tuple(c for c in contract.columns if (c.name, c.kind) in used))
    cuts = scoring.band_cuts(version.base_rate, workspace.config.worklist)
    writer = scoring.ReasonWriter(model)
    return _Scorer(contract, model, version, cuts, writer, workspace.config.data, workspace.now(), known=known)


def score_file(
    workspace: Workspace, source: Path, target: Path, progress: Progress
) -> ScoredFile:  # fmt: skip
    """Score a client file into a CSV file: the same rows in the same order, with `ADDED` columns.

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
    workspace: Workspace, read: BinaryIO, written: BinaryIO, progress: Callable[[int], None], *, sheet: str = ""
) -> ScoredFile:
    """As `score_file`, from and to open files; `progress` gets the number of bytes read. `read` must be seekable."""
    scorer = _scorer(workspace)
    table = ingestion.open_table(lambda: _Kept(read), workspace.config.data, sheet=sheet, known=scorer.known)
    schema.require_columns(scorer.contract, table.names, scoring=True)
    scorer = scorer.spelled(table)
    kept = [place for place, title in enumerate(table.titles) if title not in ADDED]
    titles = [table.titles[place] for place in kept] + list(ADDED)
    separator = table.dialect.separator or ","
    bands: dict[str, int] = {}
    unreadable: dict[str, int] = {}
    rows = 0
    written.write(_csv_line(titles, separator))
    target_schema = pa.schema([(f"c{number}", pa.string()) for number in range(len(titles))])
    options = pcsv.WriteOptions(include_header=False, delimiter=separator, quoting_style="needed")
    with pcsv.CSVWriter(written, target_schema, write_options=options) as writer:
        for chunk in table.chunks():
            if chunk.ragged:
                line, cells = chunk.ragged[0]
                raise RefusedFile(
                    f"Row {line:,} below the header has {plural(len(cells), 'cell')} where the header has "
                    f"{len(table.titles)}; mend the row, so that every client gets a risk."
                )
            added, unread = scorer.score(chunk.table)
            columns = [chunk.table.column(place) for place in kept] + added
            writer.write_table(pa.table(dict(zip(target_schema.names, columns, strict=True))))
            rows += chunk.table.num_rows
            for band, count in pd.Series(added[1].to_pandas()).value_counts().items():
                bands[str(band)] = bands.get(str(band), 0) + int(count)
            for column, count in unread.items():
                unreadable[column] = unreadable.get(column, 0) + count
            progress(read.tell())
    return ScoredFile(rows, bands, unreadable, scorer.version.version, scorer.version.provisional)


class _Kept(io.RawIOBase):
    """A stream from its beginning, that stays open when its reader closes it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        stream.seek(0)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._stream.read(size)

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(place, whence)

    def tell(self) -> int:
        return self._stream.tell()


def _csv_line(cells: list[str], separator: str) -> bytes:
    line = io.StringIO()
    csv.writer(line, delimiter=separator, lineterminator="\n").writerow(cells)
    return line.getvalue().encode()
