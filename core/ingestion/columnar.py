"""Parquet files as chunks of texts."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core import schema
from core.config import DataConfig
from core.errors import RefusedFile
from core.ingestion.records import LONGEST_LINE
from core.ingestion.tables import Chunk, Dialect, Opener, rows_at_once

_MOST_ROWS = 200_000_000
#: bytes of texts in memory at once, and bytes that are read from the disk at once
_CHUNK_BYTES, _BLOCK = 64 << 20, 1 << 20
#: whole numbers are written with all their digits as far as a float tells them apart
_LAST_WHOLE = float(2**53)
_DAY = np.timedelta64(1, "D")
_BROKEN = (pa.ArrowException, OSError, ValueError, KeyError)


@dataclass
class ColumnarTable:
    """A Parquet file. `open`: gives the file anew, from its beginning."""

    open: Opener
    config: DataConfig
    known: tuple[str, ...] = ()

    @cached_property
    def _rows(self) -> int:
        """Rows of one chunk."""
        # What is told of single columns is not asked for: Arrow ends the process where that is damaged.
        with self.open() as stream:
            metadata = _opened(stream).metadata
            groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
        widest = max((group.total_byte_size // max(group.num_rows, 1) for group in groups), default=0)
        return max(1, min(rows_at_once(len(self._columns)), _CHUNK_BYTES // max(widest, 1)))

    @cached_property
    def _columns(self) -> list[tuple[pa.Field, str]]:
        """The columns that are looked at, and their tidy names. Raises `RefusedFile` when one cannot be."""
        with self.open() as stream:
            file = _opened(stream)
            fields, rows = list(file.schema_arrow), file.metadata.num_rows
        if not fields:
            raise RefusedFile("The file has no columns.")
        names = schema.match_headers([field.name for field in fields], self.config, self.known)
        if rows > _MOST_ROWS:
            raise RefusedFile(f"The file holds {rows:,} rows; at most {_MOST_ROWS:,} may be.")
        ignored = {schema.folded(name) for name in self.config.ignore}
        found = []
        for field, name in zip(fields, names, strict=True):
            if name and (_has_texts(field.type) or schema.folded(name) not in ignored):
                found.append((field, name))
                if not _has_texts(field.type):
                    raise RefusedFile(
                        f"Column {field.name!r} holds {_shown(field.type)} values, no single texts or numbers; leave "
                        "it out, or list it in data.ignore."
                    )
        return found

    @property
    def names(self) -> list[str]:
        """Tidy names of the columns that are looked at."""
        return [name for _, name in self._columns]

    @property
    def titles(self) -> list[str]:
        """What these columns are called in the file."""
        return [field.name for field, _ in self._columns]

    @property
    def dialect(self) -> Dialect:
        """Nothing but the format."""
        return Dialect("parquet")

    def chunks(self) -> Iterator[Chunk]:
        """Its rows as texts."""
        # texts are read once each, however often they occur: written out they might take any amount of memory
        listed = [field.name for field, _ in self._columns if _has_length(field.type)]
        done = 0
        with self.open() as stream:
            for batch in _batches(_opened(stream, listed), self._rows, self.titles):
                for piece in _pieces(batch):
                    texts = [_texts(piece.column(title), title) for title in self.titles]
                    numbers = np.arange(done + 1, done + 1 + piece.num_rows)
                    yield Chunk(pa.table(texts, names=self.names), numbers)
                    done += piece.num_rows

    def lines(self, records: Sequence[int]) -> list[int]:
        """The numbers of the rows, from 1: the file has no lines."""
        return list(records)


def _opened(stream: BinaryIO, listed: Sequence[str] = ()) -> Any:
    try:
        return pq.ParquetFile(stream, read_dictionary=list(listed), buffer_size=_BLOCK)
    except _BROKEN as error:
        raise _told(error) from None


def _batches(file: Any, rows: int, titles: Sequence[str]) -> Iterator[pa.RecordBatch]:
    try:
        yield from file.iter_batches(rows, columns=titles, use_threads=False)
    except _BROKEN as error:
        raise _told(error) from None


def _told(error: Exception) -> Exception:
    if isinstance(error, OSError) and error.errno is not None:  # the disk says so, not the file
        return error
    why = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    return RefusedFile(f"The file is a damaged Parquet file, perhaps copied in part ({why}); copy it again.")


def _pieces(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """A batch in pieces whose texts take about `_CHUNK_BYTES` written out, however small they are in the file."""
    sizes = np.zeros(batch.num_rows, np.int64)
    for title, column in zip(batch.schema.names, batch.columns, strict=True):
        if pa.types.is_dictionary(column.type) and _has_length(column.type.value_type):
            lengths = pc.binary_length(column.dictionary).take(column.indices)
        elif _has_length(column.type):
            lengths = pc.binary_length(column)
        else:
            continue
        own = pc.fill_null(lengths, 0).to_numpy(zero_copy_only=False)
        if own.max(initial=0) > LONGEST_LINE:
            raise RefusedFile(
                f"Column {title!r} holds a text of more than {LONGEST_LINE >> 20} MB, which no table of clients does."
            )
        sizes += own
    places = np.cumsum(sizes) // _CHUNK_BYTES
    starts = [0, *(np.flatnonzero(np.diff(places)) + 1).tolist(), batch.num_rows]
    yield from (batch.slice(start, end - start) for start, end in pairwise(starts))


def _has_length(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
    )  # fmt: skip


def _has_texts(kind: pa.DataType) -> bool:
    """Whether values can be written as texts."""
    if pa.types.is_nested(kind):
        return False
    try:
        as_texts(pa.array([], kind))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
        return False
    return True


def _shown(kind: pa.DataType) -> str:
    return str(kind).split("<", 1)[0]


def _texts(column: pa.Array, title: str) -> pa.Array:
    try:
        texts = as_texts(column)
        texts.validate(full=True)  # what is called text in a file need not be UTF-8
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeDecodeError):
        raise RefusedFile(
            f"Column {title!r} holds bytes that are no text in UTF-8; leave it out, or write it as text."
        ) from None
    return texts


def as_texts(column: pa.Array) -> pa.Array:
    """Typed values as the texts that a file of texts would hold, lengths of time in days; NaN and null are null.

    Raises an `ArrowException` for values that are no single texts or numbers, and for bytes that are no text.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        few = len(column.dictionary) < len(column)
        return as_texts(column.dictionary).take(column.indices) if few else as_texts(column.dictionary_decode())
    if isinstance(kind, pa.BaseExtensionType):
        return _uuids(column.storage) if kind.extension_name == "arrow.uuid" else as_texts(column.storage)
    if pa.types.is_timestamp(kind):
        unit = "us" if kind.unit == "ns" else kind.unit
        column = column.cast(pa.timestamp(unit, tz=kind.tz and "UTC"), safe=False)
    elif pa.types.is_duration(kind):
        column = pa.array(column.to_numpy(zero_copy_only=False) / _DAY, from_pandas=True)
    elif pa.types.is_floating(kind):
        return _floats(column)
    elif pa.types.is_fixed_size_binary(kind):
        column = column.cast(pa.binary())
    texts = column.cast(pa.string())
    if pc.any(pc.match_substring(texts, "\x00")).as_py():  # no store takes it, and nobody sees it
        texts = pc.replace_substring(texts, "\x00", "")
    return texts


def _floats(column: pa.Array) -> pa.Array:
    column = pc.if_else(pc.is_nan(column), None, column)
    texts = column.cast(pa.string())
    if not pc.any(pc.match_substring(texts, "e+")).as_py():
        return texts
    numbers = column.cast(pa.float64())
    whole = pc.and_(pc.less(pc.abs(numbers), _LAST_WHOLE), pc.equal(pc.floor(numbers), numbers))
    return pc.if_else(whole, pc.if_else(whole, numbers, None).cast(pa.int64()).cast(pa.string()), texts)


def _uuids(column: pa.Array) -> pa.Array:
    return pa.array(
        [None if value is None else str(uuid.UUID(bytes=value)) for value in column.to_pylist()], pa.string()
    )
