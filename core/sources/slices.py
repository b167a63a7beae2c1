"""Rows in the order of their cursor are cut into slices; rows that share a value of it stay together."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from core.config import SqlSource
from core.hashes import row_hashes
from core.sources.cursors import Position, check_growth, shown, since, write_state
from core.sources.spool import Spool


@dataclass(frozen=True)
class Fetched:
    """Rows of a table, or of a slice of it, that were fetched into a file."""

    #: to show: "client_snapshots", or "client_snapshots up to 2026-01-05 09:00:00"
    name: str
    #: a Parquet file of texts, null where there is no value; whoever is given it removes it
    path: Path
    rows: int
    #: the same (64 hex digits) for the same rows of the same source, whatever their order
    sha256: str
    #: how far the table is fetched with these rows: what `fetch` wants next time (JSON)
    state: str


def hashes_of(table: pa.Table) -> list[int]:
    """A 128-bit number for each row of texts."""
    texts = [pc.fill_null(column.combine_chunks(), "\x00") for column in table.columns]
    hashes = row_hashes(texts, len(table)).tobytes()
    return [int.from_bytes(hashes[start : start + 16]) for start in range(0, len(hashes), 16)]


class Slicer:
    """Takes the rows of a source as they come, and gives slices of them; without a cursor, one slice of all.

    `before`: how far the source was fetched earlier. The rows of its value (and of those in the overlap below it) come
    again first, and are left out when they are the same as then. Methods raise `OSError` when the disk does not take
    the rows.
    """

    def __init__(self, source: SqlSource, folder: Path, place: str, before: Position | None) -> None:
        self._source = source
        self._folder = folder
        self._place = place
        self._before = before
        self._columns: list[str] = []
        self._spool = Spool(folder)
        self._digest = 0  # of the rows in the spool
        #: whether rows that were fetched earlier are coming again
        self._again = before is not None
        #: the rows of the newest value, which may go on
        self._open: Position | None = None
        #: the values before that came whole: the last one with those in the overlap below it, one by one and together
        self._recent: deque[Position] = deque()
        self._whole: Position | None = None

    def feed(self, table: pa.Table, values: Sequence[Any] | None) -> Iterator[Fetched]:
        """Take rows with their cursor values (None: no cursor), sorted by these; the slices that are full with them.

        Raises `RefusedFile` for values that do not grow.
        """
        self._columns = table.column_names
        sums = list(accumulate(hashes_of(table), initial=0))
        begin = opened = 0  # of the rows that are not in the spool yet; of those with the newest value
        last = self._open.last if self._open else self._before.last if self._before else None
        for here, value in enumerate(values or ()):
            if self._open and value == last:
                continue
            check_growth(last, value, self._source.cursor, self._place)
            self._extend(here - opened, sums[here] - sums[opened])
            self._close()
            if self._again:
                if not self._before_or_at(value) and self._drop_known():
                    begin = here
            elif self._spool.rows + here - begin >= self._source.batch_rows:
                self._keep(table.slice(begin, here - begin), sums[here] - sums[begin])
                begin = here
                yield self._take(self._spool.rows, self._digest)
            self._open, opened, last = Position(value, 0, 0), here, value
        self._keep(table.slice(begin), sums[-1] - sums[begin])
        self._extend(len(table) - opened, sums[-1] - sums[opened])

    def finish(self) -> Iterator[Fetched]:
        """The last slice, when all rows have come."""
        self._close()
        if self._again:
            self._drop_known()
        if self._spool.rows:
            yield self._take(self._spool.rows, self._digest)

    def salvage(self) -> Iterator[Fetched]:
        """What can be kept when rows stay away that should have come: those of all values but the newest."""
        if self._open and self._spool.rows > self._open.rows and not self._again:
            yield self._take(self._spool.rows - self._open.rows, self._digest - self._open.digest)

    def clear(self) -> None:
        """Remove what was not given away."""
        self._spool.clear()
        self._digest = 0

    def _extend(self, rows: int, digest: int) -> None:
        if self._open:
            self._open = Position(self._open.last, self._open.rows + rows, (self._open.digest + digest) % 2**128)

    def _close(self) -> None:
        """All rows of the newest value have come."""
        overlap = self._source.overlap
        if self._open is None or not overlap:
            self._whole = self._open
            return
        rows, digest = (self._whole.rows, self._whole.digest) if self._whole else (0, 0)
        rows, digest = rows + self._open.rows, digest + self._open.digest
        self._recent.append(self._open)
        lowest = since(self._open.last, overlap, self._source.cursor, self._place)
        while self._recent[0].last < lowest:
            gone = self._recent.popleft()
            rows, digest = rows - gone.rows, digest - gone.digest
        self._whole = Position(self._open.last, rows, digest % 2**128)

    def _before_or_at(self, value: Any) -> bool:
        """Whether a value lies where rows were fetched earlier; texts compare in their database only."""
        if self._before is None:
            return False
        return bool(value <= self._before.last if self._source.overlap else value == self._before.last)

    def _drop_known(self) -> bool:
        """The rows that were fetched earlier have come again; whether they are the same, and were dropped."""
        self._again = False
        same = self._whole == self._before
        if same:
            self.clear()
        return same

    def _keep(self, table: pa.Table, digest: int) -> None:
        self._spool.add(table)
        self._digest += digest

    def _take(self, rows: int, digest: int) -> Fetched:
        content = [self._source.name, *self._columns, str(rows), f"{digest % 2**128:032x}"]
        sha256 = hashlib.sha256("\x1f".join(content).encode()).hexdigest()
        path = self._folder / f"{sha256}.parquet"
        self._spool.take(path, rows)
        self._digest = 0
        name = self._source.table or self._source.name
        if self._whole:
            name = f"{name} up to {shown(self._whole.last)}"
        return Fetched(name, path, rows, sha256, write_state(self._source, self._whole))
