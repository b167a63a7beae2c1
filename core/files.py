"""Files of a workspace: written beside their final name, flushed, renamed; Parquet parts and their key hashes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.hashes import HASH


def write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a neighbour of `path`, flush it to the disk and move it to its place.

    A kill at any instant leaves either the old state or the whole new file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.writing")
    try:
        write(beside)
        with beside.open("rb+") as handle:
            os.fsync(handle.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
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
    """Write an immutable Parquet part."""
    write_atomically(path, lambda beside: pq.write_table(table, beside, compression="zstd"))


def read_part(path: Path) -> pa.Table:
    """Read a Parquet part whole."""
    return pq.read_table(path, partitioning=None)


def sha256_of(path: Path) -> str:
    """Hex sha256 of a file, read in blocks."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def write_index(path: Path, keys: np.ndarray, contents: np.ndarray) -> None:
    """Write the sorted key hashes of a part and, row by row beside them, the hashes of the contents."""
    order = np.argsort(keys, kind="stable")
    pairs = np.empty((2, len(keys)), HASH)
    pairs[0], pairs[1] = keys[order], contents[order]

    def save(beside: Path) -> None:
        with beside.open("wb") as handle:
            np.save(handle, pairs)

    write_atomically(path, save)


def newest_contents(indexes: Iterable[Path], keys: np.ndarray) -> np.ndarray:
    """Content hash that each key last had, looked up in memory-mapped `indexes`, newest first; b"" where none."""
    found = np.zeros(len(keys), HASH)
    waiting = np.arange(len(keys))
    for path in indexes:
        if len(waiting) == 0:
            break
        pairs = np.load(path, mmap_mode="r")
        asked = keys[waiting]
        place = np.minimum(np.searchsorted(pairs[0], asked), max(pairs.shape[1] - 1, 0))
        here = (pairs[0][place] == asked) if pairs.shape[1] else np.zeros(len(asked), bool)
        found[waiting[here]] = pairs[1][place[here]]
        waiting = waiting[~here]
    return found
