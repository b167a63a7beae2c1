"""Files of a workspace: written beside their final name, flushed, renamed; Parquet tables."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a neighbour of `path`, flush it to the disk and move it to its place.

    A kill at any instant leaves either the old state or the whole new file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.writing")
    try:
        write(beside)
        move_into_place(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def move_into_place(beside: Path, path: Path) -> None:
    """Flush a whole file to the disk and give it its final name."""
    with beside.open("rb+") as handle:
        os.fsync(handle.fileno())
    beside.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a small file atomically."""
    write_atomically(path, lambda beside: _write(beside, content))


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def write_part(path: Path, table: pa.Table) -> None:
    """Write an immutable Parquet table."""
    write_atomically(path, lambda beside: pq.write_table(table, beside, compression="zstd"))


def read_part(path: Path) -> pa.Table:
    """Read a Parquet table whole."""
    return pq.read_table(path, partitioning=None)


def sha256_of(path: Path) -> str:
    """Hex sha256 of a file, read in blocks."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
