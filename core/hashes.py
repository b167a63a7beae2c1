"""128-bit hashes of rows: how the same key and the same content are known again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

HASH = np.dtype("S16")


def row_hashes(columns: Iterable[pa.Array], count: int) -> np.ndarray:
    """128-bit BLAKE2b of each row of canonical texts (see `values.canonical`), as an array of 16-byte strings."""
    joined = pc.binary_join_element_wise(*columns, "\x1f")
    digest = hashlib.blake2b
    made = b"".join(digest(text, digest_size=16).digest() for text in joined.cast(pa.binary()).to_pylist())
    return np.frombuffer(made, HASH, count)


def to_arrow(hashes: np.ndarray) -> pa.Array:
    """Hashes as fixed 16-byte values (numpy alone would drop closing zero bytes)."""
    return pa.Array.from_buffers(pa.binary(16), len(hashes), [None, pa.py_buffer(hashes.tobytes())])


def from_arrow(hashes: pa.ChunkedArray) -> np.ndarray:
    """The hashes of a fixed 16-byte column, as `row_hashes` made them."""
    return np.frombuffer(b"".join(hashes.to_pylist()), HASH) if len(hashes) else np.zeros(0, HASH)
