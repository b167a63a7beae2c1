"""What becomes of each row: accepted, duplicate or superseded."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core import hashes, values

ACCEPTED, DUPLICATE, SUPERSEDED = 0, 1, 2

#: the first bytes of a content hash tell the values, the last ones the outcome
_VALUES_BYTES = 12
_UNKNOWN = b"none"
_OUTCOMES = {0.0: b"stay", 1.0: b"left"}


def content_of(digests: np.ndarray, outcome: np.ndarray) -> np.ndarray:
    """Content hashes (n,) S16 from the hashes of the rows' values and their outcomes (NaN: not known).

    96 bits tell the values and 32 the outcome, so that an outcome that was filled in later is known from values
    that changed.
    """
    told = np.select([outcome == known for known in _OUTCOMES], list(_OUTCOMES.values()), _UNKNOWN)
    parts = np.empty((len(digests), 16), np.uint8)
    parts[:, :_VALUES_BYTES] = digests.view(np.uint8).reshape(-1, 16)[:, :_VALUES_BYTES]
    parts[:, _VALUES_BYTES:] = told.astype("S4").view(np.uint8).reshape(-1, 4)
    return parts.reshape(-1).view(hashes.HASH)


def key_hashes(accepted: pa.Table, undated: str | None = None) -> np.ndarray:
    """128-bit hash of each row's key: client id, and date where there is one, else `undated`."""
    columns = [values.canonical(accepted["_client"]), values.canonical(accepted["_as_of"])]
    if undated is not None:
        columns.append(values.canonical(pc.if_else(accepted["_as_of"].is_null(), undated, "")))
    return hashes.row_hashes(columns, accepted.num_rows)


def content_hashes(accepted: pa.Table) -> np.ndarray:
    """128-bit hash of each row's contents."""
    return hashes.from_arrow(accepted["_content"])


def assign(keys: np.ndarray, contents: np.ndarray, known: np.ndarray) -> np.ndarray:
    """What becomes of each row (n,): ACCEPTED, DUPLICATE or SUPERSEDED.

    `known`: the content that each key last had before this batch, b"" where none. Within the batch the last
    row of a key stands; earlier ones with the same content are duplicates, others are superseded by it. The
    one that stands is a duplicate when it is what was known already.
    """
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    ends = np.append(ordered[1:] != ordered[:-1], True)[: len(keys)]
    stands = order[ends]
    if len(stands) == len(keys):
        return np.where(contents == known, DUPLICATE, ACCEPTED).astype(np.uint8)
    group = np.cumsum(ends) - ends
    fate = np.empty(len(keys), np.uint8)
    fate[order] = np.where(contents[order] == contents[stands][group], DUPLICATE, SUPERSEDED)
    fate[stands] = np.where(contents[stands] == known[stands], DUPLICATE, ACCEPTED)
    return fate


def disagreeing(contents: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Which rows (n,) tell other values than were known of their key, or another outcome.

    An outcome that was not known before, or is not told again, is no disagreement.
    """
    ours, theirs = (array.view(np.uint8).reshape(-1, 16) for array in (_whole(contents), _whole(known)))
    values_differ = (ours[:, :_VALUES_BYTES] != theirs[:, :_VALUES_BYTES]).any(axis=1)
    told = [side[:, _VALUES_BYTES:].copy().reshape(-1).view("S4") for side in (ours, theirs)]
    both_told = (told[0] != _UNKNOWN) & (told[1] != _UNKNOWN)
    return (known != b"") & (values_differ | (both_told & (told[0] != told[1])))


def _whole(digests: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(digests, hashes.HASH)
