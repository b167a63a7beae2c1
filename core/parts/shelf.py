"""Reading parts, and looking keys up in their hashes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core import values
from core.errors import DamagedDataset
from core.hashes import HASH
from core.records import Batch

#: endings of the files of a part: rows; unchanged rows that came again; set-aside rows and cells; hashes of keys and
#: contents sorted by key, and the batch of each, where there are several
ROWS, SEEN, REJECTED, INDEX, OWNERS = ".parquet", ".seen.parquet", ".rejected.parquet", ".index", ".owners"
#: a longer one before the one that it ends with
ENDINGS = (SEEN, REJECTED, ROWS, INDEX, OWNERS)

#: part that was rewritten, and its rows, by batch
Rewritten = Mapping[int, tuple[str, int]]

#: how the id of a batch is stored
OWNER = np.dtype("<i4")

#: brings rows of a part to the columns that are wanted
Conform = Callable[[pa.Table], pa.Table]


def _as_it_is(table: pa.Table) -> pa.Table:
    return table


@dataclass(frozen=True)
class Shelf:
    """The folders that parts stand in."""

    dataset: Path
    rejected: Path

    def path(self, part: str, ending: str) -> Path:
        """A file of a part."""
        return (self.rejected if ending == REJECTED else self.dataset) / f"{part}{ending}"

    def has(self, batch: Batch, ending: str) -> bool:
        """Whether a batch must have rows of this kind."""
        counts = {ROWS: batch.accepted, SEEN: batch.duplicate, REJECTED: batch.rejected + batch.bad_cells}
        return bool(batch.part and counts[ending])

    def read(
        self, ending: str, batches: Sequence[Batch], rewritten: Rewritten, conform: Conform = _as_it_is
    ) -> pa.Table | None:
        """Rows of these batches in their order, with `_batch` and `_known_at`; None when there are none.

        `conform`: brings the rows of each part to the same columns and types. Raises `DamagedDataset` when a file is
        gone or cannot be read.
        """
        tables = [conform(table) for table in self.tables(ending, batches, rewritten)]
        if not tables:
            return None
        whole = pa.concat_tables(tables, promote_options="permissive")
        place = np.zeros(max(batch.id for batch in batches) + 1, np.int64)
        place[[batch.id for batch in batches]] = np.arange(len(batches))
        order = place[whole["_batch"].to_numpy()]
        if (np.diff(order) < 0).any():
            whole = whole.take(pa.array(np.argsort(order, kind="stable")))
        return whole

    def tables(
        self, ending: str, batches: Sequence[Batch], rewritten: Rewritten, columns: Sequence[str] | None = None
    ) -> Iterator[pa.Table]:
        """As `read`, a table for each part that holds some of these batches."""
        for part, own in self._parts(ending, batches, rewritten).items():
            yield self._table(part, ending, own, merged=own[0].id in rewritten, columns=columns)

    def blocks(
        self, ending: str, batches: Sequence[Batch], rewritten: Rewritten, rows: int
    ) -> Iterator[pa.Table]:  # fmt: skip
        """As `tables`, at most so many rows at once (first none): what is in memory does not grow with the parts."""
        for part, own in self._parts(ending, batches, rewritten).items():
            path, merged = self.path(part, ending), own[0].id in rewritten
            with self._opened(part, ending, pq.ParquetFile) as opened:
                yield _marked(opened.schema_arrow.empty_table(), own, merged=merged)
                try:
                    for block in opened.iter_batches(rows):
                        yield _marked(pa.Table.from_batches([block]), own, merged=merged)
                except (pa.ArrowException, OSError) as error:
                    raise _unreadable(path, error) from None

    def find(
        self, ending: str, batches: Sequence[Batch], rewritten: Rewritten, client: str
    ) -> Iterator[tuple[str, pa.Table]]:  # fmt: skip
        """Part and rows about a client (ROWS or SEEN), for each part that has any."""
        about = pc.field("_client") == client
        for part, own in self._parts(ending, batches, rewritten).items():
            found = self._opened(part, ending, lambda path: pq.read_table(path, partitioning=None, filters=about))
            found = _marked(found, own, merged=own[0].id in rewritten)
            if len(found):
                yield part, found

    def schemas(self, ending: str, batches: Sequence[Batch], rewritten: Rewritten) -> Iterator[pa.Schema]:
        """Columns of each part that holds some of these batches, as `tables` gives them."""
        for part, own in self._parts(ending, batches, rewritten).items():
            stored = self._opened(part, ending, pq.read_schema)
            if own[0].id not in rewritten:
                stored = stored.append(pa.field("_batch", pa.int64()))
                stored = stored.append(pa.field("_known_at", values.UTC_MICROSECONDS))
            yield stored.remove_metadata()

    def _parts(self, ending: str, batches: Sequence[Batch], rewritten: Rewritten) -> dict[str, list[Batch]]:
        wanted: dict[str, list[Batch]] = {}
        for batch in batches:
            if self.has(batch, ending):
                wanted.setdefault(rewritten.get(batch.id, (batch.part, 0))[0], []).append(batch)
        return wanted

    def _opened(self, part: str, ending: str, read: Callable[[Path], Any]) -> Any:
        path = self.path(part, ending)
        try:
            return read(path)
        except FileNotFoundError:
            raise DamagedDataset(f"The file {path} of the dataset is gone; restore a backup.") from None
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(path, error) from None

    def _table(
        self, part: str, ending: str, batches: list[Batch], *, merged: bool, columns: Sequence[str] | None
    ) -> pa.Table:  # fmt: skip
        asked = None if columns is None else [*columns, *(["_batch", "_known_at"] if merged else [])]
        table = self._opened(part, ending, lambda path: pq.read_table(path, partitioning=None, columns=asked))
        return _marked(table, batches, merged=merged)

    def files(self) -> list[tuple[str, Path]]:
        """Every file that belongs to a part, and to which."""
        found: list[tuple[str, Path]] = []
        for folder in (self.dataset, self.rejected):
            for path in sorted(folder.glob("*")):
                ending = next((ending for ending in ENDINGS if path.name.endswith(ending)), "")
                if ending and not path.name.startswith("."):
                    found.append((path.name.removesuffix(ending), path))
        return found

    def sweep(self) -> None:
        """Remove what a kill left half written. Only for who has the store exclusively."""
        for folder in (self.dataset, self.rejected):
            for path in folder.glob(".*.writing"):
                path.unlink(missing_ok=True)

    def sweep_all_but(self, parts: Collection[str]) -> int:
        """Remove the files of all other parts; how many. Only for who has the store exclusively."""
        self.sweep()
        orphans = [path for part, path in self.files() if part not in parts]
        for path in orphans:
            path.unlink()
        return len(orphans)

    # --- the index

    def newest_contents(self, keys: np.ndarray, batches: Sequence[Batch], rewritten: Rewritten) -> np.ndarray:
        """Content hash (n,) that each key last had in these batches (in order of arrival); b"" where none.

        The hashes lie sorted in files that are mapped into memory: the cost grows with the logarithm of their length.
        """
        held = [batch for batch in batches if batch.accepted]
        if not held or not len(keys):
            return np.zeros(len(keys), HASH)
        rank = np.full(max(batch.id for batch in held) + 1, -1)
        rank[[batch.id for batch in held]] = np.arange(len(held))
        parts: dict[str, int] = {}  # with the highest rank in each
        for batch in held:
            part = rewritten.get(batch.id, (batch.part, 0))[0]
            if rewritten.get(batch.id, ("", 1))[1]:
                parts[part] = max(parts.get(part, -1), int(rank[batch.id]))
        order = np.argsort(keys, kind="stable")  # neighbours in the file are looked up one after the other
        asked = keys[order]
        found = np.zeros(len(keys), HASH)
        found_rank = np.full(len(keys), -1)
        for part, highest in sorted(parts.items(), key=lambda item: -item[1]):
            waiting = np.flatnonzero(found_rank < highest)
            if len(waiting) == 0:
                break
            index = self.index(part)
            ranks = highest if index.owners is None else rank
            contents, ranked = index.look_up(asked[waiting], ranks)
            better = ranked > found_rank[waiting]
            found[waiting[better]], found_rank[waiting[better]] = contents[better], ranked[better]
        back = np.empty(len(keys), HASH)
        back[order] = found
        return back

    def index(self, part: str) -> Index:
        """The hashes of a part. Raises `DamagedDataset` when the file is gone."""
        path = self.path(part, INDEX)
        if not path.is_file():
            raise DamagedDataset(f"The file {path} of the dataset is gone; restore a backup.")
        size = path.stat().st_size // (2 * HASH.itemsize)
        both = np.memmap(path, HASH, "r", shape=(2, size))
        owners = self.path(part, OWNERS)
        return Index(both[0], both[1], np.memmap(owners, OWNER, "r") if owners.is_file() else None)


def _unreadable(path: Path, error: Exception) -> DamagedDataset:
    why = str(error).splitlines()[0]
    return DamagedDataset(f"The file {path} of the dataset cannot be read ({why}); restore a backup.")


def _marked(table: pa.Table, batches: Sequence[Batch], *, merged: bool) -> pa.Table:
    """Rows of these batches with `_batch` and `_known_at`; a rewritten part has them, and may hold other batches."""
    if merged:
        ids = pa.array([batch.id for batch in batches], pa.int64())
        return table.filter(pc.is_in(table["_batch"], ids))
    batch = batches[0]
    table = table.append_column("_batch", pa.repeat(pa.scalar(batch.id, pa.int64()), len(table)))
    known = pa.scalar(batch.known_at, values.UTC_MICROSECONDS)
    return table.append_column("_known_at", pa.repeat(known, len(table)))


@dataclass(frozen=True, eq=False)
class Index:
    """Hashes of a part's rows sorted by key, and by arrival within a key."""

    keys: np.ndarray
    contents: np.ndarray
    owners: np.ndarray | None

    def look_up(self, asked: np.ndarray, rank: np.ndarray | int) -> tuple[np.ndarray, np.ndarray]:
        """(newest content of each key, its batch's rank); rank -1: not here. `rank`: by batch, or of all rows."""
        contents, ranks = np.zeros(len(asked), HASH), np.full(len(asked), -1)
        first = np.searchsorted(self.keys, asked, side="left")
        place = np.searchsorted(self.keys, asked, side="right") - 1
        here = np.flatnonzero(place >= first)
        while len(here):
            own = rank if self.owners is None else _of_batches(rank, self.owners[place[here]])
            ranks[here] = own
            place[here] -= 1
            here = here[(ranks[here] < 0) & (place[here] >= first[here])]  # not counted: an earlier one may be
        told = ranks >= 0
        contents[told] = self.contents[place[told] + 1]
        return contents, ranks


def _of_batches(rank: np.ndarray | int, owners: np.ndarray) -> np.ndarray:
    """Rank of each batch; -1 also for those that came later than all that are ranked."""
    ranks = np.append(rank, -1)
    known: np.ndarray = ranks[np.minimum(owners, len(ranks) - 1)]
    return known
