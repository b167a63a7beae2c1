"""Separated text (CSV, TSV and kin) as chunks of texts."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.csv as pcsv

from core import schema
from core.config import DataConfig
from core.errors import RefusedFile
from core.ingestion.encoding import find_encoding
from core.ingestion.tables import CHUNK_ROWS, Chunk, Dialect, Opener

SEPARATORS = (",", ";", "\t", "|", ":", "~", "^")

#: a line may be as long as this, in bytes of UTF-8; it bounds what is in memory
LONGEST_LINE = 4 << 20
_SAMPLE_RECORDS = 50
_CELL_CHARACTERS = 1 << 27
_SAMPLE_CHARACTERS = 1 << 18
_BLOCK = 1 << 20
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_SEPARATOR_LINE = re.compile(r'"?sep=([,;\t|:~^])"?[ \t]*(?:\r\n|\r|\n)', re.IGNORECASE)
_TOO_LONG = f"{{line}} is longer than {LONGEST_LINE >> 20} MB: a quote may be open, or it is no table of clients."


class Utf8Stream(io.RawIOBase):
    """A text in any encoding as UTF-8, without its first `skip` bytes; counts lines and quotes on the way."""

    def __init__(self, stream: BinaryIO, encoding: str, skip: int = 0) -> None:
        self._stream = stream
        self._plain = encoding == "utf-8"
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._skip = skip
        self._rest = b""
        self._after_return = False
        self._ended = False
        self.quotes = 0
        self._ends = 0
        self._in_line = False

    @property
    def lines(self) -> int:
        """Lines read so far, one without an end included."""
        return self._ends + self._in_line

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` as far as there is text; 0 at the end."""
        while not self._rest and not self._ended:
            self._rest = self._next(max(len(buffer), _BLOCK))
        block, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(block)] = block
        self._count(block)
        return len(block)

    def _next(self, size: int) -> bytes:
        block = self._stream.read(size)
        self._ended = not block
        if not self._plain:
            block = self._decoder.decode(block, final=self._ended).encode()
        kept = block[self._skip :]
        self._skip -= len(block) - len(kept)
        return kept

    def _count(self, block: bytes) -> None:
        if not block:
            return
        returns = block.count(b"\r")
        self._ends += block.count(b"\n")
        if returns:  # a line ends at \n, at \r\n, or at \r alone
            self._ends += returns - block.count(b"\r\n")
        if self._after_return and block.startswith(b"\n"):
            self._ends -= 1
        self._after_return = block.endswith(b"\r")
        self._in_line = not block.endswith((b"\n", b"\r"))
        self.quotes += block.count(b'"')


@dataclass(frozen=True)
class _Header:
    """The first record, and how it was found."""

    cells: list[str]
    encoding: str
    separator: str
    #: bytes of UTF-8 up to the end of the header, and the line after it
    length: int
    begins: int
    #: whether there are any below it
    rows: bool


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
    def header(self) -> _Header:
        """The header line. Raises `RefusedFile` when there is none."""
        with self.open() as stream:
            encoding = find_encoding(stream, self.config.encoding)
            head = io.BufferedReader(Utf8Stream(stream, encoding), _BLOCK).read(LONGEST_LINE)
        return _read_header(head, len(head) < LONGEST_LINE, encoding, self.config)

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
        """Separator and encoding."""
        return Dialect("csv", self.packed, self.header.encoding.removesuffix("-sig"), self.header.separator)

    def _text(self, stream: BinaryIO) -> Utf8Stream:
        """The rows below the header."""
        return Utf8Stream(stream, self.header.encoding, self.header.length)

    def chunks(self) -> Iterator[Chunk]:
        """Its rows. Raises `RefusedFile` with a sentence when it is no table."""
        ragged: list[tuple[int, str]] = []
        if not self.header.rows:
            return

        def set_aside(row: pcsv.InvalidRow) -> str:
            ragged.append((row.number, row.text))
            return "skip"

        columns = [name or f"\x00{place}" for place, name in enumerate(self._matched)]
        done = 0
        with self.open() as stream:
            self._seen = text = self._text(stream)
            try:
                for batch in _open_csv(text, columns, self.names, self.header.separator, set_aside):
                    here = tuple((number, self._cells(row)) for number, row in ragged)
                    ragged.clear()
                    records = _number(batch.num_rows, done, [number for number, _ in here])
                    done += batch.num_rows + len(here)
                    yield Chunk(pa.Table.from_batches([batch]), records, here)
            except pa.ArrowInvalid as error:
                raise RefusedFile(_arrow_sentence(str(error), done, self.header.begins)) from None
        if ragged:
            here = tuple((number, self._cells(row)) for number, row in ragged)
            done += len(here)
            empty = pa.table({name: pa.array([], pa.string()) for name in self.names})
            yield Chunk(empty, np.zeros(0, np.int64), here)
        self._records = done
        if text.quotes % 2:
            self._refuse_open_quote()

    def _cells(self, row: str) -> list[str]:
        return next(csv.reader([row], delimiter=self.header.separator), [])

    def lines(self, records: Sequence[int]) -> list[int]:
        """Line of each record. Reads the file once more where records are not one a line."""
        seen = self._seen
        if seen is None or seen.lines == self._records:
            return [record - 1 + self.header.begins for record in records]
        return self._begins[np.asarray(records, np.int64) - 1].tolist()

    @cached_property
    def _begins(self) -> np.ndarray:
        """Line that each record begins on."""
        return np.fromiter(self._line_of_each_record(), np.int64)

    def _line_of_each_record(self) -> Iterator[int]:
        with self.open() as stream, self._again(stream) as text:
            reader = _reader(text, self.header.separator)
            line = self.header.begins
            for cells in reader:
                if cells:
                    yield line
                line = self.header.begins + reader.line_num

    def _refuse_open_quote(self) -> None:
        line = self.header.begins
        with self.open() as stream, self._again(stream) as text:
            reader = csv.reader(text, delimiter=self.header.separator, strict=True)
            try:
                for _cells in reader:
                    line = self.header.begins + reader.line_num
            except csv.Error as error:
                if "end of data" in str(error):
                    raise RefusedFile(
                        f'A quote (") that opens on line {line} is never closed, so the rows after it cannot be told '
                        "apart; close it, or write it twice where it belongs to the text."
                    ) from None

    def _again(self, stream: BinaryIO) -> io.TextIOWrapper:
        return io.TextIOWrapper(io.BufferedReader(self._text(stream), _BLOCK), encoding="utf-8", newline="")


def _reader(lines: Any, separator: str) -> Any:
    csv.field_size_limit(_CELL_CHARACTERS)
    return csv.reader(lines, delimiter=separator)


def _open_csv(
    text: Utf8Stream, columns: list[str], kept: list[str], separator: str, set_aside: Callable[[Any], str]
) -> Iterator[pa.RecordBatch]:
    reader = pcsv.open_csv(
        pa.PythonFile(io.BufferedReader(text, _BLOCK), mode="r"),
        read_options=pcsv.ReadOptions(column_names=columns, block_size=LONGEST_LINE, use_threads=False),
        parse_options=pcsv.ParseOptions(delimiter=separator, newlines_in_values=True, invalid_row_handler=set_aside),
        convert_options=pcsv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False, include_columns=kept
        ),
    )
    for batch in reader:
        for start in range(0, batch.num_rows, CHUNK_ROWS):
            yield batch.slice(start, CHUNK_ROWS)


def _number(rows: int, done: int, ragged: Sequence[int]) -> np.ndarray:
    """Numbers of the records that these rows were, `ragged` ones lying between them, `done` before them."""
    numbers = np.arange(done + 1, done + 1 + rows + len(ragged))
    return numbers[~np.isin(numbers, ragged)] if len(ragged) else numbers


def _read_header(head: bytes, whole: bool, encoding: str, config: DataConfig) -> _Header:
    """The header in the first bytes (UTF-8) of a file; `whole`: there are no more."""
    text = head.decode("utf-8", errors="ignore")
    if not text.strip():
        if not whole:
            raise RefusedFile(f"The file begins with {LONGEST_LINE >> 20} MB of blanks; it has no header line.")
        raise RefusedFile("The file is empty: there is not even a header line.")
    if not whole and not re.search(r"[\r\n]\s*\S", text):
        raise RefusedFile(_TOO_LONG.format(line="The first line"))
    place = len(text) - len(text.lstrip("\r\n"))
    separator: str = config.separator
    if told := _SEPARATOR_LINE.match(text, place):  # Excel's own way to name it
        place, separator = told.end(), told[1] if separator == "auto" else separator
    if separator == "auto":
        separator = find_separator(text[place:])
    lines = _Lines(text, place)
    try:
        cells: list[str] = next(_reader(lines, separator), [])
    except csv.Error as error:
        raise RefusedFile(f"The header line cannot be read as CSV: {error}.") from None
    rows = not whole or bool(text[lines.place :].strip("\r\n"))
    begins = sum(1 for _ in _LINE.finditer(text[: lines.place])) + 1
    return _Header(cells, encoding, separator, len(text[: lines.place].encode()), begins, rows)


class _Lines:
    """Lines of a text from a place on; `place` moves on with them."""

    def __init__(self, text: str, place: int) -> None:
        self._text = text
        self.place = place

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = _LINE.match(self._text, self.place)
        if line is None:
            raise StopIteration
        self.place = line.end()
        return line.group()


def find_separator(text: str) -> str:
    """The separator that cuts the first records of a text into the most cells, each record into as many.

    >>> find_separator('id;"a,b,c";exited\\n1;"2,5";0')
    ';'
    >>> find_separator("name\\nAnna\\n")
    ','
    """
    best, chosen = (0.0, 0), SEPARATORS[0]
    for separator in SEPARATORS:
        reader = _reader(_Lines(text[:_SAMPLE_CHARACTERS], 0), separator)
        widths = []
        try:
            for cells in reader:
                if cells:
                    widths.append(len(cells))
                if len(widths) == _SAMPLE_RECORDS:
                    break
        except csv.Error:
            continue
        if len(text) > _SAMPLE_CHARACTERS and len(widths) > 2:
            widths.pop()  # it may be cut off
        if not widths or widths[0] < 2:
            continue
        alike = sum(width == widths[0] for width in widths) / len(widths)
        if (round(alike, 1), widths[0]) > best:
            best, chosen = (round(alike, 1), widths[0]), separator
    return chosen


def _arrow_sentence(error: str, done: int, begins: int) -> str:
    """Arrow's message as a sentence for the person who made the file."""
    if "straddl" in error:
        return _TOO_LONG.format(line=f"A line after line {done + begins - 1:,}")
    return f"The file cannot be read as CSV after line {done + begins - 1:,}: {error.splitlines()[0]}."
