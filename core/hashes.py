"""128-bit hashes of rows: how the same key and the same content are known again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

HASH = np.dtype("S16")

_BETWEEN = b"\x1f"
#: rows that are joined at once: few enough for the cache, many enough that a step costs nothing
_AT_ONCE = 1 << 14


def row_hashes(columns: Iterable[pa.Array], count: int) -> np.ndarray:
    """128-bit BLAKE2b of each row of canonical values (see `values.canonical`), as an array of 16-byte strings.

    What is hashed are the numbers, eight bytes each, then the texts, all in the order of the columns and with
    a separator between them; so other rows of the same kinds of columns are other bytes.
    """
    digest = hashlib.blake2b
    made = b"".join(
        [digest(row, digest_size=16).digest() for rows in _joined(list(columns), count) for row in rows]
    )  # fmt: skip
    return np.frombuffer(made, HASH, count)


def _joined(columns: Sequence[pa.Array], count: int) -> Iterator[np.ndarray]:
    """The bytes of each row, some rows at a time."""
    numbers = [column for column in columns if pa.types.is_fixed_size_binary(column.type)]
    texts = [column.view(pa.binary()) for column in columns if not pa.types.is_fixed_size_binary(column.type)]
    for start in range(0, count, _AT_ONCE):
        size = min(_AT_ONCE, count - start)
        parts = [_side_by_side([column.slice(start, size) for column in numbers], size)] if numbers else []
        parts += [column.slice(start, size) for column in texts]
        joined = pc.binary_join_element_wise(*parts, _BETWEEN) if parts else pa.array([b""] * size)
        yield joined.to_numpy(zero_copy_only=False)


def _side_by_side(numbers: Sequence[pa.Array], size: int) -> pa.Array:
    """The eight bytes of each number of a row, one after the other."""
    rows = np.empty((size, len(numbers)), np.int64)
    for place, column in enumerate(numbers):
        rows[:, place] = np.frombuffer(column.buffers()[1], np.int64, size, column.offset * 8)
    ends = np.arange(0, rows.nbytes + 1, 8 * len(numbers), dtype=np.int32)
    return pa.Array.from_buffers(pa.binary(), size, [None, pa.py_buffer(ends), pa.py_buffer(rows)])


def to_arrow(hashes: np.ndarray) -> pa.Array:
    """Hashes as fixed 16-byte values (numpy alone would drop closing zero bytes)."""
    return pa.Array.from_buffers(pa.binary(16), len(hashes), [None, pa.py_buffer(hashes.tobytes())])


def from_arrow(hashes: pa.ChunkedArray) -> np.ndarray:
    """The hashes of a fixed 16-byte column without nulls, as `row_hashes` made them."""
    chunks = hashes.chunks if isinstance(hashes, pa.ChunkedArray) else [hashes]
    parts = [np.frombuffer(chunk.buffers()[1], HASH, len(chunk), chunk.offset * 16) for chunk in chunks if len(chunk)]
    return np.concatenate(parts) if parts else np.zeros(0, HASH)
