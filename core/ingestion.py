"""Bytes become accepted rows and rejected rows with reasons.

Every row read ends exactly once as accepted, duplicate, superseded or rejected.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pcsv

from core import hashes, schema, values
from core.config import Bounds, DataConfig
from core.errors import RefusedFile
from core.schema import CATEGORICAL, DATE, Column, Contract
from core.wording import plural

SEPARATORS = (",", ";", "\t", "|")
ACCEPTED, DUPLICATE, SUPERSEDED = 0, 1, 2

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_BLANK_LINE = re.compile(r"(?:\A|\n|\r(?!\n))[\r\n]")


@dataclass(frozen=True, eq=False)
class RawTable:
    """A file as texts under tidy names, and how it was read."""

    table: pa.Table
    separator: str
    encoding: str
    #: decoded content below the header, to find line numbers again, and the line it begins on
    text: str
    begins: int
    #: rows whose number of cells differs from the header's: (line, cells)
    ragged: tuple[tuple[int, list[str]], ...]

    def lines(self, positions: Sequence[int]) -> list[int]:
        """Line in the file (header is 1) of the table's rows at these positions."""
        if not self.ragged and '"' not in self.text and not _BLANK_LINE.search(self.text):
            return [position + self.begins for position in positions]
        wanted, width, found = set(positions), self.table.num_columns, {}
        for position, (line, _cells) in enumerate(
            (line, cells) for line, cells in _records(self.text, self.separator, self.begins) if len(cells) == width
        ):
            if position in wanted:
                found[position] = line
        return [found.get(position, 0) for position in positions]


@dataclass(frozen=True, eq=False)
class Checked:
    """Rows that met the contract, and those that did not."""

    #: `_client`, `_as_of` (null when undated), contract columns, `_outcome` (null: not known), `_content`
    accepted: pa.Table
    #: line, column, value, reason, row (the whole row as JSON), set_aside (False: only the cell was dropped)
    rejected: pd.DataFrame
    read: int
    #: positions in the file of the accepted rows
    positions: np.ndarray


def _records(text: str, separator: str, begins: int) -> Iterable[tuple[int, list[str]]]:
    """(line it begins on, cells) of every record of `text`, itself on line `begins`; blank lines are no records."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    line = begins
    try:
        for cells in reader:
            if cells:
                yield line, cells
            line = begins + reader.line_num
    except csv.Error as error:
        raise RefusedFile(f"The file cannot be read as CSV from line {line} on: {error}.") from None


def _header(text: str, config: DataConfig) -> tuple[list[str], str, int, int]:
    """Cells of the first line that is not blank, the separator, and the place and the line where the rows begin."""
    place = len(text) - len(text.lstrip("\r\n"))
    blank = sum(1 for _ in _LINE.finditer(text, 0, place))

    def lines() -> Iterator[str]:
        nonlocal place
        for line in _LINE.finditer(text, place):
            place = line.end()
            yield line.group()

    first = _LINE.match(text, place)
    separator = find_separator(first.group() if first else "") if config.separator == "auto" else config.separator
    reader = csv.reader(lines(), delimiter=separator)
    try:
        cells = next(reader)
    except csv.Error as error:
        raise RefusedFile(f"The header line cannot be read as CSV: {error}.") from None
    return cells, separator, place, blank + reader.line_num + 1


def decode(content: bytes) -> tuple[str, str]:
    """Text of a file and its encoding: UTF-8 (with or without BOM), UTF-16 by its BOM, else Windows-1252.

    Raises `RefusedFile` when it is no text.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif b"\x00" in content[:65536]:
        raise RefusedFile("The file is not a text: it holds binary data; export it as CSV.")
    else:
        encoding = "utf-8-sig"
    try:
        return content.decode(encoding), encoding
    except UnicodeDecodeError:
        if encoding == "utf-16":
            raise RefusedFile("The file begins as UTF-16 text but does not go on so; export it as UTF-8.") from None
        try:
            return content.decode("cp1252"), "cp1252"
        except UnicodeDecodeError:
            raise RefusedFile("The file is neither UTF-8 nor Windows-1252 text; export it as UTF-8.") from None


def find_separator(header: str) -> str:
    """The separator that cuts the header line into most cells, quoted texts kept whole.

    >>> find_separator('id;"a,b,c";exited')
    ';'
    """
    bare = re.sub(r'"[^"]*"', "", header)
    return max(SEPARATORS, key=bare.count)


def read_csv(content: bytes, config: DataConfig) -> RawTable:
    """Read a CSV file as texts. Raises `RefusedFile` with a sentence when it is no table."""
    text, encoding = decode(content)
    if not text.strip():
        raise RefusedFile("The file is empty: there is not even a header line.")
    cells, separator, place, begins = _header(text, config)
    names = schema.match_headers(cells, config)
    text = text[place:]
    if not text.strip("\r\n"):
        raise RefusedFile("The file has a header line but no rows.")
    skipped = 0

    def skip(_row: pcsv.InvalidRow) -> str:
        nonlocal skipped
        skipped += 1
        return "skip"

    try:
        table = pcsv.read_csv(
            pa.BufferReader(text.encode()),
            read_options=pcsv.ReadOptions(column_names=names, use_threads=False),
            parse_options=pcsv.ParseOptions(
                delimiter=separator, newlines_in_values='"' in text, invalid_row_handler=skip
            ),
            convert_options=pcsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        raise RefusedFile(f"The file cannot be read as CSV: {error}.") from None
    records = _records(text, separator, begins) if skipped else ()
    ragged = tuple((line, found) for line, found in records if len(found) != len(names))
    return RawTable(table, separator, encoding, text, begins, ragged)


class _Faults:
    """Collects what was wrong, row by row, until it becomes one frame."""

    def __init__(self, raw: RawTable) -> None:
        self._raw = raw
        self._entries: list[tuple[int, str, str, str, bool]] = []

    def add(self, bad: np.ndarray, column: str, reason: str, *, set_aside: bool) -> None:
        texts = self._raw.table[column].take(pa.array(np.flatnonzero(bad))).to_pylist() if bad.any() else []
        for position, text in zip(np.flatnonzero(bad), texts, strict=True):
            self._entries.append((int(position), column, text, reason, set_aside))

    def frame(self) -> pd.DataFrame:
        names = self._raw.table.column_names
        positions = [entry[0] for entry in self._entries]
        lines = self._raw.lines(positions)
        rows = self._raw.table.take(pa.array(positions, pa.int64())).to_pylist()
        made = [
            (line, column, text, reason, json.dumps(row, ensure_ascii=False), aside)
            for line, (_, column, text, reason, aside), row in zip(lines, self._entries, rows, strict=True)
        ]
        for line, cells in self._raw.ragged:
            reason = f"{plural(len(cells), 'cell')} where the header has {len(names)}"
            made.append((line, "", "", reason, json.dumps(cells, ensure_ascii=False), True))
        made.sort(key=lambda entry: (entry[0], entry[1]))
        return pd.DataFrame(made, columns=["line", "column", "value", "reason", "row", "set_aside"])


def check_clients(raw: RawTable, contract: Contract, config: DataConfig) -> Checked:
    """Client rows against the contract.

    A cell that cannot be read counts as missing and is listed; a row without an id, or with an id or date or
    outcome that cannot be read, is set aside. Raises `ContractError` when a column is absent, `RefusedFile`
    when more than `max_bad_cells` of the cells of a column cannot be read: the file stays to be read again.
    """
    schema.require_columns(contract, [*raw.table.column_names, contract.outcome])
    faults = _Faults(raw)
    count = raw.table.num_rows
    columns: dict[str, pa.Array] = {}
    kinds = contract.kinds
    for name in contract.names:
        columns[name] = _read_column(raw, name, kinds[name], config, faults)
    keep = np.ones(count, bool)
    as_of = pa.nulls(count, values.UTC_MICROSECONDS)
    if contract.dated:
        texts = values.trim(raw.table[contract.as_of], config.missing)
        as_of, _ = values.instants(texts)
        absent = as_of.is_null().to_numpy(zero_copy_only=False)
        _refuse_if_most(absent, raw, contract.as_of, "a date (wanted: year-month-day)", config)
        faults.add(absent, contract.as_of, "no date (wanted: year-month-day)", set_aside=True)
        keep &= ~absent
    outcome, unreadable = _read_outcome(raw, contract.outcome, config)
    if unreadable.any():
        faults.add(unreadable, contract.outcome, f"no outcome ({_spellings(config)})", set_aside=True)
        keep &= ~unreadable
    columns["_outcome"] = pa.array(outcome, pa.float64(), from_pandas=True)
    content = [values.canonical(column) for column in columns.values()]
    if contract.dated:
        content.append(values.canonical(as_of))
    digests = hashes.row_hashes(content, count)
    if contract.client_id:
        ids = values.identifiers(values.trim(raw.table[contract.client_id], config.missing))
        absent = ids.is_null().to_numpy(zero_copy_only=False)
        _refuse_if_most(absent, raw, contract.client_id, "a client id", config)
        faults.add(absent, contract.client_id, "no client id", set_aside=True)
        keep &= ~absent
    else:
        features = [values.canonical(columns[column.name]) for column in contract.columns]
        ids = pa.array(
            [digest.hex()[:16] for digest in hashes.to_arrow(hashes.row_hashes(features, count)).to_pylist()]
        )
    table = pa.table({"_client": ids, "_as_of": as_of, **columns, "_content": hashes.to_arrow(digests)})
    return Checked(table.filter(pa.array(keep)), faults.frame(), count + len(raw.ragged), np.flatnonzero(keep))


def _read_column(raw: RawTable, name: str, kind: str, config: DataConfig, faults: _Faults) -> pa.Array:
    if kind == CATEGORICAL:
        return values.trim(raw.table[name], config.missing).combine_chunks()
    if kind == DATE:
        read, bad = values.instants(values.trim(raw.table[name], config.missing))
        faults.add(bad, name, "not a date (wanted: year-month-day); counted as missing", set_aside=False)
        result: pa.Array = read
    else:
        found, bad = values.read_numbers(raw.table[name], config.missing)
        faults.add(bad, name, "not a number; counted as missing", set_aside=False)
        low, high, outside = _outside(found, name, config)
        faults.add(outside, name, f"outside {low:g} to {high:g}; counted as missing", set_aside=False)
        result = pa.array(np.where(outside, np.nan, found), pa.float64(), from_pandas=True)
    _refuse_if_most(bad, raw, name, "a date" if kind == DATE else "a number", config)
    return result


def _outside(found: np.ndarray, name: str, config: DataConfig) -> tuple[float, float, np.ndarray]:
    """Bounds of a numeric column, infinite where config gives none, and which values lie outside."""
    bounds = config.bounds.get(name, Bounds())
    low = -np.inf if bounds.min is None else bounds.min
    high = np.inf if bounds.max is None else bounds.max
    return low, high, (found < low) | (found > high)


def _refuse_if_most(bad: np.ndarray, raw: RawTable, name: str, wanted: str, config: DataConfig) -> None:
    """Raise `RefusedFile` when more of a column's cells are bad than may be."""
    if len(bad) and bad.mean() > config.max_bad_cells:
        example = raw.table[name][int(np.argmax(bad))].as_py()
        raise RefusedFile(
            f"{bad.mean():.0%} of the cells of column {name!r} are not {wanted}, such as {example!r}; "
            f"at most {config.max_bad_cells:.0%} may be (data.max_bad_cells)."
        )


def _read_outcome(raw: RawTable, name: str, config: DataConfig) -> tuple[np.ndarray, np.ndarray]:
    if name not in raw.table.column_names:
        count = raw.table.num_rows
        return np.full(count, np.nan), np.zeros(count, bool)
    texts = values.trim(raw.table[name], config.missing)
    found, unreadable = values.outcomes(texts, config.positive, config.negative)
    _refuse_if_most(unreadable, raw, name, f"an outcome ({_spellings(config)})", config)
    return found, unreadable


def _spellings(config: DataConfig) -> str:
    return f"wanted: {', '.join((*config.positive, *config.negative))}, or blank for not known yet"


def check_outcomes(raw: RawTable, config: DataConfig) -> Checked:
    """Rows of a table of late outcomes: client id, date where the file has one, and outcome.

    Blank outcomes say nothing and are set aside with that reason. Raises `RefusedFile` when the id or the
    outcome column is absent, or most of its cells cannot be read.
    """
    for role, name in (("client_id", config.client_id), ("outcome", config.outcome)):
        if not name:
            raise RefusedFile("Outcomes that arrive later need a client id; name its column in data.client_id.")
        if name not in raw.table.column_names:
            raise RefusedFile(f"The file of outcomes has no column {name!r}, which config.toml names as {role}.")
    count = raw.table.num_rows
    faults = _Faults(raw)
    ids = values.identifiers(values.trim(raw.table[config.client_id], config.missing))
    absent = ids.is_null().to_numpy(zero_copy_only=False)
    _refuse_if_most(absent, raw, config.client_id, "a client id", config)
    faults.add(absent, config.client_id, "no client id", set_aside=True)
    keep = ~absent
    as_of = pa.nulls(count, values.UTC_MICROSECONDS)
    if config.as_of in raw.table.column_names:
        as_of, bad = values.instants(values.trim(raw.table[config.as_of], config.missing))
        _refuse_if_most(bad, raw, config.as_of, "a date (wanted: year-month-day)", config)
        faults.add(bad, config.as_of, "no date (wanted: year-month-day)", set_aside=True)
        keep &= ~bad
    outcome, unreadable = _read_outcome(raw, config.outcome, config)
    faults.add(unreadable, config.outcome, f"no outcome ({_spellings(config)})", set_aside=True)
    blank = np.isnan(outcome) & ~unreadable
    faults.add(blank, config.outcome, "the outcome is blank, so there is nothing to learn", set_aside=True)
    keep &= ~np.isnan(outcome)
    known = pa.array(outcome, pa.float64(), from_pandas=True)
    digests = hashes.row_hashes([values.canonical(known)], count)
    table = pa.table({"_client": ids, "_as_of": as_of, "_outcome": known, "_content": hashes.to_arrow(digests)})
    return Checked(table.filter(pa.array(keep)), faults.frame(), count + len(raw.ragged), np.flatnonzero(keep))


def key_hashes(accepted: pa.Table) -> np.ndarray:
    """128-bit hash of each row's key: client id, and date where there is one."""
    return hashes.row_hashes(
        [values.canonical(accepted["_client"]), values.canonical(accepted["_as_of"])], accepted.num_rows
    )


def content_hashes(accepted: pa.Table) -> np.ndarray:
    """128-bit hash of each row's contents."""
    return hashes.from_arrow(accepted["_content"])


def assign(keys: np.ndarray, contents: np.ndarray, known: np.ndarray) -> np.ndarray:
    """What becomes of each row (n,): ACCEPTED, DUPLICATE or SUPERSEDED.

    `known`: the content that each key last had before this batch, b"" where none. Within the batch the last
    row of a key stands; earlier ones with the same content are duplicates, others are superseded by it. The
    one that stands is a duplicate when it is what was known already.
    """
    frame = pd.DataFrame({"key": keys, "content": contents})
    stands = ~frame.duplicated("key", keep="last").to_numpy()
    last = frame[stands].set_index("key")["content"]
    same_as_last = frame["content"].to_numpy() == frame["key"].map(last).to_numpy()
    fate = np.where(same_as_last, DUPLICATE, SUPERSEDED)
    fate[stands] = np.where(contents[stands] == known[stands], DUPLICATE, ACCEPTED)
    return fate


def rejected_rows(rejected: pd.DataFrame) -> int:
    """How many rows were set aside (a row with two faults is one row)."""
    return int(rejected.loc[rejected["set_aside"], "line"].nunique())


def as_frame(table: pa.Table) -> pd.DataFrame:
    """An accepted table as pandas, `_as_of` as UTC microseconds."""
    return table.to_pandas(types_mapper={pa.string(): pd.StringDtype(na_value=np.nan)}.get)


def read_features(
    table: pa.Table, columns: Sequence[Column], config: DataConfig, as_of: pd.Series
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
            instants, bad = values.instants(values.trim(texts, config.missing))
            days = (as_of - instants.to_pandas().set_axis(as_of.index)).dt.total_seconds() / 86400
            made[column.name] = days.to_numpy()
        else:
            found, bad = values.read_numbers(texts, config.missing)
            *_, outside = _outside(found, column.name, config)
            made[column.name] = np.where(outside, np.nan, found)
            bad = bad | outside
        if bad.any():
            unreadable[column.name] = int(bad.sum())
    return pd.DataFrame(made), unreadable
