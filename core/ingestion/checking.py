"""Rows of texts become rows that met the contract, and rows that did not, with the reason."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from core import hashes, schema, values
from core.config import Bounds, DataConfig
from core.errors import RefusedFile
from core.ingestion.fates import content_of
from core.ingestion.tables import Chunk
from core.schema import CATEGORICAL, DATE, Column, Contract
from core.values import Evidence, Spelling
from core.wording import plural

REJECTED_COLUMNS = ["line", "column", "value", "reason", "row", "set_aside"]

_DATES = {
    "ymd": "year-month-day", "dmy": "day-month-year or year-month-day", "mdy": "month-day-year or year-month-day",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Checked:
    """Rows of a chunk that met the contract, and those that did not."""

    #: `_client`, `_as_of` (null when undated), contract columns, `_outcome` (null: not known), `_content`
    accepted: pa.Table
    #: `REJECTED_COLUMNS`: number of the record in place of the line; the row as JSON; set_aside (False: only the cell
    #: was dropped)
    rejected: pd.DataFrame
    #: rows, accepted or set aside
    read: int
    #: column -> (cells that cannot be read, the first of them, what was wanted)
    bad: dict[str, tuple[int, str, str]]
    #: how the cells that cannot be read might be spelled
    evidence: Evidence
    #: rows with as many cells as the header
    rows: int


@dataclass
class Tally:
    """What was found in all chunks of a file together."""

    read: int = 0
    set_aside: int = 0
    bad_cells: int = 0
    #: rows with as many cells as the header
    rows: int = 0
    bad: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    evidence: Evidence = field(default_factory=Evidence)

    def add(self, checked: Checked) -> None:
        """Count a chunk."""
        self.read += checked.read
        self.rows += checked.rows
        aside = checked.rejected["set_aside"].to_numpy(bool)
        self.set_aside += int(checked.rejected.loc[aside, "line"].nunique())
        self.bad_cells += int((~aside).sum())
        self.evidence = self.evidence + checked.evidence
        for column, (count, example, wanted) in checked.bad.items():
            before = self.bad.get(column, (0, example, wanted))
            self.bad[column] = (before[0] + count, before[1], wanted)

    def refuse_if_most_are_bad(self, config: DataConfig) -> None:
        """Raise `RefusedFile` when more of a column's cells cannot be read than may be."""
        for column, (count, example, wanted) in self.bad.items():
            share = count / max(self.rows, 1)
            if share > config.max_bad_cells:
                raise RefusedFile(
                    f"{share:.0%} of the cells of column {column!r} are not {wanted}, such as {example!r}; "
                    f"at most {config.max_bad_cells:.0%} may be (data.max_bad_cells)."
                )


class _Faults:
    """Collects what was wrong, row by row, until it becomes one frame."""

    def __init__(self, chunk: Chunk) -> None:
        self._chunk = chunk
        self._entries: list[tuple[int, str, str | None, str, bool]] = []
        self.bad: dict[str, tuple[int, str, str]] = {}
        self.keep = np.ones(chunk.table.num_rows, bool)

    def add(self, bad: np.ndarray, column: str, reason: str, *, wanted: str = "", set_aside: bool = False) -> None:
        """Cells of a column that cannot be read; `wanted` (where they count towards the most that may be)."""
        if not bad.any():
            return
        places = np.flatnonzero(bad)
        texts = self._chunk.table[column].take(pa.array(places)).to_pylist()
        self._entries += [
            (int(place), column, text, reason, set_aside) for place, text in zip(places, texts, strict=True)
        ]
        if wanted:
            count = self.bad.get(column, (0,))[0]
            self.bad[column] = (count + len(places), texts[0] or "", wanted)
        if set_aside:
            self.keep &= ~bad

    def frame(self) -> pd.DataFrame:
        names = self._chunk.table.column_names
        places = sorted({entry[0] for entry in self._entries})
        taken = self._chunk.table.take(pa.array(places, pa.int64())).to_pylist()
        rows = {place: json.dumps(row, ensure_ascii=False) for place, row in zip(places, taken, strict=True)}
        records = self._chunk.records
        made = [
            (int(records[place]), column, text or "", reason, rows[place], aside)
            for place, column, text, reason, aside in self._entries
        ]
        for record, cells in self._chunk.ragged:
            reason = f"{plural(len(cells), 'cell')} where the header has {len(names)}"
            made.append((record, "", "", reason, json.dumps(cells, ensure_ascii=False), True))
        made.sort(key=lambda entry: (entry[0], entry[1]))
        return pd.DataFrame(made, columns=REJECTED_COLUMNS)


def _checked(
    chunk: Chunk, faults: _Faults, columns: dict[str, Any], evidence: Evidence | None = None
) -> Checked:  # fmt: skip
    kept = pa.table(columns)
    if not faults.keep.all():
        kept = kept.filter(pa.array(faults.keep))
    rows = chunk.table.num_rows
    read = rows + len(chunk.ragged)
    return Checked(kept, faults.frame(), read, faults.bad, evidence or Evidence(), rows)


def check_clients(
    chunk: Chunk, contract: Contract, config: DataConfig, spelling: Spelling
) -> Checked:  # fmt: skip
    """Client rows against the contract.

    A cell that cannot be read counts as missing and is listed; a row without an id, or with an id or date or
    outcome that cannot be read, is set aside. Raises `ContractError` when a column is absent.
    """
    schema.require_columns(contract, [*chunk.table.column_names, contract.outcome])
    table, faults = chunk.table, _Faults(chunk)
    count = table.num_rows
    evidence = Evidence()
    columns: dict[str, Any] = {}
    for name, kind in contract.kinds.items():
        columns[name], unread = _read_column(chunk, name, kind, config, spelling, faults)
        evidence = evidence + unread
    as_of: Any = pa.nulls(count, values.UTC_MICROSECONDS)
    if contract.dated:
        as_of, unread = _read_dates(chunk, contract.as_of, config, spelling, faults)
        evidence = evidence + unread
    outcome = _read_outcome(chunk, contract.outcome, config, faults)
    known = [values.canonical(column) for column in columns.values()]
    features = [known[place] for place, name in enumerate(columns) if name in set(_features(contract))]
    if contract.dated:
        known.append(values.canonical(as_of))
    content = content_of(hashes.row_hashes(known, count), outcome)
    if contract.client_id:
        ids = _read_ids(chunk, contract.client_id, config, faults)
    else:
        digests = hashes.row_hashes(features, count)
        ids = pa.array([digest.hex()[:16] for digest in hashes.to_arrow(digests).to_pylist()], pa.string())
    made = {
        "_client": ids, "_as_of": as_of, **columns,
        "_outcome": pa.array(outcome, pa.float64(), from_pandas=True), "_content": hashes.to_arrow(content),
    }  # fmt: skip
    return _checked(chunk, faults, made, evidence)


def _features(contract: Contract) -> list[str]:
    return [column.name for column in contract.columns]


def _read_column(
    chunk: Chunk, name: str, kind: str, config: DataConfig, spelling: Spelling, faults: _Faults
) -> tuple[Any, Evidence]:
    texts = chunk.table[name]
    if kind == CATEGORICAL:
        return values.trim(texts, config.missing).combine_chunks(), Evidence()
    if kind == DATE:
        read, bad = values.instants(values.trim(texts, config.missing), spelling.dates)
        reason = f"not a date (wanted: {_DATES[spelling.dates]}); counted as missing"
        faults.add(bad, name, reason, wanted="a date")
        return read, _evidence(texts, bad, config)
    found, bad = values.read_numbers(texts, config.missing, spelling.decimal)
    faults.add(bad, name, "not a number; counted as missing", wanted="a number")
    low, high, outside = _outside(found, name, config)
    faults.add(outside, name, f"outside {low:g} to {high:g}; counted as missing")
    number = pa.array(np.where(outside, np.nan, found), pa.float64(), from_pandas=True)
    return number, _evidence(texts, bad, config)


def _evidence(texts: pa.ChunkedArray, bad: np.ndarray, config: DataConfig) -> Evidence:
    return values.evidence(texts.filter(pa.array(bad)), config.missing) if bad.any() else Evidence()


def _outside(found: np.ndarray, name: str, config: DataConfig) -> tuple[float, float, np.ndarray]:
    """Bounds of a numeric column, infinite where config gives none, and which values lie outside."""
    bounds = config.bounds.get(name, Bounds())
    low = -np.inf if bounds.min is None else bounds.min
    high = np.inf if bounds.max is None else bounds.max
    return low, high, (found < low) | (found > high)


def _read_dates(
    chunk: Chunk, name: str, config: DataConfig, spelling: Spelling, faults: _Faults
) -> tuple[pa.Array, Evidence]:
    """The dates that the rows are about; rows without one are set aside."""
    as_of, bad = values.instants(values.trim(chunk.table[name], config.missing), spelling.dates)
    wanted = _DATES[spelling.dates]
    absent = as_of.is_null().to_numpy(zero_copy_only=False)
    faults.add(absent, name, f"no date (wanted: {wanted})", wanted=f"a date (wanted: {wanted})", set_aside=True)
    return as_of, _evidence(chunk.table[name], bad, config)


def _read_ids(chunk: Chunk, name: str, config: DataConfig, faults: _Faults) -> Any:
    ids = values.identifiers(values.trim(chunk.table[name], config.missing))
    absent = ids.is_null().to_numpy(zero_copy_only=False)
    faults.add(absent, name, "no client id", wanted="a client id", set_aside=True)
    return ids


def _read_outcome(chunk: Chunk, name: str, config: DataConfig, faults: _Faults) -> np.ndarray:
    """1.0 left, 0.0 stayed, NaN not known yet (n,); rows whose outcome cannot be read are set aside."""
    if name not in chunk.table.column_names:
        return np.full(chunk.table.num_rows, np.nan)
    texts = values.trim(chunk.table[name], config.missing)
    found, unreadable = values.outcomes(texts, config.positive, config.negative)
    spellings = f"wanted: {', '.join((*config.positive, *config.negative))}, or blank for not known yet"
    faults.add(
        unreadable, name, f"no outcome ({spellings})", wanted=f"an outcome ({spellings})", set_aside=True
    )  # fmt: skip
    return found


def require_outcome_columns(names: Sequence[str], config: DataConfig) -> None:
    """Raise `RefusedFile` when a table of late outcomes lacks the id or the outcome."""
    for role, name in (("client_id", config.client_id), ("outcome", config.outcome)):
        if not name:
            raise RefusedFile("Outcomes that arrive later need a client id; name its column in data.client_id.")
        if name not in names:
            raise RefusedFile(f"The file of outcomes has no column {name!r}, which config.toml names as {role}.")


def check_outcomes(chunk: Chunk, config: DataConfig, spelling: Spelling) -> Checked:
    """Rows of a table of late outcomes: client id, date where the file has one, and outcome.

    Blank outcomes say nothing and are set aside with that reason. A blank date means that only the id is known.
    """
    require_outcome_columns(chunk.table.column_names, config)
    faults = _Faults(chunk)
    ids = _read_ids(chunk, config.client_id, config, faults)
    as_of: Any = pa.nulls(chunk.table.num_rows, values.UTC_MICROSECONDS)
    evidence = Evidence()
    if config.as_of in chunk.table.column_names:
        texts = values.trim(chunk.table[config.as_of], config.missing)
        as_of, bad = values.instants(texts, spelling.dates)
        wanted = _DATES[spelling.dates]
        faults.add(
            bad, config.as_of, f"no date (wanted: {wanted})", wanted=f"a date (wanted: {wanted})", set_aside=True
        )  # fmt: skip
        evidence = _evidence(chunk.table[config.as_of], bad, config)
    outcome = _read_outcome(chunk, config.outcome, config, faults)
    blank = np.isnan(outcome) & ~np.isin(np.arange(len(outcome)), np.flatnonzero(~faults.keep))
    faults.add(blank, config.outcome, "the outcome is blank, so there is nothing to learn", set_aside=True)
    content = content_of(hashes.row_hashes([values.canonical(outcome)], len(outcome)), outcome)
    made = {
        "_client": ids, "_as_of": as_of, "_outcome": pa.array(outcome, pa.float64(), from_pandas=True),
        "_content": hashes.to_arrow(content),
    }  # fmt: skip
    return _checked(chunk, faults, made, evidence)


def read_features(
    table: pa.Table, columns: Sequence[Column], config: DataConfig, as_of: pd.Series, spelling: Spelling
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Feature columns of a table of texts, as `schema.features` gives them, and by column the cells that
    cannot be read or lie out of bounds, which count as missing.

    `as_of` (n,): the date each row is about. Levels come dictionary-encoded, so each is looked at once.
    """
    made: dict[str, Any] = {}
    unreadable: dict[str, int] = {}
    for column in columns:
        texts = table[column.name]
        if column.kind == CATEGORICAL:
            made[column.name] = values.read_levels(texts, config.missing).to_pandas()
            continue
        if column.kind == DATE:
            instants, bad = values.instants(values.trim(texts, config.missing), spelling.dates)
            days = (as_of - instants.to_pandas().set_axis(as_of.index)).dt.total_seconds() / 86400
            made[column.name] = days.to_numpy()
        else:
            found, bad = values.read_numbers(texts, config.missing, spelling.decimal)
            *_, outside = _outside(found, column.name, config)
            made[column.name] = np.where(outside, np.nan, found)
            bad = bad | outside
        if bad.any():
            unreadable[column.name] = int(bad.sum())
    return pd.DataFrame(made), unreadable


def as_frame(table: pa.Table) -> pd.DataFrame:
    """An accepted table as pandas, `_as_of` as UTC microseconds."""
    return table.to_pandas(types_mapper={pa.string(): pd.StringDtype(na_value=np.nan)}.get)


def conform(table: pa.Table, contract: Contract) -> pa.Table:
    """A stored part of an earlier contract, its columns in the kinds that the contract has now.

    What cannot be read in the new kind, and what was not stored then, is null.
    """
    for place, name in enumerate(table.column_names):
        kind = contract.kinds.get(name)
        stored = table.schema.field(name).type
        if kind is None or name.startswith("_"):
            continue
        wanted = {CATEGORICAL: pa.string(), DATE: values.UTC_MICROSECONDS}.get(kind, pa.float64())
        if stored == wanted or (kind == CATEGORICAL and pa.types.is_dictionary(stored)):
            continue
        texts = table[name].cast(pa.string())
        if kind == CATEGORICAL:
            made: Any = texts
        elif kind == DATE:
            made = values.instants(texts)[0]
        else:
            made = pa.array(values.numbers(texts)[0], from_pandas=True)
        table = table.set_column(place, pa.field(name, wanted), made)
    return table
