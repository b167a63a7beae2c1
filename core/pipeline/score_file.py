"""Files become scored files: the same rows in the same order, with risk, band and reasons."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pcsv

from core import files, ingestion, schema
from core.errors import RefusedFile
from core.ingestion import Chunk, TextTable
from core.pipeline.running import Progress
from core.pipeline.scorer import ScoredTexts, Scorer, scorer
from core.schema.headers import nearest
from core.store import history, monitoring
from core.values.formulas import harmless_cell, harmless_cells
from core.wording import listed, plural
from core.workspace import Workspace

ADDED = ("risk", "band", "reason_1", "reason_2", "reason_3")
#: the column of what is like nothing that was learned from, where it does not stand first among the reasons
FLAG = "never_seen"
#: rows of a preview; rows set aside that are listed
PREVIEW_ROWS, MOST_ASIDE = 200, 1_000


@dataclass(frozen=True)
class Aside:
    """A row that got no risk."""

    line: int
    reason: str
    #: its cells as JSON
    row: str


@dataclass(frozen=True)
class Understood:
    """How a file was read, before any of it was scored."""

    #: see `Dialect.told`
    dialect: dict[str, str]
    #: (what the column is called in the file, the name it is known by)
    columns: tuple[tuple[str, str], ...]
    #: names that the champion looks at
    used: tuple[str, ...]
    #: names that the contract does not know
    new: tuple[str, ...]
    #: (a name that is asked for and absent, the name that may be meant or "")
    missing: tuple[tuple[str, str], ...]


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
    #: rows that were left out, and the first `MOST_ASIDE` of them
    set_aside: int = 0
    aside: tuple[Aside, ...] = ()
    #: rows with a value like nothing that was learned from, and how many by column
    strange: int = 0
    strange_columns: dict[str, int] = field(default_factory=dict)
    #: what is wrong with the newest data that came in, in a sentence; "": nothing is known
    doubt: str = ""
    separator: str = ","
    #: what the added columns are called
    added: tuple[str, ...] = ADDED
    #: the first rows, and those of the highest risks: `row` (from 1), `rank` (1: highest in the file), columns of the
    #: scored file
    first: pd.DataFrame = field(default_factory=pd.DataFrame, compare=False, repr=False)
    highest: pd.DataFrame = field(default_factory=pd.DataFrame, compare=False, repr=False)

    @property
    def notes(self) -> list[str]:
        """What a person should know before relying on it, a sentence each."""
        said = []
        if self.set_aside:
            lines = listed([f"{one.line:,}" for one in self.aside[:5]])
            more = f" and {self.set_aside - 5:,} more" if self.set_aside > 5 else ""
            said.append(
                f"{plural(self.set_aside, 'row')} got no risk and {'is' if self.set_aside == 1 else 'are'} left out: "
                f"{self.aside[0].reason} (line{'s' * (self.set_aside > 1)} {lines}{more})."
            )
        said += [
            f"{plural(count, 'cell')} of column {name} could not be read and counted as missing."
            for name, count in self.unreadable.items()
        ]
        if self.strange:
            told = listed([f"{name} ({count:,})" for name, count in self.strange_columns.items()])
            said.append(
                f"{plural(self.strange, 'row')} of {self.rows:,} {'has' if self.strange == 1 else 'have'} a value like "
                f"none that was learned from: {told}. Take these risks as guesses."
            )
        return [*said, self.doubt] if self.doubt else said


def score_file(workspace: Workspace, source: Path, target: Path, progress: Progress) -> ScoredFile:
    """Score a client file into a CSV file: the same rows in the same order, with `ADDED` columns.

    Works block by block, so memory does not grow with the file. The champion itself scores, also rows it
    learned from. Rows with more or fewer cells than the header are left out and told. Raises a `BellwetherError` when
    there is no champion, or columns are absent; then nothing is written.
    """
    if not source.is_file():
        raise RefusedFile(f"There is no file {source}.")
    size = max(source.stat().st_size, 1)
    results: list[ScoredFile] = []

    def write(beside: Path) -> None:
        with source.open("rb") as read, beside.open("wb") as written:
            results.append(
                score_stream(workspace, read, written, lambda done: progress(min(done / size, 1.0), "scoring"))
            )

    try:
        files.write_atomically(target, write)
    except OSError as error:
        raise RefusedFile(f"{target} cannot be written: {error.strerror}.") from None
    return results[0]


def understand(workspace: Workspace, read: BinaryIO) -> Understood:
    """How a file would be read. Raises a `BellwetherError` when it is no table, or there is no champion."""
    ready = scorer(workspace)
    contract = workspace.contract() or ready.contract
    table = _open(workspace, read, ready)
    found = schema.compare_columns(ready.contract, table.names, scoring=True)
    meant = dict(found.renamed)
    whole = schema.compare_columns(contract, table.names, scoring=True)
    return Understood(
        table.dialect.told(),
        tuple(zip(table.titles, table.names, strict=True)),
        tuple(column.name for column in ready.contract.columns),
        whole.new,
        tuple((name, meant.get(name) or nearest(name, found.new) or "") for name in found.missing),
    )


def score_stream(
    workspace: Workspace,
    read: BinaryIO,
    written: BinaryIO,
    progress: Callable[[int], None],
    *,
    for_sheets: bool = False,
) -> ScoredFile:
    """As `score_file`, from and to open files; `progress` gets the number of bytes read. `read` must be seekable.

    `for_sheets`: for people who open it in a spreadsheet: it begins with a byte order mark, texts that would be run are
    made harmless, and what is like nothing before stands in a column of its own, `FLAG`, not in front of the reasons.
    """
    ready = scorer(workspace)
    table = _open(workspace, read, ready)
    schema.require_columns(ready.contract, table.names, scoring=True)
    ready = ready.spelled(table)
    separator = table.dialect.separator or ","
    added = _new_names(table.titles, (*ADDED, FLAG) if for_sheets else ADDED)
    titles = [*table.titles, *added]
    tally = _Tally(ready, titles)
    written.write(codecs.BOM_UTF8 if for_sheets else b"")
    written.write(_csv_line([harmless_cell(one) for one in titles] if for_sheets else titles, separator))
    target_schema = pa.schema([(f"c{number}", pa.string()) for number in range(len(titles))])
    options = pcsv.WriteOptions(include_header=False, delimiter=separator, quoting_style="needed")
    with pcsv.CSVWriter(written, target_schema, write_options=options) as writer:
        for chunk in table.chunks():
            scored = ready.score(chunk.table)
            columns = [*chunk.table.columns, *_columns(scored, flagged=for_sheets)]
            tally.add(chunk, scored, columns)
            if for_sheets:
                columns = [harmless_cells(column) for column in columns]
            writer.write_table(pa.table(dict(zip(target_schema.names, columns, strict=True))))
            progress(read.tell())
    return tally.told(table, _doubt(workspace), separator, added)


def _open(workspace: Workspace, read: BinaryIO, ready: Scorer) -> TextTable:
    return ingestion.open_table(lambda: _Kept(read), workspace.config.data, known=ready.known)


def _new_names(titles: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
    """Names for new columns. A column of the file that is called so already keeps its name and its cells.

    >>> _new_names(["risk", "Band", "band (Bellwether)"], ["risk", "band", "reason_1"])
    ('risk (Bellwether)', 'band (Bellwether 2)', 'reason_1')
    """
    there = {schema.folded(title) for title in titles}
    made = []
    for name in wanted:
        own, number = name, 1
        while schema.folded(own) in there:
            own = f"{name} (Bellwether)" if number == 1 else f"{name} (Bellwether {number})"
            number += 1
        made.append(own)
    return tuple(made)


def _columns(scored: ScoredTexts, *, flagged: bool) -> list[pa.Array]:
    risk = pa.array(scored.risk).cast(pa.string())
    if flagged:
        return [risk, scored.band, *scored.reasons, scored.strange]
    return [risk, scored.band, *scored.strange_first()]


class _Tally:
    """Counts what comes of each chunk, and keeps the rows that are shown."""

    def __init__(self, ready: Scorer, titles: list[str]) -> None:
        self._version = ready.version
        self._titles = titles
        self._bands: dict[str, int] = {}
        self._unreadable: dict[str, int] = {}
        self._strange_columns: dict[str, int] = {}
        self._strange = self._rows = self._ragged = 0
        self._aside: list[tuple[int, list[str]]] = []
        self._first: list[pd.DataFrame] = []
        self._highest: pd.DataFrame | None = None
        #: of a provisional model the ranks are shown, and each needs all risks
        self._risks: list[np.ndarray] = []

    def add(self, chunk: Chunk, scored: ScoredTexts, columns: list[Any]) -> None:
        for band, count in pd.Series(scored.band.to_pandas()).value_counts().items():
            self._bands[str(band)] = self._bands.get(str(band), 0) + int(count)
        for kept, found in ((self._unreadable, scored.unreadable), (self._strange_columns, scored.strange_columns)):
            for column, count in found.items():
                kept[column] = kept.get(column, 0) + count
        self._strange += len(scored.strange) - scored.strange.null_count
        self._aside += chunk.ragged[: max(0, MOST_ASIDE - len(self._aside))]
        self._ragged += len(chunk.ragged)
        self._risks.append(scored.risk)
        self._keep(scored.risk, columns)
        self._rows += chunk.table.num_rows

    def _keep(self, risk: np.ndarray, columns: list[Any]) -> None:
        def rows(places: np.ndarray) -> pd.DataFrame:
            taken = [pa.chunked_array([one]) if isinstance(one, pa.Array) else one for one in columns]
            texts = [one.take(pa.array(places)).to_pandas() for one in taken]
            made = pd.concat([pd.Series(self._rows + places + 1), pd.Series(risk[places]), *texts], axis=1)
            made.columns = pd.Index(["row", "_risk", *self._titles])
            return made

        wanted = PREVIEW_ROWS - sum(map(len, self._first))
        if wanted > 0 and len(risk):
            self._first.append(rows(np.arange(min(wanted, len(risk)))))
        best = rows(np.argsort(-risk, kind="stable")[:PREVIEW_ROWS])
        both = best if self._highest is None else pd.concat([self._highest, best])
        self._highest = both.sort_values("_risk", ascending=False, kind="stable").head(PREVIEW_ROWS)

    def _shown(self, kept: pd.DataFrame, ordered: np.ndarray) -> pd.DataFrame:
        """`ordered`: all risks, ascending."""
        higher = len(ordered) - np.searchsorted(ordered, kept["_risk"].to_numpy(), side="right")
        shown = kept.drop(columns="_risk").reset_index(drop=True)
        shown.insert(1, "rank", higher + 1)
        return shown

    def told(self, table: TextTable, doubt: str, separator: str, added: tuple[str, ...]) -> ScoredFile:
        lines = table.lines([record for record, _ in self._aside]) if self._aside else []
        width = len(table.titles)
        aside = tuple(
            Aside(
                line,
                f"{plural(len(cells), 'cell')} where the header has {width}",
                json.dumps(cells, ensure_ascii=False),
            )
            for line, (_, cells) in zip(lines, self._aside, strict=True)
        )
        empty = pd.DataFrame(columns=["row", "_risk", *self._titles]).astype({"_risk": float})
        ordered = np.sort(np.concatenate([*self._risks, np.zeros(0)]))
        first = pd.concat(self._first) if self._first else empty
        highest = empty if self._highest is None else self._highest
        return ScoredFile(
            self._rows, self._bands, self._unreadable, self._version.version, self._version.provisional, self._ragged,
            aside, self._strange, self._strange_columns, doubt, separator, added, self._shown(first, ordered),
            self._shown(highest, ordered),
        )  # fmt: skip


def _doubt(workspace: Workspace) -> str:
    """What stands against the newest data that came in: a file made by the same programs may have the same faults."""
    with workspace.store.reading() as db:
        newest = history.newest_chunk(db)
        faults = [one for one in monitoring.list_faults(db) if one["chunk"] == newest]
    names = [one["column"] or "the rows as a whole" for one in faults if one["answer"] in ("", "fault")]
    if not names:
        return ""
    told = listed(list(dict.fromkeys(reversed(names))))
    return (
        f"The newest data that came in ({newest}) look faulty: {told}. If this file was made in the same way, take its "
        "risks as guesses."
    )


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


def _csv_line(cells: Sequence[str], separator: str) -> bytes:
    line = io.StringIO()
    csv.writer(line, delimiter=separator, lineterminator="\n").writerow(cells)
    return line.getvalue().encode()
