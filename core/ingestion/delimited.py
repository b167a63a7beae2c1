"""Separated text (CSV, TSV and kin) as chunks of texts."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.csv as pcsv

from core import schema
from core.config import DataConfig
from core.errors import RefusedFile
from core.ingestion.encoding import find_encoding
from core.ingestion.header import Header, read_header
from core.ingestion.records import (
    LONGEST_LINE,
    OPEN,
    STRAY,
    Record,
    cells_of,
    never_closed,
    quote_fault,
    records,
    run_together,
)
from core.ingestion.tables import CHUNK_ROWS, Chunk, Dialect, Opener, Widths
from core.ingestion.utf8 import Utf8Stream

_BLOCK = 1 << 20


@dataclass
class DelimitedTable:
    """A text file of one record a row. `open`: gives the file anew, from its beginning."""

    open: Opener
    config: DataConfig
    packed: str = ""
    #: names that a contract knows
    known: tuple[str, ...] = ()
    _seen: Utf8Stream | None = field(default=None, repr=False)
    _records: int = 0

    @cached_property
    def header(self) -> Header:
        """The header line. Raises `RefusedFile` when there is none."""
        with self.open() as stream:
            encoding = find_encoding(stream, self.config.encoding)
            head = io.BufferedReader(Utf8Stream(stream, encoding), _BLOCK).read(LONGEST_LINE)
        return read_header(head, len(head) < LONGEST_LINE, encoding, self.config, self.known)

    @cached_property
    def _matched(self) -> list[str]:
        return schema.match_headers(self.header.cells, self.config, self.known)

    @property
    def names(self) -> list[str]:
        """Tidy names of the columns that are looked at."""
        return [name for name in self._matched if name]

    @property
    def titles(self) -> list[str]:
        """What these columns are called in the file."""
        return [cell for cell, name in zip(self.header.cells, self._matched, strict=True) if name]

    @property
    def dialect(self) -> Dialect:
        """Separator, encoding and where the header is."""
        header = self.header
        line = str(header.line) if header.titled else ""
        return Dialect("csv", self.packed, header.encoding.removesuffix("-sig"), header.separator, header=line)

    def _text(self, stream: BinaryIO) -> Utf8Stream:
        """The rows below the header."""
        return Utf8Stream(stream, self.header.encoding, self.header.length, self.header.begins)

    def chunks(self) -> Iterator[Chunk]:
        """Its rows. Raises `RefusedFile` with a sentence when it is no table."""
        if not self.header.rows:
            return
        ragged: deque[tuple[int, str]] = deque()

        def set_aside(row: pcsv.InvalidRow) -> str:
            ragged.append((row.number, row.text))
            return "skip"

        columns = [name or f"\x00{place}" for place, name in enumerate(self._matched)]
        widths = Widths(len(columns))
        with self.open() as stream:
            self._seen = text = self._text(stream)
            try:
                for batch in _open_csv(text, columns, self.names, self.header.separator, set_aside):
                    numbers, beside = _number(batch.num_rows, widths.done, ragged)
                    here = self._in_cells(beside)
                    widths.add(batch.num_rows, here)
                    yield Chunk(pa.Table.from_batches([batch]), numbers, here)
                    yield from self._more(beside, widths)
            except pa.ArrowInvalid as error:
                raise self._unreadable(error) from None
        yield from self._more(ragged, widths)
        self._records = widths.done
        if text.quotes and (text.quotes % 2 or text.lines != widths.done):
            self._refuse_open_quotes()
        widths.refuse(self.config, self._line_of)

    def _more(self, ragged: deque[tuple[int, str]], widths: Widths) -> Iterator[Chunk]:
        """Chunks of what is still in `ragged`: cells take many times the memory of their row."""
        empty = pa.table({name: pa.array([], pa.string()) for name in self.names})
        while ragged:
            here = self._in_cells(ragged)
            widths.add(0, here)
            yield Chunk(empty, np.zeros(0, np.int64), here)

    def _in_cells(self, ragged: deque[tuple[int, str]]) -> tuple[tuple[int, list[str]], ...]:
        """The next ragged records, taken from `ragged`, with their cells."""
        taken = (ragged.popleft() for _ in range(min(CHUNK_ROWS, len(ragged))))
        return tuple((number, next(cells_of([row], self.header.separator), [])) for number, row in taken)

    def lines(self, records: Sequence[int]) -> list[int]:
        """Line of each record. Reads the file once more where records are not one a line."""
        seen = self._seen
        if seen is None or seen.lines == self._records:
            return [record - 1 + self.header.begins for record in records]
        return self._begins[np.asarray(records, np.int64) - 1].tolist()

    @cached_property
    def _begins(self) -> np.ndarray:
        """Line that each record begins on."""
        with self._again() as found:
            return np.fromiter((record.line for record in found), np.int64)

    @contextmanager
    def _again(self) -> Iterator[Iterator[Record]]:
        with self.open() as stream:
            yield records(self._text(stream), self.header.separator, self.header.begins)

    def _refuse_open_quotes(self) -> None:
        """Raise `RefusedFile` where a quote made one row of several, and so would lose them."""
        last: Record | None = None
        with self._again() as found:
            for record in found:
                last = record
                if len(record.written) > 1:
                    self._refuse_quotes(record)
        if last is not None:
            self._refuse_quotes(last)

    def _refuse_quotes(self, record: Record) -> None:
        fault = quote_fault("".join(record.written), self.header.separator)
        if fault == OPEN:
            raise never_closed(record.line)
        if fault == STRAY:
            raise run_together(record)

    def _line_of(self, record: int) -> int:
        with self._again() as found:
            return next(islice(found, record - 1, None)).line

    def _unreadable(self, error: pa.ArrowInvalid) -> RefusedFile:
        """Arrow's message as a sentence for the person who made the file."""
        try:
            self._refuse_open_quotes()
        except RefusedFile as told:
            return told
        return RefusedFile(f"The file cannot be read as CSV: {str(error).splitlines()[0]}.")


class _Blocks(io.BufferedReader):
    """Blocks of which none ends between \\r and \\n: Arrow leaves out the second then, also within quotes."""

    _held = b""

    def read(self, size: int | None = -1, /) -> bytes:
        """At most `size` bytes, which is positive."""
        block = self._held + super().read(size and size - len(self._held))
        self._held = b"\r" if len(block) > 1 and block.endswith(b"\r") else b""
        return block[: len(block) - len(self._held)]


def _open_csv(
    text: Utf8Stream, columns: list[str], kept: list[str], separator: str, set_aside: Callable[[Any], str]
) -> Iterator[pa.RecordBatch]:
    reader = pcsv.open_csv(
        pa.PythonFile(_Blocks(text, _BLOCK), mode="r"),
        read_options=pcsv.ReadOptions(column_names=columns, block_size=LONGEST_LINE, use_threads=False),
        parse_options=pcsv.ParseOptions(delimiter=separator, newlines_in_values=True, invalid_row_handler=set_aside),
        convert_options=pcsv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False, include_columns=kept
        ),
    )
    for batch in reader:
        for start in range(0, max(batch.num_rows, 1), CHUNK_ROWS):  # an empty one lets go of what was set aside
            yield batch.slice(start, CHUNK_ROWS)


def _number(rows: int, done: int, ragged: deque[tuple[int, str]]) -> tuple[np.ndarray, deque[tuple[int, str]]]:
    """Numbers of the records that the next rows were, `done` records being before them; and the ragged records that
    lie between and right behind them, taken from `ragged`, where those that come later may wait already."""
    numbers = np.arange(done + 1, done + 1 + rows)
    beside: deque[tuple[int, str]] = deque()
    while ragged and ragged[0][0] <= done + rows + len(beside) + 1:
        number, row = ragged.popleft()
        numbers[number - 1 - done - len(beside) :] += 1
        beside.append((number, row))
    return numbers, beside
