"""Excel workbooks (.xlsx) as chunks of texts."""

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from xml.etree.ElementTree import ParseError

import numpy as np
import pyarrow as pa

from core import schema
from core.config import DataConfig
from core.errors import RefusedFile
from core.ingestion.tables import Chunk, Dialect, Opener

_CHUNK = 10_000
#: unpacked shared texts, which are in memory at once
_MOST_BYTES = 256 << 20


@dataclass
class WorkbookTable:
    """The first sheet of a workbook, or the one called `sheet`. `open`: gives the file anew."""

    open: Opener
    config: DataConfig
    sheet: str = ""
    known: tuple[str, ...] = ()

    @cached_property
    def _header(self) -> tuple[int, list[str], str]:
        """(row of the header, its cells, name of the sheet)."""
        with self.open() as stream:
            with zipfile.ZipFile(stream) as archive:
                texts = [m.file_size for m in archive.infolist() if m.filename == "xl/sharedStrings.xml"]
            if sum(texts) > _MOST_BYTES:
                raise RefusedFile("The workbook's texts take more than 256 MB; export the sheet as CSV.")
            book = _opened(stream)
            sheet = self._sheet(book)
            for number, cells in _rows(sheet):
                while cells and cells[-1] is None:
                    cells.pop()
                return number, [cell or "" for cell in cells], str(sheet.title)
        raise RefusedFile(f"The sheet {sheet.title!r} is empty: there is not even a header line.")

    def _sheet(self, book: Any) -> Any:
        sheets = {sheet.title: sheet for sheet in book.worksheets}
        if not sheets:
            raise RefusedFile("The workbook has no sheet with cells.")
        wanted = self.sheet or next(iter(sheets))
        found = {schema.folded(title): sheet for title, sheet in sheets.items()}.get(schema.folded(wanted))
        if found is None:
            raise RefusedFile(f"The workbook has no sheet {wanted!r}; it has {', '.join(map(repr, sheets))}.")
        return found

    @cached_property
    def _matched(self) -> list[str]:
        return schema.match_headers(self._header[1], self.config, self.known)

    @property
    def names(self) -> list[str]:
        """Tidy names of the columns that are looked at."""
        return [name for name in self._matched if name]

    @property
    def titles(self) -> list[str]:
        """What these columns are called in the file."""
        return [cell for cell, name in zip(self._header[1], self._matched, strict=True) if name]

    @property
    def dialect(self) -> Dialect:
        """The sheet."""
        return Dialect("xlsx", sheet=self._header[2])

    def chunks(self) -> Iterator[Chunk]:
        """Rows below the header as texts; empty rows are none."""
        header, _, _ = self._header
        width = len(self._matched)
        rows: list[list[str | None]] = []
        numbers: list[int] = []
        ragged: list[tuple[int, list[str]]] = []
        with self.open() as stream:
            for number, cells in _rows(self._sheet(_opened(stream))):
                if number <= header:
                    continue
                if any(cell is not None for cell in cells[width:]):
                    ragged.append((number, [cell or "" for cell in cells]))
                else:
                    rows.append((cells + [None] * (width - len(cells)))[:width])
                    numbers.append(number)
                if len(rows) + len(ragged) == _CHUNK:
                    yield self._chunk(rows, numbers, ragged)
                    rows, numbers, ragged = [], [], []
        if rows or ragged:
            yield self._chunk(rows, numbers, ragged)

    def _chunk(
        self, rows: list[list[str | None]], numbers: list[int], ragged: list[tuple[int, list[str]]]
    ) -> Chunk:  # fmt: skip
        columns = zip(*rows, strict=True) if rows else [()] * len(self._matched)
        texts = {
            name: pa.array(column, pa.string()) for name, column in zip(self._matched, columns, strict=True) if name
        }
        return Chunk(pa.table(texts), np.array(numbers, np.int64), tuple(ragged))

    def lines(self, records: Sequence[int]) -> list[int]:
        """The numbers of the rows in the sheet."""
        return list(records)


def _opened(stream: Any) -> Any:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        return load_workbook(stream, read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, ParseError, OSError) as error:
        raise RefusedFile(f"The workbook is damaged ({error}); open it in Excel and save it again.") from None


def _rows(sheet: Any) -> Iterator[tuple[int, list[str | None]]]:
    """(row of the sheet, its cells as texts) of each row that is not empty."""
    try:
        for number, values in enumerate(sheet.iter_rows(values_only=True), start=sheet.min_row or 1):
            cells = [_text(value) for value in values]
            if any(cell is not None for cell in cells):
                yield number, cells
    except (zipfile.BadZipFile, KeyError, ValueError, ParseError, OSError) as error:
        raise RefusedFile(f"The workbook is damaged ({error}); open it in Excel and save it again.") from None


def _text(value: Any) -> str | None:
    """A cell's value as the text that a CSV file would hold."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ") if value.time() != datetime.time() else value.date().isoformat()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, float):
        return repr(value)
    return str(value)
