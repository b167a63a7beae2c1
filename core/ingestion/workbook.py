"""Excel workbooks (.xlsx) as chunks of texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np
import pyarrow as pa

from core import schema
from core.config import DataConfig
from core.errors import RefusedFile
from core.ingestion import spreadsheet
from core.ingestion.spreadsheet import Book, Sheet
from core.ingestion.tables import (
    TITLE_LINES,
    Chunk,
    Dialect,
    Opener,
    Widths,
    names_the_client,
    refuse_rows_without_header,
    rows_at_once,
)


@dataclass(frozen=True)
class _Header:
    """The row that names the columns."""

    row: int
    cells: list[str]
    #: whether there are rows of title above it
    titled: bool


@dataclass
class WorkbookTable:
    """The first visible sheet of a workbook, or the one called `sheet`. `open`: gives the file anew."""

    open: Opener
    config: DataConfig
    sheet: str = ""
    known: tuple[str, ...] = ()

    @cached_property
    def _book(self) -> Book:
        return spreadsheet.open_book(self.open)

    @cached_property
    def _sheet(self) -> Sheet:
        sheets = self._book.sheets
        if not sheets:
            raise RefusedFile("The workbook has no sheet with cells.")
        if not self.sheet:
            return next((sheet for sheet in sheets if not sheet.hidden), sheets[0])
        found = {schema.folded(sheet.title): sheet for sheet in sheets}.get(schema.folded(self.sheet))
        if found is None:
            there = ", ".join(repr(sheet.title) for sheet in sheets)
            raise RefusedFile(f"The workbook has no sheet {self.sheet!r}; it has {there}.")
        return found

    def _rows(self) -> Iterator[tuple[int, dict[int, str]]]:
        return spreadsheet.rows(self.open, self._book, self._sheet)

    @cached_property
    def _header(self) -> _Header:
        """The first row; or the first one that has the column of the client id, where rows of title are above it."""
        first: _Header | None = None
        for row, cells in islice(self._rows(), TITLE_LINES + 1):
            header = _Header(row, _in_place(cells, max(cells)), first is not None)
            if names_the_client(header.cells, self.config) and (first is None or len(cells) > 1):
                return header
            first = first or header
        if first is None:
            raise RefusedFile(
                f"The sheet {self._sheet.title!r} is empty: there is not even a header line{self._others()}."
            )
        refuse_rows_without_header(first.cells, self.config, self.known)
        return first

    def _others(self) -> str:
        """What to do where another sheet may be meant."""
        others = ", ".join(repr(sheet.title) for sheet in self._book.sheets if sheet is not self._sheet)
        return f"; if {others} is meant, name it as `sheet` of the source in config.toml" if others else ""

    @cached_property
    def _matched(self) -> list[str]:
        return schema.match_headers(self._header.cells, self.config, self.known)

    @property
    def names(self) -> list[str]:
        """Tidy names of the columns that are looked at."""
        return [name for name in self._matched if name]

    @property
    def titles(self) -> list[str]:
        """What these columns are called in the file."""
        return [cell for cell, name in zip(self._header.cells, self._matched, strict=True) if name]

    @property
    def dialect(self) -> Dialect:
        """The sheet, and where its header is."""
        return Dialect("xlsx", sheet=self._sheet.title, header=str(self._header.row) if self._header.titled else "")

    def chunks(self) -> Iterator[Chunk]:
        """Rows below the header as texts; empty rows are none."""
        width = len(self._matched)
        widths = Widths(width)
        below = ((number, cells) for number, cells in self._rows() if number > self._header.row)
        while found := list(islice(below, rows_at_once(width))):
            fitting = [(number, cells) for number, cells in found if max(cells) <= width]
            ragged = [(number, _in_place(cells, max(cells))) for number, cells in found if max(cells) > width]
            widths.add(len(fitting), ragged)
            columns = {
                name: pa.array([cells.get(place) for _, cells in fitting], pa.string())
                for place, name in enumerate(self._matched, start=1)
                if name
            }
            yield Chunk(pa.table(columns), np.array([number for number, _ in fitting], np.int64), tuple(ragged))
        widths.refuse(self.config, lambda row: row)

    def lines(self, records: Sequence[int]) -> list[int]:
        """The numbers of the rows in the sheet."""
        return list(records)


def _in_place(cells: dict[int, str], width: int) -> list[str]:
    return [cells.get(place, "") for place in range(1, width + 1)]
