"""The files of a batch while it is read."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.hashes import HASH
from core.parts.shelf import INDEX, REJECTED, ROWS, SEEN, Shelf
from core.parts.writing import BLOCK_ROWS, RANGE_ROWS, IndexWriter, PartWriter, RowSpool, beside, ranges

_ACCEPTED, _DUPLICATE, _SUPERSEDED = 0, 1, 2


@dataclass(frozen=True)
class Settled:
    """What became of the rows of a batch."""

    accepted: int
    duplicate: int
    superseded: int
    disagreed: int


#: (keys, contents) of rows whose keys occur nowhere else -> (fate of each row, which disagree with what was known,
#: which duplicates are what was known)
Decide = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]


class Staging:
    """The files of a batch while it is read: rows are written as they come, and told apart at the end.

    What is in memory does not grow with the file, but for one byte a row.
    """

    def __init__(self, shelf: Shelf, part: str) -> None:
        self._shelf, self._part = shelf, part
        self._rows = RowSpool(shelf.dataset / f".{part}.rows.writing")
        self._rejected = PartWriter(shelf.path(part, REJECTED))
        shelf.dataset.mkdir(parents=True, exist_ok=True)
        self._hashes_path = shelf.dataset / f".{part}.hashes.writing"
        self._hashes = self._hashes_path.open("wb")

    def __enter__(self) -> Staging:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # the disk may be full: then what waits to be written goes with the rest
            self._hashes.close()
        self._hashes_path.unlink(missing_ok=True)
        self._rows.drop()
        self._rejected.drop()
        for ending in (ROWS, SEEN, REJECTED, INDEX):
            beside(self._shelf.path(self._part, ending)).unlink(missing_ok=True)

    def add(self, accepted: pa.Table, keys: np.ndarray, contents: np.ndarray) -> None:
        """Rows that met the contract, with the hashes of their keys and contents."""
        self._rows.write(accepted)
        self._hashes.write(np.column_stack([keys, contents]).tobytes())

    def add_rejected(self, rejected: pa.Table) -> None:
        """Rows and cells that were set aside."""
        self._rejected.write(rejected)

    def mend_rejected(self, mend: Callable[[pa.Table], pa.Table]) -> None:
        """Write what was set aside anew, changed by `mend`."""
        if self._rejected.rows == 0:
            return
        first = self._rejected
        first.close()
        second = PartWriter(first.path, ".mended")
        try:
            with pq.ParquetFile(first.beside) as written:
                for batch in written.iter_batches(BLOCK_ROWS):
                    second.write(mend(pa.Table.from_batches([batch])))
            second.close()
            second.beside.replace(first.beside)
        finally:
            second.drop()

    def settle(self, decide: Decide) -> Settled:
        """Tell the rows apart and put every file in its place."""
        self._hashes.close()
        count = self._rows.rows
        fates, again = np.zeros(count, np.uint8), np.zeros(count, bool)
        disagreed = 0
        if count:
            pairs = np.memmap(self._hashes_path, HASH, "r", shape=(count, 2))
            for places in ranges(pairs[:, 0]):
                disagreed += _tell_apart(pairs, places, decide, fates, again)
            accepted = int((fates == _ACCEPTED).sum())
            if accepted:
                self._write_index(pairs, fates, accepted)
            del pairs
        self._place_rows(fates, again)
        self._rejected.finish()
        accepted, duplicate, superseded = (int((fates == fate).sum()) for fate in range(3))
        return Settled(accepted, duplicate, superseded, disagreed)

    def _write_index(self, pairs: np.ndarray, fates: np.ndarray, accepted: int) -> None:
        writer = IndexWriter(self._shelf, self._part, accepted, owned=False)
        for places in ranges(pairs[:, 0]):
            kept = places[fates[places] == _ACCEPTED]
            keys = pairs[kept, 0]
            order = np.argsort(keys, kind="stable")
            writer.write(keys[order], pairs[kept[order], 1])
        writer.finish()

    def _place_rows(self, fates: np.ndarray, again: np.ndarray) -> None:
        kept = PartWriter(self._shelf.path(self._part, ROWS))
        seen = PartWriter(self._shelf.path(self._part, SEEN), empty=bool((fates == _DUPLICATE).any()))
        done = 0
        for table in self._rows.read():
            here = slice(done, done + len(table))
            done = here.stop
            kept.write(table.filter(pa.array(fates[here] == _ACCEPTED)))
            seen.write(table.filter(pa.array(again[here])).select(["_client", "_as_of", "_content"]))
        seen.finish()
        kept.finish()


def _tell_apart(pairs: np.ndarray, places: np.ndarray, decide: Decide, fates: np.ndarray, again: np.ndarray) -> int:
    """Fill in what became of the rows at these places (ascending), outside which their keys do not occur; how many
    disagree with what was known."""
    if len(places) <= 2 * RANGE_ROWS:
        fates[places], differs, again[places] = decide(pairs[places, 0], pairs[places, 1])
        return int(differs.sum())
    # There are so many rows because the same keys come again and again. The last row of each key stands for it.
    stands = _last_of_each_key(pairs, places)
    keys, contents = pairs[stands, 0], pairs[stands, 1]
    fate, differs, repeated = decide(keys, contents)
    for start in range(0, len(places), RANGE_ROWS):
        here = places[start : start + RANGE_ROWS]
        standing = np.searchsorted(keys, pairs[here, 0])
        same = pairs[here, 1] == contents[standing]
        fates[here] = np.where(same, _DUPLICATE, _SUPERSEDED)
        again[here] = same & repeated[standing]
    fates[stands], again[stands] = fate, repeated
    return int(differs.sum())


def _last_of_each_key(pairs: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Places of the last row of each key, in the order of the keys; in memory are about as many as there are keys."""
    found = places[:0]
    for start in range(0, len(places), RANGE_ROWS):
        joined = np.concatenate([found, places[start : start + RANGE_ROWS]])
        keys = pairs[joined, 0]
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        found = joined[order[np.append(ordered[1:] != ordered[:-1], True)]]
    return found
