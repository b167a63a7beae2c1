"""What makes two values the same: one canonical form for each, from which rows are hashed."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.values.texts import whole

#: stands for a missing text; a text that holds this character, or the one that hashes put between texts, is escaped
_MISSING = "\x00"
_ESCAPES = {"\x00": "\x000", "\x1f": "\x001"}


def canonical(values: pa.Array | pa.ChunkedArray | np.ndarray) -> pa.Array:
    """One form per value (n,), the same for equal values of a kind and another for others; none is null.

    Numbers become eight bytes (fixed-size binary): those of the float64, with one zero and one NaN, which is
    also what is missing. So a number is the same whether its text was "1", "1.0" or "1e0". Texts stay texts,
    control characters 0 and 31 aside, so that no two rows of them can be joined into the same; one that is
    missing differs from every other. Instants become texts of their microseconds since 1970 in UTC.
    """
    array = pa.array(values) if isinstance(values, np.ndarray) else whole(values)
    kind = array.type
    if pa.types.is_dictionary(kind):
        texts = pa.DictionaryArray.from_arrays(array.indices, _escaped(array.dictionary.cast(pa.string())))
        return pc.fill_null(texts.cast(pa.string()), _MISSING)
    if pa.types.is_timestamp(kind):
        return pc.fill_null(array.cast(pa.timestamp("us", kind.tz)).cast(pa.int64()).cast(pa.string()), _MISSING)
    if pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        numbers = array.cast(pa.float64()).to_numpy(zero_copy_only=False) + 0.0  # -0.0 becomes 0.0
        numbers[np.isnan(numbers)] = np.nan
        return pa.Array.from_buffers(pa.binary(8), len(numbers), [None, pa.py_buffer(numbers)])
    return pc.fill_null(_escaped(array.cast(pa.string())), _MISSING)


def _escaped(texts: pa.Array) -> pa.Array:
    content = texts.buffers()[2]
    if content is None or (np.frombuffer(content, np.uint8) > max(map(ord, _ESCAPES))).all():
        return texts
    for character, escape in _ESCAPES.items():
        texts = pc.replace_substring(texts, character, escape)
    return texts
