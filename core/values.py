"""Texts of a client file become numbers, instants and outcomes; what cannot be read is marked, never guessed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?$"

UTC_MICROSECONDS = pa.timestamp("us", tz="UTC")
_FIRST = pa.scalar(datetime.min.replace(tzinfo=UTC), UTC_MICROSECONDS)
_LAST = pa.scalar(datetime.max.replace(tzinfo=UTC), UTC_MICROSECONDS)


def trim(texts: pa.ChunkedArray, missing: Sequence[str]) -> pa.ChunkedArray:
    """Texts without surrounding blanks; a spelling of "missing" (in any case) becomes null."""
    trimmed = pc.utf8_trim_whitespace(texts)
    spellings = pa.array(sorted({text.strip().lower() for text in missing} | {""}), pa.string())
    return pc.if_else(pc.is_in(pc.utf8_lower(trimmed), spellings), None, trimmed)


def numbers(texts: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """Trimmed texts as float64 (null: NaN), and which texts are no finite number.

    >>> values, bad = numbers(pa.chunked_array([["1", " .5", None, "x", "1e999"]]))
    >>> values.tolist(), bad.tolist()
    ([1.0, nan, nan, nan, nan], [False, True, False, True, True])
    """
    readable = pc.fill_null(pc.match_substring_regex(texts, NUMBER), False)
    kept = texts if pc.all(readable).as_py() else pc.if_else(readable, texts, None)
    values = kept.cast(pa.float64()).to_numpy(zero_copy_only=False).astype(np.float64)
    values[~np.isfinite(values)] = np.nan
    return values, np.isnan(values) & texts.is_valid().to_numpy(zero_copy_only=False)


def read_numbers(texts: pa.ChunkedArray, missing: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """As `numbers` of `trim`, in one quick pass where every text is a plain number."""
    try:
        values = texts.cast(pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        return numbers(trim(texts, missing))
    if np.isfinite(values).all() and not any(text.strip().lstrip("+-")[:1].isdigit() for text in missing):
        return values, np.zeros(len(values), bool)
    return numbers(trim(texts, missing))


def read_levels(texts: pa.ChunkedArray, missing: Sequence[str]) -> pa.DictionaryArray:
    """As `trim`, dictionary-encoded: each distinct text is looked at once."""
    encoded = texts.combine_chunks().dictionary_encode()
    levels = trim(pa.chunked_array([encoded.dictionary]), missing).combine_chunks().dictionary_encode()
    return pa.DictionaryArray.from_arrays(levels.indices.take(encoded.indices), levels.dictionary)


def instants(texts: pa.ChunkedArray) -> tuple[pa.Array, np.ndarray]:
    """Trimmed ISO dates or date-times (UTC where they name no zone) as UTC microseconds, and which texts are none.

    >>> values, bad = instants(pa.chunked_array([["2024-02-29", "2023-02-29", None, "soon"]]))
    >>> [str(v) for v in values], bad.tolist()
    (['2024-02-29 00:00:00+00:00', 'None', 'None', 'None'], [False, True, False, True])
    """
    readable = pc.fill_null(pc.match_substring_regex(texts, DATE), False)
    kept = pc.if_else(readable, texts, None)
    parsed = pd.to_datetime(kept.to_pandas(), format="ISO8601", errors="coerce", utc=True)
    values = pa.array(parsed.astype("datetime64[us, UTC]"), UTC_MICROSECONDS, from_pandas=True)
    values = pc.if_else(pc.and_(pc.greater_equal(values, _FIRST), pc.less_equal(values, _LAST)), values, None)
    bad = values.is_null().to_numpy(zero_copy_only=False) & texts.is_valid().to_numpy(zero_copy_only=False)
    return values, bad


def outcomes(texts: pa.ChunkedArray, positive: Sequence[str], negative: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Trimmed texts as 1.0 (has left), 0.0 (is still a client) or NaN (not known yet), and which are neither.

    A spelling that is a whole number is known as a float too: "1.0" is "1", as a spreadsheet may write it.

    >>> values, bad = outcomes(pa.chunked_array([["Yes", "no", None, "maybe"]]), ["yes"], ["no"])
    >>> values.tolist(), bad.tolist()
    ([1.0, 0.0, nan, nan], [False, False, False, True])
    """
    spelled = identifiers(pc.utf8_lower(texts))

    def among(spellings: Sequence[str]) -> np.ndarray:
        known = identifiers(pa.array([spelling.strip().lower() for spelling in spellings], pa.string()))
        found: np.ndarray = pc.fill_null(pc.is_in(spelled, known), False).to_numpy(zero_copy_only=False)
        return found

    left, stayed = among(positive), among(negative)
    values = np.where(left, 1.0, np.where(stayed, 0.0, np.nan))
    return values, np.isnan(values) & texts.is_valid().to_numpy(zero_copy_only=False)


def identifiers(texts: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Trimmed client ids; one that went through a spreadsheet as a float (17850.0) gets its digits back."""
    return pc.replace_substring_regex(texts, r"^([0-9]+)\.0+$", r"\1")


def canonical(values: pa.Array | pa.ChunkedArray | np.ndarray) -> pa.Array:
    """One text per value, the same for equal values ("1.0" and "1" are one number); missing is its own text."""
    array = pa.array(values) if isinstance(values, np.ndarray) else values
    if pa.types.is_floating(array.type):
        array = pc.if_else(pc.fill_null(pc.is_nan(array), True), None, array)
        array = pc.if_else(pc.equal(array, 0.0), 0.0, array)  # -0.0 is 0.0
    if pa.types.is_dictionary(array.type):
        array = array.cast(pa.string())
    array = array.cast(pa.string())
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    return pc.fill_null(array, "\x00")
