"""Parquet files as chunks of texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core import schema
from core.config import DataConfig
from core.errors import RefusedFile
from core.ingestion.tables import CHUNK_ROWS, Chunk, Dialect, Opener

_MOST_ROWS = 200_000_000
#: unpacked bytes of one column in one row group, which are in memory at once
_MOST_BYTES = 1 << 30


@dataclass
class ColumnarTable:
    """A Parquet file. `open`: gives the file anew, from its beginning."""

    open: Opener
    config: DataConfig
    known: tuple[str, ...] = ()

    @cached_property
    def _columns(self) -> list[tuple[str, str]]:
        """(name in the file, tidy name) of the columns that are looked at."""
        with self.open() as stream:
            file = _opened(stream)
            fields = list(file.schema_arrow)
            if file.metadata.num_rows > _MOST_ROWS:
                raise RefusedFile(f"The file holds {file.metadata.num_rows:,} rows; at most {_MOST_ROWS:,} may be.")
            for group in range(file.metadata.num_row_groups):
                described = file.metadata.row_group(group)
                for place in range(described.num_columns):
                    if described.column(place).total_uncompressed_size > _MOST_BYTES:
                        raise RefusedFile(
                            f"Column {described.column(place).path_in_schema!r} holds more than 1 GB in one row group; "
                            "write the file with smaller row groups."
                        )
        names = schema.match_headers([field.name for field in fields], self.config, self.known)
        for field, name in zip(fields, names, strict=True):
            if name and (pa.types.is_nested(field.type) or _is_binary(field.type)):
                raise RefusedFile(
                    f"Column {field.name!r} holds {field.type} values, no single texts or numbers; leave it out."
                )
        return [(field.name, name) for field, name in zip(fields, names, strict=True) if name]

    @property
    def names(self) -> list[str]:
        """Tidy names of the columns that are looked at."""
        return [name for _, name in self._columns]

    @property
    def titles(self) -> list[str]:
        """What these columns are called in the file."""
        return [title for title, _ in self._columns]

    @property
    def dialect(self) -> Dialect:
        """Nothing but the format."""
        return Dialect("parquet")

    def chunks(self) -> Iterator[Chunk]:
        """Its rows as texts."""
        given = [name for name, _ in self._columns]
        done = 0
        with self.open() as stream:
            try:
                for batch in _opened(stream).iter_batches(CHUNK_ROWS, columns=given, use_threads=False):
                    texts = [as_texts(batch.column(name)) for name in given]
                    yield Chunk(pa.table(texts, names=self.names), np.arange(done + 1, done + 1 + batch.num_rows))
                    done += batch.num_rows
            except (pa.ArrowException, OSError) as error:
                raise RefusedFile(_damaged(error)) from None

    def lines(self, records: Sequence[int]) -> list[int]:
        """The numbers of the rows, from 1: the file has no lines."""
        return list(records)


def _opened(stream: BinaryIO) -> Any:
    try:
        return pq.ParquetFile(stream)
    except (pa.ArrowException, OSError) as error:
        raise RefusedFile(_damaged(error)) from None


def _damaged(error: Exception) -> str:
    return f"The file is a damaged Parquet file, perhaps copied in part ({str(error).splitlines()[0]}); copy it again."


def _is_binary(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind))


def as_texts(column: pa.Array) -> pa.Array:
    """Typed values as the texts that a file of texts would hold; NaN and null are null."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("us", tz=kind.tz), safe=False)
    elif pa.types.is_floating(kind):
        column = pc.if_else(pc.is_nan(column), None, column)
    return column.cast(pa.string())
