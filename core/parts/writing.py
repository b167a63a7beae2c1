"""Writing parts beside their place, in bounded memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

from core import files
from core.hashes import HASH
from core.parts.shelf import INDEX, OWNER, OWNERS, Shelf

#: rows whose hashes are compared in memory at once, and rows that are moved at once
RANGE_ROWS = 500_000
BLOCK_ROWS = 50_000


def beside(path: Path, mark: str = "") -> Path:
    """Where a file is written before it gets its place; what a kill leaves there is swept."""
    return path.with_name(f".{path.name}{mark}.writing")


class PartWriter:
    """Writes a Parquet file row group by row group beside its final name; `close` moves it there, or drops it."""

    def __init__(self, path: Path, mark: str = "", *, empty: bool = False) -> None:
        self.path = path
        self.beside = beside(path, mark)
        self.rows = 0
        #: write a file also when there are no rows
        self.empty = empty
        self._writer: pq.ParquetWriter | None = None

    def write(self, table: pa.Table) -> None:
        """Append rows; the first table says which columns there are."""
        if len(table) == 0 and not self.empty:
            return
        if self._writer is None:
            self.beside.parent.mkdir(parents=True, exist_ok=True)
            repeated = [name for name in table.column_names if _repeats(name, table)]
            self._writer = pq.ParquetWriter(self.beside, table.schema, compression="zstd", use_dictionary=repeated)
        self._writer.write_table(table)
        self.rows += len(table)

    def close(self) -> None:
        """Let the file be whole, beside its place."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def finish(self) -> None:
        """Move the file to its place; without rows there is none, unless an empty one is wanted."""
        self.close()
        if self.rows or self.empty:
            files.move_into_place(self.beside, self.path)

    def drop(self) -> None:
        """Leave nothing that was not finished."""
        with suppress(OSError):  # the disk may be full
            self.close()
        self._writer = None
        self.beside.unlink(missing_ok=True)


class RowSpool:
    """Rows that wait on the disk until it is known what becomes of them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = 0
        self._writer: pa.ipc.RecordBatchFileWriter | None = None

    def write(self, table: pa.Table) -> None:
        """Append rows; the first table says which columns there are."""
        if self._writer is None:
            self._writer = pa.ipc.new_file(str(self.path), table.schema)
        self._writer.write_table(table)
        self.rows += len(table)

    def read(self) -> Iterator[pa.Table]:
        """The rows, once; then no more can be added."""
        if self._writer is None:
            return
        self._writer.close()
        with pa.OSFile(str(self.path)) as source:
            reader = pa.ipc.open_file(source)
            for number in range(reader.num_record_batches):
                yield pa.Table.from_batches([reader.get_batch(number)])

    def drop(self) -> None:
        """Leave nothing."""
        if self._writer is not None:
            with suppress(OSError):  # the disk may be full
                self._writer.close()
        self.path.unlink(missing_ok=True)


def _repeats(name: str, table: pa.Table) -> bool:
    """Whether values are worth a dictionary: levels are, numbers and ids are not."""
    return bool(name != "_client" and pa.types.is_string(table.schema.field(name).type))


class IndexWriter:
    """Writes the hashes of `rows` rows that come in the order of their keys."""

    def __init__(self, shelf: Shelf, part: str, rows: int, *, owned: bool) -> None:
        self._targets = [shelf.path(part, ending) for ending in ((INDEX, OWNERS) if owned else (INDEX,))]
        self._beside = [beside(path) for path in self._targets]
        try:
            for path, size in zip(self._beside, (2 * HASH.itemsize, OWNER.itemsize), strict=False):
                with path.open("wb") as handle:  # a full disk must be an error here, not a crash when pages are written
                    os.posix_fallocate(handle.fileno(), 0, rows * size)
        except OSError:
            self.drop()
            raise
        self._both = np.memmap(self._beside[0], HASH, "r+", shape=(2, rows))
        self._owners = np.memmap(self._beside[1], OWNER, "r+", shape=(rows,)) if owned else None
        #: rows written so far
        self.done = 0

    def write(self, keys: np.ndarray, contents: np.ndarray, owners: np.ndarray | None = None) -> None:
        """The next rows."""
        here = slice(self.done, self.done + len(keys))
        self._both[0, here], self._both[1, here] = keys, contents
        if self._owners is not None and owners is not None:
            self._owners[here] = owners
        self.done = here.stop

    def drop(self) -> None:
        """Leave nothing that was not finished."""
        for path in self._beside:
            path.unlink(missing_ok=True)

    def finish(self) -> None:
        """Move the files to their place."""
        self._both.flush()
        if self._owners is not None:
            self._owners.flush()
        self._both = self._owners = None  # type: ignore[assignment]
        for beside, target in zip(self._beside, self._targets, strict=True):
            files.move_into_place(beside, target)


def ranges(keys: np.ndarray) -> Iterator[np.ndarray]:
    """Places of the rows whose keys lie in one range of hashes after the other, in the order of arrival.

    Equal keys lie in the same range, and a range has at most about `RANGE_ROWS` different keys.
    """
    count = -(-len(keys) // RANGE_ROWS)
    if count <= 1:
        yield np.arange(len(keys))
        return
    number = np.empty(len(keys), np.uint8)
    for start in range(0, len(keys), RANGE_ROWS):
        block = np.ascontiguousarray(keys[start : start + RANGE_ROWS])
        first = block.view(np.uint8).reshape(-1, HASH.itemsize)[:, 0]
        number[start : start + len(block)] = first.astype(np.uint16) * min(count, 256) >> 8
    for one in range(min(count, 256)):
        yield np.flatnonzero(number == one)
