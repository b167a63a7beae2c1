"""Rows on their way from a database to a Parquet file; memory holds a row group at most."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from core import files

#: rows and bytes of a row group, at most
GROUP_ROWS, GROUP_BYTES = 50_000, 32 * 2**20


class Spool:
    """Rows that are collected in a file without a name of its own until they are taken.

    Methods raise `OSError` when the disk does not take them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: list[pa.Table] = []
        self._file: tuple[Path, pq.ParquetWriter] | None = None
        self.rows = 0

    def add(self, table: pa.Table) -> None:
        """Append rows; all tables have the same columns."""
        waiting = [*self._waiting, table]
        full = sum(map(len, waiting)) > GROUP_ROWS or sum(one.nbytes for one in waiting) > GROUP_BYTES
        if full and self._waiting:
            self._write()
        self._waiting.append(table)
        self.rows += len(table)

    def take(self, path: Path, rows: int) -> None:
        """Move the first `rows` rows to the file `path`; forget the others."""
        beside, writer = self._write()
        writer.close()
        if rows < self.rows:
            _keep_first(beside, rows)
        files.move_into_place(beside, path)
        self.clear()

    def clear(self) -> None:
        """Forget all rows."""
        if self._file:
            beside, writer = self._file
            with suppress(OSError):  # a full disk does not take the end of the file either
                writer.close()
            beside.unlink(missing_ok=True)
        self._waiting, self._file, self.rows = [], None, 0

    def _write(self) -> tuple[Path, pq.ParquetWriter]:
        """Move what waits in memory to the file; the file."""
        if self._file is None:
            handle, name = tempfile.mkstemp(prefix=".", suffix=".writing", dir=self._folder)
            os.close(handle)
            self._file = Path(name), pq.ParquetWriter(name, self._waiting[0].schema, compression="zstd")
        if self._waiting:
            self._file[1].write_table(pa.concat_tables(self._waiting), row_group_size=GROUP_ROWS)
        self._waiting = []
        return self._file


def _keep_first(path: Path, rows: int) -> None:
    """Shorten a Parquet file to its first rows."""
    shorter = path.with_name(f"{path.name}.shorter.writing")
    try:
        with pq.ParquetFile(path) as whole, pq.ParquetWriter(shorter, whole.schema_arrow, compression="zstd") as writer:
            for number in range(whole.num_row_groups):
                group = whole.read_row_group(number).slice(0, rows)
                writer.write_table(group, row_group_size=GROUP_ROWS)
                rows -= len(group)
        shorter.replace(path)
    finally:
        shorter.unlink(missing_ok=True)
